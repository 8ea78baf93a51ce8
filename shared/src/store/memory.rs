//! The engine for tests and simulations.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::engine::{Engine, EngineError, Entry, Write};

#[derive(Default)]
pub(crate) struct MemoryEngine(Mutex<BTreeMap<Vec<u8>, Vec<u8>>>);

impl MemoryEngine {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.entries().get(key).cloned())
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        let entries = self.entries();
        let range = entries.range(from.to_vec()..to.to_vec());
        Ok(range
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Entry>, EngineError> {
        let entries = self.entries();
        let last = entries.range(from.to_vec()..to.to_vec()).next_back();
        Ok(last.map(|(key, value)| (key.clone(), value.clone())))
    }

    fn apply(&self, batch: &[Write]) -> Result<(), EngineError> {
        let mut entries = self.entries();
        for write in batch {
            match write {
                Write::Put(key, value) => {
                    entries.insert(key.clone(), value.clone());
                }
                Write::Remove(key) => {
                    entries.remove(key);
                }
            }
        }
        Ok(())
    }

    fn persist(&self) -> Result<(), EngineError> {
        Ok(())
    }

    fn bytes_on_disk(&self) -> Result<u64, EngineError> {
        Ok(0)
    }
}
