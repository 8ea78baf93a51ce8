# The pages of the office.

office-title = Office
office-menu = More
office-overview = Overview
office-branches = Branches
office-staff = Staff
office-catalogue = Services and prices
office-api = API
office-importer = Importer
office-dash = –
office-no-branch = no branch
office-all-branches = All branches
office-other-branches = Other branches
office-any = All
office-inactive = not active

# Log-in.
office-login = Login
office-password = Password
office-login-title = Log in to the office
office-login-wrong = Login or password is wrong.
office-login-wait = Too many wrong tries. Please try again in { $seconds } seconds.
office-login-explained = Branches work on without this log-in.

# What figures cover.
office-as-of = As of { $moment }, all branches
office-as-of-without = As of { $moment }, without { $missing }
office-as-of-sending = As of { $moment }; still on the way: { $sending }
office-sending = { $branch } ({ $count })
office-never-joined = { $branch } (never connected)
office-covered = { $covered } of { $all } branches
office-freshness = Connection
office-branch-current = connected
office-branch-sending = still sending
office-branch-away = no connection
office-branch-never = never connected

# Overview.
office-period = { $days } days
office-period-label = Period
office-by-branch = By branch
office-overdue = Overdue
office-ready = Ready
office-unfinished = Not finished
office-not-collected = Not collected
office-turnover = Turnover
office-turnover-today = Turnover today, { $currency }
office-turnaround = Turnaround (median)
office-turnaround-note = 90 % within { $p90 }
office-amount = Amount
office-lines = Count
office-as-table = As a table
office-chart-turnover = Turnover by day, { $currency }
office-chart-taken-in = Orders taken in by day
office-chart-backlog = Work that waits
office-chart-services = Services ordered, { $currency }
office-no-branches-title = No branch yet
office-no-branches-next = Make a join string under Branches and enter it on the branch’s machine.
office-no-orders-title = No orders yet
office-no-orders-next = As soon as a connected branch takes in orders, they appear here.

# Orders.
office-only = Only
office-promised-from = Promised from
office-promised-to = Promised to
office-sort = Order by
office-sort-newest = Newest first
office-sort-oldest = Oldest first
office-sort-promised = Promised day
office-sort-name = Name
office-filter-more = More filters and order
office-filter-none = Show all
office-orders-none-title = No order found
office-orders-none-filtered = Fewer conditions find more. The beginning of a word is enough.
office-pages = Pages
office-page-before = Previous
office-page-after = Next
office-legacy-number = Former number
office-currency = Currency
office-paid = Paid
office-owed = Owed
office-conflicts-more = There are more; they appear once these are settled.

# Branches.
office-complete-at = Last complete
office-pending = Waiting at the branch
office-digest = Digest
office-digest-given = { $digest }, given { $moment }
office-prefix = Tickets
office-machine = Machine
office-machine-change = Replace or shut out the machine
office-join-again = Join string for a new machine
office-retire = Shut this machine out
office-retire-explained = What it has sent stays here. What still waits there will not come any more.
office-clock-ahead = The clock there is { $duration } ahead. Orders stay right; please have it set.
office-clock-behind = The clock there is { $duration } behind. Orders stay right; please have it set.
office-join-title = New branch
office-join-action = Make a join string
office-join-explained = The string is shown once, works for one machine and runs out after a day.
office-join-string = Join string
office-join-for = Join string: { $name }
office-join-once = Shown only here and only now. Works once, until { $moment }.
office-join-command = On the machine:
office-join-importer = Join string for the importer
office-join-importer-explained = The importer brings old data over and reads everything back to check it.
office-join-name = A branch needs a name of at most 80 characters.
office-join-in-use = This branch exists already. A new machine for it joins above, at the branch.
office-territory = Country

# Staff.
office-staff-new = New person
office-role = Role
office-pin = PIN for counters
office-pin-hint = 4 to 6 digits, not all the same
office-pin-new = New PIN
office-staff-end = May no longer sign in
office-staff-renew = May sign in again
office-staff-own = Only somebody else can end your own log-in.
office-has-pin = has a PIN
office-works-at = Works at
office-works-everywhere = None chosen: everywhere.
office-account = Log-in at the office
office-staff-name = A name of at most 80 characters is missing.
office-staff-pin = A PIN has 4 to 6 digits, not all the same.
office-staff-no-way-in = A PIN for counters or a login for the office is needed.
office-staff-login = A login has 2 to 40 characters: a-z, 0-9, dot, hyphen.
office-staff-login-in-use = This login is in use.
office-staff-password = A password has at least 8 characters.
office-staff-role-has-no-account = Only the office and administration log in at the office.
office-staff-branches = A chosen branch does not exist any more, or there are more than 100.

# Catalogue.
office-code = Code
office-price-coming = To come
office-price-from = { $price } from { $day }
office-price-title = Set a price
office-price-day-label = Holds from
office-price-explained = Orders taken in keep their price.
office-price-unreadable = The price cannot be read. Please write it like this: 49.50 or 49,50
office-price-day = Please choose the day from which the price holds.
office-priorities = Priorities
office-territories = Countries
office-vat = { $rate } VAT

# Quarantine.
office-quarantine-explained = What the office could not take. It is kept at the branch; everything else goes on.
office-quarantine-empty-next = Everything that branches have sent was taken.
office-when = When
office-from = From
office-document = Document
office-size = Size

# Answers.
office-done-settled = Settled.
office-done-kept = Kept.
office-done-staff = Saved. Branches know the person after their next contact.
office-done-retired = The machine is shut out.
office-done-price = The price is saved.
office-error-not-found = There is no such thing here
office-error-forbidden = You may not do this
office-error-too-many = Too many tries
office-error-conflict = This is settled or taken already
office-error-refused = Nothing was changed
office-error-hub = The office has a fault. What was saved is safe.

# Machines, quarantine and what a machine did.
office-joined = Joined
office-program = Program
office-protocol = Protocol
office-retired-at = Shut out
office-identical = Proven identical to here
office-identical-as-of = Identical to the hub as of { $moment }
office-set-aside = In quarantine there
office-set-aside-title = Set aside at branches
office-set-aside-next = The branch shows under Quarantine what and why, and can try again there.
office-machines = All machines
office-machine-retired = shut out
office-machine-long-absent = long absent
office-machine-importer-idle = no import at the moment
office-long-absent-next = This machine has long been away. If it does not come back, shut it out; as long as it counts, marks of erasures are kept for its sake.
office-absence-days = Long absent after days
office-clock-both = At the last contact it was { $there } there and { $here } here.
office-retire-means = What shutting out means
office-retire-key = Its key is void at once, even if somebody has copied it.
office-retire-again = With a new join string the machine can join again; it then sends what still waits there.
office-retire-now = Shut out now
office-retire-waiting = At the last contact { $count } documents were still waiting there { $since }. They will not come after shutting out.
office-doings = What this machine wrote
office-doings-explained = The document changed last comes first. Values that somebody has replaced since are gone; payments, hand-overs and comments always stay.
office-doings-none = Nothing written
office-doings-none-here = Nothing in this part
office-doings-none-next = None of the documents looked at holds anything from this machine.
office-page-first = To the beginning
office-what = What
office-who = Who
office-kind = Kind
office-write = Write
office-by-itself = by itself
office-did-received = order taken in
office-did-status = status changed
office-did-payment = payment
office-did-comment = comment
office-did-printed = ticket printed
office-did-custody = piece handed on
office-did-settled = conflict settled
office-did-edited = order edited
office-did-unlocked = person unlocked
office-did-imported = imported
office-did-synced = brought up to date
office-did-gone = missing in the old database
office-did-taken-back = import taken back
office-did-kept = kept
office-gone = missing in the old database
office-did-erasure = person erased
office-quarantine-next = Read the reason and look at the branch: the original stays there and still holds. After an upgrade of the hub or the branch it is tried again. Take off the list here what is dealt with.
office-quarantine-forget = Dealt with
office-done-absence = Saved.
office-done-forgotten = Taken off the list.
