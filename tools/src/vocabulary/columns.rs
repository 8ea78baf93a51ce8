//! What a column means, by its name.

use super::reduced;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
