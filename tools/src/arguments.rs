//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Brings a legacy order database (SQLite file, or a dump of SQLite or MySQL) over to Offpiste, every row accounted for.
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
  offpiste-import run --plan werkstatt.plan.toml --store rehearsal
      A rehearsal into a folder of its own; look at werkstatt.rejects.jsonl.
  offpiste-import run --plan werkstatt.plan.toml --hub https://hub.example --token 'https://hub.example/join#ABCD-EFGH'
      Into the running hub. Run it again after a failure: it goes on where it stopped.
  offpiste-import verify --plan werkstatt.plan.toml --hub https://hub.example
      Reads everything back and compares both directions.

Exit code: 0 all accounted for, 1 differences, 2 it could not be carried out.";

/// The verbs. Each can be run again.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Reads the source and reports tables, rows, types, and one finding per risk with its remedy. Changes nothing.
    Assess(AssessArguments),
    /// Proposes a plan: which table and column becomes what. A person corrects it. Changes nothing.
    Plan(PlanArguments),
    /// Brings the source over as the plan says, in batches. Running it twice is running it once.
    Run(TargetArguments),
    /// Reads everything back and compares it with the source, both directions, field by field.
    Verify(TargetArguments),
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// A SQLite file or a SQL dump.
    pub(crate) source: PathBuf,
    /// The file to write; `<source>.plan.toml` otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// The branch of orders that name none: its name or id at the hub.
    #[arg(long)]
    pub(crate) branch: Option<String>,
    /// Replaces a plan that is there.
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Arguments of `run` and `verify`.
#[derive(Debug, Args)]
pub(crate) struct TargetArguments {
    /// The plan.
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: PathBuf,
    /// Address of the running hub.
    #[arg(long, value_name = "URL", conflicts_with = "store")]
    pub(crate) hub: Option<String>,
    /// Join string (or its code) with the role importer, made at the office. Needed once; what the hub gives for it is
    /// kept beside the plan.
    #[arg(
        long,
        value_name = "JOIN-STRING",
        env = "OFFPISTE_IMPORT_TOKEN",
        hide_env_values = true
    )]
    pub(crate) token: Option<String>,
    /// Folder of a hub's store, while no hub runs on it.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// The source, when it is not where the plan says.
    #[arg(long, value_name = "FILE")]
    pub(crate) source: Option<PathBuf>,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `assess`.
#[derive(Debug, Args)]
pub(crate) struct AssessArguments {
    /// A SQLite file or a SQL dump.
    pub(crate) source: PathBuf,
    /// Prints one JSON object instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}
