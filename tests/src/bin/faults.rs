//! Kills the product's processes at random moments, for as many rounds as wanted.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use tests::faults::{ImportReport, ImportVictim, Report, Settings, kill_imports, run};

/// Runs a firm of real processes (a hub, two branches, people at their counters) and kills them at random moments.
///
/// The last line is one JSON object; the exit code is 0 only when no promise was broken. `--seed` throws the same dice again:
/// the same victims after the same answers, though not the same instruction.
#[derive(Debug, Parser)]
#[command(name = "faults")]
struct Options {
    /// Kills of the hub, and as many of branches; of imports
    #[arg(long, value_name = "N", default_value_t = 500)]
    rounds: u64,
    /// Who is killed
    #[arg(long, value_enum, default_value_t = Victims::Both)]
    victims: Victims,
    /// The dice
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Victims {
    /// The hub only
    Hub,
    /// Branches only
    Branch,
    /// Both, in drawn order
    Both,
    /// The importer, in runs into a store
    Import,
    /// The importer, in runs into a running hub
    ImportHub,
    /// The importer, in syncs with a later dump
    ImportSync,
    /// The importer, while it takes an import back
    ImportRollback,
    /// The importer, in syncs into a running hub
    ImportSyncHub,
    /// The importer, while it takes an import back at a running hub
    ImportRollbackHub,
    /// The hub, while the importer runs into it
    HubUnderImport,
}

impl Victims {
    /// The importer's verb, when it is the importer.
    fn of_import(self) -> Option<ImportVictim> {
        match self {
            Self::Hub | Self::Branch | Self::Both => None,
            Self::Import => Some(ImportVictim::Run),
            Self::ImportHub => Some(ImportVictim::RunIntoHub),
            Self::ImportSync => Some(ImportVictim::Sync),
            Self::ImportRollback => Some(ImportVictim::Rollback),
            Self::ImportSyncHub => Some(ImportVictim::SyncIntoHub),
            Self::ImportRollbackHub => Some(ImportVictim::RollbackAtHub),
            Self::HubUnderImport => Some(ImportVictim::HubUnderRun),
        }
    }
}

/// Rounds between two lines that say how far it has come.
const REPORT_EVERY: u64 = 10;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let options = Options::parse();
    if let Some(victim) = options.victims.of_import() {
        let report = kill_imports(victim, options.rounds, options.seed, tell_of_import).await?;
        println!("{}", serde_json::to_string(&report)?);
        return Ok(if report.violations == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    let of = |is_victim| if is_victim { options.rounds } else { 0 };
    let settings = Settings {
        hub_rounds: of(!matches!(options.victims, Victims::Branch)),
        branch_rounds: of(!matches!(options.victims, Victims::Hub)),
        seed: options.seed,
    };
    let report = run(settings, tell).await?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(if report.violations == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn tell_of_import(report: &ImportReport) {
    eprintln!(
        "{} runs, {} killed, {} stores, {} of them otherwise, {} s",
        report.rounds, report.killed, report.stores, report.violations, report.seconds
    );
}

fn tell(report: &Report) {
    if report.rounds.is_multiple_of(REPORT_EVERY) {
        eprintln!(
            "{} rounds: {} orders, {} payments, {} without an answer, {} s",
            report.rounds, report.orders, report.payments, report.unanswered, report.seconds
        );
    }
}
