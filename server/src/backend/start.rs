//! Opening a data directory, and what a new one gets.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU16;
use std::sync::{Arc, Mutex, RwLock};
use std::thread;

use shared::document::{Change, Field};
use shared::domain::fields::{kind, known_kind};
use shared::domain::{Catalogue, Role, Staff, seed};
use shared::id::{DocumentId, StaffId};
use shared::store::HubStore;
use shared::wire::Epoch;
use tokio::sync::{mpsc, watch};

use super::lists::Lists;
use super::records::{self, Account};
use super::writer::{self, Shared, Writer};
use super::{BackendError, Hub, Inner, presence, readers};
use crate::auth::passwords;
use crate::clock;
use crate::random;
use crate::settings::{FirstAdministrator, Settings};

/// The login of the first administrator.
const ADMINISTRATOR: &str = "admin";

/// The shortest password for an office account: NIST SP 800-63B asks for 8 and no rules about which characters.
pub(crate) const PASSWORD_CHARACTERS: usize = 8;

/// What the person who starts a hub for the first time must be told, once.
#[derive(Debug)]
pub(crate) struct FirstStart {
    /// The login.
    pub(crate) login: String,
    /// The password, when it was drawn here.
    pub(crate) password: Option<String>,
}

/// Why a hub does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The password file.
    #[error("the first administrator's password cannot be read from {}: {source}", path.display())]
    PasswordFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The password in the file.
    #[error(
        "the first administrator's password needs at least {PASSWORD_CHARACTERS} characters; put a longer one into the file"
    )]
    PasswordTooShort,
    /// A login nobody has.
    #[error("no account has the login {0}; nothing was changed")]
    NoSuchAccount(String),
    /// A thread.
    #[error("the writing thread cannot be started: {0}")]
    Thread(std::io::Error),
}

/// The documents and records of a data directory.
pub(crate) fn store_directory(data: &Path) -> PathBuf {
    data.join("store")
}

/// The lists of a data directory, derived from the documents.
pub(crate) fn lists_file(data: &Path) -> PathBuf {
    data.join("lists.sqlite")
}

/// Opens the data directory, making what is missing. Blocks; call it away from the async threads.
///
/// # Errors
/// [`StartError`] in words for whoever starts the hub.
pub(crate) fn start(
    settings: &Settings,
    public_url: String,
) -> Result<(Hub, Option<FirstStart>), StartError> {
    let store = HubStore::open(&store_directory(&settings.data)).map_err(BackendError::from)?;
    let epoch = epoch(&store)?;
    let lists = lists_file(&settings.data);
    let shared = Arc::new(Shared {
        store,
        gate: RwLock::new(()),
        catalogue: RwLock::new(Arc::new(Catalogue::default())),
        head: watch::Sender::new(0),
    });
    let mut followers = Lists::open(&shared, &lists)?;
    let mut writer = Writer::open(&shared)?;
    let first = first_start(&mut writer, settings)?;
    followers.catch_up()?;
    writer.hand_to(followers.follow().map_err(StartError::Thread)?);
    let replicas = presence::Replicas::load(&shared.store)?;
    let recovery = shared
        .store
        .read_record(records::RECOVERY)
        .map_err(BackendError::from)?;
    let oldest = super::schema::oldest_served_by(&shared.store).map_err(BackendError::from)?;
    let readers = readers::Readers::open(&lists)?;
    let (jobs, queue) = mpsc::channel(writer::QUEUE);
    thread::Builder::new()
        .name("writer".to_owned())
        .spawn(move || writer::work(writer, queue))
        .map_err(StartError::Thread)?;
    let hub = Hub {
        inner: Arc::new(Inner {
            shared,
            jobs,
            readers,
            replicas,
            echoes: Mutex::default(),
            standings: super::exchange::Standings::default(),
            epoch: Mutex::new(epoch),
            recovery: Mutex::new(recovery),
            oldest: AtomicU16::new(oldest),
            public_url,
            join_string_lifetime: settings.join_string_lifetime,
        }),
    };
    Ok((hub, first))
}

/// Gives an account a password drawn at random, and lets it log in again. Blocks.
///
/// # Errors
/// [`StartError`], such as while the hub runs; nothing was changed then.
pub(crate) fn give_new_password(data: &Path, login: &str) -> Result<String, StartError> {
    let store = HubStore::open(&store_directory(data)).map_err(BackendError::from)?;
    let name = records::account(login);
    let account: Option<Account> = store.read_record(&name).map_err(BackendError::from)?;
    let mut account = account.ok_or_else(|| StartError::NoSuchAccount(login.to_owned()))?;
    let password = random::readable(4).map_err(BackendError::from)?;
    account.password_hash = passwords::hash(&password)?;
    account.active = true;
    let written = store.write_record(&name, &account);
    written
        .and_then(|()| store.persist())
        .map_err(BackendError::from)?;
    Ok(password)
}

fn epoch(store: &HubStore) -> Result<Epoch, BackendError> {
    if let Some(epoch) = store.read_record(records::EPOCH)? {
        return Ok(epoch);
    }
    let epoch = random::epoch()?;
    store.write_record(records::EPOCH, &epoch)?;
    store.persist()?;
    Ok(epoch)
}

/// Seeds the catalogue and makes the administrator when there is no account yet. One batch: it is all there, or it is
/// made again at the next start, where seeding twice is seeding once.
fn first_start(writer: &mut Writer, settings: &Settings) -> Result<Option<FirstStart>, StartError> {
    let accounts = writer
        .store()
        .records::<Account>(records::ACCOUNTS, 1)
        .map_err(BackendError::from)?;
    if !accounts.is_empty() {
        return Ok(None);
    }
    let (password, is_drawn) = match &settings.first_administrator {
        FirstAdministrator::Printed => (random::readable(4).map_err(BackendError::from)?, true),
        FirstAdministrator::FromFile(path) => (password_in(path)?, false),
    };
    let password_hash = passwords::hash(&password)?;
    let staff = StaffId(DocumentId::named("staff/first-administrator"));
    if writer.catalogue().services.is_empty() {
        writer.write_own::<BackendError>(None, |authoring| {
            let mut documents = seed::documents(authoring);
            let mut change = Change::create(staff.document(), known_kind(kind::STAFF));
            change.set(authoring, Field::known(Staff::NAME), "Administrator");
            change.set(authoring, Field::known(Staff::LOGIN), ADMINISTRATOR);
            change.set(
                authoring,
                Field::known(Staff::ROLE),
                Role::Administrator.code(),
            );
            documents.push(change.finish());
            Ok(documents)
        })?;
    }
    let account = Account {
        login: ADMINISTRATOR.to_owned(),
        staff,
        password_hash,
        role: Role::Administrator.code().to_owned(),
        made_at: clock::now(),
        active: true,
    };
    let name = records::account(ADMINISTRATOR);
    writer.write_now(|store| store.write_record(&name, &account))?;
    Ok(Some(FirstStart {
        login: ADMINISTRATOR.to_owned(),
        password: is_drawn.then_some(password),
    }))
}

fn password_in(path: &Path) -> Result<String, StartError> {
    let text = std::fs::read_to_string(path).map_err(|source| StartError::PasswordFile {
        path: path.to_owned(),
        source,
    })?;
    let password = text.lines().next().unwrap_or_default().trim();
    if password.chars().count() < PASSWORD_CHARACTERS {
        return Err(StartError::PasswordTooShort);
    }
    Ok(password.to_owned())
}
