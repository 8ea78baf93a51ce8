# Der Stand der Verbindung, in Worten.

sync-title = Verbindung zur Zentrale
sync-all-sent = Alles bei der Zentrale
sync-pending =
    { $count ->
        [one] { $count } Auftrag wartet
       *[other] { $count } Aufträge warten
    }
sync-pending-since =
    { $count ->
        [one] { $count } Auftrag wartet, { $since }
       *[other] { $count } Aufträge warten, { $since }
    }
sync-all-sent-explained = Jede Änderung hier ist von der Zentrale bestätigt.
sync-unknown = Stand unbekannt
sync-key-refused = Zentrale lehnt dieses Gerät ab
sync-incompatible = Versionen passen nicht
# Dasselbe in ein, zwei Wörtern, wo die Leiste schmal ist.
sync-all-sent-short = Alles gesendet
sync-pending-short =
    { $count ->
        [one] { $count } wartet
       *[other] { $count } warten
    }
sync-no-contact-short = Keine Verbindung
sync-key-refused-short = Gerät abgelehnt
sync-incompatible-short = Falsche Version
sync-refused-by-office =
    { $count ->
        [one] Die Zentrale nimmt { $count } Änderung nicht an. Sie bleibt hier gespeichert; Grund und nächster Schritt stehen unter Quarantäne.
       *[other] Die Zentrale nimmt { $count } Änderungen nicht an. Sie bleiben hier gespeichert; Grund und nächster Schritt stehen unter Quarantäne.
    }
sync-complete-at = Zuletzt vollständig
sync-identical = Nachweislich gleich wie die Zentrale
sync-differs = Unterschied zur Zentrale, wird behoben
sync-documents = Dokumente hier
sync-digest = Prüfsumme
line-unreachable = Die Zentrale ist nicht erreichbar. Die Arbeit geht weiter; Aufträge werden hier gespeichert und gesendet, sobald die Verbindung zurück ist.
line-timed-out = Die Zentrale hat nicht rechtzeitig geantwortet. Die Arbeit geht weiter; gesendet wird von selbst.
line-revoked = Die Zentrale nimmt den Schlüssel dieses Geräts nicht mehr an. Alle Aufträge sind hier sicher; gesendet wird erst mit einer neuen Beitrittszeile.
line-incompatible = Die Zentrale spricht eine andere Version. Alle Aufträge sind hier sicher; bitte die ältere Seite erneuern, die Zentrale zuerst.
line-hub-fault = Der Server der Zentrale meldet einen Fehler. Alle Aufträge sind hier sicher und werden von selbst nochmals gesendet.
line-nonsense = Die Antwort ist nicht von der Zentrale: etwas steht dazwischen, etwa die Anmeldeseite des Netzes. Alle Aufträge sind hier sicher.
sync-no-contact = Keine Verbindung { $since }
sync-never-contact = Noch nie verbunden
sync-work-goes-on = Alles wird hier sicher gespeichert. Sie können normal weiterarbeiten.
sync-safe-to-close = Gefahrlos zu schliessen: 0 ungesendet
sync-not-safe-to-close =
    { $count ->
        [one] { $count } Änderung ist noch nicht bei der Zentrale. Sie bleibt auf diesem Gerät gespeichert.
       *[other] { $count } Änderungen sind noch nicht bei der Zentrale. Sie bleiben auf diesem Gerät gespeichert.
    }
sync-last-contact = Letzter Kontakt
sync-oldest-pending = Ältestes Ungesendetes
sync-pending-count = Noch nicht bei der Zentrale
sync-clock-ahead = Die Uhr dieses Geräts geht { $duration } vor. Aufträge bleiben richtig; bitte die Uhr stellen lassen.
sync-clock-behind = Die Uhr dieses Geräts geht { $duration } nach. Aufträge bleiben richtig; bitte die Uhr stellen lassen.

sync-order-here = Hier gespeichert
sync-order-not-at-office = Noch nicht bei der Zentrale
sync-order-at-office = Bei der Zentrale
sync-order-line-waiting = Hier gespeichert und an allen Theken zu sehen, noch nicht bei der Zentrale ({ $since }, { $count } warten).
sync-order-line-refused = Hier gespeichert. Die Zentrale nimmt eine Änderung nicht an: { $reason }
sync-order-line-sent = Hier gespeichert und bei der Zentrale.

quarantine-from-office = Von der Zentrale, hier nicht lesbar
quarantine-refused = Von hier, von der Zentrale abgelehnt
quarantine-unreadable = Hier gespeichert, von dieser Version nicht lesbar
quarantine-title = Quarantäne
quarantine-explained = Diese Daten konnten nicht übernommen werden. Sie sind aufbewahrt; alles andere läuft weiter.
quarantine-empty = Nichts in Quarantäne.
sync-close-later = Noch nicht alles gesendet
sync-safe-explained = Alles von hier ist bei der Zentrale. Dieses Gerät darf ausgeschaltet werden.
sync-closing-title = Vor dem Ausschalten
sync-closing-check = Vor dem Ausschalten prüfen
sync-unsent = ungesendet
sync-unsent-oldest = das älteste { $since }
sync-identical-as-of = Gleich wie die Zentrale, Stand { $moment }
sync-clock-both = Hier ist es { $here }, bei der Zentrale { $office }.
sync-order-way = Wo dieser Auftrag gespeichert ist
sync-order-refused = Von der Zentrale abgelehnt
sync-order-seen-by = Gesehen: { $branch }
sync-order-not-seen-by = Noch nicht bei { $branch }
quarantine-empty-next = Was die Zentrale sendet, wird hier gelesen, und was von hier kommt, nimmt sie an.
quarantine-retry = Jetzt nochmals versuchen
quarantine-document = Dokument
quarantine-document-unknown = nicht lesbar
quarantine-since = Seit
quarantine-size = Grösse
quarantine-next = Was tun
quarantine-next-from-office = Meist ist das Programm hier älter als bei der Zentrale. Nach dem Erneuern wird es von selbst nochmals versucht.
quarantine-next-refused = Hier bleibt es gespeichert und gilt. Bitte der Zentrale Grund und Nummer melden; nach dem Erneuern der Zentrale nochmals versuchen.
quarantine-next-unreadable = Eine neuere Version hat es geschrieben. Bitte dieses Programm wieder erneuern; bis dahin bleibt es unverändert.
quarantine-more = … und { $count } weitere
sync-refused-count = { $count } abgelehnt
sync-clock-wrong = Uhr geht falsch
