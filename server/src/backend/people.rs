//! Staff and office accounts. PINs travel to branches as hashes, inside the staff document; passwords never leave the hub.

use shared::document::{Change, Field};
use shared::domain::fields::{kind, known_kind};
use shared::domain::{Role, Staff};
use shared::id::{BranchId, DocumentId, StaffId};
use shared::store::{HubStore, StoreError};
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
    /// Nobody.
    #[error("nobody with this id works here")]
    NoSuchPerson,
    /// Whoever shuts themselves out may be the last who could let somebody in.
    #[error("nobody ends their own right to sign in; another administrator can")]
    OwnAccount,
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

/// What changes about somebody who works here. What is none stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct EditStaff {
    /// A new PIN.
    pub(crate) pin: Option<String>,
    /// Whether they may still sign in, at counters and at the office.
    pub(crate) active: Option<bool>,
}

impl Hub {
    /// Gives somebody a new PIN, or ends or renews their right to sign in. Branches know it after their next contact.
    ///
    /// # Errors
    /// [`NewStaffError`]; nothing was changed then.
    pub(crate) async fn edit_staff(
        &self,
        staff: StaffId,
        edit: EditStaff,
        by: Option<StaffId>,
    ) -> Result<(), NewStaffError> {
        if edit.pin.as_deref().is_some_and(|pin| !is_pin(pin)) {
            return Err(NewStaffError::Pin);
        }
        if edit.active == Some(false) && by == Some(staff) {
            return Err(NewStaffError::OwnAccount);
        }
        let pin_hash = match edit.pin {
            Some(pin) => Some(passwords::hash_away(pin).await?),
            None => None,
        };
        self.write(move |writer| {
            let stored = writer.store().document(staff.document());
            let (_, stored) = stored
                .map_err(BackendError::from)?
                .filter(|(_, document)| document.kind().as_str() == kind::STAFF)
                .ok_or(NewStaffError::NoSuchPerson)?;
            if let Some(active) = edit.active
                && let Some(login) = Staff::of(&stored).and_then(|member| member.login)
            {
                set_account_active(writer.store(), &login, active).map_err(BackendError::from)?;
            }
            writer.write_own::<NewStaffError>(by, |authoring| {
                let mut change = Change::of(&stored);
                change.set_some(
                    authoring,
                    Field::known(Staff::PIN_HASH),
                    pin_hash.as_deref(),
                );
                change.set_some(authoring, Field::known(Staff::ACTIVE), edit.active);
                Ok(if change.is_empty() {
                    Vec::new()
                } else {
                    vec![change.finish()]
                })
            })?;
            Ok(())
        })
        .await
    }
}

fn set_account_active(store: &HubStore, login: &str, active: bool) -> Result<(), StoreError> {
    let name = records::account(login);
    let account: Option<Account> = store.read_record(&name)?;
    match account {
        Some(mut account) => {
            account.active = active;
            store.write_record(&name, &account)
        }
        None => Ok(()),
    }
}
