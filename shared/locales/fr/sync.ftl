# L’état de la liaison, en mots.

sync-title = Liaison avec la centrale
sync-all-sent = Tout est à la centrale
sync-pending =
    { $count ->
        [one] { $count } commande en attente
       *[other] { $count } commandes en attente
    }
sync-pending-since =
    { $count ->
        [one] { $count } commande en attente, { $since }
       *[other] { $count } commandes en attente, { $since }
    }
sync-all-sent-explained = Chaque modification faite ici est confirmée par la centrale.
sync-unknown = État inconnu
sync-key-refused = La centrale refuse cet appareil
sync-incompatible = Versions incompatibles
sync-all-sent-short = Tout envoyé
sync-pending-short = { $count } en attente
sync-no-contact-short = Pas de liaison
sync-key-refused-short = Appareil refusé
sync-incompatible-short = Mauvaise version
sync-refused-by-office =
    { $count ->
        [one] La centrale refuse { $count } modification. Elle reste enregistrée ici; le motif et la suite sont sous Quarantaine.
       *[other] La centrale refuse { $count } modifications. Elles restent enregistrées ici; le motif et la suite sont sous Quarantaine.
    }
sync-complete-at = Dernière fois complet
sync-identical = Identique à la centrale, prouvé
sync-differs = Diffère de la centrale, en correction
sync-documents = Documents ici
sync-digest = Somme de contrôle
line-unreachable = La centrale est injoignable. Le travail continue; les commandes sont enregistrées ici et envoyées au retour de la liaison.
line-timed-out = La centrale n’a pas répondu à temps. Le travail continue; l’envoi se fait tout seul.
line-revoked = La centrale n’accepte plus la clé de cet appareil. Toutes les commandes sont en sécurité ici; rien n’est envoyé sans nouvelle chaîne d’adhésion.
line-incompatible = La centrale parle une autre version. Toutes les commandes sont en sécurité ici; mettez à jour le côté le plus ancien, la centrale d’abord.
line-hub-fault = Le serveur de la centrale signale une erreur. Toutes les commandes sont en sécurité ici et seront renvoyées d’elles-mêmes.
line-nonsense = La réponse ne vient pas de la centrale: quelque chose s’interpose, comme la page de connexion du réseau. Toutes les commandes sont en sécurité ici.
sync-no-contact = Pas de liaison { $since }
sync-never-contact = Jamais connecté
sync-work-goes-on = Tout est enregistré ici en sécurité. Vous pouvez continuer normalement.
sync-safe-to-close = Fermeture sans risque: 0 non envoyé
sync-not-safe-to-close =
    { $count ->
        [one] { $count } modification n’est pas encore à la centrale. Elle reste enregistrée sur cet appareil.
       *[other] { $count } modifications ne sont pas encore à la centrale. Elles restent enregistrées sur cet appareil.
    }
sync-last-contact = Dernier contact
sync-oldest-pending = Plus ancien non envoyé
sync-pending-count = Pas encore à la centrale
sync-clock-ahead = L’horloge de cet appareil avance de { $duration }. Les commandes restent justes; veuillez la faire régler.
sync-clock-behind = L’horloge de cet appareil retarde de { $duration }. Les commandes restent justes; veuillez la faire régler.

sync-order-here = Enregistré ici
sync-order-not-at-office = Pas encore à la centrale
sync-order-at-office = À la centrale
sync-order-line-waiting = Enregistré ici et visible à tous les comptoirs, pas encore à la centrale ({ $since }, { $count } en attente).
sync-order-line-refused = Enregistré ici. La centrale refuse une modification: { $reason }
sync-order-line-sent = Enregistré ici et à la centrale.

quarantine-from-office = De la centrale, illisible ici
quarantine-refused = D’ici, refusé par la centrale
quarantine-unreadable = Enregistré ici, illisible par cette version
quarantine-title = Quarantaine
quarantine-explained = Ces données n’ont pas pu être reprises. Elles sont conservées; tout le reste continue.
quarantine-empty = Rien en quarantaine.
sync-close-later = Tout n’est pas encore envoyé
sync-safe-explained = Tout ce qui vient d’ici est à la centrale. Cet appareil peut être éteint.
sync-closing-title = Avant d’éteindre
sync-closing-check = Vérifier avant d’éteindre
sync-unsent = non envoyé
sync-unsent-oldest = le plus ancien { $since }
sync-identical-as-of = Identique à la centrale, état { $moment }
sync-clock-both = Ici il est { $here }, à la centrale { $office }.
sync-order-way = Où cette commande est enregistrée
sync-order-refused = Refusé par la centrale
sync-order-seen-by = Vu: { $branch }
sync-order-not-seen-by = Pas encore à { $branch }
quarantine-empty-next = Ce que la centrale envoie est lu ici, et elle accepte ce qui vient d’ici.
quarantine-retry = Réessayer maintenant
quarantine-document = Document
quarantine-document-unknown = illisible
quarantine-since = Depuis
quarantine-size = Taille
quarantine-next = Que faire
quarantine-next-from-office = Le plus souvent, le programme d’ici est plus ancien que celui de la centrale. Après la mise à jour, un nouvel essai se fait tout seul.
quarantine-next-refused = Cela reste enregistré et valable ici. Veuillez signaler le motif et le numéro à la centrale; réessayez après sa mise à jour.
quarantine-next-unreadable = Une version plus récente l’a écrit. Veuillez remettre ce programme à jour; d’ici là, rien ne change.
quarantine-more = … et { $count } autres
sync-refused-count = { $count } refusé(s)
sync-clock-wrong = Horloge fausse
