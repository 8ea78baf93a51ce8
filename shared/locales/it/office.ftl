# Le pagine della centrale.

office-title = Centrale
office-menu = Altro
office-overview = Panoramica
office-branches = Filiali
office-staff = Personale
office-catalogue = Offerta e prezzi
office-api = Interfaccia API
office-importer = Importazione
office-dash = –
office-no-branch = senza filiale
office-all-branches = Tutte le filiali
office-other-branches = Altre filiali
office-any = Tutti
office-inactive = non attivo

# Accesso.
office-login = Login
office-password = Password
office-login-title = Accesso alla centrale
office-login-wrong = Login o password errati.
office-login-wait = Troppi tentativi errati. Riprovi tra { $seconds } secondi.
office-login-explained = Le filiali lavorano anche senza questo accesso.

# Cosa coprono le cifre.
office-as-of = Stato alle { $moment }, tutte le filiali
office-as-of-without = Stato alle { $moment }, senza { $missing }
office-as-of-sending = Stato alle { $moment }; ancora in arrivo: { $sending }
office-sending = { $branch } ({ $count })
office-never-joined = { $branch } (mai collegata)
office-covered = { $covered } filiali su { $all }
office-freshness = Collegamento
office-branch-current = collegata
office-branch-sending = sta inviando
office-branch-away = nessun collegamento
office-branch-never = mai collegata

# Panoramica.
office-period = { $days } giorni
office-period-label = Periodo
office-by-branch = Per filiale
office-overdue = In ritardo
office-ready = Pronto
office-unfinished = Non terminato
office-not-collected = Non ritirato
office-turnover = Fatturato
office-turnover-today = Fatturato di oggi, { $currency }
office-turnaround = Tempo (mediana)
office-turnaround-note = 90 % entro { $p90 }
office-amount = Importo
office-lines = Numero
office-as-table = Come tabella
office-chart-turnover = Fatturato al giorno, { $currency }
office-chart-taken-in = Ordini ricevuti al giorno
office-chart-backlog = Lavoro in attesa
office-chart-services = Prestazioni ordinate, { $currency }
office-no-branches-title = Ancora nessuna filiale
office-no-branches-next = In Filiali creare una riga di adesione e inserirla sull’apparecchio della filiale.
office-no-orders-title = Ancora nessun ordine
office-no-orders-next = Appena una filiale collegata riceve ordini, appaiono qui.

# Ordini.
office-only = Solo
office-promised-from = Promesso dal
office-promised-to = Promesso fino al
office-sort = Ordina per
office-sort-newest = Più recenti
office-sort-oldest = Più vecchi
office-sort-promised = Giorno promesso
office-sort-name = Nome
office-filter-more = Altri filtri e ordine
office-filter-none = Mostra tutti
office-orders-none-title = Nessun ordine trovato
office-orders-none-filtered = Meno criteri trovano di più. Basta l’inizio di una parola.
office-pages = Pagine
office-page-before = Indietro
office-page-after = Avanti
office-legacy-number = Vecchio numero
office-currency = Valuta
office-paid = Pagato
office-owed = Dovuto
office-conflicts-more = Ce ne sono altri; appariranno quando questi saranno decisi.

# Filiali.
office-complete-at = Ultimo stato completo
office-pending = In attesa nella filiale
office-digest = Impronta
office-digest-given = { $digest }, consegnata { $moment }
office-prefix = Scontrini
office-machine = Apparecchio
office-machine-change = Sostituire o bloccare l’apparecchio
office-join-again = Riga di adesione per un nuovo apparecchio
office-retire = Bloccare questo apparecchio
office-retire-explained = Ciò che ha inviato resta qui. Ciò che vi attende non arriverà più.
office-clock-ahead = L’orologio lì è avanti di { $duration }. Gli ordini restano giusti; farlo regolare.
office-clock-behind = L’orologio lì è indietro di { $duration }. Gli ordini restano giusti; farlo regolare.
office-join-title = Nuova filiale
office-join-action = Creare la riga di adesione
office-join-explained = La riga appare una volta, vale per un apparecchio e scade dopo un giorno.
office-join-string = Riga di adesione
office-join-for = Riga di adesione: { $name }
office-join-once = Visibile solo qui e ora. Vale una volta, fino a { $moment }.
office-join-command = Sull’apparecchio:
office-join-importer = Riga di adesione per l’importazione
office-join-importer-explained = L’importazione porta i vecchi dati e rilegge tutto per controllo.
office-join-name = Una filiale ha bisogno di un nome di al massimo 80 caratteri.
office-join-in-use = Questa filiale esiste già. Un nuovo apparecchio aderisce sopra, nella filiale.
office-territory = Paese

# Personale.
office-staff-new = Nuova persona
office-role = Ruolo
office-pin = PIN per i banchi
office-pin-hint = Da 4 a 6 cifre, non tutte uguali
office-pin-new = Nuovo PIN
office-staff-end = Non può più accedere
office-staff-renew = Può accedere di nuovo
office-staff-own = Solo un’altra persona può togliere il suo accesso.
office-has-pin = PIN assegnato
office-works-at = Lavora a
office-works-everywhere = Senza scelta: ovunque.
office-account = Accesso alla centrale
office-staff-name = Manca un nome di al massimo 80 caratteri.
office-staff-pin = Un PIN ha da 4 a 6 cifre, non tutte uguali.
office-staff-no-way-in = Serve un PIN per i banchi o un login per la centrale.
office-staff-login = Un login ha da 2 a 40 caratteri: a-z, 0-9, punto, trattino.
office-staff-login-in-use = Questo login è già in uso.
office-staff-password = Una password ha almeno 8 caratteri.
office-staff-role-has-no-account = Alla centrale accedono solo centrale e amministrazione.
office-staff-branches = Una filiale scelta non esiste più, o sono più di 100.

# Offerta.
office-code = Codice
office-price-coming = In futuro
office-price-from = { $price } dal { $day }
office-price-title = Impostare un prezzo
office-price-day-label = Valido dal
office-price-explained = Gli ordini già ricevuti mantengono il prezzo.
office-price-unreadable = Il prezzo non è leggibile. Lo scriva così: 49.50 o 49,50
office-price-day = Scelga il giorno da cui vale il prezzo.
office-priorities = Priorità
office-territories = Paesi
office-vat = { $rate } IVA

# Quarantena.
office-quarantine-explained = Ciò che la centrale non ha potuto accettare. È conservato nella filiale; il resto continua.
office-quarantine-empty-next = Tutto ciò che le filiali hanno inviato è accettato.
office-when = Quando
office-from = Da
office-document = Documento
office-size = Dimensione

# Risposte.
office-done-settled = Deciso.
office-done-kept = Mantenuto.
office-done-staff = Salvato. Le filiali conosceranno la persona al prossimo contatto.
office-done-retired = L’apparecchio è bloccato.
office-done-price = Il prezzo è salvato.
office-error-not-found = Qui non esiste
office-error-forbidden = Non è permesso
office-error-too-many = Troppi tentativi
office-error-conflict = È già deciso o assegnato
office-error-refused = Nulla è stato modificato
office-error-hub = La centrale ha un guasto. Ciò che era salvato è al sicuro.

# Apparecchi, quarantena e che cosa ha fatto un apparecchio.
office-joined = Adesione
office-program = Programma
office-protocol = Protocollo
office-retired-at = Bloccato
office-identical = Identico a qui, dimostrato
office-identical-as-of = Identico alla centrale, stato { $moment }
office-set-aside = In quarantena lì
office-set-aside-title = Messi da parte nelle filiali
office-set-aside-next = La filiale mostra in Quarantena che cosa e perché, e può riprovare lì.
office-machines = Tutti gli apparecchi
office-machine-retired = bloccato
office-machine-long-absent = assente da tempo
office-machine-importer-idle = nessuna importazione al momento
office-long-absent-next = Questo apparecchio manca da tempo. Se non torna, bloccarlo; finché conta, i segni di cancellazione vengono conservati per esso.
office-absence-days = Assente da tempo dopo giorni
office-clock-both = All’ultimo contatto erano le { $there } lì e le { $here } qui.
office-retire-means = Che cosa significa bloccare
office-retire-key = La sua chiave non vale più da subito, anche se qualcuno l’ha copiata.
office-retire-again = Con una nuova stringa di adesione l’apparecchio può aderire di nuovo; invia allora anche ciò che vi attende.
office-retire-now = Bloccare ora
office-retire-waiting = All’ultimo contatto vi attendevano ancora { $count } documenti { $since }. Dopo il blocco non arriveranno più.
office-doings = Che cosa ha scritto questo apparecchio
office-doings-explained = Prima il documento modificato per ultimo. I valori sostituiti nel frattempo non ci sono più; pagamenti, consegne e commenti restano sempre.
office-doings-none = Nulla di scritto
office-doings-none-here = Nulla in questa parte
office-doings-none-next = Nessuno dei documenti esaminati contiene qualcosa di questo apparecchio.
office-page-first = All’inizio
office-what = Che cosa
office-who = Chi
office-kind = Tipo
office-write = Scrittura
office-by-itself = da sé
office-did-received = ordine accettato
office-did-status = stato modificato
office-did-payment = pagamento
office-did-comment = commento
office-did-printed = scontrino stampato
office-did-custody = oggetto consegnato
office-did-settled = conflitto deciso
office-did-edited = ordine modificato
office-did-unlocked = persona sbloccata
office-did-imported = importato
office-did-synced = aggiornato
office-did-gone = manca nella vecchia banca dati
office-did-taken-back = ripresa annullata
office-did-kept = mantenuto
office-gone = manca nella vecchia banca dati
office-did-erasure = persona cancellata
office-quarantine-next = Leggere il motivo e guardare nella filiale: l’originale resta lì e continua a valere. Dopo un aggiornamento della centrale o della filiale si riprova. Togliere qui dall’elenco ciò che è risolto.
office-quarantine-forget = Risolto
office-done-absence = Salvato.
office-done-forgotten = Tolto dall’elenco.
