# Words used everywhere.

product-name = Offpiste

weekday-monday = Monday
weekday-tuesday = Tuesday
weekday-wednesday = Wednesday
weekday-thursday = Thursday
weekday-friday = Friday
weekday-saturday = Saturday
weekday-sunday = Sunday
day-today = today
day-tomorrow = tomorrow
day-yesterday = yesterday
since = since { $moment }
duration-seconds = { $count } sec
duration-minutes = { $count } min
duration-hours = { $count } h
duration-days =
    { $count ->
        [one] { $count } day
       *[other] { $count } days
    }

count-orders =
    { $count ->
        [one] { $count } order
       *[other] { $count } orders
    }
count-items =
    { $count ->
        [one] { $count } item
       *[other] { $count } items
    }
count-days-overdue =
    { $count ->
        [one] { $count } day overdue
       *[other] { $count } days overdue
    }

action-save = Save
action-cancel = Cancel
action-back = Back
action-edit = Edit
action-search = Search
action-close = Close
action-remove = Remove
action-print = Print
action-continue = Continue
action-download-csv = Download as CSV

theme = Appearance
theme-auto = Automatic
theme-light = Light
theme-dark = Dark
language = Language
skip-to-content = Skip to content
main-navigation = Main navigation

name = Name
phone = Phone
email = E-mail
street = Street and number
postcode = Postcode
town = Town
note = Note
reason = Reason
branch = Branch
customer = Customer
order = Order
orders = Orders
services = Services
service = Service
priority = Priority
price = Price
total = Total
status = Status
promised = Promised for
received = Taken in
optional = optional
yes = Yes
no = No
nobody = unknown
none = none

chart-empty = No figures in this period yet.
chart-left-out =
    { $count ->
        [one] { $count } more is not drawn; the table has all.
       *[other] { $count } more are not drawn; the table has all.
    }

# An old system is being replaced.
changeover-switching-off = The old system “{ $system }” is being switched off. Please enter nothing there any more. Here everything goes on as always.
changeover-switched-off = The old system “{ $system }” is switched off. All its orders are found here.
