//! Connections to the read model that only read, shared by all requests.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use shared::read_model::{QueryError, ReadModel, Reader};
use tokio::sync::Semaphore;

use super::BackendError;

/// As many as can usefully read at once on the machines hubs run on.
const READERS: usize = 4;

/// A handful of readers; whoever finds none free waits.
#[derive(Clone)]
pub(super) struct Readers {
    free: Arc<Mutex<Vec<Reader>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// Opens them on the file that the writer has opened before.
    pub(super) fn open(lists: &Path) -> Result<Self, BackendError> {
        let readers = (0..READERS)
            .map(|_| ReadModel::open_reader(lists))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            free: Arc::new(Mutex::new(readers)),
            permits: Arc::new(Semaphore::new(READERS)),
        })
    }

    /// Runs a query away from the async threads.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Reader) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, BackendError> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| BackendError::Stopped)?;
        let free = Arc::clone(&self.free);
        tokio::task::spawn_blocking(move || {
            let reader = free.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(reader) = reader else {
                return Err(BackendError::Stopped);
            };
            let outcome = query(&reader);
            free.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(reader);
            drop(permit);
            Ok(outcome?)
        })
        .await
        .map_err(|_| BackendError::Stopped)?
    }
}
