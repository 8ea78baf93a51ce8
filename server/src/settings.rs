//! What a hub is told when it starts.

use std::path::PathBuf;
use std::time::Duration;

/// What a hub is told when it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where everything is kept.
    pub data: PathBuf,
    /// The address that branches and browsers reach this hub by, without a slash at the end; none for the bound one.
    pub public_url: Option<String>,
    /// Certificate and key, when the hub itself speaks TLS.
    pub tls: Option<Tls>,
    /// Where the first administrator's password comes from.
    pub first_administrator: FirstAdministrator,
    /// How long a join string works.
    pub join_string_lifetime: Duration,
}

/// Files of a TLS endpoint.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Certificate chain, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

/// Where the first administrator's password comes from. Only looked at while the hub has no account at all.
#[derive(Clone, Debug)]
pub enum FirstAdministrator {
    /// Drawn at random and printed once on standard output.
    Printed,
    /// The first line of a file.
    FromFile(PathBuf),
}

/// A machine is joined on the day its string was made, or a new string is made.
pub(crate) const JOIN_STRING_LIFETIME: Duration = Duration::from_hours(24);

impl Settings {
    /// Settings for a data directory, everything else as `serve` has it without options.
    pub fn for_directory(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            public_url: None,
            tls: None,
            first_administrator: FirstAdministrator::Printed,
            join_string_lifetime: JOIN_STRING_LIFETIME,
        }
    }
}
