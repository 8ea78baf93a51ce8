# The state of the line, in words.

sync-title = Line to the office
sync-all-sent = Everything is at the office
sync-pending =
    { $count ->
        [one] { $count } order waiting
       *[other] { $count } orders waiting
    }
sync-pending-since =
    { $count ->
        [one] { $count } order waiting, { $since }
       *[other] { $count } orders waiting, { $since }
    }
sync-no-contact = No line { $since }
sync-never-contact = Never connected yet
sync-work-goes-on = Everything is saved safely here. You can work on as usual.
sync-safe-to-close = Safe to close: nothing unsent.
sync-not-safe-to-close =
    { $count ->
        [one] { $count } change is not at the office yet. It stays saved on this machine.
       *[other] { $count } changes are not at the office yet. They stay saved on this machine.
    }
sync-last-contact = Last contact
sync-oldest-pending = Oldest unsent
sync-pending-count = Not at the office yet
sync-clock-ahead = This machine’s clock is { $duration } fast. Orders stay right; please have the clock set.
sync-clock-behind = This machine’s clock is { $duration } slow. Orders stay right; please have the clock set.

sync-order-here = Saved here
sync-order-not-at-office = Not at the office yet
sync-order-at-office = At the office
sync-order-line-waiting = Saved here, not at the office yet ({ $since }).
sync-order-line-sent = Saved here and at the office.

quarantine-title = Quarantine
quarantine-explained = These could not be taken over. They are kept; everything else goes on.
quarantine-empty = Nothing in quarantine.
