# Travail, lieu, paiement, rôles.

status-open = Ouvert
status-in_work = En travail
status-blocked = Bloqué
status-done = Terminé
status-cancelled = Annulé
status-handed-out = Retiré

custody-customer = chez le client
custody-branch = au magasin
custody-workshop = à l’atelier
custody-rack = au rayon retrait
custody-van = en transport
custody-unknown = inconnu
custody-at = { $place }, { $branch }

money-open = Impayé
money-deposit = Acompte versé
money-paid = Payé
money-overpaid = Trop payé
money-refunded = Remboursé

method-cash = Espèces
method-card = Carte
method-twint = Twint
method-invoice = Facture
method-other = Autre

role-workshop = Atelier
role-counter = Comptoir
role-office = Centrale
role-administrator = Administration
