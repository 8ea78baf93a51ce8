# Les pages de la centrale.

office-title = Centrale
office-menu = Plus
office-overview = Vue d’ensemble
office-branches = Succursales
office-staff = Personnel
office-catalogue = Offre et prix
office-api = Interface API
office-importer = Import
office-dash = –
office-no-branch = sans succursale
office-all-branches = Toutes les succursales
office-other-branches = Autres succursales
office-any = Tous
office-inactive = inactif

# Connexion.
office-login = Identifiant
office-password = Mot de passe
office-login-title = Connexion à la centrale
office-login-wrong = Identifiant ou mot de passe incorrect.
office-login-wait = Trop d’essais incorrects. Réessayez dans { $seconds } secondes.
office-login-explained = Les succursales travaillent sans cette connexion.

# Ce que couvrent les chiffres.
office-as-of = État à { $moment }, toutes les succursales
office-as-of-without = État à { $moment }, sans { $missing }
office-as-of-sending = État à { $moment } ; encore en route : { $sending }
office-sending = { $branch } ({ $count })
office-never-joined = { $branch } (jamais connectée)
office-covered = { $covered } succursales sur { $all }
office-freshness = Liaison
office-branch-current = reliée
office-branch-sending = envoie encore
office-branch-away = pas de liaison
office-branch-never = jamais reliée

# Vue d’ensemble.
office-period = { $days } jours
office-period-label = Période
office-by-branch = Par succursale
office-overdue = En retard
office-ready = Prêt
office-unfinished = Pas terminé
office-not-collected = Non retiré
office-turnover = Chiffre d’affaires
office-turnover-today = Chiffre d’affaires du jour, { $currency }
office-turnaround = Délai (médiane)
office-turnaround-note = 90 % en { $p90 } au plus
office-amount = Montant
office-lines = Nombre
office-as-table = En tableau
office-chart-turnover = Chiffre d’affaires par jour, { $currency }
office-chart-taken-in = Ordres reçus par jour
office-chart-backlog = Travail en attente
office-chart-services = Prestations commandées, { $currency }
office-no-branches-title = Pas encore de succursale
office-no-branches-next = Sous Succursales, créer une ligne d’adhésion et la saisir sur l’appareil de la succursale.
office-no-orders-title = Pas encore d’ordres
office-no-orders-next = Dès qu’une succursale reliée reçoit des ordres, ils apparaissent ici.

# Ordres.
office-only = Seulement
office-promised-from = Promis dès le
office-promised-to = Promis jusqu’au
office-sort = Trier par
office-sort-newest = Les plus récents
office-sort-oldest = Les plus anciens
office-sort-promised = Jour promis
office-sort-name = Nom
office-filter-more = Autres filtres et tri
office-filter-none = Tout afficher
office-orders-none-title = Aucun ordre trouvé
office-orders-none-filtered = Moins de critères donnent plus de résultats. Un début de mot suffit.
office-pages = Pages
office-page-before = Précédent
office-page-after = Suivant
office-legacy-number = Ancien numéro
office-currency = Monnaie
office-paid = Payé
office-owed = Dû
office-conflicts-more = Il y en a d’autres ; ils apparaîtront une fois ceux-ci réglés.

# Succursales.
office-complete-at = Dernier état complet
office-pending = En attente à la succursale
office-digest = Empreinte
office-digest-given = { $digest }, remise { $moment }
office-prefix = Tickets
office-machine = Appareil
office-machine-change = Remplacer ou bloquer l’appareil
office-join-again = Ligne d’adhésion pour un nouvel appareil
office-retire = Bloquer cet appareil
office-retire-explained = Ce qu’il a envoyé reste ici. Ce qui attend encore là-bas n’arrivera plus.
office-clock-ahead = L’horloge y avance de { $duration }. Les ordres restent justes ; faites-la régler.
office-clock-behind = L’horloge y retarde de { $duration }. Les ordres restent justes ; faites-la régler.
office-join-title = Nouvelle succursale
office-join-action = Créer la ligne d’adhésion
office-join-explained = La ligne s’affiche une fois, vaut pour un appareil et expire après un jour.
office-join-string = Ligne d’adhésion
office-join-for = Ligne d’adhésion : { $name }
office-join-once = Visible ici et maintenant seulement. Valable une fois, jusqu’à { $moment }.
office-join-command = Sur l’appareil :
office-join-importer = Ligne d’adhésion pour l’import
office-join-importer-explained = L’import reprend les anciennes données et relit tout pour contrôle.
office-join-name = Une succursale a besoin d’un nom de 80 caractères au plus.
office-join-in-use = Cette succursale existe déjà. Un nouvel appareil s’y joint plus haut, à la succursale.
office-territory = Pays

# Personnel.
office-staff-new = Nouvelle personne
office-role = Rôle
office-pin = NIP pour les guichets
office-pin-hint = 4 à 6 chiffres, pas tous identiques
office-pin-new = Nouveau NIP
office-staff-end = Ne peut plus se connecter
office-staff-renew = Peut se reconnecter
office-staff-own = Seule une autre personne peut mettre fin à votre accès.
office-has-pin = NIP attribué
office-works-at = Travaille à
office-works-everywhere = Sans choix : partout.
office-account = Connexion à la centrale
office-staff-name = Il manque un nom de 80 caractères au plus.
office-staff-pin = Un NIP a 4 à 6 chiffres, pas tous identiques.
office-staff-no-way-in = Il faut un NIP pour les guichets ou un identifiant pour la centrale.
office-staff-login = Un identifiant a 2 à 40 caractères : a-z, 0-9, point, trait d’union.
office-staff-login-in-use = Cet identifiant est déjà pris.
office-staff-password = Un mot de passe a au moins 8 caractères.
office-staff-role-has-no-account = Seules la centrale et l’administration se connectent à la centrale.
office-staff-branches = Une succursale choisie n’existe plus, ou il y en a plus de 100.

# Offre.
office-code = Code
office-price-coming = À venir
office-price-from = { $price } dès le { $day }
office-price-title = Fixer un prix
office-price-day-label = Valable dès
office-price-explained = Les ordres déjà reçus gardent leur prix.
office-price-unreadable = Le prix n’est pas lisible. Écrivez-le ainsi : 49.50 ou 49,50
office-price-day = Choisissez le jour dès lequel le prix est valable.
office-priorities = Priorités
office-territories = Pays
office-vat = { $rate } TVA

# Quarantaine.
office-quarantine-explained = Ce que la centrale n’a pas pu accepter. C’est conservé à la succursale ; le reste continue.
office-quarantine-empty-next = Tout ce que les succursales ont envoyé est accepté.
office-when = Quand
office-from = De
office-document = Document
office-size = Taille

# Réponses.
office-done-settled = Décidé.
office-done-kept = Conservé.
office-done-staff = Enregistré. Les succursales connaîtront la personne au prochain contact.
office-done-retired = L’appareil est bloqué.
office-done-price = Le prix est enregistré.
office-error-not-found = Cela n’existe pas ici
office-error-forbidden = Vous n’y êtes pas autorisé
office-error-too-many = Trop d’essais
office-error-conflict = C’est déjà décidé ou pris
office-error-refused = Rien n’a été modifié
office-error-hub = La centrale a une panne. Ce qui était enregistré est en sécurité.

# Appareils, quarantaine et ce qu’un appareil a fait.
office-joined = Adhésion
office-program = Programme
office-protocol = Protocole
office-retired-at = Bloqué
office-identical = Identique à ici, prouvé
office-identical-as-of = Identique à la centrale, état { $moment }
office-set-aside = En quarantaine là-bas
office-set-aside-title = Mis de côté dans les succursales
office-set-aside-next = La succursale montre sous Quarantaine quoi et pourquoi, et peut y réessayer.
office-machines = Tous les appareils
office-machine-retired = bloqué
office-machine-long-absent = longtemps absent
office-machine-importer-idle = pas d’import en ce moment
office-long-absent-next = Cet appareil est absent depuis longtemps. S’il ne revient pas, bloquez-le; tant qu’il compte, les marques d’effacement sont gardées pour lui.
office-absence-days = Longtemps absent après jours
office-clock-both = Au dernier contact, il était { $there } là-bas et { $here } ici.
office-retire-means = Ce que signifie le blocage
office-retire-key = Sa clé n’est plus valable dès maintenant, même si quelqu’un l’a copiée.
office-retire-again = Avec une nouvelle chaîne d’adhésion, l’appareil peut adhérer à nouveau; il envoie alors aussi ce qui attend.
office-retire-now = Bloquer maintenant
office-retire-waiting = Au dernier contact, { $count } documents y attendaient encore { $since }. Ils n’arriveront plus après le blocage.
office-doings = Ce que cet appareil a écrit
office-doings-explained = Le document modifié en dernier d’abord. Les valeurs remplacées depuis n’y sont plus; paiements, remises et commentaires restent toujours.
office-doings-none = Rien d’écrit
office-doings-none-here = Rien dans cette partie
office-doings-none-next = Aucun des documents parcourus ne contient quelque chose de cet appareil.
office-page-first = Au début
office-what = Quoi
office-who = Qui
office-kind = Genre
office-write = Écriture
office-by-itself = automatiquement
office-did-received = commande reçue
office-did-status = statut modifié
office-did-payment = paiement
office-did-comment = commentaire
office-did-printed = bon imprimé
office-did-custody = objet transmis
office-did-settled = conflit tranché
office-did-edited = commande modifiée
office-did-unlocked = personne débloquée
office-did-imported = importé
office-did-synced = mis à jour
office-did-gone = manque dans l’ancienne base
office-did-taken-back = reprise annulée
office-did-kept = conservé
office-gone = manque dans l’ancienne base
office-did-erasure = personne effacée
office-quarantine-next = Lisez le motif et regardez à la succursale: l’original y reste et reste valable. Après une mise à jour de la centrale ou de la succursale, un nouvel essai a lieu. Retirez ici de la liste ce qui est réglé.
office-quarantine-forget = Réglé
office-done-absence = Enregistré.
office-done-forgotten = Retiré de la liste.
