//! The target is read once: one thread reads, one sorts out and looks for the rows that lie abreast, and others compare.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::abreast::{Abreast, Chunk};
use super::documents::{Documents, Kept, Wanted, each_page, failed};
use super::parts::{Rest, threads};
use super::{Check, Common, Outcome};
use crate::run::RunError;
use crate::spool::Sealed;
use crate::staging::Staging;
use crate::target::{EncodedPage, Target};

/// Pages that are read while others are sorted out; one of a store has about a megabyte.
const PAGES_AHEAD: usize = 4;

/// Chunks that wait for each thread that compares: they come to the threads in turn, and one that has much to do must not keep the
/// next from its own.
const CHUNKS_AHEAD: usize = 6;

/// What has come of it.
pub(super) struct Compared<'a> {
    /// Those that are to be looked through part by part.
    pub(super) documents: Documents,
    /// The rows whose documents are among those, or nowhere: of customers, and of orders. None: all of the table.
    pub(super) rest: [Option<Rest<'a>>; 2],
    pub(super) outcomes: Vec<Outcome>,
}

/// Reads all documents of the target, and compares those that come in the order of their rows.
pub(super) fn read_and_compare<'a>(
    common: Common<'a>,
    staging: &'a Staging,
    target: &mut dyn Target,
) -> Result<Compared<'a>, RunError> {
    let wanted = Wanted::of_source(&common.plan.source_name);
    // A document that changes while it is read comes twice, and must be compared once.
    let stands_still = target.stands_still();
    let (kept, rest, outcomes) = std::thread::scope(|scope| {
        let (mut lanes, mut workers) = (Vec::new(), Vec::new());
        for _ in 0..threads(staging) {
            let (lane, chunks) = sync_channel::<Chunk>(CHUNKS_AHEAD);
            let reader = staging.reader()?;
            let wanted = &wanted;
            workers.push(scope.spawn(move || compare(common, &reader, wanted, chunks)));
            lanes.push(lane);
        }
        let (pages, taken) = sync_channel::<EncodedPage>(PAGES_AHEAD);
        let kept = Kept::below(staging.folder(), &wanted).map_err(failed)?;
        let reader = staging.reader()?;
        let abreast = stands_still.then(|| Abreast::of(common.plan, staging, common.ways));
        let sorter = scope.spawn(move || sort_out(kept, abreast, &reader, &taken, &lanes));
        // Whoever takes the pages has failed and says why.
        let read = each_page(target, |page| pages.send(page).is_ok());
        drop(pages);
        let sorted = joined(sorter);
        let outcomes: Result<Vec<Outcome>, RunError> = workers.into_iter().map(joined).collect();
        read?;
        let outcomes = outcomes?;
        let (kept, rest) = sorted?;
        Ok::<_, RunError>((kept, rest, outcomes))
    })?;
    let (spooled, branches) = kept;
    Ok(Compared {
        documents: Documents::new(spooled, wanted, branches),
        rest,
        outcomes,
    })
}

/// What was kept with the names of branches, and the rows that are left.
type Sorted<'a> = ((Sealed, BTreeMap<String, String>), [Option<Rest<'a>>; 2]);

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Looks for what can be compared at once, and keeps the rest.
fn sort_out<'a>(
    mut kept: Kept<'_>,
    mut abreast: Option<Abreast<'a>>,
    staging: &Staging,
    pages: &Receiver<EncodedPage>,
    lanes: &[SyncSender<Chunk>],
) -> Result<Sorted<'a>, RunError> {
    let mut turns = lanes.iter().cycle();
    for page in pages {
        let mut documents = kept.sort_out(page);
        let chunk = match &mut abreast {
            Some(abreast) => abreast.take(staging, &mut documents)?,
            None => None,
        };
        if let (Some(chunk), Some(lane)) = (chunk, turns.next())
            && lane.send(chunk).is_err()
        {
            // Whoever compares has failed and says why.
            break;
        }
        kept.keep(&documents).map_err(failed)?;
    }
    let rest = abreast.map_or([None, None], Abreast::rest);
    Ok((kept.seal().map_err(failed)?, rest))
}

fn compare(
    common: Common<'_>,
    staging: &Staging,
    wanted: &Wanted,
    chunks: Receiver<Chunk>,
) -> Result<Outcome, RunError> {
    let mut check = Check::of(common, staging);
    for Chunk { documents, rows } in chunks {
        check.rows_of(wanted, documents, &rows)?;
    }
    Ok(check.outcome())
}
