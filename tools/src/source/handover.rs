//! The reader on one thread, staging on another: what was read is handed over in blocks through a bounded channel, in the
//! order in which it was read, so that both work at once and memory does not grow.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::names::TableName;
use super::row::{Row, RowBlock};
use super::schema::{Change, TableSchema};
use super::statement::{InsertTarget, Sink};
use crate::staging::{Staging, StagingError};

/// Rows are handed over when so many bytes of them have come together.
const BLOCK_BYTES: usize = 256 * 1024;

/// So many events may be under way between the two threads; few of them are blocks of rows at any time.
const EVENTS: usize = 8;

/// Whoever takes what was read has stopped, and says itself why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stopped;

/// Both ends of the channel.
pub(super) fn channel() -> (Sender, Taker) {
    let (sender, receiver) = sync_channel(EVENTS);
    let sender = Sender {
        block: RowBlock::default(),
        standing: None,
        opens: false,
        channel: sender,
    };
    (sender, Taker(receiver))
}

/// The reader's end.
pub(super) struct Sender {
    block: RowBlock,
    /// Where rows go, if nothing but rows came since that was said.
    standing: Option<InsertTarget>,
    /// The next row is the first of its statement. Dumps of one `INSERT` a row would be handed over row by row otherwise.
    opens: bool,
    channel: SyncSender<Event>,
}

/// The end of staging.
pub(super) struct Taker(Receiver<Event>);

enum Event {
    CreateTable(TableSchema),
    CreateTableLike(TableName, TableName),
    CreateView(TableName),
    ChangeTable(TableName, Change),
    DropTable(TableName),
    RenameTable(TableName, String),
    EmptyTable(TableName),
    BeginRows(InsertTarget),
    Rows(RowBlock),
    RowsYield,
    Skipped(u64, String),
    Unapplied(u64, String),
    Broken(u64, u64, String),
    BytesRead(u64),
}

impl Taker {
    /// Carries out at `staging` whatever comes, until the reader is done. `progress` is told the bytes read so far.
    pub(super) fn take_all(
        self,
        staging: &mut Staging,
        mut progress: impl FnMut(u64),
    ) -> Result<(), StagingError> {
        for event in self.0 {
            match event {
                Event::CreateTable(table) => staging.create_table(table)?,
                Event::CreateTableLike(table, model) => {
                    staging.create_table_like(&table, &model)?;
                }
                Event::CreateView(name) => staging.create_view(&name)?,
                Event::ChangeTable(name, change) => staging.change_table(&name, change)?,
                Event::DropTable(name) => staging.drop_table(&name)?,
                Event::RenameTable(from, to) => staging.rename_table(&from, &to)?,
                Event::EmptyTable(name) => staging.empty_table(&name)?,
                Event::BeginRows(target) => staging.begin_rows(&target)?,
                Event::Rows(block) => staging.take_rows(&block)?,
                Event::RowsYield => staging.rows_yield()?,
                Event::Skipped(line, kind) => Sink::skipped(staging, line, &kind)?,
                Event::Unapplied(line, kind) => Sink::unapplied(staging, line, &kind)?,
                Event::Broken(line, column, message) => {
                    Sink::broken(staging, line, column, &message)?;
                }
                Event::BytesRead(bytes) => progress(bytes),
            }
        }
        Ok(())
    }
}

impl Sender {
    /// Says how far the reader has come.
    pub(super) fn bytes_read(&self, bytes: u64) -> Result<(), Stopped> {
        self.channel
            .send(Event::BytesRead(bytes))
            .map_err(|_| Stopped)
    }

    /// Hands over the rows that wait for more of their kind.
    pub(super) fn flush(&mut self) -> Result<(), Stopped> {
        if self.block.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.block);
        self.channel.send(Event::Rows(rows)).map_err(|_| Stopped)
    }

    /// Rows come before whatever follows them.
    fn send(&mut self, event: Event) -> Result<(), Stopped> {
        self.flush()?;
        self.standing = None;
        self.channel.send(event).map_err(|_| Stopped)
    }
}

impl Sink for Sender {
    type Failure = Stopped;

    fn create_table(&mut self, table: TableSchema) -> Result<(), Stopped> {
        self.send(Event::CreateTable(table))
    }

    fn create_table_like(&mut self, table: &TableName, model: &TableName) -> Result<(), Stopped> {
        self.send(Event::CreateTableLike(table.clone(), model.clone()))
    }

    fn create_view(&mut self, name: &TableName) -> Result<(), Stopped> {
        self.send(Event::CreateView(name.clone()))
    }

    fn change_table(&mut self, name: &TableName, change: Change) -> Result<(), Stopped> {
        self.send(Event::ChangeTable(name.clone(), change))
    }

    fn drop_table(&mut self, name: &TableName) -> Result<(), Stopped> {
        self.send(Event::DropTable(name.clone()))
    }

    fn rename_table(&mut self, from: &TableName, to: &str) -> Result<(), Stopped> {
        self.send(Event::RenameTable(from.clone(), to.to_owned()))
    }

    fn empty_table(&mut self, name: &TableName) -> Result<(), Stopped> {
        self.send(Event::EmptyTable(name.clone()))
    }

    fn begin_rows(&mut self, target: &InsertTarget) -> Result<(), Stopped> {
        if self.standing.as_ref() == Some(target) {
            self.opens = true;
            return Ok(());
        }
        self.send(Event::BeginRows(target.clone()))?;
        self.standing = Some(target.clone());
        self.opens = false;
        Ok(())
    }

    fn row(&mut self, row: &Row, line: u64, column: u64) -> Result<(), Stopped> {
        self.block.push(row, line, column, self.opens);
        self.opens = false;
        if self.block.bytes() >= BLOCK_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn rows_yield(&mut self) -> Result<(), Stopped> {
        self.send(Event::RowsYield)
    }

    fn skipped(&mut self, line: u64, kind: &str) -> Result<(), Stopped> {
        self.send(Event::Skipped(line, kind.to_owned()))
    }

    fn unapplied(&mut self, line: u64, kind: &str) -> Result<(), Stopped> {
        self.send(Event::Unapplied(line, kind.to_owned()))
    }

    fn broken(&mut self, line: u64, column: u64, message: &str) -> Result<(), Stopped> {
        self.send(Event::Broken(line, column, message.to_owned()))
    }
}
