//! What a hub says of its branches before a switch-over, and what it is asked to tell them.

use serde::Deserialize;
use shared::wire::{CHANGEOVER_PATH, ORDERS_PATH};

use super::{Hub, TargetError};

/// How the firm stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Standing {
    /// All orders in the office's lists.
    pub orders: u64,
    /// Orders with a field that is in conflict.
    pub conflicts: u64,
    /// Whether the lists have everything that the store has.
    pub is_up_to_date: bool,
    /// Active branches.
    pub branches: Vec<BranchStanding>,
}

/// How one branch stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct BranchStanding {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Orders taken in there, imported ones included.
    pub orders: u64,
    /// `current`, `sending`, `away` or `never`.
    pub freshness: String,
    /// RFC 3339.
    pub last_contact: Option<String>,
    /// Documents that waited there at the last contact.
    pub pending: Option<u64>,
}

/// An order as the office's search finds it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FoundOrder {
    /// Its document.
    pub id: String,
    /// The number it had in the old system.
    pub legacy_number: Option<String>,
    /// The id of the branch that took it in.
    pub branch: Option<String>,
    /// Its work status.
    pub status: String,
    /// The sum of its lines.
    pub total: FoundAmount,
}

/// An amount of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FoundAmount {
    /// Hundredths.
    pub minor: i64,
}

impl Hub {
    /// How the branches stand.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn standing(&self) -> Result<Standing, TargetError> {
        let address = format!("{}{CHANGEOVER_PATH}", self.credentials().hub);
        read(&self.ask(|| self.client.get(&address))?)
    }

    /// Has every active branch told that the old `system` is `switching_off` or `switched_off`, for so many minutes; `none`
    /// ends it. Returns how many branches will hear it.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn tell(&self, state: &str, system: &str, minutes: i64) -> Result<u64, TargetError> {
        #[derive(Deserialize)]
        struct Told {
            branches: u64,
        }
        let address = format!("{}{CHANGEOVER_PATH}", self.credentials().hub);
        let body = serde_json::json!({ "state": state, "system": system, "minutes": minutes });
        let answer = self.ask(|| self.client.post(&address).json(&body))?;
        read::<Told>(&answer).map(|told| told.branches)
    }

    /// What the office's search finds.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn search(&self, text: &str) -> Result<Vec<FoundOrder>, TargetError> {
        let address = format!(
            "{}{ORDERS_PATH}?q={}",
            self.credentials().hub,
            in_query(text)
        );
        read(&self.ask(|| self.client.get(&address))?)
    }
}

/// A text within a query (RFC 3986): whatever is not a letter or a digit of ASCII is written as its bytes.
fn in_query(text: &str) -> String {
    let bytes = text.bytes().map(|byte| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    bytes.collect()
}

fn read<T: for<'de> Deserialize<'de>>(answer: &[u8]) -> Result<T, TargetError> {
    serde_json::from_slice(answer).map_err(|error| TargetError::Unreadable(error.to_string()))
}
