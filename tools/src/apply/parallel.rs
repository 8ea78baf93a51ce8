//! Rows are gone through in chunks, each thread with a reader of its own; what they make leaves in the order of the rows, so
//! that nobody behind can tell how many threads there were.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::shape::Shape;
use super::{ApplyError, Common, Made, Pass, Taker};
use crate::staging::Staging;

/// Rows of one chunk: with lines and what is made of them, one or two megabytes.
const CHUNK_ROWS: i64 = 400;

/// Chunks that a thread may be ahead.
const CHUNKS_AHEAD: usize = 1;

/// More threads than this are of no use: whoever takes the documents is one.
const MOST_THREADS: usize = 4;

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Customers,
    Orders,
}

impl Stage {
    fn table(self, common: Common<'_>) -> Option<&str> {
        match self {
            Self::Customers => {
                let customers = common.plan.customers.as_ref();
                customers.map(|customers| customers.table.as_str())
            }
            Self::Orders => Some(&common.plan.orders.table),
        }
    }

    /// Whether what becomes of a row depends on the rows before it.
    fn is_sequential(self, common: Common<'_>) -> bool {
        // Whoever is named first by an order's own row makes the customer's document.
        self == Self::Orders && common.plan.customers.is_none()
    }
}

/// Goes through all rows of a stage; how many documents came of it.
pub(super) fn carry_out(
    stage: Stage,
    common: Common<'_>,
    staging: &Staging,
    shape: &Shape,
    changes: &mut BTreeMap<&'static str, u64>,
    taker: &mut dyn Taker,
) -> Result<u64, ApplyError> {
    let Some(table) = stage.table(common).and_then(|name| staging.table(name)) else {
        return Ok(0);
    };
    let last = i64::try_from(table.highest_place()).unwrap_or(i64::MAX - CHUNK_ROWS);
    let chunks = last / CHUNK_ROWS + 1;
    let threads = if stage.is_sequential(common) {
        1
    } else {
        std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS))
    };
    // A few rows are not worth a thread.
    if chunks <= 2 {
        let mut pass = Pass::of(common, staging);
        pass.shape = Some(shape);
        let mut documents = 0;
        for chunk in 0..chunks {
            pass.chunk(stage, chunk)?;
            documents += std::mem::take(&mut pass.made).hand_over(taker)?;
        }
        add(changes, &pass.changes);
        return Ok(documents);
    }
    std::thread::scope(|scope| {
        let mut outputs = Vec::new();
        let mut workers = Vec::new();
        for first in 0..threads {
            let reader = staging.reader()?;
            let (sender, output) = sync_channel(CHUNKS_AHEAD);
            outputs.push(output);
            let own = (0..chunks).skip(first).step_by(threads);
            workers.push(scope.spawn(move || work(stage, common, &reader, shape, own, &sender)));
        }
        let documents = collect(&outputs, chunks, taker);
        // Whoever still works finds nobody to give it to, and ends.
        drop(outputs);
        let documents = documents?;
        for worker in workers {
            match worker.join() {
                Ok(Ok(own)) => add(changes, &own),
                Ok(Err(error)) => return Err(error),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(documents)
    })
}

/// Takes the chunks from the threads in turn, which is the order of the rows.
fn collect(
    outputs: &[Receiver<Made>],
    chunks: i64,
    taker: &mut dyn Taker,
) -> Result<u64, ApplyError> {
    let mut documents = 0;
    let chunks = usize::try_from(chunks).unwrap_or(0);
    for output in outputs.iter().cycle().take(chunks) {
        // A thread that failed says why when it is joined.
        let Ok(made) = output.recv() else { break };
        documents += made.hand_over(taker)?;
    }
    Ok(documents)
}

fn work(
    stage: Stage,
    common: Common<'_>,
    staging: &Staging,
    shape: &Shape,
    chunks: impl Iterator<Item = i64>,
    output: &SyncSender<Made>,
) -> Result<BTreeMap<&'static str, u64>, ApplyError> {
    let mut pass = Pass::of(common, staging);
    pass.shape = Some(shape);
    for chunk in chunks {
        pass.chunk(stage, chunk)?;
        if output.send(std::mem::take(&mut pass.made)).is_err() {
            break;
        }
    }
    Ok(pass.changes)
}

fn add(into: &mut BTreeMap<&'static str, u64>, changes: &BTreeMap<&'static str, u64>) {
    for (rule, count) in changes {
        *into.entry(rule).or_default() += count;
    }
}

impl Pass<'_> {
    fn chunk(&mut self, stage: Stage, chunk: i64) -> Result<(), ApplyError> {
        let places = chunk * CHUNK_ROWS + 1..(chunk + 1) * CHUNK_ROWS + 1;
        match stage {
            Stage::Customers => self.customers(places),
            Stage::Orders => self.orders(places),
        }
    }
}
