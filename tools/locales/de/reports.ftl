# Berichte der Übernahme: Befund, Probelauf, Abgleich, Bescheinigung.

# Auf jedem Blatt.
sheet-brand = Offpiste Übernahme
sheet-made = Erstellt
sheet-program = Programm
sheet-source = Quelle
sheet-source-sha = SHA-256 der Quelle
sheet-plan = Plan
sheet-plan-sha = SHA-256 des Plans
sheet-target = Ziel
sheet-contents = Inhalt
sheet-none = –
sheet-nothing = Nichts.
sheet-more = { $n ->
    [one] Eine weitere Zeile steht in der JSON-Ausgabe.
   *[other] { $count } weitere Zeilen stehen in der JSON-Ausgabe.
}
sheet-json = Dieselben Angaben für Programme: derselbe Befehl mit --json.
sign-title = Unterschriften
sign-name = Name
sign-function = Funktion
sign-day = Ort, Datum
sign-signature = Unterschrift
yes = ja
no = nein

# Zahlen mit Wort.
count-rows = { $n ->
    [one] { $count } Zeile
   *[other] { $count } Zeilen
}
count-tables = { $n ->
    [one] { $count } Tabelle
   *[other] { $count } Tabellen
}
count-findings = { $n ->
    [one] { $count } Befund
   *[other] { $count } Befunde
}
count-values = { $n ->
    [one] { $count } Wert
   *[other] { $count } Werte
}
count-documents = { $n ->
    [one] { $count } Dokument
   *[other] { $count } Dokumente
}
count-orders = { $n ->
    [one] { $count } Auftrag
   *[other] { $count } Aufträge
}

# Spalten.
column-table = Tabelle
column-column = Spalte
column-rows = Zeilen
column-columns = Spalten
column-key = Schlüssel
column-holds = Enthält
column-place = Wo
column-count = Anzahl
column-examples = Beispiele
column-remedy = Was zu tun ist
column-risk = Risiko
column-what = Was
column-declared = Angegeben als
column-found = Gefunden
column-nulls = NULL
column-empty = leer
column-distinct = verschieden
column-longest = längster
column-line = Zeile
column-position = Stelle
column-message = Meldung
column-reference = Verweis
column-leads-to = führt zu
column-certain = Grundlage
column-kind = Art
column-lines = Zeilen der Datei
column-source = Quelle
column-migrated = übernommen
column-merged = vereint
column-embedded = eingebettet
column-rejected = abgelehnt
column-excluded = ausgeschlossen
column-sum = geht auf
column-reason = Grund
column-rule = Regel
column-used = verändert
column-allowed = erlaubt
column-step = Schritt
column-result = Ergebnis
column-moment = Zeitpunkt
column-duration = Dauer
column-field = Feld
column-orders = Aufträge
column-amount = Betrag
column-paid = bezahlt

# Befund.
assessment-title = Befund der alten Datenbank
assessment-ok = Keine Risiken gefunden.
assessment-ok-text = Die Datenbank kann mit dem vorgeschlagenen Plan übernommen werden. Lesen Sie den Plan trotzdem Zeile für Zeile.
assessment-warn = { $n ->
    [one] Ein Befund braucht eine Regel im Plan.
   *[other] { $count } Befunde brauchen eine Regel im Plan oder sind zu wissen.
}
assessment-warn-text = Nichts davon verhindert die Übernahme. Zu jedem Befund steht, was zu tun ist.
assessment-bad = { $n ->
    [one] Ein hohes Risiko muss vor der Übernahme entschieden werden.
   *[other] { $count } hohe Risiken müssen vor der Übernahme entschieden werden.
}
assessment-bad-text = Ohne Entscheid gehen dabei Zeilen oder ihre Bedeutung verloren. Zu jedem Befund steht, was zu tun ist.
assessment-dialect = Datenbank
assessment-encoding = Zeichen
assessment-mixed = gemischt: { $encodings }
assessment-size = Grösse
assessment-tables = Tabellen
assessment-rows = Zeilen
assessment-findings = Befunde
assessment-unread = Nicht gelesen
assessment-risks = Risiken und was zu tun ist
assessment-risks-intro = Die schwersten zuerst. «Hoch» heisst: ohne Entscheid gehen Zeilen oder ihre Bedeutung verloren. «Mittel» heisst: Werte brauchen eine Regel im Plan. «Tief» ist gut zu wissen.
assessment-tables-title = Tabellen
assessment-tables-intro = So viele Zeilen, wie die alte Datenbank selbst zählen würde.
assessment-columns-title = Spalten der Tabelle { $table }
assessment-columns-left-out = { $n ->
    [one] Die Spalten einer weiteren Tabelle stehen in der JSON-Ausgabe.
   *[other] Die Spalten von { $count } weiteren Tabellen stehen in der JSON-Ausgabe.
}
assessment-relations = Verweise zwischen Tabellen
assessment-relations-intro = Angegebene und solche, die Namen und Werte nahelegen. Eine Zeile ohne Ziel geht nicht verloren: sie steht unter den Risiken.
assessment-declared = in der Datenbank angegeben
assessment-inferred = aus Namen erschlossen
assessment-skipped = Übergangene Anweisungen
assessment-skipped-intro = Sie enthalten keine Zeilen: Sichten, Prozeduren, Rechte, Einstellungen.
assessment-errors = Was nicht gelesen werden konnte
assessment-errors-intro = Die Nachbarn solcher Stellen sind gelesen. Was hier steht, ist in keiner Zahl dieses Berichts enthalten.
assessment-encoding-title = Zeichen und Umlaute
assessment-encoding-text = Jeder Wert wird als das gelesen, was seine eigenen Bytes zeigen. Was schon falsch in der Datenbank steht, wird so übernommen und hier genannt, nie stillschweigend geändert.
assessment-chart-tables = Zeilen je Tabelle
assessment-chart-tables-text = Die grössten Tabellen der Quelle.
assessment-chart-risks = Befunde je Risiko
assessment-chart-risks-text = Wie viele Befunde hoch, mittel und tief eingestuft sind.
assessment-sign = Gelesen und zur Kenntnis genommen
risk-high = hoch
risk-medium = mittel
risk-low = tief
role-orders = Aufträge
role-lines = Positionen
role-customers = Kunden
role-services = Leistungen
role-priorities = Prioritäten
role-statuses = Status
role-branches = Filialen
role-staff = Personal
role-other = anderes
found-text = Text
found-integer = ganze Zahl
found-decimal = Zahl
found-date = Datum
found-amount = Betrag
found-bytes = Bytes
found-empty = leer

# Befunde: was es ist und was zu tun ist.
finding-no-orders = Keine Tabelle sieht nach Aufträgen aus
remedy-no-orders = Prüfen, ob es die richtige Datenbank ist; wenn ja, die Tabelle im Plan nennen.
finding-unreadable = Anweisungen oder Zeilen konnten nicht gelesen werden
remedy-unreadable = Die Datenbank neu sichern oder die Stellen berichtigen und nochmals prüfen.
finding-unapplied-change = Anweisungen, die Zeilen ändern, wurden nicht ausgeführt
remedy-unapplied-change = Die Zahlen können von jenen der Datenbank abweichen. Eine Sicherung ohne solche Anweisungen erstellen.
finding-undeclared-table = Zeilen einer Tabelle, die nirgends angelegt wird
remedy-undeclared-table = Ihre Spalten haben keine Namen. Die Struktur mitsichern oder die Spalten im Plan zuordnen.
finding-mixed-encoding = Mehrere Zeichensätze in einer Datei
remedy-mixed-encoding = Jeder Wert wurde als das gelesen, was seine Bytes zeigen. Die Umlaute im Ergebnis durchsehen.
finding-no-primary-key = Tabelle ohne Schlüssel
remedy-no-primary-key = Im Plan einen Schlüssel nennen; sonst gilt der Platz in der Tabelle, und eine verschobene Zeile zählt als andere.
finding-duplicate-key = Zeilen mit demselben Schlüssel
remedy-duplicate-key = Ein Schlüssel ist ein Dokument: Die erste Zeile kommt herüber, die anderen werden abgewiesen. Ihnen eigene Schlüssel geben oder Spalten nennen, die alle Zeilen unterscheiden.
finding-composite-key-too-wide = Eine Spalte des Schlüssels genügte
remedy-composite-key-too-wide = Diese Spalte allein unterscheidet die Zeilen; im Plan als Schlüssel nehmen.
finding-mojibake = Falsch entzifferte Zeichen (Ã¼ statt ü)
remedy-mojibake = Wird so übernommen, wie es steht. In der alten Datenbank berichtigen oder später in der Zentrale.
finding-unreadable-character = Verlorene Zeichen
remedy-unreadable-character = Sie fehlten schon, bevor gesichert wurde; nur eine ältere Sicherung hat sie noch.
finding-blanks-around = Leerzeichen am Anfang oder Ende
remedy-blanks-around = In Texten übernommen, beim Nachschlagen nicht beachtet.
finding-null-and-empty = NULL und leere Werte nebeneinander
remedy-null-and-empty = Beides heisst danach «nicht angegeben»; wie es stand, bleibt beim Auftrag.
finding-zero-date = Das Datum 0000-00-00
remedy-zero-date = MySQL meint damit «keines»; so viele Änderungen im Budget des Plans erlauben.
finding-placeholder-date = Ein Datum als Platzhalter (1900-01-01, 9999-12-31)
remedy-placeholder-date = Im Budget des Plans als «keines» erlauben oder als echtes Datum behalten.
finding-implausible-date = Ein Jahr, in dem es noch keine Datenbank gab
remedy-implausible-date = Wird so übernommen und aufgeführt.
finding-text-around-date = Wörter vor dem Datum
remedy-text-around-date = Sie werden beim Lesen übergangen und beim Auftrag aufbewahrt.
finding-mixed-date-formats = Mehrere Schreibweisen des Datums in einer Spalte
remedy-mixed-date-formats = Die Liste der Schreibweisen im Plan prüfen.
finding-not-a-date = Werte, die kein Datum sind
remedy-not-a-date = Diese Zeilen werden abgelehnt, wenn der Plan nichts anderes sagt.
finding-negative-amount = Beträge unter null
remedy-negative-amount = Rückzahlungen oder Korrekturen: prüfen, bevor sie zu Zahlungen werden.
finding-amount-as-text = Preise als Text
remedy-amount-as-text = «CHF 49.-» wird genau gelesen; was kein Betrag ist, wird abgelehnt.
finding-many-spellings = Viele Schreibweisen weniger Werte
remedy-many-spellings = Die Liste im Plan prüfen: jede Schreibweise braucht eine Bedeutung.
finding-unknown-value = Werte mit unbekannter Bedeutung
remedy-unknown-value = Die Bedeutung in den Plan schreiben, sonst werden ihre Zeilen abgelehnt.
finding-phone-without-zero = Telefonnummern ohne führende Null
remedy-phone-without-zero = Die Spalte enthielt Zahlen. Der Plan kann die Null innerhalb eines Budgets zurücksetzen.
finding-two-phones = Zwei Telefonnummern in einem Feld
remedy-two-phones = Beide bleiben, wie sie stehen; keine kann mit einem Klick gewählt werden.
finding-no-email = Keine gültige E-Mail-Adresse
remedy-no-email = Bleibt, wie sie steht; dorthin wird keine Nachricht gesandt.
finding-shared-contact = Derselbe Kontakt in mehreren Zeilen
remedy-shared-contact = Eine Person, eine Familie oder eine Firma. Wird nie stillschweigend vereint.
finding-no-branch = Keine Spalte nennt die Filiale
remedy-no-branch = Im Plan eine Filiale für alle Aufträge nennen.
finding-promised-before-received = Abholung vor der Annahme
remedy-promised-before-received = Wird so übernommen.
finding-number-twice = Dieselbe Auftragsnummer mehrmals
remedy-number-twice = Alle bleiben durch ihren Schlüssel getrennt; die Suche findet alle.
finding-orphan = Verweise auf Zeilen, die es nicht gibt
remedy-orphan = Ein Auftrag behält die Nummer; eine Position ohne Auftrag wird abgelehnt und aufgeführt.
finding-empty-reference = Zeilen ohne diesen Verweis
remedy-empty-reference = Werden ohne ihn übernommen; eine Verknüpfung (INNER JOIN) hätte sie verloren.

# Probelauf.
rehearsal-title = Probelauf der Übernahme
rehearsal-ok = Der Probelauf ging auf: keine Zeile fehlt.
rehearsal-ok-text = Alles wurde in einen leeren Speicher übernommen und zurückgelesen. Am laufenden System wurde nichts verändert.
rehearsal-rejects = { $n ->
    [one] Der Probelauf ging auf, eine Zeile wurde abgelehnt.
   *[other] Der Probelauf ging auf, { $count } Zeilen wurden abgelehnt.
}
rehearsal-rejects-text = Jede steht mit Grund in der Liste unten und in der Datei der Ablehnungen. Plan berichtigen oder bewusst annehmen.
rehearsal-bad = Der Probelauf ging nicht auf.
rehearsal-bad-text = Die Übernahme darf so nicht ausgeführt werden. Unten steht, was nicht stimmt.
rehearsal-budget = Der Plan erlaubt zu wenige Änderungen.
rehearsal-budget-text = Es wurde nichts geschrieben. Die Werte ansehen, dann das Budget im Plan erhöhen oder die Quelle berichtigen.
rehearsal-documents = Dokumente
rehearsal-read = Quelle lesen
rehearsal-run = Übernehmen
rehearsal-verify = Zurücklesen und vergleichen
rehearsal-total = Probelauf insgesamt
rehearsal-rate = Zeilen je Sekunde
rehearsal-store = Grösse des Speichers
rehearsal-per-order = Speicher je Auftrag
rehearsal-memory = Arbeitsspeicher, höchstens
rehearsal-restore = Sicherung und Rücksicherung
rehearsal-restore-ok = geprüft: gleicher Inhalt
rehearsal-restore-bad = nicht gleich
rehearsal-branches = Filialen, die es in der Zentrale geben muss
rehearsal-ledger = Verbleib aller Zeilen
rehearsal-ledger-intro = Jede Zeile der Quelle ist genau eines: übernommen (ein Dokument), vereint (Teil eines vorhandenen), eingebettet (Teil eines anderen Dokuments, wie eine Position), abgelehnt (mit Grund) oder ausgeschlossen (nach einer Regel des Plans).
rehearsal-chart = Verbleib der Zeilen
rehearsal-chart-text = Was aus allen Zeilen zusammen wurde.
rehearsal-rejected-title = Abgelehnte Zeilen
rehearsal-rejected-intro = Jede ganze Zeile steht in der Datei der Ablehnungen und kann dort berichtigt werden.
rehearsal-budget-title = Veränderte Werte
rehearsal-budget-intro = Was auf dem Weg verändert wird, ist im Plan begrenzt; wie es stand, bleibt beim Auftrag aufbewahrt.
rehearsal-forecast = Voraussicht
rehearsal-forecast-intro = Auf einem Rechner wie diesem. Über eine Leitung und neben arbeitenden Filialen dauert es länger; gerechnet ist mit dem Doppelten.
rehearsal-forecast-run = Übernahme in die laufende Zentrale
rehearsal-forecast-window = Umschaltung (lesen, vergleichen, prüfen)
rehearsal-forecast-disk = Platz, der in der Zentrale frei sein soll
rehearsal-forecast-backup = Grösse einer Sicherung des Ziels
rehearsal-differences = Unterschiede
rehearsal-sign = Zur Ausführung freigegeben

# Abgleich.
reconciliation-title = Abgleich: vorher und nachher
reconciliation-ok = Zahlen und Beträge gehen auf.
reconciliation-ok-text = Beide Seiten wurden getrennt gerechnet: die Quelle aus ihren Zeilen, das Ziel aus den zurückgelesenen Aufträgen.
reconciliation-bad = { $n ->
    [one] Eine Zahl geht nicht auf.
   *[other] { $count } Zahlen gehen nicht auf.
}
reconciliation-bad-text = Die alte Datenbank nicht abschalten. Die Zeilen mit einer Differenz sind unten bezeichnet.
reconciliation-verify-bad = { $n ->
    [one] Der Vergleich Feld für Feld hat einen Unterschied.
   *[other] Der Vergleich Feld für Feld hat { $count } Unterschiede.
}
reconciliation-total = Alle Aufträge
reconciliation-by-year = Nach Jahr der Annahme
reconciliation-by-branch = Nach Filiale
reconciliation-by-status = Nach Status
reconciliation-by-vat = Nach Mehrwertsteuersatz
reconciliation-before = vorher: alte Datenbank
reconciliation-after = nachher: Offpiste
reconciliation-left-behind = nicht übernommen
reconciliation-changed = seither bearbeitet
reconciliation-difference = Differenz
reconciliation-group-year = Jahr
reconciliation-group-branch = Filiale
reconciliation-group-status = Status
reconciliation-group-vat = Satz
reconciliation-group-total = Summe
reconciliation-without = ohne Angabe
reconciliation-others = alle übrigen
reconciliation-amounts = Beträge inkl. MWST, Summe der Positionen; bezahlt, was die alte Datenbank als bezahlt führt.
reconciliation-changed-text = { $n ->
    [one] Einen Auftrag hat das Personal seither bearbeitet; er steht in einer eigenen Spalte und zählt nicht als Differenz. In Offpiste steht er heute mit { $amount }.
   *[other] { $count } Aufträge hat das Personal seither bearbeitet; sie stehen in einer eigenen Spalte und zählen nicht als Differenz. In Offpiste stehen sie heute mit { $amount }.
}
reconciliation-gone = { $n ->
    [one] Ein Auftrag ist in Offpiste, den die alte Datenbank nicht mehr führt; er zählt auf keiner Seite. Er steht mit { $amount }.
   *[other] { $count } Aufträge sind in Offpiste, die die alte Datenbank nicht mehr führt; sie zählen auf keiner Seite. Sie stehen mit { $amount }.
}
reconciliation-unreadable = { $n ->
    [one] Ein Betrag der Quelle ist keiner; er zählt auf ihrer Seite als null. Seine Zeile steht unter den Ablehnungen.
   *[other] { $count } Beträge der Quelle sind keine; sie zählen auf ihrer Seite als null. Ihre Zeilen stehen unter den Ablehnungen.
}
reconciliation-chart-text = Aufträge der alten Datenbank neben jenen in Offpiste.
reconciliation-chart-before = vorher
reconciliation-chart-after = nachher
reconciliation-ledger = Verbleib aller Zeilen
reconciliation-fields = Vergleich Feld für Feld
reconciliation-fields-documents = verglichene Dokumente
reconciliation-fields-differences = Unterschiede
reconciliation-fields-edited = vom Personal seither geänderte Felder
reconciliation-sign = Geprüft und für richtig befunden
status-open = angenommen
status-in-work = in Arbeit
status-blocked = blockiert
status-done = fertig
status-cancelled = storniert

# Bescheinigung.
certificate-title = Bescheinigung der Übernahme
certificate-ok = Die alte Datenbank kann abgeschaltet werden.
certificate-ok-text = Jede Zeile der Quelle ist nachgewiesen, der Vergleich Feld für Feld hat keinen Unterschied, Zahlen und Beträge gehen auf.
certificate-by = Ausgestellt durch
certificate-number = Prüfsumme dieser Bescheinigung
certificate-statement = Bescheinigt wird
certificate-statement-rows = Von { $count } Zeilen der Quelle ist jede genau einmal nachgewiesen: als übernommen, vereint, eingebettet, abgelehnt oder ausgeschlossen.
certificate-statement-compared = Die Dokumente in Offpiste wurden zurückgelesen und mit der Quelle Feld für Feld in beiden Richtungen verglichen, von einem Programmteil, der mit dem schreibenden nichts gemein hat: { $count }, kein Unterschied.
certificate-statement-sums = Aufträge und Beträge stimmen nach Jahr, Filiale, Status und Mehrwertsteuersatz überein: { $sum }.
certificate-statement-bound = Die Bescheinigung gilt für genau die Quelle und den Plan mit den genannten SHA-256.
certificate-ledger = Verbleib aller Zeilen
certificate-changes = Veränderte Werte und nach welcher Regel
certificate-rejects = Abgelehnte Zeilen
certificate-rejects-intro = Sie sind nicht in Offpiste. Wer unterschreibt, nimmt das an. Die ganzen Zeilen stehen in der Datei der Ablehnungen; sie gehört zu den Akten.
certificate-unread = Stellen der Quelle, die nicht gelesen werden konnten
certificate-history = Verlauf
certificate-sign = Wer unterschreibt, hat Bescheinigung, Abgleich und Ablehnungen gesehen.
certificate-role-it = IT
certificate-role-management = Geschäftsleitung
certificate-role-audit = Revision
certificate-keep = Diese Bescheinigung, die Sicherung der Quelle, der Plan und die Datei der Ablehnungen zehn Jahre aufbewahren (OR Art. 958f).

# Regeln, nach denen Werte verändert werden.
rule-zero-date = 0000-00-00 wird «kein Datum»
rule-placeholder-date = Platzhalter wie 1900-01-01 wird «kein Datum»
rule-phone-zero = Führende Null der Telefonnummer zurückgesetzt
rule-rounded-line = Position auf ganze Rappen gerundet
rule-clock-change = Ortszeit, die es bei der Zeitumstellung zweimal oder nie gab
rule-unreadable = Stellen, die nicht gelesen werden konnten
rule-unapplied-change = Anweisungen, die nicht ausgeführt wurden

# Gründe einer Ablehnung.
reject-unknown-status = Bedeutung des Status unbekannt
reject-unknown-priority = Bedeutung der Priorität unbekannt
reject-no-status = kein Status
reject-unknown-branch = Filiale unbekannt
reject-no-branch = keine Filiale
reject-no-such-branch = Filiale gibt es in der Zentrale nicht
reject-unreadable-date = kein Datum in den Schreibweisen des Plans
reject-unreadable-amount = kein genauer Betrag
reject-unreadable-flag = weder ja noch nein
reject-amount-too-large = Betrag grösser als jeder Verkauf
reject-value-too-long = Wert zu lang
reject-too-large = Auftrag zu gross
reject-orphan = das, worauf sie verweist, gibt es nicht
reject-orphan-line = Position ohne Auftrag
reject-order-rejected = ihr Auftrag ist abgelehnt
reject-no-key = ohne Schlüssel
reject-field-name = Spaltenname nicht verwendbar
reject-target-refused = von der Zentrale nicht angenommen

# Schritte des Verlaufs.
step-assess = Befund
step-plan = Plan vorgeschlagen
step-rehearse = Probelauf
step-backup = Sicherung
step-restore = Rücksicherung
step-run = Übernahme
step-verify = Vergleich
step-diff = Unterschiede zur alten Datenbank
step-sync = Nachführung
step-rollback = Rücknahme
step-cutover = Umschaltung
step-certify = Bescheinigung
result-clean = in Ordnung
result-differences = Unterschiede
result-failed = nicht ausgeführt
