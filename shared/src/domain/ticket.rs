//! Ticket numbers: unique with no coordination, short enough to say on the phone, safe for scanners set to the US layout.

use std::fmt;
use std::str::FromStr;

use crate::clock::UtcMillis;

/// Digits and letters without I, O (read as 1, 0) and without Y, Z (which swap between keyboard layouts).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRSTUVWX";

/// Characters: two of the branch, five of time, one drawn at random, one check character.
const LENGTH: usize = 9;
const TIME_CHARACTERS: usize = 5;
const SERIES_BITS: usize = 5 * TIME_CHARACTERS;

/// One number per branch and slot of ten seconds; five characters then last ten years and seven months before they come
/// round, longer than orders are kept.
const SLOT_MILLIS: i64 = 10_000;

/// 2024-01-01T00:00:00Z, so that the first round lasts until 2034.
const FIRST_SLOT_MILLIS: i64 = 1_704_067_200_000;

/// The two characters that the hub gives each branch; no two branches have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketPrefix([u8; 2]);

impl TicketPrefix {
    /// Reads two characters of the ticket alphabet, in either case.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.to_ascii_uppercase();
        let bytes: [u8; 2] = text.as_bytes().try_into().ok()?;
        bytes
            .iter()
            .all(|byte| ALPHABET.contains(byte))
            .then_some(Self(bytes))
    }

    /// Prefixes to try for a branch of this name, best first: its own letters, then every pair there is.
    pub fn candidates(name: &str) -> impl Iterator<Item = Self> {
        let letters: Vec<u8> = name
            .to_ascii_uppercase()
            .bytes()
            .filter(|byte| ALPHABET.contains(byte))
            .collect();
        let own: Vec<Self> = letters
            .first()
            .map(|first| {
                letters[1..]
                    .iter()
                    .map(|second| Self([*first, *second]))
                    .collect()
            })
            .unwrap_or_default();
        let any = ALPHABET
            .iter()
            .flat_map(|first| ALPHABET.iter().map(|second| Self([*first, *second])));
        own.into_iter().chain(any)
    }

    /// The two characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

impl fmt::Display for TicketPrefix {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for TicketPrefix {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Text that is no ticket number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TicketError {
    /// Too short, too long, or with characters that no ticket has.
    #[error("a ticket number has nine digits and letters, such as CH 7K3QR 4X")]
    Shape,
    /// One character was read or typed wrong.
    #[error("the check character does not fit: one character of the ticket number is wrong")]
    CheckCharacter,
}

/// A printed ticket number. It is final: nothing renumbers a ticket.
///
/// The middle counts ten-second slots, at least one more than the branch's last ticket and at least the present slot.
/// A store that was restored from a backup has forgotten its last tickets but not the time, so it goes on beyond them;
/// the random character guards the rest (a cloned machine, a clock set back).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketNumber([u8; LENGTH]);

impl TicketNumber {
    /// The next number of a branch, and the slot to remember as its last.
    /// `random` is any number; five of its bits are used.
    pub fn next(prefix: TicketPrefix, last_slot: u64, now: UtcMillis, random: u8) -> (Self, u64) {
        let present = u64::try_from(now.millis_since(UtcMillis(FIRST_SLOT_MILLIS)) / SLOT_MILLIS)
            .unwrap_or(0);
        let slot = present.max(last_slot + 1);
        let mut text = [0; LENGTH];
        text[..2].copy_from_slice(&prefix.0);
        for (place, character) in text[2..2 + TIME_CHARACTERS].iter_mut().rev().enumerate() {
            *character = character_of((slot % (1 << SERIES_BITS)) >> (5 * place));
        }
        text[LENGTH - 2] = character_of(u64::from(random));
        text[LENGTH - 1] = check_character(&text[..LENGTH - 1]);
        (Self(text), slot)
    }

    /// The nine characters without blanks, as in the codes on the ticket.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("?????????")
    }

    /// Grouped for reading aloud: `CH 7K3QR 4X`.
    pub fn spoken(&self) -> String {
        let text = self.as_str();
        format!("{} {} {}", &text[..2], &text[2..7], &text[7..])
    }
}

impl FromStr for TicketNumber {
    type Err = TicketError;

    /// Forgives blanks, dashes, lower case, and the letters that the alphabet leaves out for their likeness to digits.
    fn from_str(text: &str) -> Result<Self, TicketError> {
        let characters: Vec<u8> = text
            .bytes()
            .filter(|byte| !matches!(byte, b' ' | b'-'))
            .take(LENGTH + 1)
            .map(|byte| match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' => b'1',
                other => other,
            })
            .collect();
        let text: [u8; LENGTH] = characters.try_into().map_err(|_| TicketError::Shape)?;
        if !text.iter().all(|byte| ALPHABET.contains(byte)) {
            return Err(TicketError::Shape);
        }
        if check_character(&text[..LENGTH - 1]) != text[LENGTH - 1] {
            return Err(TicketError::CheckCharacter);
        }
        Ok(Self(text))
    }
}

impl fmt::Display for TicketNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for TicketNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

const fn character_of(value: u64) -> u8 {
    ALPHABET[(value % 32) as usize]
}

/// The hybrid system MOD N+1,N of ISO/IEC 7064 with N = 32: finds every single wrong character
/// and nearly every swap of neighbours.
fn check_character(text: &[u8]) -> u8 {
    let size = ALPHABET.len();
    let mut product = size;
    for character in text {
        let value = ALPHABET
            .iter()
            .position(|known| known == character)
            .unwrap_or(0);
        let sum = match (product + value) % size {
            0 => size,
            sum => sum,
        };
        product = (sum * 2) % (size + 1);
    }
    ALPHABET[(size + 1 - product) % size]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const NOW: UtcMillis = UtcMillis(1_795_190_400_000);

    fn prefix() -> TicketPrefix {
        TicketPrefix::new("CH").expect("in the alphabet")
    }

    #[test]
    fn a_burst_gives_different_numbers_and_a_restored_store_none_of_them_again() {
        let mut seen = HashSet::new();
        let mut last = 0;
        for _ in 0..1_200 {
            let (ticket, slot) = TicketNumber::next(prefix(), last, NOW, 7);
            assert!(seen.insert(ticket));
            last = slot;
        }
        // Restored the next morning from a backup of the evening before.
        let tomorrow = UtcMillis(NOW.0 + 86_400_000);
        let (ticket, _) = TicketNumber::next(prefix(), 0, tomorrow, 7);
        assert!(!seen.contains(&ticket));
    }

    #[test]
    fn every_single_wrong_character_is_found() {
        let (ticket, _) = TicketNumber::next(prefix(), 0, NOW, 19);
        for place in 0..LENGTH {
            for wrong in ALPHABET {
                let mut text = ticket.0;
                if text[place] != *wrong {
                    text[place] = *wrong;
                    let text = std::str::from_utf8(&text).expect("ASCII");
                    assert_eq!(
                        text.parse::<TicketNumber>(),
                        Err(TicketError::CheckCharacter),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn reads_back_what_people_say_and_scanners_send() {
        let (ticket, _) = TicketNumber::next(prefix(), 0, NOW, 19);
        for text in [
            ticket.as_str().to_lowercase(),
            ticket.spoken(),
            ticket.as_str().replace('0', "O"),
        ] {
            assert_eq!(text.parse(), Ok(ticket), "{text}");
        }
        for wrong in ["", "CH", "CH7K3QR4XX", "ÄÖÜ", "CH7K3QR4Y"] {
            assert_eq!(
                wrong.parse::<TicketNumber>(),
                Err(TicketError::Shape),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_branch_gets_its_own_letters_first() {
        let first = TicketPrefix::candidates("Zürich Oerlikon")
            .next()
            .expect("there is always one");
        assert_eq!(first.as_str(), "RC");
        assert_eq!(TicketPrefix::candidates("ZOI").count(), 1024);
    }
}
