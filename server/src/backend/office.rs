//! What the office does to documents: settling what branches disagree on.

use jiff::civil;
use shared::command::{self, Refusal};
use shared::document::{Change, Field, Value, Version};
use shared::domain::Money;
use shared::domain::fields::kind;
use shared::id::{DocumentId, Dot, ServiceId, StaffId};
use shared::limits;

use super::records::{self, RefusedDelta};
use super::{BackendError, Hub};

/// Why a conflict was not settled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettleError {
    /// The document.
    #[error("there is no such document")]
    NoSuchDocument,
    /// The command.
    #[error("{0}; nothing was changed")]
    Refused(#[from] Refusal),
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// Which of the values of a field a person chose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Choice {
    /// By its place among the versions, in the order of their dots.
    Place(usize),
    /// By the write it came from, which still means the same value when another one has joined.
    Write(Dot),
}

impl Choice {
    fn among(self, versions: Vec<Version>) -> Option<Value> {
        let version = match self {
            Self::Place(place) => versions.into_iter().nth(place),
            Self::Write(dot) => versions.into_iter().find(|version| version.dot == dot),
        };
        version.map(|version| version.value)
    }
}

/// Why a price was not set.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetPriceError {
    /// The service.
    #[error("there is no such service")]
    NoSuchService,
    /// The amount.
    #[error("a price is between 0 and {}", limits::AMOUNT_MINOR / 100)]
    Amount,
    /// The day.
    #[error("the day from which a price holds is between 2000 and 2100")]
    Day,
    /// Below.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl Hub {
    /// A person at the office chooses among the values of a field.
    ///
    /// # Errors
    /// [`SettleError`]; nothing was changed then.
    pub(crate) async fn settle(
        &self,
        document: DocumentId,
        field: String,
        chosen: Choice,
        by: Option<StaffId>,
    ) -> Result<(), SettleError> {
        self.write(move |writer| {
            let stored = writer.store().document(document);
            let (_, stored) = stored
                .map_err(BackendError::from)?
                .ok_or(SettleError::NoSuchDocument)?;
            let value = stored
                .register(&field)
                .map(shared::document::Register::versions)
                .and_then(|versions| chosen.among(versions))
                .ok_or(Refusal::NothingToSettle)?;
            writer.write_own::<SettleError>(by, |authoring| {
                Ok(vec![command::settle(&stored, authoring, &field, &value)?])
            })?;
            Ok(())
        })
        .await
    }

    /// A person at the office keeps an order whose row is missing in the legacy database.
    ///
    /// # Errors
    /// [`SettleError`]; nothing was changed then.
    pub(crate) async fn keep(
        &self,
        document: DocumentId,
        by: Option<StaffId>,
    ) -> Result<(), SettleError> {
        self.write(move |writer| {
            let stored = writer.store().document(document);
            let (_, stored) = stored
                .map_err(BackendError::from)?
                .ok_or(SettleError::NoSuchDocument)?;
            writer.write_own::<SettleError>(by, |authoring| {
                Ok(vec![command::keep(&stored, authoring)?])
            })?;
            Ok(())
        })
        .await
    }

    /// Sets a service's price from a day on. Orders taken in before keep theirs.
    ///
    /// # Errors
    /// [`SetPriceError`]; nothing was changed then.
    pub(crate) async fn set_price(
        &self,
        service: ServiceId,
        price: Money,
        from: civil::Date,
        by: Option<StaffId>,
    ) -> Result<(), SetPriceError> {
        if !(0..=limits::AMOUNT_MINOR).contains(&price.minor) {
            return Err(SetPriceError::Amount);
        }
        if !(2000..=2100).contains(&from.year()) {
            return Err(SetPriceError::Day);
        }
        let currency = price.currency.as_str().to_ascii_lowercase();
        let field =
            Field::new(format!("price/{currency}/{from}")).map_err(|_| SetPriceError::Day)?;
        self.write(move |writer| {
            let stored = writer.store().document(service.document());
            let (_, stored) = stored
                .map_err(BackendError::from)?
                .filter(|(_, document)| document.kind().as_str() == kind::SERVICE)
                .ok_or(SetPriceError::NoSuchService)?;
            writer.write_own::<SetPriceError>(by, |authoring| {
                let mut change = Change::of(&stored);
                change.set(authoring, field, price);
                // Setting what holds already is no change and no error.
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

    /// What the hub would not take, newest first.
    pub(crate) async fn refused(&self) -> Result<Vec<RefusedDelta>, BackendError> {
        self.look(|store| {
            let refused = store.records::<RefusedDelta>(records::REFUSED, records::MAX_REFUSED)?;
            Ok(refused.into_iter().rev().map(|(_, delta)| delta).collect())
        })
        .await
    }
}
