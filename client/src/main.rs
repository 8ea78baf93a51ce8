//! The program `offpiste-branch`.

use std::process::ExitCode;

use clap::Parser;
use client::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().perform().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("offpiste-branch: {error:#}");
            ExitCode::FAILURE
        }
    }
}
