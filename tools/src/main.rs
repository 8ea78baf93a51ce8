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
            eprintln!("offpiste-import: {}", told(&error));
            ExitCode::from(verbs::EXIT_FAILED)
        }
    }
}

/// An error with its causes, without those that its own words already tell.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
