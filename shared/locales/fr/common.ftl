# Mots utilisés partout.

product-name = Offpiste

weekday-monday = lundi
weekday-tuesday = mardi
weekday-wednesday = mercredi
weekday-thursday = jeudi
weekday-friday = vendredi
weekday-saturday = samedi
weekday-sunday = dimanche
day-today = aujourd’hui
day-tomorrow = demain
day-yesterday = hier
since = depuis { $moment }
duration-seconds = { $count } s
duration-minutes = { $count } min
duration-hours = { $count } h
duration-days =
    { $count ->
        [one] { $count } jour
       *[other] { $count } jours
    }

count-orders =
    { $count ->
        [one] { $count } commande
       *[other] { $count } commandes
    }
count-items =
    { $count ->
        [one] { $count } objet
       *[other] { $count } objets
    }
count-days-overdue =
    { $count ->
        [one] { $count } jour de retard
       *[other] { $count } jours de retard
    }

action-save = Enregistrer
action-cancel = Annuler
action-back = Retour
action-edit = Modifier
action-search = Chercher
action-close = Fermer
action-remove = Retirer
action-print = Imprimer
action-continue = Continuer
action-download-csv = Télécharger en CSV

theme = Apparence
theme-auto = Automatique
theme-light = Clair
theme-dark = Sombre
language = Langue
skip-to-content = Aller au contenu
main-navigation = Navigation principale

name = Nom
phone = Téléphone
email = E-mail
street = Rue et numéro
postcode = NPA
town = Localité
note = Note
reason = Motif
branch = Succursale
customer = Client
order = Commande
orders = Commandes
services = Prestations
service = Prestation
priority = Priorité
price = Prix
total = Total
status = Statut
promised = Promis pour
received = Reçu
optional = facultatif
yes = Oui
no = Non
nobody = inconnu
none = aucun

chart-empty = Pas encore de chiffres pour cette période.
chart-left-out =
    { $count ->
        [one] { $count } autre n’est pas dessiné; le tableau contient tout.
       *[other] { $count } autres ne sont pas dessinés; le tableau contient tout.
    }

# Un ancien système est remplacé.
changeover-switching-off = L’ancien système «{ $system }» est en cours d’arrêt. Prière de ne plus rien y saisir. Ici, tout continue comme d’habitude.
changeover-switched-off = L’ancien système «{ $system }» est arrêté. Toutes ses commandes se trouvent ici.
