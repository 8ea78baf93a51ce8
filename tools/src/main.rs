//! `offpiste-import`: brings a legacy order database over, every row accounted for.

mod arguments;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    match verbs::carry_out(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("offpiste-import: {error:#}");
            ExitCode::from(verbs::EXIT_FAILED)
        }
    }
}
