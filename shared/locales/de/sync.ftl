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
sync-no-contact = Keine Verbindung { $since }
sync-never-contact = Noch nie verbunden
sync-work-goes-on = Alles wird hier sicher gespeichert. Sie können normal weiterarbeiten.
sync-safe-to-close = Gefahrlos zu schliessen: nichts ungesendet.
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
sync-order-line-waiting = Hier gespeichert, noch nicht bei der Zentrale ({ $since }).
sync-order-line-sent = Hier gespeichert und bei der Zentrale.

quarantine-title = Quarantäne
quarantine-explained = Diese Daten konnten nicht übernommen werden. Sie sind aufbewahrt; alles andere läuft weiter.
quarantine-empty = Nichts in Quarantäne.
