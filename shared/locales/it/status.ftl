# Lavoro, luogo, pagamento, ruoli.

status-open = Aperto
status-in_work = In lavorazione
status-blocked = Bloccato
status-done = Finito
status-cancelled = Annullato
status-handed-out = Ritirato

custody-customer = dal cliente
custody-branch = in negozio
custody-workshop = in officina
custody-rack = sullo scaffale ritiro
custody-van = in transito
custody-unknown = sconosciuto
custody-at = { $place }, { $branch }

money-open = Da pagare
money-deposit = Acconto versato
money-paid = Pagato
money-overpaid = Pagato in eccesso
money-refunded = Rimborsato

method-cash = Contanti
method-card = Carta
method-twint = Twint
method-invoice = Fattura
method-other = Altro

role-workshop = Officina
role-counter = Banco
role-office = Centrale
role-administrator = Amministrazione
