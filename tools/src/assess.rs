//! `assess`: what a legacy database holds, and what is risky about bringing it over. Reads, never judges in silence.

mod findings;
pub mod keys;
mod profile;
pub mod relations;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

pub use findings::{Finding, Risk};
pub use profile::ColumnProfile;
pub use text::render;

use crate::source::SourceSummary;
use crate::staging::{Broken, Skipped, Staging};
use relations::Relation;

/// Everything `assess` found, as printed with `--json`.
#[derive(Debug, Clone, Serialize)]
pub struct Assessment {
    /// Which database wrote the source.
    pub dialect: String,
    /// How its characters are written.
    pub encoding: String,
    /// SHA-256 of the source.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// All tables with their columns.
    pub tables: Vec<TableReport>,
    /// References between tables, declared and inferred.
    pub relations: Vec<Relation>,
    /// Statements that were stepped over.
    pub skipped: Vec<Skipped>,
    /// What could not be read.
    pub errors: Vec<Broken>,
    /// Risks, the gravest first, each with its remedy.
    pub findings: Vec<Finding>,
    /// Notes beyond the limit that are not listed.
    pub notes_dropped: u64,
}

/// One table.
#[derive(Debug, Clone, Serialize)]
pub struct TableReport {
    /// Its name.
    pub name: String,
    /// Its rows, as the real database would hold them.
    pub rows: u64,
    /// Its columns.
    pub columns: Vec<ColumnReport>,
    /// Names of the primary key's columns.
    pub primary_key: Vec<String>,
    /// What the table seems to hold.
    pub role: &'static str,
}

/// One column: declared and found.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnReport {
    /// Its name.
    pub name: String,
    /// Its type as declared.
    pub declared_type: String,
    /// What its values look like.
    pub found_type: String,
    /// How many are NULL.
    pub nulls: u64,
    /// How many are the empty string.
    pub empty: u64,
    /// Different values, when there are few enough to count.
    pub distinct: Option<usize>,
    /// The longest value in characters.
    pub longest: usize,
}

/// Assesses a staged source.
pub fn assess(staging: &Staging, summary: &SourceSummary) -> Result<Assessment, rusqlite::Error> {
    let profiles = profile_all(staging)?;
    let relations = relations::find(staging);
    let roles = relations::roles(staging, &relations);
    let findings = findings::find(staging, summary, &profiles, &relations, &roles)?;
    let tables = staging
        .tables()
        .iter()
        .map(|table| {
            let name = &table.schema.name;
            let columns =
                table
                    .schema
                    .columns
                    .iter()
                    .zip(&profiles[name])
                    .map(|(column, profile)| ColumnReport {
                        name: column.name.clone(),
                        declared_type: column.declared_type.clone(),
                        found_type: profile.found_type(),
                        nulls: profile.nulls,
                        empty: profile.empty,
                        distinct: profile.values.as_ref().map(BTreeMap::len),
                        longest: profile.longest,
                    });
            TableReport {
                name: name.clone(),
                rows: table.rows,
                columns: columns.collect(),
                primary_key: table.schema.primary_key.clone(),
                role: roles.get(name).map_or("other", |role| role.word()),
            }
        })
        .collect();
    Ok(Assessment {
        dialect: summary.dialect.to_owned(),
        encoding: summary.encoding.to_owned(),
        sha256: summary.sha256.clone(),
        bytes: summary.bytes,
        tables,
        relations,
        skipped: staging.skipped().to_vec(),
        errors: staging.broken().to_vec(),
        findings,
        notes_dropped: staging.notes_dropped(),
    })
}

/// The profiles of all columns by table.
pub fn profile_all(
    staging: &Staging,
) -> Result<BTreeMap<String, Vec<ColumnProfile>>, rusqlite::Error> {
    staging
        .tables()
        .iter()
        .map(|table| Ok((table.schema.name.clone(), profile::table(staging, table)?)))
        .collect()
}
