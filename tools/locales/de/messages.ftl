# Was der Importeur zu einzelnen Zeilen und Stellen sagt; Schlüssel und Variablen wie in der englischen Datei.
said-by-program = Meldung des Programms: { $text }
said-nothing = nichts

# Stellen.
said-in-line = Zeile { $line }
said-kind-in-line = { $kind } in Zeile { $line }
said-row = Zeile { $place }

# Der Leser: eine Zeile oder Anweisung, die nicht gelesen werden konnte.
said-row-not-read = { $inner }; diese Zeile wurde nicht gelesen
said-quote-open = hier öffnet ein Anführungszeichen, das nie geschlossen wird; gelesen wird ab der nächsten Anweisung
said-row-not-closed-before = diese Zeile ist nicht geschlossen, wo die nächste Anweisung beginnt
said-comma-then-statement = ein Komma verspricht eine Zeile, doch die nächste Anweisung beginnt
said-statement-too-long = diese Anweisung hat mehr als { $words } Wörter oder { $bytes } Bytes; sie wurde nicht gelesen
said-cut-off = der Abzug endet mitten in dieser Anweisung; was ihr fehlt, steht nicht in der Datei: neu abziehen
said-comma-missing = zwischen zwei Zeilen fehlt ein Komma; beide wurden gelesen
said-comma-without-row = ein Komma verspricht eine Zeile, die nicht folgt
said-values-without-row = VALUES ohne eine Zeile
said-row-expected = hier wurde eine Zeile in Klammern erwartet
said-row-not-closed = die Zeile ist nicht geschlossen, wo die Anweisung endet
said-value-above-limit = ein Wert ist grösser als { $limit } MiB; diese Zeile wurde nicht gelesen
said-row-above-limit = eine Zeile ist grösser als erlaubt; sie wurde nicht gelesen
said-value-missing-here = hier fehlt ein Wert; diese Zeile wurde nicht gelesen
said-select-from-elsewhere = die Zeilen dieses SELECT kommen aus einer anderen Tabelle, die nur die alte Datenbank nachschlagen kann; sie wurden nicht gelesen. Das Skript dort ausführen und die Datenbank danach neu sichern
said-union-unknown = ob diese Zeile eines UNION zweimal da ist, ist nicht bekannt; sie wurde nicht gelesen. UNION ALL schreiben oder stattdessen die Datenbank abziehen
said-select-expected = hinter UNION wurde ein SELECT erwartet
said-select-cut = die Anweisung endet mitten in einem SELECT
said-set-name = vor `=` wurde der Name einer Spalte erwartet
said-set-pair = hinter SET wurden eine Spalte und ihr Wert erwartet
said-set-cut = die Anweisung endet mitten in dem, was sie setzt; ihre Zeile wurde nicht gelesen
said-copy-not-closed = der Abzug endet unter den Zeilen dieses COPY (`\.` fehlt); was fehlt, steht nicht in der Datei: neu abziehen
said-copy-then-statement = die Zeilen eines COPY sind nicht geschlossen (`\.` fehlt), wo die nächste Anweisung beginnt
said-copy-quote = in dieser Zeile öffnet ein Anführungszeichen, das nie geschlossen wird; sie wurde nicht gelesen, die Zeilen dahinter schon
said-copy-unreadable = die Zeilen hinter diesem COPY wurden nicht gelesen, denn es verlangt { $inner }; mit einfachem pg_dump abziehen oder mit COPY in den Formaten text oder csv
said-copy-no-name = eine Tabelle ohne Namen
said-copy-binary = das Format binary
said-copy-force-columns = FORCE für einzelne Spalten, ohne hinter der Tabelle alle zu nennen
said-copy-force-refused = FORCE auf eine Art, die PostgreSQL abweist
said-copy-sign = ein Zeichen aus mehreren Bytes
said-name-missing-behind = { $inner } hinter { $verb }
said-table-name-missing = der Name der Tabelle fehlt

# Der Leser: ein Wert.
said-not-expected = `{ $sign }` wurde in einem Wert nicht erwartet
said-too-nested = ein Wert ist tiefer als { $levels } Stufen geschachtelt
said-sum = diese Summe könnte nur die alte Datenbank rechnen
said-value-missing = ein Wert fehlt
said-value-missing-before = vor `{ $sign }` fehlt ein Wert
said-name-for-value = der Name { $name } steht, wo ein Wert hingehört
said-type-missing = hinter `::` fehlt ein Typ
said-number-missing = hinter dem Vorzeichen fehlt eine Zahl
said-not-in-dump = `{ $word }` ist kein Wert, der im Abzug selbst steht
said-before-text = `{ $word }` vor einem Text wird nicht verstanden
said-as-missing = in CAST fehlt `AS`
said-no-character = char() nennt kein Zeichen
said-only-engine = { $function }(...) könnte nur die alte Datenbank rechnen
said-argument-no-text = { $function }() hat ein Argument, das kein Text ist
said-argument-count = { $function }() hat die falsche Zahl von Argumenten
said-missing-inside = in einem Wert fehlt `{ $sign }`
said-bytes-not-utf8 = die Bytes eines Textes sind kein UTF-8
said-bits = ein Wert aus Bits enthält anderes als 0 und 1
said-only-texts = nur Texte können verbunden werden
said-neither-number = `{ $text }` ist weder eine Zahl noch ein Text in Anführungszeichen
said-hexadecimal = ein hexadezimaler Wert enthält ein Zeichen, das keine Ziffer ist
said-unistr-end = unistr() endet mitten in einer Ersatzfolge
said-unistr-character = unistr() enthält eine Ersatzfolge, die kein Zeichen nennt
said-bytes-no-date = diese Bytes sind kein { $type } von SQL Server

# Der Leser: Tabellen.
said-columns-missing = hinter dem Namen der Tabelle fehlt die Liste der Spalten in Klammern
said-columns-open = die Liste der Spalten ist nicht geschlossen
said-no-columns = die Tabelle hat keine Spalten
said-column-twice = die Spalte { $column } ist zweimal deklariert
said-name-missing-at-end = am Ende der Anweisung fehlt ein Name
said-name-too-long = ein Name ist länger, als irgendeine Datenbank erlaubt
said-name-missing-before = vor `{ $sign }` fehlt ein Name
said-no-such-column = die Tabelle { $table } hat keine Spalte { $column }; diese Zeile wurde nicht gelesen
said-value-count = { $values } Werte für { $columns } Spalten von { $table }; diese Zeile wurde nicht gelesen
said-key-twice = { $table }: eine Zeile mit diesem Schlüssel ({ $key }) steht weiter oben; die Datenbank weist die zweite ab

# Abgewiesene Zeilen.
said-reject-status = der Plan sagt nicht, was `{ $value }` bedeutet
said-reject-no-status = sie hat keinen Status, und der Plan hat keinen Vorgabewert
said-reject-branch = der Plan ordnet `{ $value }` keiner Filiale zu
said-reject-no-branch = sie nennt keine Filiale, und der Plan hat keinen Vorgabewert
said-reject-no-such-branch = die Zentrale hat keine Filiale { $branch }
said-reject-date = { $column } ist kein Datum in den Formaten des Plans: `{ $value }`
said-reject-instant = { $value } ist kein Zeitpunkt: { $error }
said-reject-amount = `{ $value }` ist kein Betrag
said-reject-exact = `{ $value }` ist kein genauer Betrag
said-reject-flag = `{ $value }` ist weder ja noch nein
said-reject-line-sum = Preis mal Menge übersteigt jeden Verkauf
said-reject-sum = { $amount } Hundertstel übersteigen jeden Verkauf
said-reject-long = { $column } hat { $bytes } Bytes, höchstens { $limit } können behalten werden
said-reject-pieces = sie hat { $pieces } Stücke, höchstens { $limit } können behalten werden
said-reject-large = das Dokument hätte { $bytes } Bytes, höchstens { $limit } sind erlaubt
said-reject-orphan = { $table } hat keine Zeile `{ $key }`
said-reject-orphan-line = ihr Auftrag steht nicht in der Quelle
said-reject-order = ihr Auftrag ist abgewiesen
said-reject-key = ihr Schlüssel ist NULL
said-reject-key-twice = Zeile { $line } des Abzugs (die { $place }. der Tabelle) hat diesen Schlüssel schon: { $key }. Dieser einen anderen geben oder sie weglassen
said-reject-field = { $name } ist kein Feldname: erlaubt sind 1 bis { $bytes } Bytes aus a-z, 0-9 und -_./
said-reject-target = das Ziel hat es abgewiesen: { $inner }

# Abweichungen.
said-differ-unreadable = { $count } Dokumente am Ziel können nicht gelesen werden
said-differ-raw = { $source } in der Quelle, { $target } am Ziel
said-differ-raw-none = { $source } in der Quelle, nichts am Ziel
said-differ-expected = erwartet { $expected }, gefunden { $found }
said-differ-rejected = sie ist als abgewiesen aufgeführt, aber am Ziel
said-differ-key = sie ist wegen ihres Schlüssels als abgewiesen aufgeführt, den keine Zeile vor ihr hat
said-differ-nowhere = die Zeile ist weder am Ziel noch unter den abgewiesenen
said-differ-key-twice = eine andere Zeile hat ihren Schlüssel, und sie ist nicht unter den abgewiesenen
said-differ-ways = die Position und ihr Auftrag gingen verschiedene Wege
said-differ-line-nowhere = eine Position ohne Auftrag, die nicht unter den abgewiesenen ist
said-differ-no-customer = kein Kunde ist verknüpft
said-differ-customer-missing = der verknüpfte Kunde ist nicht am Ziel
said-differ-customer-name = der verknüpfte Kunde trägt einen anderen Namen
said-differ-customer-contact = der verknüpfte Kunde hat andere Angaben
said-differ-customer-home = der verknüpfte Kunde ist in einer anderen Filiale zu Hause
said-differ-lines = { $source } Positionen in der Quelle, { $target } am Ziel
said-differ-kind = das Dokument ist von anderer Art
said-differ-not-received = nichts sagt, dass er angenommen wurde
said-differ-other-row = das Dokument sagt, es sei aus einer anderen Zeile
said-differ-row-missing = das Dokument sagt, seine Zeile fehle
said-differ-no-line = erwartet { $label } zu { $amount } Hundertsteln, keine Position gefunden
said-differ-paid = erwartet { $expected } Hundertstel, gefunden { $found }
said-differ-no-row = ein Dokument dieser Quelle, zu dem keine Zeile führt
said-differ-sums = { $count } Anzahlen oder Summen weichen zwischen vorher und nachher ab
said-differ-ledger = { $source } Zeilen in der Quelle, { $accounted } belegt

# Felder der Dokumente, wie Abweichungen sie nennen.
field-branch-home = Filiale
field-customer = Kunde
field-contact-name = Name
field-contact-phone = Telefon
field-contact-phone-e164 = Telefon mit Vorwahl
field-contact-email = E-Mail
field-contact-language = Sprache
field-contact-street = Strasse
field-contact-postcode = Postleitzahl
field-contact-town = Ort
field-status = Status
field-priority = Priorität
field-received-at = angenommen
field-promised-on = versprochen auf
field-vat-basis-points = MWST-Satz in Hundertstelprozent
field-vat-code = MWST-Code
field-currency = Währung
field-number-legacy = alte Nummer
field-number-source = Herkunft der Nummer
field-free-note = Bemerkung
field-name-de = Bezeichnung
field-paid = bezahlt
field-line = Position
field-lines = Positionen
field-label = Bezeichnung
field-price = Preis
field-branch-pickup = Abholfiliale
field-position = Platz
field-custody = liegt bei
field-kind = Art
field-service = Dienstleistung
field-code = Code
field-active = angeboten
field-sums = Summen
field-legacy = alte Werte
field-legacy-of = alter Wert { $column }
field-legacy-of-line = alter Wert { $column } einer Position
field-looked-up = nachgeschlagener Text zu { $column }
field-of-line = Position: { $field }
field-of-piece = Stück: { $field }

# Dokumente ohne Zeile.
kind-order = Auftrag
kind-customer = Kunde
kind-service = Dienstleistung
kind-branch = Filiale
kind-status = Status
kind-priority = Priorität
