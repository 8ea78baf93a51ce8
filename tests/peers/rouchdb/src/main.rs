//! A first synchronisation with RouchDB: two databases in one process, no network between them, each on disk.
//!
//!     peer-rouchdb DOCUMENTS.ndjson DIRECTORY
//!
//! Prints one JSON object: documents, milliseconds of bulk writing, pushing and pulling, and bytes on disk.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use rouchdb::{BulkDocsOptions, Database, Document, ReplicationOptions};
use serde_json::Value;

/// The size of batch that the other measurements use too. RouchDB's own default of 100 is slower.
const BATCH: usize = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: peer-rouchdb DOCUMENTS.ndjson DIRECTORY";
    let file = arguments.next().ok_or(usage)?;
    let directory = arguments.next().ok_or(usage)?;
    let directory = Path::new(&directory);
    let documents: Vec<Document> = fs::read_to_string(file)?
        .lines()
        .map(|line| Ok(Document::from_json(serde_json::from_str::<Value>(line)?)?))
        .collect::<Result<_, Box<dyn Error>>>()?;
    let count = documents.len();

    let branch = Database::open(directory.join("branch.redb"), "branch")?;
    let hub = Database::open(directory.join("hub.redb"), "hub")?;
    let second = Database::open(directory.join("second.redb"), "second")?;
    let start = Instant::now();
    for batch in documents.chunks(BATCH) {
        branch
            .bulk_docs(batch.to_vec(), BulkDocsOptions::new())
            .await?;
    }
    let fill = start.elapsed();
    let push = replicate(&branch, &hub, count).await?;
    let pull = replicate(&hub, &second, count).await?;
    drop(hub);
    let bytes = fs::metadata(directory.join("hub.redb"))?.len();
    println!(
        "{}",
        serde_json::json!({
            "documents": count,
            "fill_milliseconds": fill.as_secs_f64() * 1e3,
            "push_milliseconds": push[0],
            "push_processor_milliseconds": push[1],
            "pull_milliseconds": pull[0],
            "pull_processor_milliseconds": pull[1],
            "bytes_on_disk": bytes,
        })
    );
    Ok(())
}

/// Milliseconds until `to` has everything that `from` has, and milliseconds of the processor.
async fn replicate(
    from: &Database,
    to: &Database,
    count: usize,
) -> Result<[f64; 2], Box<dyn Error>> {
    let options = ReplicationOptions {
        batch_size: BATCH as u64,
        ..ReplicationOptions::default()
    };
    let before = processor_milliseconds()?;
    let start = Instant::now();
    let result = from.replicate_to_with_opts(to, options).await?;
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    if !result.ok || result.docs_written != count as u64 {
        return Err(format!(
            "{} of {count} documents written: {:?}",
            result.docs_written, result.errors
        )
        .into());
    }
    Ok([milliseconds, processor_milliseconds()? - before])
}

/// What this process has used so far, as Linux counts it: fields 14 and 15, in hundredths of a second.
fn processor_milliseconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no /proc/self/stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.map(|field| field.parse::<f64>());
    Ok(ticks.sum::<Result<f64, _>>()? * 10.0)
}
