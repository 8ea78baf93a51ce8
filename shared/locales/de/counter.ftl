# Die Seiten der Filiale.

nav-today = Heute
nav-workshop = Werkstatt
nav-conflicts = Konflikte
customers = Kunden

search-label = Suche
search-placeholder = Nummer, Name, Telefon, Gegenstand
search-heading = Suche: { $query }
search-empty-title = Nichts gefunden für «{ $query }»
search-empty-next = Gesucht wird in den Aufträgen dieser Filiale: Nummer, Name, Telefon, Gegenstand. Ein Wortanfang genügt.
search-misread = Diese Nummer ist verlesen: ein Zeichen stimmt nicht. Bitte nochmals lesen oder scannen.

sign-in-title = Wer sind Sie?
sign-in-pin = PIN von { $name }
sign-in-action = Anmelden
sign-in-other = Jemand anders
sign-in-locked = gesperrt
sign-in-nobody-title = Noch niemand kann sich anmelden
sign-in-nobody-next = Diese Filiale hat ihr Personal noch nicht von der Zentrale erhalten. Dazu braucht sie einmal die Verbindung.
pin-back = Löschen
pin-ok = OK
unlock-title = { $name } ist gesperrt
unlock-explained = Nach drei falschen PINs. Eine Kollegin oder ein Kollege entsperrt hier mit der eigenen PIN. Das wird festgehalten.
unlock-by = Wer entsperrt?
unlock-pin = Eigene PIN
unlock-action = Entsperren
me-title = Angemeldet
sign-out = Abmelden
sign-out-explained = Abmelden und wechseln geht auch ohne Verbindung.
keys-title = Tasten
keys-search = Suchen. Der Scanner findet das Feld von jeder Seite.
keys-new = Neuer Auftrag
keys-digits = Leistung wählen
keys-arrows = Durch die Treffer gehen

today-heading = Heute, { $day }
today-filter = Auswahl
today-all = Übersicht
today-overdue = Überfällig
today-due = Heute fällig
today-ready = Bereit zum Abholen
today-in-work = In Arbeit
today-taken-in = Heute angenommen
today-more =
    { $count ->
        [one] und { $count } weiterer; die Suche findet ihn
       *[other] und { $count } weitere; die Suche findet sie
    }
today-empty-title = Nichts zu tun
today-empty-next = Kein Auftrag ist fällig, bereit oder in Arbeit.
workshop-title = Werkstatt
workshop-explained = Nach Termin, dann Priorität. Den Abholschein scannen öffnet den Auftrag; s beginnt, f schliesst ab.
workshop-empty-title = Keine Arbeit wartet
workshop-empty-next = Neue Aufträge erscheinen hier von selbst.

order-new = Neuer Auftrag
order-edit-title = { $number } ändern
order-take-in = Annehmen
order-pickup = Abholung
order-pickup-at = Abholen in
order-other-day = Anderer Tag
order-other-day-hint = Leer: der Tag der Priorität
order-day-unreadable = Der Tag ist nicht lesbar. Bitte im Kalender wählen.
order-note = Notiz für die Werkstatt
order-ticket = Abholschein
order-work = Arbeit
order-items = Gegenstände
order-history = Verlauf
order-facts = Angaben
order-progress = Stand des Auftrags
order-legacy-number = früher { $number }
item = Gegenstand
item-add = Weiterer Gegenstand
item-label = Bezeichnung
item-label-example = Marke, Farbe, Länge
item-tag = Anhänger
item-without-service = Gegenstand { $number }: bitte mindestens eine Leistung wählen.
item-other-price = Anderer Preis
item-price-unreadable = Gegenstand { $number }: ein Preis ist nicht lesbar. Bitte so schreiben: 49.50 oder 49,50
field-removed = Entfernt
field-vat = MWST-Satz
form-not-saved = Noch nicht gespeichert
axis-work = Arbeit
axis-custody = Wo es ist
axis-money = Geld
branch-unknown = andere Filiale

work-start = Arbeit beginnen
work-resume = Weiterarbeiten
work-finish = Fertig
work-undo = Letzten Schritt zurücknehmen
work-block = Geht nicht weiter
work-block-example = z. B. Belag gebrochen, Teil bestellt
hand-out-action = Aushändigen
hand-out-part = Häkchen entfernen, um nur einen Teil auszuhändigen.
hand-out-nothing = Kein Gegenstand ist angekreuzt.
hand-out-unfinished = Die Arbeit ist noch nicht fertig.
hand-out-unpaid = Noch nicht bezahlt: { $amount }
hand-over-title = An einen anderen Ort geben
hand-over-action = Weitergeben
hand-over-nowhere = Bitte einen Ort wählen.
take-back-action = Vom Kunden zurücknehmen
cancel-title = Auftrag stornieren
cancel-action = Stornieren
cancel-example = z. B. Kunde verzichtet
comment = Kommentar
comment-add = Kommentar festhalten

money-title = Bezahlung
money-due = Offen
money-owed-back = Zurückzugeben
money-paid-line = { $method }, { $moment }
money-refunded-line = Zurück: { $method }, { $moment }
money-rounding = Rundung bar
pay-method = Zahlungsart
pay-method-missing = Bitte die Zahlungsart wählen.
pay-amount = Betrag
pay-amount-missing = Bitte den Betrag eingeben.
pay-amount-unreadable = Der Betrag ist nicht lesbar. Bitte so schreiben: 49.50 oder 49,50
pay-receipt = Beleg der Kasse
pay-action = Zahlung festhalten
pay-explained = Die Kasse bucht selbst; hier wird nur festgehalten, dass bezahlt ist.
refund-title = Geld zurückgeben
refund-action = Rückgabe festhalten

event-received = Angenommen in { $branch }
event-comment = «{ $text }»
event-printed = Abholschein gedruckt
event-paid = { $amount } bezahlt ({ $method })
event-refunded = { $amount } zurückgegeben ({ $method })
event-payment-other = Zahlung in anderer Währung
event-handed-out = { $item } ausgehändigt
event-moved = { $item } ist { $place }
event-settled = Entschieden: { $field }
event-edited = Angaben geändert
event-imported = Aus der alten Datenbank übernommen
event-unknown = { $kind }

conflicts-title = Konflikte
conflicts-explained = Zwei Orte haben dasselbe geändert, ohne voneinander zu wissen. Nichts ging verloren; jemand entscheidet, was gilt.
conflicts-empty-title = Keine Konflikte
conflicts-empty-next = Wenn zwei Orte dasselbe ändern, erscheint es hier.
conflict-tag = Konflikt
conflict-title = Verschiedene Angaben: { $field }
conflict-explained = Alle sind gespeichert. Welche gilt?
conflict-choose = Diese gilt
conflict-shown = wird bis dahin gezeigt
conflict-who = { $name }, { $place }, { $moment }
conflict-emptied = (leer)
conflict-rule-physical = Bis jemand entscheidet, gilt, was nicht rückgängig zu machen ist: Ausgehändigtes ist weg, Fertiges ist fertig.
conflict-rule-newest = Bis jemand entscheidet, wird die neueste Angabe gezeigt.
place-office = Zentrale
place-elsewhere = andere Filiale

customer-known = Bekannt
customer-take = Übernehmen
customer-more = E-Mail, Sprache, Adresse
customer-language = Sprache des Abholscheins
customer-edit-title = Kunde ändern
customer-edit-explained = Aufträge behalten den Kontakt, wie er bei der Annahme war.
customer-history = Bisherige Aufträge
customer-no-orders = Noch kein Auftrag in dieser Filiale.
customer-unnamed = Ohne Namen
customer-erased = Gelöschte Person
duplicates-title = Vielleicht dieselbe Person
duplicates-explained = Gleiches Telefon oder gleiche E-Mail. Nichts wird von selbst zusammengelegt.

ticket-page-title = Abholschein
ticket-to-order = Zum Auftrag

done-taken-in = Angenommen und hier gespeichert.
done-edited = Geändert und hier gespeichert.
done-status = Status gespeichert.
done-undone = Zurückgenommen.
done-paid = Zahlung festgehalten.
done-refunded = Rückgabe festgehalten.
done-handed-out = Ausgehändigt.
done-moved = Weitergegeben.
done-taken-back = Zurückgenommen.
done-cancelled = Storniert. Bezahltes ist zurückzugeben.
done-commented = Kommentar festgehalten.
done-settled = Entschieden.
done-customer-edited = Kunde gespeichert.
done-unlocked = Entsperrt. Bitte die PIN nochmals eingeben.

error-not-found = Diese Filiale hat keinen solchen Auftrag oder Kunden.
error-no-page = Diese Seite gibt es nicht.
error-signed-out = Sie sind nicht mehr angemeldet.
error-cannot-sign-in = Unter diesem Namen kann sich hier niemand anmelden. Die Zentrale vergibt Namen und PINs.
error-wrong-pin =
    { $count ->
        [one] Falsche PIN. Noch { $count } Versuch, dann gesperrt.
       *[other] Falsche PIN. Noch { $count } Versuche, dann gesperrt.
    }
error-locked = Nach drei falschen PINs gesperrt.
error-own-lock = Sich selbst kann niemand entsperren.
error-not-allowed = Das braucht die Rolle Theke. Die Zentrale vergibt Rollen.
error-not-ready = Diese Filiale hat ihre Leistungen noch nicht von der Zentrale erhalten.
error-not-saved = NICHT GESPEICHERT: { $cause }
error-lists = Die Listen sind gerade nicht lesbar. Die Aufträge sind sicher.
error-stopping = Dieses Gerät startet gerade neu.
next-nothing-changed = Nichts wurde geändert.
next-not-saved = Bitte auf Papier notieren und die IT rufen. Was vorher gespeichert war, ist sicher.
next-try-again = Bitte in einem Moment nochmals versuchen.
next-locked = Eine Kollegin oder ein Kollege entsperrt mit der eigenen PIN.
next-sign-in = Bitte neu anmelden.
next-session-ended = Das Formular wurde nicht gespeichert. Nach dem Anmelden zweimal zurückgehen: Ihre Eingaben stehen noch da.
next-not-ready = Dazu braucht sie einmal die Verbindung.
next-search = Die Suche oben findet Aufträge nach Nummer, Name oder Telefon.

refusal-not-an-order = Das ist kein Auftrag.
refusal-nothing-ordered = Ein Auftrag braucht mindestens einen Gegenstand mit einer Leistung.
refusal-name-missing = Der Name fehlt.
refusal-too-many-items = Zu viele Gegenstände oder Leistungen für einen Auftrag.
refusal-too-long = Ein Text ist zu lang ({ $what }).
refusal-reason-missing = Bitte einen Grund angeben.
refusal-amount = Der Betrag muss grösser als null und darf nicht zu gross sein.
refusal-currency = Der Auftrag ist in einer anderen Währung.
refusal-refund-exceeds-paid = So viel wurde nicht bezahlt.
refusal-cancelled = Der Auftrag ist storniert.
refusal-handed-out = Ein Gegenstand ist schon ausgehändigt.
refusal-no-such-item = Dieser Gegenstand gehört nicht mehr zum Auftrag.
refusal-no-such-service = Diese Leistung gibt es nicht mehr.
refusal-no-such-priority = Bitte eine Priorität wählen.
refusal-no-such-branch = Diese Filiale gibt es nicht.
refusal-no-price = Für diese Leistung ist kein Preis bekannt. Die Zentrale trägt ihn ein.
refusal-nothing-to-settle = Das hat schon jemand entschieden.
refusal-promised-before-received = Der Abholtag liegt vor der Annahme.
refusal-already-so = Das ist schon so.
done-retried = Nochmals versucht; es geht noch nicht. Nichts ging verloren.
done-released = Nochmals versucht und übernommen.
