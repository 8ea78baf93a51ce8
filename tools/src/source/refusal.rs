//! Files that cannot be imported, each with what to do instead.

use std::path::Path;

use crate::vocabulary;

/// The first bytes of every SQLite database.
pub const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// A file that was refused: what it is and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} is {what}. Nothing was read and nothing was changed. {remedy}")]
pub struct Refusal {
    /// The file.
    pub path: String,
    /// What it is, as the end of "this file is ...".
    pub what: String,
    /// What to do instead, whole sentences.
    pub remedy: String,
}

/// Refuses what the first bytes or the name show to be no dump.
pub fn check_head(path: &Path, head: &[u8]) -> Result<(), Refusal> {
    let extension = path
        .extension()
        .and_then(|text| text.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let refuse = |what: &str, remedy: &str| {
        Err(Refusal {
            path: path.display().to_string(),
            what: what.to_owned(),
            remedy: remedy.to_owned(),
        })
    };
    if head.iter().all(u8::is_ascii_whitespace) {
        return refuse(
            "empty",
            "Dump the database again and look at the error messages of the dump.",
        );
    }
    if head.starts_with(SQLITE_MAGIC) {
        return Ok(());
    }
    if head.starts_with(b"TAPE") || extension == "bak" {
        return refuse(
            "a SQL Server backup, which only SQL Server itself can open",
            "Restore it there, then write a script with Tasks > Generate Scripts > Schema and data, and import that.",
        );
    }
    if head.starts_with(b"PK\x03\x04") || extension == "zip" {
        return refuse("a zip archive", "Unpack it and import the file inside.");
    }
    if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        || head.starts_with(b"7z\xbc\xaf")
        || head.starts_with(b"BZh")
    {
        return refuse("a compressed file", "Unpack it and import the file inside.");
    }
    if head.starts_with(b"PGDMP") {
        return refuse(
            "a PostgreSQL dump in custom format",
            "Write it as text first: pg_restore --file=dump.sql FILE.",
        );
    }
    if extension == "bson" || looks_like_bson(head) {
        return refuse(
            "a MongoDB export, no relational database",
            "Import the dump of the relational database it was made from; this tool reads SQLite, MySQL, PostgreSQL and SQL Server.",
        );
    }
    if head.starts_with(b"\x00\x01\x00\x00Standard") {
        return refuse(
            "a Microsoft Access file",
            "Export its tables to SQLite, MySQL or SQL Server and import that.",
        );
    }
    if super::encoding::Layout::detect(head) == super::encoding::Layout::Bytes && is_binary(head) {
        return refuse(
            "no text and no SQLite database",
            "Import a SQL dump or a SQLite file.",
        );
    }
    Ok(())
}

/// Refuses a SQLite file that is some other program's: no table of it can hold orders.
pub fn check_sqlite_tables(path: &Path, tables: &[String]) -> Result<(), Refusal> {
    if tables.iter().any(|name| vocabulary::is_orders_table(name)) {
        return Ok(());
    }
    let what = if tables.is_empty() {
        "a SQLite database without tables".to_owned()
    } else {
        let shown: Vec<&str> = tables.iter().take(8).map(String::as_str).collect();
        format!(
            "a SQLite database without orders (its tables: {})",
            shown.join(", ")
        )
    };
    let remedy = "Look for the database the orders are in: often *.db or *.sqlite beside the shop's program.".to_owned();
    Err(Refusal {
        path: path.display().to_string(),
        what,
        remedy,
    })
}

/// A BSON file begins with the length of its first document, which ends in a NUL and whose first element has a type.
fn looks_like_bson(head: &[u8]) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<4>() else {
        return false;
    };
    let length = u32::from_le_bytes(*length) as usize;
    let ends_in_nul = head
        .get(length.wrapping_sub(1))
        .is_some_and(|byte| *byte == 0);
    (16..16 * 1024 * 1024).contains(&length)
        && rest.first().is_some_and(|kind| (1..=0x13).contains(kind))
        && ends_in_nul
}

fn is_binary(head: &[u8]) -> bool {
    let odd = head.iter().filter(|byte| **byte < 9).count();
    odd * 100 > head.len() * 5
}
