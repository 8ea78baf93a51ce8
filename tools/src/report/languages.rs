//! Every report of an import in which much went wrong is in one language, and holds no word of the other.

use std::collections::BTreeSet;

use super::tests::{about, assert_sound};
use super::*;
use crate::assess::assess;
use crate::end_to_end::Bench;
use crate::parallel_run::stage;

const TEXTS: [(Language, [&str; 2]); 2] = [
    (
        Language::German,
        [
            include_str!("../../locales/de/reports.ftl"),
            include_str!("../../locales/de/messages.ftl"),
        ],
    ),
    (
        Language::English,
        [
            include_str!("../../locales/en/reports.ftl"),
            include_str!("../../locales/en/messages.ftl"),
        ],
    ),
];

/// Words that tell a language, whether the texts of the reports use them or not.
const TELLING: [(Language, &str); 2] = [
    (
        Language::German,
        "und oder nicht kein keine der die das ist sind wird wurde wurden mit ohne für von zu bei eine einen Zeile Zeilen",
    ),
    (
        Language::English,
        "the of and or not no is are was were be has have with without from by to which this that these there its it row rows \
         line lines found expected read written missing value values more than only at most nothing neither nor",
    ),
];

/// A workshop's database with whatever can go wrong in one: rows that cannot be read, values nobody knows, lines without an
/// order, statements that are stepped over.
const WORKSHOP: &str = "\
-- MySQL dump 10.13\nSET NAMES utf8mb4;\n\
CREATE TABLE `Filialen` (`Nr` int NOT NULL, `Ort` varchar(40), PRIMARY KEY (`Nr`)) ENGINE=InnoDB;\n\
CREATE TABLE `Auftraege` (`AuftragNr` int NOT NULL, `Name` varchar(60), `Telefon` varchar(30), `FilialeNr` int, `Status` varchar(20), \
`Prioritaet` varchar(20), `Annahme` varchar(30), `Abholung` varchar(30), `Bezahlt` varchar(10), PRIMARY KEY (`AuftragNr`)) ENGINE=InnoDB;\n\
CREATE TABLE `Positionen` (`PosNr` int NOT NULL, `AuftragNr` int, `Bezeichnung` varchar(40), `Menge` varchar(10), `Preis` varchar(12), \
PRIMARY KEY (`PosNr`), CONSTRAINT `f` FOREIGN KEY (`AuftragNr`) REFERENCES `Auftraege` (`AuftragNr`)) ENGINE=InnoDB;\n\
INSERT INTO `Filialen` VALUES (1,'Chur'),(2,'Davos');\n\
INSERT INTO `Auftraege` VALUES (1,'Reto Tschudi','0791234567',1,'Offen','Standard','2024-11-20','2024-11-24','ja'),\
(2,'Ursina Caflisch','0792345678',2,'Fertig','Express','2024-11-21','0000-00-00','nein'),\
(3,'Gian Camenisch','0793456789',1,'Wartend','Standard','2024-11-22','2024-11-25','ja'),\
(4,'Flurina Bezzola','0794567890',2,'Offen','Standard','bald','2024-11-25','ja'),\
(5,'Anna Kühne','0795678901',1,'Offen','Standard','2024-11-23','2024-11-26','vielleicht'),\
(6,'Beat Caviezel','0796789012',2,NULL,'Standard','2024-11-23','2024-11-26','ja'),\
(7,'Seraina Derungs','0797890123',9,'Offen','Dringend','2024-11-23','2024-11-26','nein'),\
(8,'Curdin Lutz','0798901234',1,'Offen','Standard',NOW(),'2024-11-26','nein'),\
(9,'Mario Hug'),\
(1,'Reto Doppel','0791234567',1,'Offen','Standard','2024-11-20','2024-11-24','ja');\n\
INSERT INTO `Positionen` VALUES (1,1,'Kleiner Service','1','49.00'),(2,1,'Heisswachsen','1','18.00'),(3,2,'Kantenschliff','2','25.50'),\
(4,99,'Bindung','1','12.00'),(5,3,'Belag','1','30.00'),(6,4,'Belag','viel','30.00'),(7,5,'Belag','1','teuer'),(8, ,'Belag','1','5.00');\n\
UPDATE `Auftraege` SET `Status` = 'Fertig' WHERE `AuftragNr` = 1;\nINSERT INTO `Auftraege` SELECT * FROM `Alte`;\n\
CREATE VIEW `Sicht` AS SELECT * FROM `Auftraege`;\nGRANT SELECT ON `Auftraege` TO `kasse`;\n\
INSERT INTO `Positionen` VALUES (9,1,'Gr\u{fc}ndlich','1','5.00');\nINSERT INTO `Positionen` VALUES (10,1,'offen,'1','5.00');\n";

/// What a reader sees of a report: its texts and what is read out.
fn visible(html: &str) -> String {
    let mut text = String::new();
    let body = html.split("</style>").last().unwrap_or_default();
    for (at, part) in body.split('<').enumerate() {
        let (tag, shown) = if at == 0 {
            ("", part)
        } else {
            part.split_once('>').unwrap_or((part, ""))
        };
        for attribute in ["aria-label=\"", "title=\"", "alt=\""] {
            let value = tag.split(attribute).nth(1);
            text += value
                .and_then(|rest| rest.split('"').next())
                .unwrap_or_default();
            text.push(' ');
        }
        text += shown;
        text.push('\n');
    }
    for (entity, sign) in [
        ("&#39;", "'"),
        ("&#34;", "\""),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, sign);
    }
    text
}

/// Words of letters alone: a checksum has none.
fn words_of(text: &str) -> BTreeSet<&str> {
    text.split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| word.chars().count() > 1 && word.chars().all(char::is_alphabetic))
        .collect()
}

/// The words of the texts in a language, without keys and variables.
fn vocabulary(language: Language) -> BTreeSet<&'static str> {
    let (_, files) = TEXTS
        .iter()
        .find(|(of, _)| *of == language)
        .expect("a language");
    let mut found = BTreeSet::new();
    for line in files.iter().flat_map(|file| file.lines()) {
        if line.starts_with('#') {
            continue;
        }
        let text = line.split_once(" = ").map_or(line, |(_, text)| text);
        let text = text.split_once("] ").map_or(text, |(_, text)| text);
        for (at, part) in text.split('{').enumerate() {
            let part = if at == 0 {
                part
            } else {
                part.split_once('}').map_or("", |(_, behind)| behind)
            };
            found.extend(words_of(part));
        }
    }
    let telling = TELLING.iter().filter(|(of, _)| *of == language);
    found.extend(telling.flat_map(|(_, words)| words.split_whitespace()));
    found
}

/// Words of the other language in a report, apart from those that the old database itself holds.
fn foreign<'h>(language: Language, shown: &'h str, data: &BTreeSet<&str>) -> Vec<&'h str> {
    let other = match language {
        Language::German => Language::English,
        Language::English => Language::German,
    };
    let (own, other) = (vocabulary(language), vocabulary(other));
    words_of(shown)
        .into_iter()
        .filter(|word| other.contains(word) && !own.contains(word) && !data.contains(word))
        .collect()
}

#[test]
fn each_report_of_an_import_that_goes_wrong_is_in_one_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("werkstatt.sql");
    std::fs::write(&source, WORKSHOP).expect("a dump");
    let found = {
        let (staging, _) = stage(&source);
        let summary = crate::source::SourceSummary {
            dialect: "mysql",
            encoding: "mixed utf-8, windows-1252 and cp850",
            sha256: String::new(),
            bytes: 1,
        };
        assess(&staging, &summary).expect("it is assessed")
    };
    assert!(found.errors.len() > 5, "{:?}", found.errors);
    assert!(!found.skipped.is_empty());

    let mut bench = Bench::of(&source);
    bench.allow_everything();
    let rehearsal = bench.rehearse(folder.path());
    assert!(rehearsal.rejected() > 5, "{:?}", rehearsal.rejects);
    bench.run().expect("the run ends");
    bench.staff_changes_every_status();

    // Another state of the database is what the store is then compared with: hardly a row is as it was.
    let later_folder = tempfile::tempdir().expect("a folder");
    let later = later_folder.path().join("werkstatt.sql");
    let script = WORKSHOP
        .replace(
            "'Reto Tschudi','0791234567',1",
            "'Reto Tschudy','0791234000',2",
        )
        .replace(
            "(3,2,'Kantenschliff','2','25.50')",
            "(3,2,'Schliff','3','25.00')",
        )
        .replace("(2,1,'Heisswachsen','1','18.00'),", "")
        .replace("(2,'Ursina", "(12,'Ursina");
    std::fs::write(&later, &script).expect("a dump");
    let mut other = Bench::of(&later);
    other.allow_everything();
    other.run().expect("the run ends");
    other.take_store_of(&mut bench);
    let report = other.verify();
    assert!(report.difference_count > 8, "{report:#?}");
    let sums = other.reconcile();
    let mut certificate = other.certify();
    certificate.rejects = rehearsal.rejects.clone();

    // The program's own name is of no language.
    let whole = format!("{WORKSHOP}{script} offpiste-import");
    let data = words_of(&whole);
    for language in Language::ALL {
        let about = about(language, "werkstatt.sql");
        let reports = [
            ("assessment", assessment(&about, &found)),
            ("rehearsal", super::rehearsal(&about, "0", &rehearsal)),
            ("reconciliation", reconciliation(&about, &report, &sums)),
            ("certificate", super::certificate(&about, &certificate)),
        ];
        for (name, html) in reports {
            let html = html.expect("a report");
            assert_sound(&html);
            let shown = visible(&html);
            let known_again = super::words::Words::new(language, "UTC").text("said-by-program");
            let prefix = known_again.split(['{', '[']).next().unwrap_or_default();
            assert!(
                prefix.is_empty() || !shown.contains(prefix.trim()),
                "{name}: a message is not known again: {}",
                shown
                    .lines()
                    .find(|line| line.contains(prefix.trim()))
                    .unwrap_or_default()
            );
            let foreign = foreign(language, &shown, &data);
            let lines: Vec<&str> = shown
                .lines()
                .filter(|line| words_of(line).iter().any(|word| foreign.contains(word)))
                .collect();
            assert!(
                foreign.is_empty(),
                "{name} in {language:?} has {foreign:?}:\n{}",
                lines.join("\n")
            );
        }
    }
}

#[test]
fn a_word_of_the_other_language_is_found() {
    let data = BTreeSet::new();
    let shown = visible("<p title=\"Wert\">Zeile 7, 3be9</p>: the row is not closed");
    assert_eq!(
        foreign(Language::German, &shown, &data),
        ["closed", "is", "not", "row", "the"]
    );
}
