//! `offpiste-import`: brings a legacy order database over, every row accounted for.

mod arguments;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

/// What a shell tells of a program that ended because nobody read on: 128 and the number of the signal `SIGPIPE`.
const EXIT_UNREAD: i32 = 141;

fn main() -> ExitCode {
    end_quietly_when_nobody_reads_on();
    let arguments = arguments::Arguments::parse();
    match verbs::carry_out(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("offpiste-import: {}", told(&error));
            ExitCode::from(verbs::EXIT_FAILED)
        }
    }
}

/// `offpiste-import assess werkstatt.sql | head` is no fault of the program: it ends as others do when a pipe is closed, and never
/// with 0. Everything that changes something prints when it is done.
fn end_quietly_when_nobody_reads_on() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload().downcast_ref::<String>();
        let is_unread = said.is_some_and(|said| {
            said.starts_with("failed printing to stdout") && said.contains("Broken pipe")
        });
        if is_unread {
            #[expect(
                clippy::disallowed_methods,
                reason = "a panic ends the program in any case, and so nobody is told of a fault that is none"
            )]
            std::process::exit(EXIT_UNREAD);
        }
        usual(panic);
    }));
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
