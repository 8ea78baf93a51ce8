# Der gedruckte Abholschein.

ticket-title = Abholschein
ticket-number = Auftragsnummer
ticket-ready-on = Abholbereit am
ticket-no-date = Wir melden uns
ticket-total = Total
ticket-paid = Bezahlt
ticket-due = Noch zu bezahlen
ticket-vat-included = inkl. { $rate } % MWST
ticket-vat-included-eur = inkl. { $rate } % MwSt.
ticket-taken-in = Angenommen { $moment }
ticket-served-by = Es bediente Sie { $name }
ticket-please-bring = Bitte zum Abholen mitbringen.
ticket-reprint = Kopie
ticket-code-label = Strichcode der Auftragsnummer { $number }
