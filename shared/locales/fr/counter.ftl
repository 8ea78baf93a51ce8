# Les pages de la succursale.

nav-today = Aujourd’hui
nav-workshop = Atelier
nav-conflicts = Conflits
customers = Clients

search-label = Recherche
search-placeholder = Numéro, nom, téléphone, objet
search-heading = Recherche: { $query }
search-empty-title = Rien trouvé pour «{ $query }»
search-empty-next = La recherche porte sur les commandes de cette succursale: numéro, nom, téléphone, objet. Le début d’un mot suffit.
search-misread = Ce numéro est mal lu: un caractère est faux. Veuillez relire ou rescanner.

sign-in-title = Qui êtes-vous?
sign-in-pin = NIP de { $name }
sign-in-action = Se connecter
sign-in-other = Quelqu’un d’autre
sign-in-locked = bloqué
sign-in-nobody-title = Personne ne peut encore se connecter
sign-in-nobody-next = Cette succursale n’a pas encore reçu son personnel de la centrale. Il lui faut la liaison une fois.
pin-back = Effacer
pin-ok = OK
unlock-title = { $name } est bloqué
unlock-explained = Après trois NIP faux. Un collègue débloque ici avec son propre NIP. C’est consigné.
unlock-by = Qui débloque?
unlock-pin = NIP personnel
unlock-action = Débloquer
me-title = Connecté
sign-out = Se déconnecter
sign-out-explained = Se déconnecter et changer de personne fonctionne aussi sans liaison.
keys-title = Touches
keys-search = Chercher. Le scanner trouve le champ depuis chaque page.
keys-new = Nouvelle commande
keys-digits = Choisir une prestation
keys-arrows = Parcourir les résultats

today-heading = Aujourd’hui, { $day }
today-filter = Sélection
today-all = Aperçu
today-overdue = En retard
today-due = Pour aujourd’hui
today-ready = Prêt à retirer
today-in-work = En travail
today-taken-in = Reçu aujourd’hui
today-more =
    { $count ->
        [one] et { $count } autre; la recherche la trouve
       *[other] et { $count } autres; la recherche les trouve
    }
today-empty-title = Rien à faire
today-empty-next = Aucune commande n’est due, prête ou en travail.
workshop-title = Atelier
workshop-explained = Par échéance, puis priorité. Scanner le ticket ouvre la commande; s commence, f termine.
workshop-empty-title = Aucun travail en attente
workshop-empty-next = Les nouvelles commandes apparaissent ici d’elles-mêmes.

order-new = Nouvelle commande
order-edit-title = Modifier { $number }
order-take-in = Recevoir
order-pickup = Retrait
order-pickup-at = Retirer à
order-other-day = Autre jour
order-other-day-hint = Vide: le jour de la priorité
order-day-unreadable = Le jour n’est pas lisible. Veuillez le choisir dans le calendrier.
order-note = Note pour l’atelier
order-ticket = Ticket
order-work = Travail
order-items = Objets
order-history = Historique
order-facts = Détails
order-progress = Avancement de la commande
order-legacy-number = autrefois { $number }
item = Objet
item-add = Autre objet
item-label = Désignation
item-label-example = Marque, couleur, longueur
item-tag = Étiquette
item-without-service = Objet { $number }: veuillez choisir au moins une prestation.
item-other-price = Autre prix
item-price-unreadable = Objet { $number }: un prix n’est pas lisible. Veuillez l’écrire ainsi: 49.50 ou 49,50
field-removed = Retiré
field-vat = taux de TVA
form-not-saved = Pas encore enregistré
axis-work = Travail
axis-custody = Où c’est
axis-money = Paiement
branch-unknown = autre succursale

work-start = Commencer
work-resume = Reprendre
work-finish = Terminé
work-undo = Annuler la dernière étape
work-block = Ne peut pas continuer
work-block-example = p. ex. semelle cassée, pièce commandée
hand-out-action = Remettre
hand-out-part = Décocher pour ne remettre qu’une partie.
hand-out-nothing = Aucun objet n’est coché.
hand-out-unfinished = Le travail n’est pas encore terminé.
hand-out-unpaid = Pas encore payé: { $amount }
hand-over-title = Déplacer
hand-over-action = Déplacer
hand-over-nowhere = Veuillez choisir un lieu.
take-back-action = Reprendre du client
cancel-title = Annuler la commande
cancel-action = Annuler la commande
cancel-example = p. ex. le client renonce
comment = Commentaire
comment-add = Ajouter le commentaire

money-title = Paiement
money-due = À payer
money-owed-back = À rendre
money-paid-line = { $method }, { $moment }
money-refunded-line = Rendu: { $method }, { $moment }
money-rounding = Arrondi espèces
pay-method = Moyen de paiement
pay-method-missing = Veuillez choisir le moyen de paiement.
pay-amount = Montant
pay-amount-missing = Veuillez saisir le montant.
pay-amount-unreadable = Le montant n’est pas lisible. Veuillez l’écrire ainsi: 49.50 ou 49,50
pay-receipt = Reçu de caisse
pay-action = Enregistrer le paiement
pay-explained = La caisse comptabilise elle-même; ici on note seulement que c’est payé.
refund-title = Rendre de l’argent
refund-action = Enregistrer la restitution

event-received = Reçu à { $branch }
event-comment = «{ $text }»
event-printed = Ticket imprimé
event-paid = { $amount } payé ({ $method })
event-refunded = { $amount } rendu ({ $method })
event-payment-other = Paiement dans une autre monnaie
event-handed-out = { $item } remis
event-moved = { $item } est { $place }
event-settled = Décidé: { $field }
event-edited = Détails modifiés
event-imported = Repris de l’ancienne base de données
event-unknown = { $kind }

conflicts-title = Conflits
conflicts-explained = Deux endroits ont modifié la même chose sans le savoir. Rien n’est perdu; quelqu’un décide ce qui vaut.
conflicts-empty-title = Aucun conflit
conflicts-empty-next = Quand deux endroits modifient la même chose, cela apparaît ici.
conflict-tag = Conflit
conflict-title = Indications différentes: { $field }
conflict-explained = Toutes sont enregistrées. Laquelle vaut?
conflict-choose = Celle-ci vaut
conflict-shown = affichée en attendant
conflict-who = { $name }, { $place }, { $moment }
conflict-emptied = (vide)
conflict-rule-physical = Jusqu’à la décision, ce qui est irréversible vaut: ce qui est remis est parti, ce qui est terminé est terminé.
conflict-rule-newest = Jusqu’à la décision, la plus récente est affichée.
place-office = centrale
place-elsewhere = autre succursale

customer-known = Connu
customer-take = Choisir
customer-more = E-mail, langue, adresse
customer-language = Langue du ticket
customer-edit-title = Modifier le client
customer-edit-explained = Les commandes gardent le contact tel qu’à la réception.
customer-history = Commandes précédentes
customer-no-orders = Pas encore de commande dans cette succursale.
customer-unnamed = Sans nom
customer-erased = Personne effacée
duplicates-title = Peut-être la même personne
duplicates-explained = Même téléphone ou e-mail. Rien n’est fusionné automatiquement.

ticket-page-title = Ticket
ticket-to-order = Vers la commande

done-taken-in = Reçu et enregistré ici.
done-edited = Modifié et enregistré ici.
done-status = Statut enregistré.
done-undone = Annulé.
done-paid = Paiement enregistré.
done-refunded = Restitution enregistrée.
done-handed-out = Remis.
done-moved = Déplacé.
done-taken-back = Repris.
done-cancelled = Annulé. Ce qui a été payé est à rendre.
done-commented = Commentaire ajouté.
done-settled = Décidé.
done-customer-edited = Client enregistré.
done-unlocked = Débloqué. Veuillez saisir à nouveau le NIP.

error-not-found = Cette succursale n’a pas cette commande ou ce client.
error-no-page = Cette page n’existe pas.
error-signed-out = Vous n’êtes plus connecté.
error-cannot-sign-in = Personne de ce nom ne peut se connecter ici. La centrale attribue noms et NIP.
error-wrong-pin =
    { $count ->
        [one] NIP faux. Encore { $count } essai, puis blocage.
       *[other] NIP faux. Encore { $count } essais, puis blocage.
    }
error-locked = Bloqué après trois NIP faux.
error-own-lock = Personne ne peut se débloquer soi-même.
error-not-allowed = Il faut le rôle Comptoir. La centrale attribue les rôles.
error-not-ready = Cette succursale n’a pas encore reçu ses prestations de la centrale.
error-not-saved = NON ENREGISTRÉ: { $cause }
error-lists = Les listes ne sont pas lisibles pour l’instant. Les commandes sont en sécurité.
error-stopping = Cet appareil redémarre.
next-nothing-changed = Rien n’a été modifié.
next-not-saved = Veuillez noter sur papier et appeler l’informatique. Ce qui était enregistré est en sécurité.
next-try-again = Veuillez réessayer dans un instant.
next-locked = Un collègue débloque avec son propre NIP.
next-sign-in = Veuillez vous reconnecter.
next-session-ended = Le formulaire n’a pas été enregistré. Après la connexion, revenez deux fois en arrière: votre saisie y est encore.
next-not-ready = Il lui faut la liaison une fois.
next-search = La recherche en haut trouve les commandes par numéro, nom ou téléphone.

refusal-not-an-order = Ce n’est pas une commande.
refusal-nothing-ordered = Une commande doit contenir au moins un objet avec une prestation.
refusal-name-missing = Le nom manque.
refusal-too-many-items = Trop d’objets ou de prestations pour une commande.
refusal-too-long = Un texte est trop long ({ $what }).
refusal-reason-missing = Veuillez indiquer un motif.
refusal-amount = Le montant doit être supérieur à zéro et pas trop grand.
refusal-currency = La commande est dans une autre monnaie.
refusal-refund-exceeds-paid = Ce montant n’a pas été payé.
refusal-cancelled = La commande est annulée.
refusal-handed-out = Un objet a déjà été remis.
refusal-no-such-item = Cet objet ne fait plus partie de la commande.
refusal-no-such-service = Cette prestation n’existe plus.
refusal-no-such-priority = Veuillez choisir une priorité.
refusal-no-such-branch = Cette succursale n’existe pas.
refusal-no-price = Aucun prix connu pour cette prestation. La centrale le saisit.
refusal-nothing-to-settle = Quelqu’un l’a déjà décidé.
refusal-promised-before-received = Le jour de retrait précède la réception.
refusal-already-so = C’est déjà le cas.
done-retried = Nouvel essai; cela ne marche pas encore. Rien n’est perdu.
done-released = Réessayé et repris.
