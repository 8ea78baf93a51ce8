//! The command line of `offpiste-branch`.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use shared::store::BranchStore;
use shared::wire::JoinString;
use tokio::net::TcpListener;

use crate::api::{self, Status};
use crate::clock::Clock;
use crate::counter::SessionLimits;
use crate::daemon::{self, RunError, Settings};
use crate::directory::{Directory, read_small};
use crate::logging::{self, LogFormat};
use crate::verbs;

const FIRST_STEPS: &str = "\
A new machine, in two steps:

  1. offpiste-branch join 'https://hub.example/join#ABCD-EFGH-JKLM-NPQR' --data /var/lib/offpiste
     The office makes the join string, on its page Branches. It works once.

  2. offpiste-branch serve --data /var/lib/offpiste --listen 0.0.0.0:7601
     Then open http://<this machine>:7601 at each counter.

Everything is in the data directory. An order is on its disk before the ticket prints; nothing needs the line but
the very first exchange.";

/// How long a running daemon may take to tell its state.
const STATUS: Duration = Duration::from_secs(10);

/// The order book of one branch: serves the counters of one location over its local network, with or without a line
/// to the office.
#[derive(Debug, Parser)]
#[command(name = "offpiste-branch", version, after_help = FIRST_STEPS)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes this machine a branch, once, with a join string from the office
    Join(Join),
    /// Serves the branch's counters until it is asked to end (Ctrl-C, SIGTERM)
    Serve(Serve),
    /// Tells how the branch stands with the office: what waits, since when, and whether it is safe to close
    Status(ShowStatus),
    /// Writes the whole store into one file, while the daemon runs or while it does not
    Backup(verbs::Backup),
    /// Makes a data directory from a backup; the branch goes on under a new identity
    Restore(verbs::Restore),
    /// Reads everything in a backup or a data directory and says what is wrong; fails unless all is well
    Verify(verbs::Verify),
    /// Makes a store of what can be read of a damaged one, keeps the damaged files, and says what is missing
    Repair(verbs::Repair),
    /// Makes the lists and the search anew from the documents
    Reindex(verbs::Reindex),
    /// Gives back the room that the store's files no longer need
    Compact(verbs::Compact),
}

#[derive(Debug, Args)]
struct Data {
    /// The branch's data directory
    #[arg(long, env = "OFFPISTE_BRANCH_DATA", value_name = "DIR")]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct Join {
    /// The string from the office, such as https://hub.example/join#ABCD-EFGH-JKLM-NPQR; quote it, # begins a comment in a shell
    #[arg(value_name = "JOIN_STRING")]
    invitation: String,
    #[command(flatten)]
    data: Data,
    /// Ask this address instead of the one in the join string, such as a proxy's; only for this time
    #[arg(long, value_name = "URL")]
    hub: Option<String>,
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    data: Data,
    /// Where to listen; port 0 takes a free one. 0.0.0.0 lets the other counters of the shop in
    #[arg(
        long,
        env = "OFFPISTE_BRANCH_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:7601"
    )]
    listen: SocketAddr,
    /// Reach the hub at this address instead of the one from joining, such as a proxy's
    #[arg(long, env = "OFFPISTE_BRANCH_HUB", value_name = "URL")]
    hub: Option<String>,
    /// Minutes after which people have to sign in again, whatever they do
    #[arg(long, env = "OFFPISTE_BRANCH_SESSION_MINUTES", value_name = "N", default_value_t = 12 * 60, value_parser = clap::value_parser!(i64).range(1..=7 * 24 * 60))]
    session_minutes: i64,
    /// Minutes without doing anything after which people have to sign in again
    #[arg(long, env = "OFFPISTE_BRANCH_IDLE_MINUTES", value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=7 * 24 * 60))]
    idle_minutes: i64,
    #[command(flatten)]
    log: Log,
}

#[derive(Debug, Args)]
struct Log {
    /// How log lines on standard error look
    #[arg(
        long,
        env = "OFFPISTE_LOG_FORMAT",
        value_name = "FORMAT",
        value_enum,
        default_value_t
    )]
    log_format: LogFormat,
    /// What is logged, such as `warn,client=debug`
    #[arg(long, env = "OFFPISTE_LOG", value_name = "FILTER")]
    log: Option<String>,
}

#[derive(Debug, Args)]
struct ShowStatus {
    #[command(flatten)]
    data: Data,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

impl Cli {
    /// Does what the command line says.
    ///
    /// # Errors
    /// What a person at the terminal should read.
    pub async fn perform(self) -> Result<()> {
        match self.verb {
            Verb::Join(join) => join.perform().await,
            Verb::Serve(serve) => serve.perform().await,
            Verb::Status(status) => status.perform().await,
            Verb::Backup(backup) => backup.perform().await,
            Verb::Restore(restore) => restore.perform().await,
            Verb::Verify(verify) => verify.perform().await,
            Verb::Repair(repair) => repair.perform().await,
            Verb::Reindex(reindex) => reindex.perform().await,
            Verb::Compact(compact) => compact.perform().await,
        }
    }
}

impl Join {
    async fn perform(self) -> Result<()> {
        let join_string: JoinString = self.invitation.parse()?;
        let clock = Clock::of_this_machine();
        let data = &self.data.data;
        let membership = crate::join::join(&join_string, data, self.hub.as_deref(), &clock).await?;
        println!("joined: this machine now serves {}", membership.branch_name);
        println!("hub: {} ({})", membership.hub_name, membership.hub_url);
        println!("next: offpiste-branch serve --data {}", data.display());
        Ok(())
    }
}

impl Serve {
    async fn perform(self) -> Result<()> {
        logging::start(self.log.log_format, self.log.log.as_deref());
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}; is it in use already?", self.listen))?;
        let settings = Settings {
            data: self.data.data,
            hub: self.hub,
            sessions: SessionLimits {
                lifetime_minutes: self.session_minutes,
                idle_minutes: self.idle_minutes,
            },
            clock: Clock::of_this_machine(),
        };
        let data = settings.data.clone();
        let directory = Directory::at(&data);
        verbs::refuse_when_gone(&directory)?;
        verbs::explain_panics(&directory.store());
        let opened = daemon::Branch::open(settings).await;
        let branch = opened.map_err(|error| verbs::explain(error.into(), &directory.store()))?;
        // Whoever reads it may be gone; that is no reason not to serve.
        let announce = |address| drop(writeln!(io::stdout(), "listening on http://{address}"));
        branch
            .serve(&data, listener, announce, asked_to_end())
            .await?;
        Ok(())
    }
}

/// Completes on Ctrl-C and on SIGTERM.
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};

    match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        // Without signals the process can only be killed, which is safe.
        _ => std::future::pending().await,
    }
}

impl ShowStatus {
    async fn perform(self) -> Result<()> {
        let status = match ask_daemon(&self.data.data).await {
            Some(status) => status,
            None => read_files(&self.data.data).await?,
        };
        if self.json {
            println!("{}", serde_json::to_string_pretty(&status)?);
        } else {
            print!("{}", in_words(&status));
        }
        Ok(())
    }
}

/// The running daemon's own word; none when none runs.
async fn ask_daemon(data: &Path) -> Option<Status> {
    let address = read_small(&Directory::at(data).address()).ok()?;
    // A daemon that listens on all addresses is asked on this machine's own.
    let address = address.replace("//0.0.0.0:", "//127.0.0.1:");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(STATUS).build().ok()?;
    let response = client
        .get(format!("{address}/api/v1/status"))
        .send()
        .await
        .ok()?;
    response.error_for_status().ok()?.json().await.ok()
}

async fn read_files(data: &Path) -> Result<Status> {
    let directory = Directory::at(data);
    if !directory.has_store() {
        return Err(RunError::NotJoined(data.display().to_string()).into());
    }
    let store = tokio::task::spawn_blocking(move || BranchStore::open(&directory.store()))
        .await?
        .context("no daemon answers, and the store cannot be read; perhaps one is just starting or ending")?;
    match api::offline_status(&store)? {
        Some(status) => Ok(status),
        None => bail!(RunError::NotJoined(data.display().to_string())),
    }
}

fn in_words(status: &Status) -> String {
    use std::fmt::Write;

    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<18}{value}");
    };
    let never = |at: &Option<String>| at.clone().unwrap_or_else(|| "never".to_owned());
    line("branch", &status.branch);
    line(
        "daemon",
        if status.running {
            "running"
        } else {
            "not running"
        },
    );
    let since = status
        .pending_since
        .as_ref()
        .map_or_else(String::new, |since| format!(", the oldest since {since}"));
    line("waiting", &format!("{}{since}", status.pending));
    if status.running {
        let online = if status.online {
            "proven by a recent answer"
        } else {
            "not proven"
        };
        line("line", online);
    }
    if let Some(problem) = &status.problem_text {
        line("", problem);
    }
    line("last contact", &never(&status.last_contact));
    line("complete as of", &never(&status.complete_at));
    line("identical as of", &never(&status.identical_as_of));
    if let Some(since) = &status.differs_since {
        line("differs since", since);
    }
    if let Some(ahead) = status.clock_ahead_millis {
        let seconds = ahead.abs() / 1000;
        let way = if ahead > 0 { "ahead of" } else { "behind" };
        line(
            "clock",
            &format!("{seconds} s {way} the hub's; set it right, nothing is blocked by it"),
        );
    }
    if status.quarantined > 0 || status.unreadable > 0 {
        line(
            "set aside",
            &format!(
                "{} in quarantine, {} unreadable",
                status.quarantined, status.unreadable
            ),
        );
    }
    let safe = if status.safe_to_close {
        "yes: 0 unsent"
    } else {
        "NO: something here is not at the office yet"
    };
    line("safe to close", safe);
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_waits_is_never_safe_to_close() {
        let status = Status {
            branch: "Chur".to_owned(),
            running: true,
            pending: 37,
            pending_since: Some("2026-11-20T08:12:00Z".to_owned()),
            ..Status::default()
        };
        let text = in_words(&status);
        assert!(
            text.contains("37, the oldest since 2026-11-20T08:12:00Z"),
            "{text}"
        );
        assert!(
            text.contains("NO: something here is not at the office yet"),
            "{text}"
        );
    }
}
