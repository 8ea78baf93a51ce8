//! The program `offpiste-hub`.

use std::process::ExitCode;

use clap::Parser;
use server::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().perform().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("offpiste-hub: {error:#}");
            ExitCode::FAILURE
        }
    }
}
