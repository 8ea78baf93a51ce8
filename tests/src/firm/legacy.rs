//! The database that the firm comes from: one flat table in a MySQL dump, as the old shop software wrote it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

/// Spellings of the statuses as people typed them over the years.
const STATUSES: [&str; 8] = [
    "Offen",
    "offen",
    "InArbeit",
    "In Arbeit",
    "abgeschlossen",
    "Abgeschlossen",
    "abgeschlossen",
    "storniert",
];

const SERVICES: [(&str, u32); 6] = [
    ("Kleiner Service", 49),
    ("Grosser Service", 69),
    ("Rennski-Service", 99),
    ("Bindung montieren und einstellen", 39),
    ("Fell zuschneiden", 25),
    ("Heisswachsen", 18),
];

const PRIORITIES: [&str; 3] = ["Standard", "Tief", "Express"];

const GIVEN_NAMES: [&str; 8] = [
    "Ursina", "Beat", "Chiara", "Reto", "Seraina", "Luca", "Amélie", "Jörg",
];

const FAMILY_NAMES: [&str; 9] = [
    "Caduff", "Meier", "Rossi", "Müller", "Favre", "Cavelti", "O'Neill", "Bühler", "Tschudi",
];

/// Rows in one INSERT, as mysqldump writes them.
const ROWS_PER_INSERT: u32 = 200;

/// Writes a dump of `orders` orders of the branches `branches`, always the same for the same numbers.
///
/// # Errors
/// When the file cannot be written.
pub fn write_dump(file: &Path, orders: u32, seed: u64, branches: &[&str]) -> Result<()> {
    std::fs::write(file, dump(orders, seed, branches))
        .with_context(|| format!("cannot write {}", file.display()))
}

fn dump(orders: u32, seed: u64, branches: &[&str]) -> String {
    let mut dice = Dice(seed);
    let mut out = String::from(HEAD);
    for row in 0..orders {
        out.push_str(match row % ROWS_PER_INSERT {
            0 => "INSERT INTO `serviceauftrag` VALUES ",
            _ => ",",
        });
        write_row(&mut out, row + 1, &mut dice, branches);
        if (row + 1) % ROWS_PER_INSERT == 0 || row + 1 == orders {
            out.push_str(";\n");
        }
    }
    out.push_str(FOOT);
    out
}

const HEAD: &str = "-- MySQL dump 10.13  Distrib 8.0.36, for Win64 (x86_64)
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS `serviceauftrag`;
CREATE TABLE `serviceauftrag` (
  `AuftragID` int NOT NULL AUTO_INCREMENT,
  `Kundenname` varchar(100) NOT NULL,
  `Email` varchar(100) DEFAULT NULL,
  `Telefon` varchar(30) DEFAULT NULL,
  `Prioritaet` varchar(20) NOT NULL,
  `Dienstleistung` varchar(60) NOT NULL,
  `Preis` decimal(8,2) NOT NULL,
  `Erstelldatum` datetime NOT NULL,
  `Abholdatum` date DEFAULT NULL,
  `Status` varchar(20) NOT NULL,
  `Niederlassung` varchar(40) NOT NULL,
  `Bemerkung` text,
  PRIMARY KEY (`AuftragID`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
LOCK TABLES `serviceauftrag` WRITE;
";

const FOOT: &str = "UNLOCK TABLES;
-- Dump completed
";

fn write_row(out: &mut String, id: u32, dice: &mut Dice, branches: &[&str]) {
    let (given, family) = (dice.pick(&GIVEN_NAMES), dice.pick(&FAMILY_NAMES));
    let (service, price) = dice.pick(&SERVICES);
    let (year, month, day) = (2023 + dice.below(3), 1 + dice.below(12), 1 + dice.below(21));
    // Twice the quote, as MySQL takes it besides the backslash.
    let name = format!("{given} {family}").replace('\'', "''");
    let email = match dice.below(10) {
        0 => "NULL".to_owned(),
        _ => format!("'kunde{}@example.ch'", dice.below(100_000)),
    };
    let note = match dice.below(5) {
        0 => "'Kanten\\nscharf; \"Rennen\" am Samstag'",
        _ => "NULL",
    };
    let _ = write!(
        out,
        "({id},'{name}',{email},'079 555 {:02} {:02}','{}','{service}',{price}.00,'{year}-{month:02}-{day:02} {:02}:{:02}:00','{year}-{month:02}-{:02}','{}','{}',{note})",
        dice.below(100),
        dice.below(100),
        dice.pick(&PRIORITIES),
        8 + dice.below(10),
        dice.below(60),
        day + 7,
        dice.pick(&STATUSES),
        dice.pick(branches),
    );
}

/// A fixed sequence of numbers (SplitMix64 by Steele, Lea and Flood), so that every run brings the same orders.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        u32::try_from(mixed % u64::from(limit)).unwrap_or_default()
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        let place = self.below(u32::try_from(choices.len()).unwrap_or(1));
        choices[place as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_brings_the_same_orders() {
        let first = dump(450, 7, &["Chur", "Davos"]);
        assert_eq!(first, dump(450, 7, &["Chur", "Davos"]));
        assert_ne!(first, dump(450, 8, &["Chur", "Davos"]));
        assert_eq!(first.matches("INSERT INTO").count(), 3);
        assert_eq!(
            first.matches("'Chur'").count() + first.matches("'Davos'").count(),
            450
        );
    }
}
