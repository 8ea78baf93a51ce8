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
sync-all-sent-explained = Ogni modifica fatta qui è confermata dalla centrale.
sync-unknown = Stato sconosciuto
sync-key-refused = La centrale rifiuta questo apparecchio
sync-incompatible = Versioni incompatibili
sync-all-sent-short = Tutto inviato
sync-pending-short = { $count } in attesa
sync-no-contact-short = Non collegato
sync-key-refused-short = Apparecchio rifiutato
sync-incompatible-short = Versione errata
sync-refused-by-office =
    { $count ->
        [one] La centrale rifiuta { $count } modifica. Resta salvata qui; il motivo e il da farsi sono in Quarantena.
       *[other] La centrale rifiuta { $count } modifiche. Restano salvate qui; il motivo e il da farsi sono in Quarantena.
    }
sync-complete-at = Ultima volta completo
sync-identical = Identico alla centrale, dimostrato
sync-differs = Differisce dalla centrale, in correzione
sync-documents = Documenti qui
sync-digest = Somma di controllo
line-unreachable = La centrale non è raggiungibile. Il lavoro continua; gli ordini sono salvati qui e inviati al ritorno del collegamento.
line-timed-out = La centrale non ha risposto in tempo. Il lavoro continua; l’invio avviene da solo.
line-revoked = La centrale non accetta più la chiave di questo apparecchio. Tutti gli ordini sono al sicuro qui; nulla viene inviato senza una nuova stringa di adesione.
line-incompatible = La centrale usa un’altra versione. Tutti gli ordini sono al sicuro qui; aggiornare il lato più vecchio, prima la centrale.
line-hub-fault = Il server della centrale segnala un errore. Tutti gli ordini sono al sicuro qui e verranno rinviati da soli.
line-nonsense = La risposta non è della centrale: qualcosa si interpone, come la pagina di accesso della rete. Tutti gli ordini sono al sicuro qui.
sync-no-contact = Nessun collegamento { $since }
sync-never-contact = Mai collegato
sync-work-goes-on = Tutto è salvato qui in sicurezza. Può continuare a lavorare normalmente.
sync-safe-to-close = Si può chiudere: 0 non inviati
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
sync-order-line-waiting = Salvato qui e visibile a tutti i banchi, non ancora alla centrale ({ $since }, { $count } in attesa).
sync-order-line-refused = Salvato qui. La centrale rifiuta una modifica: { $reason }
sync-order-line-sent = Salvato qui e alla centrale.

quarantine-from-office = Dalla centrale, non leggibile qui
quarantine-refused = Da qui, rifiutato dalla centrale
quarantine-unreadable = Salvato qui, non leggibile da questa versione
quarantine-title = Quarantena
quarantine-explained = Questi dati non sono stati ripresi. Sono conservati; tutto il resto continua.
quarantine-empty = Nulla in quarantena.
sync-close-later = Non tutto è inviato
sync-safe-explained = Tutto ciò che viene da qui è alla centrale. Questo apparecchio può essere spento.
sync-closing-title = Prima di spegnere
sync-closing-check = Verificare prima di spegnere
sync-unsent = non inviati
sync-unsent-oldest = il più vecchio { $since }
sync-identical-as-of = Identico alla centrale, stato { $moment }
sync-clock-both = Qui sono le { $here }, alla centrale le { $office }.
sync-order-way = Dove è salvato questo ordine
sync-order-refused = Rifiutato dalla centrale
sync-order-seen-by = Visto: { $branch }
sync-order-not-seen-by = Non ancora a { $branch }
quarantine-empty-next = Ciò che la centrale invia viene letto qui, ed essa accetta ciò che viene da qui.
quarantine-retry = Riprovare ora
quarantine-document = Documento
quarantine-document-unknown = illeggibile
quarantine-since = Da
quarantine-size = Dimensione
quarantine-next = Che fare
quarantine-next-from-office = Di solito il programma qui è più vecchio di quello della centrale. Dopo l’aggiornamento si riprova da solo.
quarantine-next-refused = Resta salvato e valido qui. Comunicare alla centrale il motivo e il numero; riprovare dopo il suo aggiornamento.
quarantine-next-unreadable = L’ha scritto una versione più recente. Aggiornare di nuovo questo programma; fino ad allora resta invariato.
quarantine-more = … e altri { $count }
sync-refused-count = { $count } rifiutati
sync-clock-wrong = Orologio sbagliato
