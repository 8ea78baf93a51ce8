//! The words of the product, in four languages from one set.
//!
//! The texts are Fluent files below `shared/locales`, compiled in. A text that is missing shows as
//! its key in brackets, so that a page never fails over a word; the tests below keep the four
//! languages alike, and each crate's tests check the keys that its pages use.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::LazyLock;

use fluent_templates::LanguageIdentifier;

pub use fluent_templates::fluent_bundle::FluentValue as TextValue;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "de",
        // Isolation marks are for mixed writing directions; here they would only end up in print.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// A language that pages and tickets can be read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Language {
    /// German, the firm's first language and the default.
    #[default]
    German,
    /// English.
    English,
    /// French.
    French,
    /// Italian.
    Italian,
}

impl Language {
    /// All languages, in the order in which a person is offered them.
    pub const ALL: [Self; 4] = [Self::German, Self::English, Self::French, Self::Italian];

    /// The two-letter code (ISO 639-1) as it stands in documents, cookies and `lang` attributes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
            Self::French => "fr",
            Self::Italian => "it",
        }
    }

    /// The language's own name for itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::German => "Deutsch",
            Self::English => "English",
            Self::French => "Français",
            Self::Italian => "Italiano",
        }
    }

    /// The language of a code such as `de` or `de-CH`; `None` if there is no text in it.
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.split(['-', '_']).next()?;
        Self::ALL
            .into_iter()
            .find(|language| language.code().eq_ignore_ascii_case(primary.trim()))
    }

    /// The best language for an `Accept-Language` header (RFC 9110, 12.5.4), German if none fits.
    pub fn from_accept_language(header: &str) -> Self {
        /// Browsers send a handful; a longer list is not a person's preference.
        const MAX_LANGUAGES: usize = 16;
        let mut best: Option<(f32, Self)> = None;
        for part in header.split(',').take(MAX_LANGUAGES) {
            let mut pieces = part.split(';');
            let Some(language) = pieces.next().and_then(Self::from_code) else {
                continue;
            };
            let weight = pieces
                .find_map(|piece| piece.trim().strip_prefix("q="))
                .map_or(1.0, |text| text.trim().parse().unwrap_or(0.0));
            if weight > 0.0 && best.is_none_or(|(heaviest, _)| weight > heaviest) {
                best = Some((weight, language));
            }
        }
        best.map_or_else(Self::default, |(_, language)| language)
    }

    /// [`text`] as a method, for templates.
    pub fn text(self, key: &str) -> String {
        text(self, key)
    }

    /// [`text_with`] with one argument, for templates.
    pub fn with<'a>(
        self,
        key: &str,
        name: &'static str,
        value: impl Into<TextValue<'a>>,
    ) -> String {
        text_with(self, key, &[(name, value.into())])
    }

    /// [`text_with`] with two arguments, for templates.
    pub fn with2<'a, 'b: 'a>(
        self,
        key: &str,
        first_name: &'static str,
        first_value: impl Into<TextValue<'a>>,
        second_name: &'static str,
        second_value: impl Into<TextValue<'b>>,
    ) -> String {
        text_with(
            self,
            key,
            &[
                (first_name, first_value.into()),
                (second_name, second_value.into()),
            ],
        )
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

/// The text of `key` in `language`; `[key]` if there is none.
pub fn text(language: Language, key: &str) -> String {
    text_with(language, key, &[])
}

/// The text of `key` in `language` with its variables filled in; `[key]` if there is no such text
/// or a variable that it needs is missing.
///
/// Numbers choose the plural form and print without grouping; dates and money are passed as text
/// made by [`super::format`].
pub fn text_with(
    language: Language,
    key: &str,
    arguments: &[(&'static str, TextValue<'_>)],
) -> String {
    let arguments: HashMap<Cow<'static, str>, TextValue<'_>> = arguments
        .iter()
        .map(|(name, value)| (Cow::Borrowed(*name), value.clone()))
        .collect();
    LOCALES
        .lookup_single_language(identifier(language), key, Some(&arguments))
        .unwrap_or_else(|_| format!("[{key}]"))
}

/// All keys that have a text. The tests of the pages compare what they use with it.
pub fn keys() -> BTreeSet<&'static str> {
    GERMAN_FILES
        .iter()
        .flat_map(|file| file.lines())
        .filter_map(key_of_line)
        .collect()
}

/// The key that a line of a Fluent file begins, if it begins one.
fn key_of_line(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    let key = key.trim_end();
    let starts_like_a_key = key.starts_with(|first: char| first.is_ascii_lowercase());
    let is_key = key
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    (starts_like_a_key && is_key).then_some(key)
}

/// The files of one language, compiled in.
macro_rules! files_of {
    ($code:literal) => {
        [
            include_str!(concat!("../../locales/", $code, "/common.ftl")),
            include_str!(concat!("../../locales/", $code, "/counter.ftl")),
            include_str!(concat!("../../locales/", $code, "/office.ftl")),
            include_str!(concat!("../../locales/", $code, "/status.ftl")),
            include_str!(concat!("../../locales/", $code, "/sync.ftl")),
            include_str!(concat!("../../locales/", $code, "/ticket.ftl")),
        ]
    };
}

/// The German files; the tests hold the other languages to the same keys.
const GERMAN_FILES: [&str; 6] = files_of!("de");

fn identifier(language: Language) -> &'static LanguageIdentifier {
    static IDENTIFIERS: LazyLock<[LanguageIdentifier; 4]> = LazyLock::new(|| {
        Language::ALL.map(|language| {
            LanguageIdentifier::from_bytes(language.code().as_bytes()).unwrap_or_default()
        })
    });
    &IDENTIFIERS[language as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Key -> the variables its text uses, of one file.
    fn keys_and_variables(file: &str) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut current = None;
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            if let Some(key) = key_of_line(line) {
                let before = found.insert(key, BTreeSet::new());
                assert!(before.is_none(), "{key} stands twice");
                current = Some(key);
            }
            let Some(variables) = current.and_then(|key| found.get_mut(key)) else {
                continue;
            };
            for piece in line.split('$').skip(1) {
                let end = piece
                    .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'))
                    .unwrap_or(piece.len());
                variables.insert(&piece[..end]);
            }
        }
        found
    }

    #[test]
    fn every_language_has_the_same_keys_with_the_same_variables() {
        let others = [
            ("en", files_of!("en")),
            ("fr", files_of!("fr")),
            ("it", files_of!("it")),
        ];
        for (index, german) in GERMAN_FILES.into_iter().enumerate() {
            let german = keys_and_variables(german);
            for (language, files) in others {
                let other = keys_and_variables(files[index]);
                for (key, variables) in &german {
                    assert_eq!(
                        Some(variables),
                        other.get(key),
                        "{key} differs or is missing in {language}"
                    );
                }
                for key in other.keys() {
                    assert!(german.contains_key(key), "{key} is only in {language}");
                }
            }
        }
    }

    #[test]
    fn no_key_stands_in_two_files_and_every_key_has_a_text() {
        let count: usize = GERMAN_FILES
            .iter()
            .flat_map(|file| file.lines())
            .filter_map(key_of_line)
            .count();
        assert_eq!(count, keys().len(), "a key stands in two files");
        for key in keys() {
            for language in Language::ALL {
                // Without its variables a text may not format, but then it is in the bundle.
                let plain = text(language, key);
                assert!(!plain.trim().is_empty(), "{key} is empty in {language}");
            }
        }
    }

    #[test]
    fn a_missing_text_shows_its_key() {
        assert_eq!(text(Language::French, "no-such-text"), "[no-such-text]");
    }

    #[test]
    fn numbers_choose_the_plural_and_carry_no_marks() {
        let orders = |count: u32| Language::German.with("count-orders", "count", count);
        assert_eq!(orders(1), "1 Auftrag");
        assert_eq!(orders(37), "37 Aufträge");
    }

    #[test]
    fn browsers_preferences_are_followed_and_german_is_the_default() {
        let of = Language::from_accept_language;
        assert_eq!(of("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7"), Language::French);
        assert_eq!(of("rm, it;q=0.5, en;q=0.8"), Language::English);
        assert_eq!(of("pt-BR, de;q=0"), Language::German);
        assert_eq!(of(""), Language::German);
        assert_eq!(of(";;;,q=,=,en;q=x"), Language::German);
    }

    #[test]
    fn codes_are_read_with_and_without_a_region() {
        assert_eq!(Language::from_code("IT"), Some(Language::Italian));
        assert_eq!(Language::from_code("en_GB"), Some(Language::English));
        assert_eq!(Language::from_code("english"), None);
        assert_eq!(Language::from_code(""), None);
    }
}
