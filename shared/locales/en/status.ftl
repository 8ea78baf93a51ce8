# Work, custody, money, roles.

status-open = Open
status-in_work = In work
status-blocked = Blocked
status-done = Done
status-cancelled = Cancelled
status-handed-out = Collected

custody-customer = with the customer
custody-branch = in the shop
custody-workshop = in the workshop
custody-rack = on the pick-up rack
custody-van = in the van
custody-unknown = unknown
custody-at = { $place }, { $branch }

money-open = Unpaid
money-deposit = Deposit paid
money-paid = Paid
money-overpaid = Overpaid
money-refunded = Refunded

method-cash = Cash
method-card = Card
method-twint = Twint
method-invoice = Invoice
method-other = Other

role-workshop = Workshop
role-counter = Counter
role-office = Office
role-administrator = Administration
