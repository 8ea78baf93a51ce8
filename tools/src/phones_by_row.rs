//! Telephones that were read once, by the row they stand in: each customer's stands in all of their orders, and reading one
//! takes longer than all the rest of a contact. Eight bytes a row; several threads fill it.

use std::sync::atomic::{AtomicU64, Ordering};

/// The telephone was not read yet.
const UNREAD: u64 = 0;
/// It is none.
const NONE: u64 = 1;

/// What the telephones of one table's rows are as E.164.
#[derive(Debug, Default)]
pub(crate) struct PhonesByRow(Vec<AtomicU64>);

impl PhonesByRow {
    /// Room for rows up to a place; nothing was read yet.
    pub(crate) fn up_to(place: u64) -> Self {
        let mut slots = Vec::new();
        slots.resize_with(usize::try_from(place).unwrap_or(0), AtomicU64::default);
        Self(slots)
    }

    /// The telephone of the row at a place as E.164, read by `read` if nobody has read it yet.
    pub(crate) fn get(&self, place: i64, read: impl FnOnce() -> Option<String>) -> Option<String> {
        let slot = usize::try_from(place - 1)
            .ok()
            .and_then(|place| self.0.get(place));
        match slot.map(|slot| slot.load(Ordering::Relaxed)) {
            Some(NONE) => return None,
            Some(number) if number != UNREAD => return Some(format!("+{number}")),
            _ => {}
        }
        let e164 = read();
        // `+` and at most 15 digits, of which the first is no zero.
        let number = match &e164 {
            None => Some(NONE),
            Some(text) => text
                .strip_prefix('+')
                .and_then(|digits| digits.parse().ok())
                .filter(|number| *number > NONE),
        };
        if let (Some(slot), Some(number)) = (slot, number) {
            slot.store(number, Ordering::Relaxed);
        }
        e164
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_is_read_once() {
        let phones = PhonesByRow::up_to(2);
        let read = || Some("+41791234567".to_owned());
        assert_eq!(phones.get(1, read), read());
        assert_eq!(phones.get(1, || panic!("it was read")), read());
        assert_eq!(phones.get(2, || None), None);
        assert_eq!(phones.get(2, || panic!("it was read")), None);
        assert_eq!(
            phones.get(3, read),
            read(),
            "beyond the room it is read each time"
        );
    }
}
