# Die Seiten der Zentrale.

office-title = Zentrale
office-menu = Mehr
office-overview = Übersicht
office-branches = Filialen
office-staff = Personal
office-catalogue = Angebot und Preise
office-api = Schnittstelle
office-importer = Import
office-dash = –
office-no-branch = ohne Filiale
office-all-branches = Alle Filialen
office-other-branches = Übrige Filialen
office-any = Alle
office-inactive = nicht aktiv

# Anmelden.
office-login = Login
office-password = Passwort
office-login-title = Anmelden bei der Zentrale
office-login-wrong = Login oder Passwort ist falsch.
office-login-wait = Zu viele falsche Versuche. Bitte in { $seconds } Sekunden nochmals.
office-login-explained = Die Filialen arbeiten ohne diese Anmeldung weiter.

# Stand der Zahlen.
office-as-of = Stand { $moment }, alle Filialen
office-as-of-without = Stand { $moment }, ohne { $missing }
office-as-of-sending = Stand { $moment }; noch unterwegs: { $sending }
office-sending = { $branch } ({ $count })
office-never-joined = { $branch } (noch nie verbunden)
office-covered = { $covered } von { $all } Filialen
office-freshness = Verbindung
office-branch-current = verbunden
office-branch-sending = sendet noch
office-branch-away = keine Verbindung
office-branch-never = noch nie verbunden

# Übersicht.
office-period = { $days } Tage
office-period-label = Zeitraum
office-by-branch = Nach Filiale
office-overdue = Überfällig
office-ready = Bereit
office-unfinished = Noch nicht fertig
office-not-collected = Nicht abgeholt
office-turnover = Umsatz
office-turnover-today = Umsatz heute, { $currency }
office-turnaround = Durchlaufzeit (Mitte)
office-turnaround-note = 90 % in höchstens { $p90 }
office-amount = Betrag
office-lines = Anzahl
office-as-table = Als Tabelle
office-chart-turnover = Umsatz je Tag, { $currency }
office-chart-taken-in = Angenommene Aufträge je Tag
office-chart-backlog = Arbeit, die wartet
office-chart-services = Bestellte Leistungen, { $currency }
office-no-branches-title = Noch keine Filiale
office-no-branches-next = Unter Filialen eine Beitrittszeile machen und sie auf dem Gerät der Filiale eingeben.
office-no-orders-title = Noch keine Aufträge
office-no-orders-next = Sobald eine Filiale Aufträge annimmt und verbunden ist, erscheinen sie hier.

# Aufträge.
office-only = Nur
office-promised-from = Versprochen ab
office-promised-to = Versprochen bis
office-sort = Reihenfolge
office-sort-newest = Neueste zuerst
office-sort-oldest = Älteste zuerst
office-sort-promised = Versprochener Tag
office-sort-name = Name
office-filter-more = Weitere Filter und Reihenfolge
office-filter-none = Alle zeigen
office-orders-none-title = Kein Auftrag gefunden
office-orders-none-filtered = Weniger Angaben finden mehr. Ein Wortanfang genügt.
office-pages = Seiten
office-page-before = Zurück
office-page-after = Weiter
office-legacy-number = Frühere Nummer
office-currency = Währung
office-paid = Bezahlt
office-owed = Offen
office-conflicts-more = Es gibt weitere; sie erscheinen, sobald diese entschieden sind.

# Filialen.
office-complete-at = Zuletzt vollständig
office-pending = Wartet in der Filiale
office-digest = Prüfsumme
office-digest-given = { $digest }, übergeben { $moment }
office-prefix = Abholscheine
office-machine = Gerät
office-machine-change = Gerät ersetzen oder sperren
office-join-again = Beitrittszeile für ein neues Gerät
office-retire = Dieses Gerät sperren
office-retire-explained = Was es gesendet hat, bleibt hier. Was dort noch wartet, kommt nicht mehr.
office-clock-ahead = Die Uhr dort geht { $duration } vor. Aufträge bleiben richtig; bitte stellen lassen.
office-clock-behind = Die Uhr dort geht { $duration } nach. Aufträge bleiben richtig; bitte stellen lassen.
office-join-title = Neue Filiale
office-join-action = Beitrittszeile machen
office-join-explained = Die Zeile erscheint einmal, gilt für ein Gerät und läuft nach einem Tag ab.
office-join-string = Beitrittszeile
office-join-for = Beitrittszeile: { $name }
office-join-once = Nur hier und nur jetzt zu sehen. Gilt einmal, bis { $moment }.
office-join-command = Auf dem Gerät:
office-join-importer = Beitrittszeile für den Import
office-join-importer-explained = Der Import bringt alte Daten herüber und liest zur Kontrolle alles zurück.
office-join-name = Eine Filiale braucht einen Namen mit höchstens 80 Zeichen.
office-join-in-use = Diese Filiale gibt es schon. Ein neues Gerät für sie tritt oben bei der Filiale bei.
office-territory = Land

# Personal.
office-staff-new = Neue Person
office-role = Rolle
office-pin = PIN für Theken
office-pin-hint = 4 bis 6 Ziffern, nicht alle gleich
office-pin-new = Neue PIN
office-staff-end = Darf sich nicht mehr anmelden
office-staff-renew = Darf sich wieder anmelden
office-staff-own = Die eigene Anmeldung beendet nur eine andere Person.
office-has-pin = PIN vergeben
office-works-at = Arbeitet in
office-works-everywhere = Ohne Auswahl: überall.
office-account = Anmeldung bei der Zentrale
office-staff-name = Ein Name mit höchstens 80 Zeichen fehlt.
office-staff-pin = Eine PIN hat 4 bis 6 Ziffern, nicht alle gleich.
office-staff-no-way-in = Es braucht eine PIN für Theken oder ein Login für die Zentrale.
office-staff-login = Ein Login hat 2 bis 40 Zeichen: a-z, 0-9, Punkt, Bindestrich.
office-staff-login-in-use = Dieses Login ist vergeben.
office-staff-password = Ein Passwort hat mindestens 8 Zeichen.
office-staff-role-has-no-account = Bei der Zentrale melden sich nur Zentrale und Verwaltung an.
office-staff-branches = Eine gewählte Filiale gibt es nicht mehr, oder es sind mehr als 100.

# Angebot.
office-code = Kürzel
office-price-coming = Künftig
office-price-from = { $price } ab { $day }
office-price-title = Preis setzen
office-price-day-label = Gilt ab
office-price-explained = Angenommene Aufträge behalten ihren Preis.
office-price-unreadable = Der Preis ist nicht lesbar. Bitte so schreiben: 49.50 oder 49,50
office-price-day = Bitte den Tag wählen, ab dem der Preis gilt.
office-priorities = Prioritäten
office-territories = Länder
office-vat = { $rate } MWST

# Quarantäne.
office-quarantine-explained = Was die Zentrale nicht annehmen konnte. Es bleibt in der Filiale aufbewahrt; alles andere läuft weiter.
office-quarantine-empty-next = Alles, was Filialen gesendet haben, ist angenommen.
office-when = Wann
office-from = Von
office-document = Dokument
office-size = Grösse

# Rückmeldungen.
office-done-settled = Entschieden.
office-done-kept = Behalten.
office-done-staff = Gespeichert. Filialen kennen die Person nach dem nächsten Kontakt.
office-done-retired = Das Gerät ist gesperrt.
office-done-price = Der Preis ist gespeichert.
office-error-not-found = Das gibt es hier nicht
office-error-forbidden = Das dürfen Sie nicht
office-error-too-many = Zu viele Versuche
office-error-conflict = Das ist schon entschieden oder vergeben
office-error-refused = Nichts wurde geändert
office-error-hub = Die Zentrale hat einen Fehler. Was gespeichert war, ist sicher.

# Geräte, Quarantäne und was ein Gerät getan hat.
office-joined = Beigetreten
office-program = Programm
office-protocol = Protokoll
office-retired-at = Gesperrt
office-identical = Nachweislich gleich wie hier
office-identical-as-of = Gleich wie die Zentrale, Stand { $moment }
office-set-aside = Dort in Quarantäne
office-set-aside-title = In Filialen zurückgelegt
office-set-aside-next = Die Filiale zeigt unter Quarantäne, was und warum, und kann es dort nochmals versuchen.
office-machines = Alle Geräte
office-machine-retired = gesperrt
office-machine-long-absent = lange abwesend
office-machine-importer-idle = zurzeit kein Import
office-long-absent-next = Dieses Gerät war lange nicht da. Kommt es nicht wieder, bitte sperren; solange es zählt, bleiben Löschvermerke seinetwegen aufbewahrt.
office-absence-days = Lange abwesend nach Tagen
office-clock-both = Beim letzten Kontakt war es dort { $there }, hier { $here }.
office-retire-means = Was das Sperren bedeutet
office-retire-key = Sein Schlüssel gilt ab sofort nicht mehr, auch wenn ihn jemand kopiert hat.
office-retire-again = Mit einer neuen Beitrittszeile kann das Gerät wieder beitreten; es sendet dann auch, was dort noch wartet.
office-retire-now = Jetzt sperren
office-retire-waiting = Dort warteten beim letzten Kontakt noch { $count } Dokumente { $since }. Sie kommen nach dem Sperren nicht mehr.
office-doings = Was dieses Gerät geschrieben hat
office-doings-explained = Das zuletzt geänderte Dokument zuerst. Werte, die seither jemand ersetzt hat, stehen nicht mehr da; Zahlungen, Übergaben und Kommentare bleiben immer.
office-doings-none = Nichts geschrieben
office-doings-none-here = In diesem Teil nichts
office-doings-none-next = Von diesem Gerät steht in keinem der durchgesehenen Dokumente etwas.
office-page-first = Zum Anfang
office-what = Was
office-who = Wer
office-kind = Art
office-write = Schreibvorgang
office-by-itself = von selbst
office-did-received = Auftrag angenommen
office-did-status = Status geändert
office-did-payment = Zahlung
office-did-comment = Kommentar
office-did-printed = Abholschein gedruckt
office-did-custody = Gegenstand übergeben
office-did-settled = Konflikt entschieden
office-did-edited = Auftrag bearbeitet
office-did-unlocked = Person entsperrt
office-did-imported = importiert
office-did-synced = nachgeführt
office-did-gone = in der alten Datenbank vermisst
office-did-taken-back = Übernahme zurückgenommen
office-did-kept = behalten
office-gone = in der alten Datenbank vermisst
office-did-erasure = Person gelöscht
office-quarantine-next = Den Grund lesen und in der Filiale nachsehen: dort bleibt das Original und gilt weiter. Nach einem Erneuern von Zentrale oder Filiale wird nochmals versucht. Was erledigt ist, hier von der Liste nehmen.
office-quarantine-forget = Erledigt
office-done-absence = Gespeichert.
office-done-forgotten = Von der Liste genommen.
