# Reports of an import: assessment, rehearsal, reconciliation, certificate.

# On every sheet.
sheet-brand = Offpiste import
sheet-made = Made
sheet-program = Program
sheet-source = Source
sheet-source-sha = SHA-256 of the source
sheet-plan = Plan
sheet-plan-sha = SHA-256 of the plan
sheet-target = Target
sheet-contents = Contents
sheet-none = –
sheet-nothing = Nothing.
sheet-more = { $n ->
    [one] One more line is in the JSON output.
   *[other] { $count } more lines are in the JSON output.
}
sheet-json = The same for programs: the same command with --json.
sign-title = Signatures
sign-name = Name
sign-function = Function
sign-day = Place, date
sign-signature = Signature
yes = yes
no = no

# Numbers with their word.
count-rows = { $n ->
    [one] { $count } row
   *[other] { $count } rows
}
count-tables = { $n ->
    [one] { $count } table
   *[other] { $count } tables
}
count-findings = { $n ->
    [one] { $count } finding
   *[other] { $count } findings
}
count-values = { $n ->
    [one] { $count } value
   *[other] { $count } values
}
count-documents = { $n ->
    [one] { $count } document
   *[other] { $count } documents
}
count-orders = { $n ->
    [one] { $count } order
   *[other] { $count } orders
}

# Columns.
column-table = Table
column-column = Column
column-rows = Rows
column-columns = Columns
column-key = Key
column-holds = Holds
column-place = Where
column-count = Number
column-examples = Examples
column-remedy = What to do
column-risk = Risk
column-what = What
column-declared = Declared as
column-found = Found
column-nulls = NULL
column-empty = empty
column-distinct = different
column-longest = longest
column-line = Line
column-position = Place
column-message = Message
column-reference = Reference
column-leads-to = leads to
column-certain = Known from
column-kind = Kind
column-lines = Lines of the file
column-source = Source
column-migrated = migrated
column-merged = merged
column-embedded = embedded
column-rejected = rejected
column-excluded = excluded
column-sum = adds up
column-reason = Reason
column-rule = Rule
column-used = changed
column-allowed = allowed
column-step = Step
column-result = Result
column-moment = When
column-duration = Duration
column-field = Field
column-orders = Orders
column-amount = Amount
column-paid = paid

# Assessment.
assessment-title = Assessment of the old database
assessment-ok = No risks were found.
assessment-ok-text = The database can be brought over with the proposed plan. Read the plan line by line all the same.
assessment-warn = { $n ->
    [one] One finding needs a rule in the plan.
   *[other] { $count } findings need a rule in the plan or are good to know.
}
assessment-warn-text = None of them stands in the way. Each says what to do about it.
assessment-bad = { $n ->
    [one] One high risk must be decided before the import.
   *[other] { $count } high risks must be decided before the import.
}
assessment-bad-text = Rows or their meaning are lost unless somebody decides. Each finding says what to do about it.
assessment-dialect = Database
assessment-encoding = Characters
assessment-mixed = mixed: { $encodings }
assessment-size = Size
assessment-tables = Tables
assessment-rows = Rows
assessment-findings = Findings
assessment-unread = Not read
assessment-risks = Risks and what to do about them
assessment-risks-intro = The gravest first. High: rows or their meaning are lost unless somebody decides. Medium: values need a rule in the plan. Low: good to know.
assessment-tables-title = Tables
assessment-tables-intro = As many rows as the old database itself would count.
assessment-columns-title = Columns of the table { $table }
assessment-columns-left-out = { $n ->
    [one] The columns of one more table are in the JSON output.
   *[other] The columns of { $count } more tables are in the JSON output.
}
assessment-relations = References between tables
assessment-relations-intro = Declared ones and those that names and values suggest. A row without its target is not lost: it is among the risks.
assessment-declared = declared in the database
assessment-inferred = inferred from names
assessment-skipped = Statements that were stepped over
assessment-skipped-intro = They hold no rows: views, procedures, rights, settings.
assessment-errors = What could not be read
assessment-errors-intro = The neighbours of these places were read. What stands here is in no number of this report.
assessment-encoding-title = Characters and umlauts
assessment-encoding-text = Each value is read as what its own bytes show. What is wrong in the database already is brought over as it is and named here, never mended in silence.
assessment-chart-tables = Rows by table
assessment-chart-tables-text = The largest tables of the source.
assessment-chart-risks = Findings by risk
assessment-chart-risks-text = How many findings are of high, medium and low risk.
assessment-sign = Read and taken note of
risk-high = high
risk-medium = medium
risk-low = low
role-orders = orders
role-lines = lines
role-customers = customers
role-services = services
role-priorities = priorities
role-statuses = statuses
role-branches = branches
role-staff = staff
role-other = other
found-text = text
found-integer = whole number
found-decimal = number
found-date = date
found-amount = amount
found-bytes = bytes
found-empty = empty

# Findings: what it is and what to do about it.
finding-no-orders = No table looks like orders
remedy-no-orders = Check that this is the right database; name the table in the plan if it is.
finding-unreadable = Statements or rows could not be read
remedy-unreadable = Dump the database again, or mend the lines and assess again.
finding-unapplied-change = Statements that change rows were not carried out
remedy-unapplied-change = The counts may differ from the database's. Make a dump without such statements.
finding-undeclared-table = Rows of a table that is declared nowhere
remedy-undeclared-table = Its columns have no names. Dump the structure too, or assign the columns in the plan.
finding-mixed-encoding = Several encodings in one file
remedy-mixed-encoding = Each value was read as what its own bytes show. Look through the umlauts in the result.
finding-no-primary-key = A table without a key
remedy-no-primary-key = Name a key in the plan; otherwise a row is known by its place, and one that moved counts as another.
finding-duplicate-key = Rows that share a key
remedy-duplicate-key = One key is one document: the first row of each is brought over, the others are rejected. Give them keys of their own, or name columns that tell all rows apart.
finding-composite-key-too-wide = One column of the key would do
remedy-composite-key-too-wide = This column alone tells the rows apart; take it as the key in the plan.
finding-mojibake = Text that was decoded wrongly (Ã¼ for ü)
remedy-mojibake = Taken over as it is; mend it in the old database, or later at the office.
finding-unreadable-character = Characters that were lost
remedy-unreadable-character = They were lost before the dump was made; only an older backup still has them.
finding-blanks-around = Blanks at the ends
remedy-blanks-around = Taken over in texts, ignored where values are looked up.
finding-null-and-empty = NULL and empty values beside each other
remedy-null-and-empty = Both become “nothing given”; how it stood is kept with the order.
finding-zero-date = The date 0000-00-00
remedy-zero-date = MySQL's word for none; allow that many changes in the plan's budget.
finding-placeholder-date = A date as a placeholder (1900-01-01, 9999-12-31)
remedy-placeholder-date = Allow it as none in the plan's budget, or keep it as a real date.
finding-implausible-date = A year in which no shop kept a database
remedy-implausible-date = Taken over as it is, and listed.
finding-text-around-date = Words before the date
remedy-text-around-date = Ignored in reading, and kept with the order.
finding-mixed-date-formats = Several ways to write a date in one column
remedy-mixed-date-formats = Check the list of formats in the plan.
finding-not-a-date = Values that are no date
remedy-not-a-date = These rows are rejected unless the plan says otherwise.
finding-negative-amount = Amounts below zero
remedy-negative-amount = Refunds or corrections: check them before they become payments.
finding-amount-as-text = Prices as text
remedy-amount-as-text = “CHF 49.-” is read exactly; what is no amount is rejected.
finding-many-spellings = Many spellings of few values
remedy-many-spellings = Check the plan's list: each spelling needs a meaning.
finding-unknown-value = Values of unknown meaning
remedy-unknown-value = Write the meaning into the plan, or their rows are rejected.
finding-phone-without-zero = Telephones without their leading zero
remedy-phone-without-zero = The column held numbers. The plan can put the zero back, within a budget.
finding-two-phones = Two telephones in one field
remedy-two-phones = Both are kept as they were given; neither can be dialled by a click.
finding-no-email = No e-mail address
remedy-no-email = Kept as it was given; no message will be sent there.
finding-shared-contact = The same contact in several rows
remedy-shared-contact = One person, a family or a firm. Never merged in silence.
finding-no-branch = No column names the branch
remedy-no-branch = Name one branch for all orders in the plan.
finding-promised-before-received = Pick-up before drop-off
remedy-promised-before-received = Taken over as it is.
finding-number-twice = The same order number several times
remedy-number-twice = All are kept apart by their key; a search finds all of them.
finding-orphan = References to rows that do not exist
remedy-orphan = An order keeps the number; a line without its order is rejected and listed.
finding-empty-reference = Rows without this reference
remedy-empty-reference = Brought over without it; an inner join would have lost them.

# Rehearsal.
rehearsal-title = Rehearsal of the import
rehearsal-ok = The rehearsal added up: no row is missing.
rehearsal-ok-text = Everything was brought into an empty store and read back. Nothing was changed in the running system.
rehearsal-rejects = { $n ->
    [one] The rehearsal added up, one row was rejected.
   *[other] The rehearsal added up, { $count } rows were rejected.
}
rehearsal-rejects-text = Each is below with its reason and in the file of rejects. Correct the plan, or accept them knowingly.
rehearsal-bad = The rehearsal did not add up.
rehearsal-bad-text = The import must not be carried out like this. What does not fit is below.
rehearsal-budget = The plan allows too few changes.
rehearsal-budget-text = Nothing was written. Look at the values, then raise the plan's budget or mend the source.
rehearsal-documents = Documents
rehearsal-read = Reading the source
rehearsal-run = Bringing over
rehearsal-verify = Reading back and comparing
rehearsal-total = Rehearsal in all
rehearsal-rate = Rows per second
rehearsal-store = Size of the store
rehearsal-per-order = Store per order
rehearsal-memory = Memory at most
rehearsal-restore = Backup and restore
rehearsal-restore-ok = tested: the same content
rehearsal-restore-bad = not the same
rehearsal-branches = Branches that the hub must have
rehearsal-ledger = Where every row is
rehearsal-ledger-intro = Each row of the source is exactly one of: migrated (a document), merged (part of one that was there), embedded (part of another document, such as a line), rejected (with a reason) or excluded (by a rule of the plan).
rehearsal-chart = Where the rows are
rehearsal-chart-text = What became of all rows together.
rehearsal-rejected-title = Rejected rows
rehearsal-rejected-intro = Each whole row is in the file of rejects and can be mended there.
rehearsal-budget-title = Values changed
rehearsal-budget-intro = What is changed on the way is bounded by the plan; how it stood is kept with the order.
rehearsal-forecast = Forecast
rehearsal-forecast-intro = On a machine like this one. Over a line and beside working branches it takes longer; twice the time is reckoned with.
rehearsal-forecast-run = Import into the running hub
rehearsal-forecast-window = Cut-over (read, compare, check)
rehearsal-forecast-disk = Room that the hub should have free
rehearsal-forecast-backup = Size of a backup of the target
rehearsal-differences = Differences
rehearsal-sign = Released for execution

# Reconciliation.
reconciliation-title = Reconciliation: before and after
reconciliation-ok = Counts and amounts add up.
reconciliation-ok-text = The two sides were worked out apart: the source from its rows, the target from the orders read back.
reconciliation-bad = { $n ->
    [one] One figure does not add up.
   *[other] { $count } figures do not add up.
}
reconciliation-bad-text = Do not switch the old database off. The lines with a difference are marked below.
reconciliation-verify-bad = { $n ->
    [one] The comparison field by field has one difference.
   *[other] The comparison field by field has { $count } differences.
}
reconciliation-total = All orders
reconciliation-by-year = By year of intake
reconciliation-by-branch = By branch
reconciliation-by-status = By status
reconciliation-by-vat = By VAT rate
reconciliation-before = before: old database
reconciliation-after = after: Offpiste
reconciliation-left-behind = not brought over
reconciliation-changed = worked on since
reconciliation-difference = difference
reconciliation-group-year = Year
reconciliation-group-branch = Branch
reconciliation-group-status = Status
reconciliation-group-vat = Rate
reconciliation-group-total = Sum
reconciliation-without = none given
reconciliation-others = all others
reconciliation-amounts = Amounts with VAT, the sum of the lines; paid is what the old database holds as paid.
reconciliation-changed-text = { $n ->
    [one] One order was worked on by staff since; it is in a column of its own and no difference. In Offpiste it comes to { $amount } today.
   *[other] { $count } orders were worked on by staff since; they are in a column of their own and no difference. In Offpiste they come to { $amount } today.
}
reconciliation-gone = { $n ->
    [one] One order is in Offpiste that the old database has no more; it counts on neither side. It comes to { $amount }.
   *[other] { $count } orders are in Offpiste that the old database has no more; they count on neither side. They come to { $amount }.
}
reconciliation-unreadable = { $n ->
    [one] One amount of the source is none; it counts as nothing on that side. Its row is among the rejects.
   *[other] { $count } amounts of the source are none; they count as nothing on that side. Their rows are among the rejects.
}
reconciliation-chart-text = Orders of the old database beside those in Offpiste.
reconciliation-chart-before = before
reconciliation-chart-after = after
reconciliation-ledger = Where every row is
reconciliation-fields = Comparison field by field
reconciliation-fields-documents = documents compared
reconciliation-fields-differences = differences
reconciliation-fields-edited = fields changed by staff since
reconciliation-sign = Checked and found right
status-open = taken in
status-in-work = in work
status-blocked = blocked
status-done = done
status-cancelled = cancelled

# Certificate.
certificate-title = Certificate of the import
certificate-ok = The old database can be switched off.
certificate-ok-text = Every row of the source is accounted for, the comparison field by field has no difference, counts and amounts add up.
certificate-by = Issued by
certificate-number = Checksum of this certificate
certificate-statement = This certifies
certificate-statement-rows = Of { $count } rows of the source each is accounted for exactly once: as migrated, merged, embedded, rejected or excluded.
certificate-statement-compared = The documents in Offpiste were read back and compared with the source field by field in both directions, by a part of the program that shares nothing with the one that writes: { $count }, no difference.
certificate-statement-sums = Orders and amounts agree by year, branch, status and VAT rate: { $sum }.
certificate-statement-bound = The certificate holds for exactly the source and the plan with the SHA-256 named.
certificate-ledger = Where every row is
certificate-changes = Values changed and by which rule
certificate-rejects = Rejected rows
certificate-rejects-intro = They are not in Offpiste. Whoever signs accepts that. The whole rows are in the file of rejects, which belongs to the records.
certificate-unread = Places of the source that could not be read
certificate-history = History
certificate-sign = Whoever signs has seen certificate, reconciliation and rejects.
certificate-role-it = IT
certificate-role-management = Management
certificate-role-audit = Audit
certificate-keep = Keep this certificate, the backup of the source, the plan and the file of rejects for ten years (Swiss Code of Obligations, art. 958f).

# Rules by which values are changed.
rule-zero-date = 0000-00-00 becomes “no date”
rule-placeholder-date = A placeholder such as 1900-01-01 becomes “no date”
rule-phone-zero = The leading zero of a telephone put back
rule-rounded-line = A line rounded to whole hundredths
rule-clock-change = A local time that was there twice or never when the clocks changed
rule-unreadable = Places that could not be read
rule-unapplied-change = Statements that were not carried out

# Reasons of a reject.
reject-unknown-status = meaning of the status unknown
reject-unknown-priority = meaning of the priority unknown
reject-no-status = no status
reject-unknown-branch = branch unknown
reject-no-branch = no branch
reject-no-such-branch = the hub has no such branch
reject-unreadable-date = no date in the plan's formats
reject-unreadable-amount = no exact amount
reject-unreadable-flag = neither yes nor no
reject-amount-too-large = an amount beyond any sale
reject-value-too-long = a value too long
reject-too-large = an order too large
reject-orphan = what it points to is not there
reject-orphan-line = a line without its order
reject-order-rejected = its order is rejected
reject-no-key = without a key
reject-field-name = a column's name that cannot be used
reject-target-refused = not taken by the hub

# Steps of the history.
step-assess = Assessment
step-plan = Plan proposed
step-rehearse = Rehearsal
step-backup = Backup
step-restore = Restore
step-run = Import
step-verify = Comparison
step-diff = Differences to the old database
step-sync = Synchronisation
step-rollback = Rollback
step-cutover = Cut-over
step-certify = Certificate
result-clean = in order
result-differences = differences
result-failed = not carried out
