//! Staff and office accounts. PINs travel to branches as hashes, inside the staff document; passwords never leave the hub.

use shared::document::{Change, Field};
use shared::domain::fields::{kind, known_kind};
use shared::domain::{Role, Staff};
use shared::id::{BranchId, DocumentId, StaffId};
use uuid::Uuid;

use super::records::{self, Account};
use super::start::PASSWORD_CHARACTERS;
use super::{BackendError, Hub};
use crate::auth::passwords;
use crate::clock;

/// The longest name.
const NAME_CHARACTERS: usize = 80;

/// The longest login.
const LOGIN_CHARACTERS: usize = 40;

/// The longest password; hashing a page costs time.
const PASSWORD_MAX_CHARACTERS: usize = 200;

/// Digits of a PIN. Short enough for gloves: three wrong tries lock it.
const PIN_DIGITS: std::ops::RangeInclusive<usize> = 4..=6;

/// Branches one member of staff may be listed at; whoever works everywhere has none listed.
const MAX_BRANCHES: usize = 100;

/// Somebody who starts to work here.
#[derive(Clone, Debug)]
pub(crate) struct NewStaff {
    /// Their name.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
    /// For counters; none for those who never stand at one.
    pub(crate) pin: Option<String>,
    /// Where they work; empty for all.
    pub(crate) branches: Vec<BranchId>,
    /// Login and password for the office.
    pub(crate) account: Option<(String, String)>,
}

/// Why nobody was taken on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewStaffError {
    /// The name.
    #[error("a name of 1 to {NAME_CHARACTERS} characters is needed")]
    Name,
    /// The PIN.
    #[error("a PIN has 4 to 6 digits, not all the same")]
    Pin,
    /// Neither way in.
    #[error("a PIN for counters or a login for the office is needed")]
    NoWayIn,
    /// The login.
    #[error("a login has 2 to {LOGIN_CHARACTERS} characters: a-z, 0-9, dot, hyphen")]
    Login,
    /// The login is in use.
    #[error("this login is in use")]
    LoginInUse,
    /// The password.
    #[error("a password has {PASSWORD_CHARACTERS} to {PASSWORD_MAX_CHARACTERS} characters")]
    Password,
    /// Their role has no business at the office.
    #[error("only the roles office and administrator log in at the office")]
    RoleHasNoAccount,
    /// A branch.
    #[error("there is no branch {0}")]
    NoSuchBranch(BranchId),
    /// Too many.
    #[error("at most {MAX_BRANCHES} branches; name none for all")]
    TooManyBranches,
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl NewStaff {
    fn check(&self) -> Result<(), NewStaffError> {
        let name = self.name.trim();
        if name.is_empty()
            || name.chars().count() > NAME_CHARACTERS
            || name.contains(char::is_control)
        {
            return Err(NewStaffError::Name);
        }
        if self.pin.is_none() && self.account.is_none() {
            return Err(NewStaffError::NoWayIn);
        }
        if self.pin.as_deref().is_some_and(|pin| !is_pin(pin)) {
            return Err(NewStaffError::Pin);
        }
        if self.branches.len() > MAX_BRANCHES {
            return Err(NewStaffError::TooManyBranches);
        }
        let Some((login, password)) = &self.account else {
            return Ok(());
        };
        if !matches!(self.role, Role::Office | Role::Administrator) {
            return Err(NewStaffError::RoleHasNoAccount);
        }
        let is_login = (2..=LOGIN_CHARACTERS).contains(&login.len())
            && login.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte)
            });
        if !is_login {
            return Err(NewStaffError::Login);
        }
        if !(PASSWORD_CHARACTERS..=PASSWORD_MAX_CHARACTERS).contains(&password.chars().count()) {
            return Err(NewStaffError::Password);
        }
        Ok(())
    }
}

fn is_pin(pin: &str) -> bool {
    let bytes = pin.as_bytes();
    PIN_DIGITS.contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_digit)
        && bytes.iter().any(|digit| *digit != bytes[0])
}

impl Hub {
    /// Takes somebody on. Branches can sign them in once they have exchanged with the hub.
    ///
    /// # Errors
    /// [`NewStaffError`]; nothing was changed then.
    pub(crate) async fn take_on(
        &self,
        new: NewStaff,
        by: Option<StaffId>,
    ) -> Result<StaffId, NewStaffError> {
        new.check()?;
        let catalogue = self.catalogue();
        if let Some(unknown) = new
            .branches
            .iter()
            .find(|branch| catalogue.branch(**branch).is_none())
        {
            return Err(NewStaffError::NoSuchBranch(*unknown));
        }
        let pin_hash = match new.pin.clone() {
            Some(pin) => Some(passwords::hash_away(pin).await?),
            None => None,
        };
        let account = match new.account.clone() {
            Some((login, password)) => Some((login, passwords::hash_away(password).await?)),
            None => None,
        };
        let id = StaffId(DocumentId::from_uuid(Uuid::now_v7()));
        self.write(move |writer| {
            if let Some((login, password_hash)) = account {
                let name = records::account(&login);
                let store = writer.store();
                let known: Option<Account> =
                    store.read_record(&name).map_err(BackendError::from)?;
                if known.is_some() {
                    return Err(NewStaffError::LoginInUse);
                }
                let account = Account {
                    login,
                    staff: id,
                    password_hash,
                    role: new.role.code().to_owned(),
                    made_at: clock::now(),
                    active: true,
                };
                store
                    .write_record(&name, &account)
                    .map_err(BackendError::from)?;
            }
            writer.write_own::<NewStaffError>(by, |authoring| {
                let mut change = Change::create(id.document(), known_kind(kind::STAFF));
                change.set(authoring, Field::known(Staff::NAME), new.name.trim());
                change.set(authoring, Field::known(Staff::ROLE), new.role.code());
                change.set_some(
                    authoring,
                    Field::known(Staff::LOGIN),
                    new.account.as_ref().map(|(login, _)| login.as_str()),
                );
                change.set_some(
                    authoring,
                    Field::known(Staff::PIN_HASH),
                    pin_hash.as_deref(),
                );
                for branch in &new.branches {
                    let field = Field::new(format!("{}{branch}", Staff::BRANCH_PREFIX))
                        .map_err(|_| NewStaffError::NoSuchBranch(*branch))?;
                    change.set(authoring, field, true);
                }
                Ok(vec![change.finish()])
            })?;
            Ok(id)
        })
        .await
    }

    /// The account of a login.
    pub(crate) async fn account(&self, login: &str) -> Result<Option<Account>, BackendError> {
        let name = records::account(login);
        self.look(move |store| store.read_record(&name)).await
    }
}
