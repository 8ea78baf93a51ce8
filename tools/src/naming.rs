//! Names that both the writer and the checker of an import must agree on: identities of documents and names of legacy
//! fields. A specification, not a conversion: what values become is written twice, in `apply` and in `verify`.

use shared::id::DocumentId;

use crate::source::schema::TableSchema;

/// Between the parts of a key of several columns: a sign no text in a database holds.
pub(crate) const KEY_SEPARATOR: &str = "\u{1f}";

/// Longest part of a legacy field's name, so that prefix and line key fit beside it.
const LONGEST_SLUG: usize = 48;

/// The identity of the document a row becomes (UUIDv5), the same however often it is imported. The table's name counts
/// without its case: MySQL on Windows dumps the names of a table in lower case that it dumps as written elsewhere.
pub fn document_id(source: &str, table: &str, key: &str) -> DocumentId {
    let table = table.to_lowercase();
    DocumentId::named(&["legacy", source, &table, key].join("/"))
}

/// The text of a row's key.
pub fn key_text<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    parts.into_iter().collect::<Vec<_>>().join(KEY_SEPARATOR)
}

/// The parts that [`key_text`] has joined.
pub fn key_parts(key: &str) -> Vec<&str> {
    key.split(KEY_SEPARATOR).collect()
}

/// A key as people read it: the parts of a key of several columns behind each other.
pub fn shown_key(key: &str) -> String {
    key.replace(KEY_SEPARATOR, ", ")
}

/// The key of a row in a table without one: its place.
pub fn place_as_key(rowid: i64) -> String {
    format!("row {rowid}")
}

/// For each column of a table: the last part of the field that keeps its raw value. Unique within the table.
pub fn slugs(table: &TableSchema) -> Vec<String> {
    let mut taken: Vec<String> = Vec::with_capacity(table.columns.len());
    for (place, column) in table.columns.iter().enumerate() {
        let mut slug: String = crate::vocabulary::reduced(&column.name)
            .chars()
            .filter(char::is_ascii)
            .take(LONGEST_SLUG)
            .collect();
        if slug.is_empty() || taken.contains(&slug) {
            slug = format!("{slug}.{place}");
        }
        taken.push(slug);
    }
    taken
}
