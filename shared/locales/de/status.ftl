# Arbeit, Verbleib, Geld, Rollen.

status-open = Offen
status-in_work = In Arbeit
status-blocked = Blockiert
status-done = Fertig
status-cancelled = Storniert
status-handed-out = Abgeholt

custody-customer = beim Kunden
custody-branch = im Laden
custody-workshop = in der Werkstatt
custody-rack = im Abholregal
custody-van = unterwegs
custody-unknown = unbekannt
custody-at = { $place }, { $branch }

money-open = Offen
money-deposit = Angezahlt
money-paid = Bezahlt
money-overpaid = Zu viel bezahlt
money-refunded = Zurückerstattet

method-cash = Bar
method-card = Karte
method-twint = Twint
method-invoice = Rechnung
method-other = Anderes

role-workshop = Werkstatt
role-counter = Theke
role-office = Zentrale
role-administrator = Verwaltung
