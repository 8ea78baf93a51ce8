//! The file of rejects as the checker reads it.

use std::collections::{HashMap, HashSet};
use std::io::BufRead as _;
use std::path::Path;

use shared::id::DocumentId;

use super::SourceRow;
use crate::naming;
use crate::plan::Plan;
use crate::staging::Staging;

/// Rows that `run` and `sync` rejected. A file that is not there rejects nothing.
#[derive(Default)]
pub(super) struct Rejects {
    /// Places by table.
    rows: HashMap<String, HashSet<i64>>,
    /// Those of which it is said that another row has their key.
    for_their_keys: HashMap<String, HashSet<i64>>,
    /// Those of which a former state is at the target.
    at_target: HashMap<String, HashSet<i64>>,
    /// The documents of the former states.
    former: HashSet<DocumentId>,
}

impl Rejects {
    pub(super) fn read(plan: &Plan, staging: &Staging, path: &Path) -> Self {
        let mut rejects = Self::default();
        let Ok(file) = std::fs::File::open(path) else {
            return rejects;
        };
        for line in std::io::BufReader::new(file).lines().map_while(Result::ok) {
            if let Ok(entry) = serde_json::from_str::<serde_json::Value>(&line) {
                rejects.note(plan, staging, &entry);
            }
        }
        rejects
    }

    fn note(&mut self, plan: &Plan, staging: &Staging, entry: &serde_json::Value) {
        let note = |places: &mut HashMap<String, HashSet<i64>>, table: &str, place: i64| {
            let places = places.entry(table.to_owned()).or_default();
            places.insert(place);
        };
        if let (Some(table), Some(place)) = (entry["table"].as_str(), entry["place"].as_i64()) {
            note(&mut self.rows, table, place);
            if entry["code"].as_str() == Some("duplicate_key") {
                note(&mut self.for_their_keys, table, place);
            }
            if entry["at_target"].as_bool() == Some(true) {
                note(&mut self.at_target, table, place);
                let key = entry["key"].as_str();
                let id = key.map(|key| naming::document_id(&plan.source_name, table, key));
                self.former.extend(id);
            }
        }
        for row in entry["rows"].as_array().into_iter().flatten() {
            let table = row[0]
                .as_u64()
                .and_then(|place| staging.tables().get(usize::try_from(place).ok()?));
            if let (Some(table), Some(place)) = (table, row[1].as_i64()) {
                note(&mut self.rows, &table.schema.name, place);
            }
        }
    }

    /// Whether a row is among them.
    pub(super) fn has(&self, row: &SourceRow<'_>) -> bool {
        if self.rows.is_empty() {
            return false;
        }
        let places = self.rows.get(&row.table.schema.name);
        places.is_some_and(|places| places.contains(&row.rowid))
    }

    /// Whether a row was rejected for its key's sake.
    pub(super) fn is_for_its_key(&self, row: &SourceRow<'_>) -> bool {
        let places = self.for_their_keys.get(&row.table.schema.name);
        places.is_some_and(|places| places.contains(&row.rowid))
    }

    /// Whether the row as it is now was rejected, while a former state of it is at the target.
    pub(super) fn is_at_target(&self, row: &SourceRow<'_>) -> bool {
        let places = self.at_target.get(&row.table.schema.name);
        places.is_some_and(|places| places.contains(&row.rowid))
    }

    /// Whether a document is the former state of a row that was rejected since.
    pub(super) fn is_former(&self, document: DocumentId) -> bool {
        self.former.contains(&document)
    }
}
