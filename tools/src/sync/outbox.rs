//! Deltas on their way to the target, batch by batch: each is durable there before the next is sent.

use std::collections::HashMap;
use std::io::Write;

use shared::document::{Document, format};
use shared::id::DocumentId;

use crate::target::{BatchLimits, Target};

/// What is to be sent, and what became of it.
pub(crate) struct Outbox<'a> {
    target: &'a mut dyn Target,
    rejects: &'a mut dyn Write,
    source_sha256: &'a str,
    encoded: Vec<Vec<u8>>,
    about: Vec<(DocumentId, Vec<(usize, i64)>)>,
    bytes: usize,
    limits: BatchLimits,
    counter: u64,
    left: u64,
    /// Documents taken.
    pub(crate) sent: u64,
    /// Documents refused, with the target's words.
    pub(crate) refusals: Vec<(DocumentId, String)>,
    /// The rows that refused new documents were made of.
    pub(crate) refused_rows: Vec<(usize, i64)>,
}

impl<'a> Outbox<'a> {
    pub(crate) fn new(
        target: &'a mut dyn Target,
        rejects: &'a mut dyn Write,
        source_sha256: &'a str,
        expected: u64,
    ) -> Self {
        Self {
            limits: target.batch_limits(),
            target,
            rejects,
            source_sha256,
            encoded: Vec::new(),
            about: Vec::new(),
            bytes: 0,
            counter: 0,
            left: expected,
            sent: 0,
            refusals: Vec::new(),
            refused_rows: Vec::new(),
        }
    }

    /// Takes a delta; `rows` are those that a new document is made of.
    pub(crate) fn send(
        &mut self,
        delta: &Document,
        counter: u64,
        rows: Vec<(usize, i64)>,
    ) -> anyhow::Result<()> {
        let encoded = format::encode(delta);
        let full = self.encoded.len() >= self.limits.documents
            || self.bytes + encoded.len() > self.limits.bytes;
        if full {
            self.flush()?;
        }
        self.counter = self.counter.max(counter);
        self.bytes += encoded.len();
        self.encoded.push(encoded);
        self.about.push((delta.id(), rows));
        Ok(())
    }

    /// Sends what waits.
    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.encoded);
        let about = std::mem::take(&mut self.about);
        if batch.is_empty() {
            return Ok(());
        }
        let documents = batch.len() as u64;
        let refusals = self.target.push(batch, self.counter, self.left)?;
        let reasons: HashMap<usize, String> = refusals
            .into_iter()
            .map(|refusal| (refusal.index, refusal.reason))
            .collect();
        self.sent += documents - reasons.len() as u64;
        self.left = self.left.saturating_sub(documents);
        for (index, (id, rows)) in about.into_iter().enumerate() {
            let Some(reason) = reasons.get(&index) else {
                continue;
            };
            if rows.is_empty() {
                self.refusals.push((id, reason.clone()));
            } else {
                let line = serde_json::json!({
                    "source_sha256": self.source_sha256, "code": "target_refused", "reason": reason, "rows": rows,
                });
                writeln!(self.rejects, "{line}")?;
                self.refused_rows.extend(rows);
            }
        }
        Ok(())
    }
}
