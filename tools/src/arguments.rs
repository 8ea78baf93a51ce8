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
  offpiste-import assess werkstatt.sql              what is in it, and what is risky
  offpiste-import plan werkstatt.sql                proposes werkstatt.plan.toml; read it, correct it
";

/// The verbs. Each can be run again.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Reads the source and reports tables, rows, types, and one finding per risk with its remedy. Changes nothing.
    Assess(AssessArguments),
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
