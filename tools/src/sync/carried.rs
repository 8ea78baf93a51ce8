//! What a sync carried over, counted, listed and told.

use serde::Serialize;

/// What a sync carried over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// Documents that are new.
    pub new: u64,
    /// Documents that follow a changed row.
    pub changed: u64,
    /// Documents that nothing had to be written to.
    pub unchanged: u64,
    /// Fields written.
    pub fields: u64,
    /// Fields in which the row's new value stands beside staff's, until somebody chooses.
    pub conflicts: u64,
    /// Fields in which the row says again what somebody has decided about before; the decision stands.
    pub decided: u64,
    /// Documents whose rows are gone, marked now.
    pub gone: u64,
    /// Documents whose rows are gone and were marked before, or which somebody has decided to keep.
    pub gone_before: u64,
    /// Lines whose rows are gone, marked now.
    pub lines_gone: u64,
    /// Documents that were gone or taken back and are there again.
    pub back: u64,
    /// Documents of forgotten people; nothing is written to them.
    pub erased: u64,
    /// Rows that cannot be brought over as they are now; their documents stay as they were.
    pub stale: u64,
    /// Rows gone, the first thousand.
    pub gone_rows: Vec<Row>,
    /// Conflicts, the first thousand.
    pub conflict_fields: Vec<ConflictField>,
    /// Fields in which a former decision stands, the first thousand.
    pub decided_fields: Vec<ConflictField>,
}

impl Carried {
    /// What a person reads, one line each.
    pub fn lines(&self) -> Vec<String> {
        let counted = [
            (self.new, "document is new", "documents are new"),
            (
                self.changed,
                "document follows a changed row",
                "documents follow a changed row",
            ),
            (self.back, "document is back", "documents are back"),
            (
                self.conflicts,
                "field is in conflict with what staff wrote; a person chooses",
                "fields are in conflict with what staff wrote; a person chooses",
            ),
            (
                self.decided,
                "field says again what somebody has decided about before; the decision stands",
                "fields say again what somebody has decided about before; the decisions stand",
            ),
            (
                self.gone,
                "document is marked: its row is gone; a person decides",
                "documents are marked: their rows are gone; a person decides",
            ),
            (
                self.lines_gone,
                "line is marked: its row is gone",
                "lines are marked: their rows are gone",
            ),
            (
                self.gone_before,
                "document was marked before, or is kept though its row is gone",
                "documents were marked before, or are kept though their rows are gone",
            ),
            (
                self.erased,
                "document of a forgotten person was left alone",
                "documents of forgotten people were left alone",
            ),
            (
                self.stale,
                "row cannot be brought over as it is now; its document stays as it was",
                "rows cannot be brought over as they are now; their documents stay as they were",
            ),
        ];
        let told = counted.into_iter().filter(|(count, ..)| *count > 0);
        told.map(|(count, one, several)| {
            format!("{count} {}", if count == 1 { one } else { several })
        })
        .collect()
    }
}

/// A row by its table and key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The table.
    pub table: String,
    /// The key.
    pub key: String,
}

/// A field in which a changed row stands beside what staff wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictField {
    /// The table.
    pub table: String,
    /// The key.
    pub key: String,
    /// The field.
    pub field: String,
}
