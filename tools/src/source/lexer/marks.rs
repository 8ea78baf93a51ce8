//! Looking for the end of a value, eight bytes at a time. Most values of a dump are shorter than what `memchr` takes to begin;
//! longer ones are left to it.

/// Every byte of a word is this one.
const fn repeated(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

const HIGHEST_BITS: u64 = repeated(0x80);

/// Bytes that are looked at here before `memchr` is asked.
const SHORT_BYTES: usize = 32;

/// Where one of two bytes stands first, from a place on.
pub(super) fn find_either(bytes: &[u8], from: usize, one: u8, other: u8) -> Option<usize> {
    let mut at = from;
    while at < from + SHORT_BYTES
        && let Some(word) = word_at(bytes, at)
    {
        let found = zeros_of(word ^ repeated(one)) | zeros_of(word ^ repeated(other));
        if found != 0 {
            return Some(at + place_of_first(found));
        }
        at += 8;
    }
    memchr::memchr2(one, other, bytes.get(at..)?).map(|found| at + found)
}

/// Where the digits that begin at a place end.
pub(super) fn end_of_digits(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(word) = word_at(bytes, at) {
        // Digits become 0 to 9, and stay below the highest bit when 0x76 is added. A byte that carries into the next is none
        // itself, and only the first that is none counts.
        let values = word ^ repeated(b'0');
        let others = (values.wrapping_add(repeated(0x76)) | values) & HIGHEST_BITS;
        if others != 0 {
            return at + place_of_first(others);
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    let chunk = bytes.get(at..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*chunk))
}

/// The highest bit of the first byte that is zero, and perhaps of some behind it that are not.
const fn zeros_of(word: u64) -> u64 {
    word.wrapping_sub(repeated(1)) & !word & HIGHEST_BITS
}

const fn place_of_first(bits: u64) -> usize {
    (bits.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ends_are_found_where_one_byte_after_the_other_finds_them(
            bytes in proptest::collection::vec(
                prop_oneof![
                    4 => prop::sample::select(b"0123456789".to_vec()),
                    2 => prop::sample::select(b"/:'\\(&a,.-".to_vec()),
                    1 => any::<u8>(),
                ],
                0..80,
            ),
            from in 0_usize..90,
            one in prop::sample::select(b"'\\\x00\xff".to_vec()),
            other in any::<u8>(),
        ) {
            let rest = bytes.get(from..).unwrap_or_default();
            let found = rest.iter().position(|byte| *byte == one || *byte == other);
            prop_assert_eq!(find_either(&bytes, from, one, other), found.map(|at| from + at));
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            prop_assert_eq!(end_of_digits(&bytes, from), from + digits);
        }
    }
}
