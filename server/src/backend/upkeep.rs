//! What the office looks after: which machines count as long absent, and what was refused and has been dealt with.

use super::records::{self, RefusedDelta};
use super::{BackendError, Hub};

/// Days without contact after which a machine counts as long absent, while the office has said nothing else: longer than
/// the quiet weeks of a season, shorter than a summer.
pub(crate) const LONG_ABSENT_DAYS: u16 = 60;

/// The office may choose between a week and two years.
pub(crate) const LONG_ABSENT_DAYS_ALLOWED: std::ops::RangeInclusive<u16> = 7..=730;

impl Hub {
    /// Days without contact after which a machine counts as long absent.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn long_absent_days(&self) -> Result<u16, BackendError> {
        let chosen = self
            .look(|store| store.read_record::<u16>(records::LONG_ABSENT_DAYS))
            .await?;
        Ok(chosen
            .filter(|days| LONG_ABSENT_DAYS_ALLOWED.contains(days))
            .unwrap_or(LONG_ABSENT_DAYS))
    }

    /// Chooses them; says whether they were within [`LONG_ABSENT_DAYS_ALLOWED`].
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn set_long_absent_days(&self, days: u16) -> Result<bool, BackendError> {
        if !LONG_ABSENT_DAYS_ALLOWED.contains(&days) {
            return Ok(false);
        }
        self.write(move |writer| {
            let store = writer.store();
            Ok::<_, BackendError>(store.write_record(records::LONG_ABSENT_DAYS, &days)?)
        })
        .await?;
        Ok(true)
    }

    /// What the hub would not take, newest first, each with its name in the records.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn refused_by_name(
        &self,
    ) -> Result<Vec<(String, RefusedDelta)>, BackendError> {
        self.look(|store| {
            let mut refused = store.records(records::REFUSED, records::MAX_REFUSED)?;
            refused.reverse();
            Ok(refused)
        })
        .await
    }

    /// Takes something refused off the list, after somebody has dealt with it. What was refused stays at its sender.
    ///
    /// # Errors
    /// [`BackendError`].
    pub(crate) async fn forget_refused(&self, name: String) -> Result<bool, BackendError> {
        if !name.starts_with(records::REFUSED) {
            return Ok(false);
        }
        self.write(move |writer| {
            let store = writer.store();
            let known: Option<RefusedDelta> = store.read_record(&name)?;
            if known.is_some() {
                store.remove_record(&name)?;
            }
            Ok::<_, BackendError>(known.is_some())
        })
        .await
    }
}
