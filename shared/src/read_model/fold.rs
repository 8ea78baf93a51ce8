//! How text is made comparable: `Müller`, `Mueller` and `MULLER` are one word; a ticket is one word however it is spaced;
//! a telephone is found by any run of its digits.
//!
//! What is stored and what is typed go through the same functions, and each keeps prefixes: the folded form of the first
//! letters of a word is how the folded word begins. So a search meets its goal at every letter typed.

use std::collections::BTreeSet;

/// Bytes of one word that count; nobody types more, and a pasted page must not fill the index.
const WORD_BYTES: usize = 48;

/// Digits of one telephone number: E.164 allows 15, an extension may follow.
const PHONE_DIGITS: usize = 20;

/// The shortest run of digits by which a telephone is found; two digits would find nearly everybody.
pub(super) const PHONE_RUN_DIGITS: usize = 3;

/// The words of a text, in lower case, without diacritics, with `ae`, `oe`, `ue` as `a`, `o`, `u`.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && !is_combining(c))
        .map(word)
        .filter(|word| !word.is_empty())
}

fn word(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        if folded.len() >= WORD_BYTES {
            break;
        }
        push_base(&mut folded, c);
    }
    folded
}

const fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Appends a lower-case letter without its diacritics. An `e` after a vowel that could carry an umlaut is left out,
/// which makes `Rüegg`, `Ruegg` and `Rugg` meet: finding one too many is better than finding nobody.
fn push_base(folded: &mut String, c: char) {
    let base = match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'æ' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'œ' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ŧ' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ß' => {
            folded.push_str("ss");
            return;
        }
        'þ' => {
            folded.push_str("th");
            return;
        }
        c if is_combining(c) => return,
        c => c,
    };
    if base == 'e' && folded.ends_with(['a', 'o', 'u']) {
        return;
    }
    folded.push(base);
}

/// A number of any sort as one word: without blanks and signs, in lower case, with `o` and `i` as the digits they are read for.
pub(super) fn number(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'o' => '0',
            'i' => '1',
            other => other,
        })
        .take(WORD_BYTES)
        .collect()
}

/// An e-mail address as one word, without its signs: its parts alone (`ch`, `example`) are in nearly every order.
pub(super) fn address(text: &str) -> String {
    let letters: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    word(&letters)
}

/// The digits of a telephone as it is typed in a search: without `(0)` and without the zeros that stand for a prefix.
pub(super) fn phone_run(text: &str) -> String {
    digits(&text.replace("(0)", ""))
        .trim_start_matches('0')
        .to_owned()
}

/// All words by which a telephone is found: each end of its digits from [`PHONE_RUN_DIGITS`] up, so that a prefix of
/// one of them is any run of digits. A text with several numbers gives those of each.
pub(super) fn phone_words(given: &str, e164: Option<&str>) -> BTreeSet<String> {
    let given = given.replace("(0)", "");
    let numbers = given
        .split(|c: char| matches!(c, '/' | ',' | ';' | '|') || c.is_alphabetic())
        .map(|number| digits(number).trim_start_matches('0').to_owned())
        .chain(e164.map(digits));
    let mut words = BTreeSet::new();
    for number in numbers.take(PHONES_PER_TEXT) {
        for start in 0..number.len().saturating_sub(PHONE_RUN_DIGITS - 1) {
            words.insert(number[start..].to_owned());
        }
    }
    words
}

/// Numbers read out of one telephone field, the one in E.164 included.
const PHONES_PER_TEXT: usize = 5;

fn digits(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_digit)
        .take(PHONE_DIGITS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        words(text).collect()
    }

    #[test]
    fn spellings_of_one_name_meet() {
        for (one, other) in [
            ("Müller", "Mueller"),
            ("Müller", "MULLER"),
            ("Mu\u{308}ller", "müller"),
            ("Rüegg", "Ruegg"),
            ("Strauß", "Strauss"),
            ("Françoise D'Été", "francoise d ete"),
            ("Øystein", "oystein"),
            ("Łukasz", "lukasz"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        assert_ne!(folded("Meier"), folded("Maier"));
    }

    #[test]
    fn a_word_begins_as_its_first_letters_fold() {
        for name in [
            "Rüegg",
            "Bauer",
            "Michaela",
            "Noëmi",
            "Strauß",
            "Goethe",
            "Mu\u{308}ller",
        ] {
            let whole = folded(name).concat();
            let letters: Vec<char> = name.chars().collect();
            for typed in 1..=letters.len() {
                let typed: String = letters[..typed].iter().collect();
                let begun = folded(&typed).concat();
                assert!(
                    whole.starts_with(&begun),
                    "{typed} of {name}: {begun} of {whole}"
                );
            }
        }
    }

    #[test]
    fn a_telephone_is_found_by_any_run_of_its_digits() {
        let words = phone_words("079 123 45 67", Some("+41791234567"));
        for typed in [
            "079 123",
            "+41 79 123 45 67",
            "0041791234567",
            "+41 (0)79 123",
            "4567",
            "234 5",
        ] {
            let run = phone_run(typed);
            assert!(
                words.iter().any(|word| word.starts_with(&run)),
                "{typed}: {run}"
            );
        }
        assert!(
            !words
                .iter()
                .any(|word| word.starts_with(&phone_run("0781")))
        );
        let two = phone_words("081 111 22 33 / 079 999 88 77", None);
        assert!(two.contains("811112233") && two.contains("799998877"));
    }

    #[test]
    fn an_address_begins_as_what_is_typed_of_it() {
        let whole = address("Reto.Caduff@example.ch");
        for typed in [
            "reto.",
            "reto.caduff@",
            "Reto.Caduff@ex",
            "reto.caduff@example.ch",
        ] {
            assert!(whole.starts_with(&address(typed)), "{typed}");
        }
    }

    #[test]
    fn nothing_grows_without_bound() {
        let page = "x".repeat(100_000);
        assert!(
            folded(&page)
                .iter()
                .all(|word| word.len() <= WORD_BYTES + 4)
        );
        assert!(number(&page).len() <= WORD_BYTES);
        assert!(phone_words(&"1".repeat(100_000), None).len() <= PHONE_DIGITS);
    }
}
