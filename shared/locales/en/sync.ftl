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
sync-all-sent-explained = Every change made here has been acknowledged by the office.
sync-unknown = State unknown
sync-key-refused = The office refuses this machine
sync-incompatible = Versions do not fit
sync-all-sent-short = All sent
sync-pending-short = { $count } waiting
sync-no-contact-short = No line
sync-key-refused-short = Machine refused
sync-incompatible-short = Wrong version
sync-refused-by-office =
    { $count ->
        [one] The office does not take { $count } change. It stays saved here; the reason and what to do are under Quarantine.
       *[other] The office does not take { $count } changes. They stay saved here; the reason and what to do are under Quarantine.
    }
sync-complete-at = Last complete
sync-identical = Proven identical to the office
sync-differs = Differs from the office, being mended
sync-documents = Documents here
sync-digest = Digest
line-unreachable = The office cannot be reached. All work goes on; orders are saved here and sent when the line is back.
line-timed-out = The office did not answer in time. All work goes on; sending happens by itself.
line-revoked = The office no longer accepts this machine’s key. All orders are safe here, but nothing is sent until it has a new join string.
line-incompatible = The office speaks another version. All orders are safe here; upgrade the older side, the hub first.
line-hub-fault = The office’s server reports a fault. All orders are safe here and are sent again by themselves.
line-nonsense = The answer is not the office’s: something stands between, such as the network’s log-in page. All orders are safe here.
sync-no-contact = No line { $since }
sync-never-contact = Never connected yet
sync-work-goes-on = Everything is saved safely here. You can work on as usual.
sync-safe-to-close = Safe to close: 0 unsent
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
sync-order-line-waiting = Saved here and at the other counters, not yet at the office ({ $since }, { $count } waiting).
sync-order-line-refused = Saved here. The office does not take a change: { $reason }
sync-order-line-sent = Saved here and at the office.

quarantine-from-office = From the office, unreadable here
quarantine-refused = From here, refused by the office
quarantine-unreadable = Stored here, unreadable by this version
quarantine-title = Quarantine
quarantine-explained = These could not be taken over. They are kept; everything else goes on.
quarantine-empty = Nothing in quarantine.
sync-close-later = Not everything is sent yet
sync-safe-explained = Everything from here is at the office. This machine may be switched off.
sync-closing-title = Before switching off
sync-closing-check = Check before switching off
sync-unsent = unsent
sync-unsent-oldest = the oldest { $since }
sync-identical-as-of = Identical to the hub as of { $moment }
sync-clock-both = Here it is { $here }, at the office { $office }.
sync-order-way = Where this order is saved
sync-order-refused = Refused by the office
sync-order-seen-by = Seen by { $branch }
sync-order-not-seen-by = Not at { $branch } yet
quarantine-empty-next = What the office sends is read here, and it takes what comes from here.
quarantine-retry = Try again now
quarantine-document = Document
quarantine-document-unknown = unreadable
quarantine-since = Since
quarantine-size = Size
quarantine-next = What to do
quarantine-next-from-office = Most often the program here is older than the office’s. After an upgrade it is tried again by itself.
quarantine-next-refused = It stays saved here and holds. Please tell the office the reason and the number; try again after the office was upgraded.
quarantine-next-unreadable = A newer version wrote it. Please upgrade this program again; until then it stays as it is.
quarantine-more = … and { $count } more
sync-refused-count = { $count } refused
sync-clock-wrong = Clock is wrong
