# The branch’s pages.

nav-today = Today
nav-workshop = Workshop
nav-conflicts = Conflicts
customers = Customers

search-label = Search
search-placeholder = Number, name, phone, item
search-heading = Search: { $query }
search-empty-title = Nothing found for “{ $query }”
search-empty-next = This branch’s orders are searched: number, name, phone, item. The beginning of a word is enough.
search-misread = This number was misread: one character is wrong. Please read or scan it again.

sign-in-title = Who are you?
sign-in-pin = PIN of { $name }
sign-in-action = Sign in
sign-in-other = Somebody else
sign-in-locked = locked
sign-in-nobody-title = Nobody can sign in yet
sign-in-nobody-next = This branch has not received its staff from the office yet. It needs the line once for that.
pin-back = Delete
pin-ok = OK
unlock-title = { $name } is locked
unlock-explained = After three wrong PINs. A colleague unlocks here with their own PIN. This is recorded.
unlock-by = Who unlocks?
unlock-pin = Own PIN
unlock-action = Unlock
me-title = Signed in
sign-out = Sign out
sign-out-explained = Signing out and changing over works without the line too.
keys-title = Keys
keys-search = Search. The scanner finds the box from every page.
keys-new = New order
keys-digits = Choose a service
keys-arrows = Walk through the results

today-heading = Today, { $day }
today-filter = Selection
today-all = Overview
today-overdue = Overdue
today-due = Due today
today-ready = Ready to collect
today-in-work = In work
today-taken-in = Taken in today
today-more =
    { $count ->
        [one] and { $count } more; search finds it
       *[other] and { $count } more; search finds them
    }
today-empty-title = Nothing to do
today-empty-next = No order is due, ready or in work.
workshop-title = Workshop
workshop-explained = By promised day, then priority. Scanning the ticket opens the order; s starts, f finishes.
workshop-empty-title = No work is waiting
workshop-empty-next = New orders appear here by themselves.

order-new = New order
order-edit-title = Edit { $number }
order-take-in = Take in
order-pickup = Collection
order-pickup-at = Collect at
order-other-day = Another day
order-other-day-hint = Empty: the day of the priority
order-day-unreadable = The day cannot be read. Please choose it in the calendar.
order-note = Note for the workshop
order-ticket = Ticket
order-work = Work
order-items = Items
order-history = History
order-facts = Details
order-progress = Progress of the order
order-legacy-number = formerly { $number }
item = Item
item-add = Another item
item-label = Description
item-label-example = Make, colour, length
item-tag = Tag
item-without-service = Item { $number }: please choose at least one service.
item-other-price = Another price
item-price-unreadable = Item { $number }: a price cannot be read. Please write it like 49.50 or 49,50
field-removed = Removed
field-vat = VAT rate
form-not-saved = Not saved yet
axis-work = Work
axis-custody = Where it is
axis-money = Money
branch-unknown = another branch

work-start = Start work
work-resume = Resume work
work-finish = Finished
work-undo = Take back the last step
work-block = Cannot go on
work-block-example = e.g. base broken, part ordered
hand-out-action = Hand out
hand-out-part = Untick to hand out only a part.
hand-out-nothing = No item is ticked.
hand-out-unfinished = The work is not finished yet.
hand-out-unpaid = Not paid yet: { $amount }
hand-over-title = Move to another place
hand-over-action = Move
hand-over-nowhere = Please choose a place.
take-back-action = Take back from the customer
cancel-title = Cancel the order
cancel-action = Cancel the order
cancel-example = e.g. customer changed their mind
comment = Comment
comment-add = Add the comment

money-title = Payment
money-due = To pay
money-owed-back = Owed back
money-paid-line = { $method }, { $moment }
money-refunded-line = Given back: { $method }, { $moment }
money-rounding = Cash rounding
pay-method = Method
pay-method-missing = Please choose the method.
pay-amount = Amount
pay-amount-missing = Please enter the amount.
pay-amount-unreadable = The amount cannot be read. Please write it like 49.50 or 49,50
pay-receipt = Till receipt
pay-action = Record payment
pay-explained = The till books by itself; here it is only recorded that it was paid.
refund-title = Give money back
refund-action = Record the refund

event-received = Taken in at { $branch }
event-comment = “{ $text }”
event-printed = Ticket printed
event-paid = { $amount } paid ({ $method })
event-refunded = { $amount } given back ({ $method })
event-payment-other = Payment in another currency
event-handed-out = { $item } handed out
event-moved = { $item } is { $place }
event-settled = Decided: { $field }
event-edited = Details edited
event-imported = Brought over from the old database
event-unknown = { $kind }

conflicts-title = Conflicts
conflicts-explained = Two places changed the same thing without knowing of each other. Nothing was lost; somebody decides what holds.
conflicts-empty-title = No conflicts
conflicts-empty-next = When two places change the same thing, it appears here.
conflict-tag = Conflict
conflict-title = Different values: { $field }
conflict-explained = All are saved. Which one holds?
conflict-choose = This one holds
conflict-shown = shown meanwhile
conflict-who = { $name }, { $place }, { $moment }
conflict-emptied = (empty)
conflict-rule-physical = Until somebody decides, what cannot be undone holds: what was handed out is gone, what is finished is finished.
conflict-rule-newest = Until somebody decides, the newest value is shown.
place-office = office
place-elsewhere = another branch

customer-known = Known
customer-take = Take
customer-more = E-mail, language, address
customer-language = Language of the ticket
customer-edit-title = Edit customer
customer-edit-explained = Orders keep the contact as it stood at intake.
customer-history = Orders so far
customer-no-orders = No order at this branch yet.
customer-unnamed = No name
customer-erased = Erased person
duplicates-title = Perhaps the same person
duplicates-explained = Same phone or e-mail. Nothing is merged by itself.

ticket-page-title = Ticket
ticket-to-order = To the order

done-taken-in = Taken in and saved here.
done-edited = Changed and saved here.
done-status = Status saved.
done-undone = Taken back.
done-paid = Payment recorded.
done-refunded = Refund recorded.
done-handed-out = Handed out.
done-moved = Moved.
done-taken-back = Taken back.
done-cancelled = Cancelled. What was paid is owed back.
done-commented = Comment added.
done-settled = Decided.
done-customer-edited = Customer saved.
done-unlocked = Unlocked. Please enter the PIN again.

error-not-found = This branch holds no such order or customer.
error-no-page = There is no such page.
error-signed-out = You are no longer signed in.
error-cannot-sign-in = Nobody by that name can sign in here. The office gives names and PINs.
error-wrong-pin =
    { $count ->
        [one] Wrong PIN. { $count } more try, then locked.
       *[other] Wrong PIN. { $count } more tries, then locked.
    }
error-locked = Locked after three wrong PINs.
error-own-lock = Nobody can unlock themselves.
error-not-allowed = This needs the counter role. The office gives roles.
error-not-ready = This branch has not received its services from the office yet.
error-not-saved = NOT SAVED: { $cause }
error-lists = The lists cannot be read just now. The orders are safe.
error-stopping = This machine is restarting.
next-nothing-changed = Nothing was changed.
next-not-saved = Please write it on paper and call IT. What was saved before is safe.
next-try-again = Please try again in a moment.
next-locked = A colleague unlocks with their own PIN.
next-sign-in = Please sign in again.
next-session-ended = The form was not saved. After signing in go back twice: what you typed is still there.
next-not-ready = It needs the line once for that.
next-search = The search box above finds orders by number, name or phone.

refusal-not-an-order = This is not an order.
refusal-nothing-ordered = An order needs at least one item with one service.
refusal-name-missing = The name is missing.
refusal-too-many-items = Too many items or services for one order.
refusal-too-long = A text is too long ({ $what }).
refusal-reason-missing = Please give a reason.
refusal-amount = The amount must be more than nothing and not too large.
refusal-currency = The order is in another currency.
refusal-refund-exceeds-paid = That much was not paid.
refusal-cancelled = The order is cancelled.
refusal-handed-out = A piece has already been handed out.
refusal-no-such-item = This item is no longer part of the order.
refusal-no-such-service = There is no such service any more.
refusal-no-such-priority = Please choose a priority.
refusal-no-such-branch = There is no such branch.
refusal-no-price = No price is known for this service. The office enters it.
refusal-nothing-to-settle = Somebody has already decided this.
refusal-promised-before-received = The promised day is before the day of intake.
refusal-already-so = This is already so.
done-retried = Tried again; it does not work yet. Nothing was lost.
done-released = Tried again and taken over.
