# What the importer says of single rows and places. The program writes these texts in English wherever it writes them; a report
# knows them again by this file and says them in its own language. What `$inner` stands for is such a text itself.
said-by-program = { $text }
said-nothing = nothing

# Places.
said-in-line = line { $line }
said-kind-in-line = { $kind } in line { $line }
said-row = row { $place }

# The reader: a row or statement that could not be read.
said-row-not-read = { $inner }; this row was not read
said-quote-open = a quote opens here and is never closed; reading goes on at the next statement
said-row-not-closed-before = this row is not closed before the next statement opens
said-comma-then-statement = a comma promises a row, but the next statement opens
said-statement-too-long = this statement has more than { $words } words or { $bytes } bytes; it was not read
said-cut-off = the dump ends in the middle of this statement; what it lacks is not in the file: dump it again
said-comma-missing = a comma between two rows is missing; both were read
said-comma-without-row = a comma promises a row that does not follow
said-values-without-row = VALUES without a row
said-row-expected = a row in parentheses was expected here
said-row-not-closed = the row is not closed when the statement ends
said-value-above-limit = a value is larger than { $limit } MiB; this row was not read
said-row-above-limit = a row is larger than the limit; it was not read
said-value-missing-here = a value is missing here; this row was not read
said-select-from-elsewhere = the rows of this SELECT come from another table, which only the old database can look up; they were not read. Run the script there, and dump the database afterwards
said-union-unknown = whether this row of a UNION is there twice is not known; it was not read. Write UNION ALL, or dump the database instead
said-select-expected = a SELECT was expected behind UNION
said-select-cut = the statement ends in the middle of a SELECT
said-set-name = the name of a column was expected before `=`
said-set-pair = a column and its value were expected behind SET
said-set-cut = the statement ends in the middle of what it sets; its row was not read
said-copy-not-closed = the dump ends among the rows of this COPY (`\.` is missing); what it lacks is not in the file: dump it again
said-copy-then-statement = the rows of a COPY are not closed (`\.` is missing) before the next statement opens
said-copy-quote = a quote opens in this row and is never closed; this row was not read, the lines behind it were
said-copy-unreadable = the rows behind this COPY were not read, because it asks for { $inner }; write them with plain pg_dump, or with COPY in the formats text or csv
said-copy-no-name = a table without a name
said-copy-binary = the format binary
said-copy-force-columns = FORCE for some columns without naming all of them behind the table
said-copy-force-refused = FORCE in a way that PostgreSQL refuses
said-copy-sign = a sign of several bytes
said-name-missing-behind = { $inner } behind { $verb }
said-table-name-missing = the table's name is missing

# The reader: a value.
said-not-expected = `{ $sign }` was not expected inside a value
said-too-nested = a value nests deeper than { $levels } levels
said-sum = only the old database could compute this sum
said-value-missing = a value is missing
said-value-missing-before = a value is missing before `{ $sign }`
said-name-for-value = the name { $name } stands where a value belongs
said-type-missing = a type is missing behind `::`
said-number-missing = a number is missing behind the sign
said-not-in-dump = `{ $word }` is not a value that stands in the dump itself
said-before-text = `{ $word }` before a text is not understood
said-as-missing = `AS` is missing inside CAST
said-no-character = char() names no character
said-only-engine = only the old database could compute { $function }(...)
said-argument-no-text = { $function }() has an argument that is no text
said-argument-count = { $function }() has the wrong number of arguments
said-missing-inside = `{ $sign }` is missing inside a value
said-bytes-not-utf8 = the bytes of a text are not UTF-8
said-bits = a value of bits holds something else than 0 and 1
said-only-texts = only texts can be joined
said-neither-number = `{ $text }` is neither a number nor a text in quotes
said-hexadecimal = a hexadecimal value holds a sign that is no digit
said-unistr-end = unistr() ends inside an escape
said-unistr-character = unistr() holds an escape that names no character
said-bytes-no-date = these bytes are no { $type } of SQL Server

# The reader: tables.
said-columns-missing = a list of columns in parentheses is missing behind the table's name
said-columns-open = the list of columns is not closed
said-no-columns = the table has no columns
said-column-twice = the column { $column } is declared twice
said-name-missing-at-end = a name is missing at the end of the statement
said-name-too-long = a name is longer than any database allows
said-name-missing-before = a name is missing before `{ $sign }`
said-no-such-column = the table { $table } has no column { $column }; this row was not read
said-value-count = { $values } values for { $columns } columns of { $table }; this row was not read
said-key-twice = { $table }: a row with this key ({ $key }) stands further up; the database refuses the second one

# Rejects.
said-reject-status = the plan does not say what `{ $value }` means
said-reject-no-status = it has no status and the plan has no default
said-reject-branch = the plan maps no branch to `{ $value }`
said-reject-no-branch = it names no branch and the plan has no default
said-reject-no-such-branch = the hub has no branch { $branch }
said-reject-date = { $column } is no date in the plan's formats: `{ $value }`
said-reject-instant = { $value } is no instant: { $error }
said-reject-amount = `{ $value }` is no amount
said-reject-exact = `{ $value }` is no exact amount
said-reject-flag = `{ $value }` is neither yes nor no
said-reject-line-sum = price times quantity is beyond any sale
said-reject-sum = { $amount } hundredths are beyond any sale
said-reject-long = { $column } has { $bytes } bytes, at most { $limit } can be kept
said-reject-pieces = it has { $pieces } pieces, at most { $limit } can be kept
said-reject-large = the document would have { $bytes } bytes, at most { $limit } are allowed
said-reject-orphan = { $table } has no row `{ $key }`
said-reject-orphan-line = its order is not in the source
said-reject-order = its order is rejected
said-reject-key = its key is NULL
said-reject-key-twice = the row in line { $line } (row { $place } of the table) has this key already: { $key }. Give this one another key, or leave it out
said-reject-field = { $name } is no field name: 1 to { $bytes } bytes of a-z, 0-9 and -_./ are allowed
said-reject-target = the target refused it: { $inner }

# Differences.
said-differ-unreadable = { $count } documents at the target cannot be read
said-differ-raw = { $source } in the source, { $target } at the target
said-differ-raw-none = { $source } in the source, nothing at the target
said-differ-expected = expected { $expected }, found { $found }
said-differ-rejected = it is listed as rejected, but it is at the target
said-differ-key = it is listed as rejected for its key, which no row before it has
said-differ-nowhere = the row is neither at the target nor among the rejects
said-differ-key-twice = another row has its key, and it is not among the rejects
said-differ-ways = the line and its order went different ways
said-differ-line-nowhere = a line without an order that is not among the rejects
said-differ-no-customer = no customer is linked
said-differ-customer-missing = the linked customer is not at the target
said-differ-customer-name = the linked customer bears another name
said-differ-customer-contact = the linked customer has another contact
said-differ-customer-home = the linked customer is at home at another branch
said-differ-lines = { $source } lines in the source, { $target } at the target
said-differ-kind = the document is of another kind
said-differ-not-received = nothing says that it was taken in
said-differ-other-row = the document says that it is of another row
said-differ-row-missing = the document says that its row is missing
said-differ-no-line = expected { $label } at { $amount } hundredths, found no line
said-differ-paid = expected { $expected } hundredths, found { $found }
said-differ-no-row = a document of this source to which no row leads
said-differ-sums = { $count } counts or sums differ before and after
said-differ-ledger = { $source } rows in the source, { $accounted } accounted for

# Fields of documents, as differences name them.
field-branch-home = branch
field-customer = customer
field-contact-name = name
field-contact-phone = telephone
field-contact-phone-e164 = telephone with prefix
field-contact-email = e-mail
field-contact-language = language
field-contact-street = street
field-contact-postcode = postcode
field-contact-town = town
field-status = status
field-priority = priority
field-received-at = taken in
field-promised-on = promised for
field-vat-basis-points = VAT rate in hundredths of a per cent
field-vat-code = VAT code
field-currency = currency
field-number-legacy = old number
field-number-source = source of the number
field-free-note = note
field-name-de = designation
field-paid = paid
field-line = line
field-lines = lines
field-label = designation
field-price = price
field-branch-pickup = pick-up branch
field-position = place
field-custody = held by
field-kind = kind
field-service = service
field-code = code
field-active = offered
field-sums = sums
field-legacy = old values
field-legacy-of = old value { $column }
field-legacy-of-line = old value { $column } of a line
field-looked-up = text looked up for { $column }
field-of-line = line: { $field }
field-of-piece = piece: { $field }

# Documents without a row.
kind-order = order
kind-customer = customer
kind-service = service
kind-branch = branch
kind-status = status
kind-priority = priority
