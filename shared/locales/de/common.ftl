# Wörter, die überall vorkommen.

product-name = Offpiste

weekday-monday = Montag
weekday-tuesday = Dienstag
weekday-wednesday = Mittwoch
weekday-thursday = Donnerstag
weekday-friday = Freitag
weekday-saturday = Samstag
weekday-sunday = Sonntag
day-today = heute
day-tomorrow = morgen
day-yesterday = gestern
since = seit { $moment }
duration-seconds = { $count } Sek.
duration-minutes = { $count } Min.
duration-hours = { $count } Std.
duration-days =
    { $count ->
        [one] { $count } Tag
       *[other] { $count } Tage
    }

count-orders =
    { $count ->
        [one] { $count } Auftrag
       *[other] { $count } Aufträge
    }
count-items =
    { $count ->
        [one] { $count } Gegenstand
       *[other] { $count } Gegenstände
    }
count-days-overdue =
    { $count ->
        [one] { $count } Tag überfällig
       *[other] { $count } Tage überfällig
    }

action-save = Speichern
action-cancel = Abbrechen
action-back = Zurück
action-edit = Ändern
action-search = Suchen
action-close = Schliessen
action-remove = Entfernen
action-print = Drucken
action-continue = Weiter
action-download-csv = Als CSV herunterladen

theme = Darstellung
theme-auto = Automatisch
theme-light = Hell
theme-dark = Dunkel
language = Sprache
skip-to-content = Zum Inhalt
main-navigation = Hauptnavigation

name = Name
phone = Telefon
email = E-Mail
street = Strasse und Nummer
postcode = PLZ
town = Ort
note = Notiz
reason = Grund
branch = Filiale
customer = Kunde
order = Auftrag
orders = Aufträge
services = Leistungen
service = Leistung
priority = Priorität
price = Preis
total = Total
status = Status
promised = Versprochen auf
received = Angenommen
optional = freiwillig
yes = Ja
no = Nein
nobody = unbekannt
none = keine

chart-empty = Noch keine Zahlen in diesem Zeitraum.
chart-left-out =
    { $count ->
        [one] { $count } weiterer Wert ist nicht gezeichnet; die Tabelle hat alle.
       *[other] { $count } weitere Werte sind nicht gezeichnet; die Tabelle hat alle.
    }

# Ein altes System wird abgelöst.
changeover-switching-off = Das alte System «{ $system }» wird gerade abgeschaltet. Bitte dort nichts mehr erfassen. Hier geht alles weiter wie immer.
changeover-switched-off = Das alte System «{ $system }» ist abgeschaltet. Alle seine Aufträge sind hier zu finden.
