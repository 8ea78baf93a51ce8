# La ricevuta stampata.

ticket-title = Ricevuta di ritiro
ticket-number = Numero d’ordine
ticket-ready-on = Pronto il
ticket-no-date = La contatteremo
ticket-total = Totale
ticket-paid = Pagato
ticket-due = Ancora da pagare
ticket-vat-included = IVA { $rate }% inclusa
ticket-vat-included-eur = IVA { $rate }% inclusa
ticket-taken-in = Ricevuto { $moment }
ticket-served-by = È stato servito da { $name }
ticket-please-bring = Da presentare al ritiro.
ticket-reprint = Copia
ticket-code-label = Codice a barre del numero d’ordine { $number }
