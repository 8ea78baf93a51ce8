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
sync-no-contact = Pas de liaison { $since }
sync-never-contact = Jamais connecté
sync-work-goes-on = Tout est enregistré ici en sécurité. Vous pouvez continuer normalement.
sync-safe-to-close = Fermeture sans risque: rien en attente d’envoi.
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
sync-order-line-waiting = Enregistré ici, pas encore à la centrale ({ $since }).
sync-order-line-sent = Enregistré ici et à la centrale.

quarantine-title = Quarantaine
quarantine-explained = Ces données n’ont pas pu être reprises. Elles sont conservées; tout le reste continue.
quarantine-empty = Rien en quarantaine.
