//! The command line: the list of verbs. Each verb's own arguments stand in its file below `verbs`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::verbs::{
    assess, backup, certify, cutover, diff, plan, rehearse, restore, rollback, run, status, sync,
    verify,
};

/// Brings a legacy order database over to Offpiste, every row accounted for.
///
/// Reads a SQLite file or a dump of SQLite, MySQL, MariaDB, PostgreSQL or SQL Server, plain or gzipped.
#[derive(Debug, Parser)]
#[command(name = "offpiste-import", version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
    /// Folder for the working database; needs about as much room as the source. The system's temporary folder otherwise.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) work_dir: Option<PathBuf>,
}

const EXAMPLES: &str = "\
The straight path:
  offpiste-import assess werkstatt.sql
      What is in it, and what is risky. Changes nothing.
  offpiste-import plan werkstatt.sql --branch Chur
      Proposes werkstatt.plan.toml. Read it line by line and correct it.
  offpiste-import rehearse --plan werkstatt.plan.toml --html probelauf.html
      The whole import into a scratch store: duration, size, rejects. Touches nothing real.
  offpiste-import backup --plan werkstatt.plan.toml --hub-data /var/lib/offpiste-hub
      Source, plan and hub with checksums.
  offpiste-import run --plan werkstatt.plan.toml --hub https://hub.example --token 'https://hub.example/join#ABCD-EFGH'
      Into the running hub. Run it again after a failure: it goes on where it stopped.
  offpiste-import verify --plan werkstatt.plan.toml --hub https://hub.example
      Reads everything back and compares both directions.
  offpiste-import cutover --plan werkstatt.plan.toml --hub https://hub.example --dry-run
      The go/no-go list; without --dry-run it switches over.
  offpiste-import certify --plan werkstatt.plan.toml --hub https://hub.example --by 'Rita Caduff, IT'
      The certificate, when everything fits.
  offpiste-import status --plan werkstatt.plan.toml
      Where it stands, and what comes next.

While the old database is still in use:
  offpiste-import diff --plan werkstatt.plan.toml --source werkstatt-today.sql --hub https://hub.example
      What changed there since.
  offpiste-import sync --plan werkstatt.plan.toml --source werkstatt-today.sql --hub https://hub.example
      Carries it over.
  offpiste-import rollback --plan werkstatt.plan.toml --hub https://hub.example --last-sync
      Takes the last of it back.

Each verb explains itself: offpiste-import sync --help
Exit code: 0 all accounted for, 1 differences, 2 it could not be carried out.";

/// The verbs. Each can be run again.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Reads the source and reports tables, rows, types, and one finding per risk with its remedy. Changes nothing.
    Assess(assess::Options),
    /// Proposes a plan: which table and column becomes what. A person corrects it. Changes nothing.
    Plan(plan::Options),
    /// Brings the source over as the plan says, in batches. Running it twice is running it once.
    Run(run::Options),
    /// Reads everything back and compares it with the source, both directions, field by field.
    Verify(verify::Options),
    /// The whole import into a scratch store, compared, backed up and restored: what a run would come to.
    Rehearse(rehearse::Options),
    /// Source, plan and hub in one folder, with checksums.
    Backup(backup::Options),
    /// Puts back what `backup` kept. Replaces nothing unless told to.
    Restore(restore::Options),
    /// From the old system to this one: go/no-go from real checks, last comparison, smoke tests, measured downtime.
    Cutover(cutover::Options),
    /// The certificate that the old database may be switched off; refused unless everything fits.
    Certify(certify::Options),
    /// Where this migration stands, and what comes next.
    Status(status::Options),
    /// Lists what changed in the still running old database since it was last carried over. Changes nothing.
    Diff(diff::Options),
    /// Carries over what changed in the old database; beside what staff changed, both values stay until somebody chooses.
    Sync(sync::Options),
    /// Takes an import back, whole or to before one sync. What staff wrote stays.
    Rollback(rollback::Options),
}
