//! Read-only connections to the read model, asked on threads for blocking work.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use shared::read_model::{OpenError, QueryError, ReadModel, Reader};
use tokio::sync::Semaphore;

use crate::counter::CounterError;

/// Connections. More than the cores of a counter's computer would only wait for each other.
const READERS: usize = 3;

/// A small pool of readers. Cheap to clone.
#[derive(Clone)]
pub(super) struct Lists {
    readers: Arc<Mutex<Vec<Reader>>>,
    free: Arc<Semaphore>,
}

impl Lists {
    pub(super) fn open(file: &Path) -> Result<Self, OpenError> {
        let readers = (0..READERS)
            .map(|_| ReadModel::open_reader(file))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            free: Arc::new(Semaphore::new(readers.len())),
            readers: Arc::new(Mutex::new(readers)),
        })
    }

    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, CounterError> {
        let permit = Arc::clone(&self.free)
            .acquire_owned()
            .await
            .map_err(|_| CounterError::Stopping)?;
        let readers = Arc::clone(&self.readers);
        let answer = tokio::task::spawn_blocking(move || {
            let reader = lock(&readers).pop()?;
            let answer = question(&reader);
            lock(&readers).push(reader);
            drop(permit);
            Some(answer)
        });
        match answer.await {
            Ok(Some(answer)) => answer.map_err(|error| CounterError::Lists(error.to_string())),
            Ok(None) | Err(_) => Err(CounterError::Stopping),
        }
    }
}

/// What the lock guards is whole at every moment, so a panic of another holder spoils nothing.
fn lock(readers: &Mutex<Vec<Reader>>) -> std::sync::MutexGuard<'_, Vec<Reader>> {
    readers.lock().unwrap_or_else(PoisonError::into_inner)
}
