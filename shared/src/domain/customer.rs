//! Customers and the contact that an order keeps as it stood at intake.

use super::fields::{contact, kind};
use crate::document::{Document, Value};
use crate::id::{CustomerId, DocumentId};

/// A customer as this replica knows them.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Their identity.
    pub id: CustomerId,
    /// How to reach them.
    pub contact: Contact,
    /// Documents that are the same person, as somebody has said. Linked, never merged in silence.
    pub same_as: Vec<CustomerId>,
    /// Whether the person has been forgotten.
    pub erased: bool,
}

/// How to reach a person, each part as it was given. All may be absent: legacy databases leave out any of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Full name.
    pub name: Option<String>,
    /// Telephone as given.
    pub phone: Option<PhoneNumber>,
    /// E-mail address.
    pub email: Option<String>,
    /// Language of the ticket: de, en, fr or it.
    pub language: Option<String>,
    /// Street and number.
    pub street: Option<String>,
    /// Postcode.
    pub postcode: Option<String>,
    /// Town.
    pub town: Option<String>,
}

/// A telephone number: what was typed, and what could be made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber {
    /// As typed; kept, since normalising drops extensions and remarks.
    pub given: String,
    /// ITU E.164, such as `+41791234567`, when it is a number that can exist.
    pub e164: Option<String>,
}

impl PhoneNumber {
    /// Reads what was typed. `country` is the ISO 3166 code that a number without a prefix belongs to.
    pub fn read(given: &str, country: &str) -> Self {
        let is_swiss = country == "CH";
        let mobile = is_swiss.then(|| swiss_mobile(given)).flatten();
        Self {
            given: given.to_owned(),
            e164: mobile.or_else(|| by_the_book(given, country)),
        }
    }
}

/// What the tables of all countries' numbers make of it.
fn by_the_book(given: &str, country: &str) -> Option<String> {
    let region = country.parse().ok();
    let number = phonenumber::parse(region, given).ok()?;
    phonenumber::is_valid(&number)
        .then(|| number.format().mode(phonenumber::Mode::E164).to_string())
}

/// A Swiss mobile number without anything else: `079 123 45 67`, `+41791234567`. Most are, and the tables of all countries take
/// longer for one than an import for the rest of its customer. A test holds it to them.
fn swiss_mobile(given: &str) -> Option<String> {
    /// Behind the country's or the trunk's prefix.
    const DIGITS: usize = 9;
    let national = given
        .strip_prefix("+41")
        .or_else(|| given.strip_prefix('0'))?;
    let mut e164 = String::with_capacity("+41".len() + DIGITS);
    e164.push_str("+41");
    for group in national.strip_prefix(' ').unwrap_or(national).split(' ') {
        if group.is_empty() || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        e164.push_str(group);
    }
    let is_mobile = matches!(e164.as_bytes(), [_, _, _, b'7', b'5'..=b'9', ..]);
    (is_mobile && e164.len() == "+41".len() + DIGITS).then_some(e164)
}

impl Contact {
    /// The contact fields of a document, of whichever kind.
    pub fn of(document: &Document) -> Self {
        let text = |field: &str| {
            document
                .newest(field)
                .as_ref()
                .and_then(Value::as_text)
                .map(str::to_owned)
        };
        Self {
            name: text(contact::NAME),
            phone: text(contact::PHONE).map(|given| PhoneNumber {
                given,
                e164: text(contact::PHONE_E164),
            }),
            email: text(contact::EMAIL),
            language: text(contact::LANGUAGE),
            street: text(contact::STREET),
            postcode: text(contact::POSTCODE),
            town: text(contact::TOWN),
        }
    }

    /// Field names with their texts, as they are stored; absent parts are null.
    pub fn stored(&self) -> [(&'static str, Option<&str>); 8] {
        [
            (contact::NAME, self.name.as_deref()),
            (
                contact::PHONE,
                self.phone.as_ref().map(|phone| phone.given.as_str()),
            ),
            (
                contact::PHONE_E164,
                self.phone.as_ref().and_then(|phone| phone.e164.as_deref()),
            ),
            (contact::EMAIL, self.email.as_deref()),
            (contact::LANGUAGE, self.language.as_deref()),
            (contact::STREET, self.street.as_deref()),
            (contact::POSTCODE, self.postcode.as_deref()),
            (contact::TOWN, self.town.as_deref()),
        ]
    }
}

impl Customer {
    /// The customer in a document. `None` when it is a document of another kind.
    pub fn of(document: &Document) -> Option<Self> {
        if document.kind().as_str() != kind::CUSTOMER {
            return None;
        }
        let same_as = document
            .fields()
            .keys()
            .filter_map(|field| field.as_str().strip_prefix("same_as/"))
            .filter(|other| document.newest(&format!("same_as/{other}")) == Some(Value::Bool(true)))
            .filter_map(|other| other.parse::<DocumentId>().ok())
            .map(CustomerId)
            .collect();
        Some(Self {
            id: CustomerId(document.id()),
            contact: Contact::of(document),
            same_as,
            erased: document.erasure().is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn swiss_mobiles_are_read_as_the_tables_read_them(
            given in "(0|\\+41|0041|)( |)([67][0-9])( |)[0-9]{2,3}( |  |-|)[0-9]{2}( |)[0-9]{2,3}( |)",
            fitting in "(0|\\+41)( ?)7[5-9]( ?)[0-9]{3}( ?)[0-9]{2}( ?)[0-9]{2}",
        ) {
            prop_assert!(swiss_mobile(&fitting).is_some());
            for given in [given, fitting] {
                prop_assert_eq!(PhoneNumber::read(&given, "CH").e164, by_the_book(&given, "CH"), "{}", given);
            }
        }
    }

    #[test]
    fn phones_are_kept_as_given_and_read_when_they_can_be() {
        let e164 = |given| PhoneNumber::read(given, "CH").e164;
        assert_eq!(e164("079 123 45 67").as_deref(), Some("+41791234567"));
        assert_eq!(e164("0041 79 123 45 67").as_deref(), Some("+41791234567"));
        assert_eq!(e164("+49 151 23456789").as_deref(), Some("+4915123456789"));
        assert_eq!(e164("12"), None);
        assert_eq!(e164("keine"), None);
        assert_eq!(PhoneNumber::read("nur abends", "CH").given, "nur abends");
    }
}
