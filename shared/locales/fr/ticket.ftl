# Le ticket imprimé.

ticket-title = Ticket de retrait
ticket-number = Numéro de commande
ticket-ready-on = Prêt le
ticket-no-date = Nous vous contacterons
ticket-total = Total
ticket-paid = Payé
ticket-due = Reste à payer
ticket-vat-included = TVA { $rate } % incluse
ticket-vat-included-eur = TVA { $rate } % incluse
ticket-taken-in = Reçu le { $moment }
ticket-served-by = Vous avez été servi par { $name }
ticket-please-bring = Merci de présenter ce ticket au retrait.
ticket-reprint = Copie
ticket-code-label = Code-barres du numéro de commande { $number }
