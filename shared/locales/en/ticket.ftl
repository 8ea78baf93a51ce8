# The printed ticket.

ticket-title = Pick-up ticket
ticket-number = Order number
ticket-ready-on = Ready on
ticket-no-date = We will contact you
ticket-total = Total
ticket-paid = Paid
ticket-due = Still to pay
ticket-vat-included = incl. { $rate }% VAT
ticket-vat-included-eur = incl. { $rate }% VAT
ticket-taken-in = Taken in { $moment }
ticket-served-by = You were served by { $name }
ticket-please-bring = Please bring this to collect.
ticket-reprint = Copy
ticket-code-label = Barcode of order number { $number }
