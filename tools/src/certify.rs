//! `certify`: the certificate that an old database may be switched off, or the reasons why not.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::backup::hexadecimal;
use crate::history::Step;
use crate::plan::Plan;
use crate::plan::preview::preview;
use crate::rejects::{self, RejectedRows};
use crate::run::{Report, RunError};
use crate::staging::Staging;
use crate::target::Target;
use crate::verify::reconciliation::{Reconciliation, reconcile};
use crate::verify::verify;

/// What is certified.
#[derive(Debug, Clone, Serialize)]
pub struct Certificate {
    /// When.
    pub made_at: Timestamp,
    /// By whom.
    pub by: String,
    /// The program.
    pub software: String,
    /// The name the plan gives the source.
    pub source_name: String,
    /// The source's file.
    pub source_file: String,
    /// Its SHA-256.
    pub source_sha256: String,
    /// SHA-256 of the plan's text.
    pub plan_sha256: String,
    /// What the comparison found just now.
    pub report: Report,
    /// Counts and sums before and after.
    pub reconciliation: Reconciliation,
    /// Values changed on the way, by rule.
    pub changes: BTreeMap<String, u64>,
    /// How many the plan allows.
    pub budget: BTreeMap<String, u64>,
    /// Rows that are not brought over, by table and reason.
    pub rejects: Vec<RejectedRows>,
    /// Places of the source that could not be read.
    pub unread: u64,
    /// The steps that led here.
    pub history: Vec<Step>,
    /// Why it is refused; empty when it holds.
    pub refusals: Vec<String>,
    /// SHA-256 over all of the above, to name the certificate by.
    pub checksum: String,
}

impl Certificate {
    /// Whether the old database may be switched off.
    pub fn holds(&self) -> bool {
        self.refusals.is_empty()
    }
}

/// What a certificate is about and who asks for it.
pub struct Request<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its text.
    pub plan_text: &'a str,
    /// The source's file.
    pub source: &'a Path,
    /// Its SHA-256, which is another than the plan's after a later dump was carried over.
    pub source_sha256: &'a str,
    /// Who issues it.
    pub by: &'a str,
    /// The file that `run` wrote.
    pub rejects: &'a Path,
    /// The steps so far.
    pub history: Vec<Step>,
}

/// Compares everything once more and certifies what it finds: an earlier comparison proves nothing about now.
///
/// # Errors
/// [`RunError`] when the comparison cannot be carried out.
pub fn certify(
    request: Request<'_>,
    staging: &Staging,
    target: &mut dyn Target,
) -> Result<Certificate, RunError> {
    let begun = Instant::now();
    let plan = request.plan;
    let mut report = verify(plan, staging, target, request.rejects)?;
    let reconciliation = reconcile(plan, staging, target, request.rejects)?;
    report.seconds = begun.elapsed().as_secs_f64();
    let foreseen = preview(plan, staging)?;
    let changes = foreseen.changes.into_iter();
    let changes: BTreeMap<String, u64> = changes
        .map(|(rule, count)| (rule.to_owned(), count))
        .collect();
    // A file of rejects that cannot be read would hide what is missing, so it is told as what it is: rows without a reason.
    let rejects = rejects::read(staging, request.rejects).unwrap_or_default();
    let refusals = refusals(plan, staging, &report, &reconciliation, &changes);
    let mut certificate = Certificate {
        made_at: Timestamp::now(),
        by: request.by.to_owned(),
        software: concat!("offpiste-import ", env!("CARGO_PKG_VERSION")).to_owned(),
        source_name: plan.source_name.clone(),
        source_file: request
            .source
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        source_sha256: request.source_sha256.to_owned(),
        plan_sha256: sha256(request.plan_text.as_bytes()),
        report,
        reconciliation,
        changes,
        budget: plan.budget.clone(),
        rejects,
        unread: staging.broken().len() as u64,
        history: request.history,
        refusals,
        checksum: String::new(),
    };
    let text = serde_json::to_vec(&certificate).unwrap_or_default();
    certificate.checksum = sha256(&text);
    Ok(certificate)
}

fn refusals(
    plan: &Plan,
    staging: &Staging,
    report: &Report,
    sums: &Reconciliation,
    changes: &BTreeMap<String, u64>,
) -> Vec<String> {
    let mut refusals = Vec::new();
    if !report.is_clean() {
        refusals.push(format!(
            "verify found {} differences",
            report.difference_count
        ));
    }
    if report.ledger.values().any(|sums| !sums.add_up()) {
        refusals.push("the ledger does not account for every row".to_owned());
    }
    if !sums.adds_up() {
        refusals.push(format!(
            "{} counts or sums differ before and after",
            sums.differences
        ));
    }
    for (rule, count) in changes {
        let allowed = plan.budget.get(rule).copied().unwrap_or(0);
        if *count > allowed {
            refusals.push(format!(
                "{count} values are changed by the rule {rule}, the plan allows {allowed}"
            ));
        }
    }
    let unread = staging.broken().len() as u64;
    let allowed = plan.budget.get("unreadable").copied().unwrap_or(0);
    if unread > allowed {
        refusals.push(format!(
            "{unread} places of the source could not be read, the plan accepts {allowed}"
        ));
    }
    refusals
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}
