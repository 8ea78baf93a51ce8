# Lo stato del collegamento, a parole.

sync-title = Collegamento con la centrale
sync-all-sent = Tutto è alla centrale
sync-pending =
    { $count ->
        [one] { $count } ordine in attesa
       *[other] { $count } ordini in attesa
    }
sync-pending-since =
    { $count ->
        [one] { $count } ordine in attesa, { $since }
       *[other] { $count } ordini in attesa, { $since }
    }
sync-no-contact = Nessun collegamento { $since }
sync-never-contact = Mai collegato
sync-work-goes-on = Tutto è salvato qui in sicurezza. Può continuare a lavorare normalmente.
sync-safe-to-close = Si può chiudere: nulla da inviare.
sync-not-safe-to-close =
    { $count ->
        [one] { $count } modifica non è ancora alla centrale. Resta salvata su questo apparecchio.
       *[other] { $count } modifiche non sono ancora alla centrale. Restano salvate su questo apparecchio.
    }
sync-last-contact = Ultimo contatto
sync-oldest-pending = Il più vecchio non inviato
sync-pending-count = Non ancora alla centrale
sync-clock-ahead = L’orologio di questo apparecchio è avanti di { $duration }. Gli ordini restano corretti; va regolato.
sync-clock-behind = L’orologio di questo apparecchio è indietro di { $duration }. Gli ordini restano corretti; va regolato.

sync-order-here = Salvato qui
sync-order-not-at-office = Non ancora alla centrale
sync-order-at-office = Alla centrale
sync-order-line-waiting = Salvato qui, non ancora alla centrale ({ $since }).
sync-order-line-sent = Salvato qui e alla centrale.

quarantine-title = Quarantena
quarantine-explained = Questi dati non sono stati ripresi. Sono conservati; tutto il resto continua.
quarantine-empty = Nulla in quarantena.
