//! The command line.

#![expect(
    rustdoc::bare_urls,
    reason = "these comments are the help that a terminal shows"
)]

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};

use crate::logging::{self, LogFormat};
use crate::settings::{FirstAdministrator, Settings, Tls};
use crate::{backend, serve, verbs};

/// The hub of Offpiste: where the order books of all branches meet, and the office's pages.
///
/// First time:
///   1. offpiste-hub serve --data /var/lib/offpiste-hub --public-url https://hub.example
///      It prints the administrator's password once.
///   2. Log in at that address, open "Filialen", make a join string.
///   3. At the branch: offpiste-branch join 'https://hub.example/join#...' --data DIR
#[derive(Debug, Parser)]
#[command(name = "offpiste-hub", version, verbatim_doc_comment)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// How log lines look on standard error.
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "OFFPISTE_LOG_FORMAT",
        global = true
    )]
    log_format: LogFormat,
    /// What is logged, such as `info` or `warn,server=debug`.
    #[arg(long, env = "OFFPISTE_LOG", global = true)]
    log: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve branches and the office until SIGTERM or Ctrl-C.
    Serve(Serve),
    /// After restoring a backup of the data directory: begin a new epoch, so that branches send again what the backup lacks.
    ///
    /// The hub must not be running. Branches notice at their next contact and lose nothing.
    NewEpoch {
        /// The restored data directory.
        #[arg(long, env = "OFFPISTE_HUB_DATA")]
        data: PathBuf,
    },
    /// Write the whole store into one file, while the hub runs or while it does not.
    Backup(verbs::Backup),
    /// Make a data directory from a backup. The hub begins a new epoch, and branches send again what the backup lacks.
    Restore(verbs::Restore),
    /// Read everything in a backup or a data directory and say what is wrong. Fails unless all is well.
    Verify(verbs::Verify),
    /// Make a store of what can be read of a damaged one, keep the damaged files, and say what is missing.
    Repair(verbs::Repair),
    /// Make the lists and the search anew from the documents.
    Reindex(verbs::Reindex),
    /// Give back the room that the store's files no longer need.
    Compact(verbs::Compact),
    /// Change the schema of the documents that exist: see how the steps stand, backfill, contract, roll back.
    #[command(subcommand)]
    Schema(verbs::schema::Schema),
    /// Give an office account a new password, for when nobody can log in any more. Printed once.
    ///
    /// The hub must not be running.
    NewPassword {
        /// The data directory.
        #[arg(long, env = "OFFPISTE_HUB_DATA")]
        data: PathBuf,
        /// Whose.
        #[arg(long, default_value = "admin")]
        login: String,
    },
}

#[derive(Debug, Args)]
struct Serve {
    /// Where everything is kept; made when it is missing. Only one hub can use it at a time.
    #[arg(long, env = "OFFPISTE_HUB_DATA")]
    data: PathBuf,
    /// Address and port to listen on; port 0 takes a free one. The bound address is printed.
    #[arg(long, default_value = "127.0.0.1:7600", env = "OFFPISTE_HUB_LISTEN")]
    listen: String,
    /// The address by which branches and browsers reach this hub, such as https://hub.example. It is part of every join
    /// string. Without it, the bound address is used, which is right on one machine only.
    #[arg(long, env = "OFFPISTE_HUB_PUBLIC_URL")]
    public_url: Option<String>,
    /// Certificate chain (PEM), when the hub itself speaks TLS; else put it behind a reverse proxy.
    #[arg(long, requires = "tls_key", env = "OFFPISTE_HUB_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate.
    #[arg(long, requires = "tls_cert", env = "OFFPISTE_HUB_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// A file whose first line is the first administrator's password, instead of one drawn at random and printed.
    #[arg(long, env = "OFFPISTE_HUB_INITIAL_ADMIN_PASSWORD_FILE")]
    initial_admin_password_file: Option<PathBuf>,
    /// How many hours a join string works.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=720), env = "OFFPISTE_HUB_JOIN_HOURS")]
    join_hours: u64,
}

impl Cli {
    /// Does what the command line says.
    ///
    /// # Errors
    /// Whatever kept it from being done, in words.
    pub async fn perform(self) -> anyhow::Result<()> {
        logging::start(self.log_format, self.log.as_deref());
        match self.verb {
            Verb::Serve(options) => {
                let listener = TcpListener::bind(&options.listen)
                    .with_context(|| format!("cannot listen on {}", options.listen))?;
                let settings = options.settings()?;
                let data = settings.data.clone();
                verbs::refuse_when_gone(&data)?;
                verbs::explain_panics(&data);
                let served = serve::run(settings, listener, serve::asked_to_stop()).await;
                served.map_err(|error| verbs::explain(error.into(), &data))
            }
            Verb::Backup(backup) => backup.perform().await,
            Verb::Restore(restore) => restore.perform().await,
            Verb::Verify(verify) => verify.perform().await,
            Verb::Repair(repair) => repair.perform().await,
            Verb::Reindex(reindex) => reindex.perform().await,
            Verb::Compact(compact) => compact.perform().await,
            Verb::Schema(schema) => schema.perform().await,
            Verb::NewEpoch { data } => {
                let epoch = tokio::task::spawn_blocking(move || backend::begin_new_epoch(&data))
                    .await
                    .context("the work was cut short")??;
                println!("epoch: {:016x}", epoch.0);
                println!("branches send again what this hub lacks at their next contact");
                Ok(())
            }
            Verb::NewPassword { data, login } => {
                let work = move || backend::give_new_password(&data, &login);
                let password = tokio::task::spawn_blocking(work)
                    .await
                    .context("the work was cut short")??;
                println!("password: {password}");
                Ok(())
            }
        }
    }
}

impl Serve {
    fn settings(self) -> anyhow::Result<Settings> {
        let public_url = self
            .public_url
            .map(|url| url.trim_end_matches('/').to_owned());
        if let Some(url) = &public_url
            && !(url.starts_with("http://") || url.starts_with("https://"))
        {
            bail!("--public-url must begin with http:// or https://, it is {url}");
        }
        Ok(Settings {
            data: self.data,
            public_url,
            tls: self
                .tls_cert
                .zip(self.tls_key)
                .map(|(certificate, key)| Tls { certificate, key }),
            first_administrator: self
                .initial_admin_password_file
                .map_or(FirstAdministrator::Printed, FirstAdministrator::FromFile),
            join_string_lifetime: Duration::from_hours(self.join_hours),
        })
    }
}
