//! The words and icons of one answer, in the reader's language.

use crate::presentation::{Language, TextValue, icons, text, text_with};

/// What templates ask for texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// The reader's language.
    pub language: Language,
}

impl Words {
    /// The text of a key.
    pub fn text(self, key: &str) -> String {
        text(self.language, key)
    }

    /// The text of a key with one variable.
    pub fn with<'a>(
        self,
        key: &str,
        name: &'static str,
        value: impl Into<TextValue<'a>>,
    ) -> String {
        text_with(self.language, key, &[(name, value.into())])
    }

    /// The text of a key with several variables, all of them words already.
    pub fn with_all(self, key: &str, variables: &[(&'static str, &str)]) -> String {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, TextValue::from(*value)))
            .collect();
        text_with(self.language, key, &variables)
    }

    /// A reference into the page's icons; the word beside it says the same.
    pub fn icon(self, name: &str) -> String {
        icons::icon(name)
    }
}
