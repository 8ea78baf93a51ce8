//! The words of the reports, in German and English from one set.
//!
//! A report is read and signed once, by people who never see the program; so its texts are the tools' own and do not
//! travel with the hub and the branches. The technique is that of `shared::presentation::texts`.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::LanguageIdentifier;
use fluent_templates::fluent_bundle::FluentValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use shared::presentation::format;
use shared::presentation::texts;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "de",
        // Isolation marks are for mixed writing directions; here they would only end up in print.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// A language that reports can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// German, the default.
    #[default]
    German,
    /// English.
    English,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::German, Self::English];

    /// ISO 639-1, as in `--language` and in the `lang` attribute.
    pub const fn code(self) -> &'static str {
        match self {
            Self::German => "de",
            Self::English => "en",
        }
    }

    /// The language of a code; `None` when reports are not written in it.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|language| language.code().eq_ignore_ascii_case(code.trim()))
    }

    /// The same language in the charts.
    pub(super) const fn of_charts(self) -> texts::Language {
        match self {
            Self::German => texts::Language::German,
            Self::English => texts::Language::English,
        }
    }
}

/// Texts and formats of one report.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub(super) language: Language,
    zone: TimeZone,
}

impl Words {
    /// Instants are shown in `zone`, an IANA name; in UTC when there is no such zone.
    pub(super) fn new(language: Language, zone: &str) -> Self {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        Self { language, zone }
    }

    /// The text of a key; `[key]` when there is none.
    pub(super) fn text(&self, key: &str) -> String {
        self.find(key, &[]).unwrap_or_else(|| format!("[{key}]"))
    }

    /// A text with one variable.
    pub(super) fn with(&self, key: &str, name: &'static str, value: &str) -> String {
        self.find(key, &[(name, FluentValue::from(value.to_owned()))])
            .unwrap_or_else(|| format!("[{key}]"))
    }

    /// A text whose form follows a number, `$n`; the number itself stands in it grouped, as `$count`.
    pub(super) fn counted(&self, key: &str, count: u64) -> String {
        self.counted_with(key, count, "nothing", "")
    }

    /// As [`Self::counted`], with one more variable.
    pub(super) fn counted_with(
        &self,
        key: &str,
        count: u64,
        name: &'static str,
        value: &str,
    ) -> String {
        let arguments = [
            ("n", FluentValue::from(count)),
            ("count", FluentValue::from(self.count(count))),
            (name, FluentValue::from(value.to_owned())),
        ];
        self.find(key, &arguments)
            .unwrap_or_else(|| format!("[{key}]"))
    }

    /// The text of a code that a program wrote, such as a finding's; `None` when this version has no words for it.
    pub(super) fn of_code(&self, prefix: &str, code: &str) -> Option<String> {
        self.find(&format!("{prefix}-{}", code.replace('_', "-")), &[])
    }

    pub(super) fn find(
        &self,
        key: &str,
        arguments: &[(&'static str, FluentValue<'_>)],
    ) -> Option<String> {
        let arguments: HashMap<Cow<'static, str>, FluentValue<'_>> = arguments
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), value.clone()))
            .collect();
        let language: LanguageIdentifier = self.language.code().parse().ok()?;
        LOCALES
            .lookup_single_language(&language, key, Some(&arguments))
            .ok()
    }

    /// `12'345`.
    #[expect(
        clippy::unused_self,
        reason = "templates reach every format through the words"
    )]
    pub(super) fn count(&self, count: u64) -> String {
        format::count(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// `20.11.2026 14:10` in the report's zone.
    pub(super) fn moment(&self, at: Timestamp) -> String {
        format::date_time(at.to_zoned(self.zone.clone()).datetime())
    }

    /// `12 Min. 5 Sek.` in the two largest units; below a minute with a tenth.
    pub(super) fn duration(&self, seconds: f64) -> String {
        if seconds < 60.0 {
            return format!("{seconds:.1} s");
        }
        #[expect(clippy::cast_possible_truncation, reason = "hours, not centuries")]
        let whole = seconds.round() as i64;
        format::duration(self.language.of_charts(), whole)
    }

    /// `12.5 MiB`.
    #[expect(
        clippy::unused_self,
        reason = "templates reach every format through the words"
    )]
    pub(super) fn bytes(&self, bytes: u64) -> String {
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let mut size = bytes as f64;
        let mut unit = "B";
        for larger in ["KiB", "MiB", "GiB", "TiB"] {
            if size < 1024.0 {
                break;
            }
            size /= 1024.0;
            unit = larger;
        }
        if unit == "B" {
            format!("{bytes} B")
        } else {
            format!("{size:.1} {unit}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    const FILES: [&str; 2] = [
        concat!(
            include_str!("../../locales/de/reports.ftl"),
            include_str!("../../locales/de/messages.ftl")
        ),
        concat!(
            include_str!("../../locales/en/reports.ftl"),
            include_str!("../../locales/en/messages.ftl")
        ),
    ];

    /// Key -> the variables its text uses.
    fn keys_and_variables(file: &str) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut current = None;
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            if let Some((key, _)) = line.split_once(" = ")
                && key.starts_with(|first: char| first.is_ascii_lowercase())
            {
                assert!(
                    found.insert(key, BTreeSet::new()).is_none(),
                    "{key} stands twice"
                );
                current = Some(key);
            }
            if let Some(variables) = current.and_then(|key| found.get_mut(key)) {
                let pieces = line.split('$').skip(1);
                variables.extend(pieces.map(|piece| {
                    piece
                        .split(|c: char| !c.is_alphanumeric())
                        .next()
                        .unwrap_or_default()
                }));
            }
        }
        found
    }

    #[test]
    fn both_languages_have_the_same_keys_with_the_same_variables() {
        let [german, english] = FILES.map(keys_and_variables);
        assert_eq!(german, english);
        assert!(german.len() > 100, "the files were read");
    }

    #[test]
    fn numbers_are_grouped_and_choose_the_plural() {
        let words = Words::new(Language::German, "Europe/Zurich");
        assert_eq!(words.counted("count-rows", 1), "1 Zeile");
        assert_eq!(words.counted("count-rows", 12_345), "12'345 Zeilen");
        assert_eq!(words.text("no-such-text"), "[no-such-text]");
    }

    #[test]
    fn moments_and_sizes_are_written_as_here() {
        let words = Words::new(Language::German, "Europe/Zurich");
        let at = "2026-11-20T13:10:00Z".parse().expect("an instant");
        assert_eq!(words.moment(at), "20.11.2026 14:10");
        assert_eq!(words.bytes(1_310_720), "1.2 MiB");
        assert_eq!(words.bytes(17), "17 B");
        assert_eq!(words.duration(4.26), "4.3 s");
        assert_eq!(words.duration(125.0), "2 Min.");
    }
}
