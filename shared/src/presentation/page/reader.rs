//! How somebody reads: their language, light or dark, and which addresses a form may lead them to.

use crate::presentation::Language;

/// The cookie that remembers a language.
pub const LANGUAGE_COOKIE: &str = "language";

/// The cookie that remembers light or dark.
pub const THEME_COOKIE: &str = "theme";

/// A preference is kept for a year.
const PREFERENCE_SECONDS: u32 = 365 * 24 * 60 * 60;

/// The longest address that a form may lead to; longer than any search.
const ADDRESS_BYTES: usize = 2_000;

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the device has it.
    #[default]
    Automatic,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Automatic, Self::Light, Self::Dark];

    /// The value of the cookie.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Automatic => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the cookie; anything unknown is automatic.
    pub fn from_code(code: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.code() == code)
            .unwrap_or_default()
    }

    /// The value of `data-theme`; none leaves it to the device.
    pub const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Automatic => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// The key of its name.
    pub const fn text_key(self) -> &'static str {
        match self {
            Self::Automatic => "theme-auto",
            Self::Light => "theme-light",
            Self::Dark => "theme-dark",
        }
    }
}

/// The value of a cookie among all that a request's `Cookie` headers carry (RFC 6265, 4.2.1).
pub fn cookie_value<'a>(
    cookie_headers: impl IntoIterator<Item = &'a str>,
    name: &str,
) -> Option<&'a str> {
    cookie_headers
        .into_iter()
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// The language of an answer: what was chosen, else what the browser accepts, else German.
pub fn language_wanted(chosen: Option<&str>, accept_language: Option<&str>) -> Language {
    chosen.and_then(Language::from_code).unwrap_or_else(|| {
        accept_language.map_or_else(Language::default, Language::from_accept_language)
    })
}

/// The `Set-Cookie` header that remembers a preference; scripts of ours may read it.
pub fn preference_cookie(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/; SameSite=Strict; Max-Age={PREFERENCE_SECONDS}")
}

/// An address within these pages, else `otherwise`: no form and no link leads elsewhere.
pub fn local_address<'a>(address: &'a str, otherwise: &'a str) -> &'a str {
    let is_local = address.starts_with('/')
        && !address.starts_with("//")
        && !address.contains(['\\', '\r', '\n'])
        && address.is_ascii()
        && address.len() < ADDRESS_BYTES;
    if is_local { address } else { otherwise }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_nowhere_else() {
        assert_eq!(local_address("/orders?q=x", "/"), "/orders?q=x");
        for elsewhere in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "",
            "/a\r\nSet-Cookie: x",
            "/\u{2215}evil.example",
            &format!("/{}", "x".repeat(ADDRESS_BYTES)),
        ] {
            assert_eq!(local_address(elsewhere, "/"), "/", "{elsewhere:?}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = ["a=1; theme=dark", "language=fr"];
        assert_eq!(cookie_value(headers, "theme"), Some("dark"));
        assert_eq!(cookie_value(headers, "language"), Some("fr"));
        assert_eq!(cookie_value(headers, "them"), None);
    }

    #[test]
    fn a_choice_stands_above_the_browser() {
        assert_eq!(
            language_wanted(Some("fr"), Some("it")).code(),
            "fr",
            "what was chosen"
        );
        assert_eq!(language_wanted(Some("xx"), Some("it")).code(), "it");
        assert_eq!(language_wanted(None, None).code(), "de");
    }
}
