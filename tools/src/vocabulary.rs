//! The words legacy databases use for tables, columns and values, in the four languages of the trade, typos included.
//!
//! Used to *propose*: what a word suggests is written into the plan with its confidence, and a person decides.

/// A name reduced to what carries meaning: lower case, umlauts written out, nothing but letters and digits.
pub fn reduced(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for sign in name.chars().flat_map(char::to_lowercase) {
        match sign {
            'ä' => out.push_str("ae"),
            'ö' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'à' | 'á' | 'â' => out.push('a'),
            'è' | 'é' | 'ê' | 'ë' => out.push('e'),
            'ì' | 'í' | 'î' => out.push('i'),
            'ò' | 'ó' | 'ô' => out.push('o'),
            'ù' | 'ú' | 'û' => out.push('u'),
            'ç' => out.push('c'),
            sign if sign.is_alphanumeric() => out.push(sign),
            _ => {}
        }
    }
    out
}

/// Whether a table of this name may hold orders.
pub fn is_orders_table(name: &str) -> bool {
    const WORDS: [&str; 20] = [
        "auftrag",
        "auftraeg",
        "order",
        "bestell",
        "serviceauftr",
        "registr",
        "registration",
        "reparatur",
        "repair",
        "ticket",
        "anmeldung",
        "invoice",
        "rechnung",
        "commande",
        "ordine",
        "ordini",
        "buchung",
        "booking",
        "annahme",
        "job",
    ];
    let reduced = reduced(name);
    WORDS.iter().any(|word| reduced.contains(word))
}

/// What a column may mean for an order book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meaning {
    /// The number people call an order by.
    OrderNumber,
    /// When it was taken in.
    Received,
    /// When it is promised.
    Promised,
    /// When it was finished or handed out.
    Finished,
    /// Where the work is.
    Status,
    /// How urgent it is.
    Priority,
    /// What is to be done.
    Service,
    /// The piece.
    Item,
    /// What it costs; of a line, what one of them costs.
    Price,
    /// How many.
    Quantity,
    /// A share taken off, 0 to 1.
    Discount,
    /// What was paid, or whether it was.
    Paid,
    /// The location.
    Branch,
    /// The customer's row.
    Customer,
    /// Who worked on it.
    Staff,
    /// A firm's name.
    Company,
    /// A whole name.
    Name,
    /// A given name.
    FirstName,
    /// A family name.
    LastName,
    /// A telephone.
    Phone,
    /// An e-mail address.
    Email,
    /// Street and number.
    Street,
    /// Postcode.
    Postcode,
    /// Town.
    Town,
    /// A remark.
    Note,
    /// What looks like one of the others and is none of them.
    Nothing,
}

/// How sure a guess is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// The word is part of the name.
    Low,
    /// The name begins or ends with the word.
    Medium,
    /// The name is the word.
    High,
}

impl Confidence {
    /// The word beside a guess in a plan.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The most likely meaning of a column's name.
pub fn meaning_of(column: &str) -> Option<(Meaning, Confidence)> {
    let name = reduced(column);
    let judged = MEANINGS.iter().flat_map(|(meaning, words)| {
        words.iter().filter_map(|word| {
            let confidence = if name == *word {
                Confidence::High
            } else if word.len() >= 4 && (name.starts_with(word) || name.ends_with(word)) {
                Confidence::Medium
            } else if word.len() >= 5 && name.contains(word) {
                Confidence::Low
            } else {
                return None;
            };
            // Of two words that fit, the longer one says more.
            Some((confidence, word.len(), *meaning))
        })
    });
    judged
        .max_by_key(|(confidence, length, _)| (*confidence, *length))
        .map(|(confidence, _, meaning)| (meaning, confidence))
}

const MEANINGS: [(Meaning, &[&str]); 26] = [
    (
        Meaning::OrderNumber,
        &[
            "auftragsnummer",
            "auftragnummer",
            "auftragsnr",
            "auftragnr",
            "bestellnummer",
            "bestellnr",
            "ordernumber",
            "orderno",
            "ticketnummer",
            "ticket",
            "nummer",
            "belegnr",
            "numerocommande",
        ],
    ),
    (
        Meaning::Received,
        &[
            "erstelldatum",
            "erstellt",
            "erstelltam",
            "createdat",
            "created",
            "createdate",
            "orderdate",
            "auftragsdatum",
            "bestelldatum",
            "annahmedatum",
            "annahme",
            "eingangsdatum",
            "eingang",
            "registrierungsdatum",
            "startdatum",
            "startdate",
            "invoicedate",
            "datum",
            "date",
            "datecommande",
            "dataordine",
            "bringdatum",
            "abgabedatum",
        ],
    ),
    (
        Meaning::Promised,
        &[
            "abholdatum",
            "abholung",
            "pickupdate",
            "pickup",
            "requireddate",
            "lieferdatum",
            "liefertermin",
            "termin",
            "faellig",
            "faelligkeit",
            "duedate",
            "enddatum",
            "enddate",
            "fertigam",
            "dateretrait",
            "ritiro",
        ],
    ),
    (
        Meaning::Finished,
        &[
            "shippeddate",
            "abgeholtam",
            "abgeschlossenam",
            "finishedat",
            "completedat",
            "erledigtam",
            "ausgeliefert",
        ],
    ),
    (
        Meaning::Status,
        &[
            "status",
            "auftragsstatus",
            "zustand",
            "statusname",
            "statusid",
            "statut",
            "stato",
            "orderstatus",
        ],
    ),
    (
        Meaning::Priority,
        &[
            "prioritaet",
            "priority",
            "prio",
            "prioritaetid",
            "priorityid",
            "dringlichkeit",
            "priorite",
            "priorita",
        ],
    ),
    (
        Meaning::Service,
        &[
            "dienstleistung",
            "service",
            "serviceid",
            "servicename",
            "serviceart",
            "servicetyp",
            "angebot",
            "leistung",
            "arbeit",
            "productid",
            "produktid",
            "artikelid",
            "trackid",
            "prestation",
            "facility",
        ],
    ),
    (
        Meaning::Item,
        &[
            "gegenstand",
            "artikel",
            "ski",
            "skimodell",
            "modell",
            "objekt",
            "geraet",
            "item",
            "productname",
        ],
    ),
    (
        Meaning::Price,
        &[
            "preis",
            "price",
            "unitprice",
            "einzelpreis",
            "betrag",
            "kosten",
            "total",
            "gesamtpreis",
            "cost",
            "amount",
            "prix",
            "prezzo",
            "totalpreis",
        ],
    ),
    (
        Meaning::Quantity,
        &["menge", "anzahl", "quantity", "qty", "stueck"],
    ),
    (
        Meaning::Discount,
        &[
            "rabatt",
            "discount",
            "remise",
            "sconto",
            "rabattbetrag",
            "discountamount",
        ],
    ),
    (
        Meaning::Paid,
        &[
            "bezahlt",
            "paid",
            "anzahlung",
            "payed",
            "paye",
            "pagato",
            "amountpaid",
            "paidamount",
            "betragbezahlt",
            "bezahlterbetrag",
            "bezahltbetrag",
        ],
    ),
    (
        Meaning::Branch,
        &[
            "filiale",
            "filialeid",
            "niederlassung",
            "standort",
            "gebiet",
            "branch",
            "location",
            "shop",
            "ort_filiale",
            "succursale",
        ],
    ),
    (
        Meaning::Customer,
        &[
            "kunde",
            "kundeid",
            "kundenid",
            "kundennr",
            "kundennummer",
            "customernumber",
            "customerid",
            "customer",
            "clientid",
            "client",
            "cliente",
        ],
    ),
    (
        Meaning::Staff,
        &[
            "mitarbeiter",
            "mitarbeiterid",
            "employeeid",
            "employee",
            "userid",
            "benutzer",
            "bearbeiter",
            "benutzerid",
            "user",
            "employe",
        ],
    ),
    (
        Meaning::Company,
        &["firma", "companyname", "company", "societe", "ditta"],
    ),
    (
        Meaning::Name,
        &[
            "name",
            "kundenname",
            "kundename",
            "customername",
            "contactname",
            "fullname",
            "nomclient",
        ],
    ),
    (
        Meaning::FirstName,
        &["vorname", "firstname", "prenom", "nome"],
    ),
    (
        Meaning::LastName,
        &["nachname", "lastname", "familienname", "surname", "cognome"],
    ),
    (
        Meaning::Phone,
        &[
            "telefon",
            "telefonnummer",
            "phone",
            "tel",
            "telnr",
            "handy",
            "mobile",
            "natel",
            "phonenumber",
            "telefonnr",
            "telephone",
            "telefono",
        ],
    ),
    (
        Meaning::Email,
        &["email", "mail", "emailadresse", "emailaddress", "courriel"],
    ),
    (
        Meaning::Street,
        &[
            "strasse",
            "adresse",
            "address",
            "street",
            "rue",
            "indirizzo",
            "via",
        ],
    ),
    (
        Meaning::Postcode,
        &[
            "plz",
            "postleitzahl",
            "postcode",
            "postalcode",
            "zip",
            "npa",
            "cap",
        ],
    ),
    (
        Meaning::Town,
        &[
            "ort", "stadt", "city", "town", "wohnort", "ville", "localite", "citta",
        ],
    ),
    (
        Meaning::Note,
        &[
            "kommentar",
            "bemerkung",
            "bemerkungen",
            "comment",
            "comments",
            "notiz",
            "note",
            "notes",
            "hinweis",
            "remarks",
            "commentaire",
        ],
    ),
    (
        Meaning::Nothing,
        &[
            "geburtsdatum",
            "geburtstag",
            "birthdate",
            "birthday",
            "dateofbirth",
            "naissance",
            "aenderungsdatum",
            "mutationsdatum",
            "geaendertam",
            "lastupdate",
            "updatedate",
            "modifieddate",
            "zahlungsdatum",
            "paymentdate",
            "hausnummer",
            "housenumber",
            "seriennummer",
            "serialnumber",
            "kartennummer",
            "kontonummer",
            "mwstnummer",
            "username",
            "benutzername",
            "filename",
            "dateiname",
            "produktname",
            "bezahltam",
            "bezahltdatum",
            "paidat",
            "paidon",
            "zahlungsart",
        ],
    ),
];

/// The phase a legacy status most likely means: `open`, `in_work`, `blocked`, `done`, `cancelled`.
pub fn phase_of(status: &str) -> Option<&'static str> {
    const WORDS: [(&str, &[&str]); 5] = [
        (
            "cancelled",
            &[
                "storn",
                "cancel",
                "geloescht",
                "annull",
                "annul",
                "abgebrochen",
                "verworfen",
                "deleted",
            ],
        ),
        (
            "in_work",
            &[
                "inarbeit",
                "inbearbeitung",
                "inverarbeitung",
                "inprogress",
                "bearbeit",
                "encours",
                "inlavor",
                "angefangen",
                "gestartet",
                "processing",
                "laufend",
            ],
        ),
        (
            "blocked",
            &[
                "blockiert",
                "wartet",
                "blocked",
                "onhold",
                "pausiert",
                "rueckfrage",
                "bloque",
            ],
        ),
        (
            "done",
            &[
                "abgeschlossen",
                "abgschlossen",
                "abgeschloss",
                "fertig",
                "erledigt",
                "done",
                "complete",
                "closed",
                "abgeholt",
                "termine",
                "finito",
                "finished",
                "bezahlt",
                "shipped",
            ],
        ),
        (
            "open",
            &[
                "offen",
                "open",
                "pendent",
                "pending",
                "neu",
                "new",
                "eingegangen",
                "registriert",
                "angenommen",
                "ouvert",
                "aperto",
                "erfasst",
            ],
        ),
    ];
    let status = reduced(status);
    WORDS
        .into_iter()
        .find(|(_, words)| words.iter().any(|word| says(&status, word)))
        .map(|(phase, _)| phase)
}

/// Whether a reduced text says a word and not its contrary: what is `nicht bezahlt` or `incomplete` is not done.
fn says(text: &str, word: &str) -> bool {
    const NEGATIONS: [&str; 6] = ["nicht", "not", "non", "kein", "pas", "ohne"];
    // Before a word these are part of it: `unbezahlt`, `incomplete`.
    const PREFIXES: [&str; 2] = ["un", "in"];
    let Some(place) = text.find(word) else {
        return false;
    };
    let before = &text[..place];
    let is_negated = NEGATIONS.iter().any(|negation| before.contains(negation))
        || PREFIXES.iter().any(|prefix| before.ends_with(prefix));
    !is_negated
}

/// The priority a legacy word most likely means: `express`, `standard`, `low`.
pub fn priority_of(word: &str) -> Option<&'static str> {
    let word = reduced(word);
    let is = |words: &[&str]| words.iter().any(|known| says(&word, known));
    if is(&[
        "express", "expres", "hoch", "high", "dringend", "urgent", "schnell",
    ]) {
        Some("express")
    } else if is(&["tief", "niedrig", "low", "gering", "basse"]) || word == "bas" {
        Some("low")
    } else if is(&["standard", "standart", "normal", "mittel", "medium"]) {
        Some("standard")
    } else {
        None
    }
}

/// The service of the public baseline a legacy name most likely means, typos of the trade included.
pub fn service_of(name: &str) -> Option<&'static str> {
    const WORDS: [(&str, &[&str]); 6] = [
        (
            "small",
            &[
                "kleinerservice",
                "kleinservice",
                "smallservice",
                "petitservice",
            ],
        ),
        (
            "large",
            &[
                "grosserservice",
                "grossservice",
                "largeservice",
                "bigservice",
                "grandservice",
            ],
        ),
        ("race", &["rennski", "raceservice", "rennservice"]),
        ("binding", &["bindung", "bindug", "binding", "fixation"]),
        (
            "skin",
            &[
                "fellzu",
                "fellschn",
                "fellauf",
                "cutskin",
                "skincut",
                "peaux",
                "tagliopelli",
            ],
        ),
        (
            "wax",
            &["heisswachs", "heisswach", "hotwax", "fartage", "wachsen"],
        ),
    ];
    // What is lent to grown-ups (`Erwachsene`) is no waxing.
    const RENTED: [&str; 6] = ["miet", "verleih", "rental", "location", "noleggio", "leih"];
    let name = reduced(name);
    if RENTED.iter().any(|word| name.contains(word)) {
        return None;
    }
    let name = name.replace("erwachsen", "");
    WORDS
        .into_iter()
        .find(|(_, words)| words.iter().any(|word| name.contains(word)))
        .map(|(code, _)| code)
}

/// Whether two names differ only in number: `kunde` and `Kunden`, `status` and `statuses`, `Auftrag` and `Aufträge`.
pub fn same_stem(left: &str, right: &str) -> bool {
    let right = stems(right);
    stems(left).iter().any(|stem| right.contains(stem))
}

/// What a name can be the plural of, itself included.
fn stems(name: &str) -> Vec<String> {
    let name = reduced(name).replace("aeg", "ag");
    let prefixed = name.strip_prefix("tbl").filter(|rest| rest.len() >= 4);
    let name = prefixed.unwrap_or(&name).to_owned();
    let mut stems = Vec::new();
    for ending in ["en", "es", "er", "e", "n", "s"] {
        stems.extend(
            name.strip_suffix(ending)
                .filter(|rest| rest.len() >= 4)
                .map(str::to_owned),
        );
    }
    stems.extend(name.strip_suffix("ies").map(|rest| format!("{rest}y")));
    stems.push(name);
    stems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_three_spellings_are_four_statuses() {
        let spellings = [
            (
                "open",
                &[
                    "Offen",
                    "offen ",
                    "OFFEN",
                    "PENDENT",
                    "Pendent",
                    "neu",
                    "Eingegangen",
                ] as &[&str],
            ),
            (
                "in_work",
                &[
                    "InArbeit",
                    "In Arbeit",
                    "In-Arbeit",
                    "in arbeit",
                    "In Verarbeitung",
                    "In Bearbeitung",
                    "IN_ARBEIT",
                ],
            ),
            (
                "done",
                &[
                    "abgeschlossen",
                    "Abgschlossen",
                    "Abgeschlossen",
                    "Fertig",
                    "ERLEDIGT",
                    "abgeholt",
                ],
            ),
            ("cancelled", &["storniert", "Storniert", "Gelöscht"]),
        ];
        assert_eq!(
            spellings
                .iter()
                .map(|(_, words)| words.len())
                .sum::<usize>(),
            23
        );
        for (phase, words) in spellings {
            for word in words {
                assert_eq!(phase_of(word), Some(phase), "{word}");
            }
        }
        assert_eq!(phase_of("Mittwoch"), None);
        for contrary in [
            "nicht bezahlt",
            "unbezahlt",
            "noch nicht abgeholt",
            "not finished",
            "unfinished",
            "incomplete",
            "pas terminé",
            "nicht mehr offen",
        ] {
            assert_eq!(phase_of(contrary), None, "{contrary}");
        }
    }

    #[test]
    fn a_word_inside_another_one_says_nothing() {
        assert_eq!(service_of("Skimiete Erwachsene"), None);
        assert_eq!(service_of("Abo Erwachsene"), None);
        assert_eq!(service_of("Ski wachsen"), Some("wax"));
        assert_eq!(service_of("Rennski-Miete"), None);
        assert_eq!(priority_of("Basel"), None);
        assert_eq!(priority_of("nicht dringend"), None);
        assert_eq!(priority_of("basse"), Some("low"));
    }

    #[test]
    fn columns_are_known_in_four_languages() {
        let cases = [
            ("Abholdatum", Meaning::Promised),
            ("pickup_date", Meaning::Promised),
            ("KundeID", Meaning::Customer),
            ("Priorität", Meaning::Priority),
            ("Tel_Nr", Meaning::Phone),
            ("E-Mail", Meaning::Email),
            ("UnitPrice", Meaning::Price),
            ("OrderDate", Meaning::Received),
            ("Nachname", Meaning::LastName),
        ];
        for (name, meaning) in cases {
            assert_eq!(
                meaning_of(name).map(|(found, _)| found),
                Some(meaning),
                "{name}"
            );
        }
        assert_eq!(meaning_of("xyz"), None);
    }

    #[test]
    fn singular_and_plural_are_one() {
        for (left, right) in [
            ("Kunde", "Kunden"),
            ("Auftrag", "Aufträge"),
            ("service", "Services"),
            ("Category", "Categories"),
        ] {
            assert!(same_stem(left, right), "{left} {right}");
        }
        assert!(!same_stem("Order", "Order Details"));
    }
}
