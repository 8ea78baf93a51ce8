//! The tables of a book, as its dump declares them.

use crate::generator::dump::Declared;

pub(super) const CUSTOMERS: Declared = Declared {
    name: "Kunden",
    columns: &[
        ("KundeID", "int(11) NOT NULL"),
        ("Vorname", "varchar(60)"),
        ("Nachname", "varchar(60)"),
        ("Telefon", "varchar(60)"),
        ("Email", "varchar(120)"),
        ("Strasse", "varchar(120)"),
        ("PLZ", "varchar(10)"),
        ("Ort", "varchar(60)"),
    ],
    key: &["KundeID"],
    references: &[],
};

pub(super) const ORDERS: Declared = Declared {
    name: "Aufträge",
    columns: &[
        ("AuftragID", "int(11) NOT NULL"),
        ("AuftragNr", "varchar(20)"),
        ("KundeID", "int(11)"),
        ("FilialeID", "int(11)"),
        ("MitarbeiterID", "int(11)"),
        ("Priorität", "varchar(20)"),
        ("Status", "varchar(30)"),
        ("Erstelldatum", "datetime"),
        ("Abholdatum", "varchar(40)"),
        ("Bezahlt", "tinyint(1)"),
        ("Kommentar", "text"),
    ],
    key: &["AuftragID"],
    references: &[
        ("KundeID", "Kunden"),
        ("FilialeID", "Filialen"),
        ("MitarbeiterID", "Mitarbeiter"),
    ],
};

pub(super) const LINES: Declared = Declared {
    name: "Positionen",
    columns: &[
        ("AuftragID", "int(11) NOT NULL"),
        ("Position", "int(11) NOT NULL"),
        ("DienstleistungID", "int(11)"),
        ("Menge", "int(11)"),
        ("Preis", "varchar(20)"),
        ("Rabatt", "varchar(10)"),
    ],
    key: &["AuftragID", "Position"],
    references: &[
        ("AuftragID", "Aufträge"),
        ("DienstleistungID", "Dienstleistungen"),
    ],
};

pub(super) const LISTS: [Declared; 3] = [
    Declared {
        name: "Filialen",
        columns: &[("FilialeID", "int(11) NOT NULL"), ("Name", "varchar(60)")],
        key: &["FilialeID"],
        references: &[],
    },
    Declared {
        name: "Mitarbeiter",
        columns: &[
            ("MitarbeiterID", "int(11) NOT NULL"),
            ("Vorname", "varchar(60)"),
        ],
        key: &["MitarbeiterID"],
        references: &[],
    },
    Declared {
        name: "Dienstleistungen",
        columns: &[
            ("DienstleistungID", "int(11) NOT NULL"),
            ("Bezeichnung", "varchar(80)"),
            ("Preis", "decimal(10,2)"),
        ],
        key: &["DienstleistungID"],
        references: &[],
    },
];
