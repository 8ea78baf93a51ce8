# Le pagine della filiale.

nav-today = Oggi
nav-workshop = Officina
nav-conflicts = Conflitti
customers = Clienti

search-label = Ricerca
search-placeholder = Numero, nome, telefono, oggetto
search-heading = Ricerca: { $query }
search-empty-title = Nessun risultato per «{ $query }»
search-empty-next = La ricerca riguarda gli ordini di questa filiale: numero, nome, telefono, oggetto. Basta l’inizio di una parola.
search-misread = Questo numero è letto male: un carattere è errato. Rileggere o riscansionare.

sign-in-title = Chi è Lei?
sign-in-pin = PIN di { $name }
sign-in-action = Accedi
sign-in-other = Qualcun altro
sign-in-locked = bloccato
sign-in-nobody-title = Nessuno può ancora accedere
sign-in-nobody-next = Questa filiale non ha ancora ricevuto il personale dalla centrale. Serve il collegamento una volta.
pin-back = Cancella
pin-ok = OK
unlock-title = { $name } è bloccato
unlock-explained = Dopo tre PIN errati. Un collega sblocca qui con il proprio PIN. Viene registrato.
unlock-by = Chi sblocca?
unlock-pin = PIN personale
unlock-action = Sblocca
me-title = Connesso
sign-out = Esci
sign-out-explained = Uscire e cambiare persona funziona anche senza collegamento.
keys-title = Tasti
keys-search = Cercare. Lo scanner trova il campo da ogni pagina.
keys-new = Nuovo ordine
keys-digits = Scegliere una prestazione
keys-arrows = Scorrere i risultati

today-heading = Oggi, { $day }
today-filter = Selezione
today-all = Panoramica
today-overdue = In ritardo
today-due = Per oggi
today-ready = Pronto al ritiro
today-in-work = In lavorazione
today-taken-in = Ricevuto oggi
today-more =
    { $count ->
        [one] e { $count } altro; la ricerca lo trova
       *[other] e altri { $count }; la ricerca li trova
    }
today-empty-title = Niente da fare
today-empty-next = Nessun ordine è in scadenza, pronto o in lavorazione.
workshop-title = Officina
workshop-explained = Per scadenza, poi priorità. Scansionare la ricevuta apre l’ordine; s inizia, f termina.
workshop-empty-title = Nessun lavoro in attesa
workshop-empty-next = I nuovi ordini appaiono qui da soli.

order-new = Nuovo ordine
order-edit-title = Modifica { $number }
order-take-in = Accetta
order-pickup = Ritiro
order-pickup-at = Ritirare a
order-other-day = Altro giorno
order-other-day-hint = Vuoto: il giorno della priorità
order-day-unreadable = Il giorno non è leggibile. Sceglierlo nel calendario.
order-note = Nota per l’officina
order-ticket = Ricevuta
order-work = Lavoro
order-items = Oggetti
order-history = Cronologia
order-facts = Dettagli
order-progress = Avanzamento dell’ordine
order-legacy-number = prima { $number }
item = Oggetto
item-add = Altro oggetto
item-label = Descrizione
item-label-example = Marca, colore, lunghezza
item-tag = Etichetta
item-without-service = Oggetto { $number }: scegliere almeno una prestazione.
item-other-price = Altro prezzo
item-price-unreadable = Oggetto { $number }: un prezzo non è leggibile. Scriverlo così: 49.50 o 49,50
field-removed = Rimosso
field-vat = aliquota IVA
form-not-saved = Non ancora salvato
axis-work = Lavoro
axis-custody = Dove si trova
axis-money = Pagamento
branch-unknown = altra filiale

work-start = Inizia
work-resume = Riprendi
work-finish = Finito
work-undo = Annulla l’ultimo passo
work-block = Non può proseguire
work-block-example = p. es. soletta rotta, pezzo ordinato
hand-out-action = Consegna
hand-out-part = Togliere la spunta per consegnarne solo una parte.
hand-out-nothing = Nessun oggetto è spuntato.
hand-out-unfinished = Il lavoro non è ancora finito.
hand-out-unpaid = Non ancora pagato: { $amount }
hand-over-title = Spostare
hand-over-action = Sposta
hand-over-nowhere = Scegliere un luogo.
take-back-action = Riprendere dal cliente
cancel-title = Annullare l’ordine
cancel-action = Annulla l’ordine
cancel-example = p. es. il cliente rinuncia
comment = Commento
comment-add = Aggiungi commento

money-title = Pagamento
money-due = Da pagare
money-owed-back = Da restituire
money-paid-line = { $method }, { $moment }
money-refunded-line = Restituito: { $method }, { $moment }
money-rounding = Arrotondamento contanti
pay-method = Metodo
pay-method-missing = Scegliere il metodo di pagamento.
pay-amount = Importo
pay-amount-missing = Inserire l’importo.
pay-amount-unreadable = L’importo non è leggibile. Scriverlo così: 49.50 o 49,50
pay-receipt = Scontrino
pay-action = Registra pagamento
pay-explained = La cassa registra da sé; qui si annota solo che è pagato.
refund-title = Restituire denaro
refund-action = Registra la restituzione

event-received = Ricevuto a { $branch }
event-comment = «{ $text }»
event-printed = Ricevuta stampata
event-paid = { $amount } pagato ({ $method })
event-refunded = { $amount } restituito ({ $method })
event-payment-other = Pagamento in altra valuta
event-handed-out = { $item } consegnato
event-moved = { $item } è { $place }
event-settled = Deciso: { $field }
event-edited = Dettagli modificati
event-imported = Ripreso dalla vecchia banca dati
event-unknown = { $kind }

conflicts-title = Conflitti
conflicts-explained = Due luoghi hanno modificato la stessa cosa senza saperlo. Nulla è andato perso; qualcuno decide che cosa vale.
conflicts-empty-title = Nessun conflitto
conflicts-empty-next = Quando due luoghi modificano la stessa cosa, appare qui.
conflict-tag = Conflitto
conflict-title = Indicazioni diverse: { $field }
conflict-explained = Tutte sono salvate. Quale vale?
conflict-choose = Questa vale
conflict-shown = mostrata nel frattempo
conflict-who = { $name }, { $place }, { $moment }
conflict-emptied = (vuoto)
conflict-rule-physical = Fino alla decisione vale ciò che non si può annullare: il consegnato è via, il finito è finito.
conflict-rule-newest = Fino alla decisione si mostra la più recente.
place-office = centrale
place-elsewhere = altra filiale

customer-known = Noto
customer-take = Scegli
customer-more = E-mail, lingua, indirizzo
customer-language = Lingua della ricevuta
customer-edit-title = Modifica cliente
customer-edit-explained = Gli ordini mantengono il contatto com’era alla consegna.
customer-history = Ordini precedenti
customer-no-orders = Ancora nessun ordine in questa filiale.
customer-unnamed = Senza nome
customer-erased = Persona cancellata
duplicates-title = Forse la stessa persona
duplicates-explained = Stesso telefono o e-mail. Nulla viene unito da solo.

ticket-page-title = Ricevuta
ticket-to-order = All’ordine

done-taken-in = Accettato e salvato qui.
done-edited = Modificato e salvato qui.
done-status = Stato salvato.
done-undone = Annullato.
done-paid = Pagamento registrato.
done-refunded = Restituzione registrata.
done-handed-out = Consegnato.
done-moved = Spostato.
done-taken-back = Ripreso.
done-cancelled = Annullato. Quanto pagato va restituito.
done-commented = Commento aggiunto.
done-settled = Deciso.
done-customer-edited = Cliente salvato.
done-unlocked = Sbloccato. Inserire di nuovo il PIN.

error-not-found = Questa filiale non ha questo ordine o cliente.
error-no-page = Questa pagina non esiste.
error-signed-out = La sessione è terminata.
error-cannot-sign-in = Nessuno con questo nome può accedere qui. La centrale assegna nomi e PIN.
error-wrong-pin =
    { $count ->
        [one] PIN errato. Ancora { $count } tentativo, poi blocco.
       *[other] PIN errato. Ancora { $count } tentativi, poi blocco.
    }
error-locked = Bloccato dopo tre PIN errati.
error-own-lock = Nessuno può sbloccare sé stesso.
error-not-allowed = Serve il ruolo Banco. La centrale assegna i ruoli.
error-not-ready = Questa filiale non ha ancora ricevuto le prestazioni dalla centrale.
error-not-saved = NON SALVATO: { $cause }
error-lists = Le liste non sono leggibili al momento. Gli ordini sono al sicuro.
error-stopping = Questo apparecchio si sta riavviando.
next-nothing-changed = Nulla è stato modificato.
next-not-saved = Annotare su carta e chiamare l’informatica. Quanto salvato prima è al sicuro.
next-try-again = Riprovare tra un momento.
next-locked = Un collega sblocca con il proprio PIN.
next-sign-in = Accedere di nuovo.
next-session-ended = Il modulo non è stato salvato. Dopo l’accesso tornare indietro due volte: i dati inseriti ci sono ancora.
next-not-ready = Serve il collegamento una volta.
next-search = La ricerca in alto trova gli ordini per numero, nome o telefono.

refusal-not-an-order = Questo non è un ordine.
refusal-nothing-ordered = Un ordine richiede almeno un oggetto con una prestazione.
refusal-name-missing = Manca il nome.
refusal-too-many-items = Troppi oggetti o prestazioni per un ordine.
refusal-too-long = Un testo è troppo lungo ({ $what }).
refusal-reason-missing = Indicare un motivo.
refusal-amount = L’importo deve essere maggiore di zero e non troppo grande.
refusal-currency = L’ordine è in un’altra valuta.
refusal-refund-exceeds-paid = Questo importo non è stato pagato.
refusal-cancelled = L’ordine è annullato.
refusal-handed-out = Un oggetto è già stato consegnato.
refusal-no-such-item = Questo oggetto non fa più parte dell’ordine.
refusal-no-such-service = Questa prestazione non esiste più.
refusal-no-such-priority = Scegliere una priorità.
refusal-no-such-branch = Questa filiale non esiste.
refusal-no-price = Nessun prezzo noto per questa prestazione. Lo inserisce la centrale.
refusal-nothing-to-settle = Qualcuno l’ha già deciso.
refusal-promised-before-received = Il giorno di ritiro precede la consegna.
refusal-already-so = È già così.
done-retried = Riprovato; non funziona ancora. Nulla è andato perso.
done-released = Riprovato e ripreso.
