//! Legacy rows to deltas, written by the importer's own actor.
//!
//! Deterministic: the same source and plan give the same dots, stamps and bytes, so that importing twice is importing once.
//! The actor's incarnation is drawn from source, plan and [`WRITER`]; neither a corrected plan nor a later version of this
//! program therefore ever reuses a dot with other contents.

mod customer;
mod doubled;
mod order;
mod parallel;
mod rows;
mod service;
mod shape;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use sha2::{Digest, Sha256};
use shared::clock::{Hlc, UtcMillis};
use shared::document::view::ValueView;
use shared::document::{Authoring, Currency, Draft, DraftRoom};
use shared::domain::{PhoneNumber, fields};
use shared::id::{Actor, BranchId, DocumentId, ReplicaNumber};
use shared::limits;

use crate::ledger::{Fate, Ledger};
use crate::plan::Plan;
use crate::staging::Staging;
use doubled::{Doubled, Holder};
use parallel::Stage;
use rows::{Raw, Source, SourceRow};
use service::Named;
use shape::Shape;

/// Rules by which a value is changed on the way. Each needs a budget in the plan.
pub const CHANGE_RULES: [&str; 7] = [
    "zero_date",
    "placeholder_date",
    "phone_zero",
    "rounded_line",
    "clock_change",
    UNREADABLE,
    UNAPPLIED,
];

/// Rows and statements of the source that could not be read. They are in no count, so the plan must know of them.
const UNREADABLE: &str = "unreadable";

/// Statements that change rows and were not carried out.
const UNAPPLIED: &str = "unapplied_change";

/// The code of rows whose key is another row's. Only that other row becomes the document of the key.
pub(crate) const DUPLICATE_KEY: &str = "duplicate_key";

/// The code of a line that no order's row leads to.
pub(crate) const ORPHAN_LINE: &str = "orphan_line";

/// Counted up whenever the same source and plan come to other bytes than before: it is part of what the actor's incarnation is
/// drawn from, so that no dot ever gets two contents. Which bytes belong to it a test knows.
pub const WRITER: u32 = 2;

/// Services kept ready while rows are read.
const SERVICES_KEPT: usize = 2_000;

/// Telephones kept ready while rows are read: a few megabytes.
const PHONES_KEPT: usize = 50_000;

/// Branches by lower-case name or id.
pub type BranchDirectory = BTreeMap<String, BranchId>;

/// One document made of one or several rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Produced {
    /// Its identity.
    pub id: DocumentId,
    /// The delta's canonical bytes.
    pub encoded: Vec<u8>,
    /// The rows it is made of: place of the table, rowid.
    pub rows: Vec<(usize, i64)>,
}

/// A row that could not be brought over, as written to the file of rejects.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Reject {
    /// The table.
    pub table: String,
    /// The line in the dump, or the row's place in a SQLite file.
    pub line: i64,
    /// The row's place in its table, from 1.
    pub place: i64,
    /// Its key.
    pub key: Option<String>,
    /// Why, for programs.
    pub code: &'static str,
    /// Why, for people.
    pub reason: String,
    /// The row as it was read, so that it can be mended and fed back.
    pub row: BTreeMap<String, Option<String>>,
}

/// Why an import cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The staging database failed.
    #[error("the working database failed: {0}. What was already sent stays; run again to go on.")]
    Staging(#[from] rusqlite::Error),
    /// Whoever takes the documents cannot go on.
    #[error(transparent)]
    Taker(#[from] anyhow::Error),
}

/// What one pass came to.
#[derive(Debug)]
pub struct Outcome {
    /// What became of each row.
    pub ledger: Ledger,
    /// Values changed, by rule.
    pub changes: BTreeMap<&'static str, u64>,
    /// Documents produced.
    pub documents: u64,
    /// The last counter used.
    pub counter: u64,
}

/// Whoever takes what a pass produces.
pub trait Taker {
    /// Whether documents are wanted at all, or only what they would come to.
    fn wants_documents(&self) -> bool {
        true
    }
    /// A document. Fails when it cannot be kept.
    fn document(&mut self, produced: Produced) -> anyhow::Result<()>;
    /// A row that is not brought over.
    fn reject(&mut self, reject: Reject) -> anyhow::Result<()>;
    /// A row that this portion of the source leaves for another one; the document it would become.
    fn left_out(&mut self, _document: DocumentId) -> anyhow::Result<()> {
        Ok(())
    }
}

/// The actor of an import: the replica's number, and an incarnation that source, plan and [`WRITER`] decide.
/// A portion, and rows that were mended, count like a plan of their own: their rows get other counters than the same rows of the whole.
pub fn actor(replica: ReplicaNumber, plan: &Plan, plan_text: &str, source_sha256: &str) -> Actor {
    let portion = if plan.portion.is_whole() {
        String::new()
    } else {
        format!("{}\n", plan.portion)
    };
    let mended = &plan.mended.mark;
    let digest = Sha256::digest(format!(
        "writer {WRITER}\n{source_sha256}{mended}\n{portion}{plan_text}"
    ));
    let incarnation = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    Actor::new(replica, incarnation)
}

/// Names of branches that the plan uses and the directory does not know.
pub fn missing_branches(plan: &Plan, directory: &BranchDirectory) -> Vec<String> {
    let mut names = branch_names(plan);
    names.retain(|name| !directory.contains_key(&name.to_lowercase()));
    names
}

fn branch_names(plan: &Plan) -> Vec<String> {
    plan.branches.names().into_iter().cloned().collect()
}

/// The id of a branch the importer makes.
pub fn branch_id(plan: &Plan, name: &str) -> BranchId {
    BranchId(crate::naming::document_id(
        &plan.source_name,
        "branch",
        name,
    ))
}

/// One pass over all rows. Documents and rejects come in the order of their rows; rows are read, and documents built, on
/// several threads.
pub fn apply(
    plan: &Plan,
    staging: &Staging,
    directory: &BranchDirectory,
    actor: Actor,
    new_branches: &[String],
    taker: &mut dyn Taker,
) -> Result<Outcome, ApplyError> {
    let ledger = Ledger::open(staging)?;
    let common = Common {
        plan,
        directory,
        actor,
        ledger: &ledger,
        doubled: &Doubled::find(plan, staging)?,
        wants_documents: taker.wants_documents(),
    };
    let mut pass = Pass::of(common, staging);
    let mut documents = 0;
    for name in branch_names(plan) {
        pass.make_branch(&name, new_branches)?;
    }
    pass.note_what_was_not_read();
    pass.services()?;
    documents += hand_over(&mut pass, taker)?;
    let shape = Shape::of(&mut pass)?;
    let mut changes = BTreeMap::new();
    for stage in [Stage::Customers, Stage::Orders] {
        documents += parallel::carry_out(stage, common, staging, &shape, &mut changes, taker)?;
    }
    pass.settle_the_rest()?;
    documents += hand_over(&mut pass, taker)?;
    for (rule, count) in pass.changes {
        *changes.entry(rule).or_default() += count;
    }
    Ok(Outcome {
        ledger,
        changes,
        documents,
        counter: shape.counters.end(),
    })
}

/// What all threads of a pass have in common.
#[derive(Clone, Copy)]
struct Common<'a> {
    plan: &'a Plan,
    directory: &'a BranchDirectory,
    actor: Actor,
    ledger: &'a Ledger,
    /// Rows whose key is another row's.
    doubled: &'a Doubled,
    /// Documents are built only when somebody takes them.
    wants_documents: bool,
}

/// What a pass has made and nobody has taken yet.
#[derive(Default)]
struct Made {
    documents: Vec<Produced>,
    rejects: Vec<Reject>,
    /// Documents of rows that another portion brings.
    left_out: Vec<DocumentId>,
    count: u64,
}

impl Made {
    /// Gives everything to the taker; how many documents there were.
    fn hand_over(self, taker: &mut dyn Taker) -> Result<u64, ApplyError> {
        for produced in self.documents {
            taker.document(produced)?;
        }
        for reject in self.rejects {
            taker.reject(reject)?;
        }
        for document in self.left_out {
            taker.left_out(document)?;
        }
        Ok(self.count)
    }
}

fn hand_over(pass: &mut Pass<'_>, taker: &mut dyn Taker) -> Result<u64, ApplyError> {
    std::mem::take(&mut pass.made).hand_over(taker)
}

/// A pass under way, on one thread.
struct Pass<'a> {
    plan: &'a Plan,
    staging: &'a Staging,
    directory: &'a BranchDirectory,
    currency: Currency,
    zone: jiff::tz::TimeZone,
    ledger: &'a Ledger,
    doubled: &'a Doubled,
    /// Of the last row whose key was another row's.
    holder: Option<Holder>,
    /// Known once the rows before customers and orders are done.
    shape: Option<&'a Shape>,
    changes: BTreeMap<&'static str, u64>,
    wants_documents: bool,
    actor: Actor,
    counter: u64,
    /// When the import was planned: the clock of rows without a day, and of what brings a row over.
    stamp: Hlc,
    /// Customers made from rows of orders.
    people: HashSet<DocumentId>,
    sources: Vec<(String, Vec<String>, Rc<Source<'a>>)>,
    phones: HashMap<String, PhoneNumber>,
    /// What services' texts and keys stand for, once worked out.
    named: HashMap<String, Named>,
    made: Made,
    /// That of the last document.
    room: Option<DraftRoom>,
}

/// Why one row is not brought over.
#[derive(Debug)]
struct Rejection {
    code: &'static str,
    reason: String,
}

/// Why a row or the whole pass ends here.
#[derive(Debug)]
enum Stop {
    Rejected(Rejection),
    Failed(ApplyError),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<ApplyError> for Stop {
    fn from(error: ApplyError) -> Self {
        Self::Failed(error)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Rejection {
    fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

impl<'a> Pass<'a> {
    fn of(common: Common<'a>, staging: &'a Staging) -> Self {
        let Common {
            plan,
            directory,
            actor,
            ledger,
            doubled,
            wants_documents,
        } = common;
        Self {
            plan,
            staging,
            directory,
            currency: Currency::new(&plan.currency).unwrap_or(Currency::CHF),
            zone: jiff::tz::TimeZone::get(&plan.time_zone).unwrap_or(jiff::tz::TimeZone::UTC),
            ledger,
            doubled,
            holder: None,
            shape: None,
            changes: BTreeMap::new(),
            wants_documents,
            actor,
            counter: 0,
            stamp: Hlc::at(UtcMillis::from(plan.stamped_at)),
            people: HashSet::new(),
            sources: Vec::new(),
            phones: HashMap::new(),
            named: HashMap::new(),
            made: Made::default(),
            room: None,
        }
    }

    /// A table with its key, made once however often it is asked for.
    fn source(&mut self, table: &str, key: &[String]) -> Option<Rc<Source<'a>>> {
        let known = self
            .sources
            .iter()
            .find(|(name, columns, _)| name == table && columns == key);
        if let Some((_, _, source)) = known {
            return Some(Rc::clone(source));
        }
        let source = Rc::new(Source::new(self.staging, table, key)?);
        self.sources
            .push((table.to_owned(), key.to_vec(), Rc::clone(&source)));
        Some(source)
    }

    /// A telephone as given, and as E.164 when it is one. Reading one takes longer than all the rest of a customer, and
    /// each stands in several rows.
    fn phone(&mut self, given: &str) -> PhoneNumber {
        if let Some(known) = self.phones.get(given) {
            return known.clone();
        }
        if self.phones.len() >= PHONES_KEPT {
            self.phones.clear();
        }
        let phone = PhoneNumber::read(given, &self.plan.country);
        self.phones.insert(given.to_owned(), phone.clone());
        phone
    }

    fn authoring(&self, at: Hlc) -> Authoring {
        Authoring::new(self.actor, self.counter, at, None)
    }

    fn draft(&mut self, id: DocumentId, kind: &'static str) -> Draft {
        let kind = fields::known_kind(kind);
        match self.room.take() {
            Some(room) => Draft::create_in(room, id, kind, self.actor),
            None => Draft::create(id, kind, self.actor),
        }
    }

    /// Keeps a finished delta for the taker. A rejection says that it breaks a limit.
    fn produce(
        &mut self,
        draft: Draft,
        authoring: &Authoring,
        rows: Vec<(usize, i64)>,
    ) -> Result<(), Stop> {
        self.counter = authoring.counter();
        let (id, fields) = (draft.id(), draft.field_count());
        let encoded = if self.wants_documents || draft.bytes_at_most() > limits::DOCUMENT_BYTES {
            let (encoded, room) = draft.encode_and_clear();
            self.room = Some(room);
            encoded
        } else {
            Vec::new()
        };
        if encoded.len() > limits::DOCUMENT_BYTES || fields > limits::FIELDS_PER_DOCUMENT {
            let reason = format!(
                "the document would have {} bytes, at most {} are allowed",
                encoded.len(),
                limits::DOCUMENT_BYTES
            );
            return Err(Rejection::new("too_large", reason).into());
        }
        self.made.count += 1;
        if self.wants_documents {
            self.made.documents.push(Produced { id, encoded, rows });
        }
        Ok(())
    }

    /// Decides a row by how its document came out.
    fn conclude(
        &mut self,
        source: &Source<'_>,
        row: &SourceRow,
        made: Result<(), Stop>,
    ) -> Result<Fate, ApplyError> {
        match made {
            Ok(()) => {
                self.ledger.decide(source.place, row.rowid, Fate::Migrated);
                Ok(Fate::Migrated)
            }
            Err(Stop::Rejected(rejection)) => {
                self.reject(source, row, &rejection);
                Ok(Fate::Rejected)
            }
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    /// A row that another portion brings.
    fn leave_out(&mut self, source: &Source<'_>, row: &SourceRow) {
        self.ledger.decide(source.place, row.rowid, Fate::Excluded);
        if let Some(key) = source.key_of(row) {
            let table = &source.table.schema.name;
            let id = crate::naming::document_id(&self.plan.source_name, table, &key);
            self.made.left_out.push(id);
        }
    }

    fn reject(&mut self, source: &Source<'_>, row: &SourceRow, rejection: &Rejection) {
        self.ledger.decide(source.place, row.rowid, Fate::Rejected);
        let values = source
            .table
            .schema
            .columns
            .iter()
            .zip(row.values.iter())
            .map(|(column, value)| {
                let text = match value {
                    Raw::Null => None,
                    Raw::Text(text) => Some(text.to_owned()),
                    Raw::Bytes(bytes) => Some(format!("{} bytes", bytes.len())),
                };
                (column.name.clone(), text)
            });
        let reject = Reject {
            table: source.table.schema.name.clone(),
            line: row.line,
            place: row.rowid,
            key: source.key_of(row),
            code: rejection.code,
            reason: rejection.reason.clone(),
            row: values.collect(),
        };
        self.made.rejects.push(reject);
    }

    fn changed(&mut self, rule: &'static str) {
        *self.changes.entry(rule).or_default() += 1;
    }

    /// What the reader could not read counts against the budget like a changed value: it is not there.
    fn note_what_was_not_read(&mut self) {
        let unreadable = self.staging.broken().len() as u64;
        let unapplied = self.staging.unapplied().len() as u64;
        for (rule, count) in [(UNREADABLE, unreadable), (UNAPPLIED, unapplied)] {
            if count > 0 {
                self.changes.insert(rule, count);
            }
        }
    }

    fn branch(&self, name: &str) -> Option<BranchId> {
        self.directory.get(&name.to_lowercase()).copied()
    }

    /// Makes a branch the target lacks. Its counters are used up in any case: which dots the rows get must not depend
    /// on what the target holds, or a run that goes on would give one dot two contents.
    fn make_branch(&mut self, name: &str, missing: &[String]) -> Result<(), ApplyError> {
        let id = branch_id(self.plan, name);
        let mut authoring = self.authoring(self.stamp);
        let mut change = self.draft(id.document(), fields::kind::BRANCH);
        change.set(&mut authoring, shared::domain::Branch::NAME, name);
        let territory = shared::domain::seed::territory_id(&self.plan.country);
        change.set(&mut authoring, shared::domain::Branch::TERRITORY, territory);
        record_import(
            &mut change,
            &mut authoring,
            &self.plan.source_name,
            "branch",
            name,
        );
        if missing.iter().all(|other| other != name) {
            self.counter = authoring.counter();
            return Ok(());
        }
        match self.produce(change, &authoring, Vec::new()) {
            Ok(()) => Ok(()),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Rejected(rejection)) => {
                Err(ApplyError::Taker(anyhow::anyhow!(rejection.reason)))
            }
        }
    }

    /// Tables that stay behind, lookups, and lines nobody's order claimed.
    fn settle_the_rest(&mut self) -> Result<(), ApplyError> {
        for exclude in &self.plan.exclude {
            self.close(&exclude.table, Fate::Excluded)?;
        }
        if let Some(lines) = &self.plan.lines
            && let Some(source) = self.source(&lines.table, &lines.key)
        {
            // Most lines are their order's by now: none is read but those that are nobody's.
            for place in self.ledger.open_places(source.place) {
                if let Some(row) = source.row_at(place)? {
                    let rejection = Rejection::new(ORPHAN_LINE, "its order is not in the source");
                    self.reject(&source, &row, &rejection);
                }
            }
        }
        for choices in [&self.plan.status, &self.plan.priority] {
            let (Some(table), Some(name)) = (&choices.table, &choices.name) else {
                continue;
            };
            let Some(source) = self.source(table, &[]) else {
                continue;
            };
            source.each(|row| {
                let known = source
                    .value(&row, Some(name))
                    .text()
                    .is_some_and(|name| choices.map.contains_key(name));
                self.ledger.decide(
                    source.place,
                    row.rowid,
                    if known { Fate::Merged } else { Fate::Excluded },
                );
                Ok::<(), rusqlite::Error>(())
            })?;
        }
        for lookup in &self.plan.lookup {
            self.close(&lookup.table, Fate::Excluded)?;
        }
        Ok(())
    }

    /// Decides all rows of a table that nobody has decided.
    fn close(&mut self, table: &str, fate: Fate) -> Result<(), ApplyError> {
        let Some(source) = self.source(table, &[]) else {
            return Ok(());
        };
        source.each_place(|place| {
            if self.ledger.fate(source.place, place) == Fate::Open {
                self.ledger.decide(source.place, place, fate);
            }
        })?;
        Ok(())
    }
}

/// Notes on a document where it came from.
fn record_import(
    change: &mut Draft,
    authoring: &mut Authoring,
    source: &str,
    table: &str,
    key: &str,
) {
    change.record(
        authoring,
        fields::event::IMPORTED,
        [
            ("source", source.into()),
            ("legacy/table", table.into()),
            ("legacy/key", key.into()),
        ],
    );
}

/// Keeps the raw values of a document's own row, all of them: what staff make of a field later, the row as it was imported can
/// be compared with a later state of the legacy database.
fn keep_raw(
    change: &mut Draft,
    authoring: &mut Authoring,
    source: &Source<'_>,
    row: &SourceRow,
) -> Result<(), Rejection> {
    keep_raw_below(change, authoring, source, row, ["legacy/", "", ""])
}

/// The same of a row that is a part of the document, below a path that is put together from parts.
fn keep_raw_below(
    change: &mut Draft,
    authoring: &mut Authoring,
    source: &Source<'_>,
    row: &SourceRow,
    prefix: [&str; 3],
) -> Result<(), Rejection> {
    let [first, second, third] = prefix;
    for (index, value) in row.values.iter().enumerate() {
        let value = match value {
            Raw::Null => continue,
            Raw::Text(text) => ValueView::Text(text),
            Raw::Bytes(bytes) => ValueView::Bytes(bytes),
        };
        change
            .set_joined(
                authoring,
                &[first, second, third, &source.slugs[index]],
                value,
            )
            .map_err(|error| Rejection::new("field_name", error.to_string()))?;
    }
    Ok(())
}

/// Refuses rows with a value that no field can hold.
fn check_lengths(source: &Source<'_>, row: &SourceRow) -> Result<(), Rejection> {
    for (column, value) in source.table.schema.columns.iter().zip(row.values.iter()) {
        let length = match value {
            Raw::Null => 0,
            Raw::Text(text) => text.len(),
            Raw::Bytes(bytes) => bytes.len(),
        };
        if length > limits::TEXT_BYTES {
            let reason = format!(
                "{} has {length} bytes, at most {} can be kept",
                column.name,
                limits::TEXT_BYTES
            );
            return Err(Rejection::new("value_too_long", reason));
        }
    }
    Ok(())
}
