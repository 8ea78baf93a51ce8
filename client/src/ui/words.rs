//! The words and icons of one answer, in the reader's language.

use shared::presentation::{Language, TextValue, icons, text, text_with};

/// What templates ask for texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// The reader's language.
    pub(crate) language: Language,
}

impl Words {
    /// The text of a key.
    pub(crate) fn text(self, key: &str) -> String {
        text(self.language, key)
    }

    /// The text of a key with one variable.
    pub(crate) fn with<'a>(
        self,
        key: &str,
        name: &'static str,
        value: impl Into<TextValue<'a>>,
    ) -> String {
        text_with(self.language, key, &[(name, value.into())])
    }

    /// The text of a key with several variables, all of them words already.
    pub(crate) fn with_all(self, key: &str, variables: &[(&'static str, &str)]) -> String {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, TextValue::from(*value)))
            .collect();
        text_with(self.language, key, &variables)
    }

    /// A reference into the page's icons; the word beside it says the same.
    #[expect(
        clippy::unused_self,
        reason = "templates reach icons and words the same way"
    )]
    pub(crate) fn icon(self, name: &str) -> String {
        icons::icon(name)
    }
}
