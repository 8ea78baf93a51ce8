# Parole usate ovunque.

product-name = Offpiste

weekday-monday = lunedì
weekday-tuesday = martedì
weekday-wednesday = mercoledì
weekday-thursday = giovedì
weekday-friday = venerdì
weekday-saturday = sabato
weekday-sunday = domenica
day-today = oggi
day-tomorrow = domani
day-yesterday = ieri
since = da { $moment }
duration-seconds = { $count } s
duration-minutes = { $count } min
duration-hours = { $count } h
duration-days =
    { $count ->
        [one] { $count } giorno
       *[other] { $count } giorni
    }

count-orders =
    { $count ->
        [one] { $count } ordine
       *[other] { $count } ordini
    }
count-items =
    { $count ->
        [one] { $count } oggetto
       *[other] { $count } oggetti
    }
count-days-overdue =
    { $count ->
        [one] { $count } giorno di ritardo
       *[other] { $count } giorni di ritardo
    }

action-save = Salva
action-cancel = Annulla
action-back = Indietro
action-edit = Modifica
action-search = Cerca
action-close = Chiudi
action-remove = Rimuovi
action-print = Stampa
action-continue = Continua
action-download-csv = Scarica in CSV

theme = Aspetto
theme-auto = Automatico
theme-light = Chiaro
theme-dark = Scuro
language = Lingua
skip-to-content = Vai al contenuto
main-navigation = Navigazione principale

name = Nome
phone = Telefono
email = E-mail
street = Via e numero
postcode = NPA
town = Località
note = Nota
reason = Motivo
branch = Filiale
customer = Cliente
order = Ordine
orders = Ordini
services = Prestazioni
service = Prestazione
priority = Priorità
price = Prezzo
total = Totale
status = Stato
promised = Promesso per
received = Ricevuto
optional = facoltativo
yes = Sì
no = No
nobody = sconosciuto
none = nessuno

chart-empty = Ancora nessun dato in questo periodo.
chart-left-out =
    { $count ->
        [one] { $count } altro non è disegnato; la tabella li ha tutti.
       *[other] { $count } altri non sono disegnati; la tabella li ha tutti.
    }

# Un vecchio sistema viene sostituito.
changeover-switching-off = Il vecchio sistema «{ $system }» viene spento in questo momento. Non registrarvi più nulla. Qui tutto continua come sempre.
changeover-switched-off = Il vecchio sistema «{ $system }» è spento. Tutti i suoi ordini si trovano qui.
