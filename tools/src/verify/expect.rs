//! What a value of the source must have become, worked out a second time by other means than the writer's.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};

use super::SourceRow;
use crate::phones_by_row::PhonesByRow;
use crate::plan::ContactColumns;

/// Decimal places kept in the sums here; a value with more cannot be checked and is said to be so.
const PLACES: u32 = 9;

/// The contact fields of a row: field, expected text. `phones` knows what was read already in the rows of its table.
pub(super) fn contact<'r>(
    row: &'r SourceRow<'_>,
    columns: &ContactColumns,
    country: &str,
    phones: Option<&PhonesByRow>,
) -> [(&'static str, Option<Cow<'r, str>>); 7] {
    let plain = |column: &Option<String>| {
        row.cell(column.as_ref())
            .text()
            .filter(|text| !text.is_empty())
            .map(Cow::Borrowed)
    };
    let given = |column: &Option<String>| row.cell(column.as_ref()).given();
    let name = plain(&columns.name).or_else(|| {
        match (given(&columns.first_name), given(&columns.last_name)) {
            (Some(first), Some(last)) => Some(Cow::Owned(format!("{first} {last}"))),
            (one, other) => one.or(other).map(Cow::Borrowed),
        }
    });
    let name = name.or_else(|| given(&columns.company).map(Cow::Borrowed));
    let phone = plain(&columns.phone).map(|phone| {
        let digits = phone.trim();
        let zeroless = digits.chars().count() == 9
            && digits.chars().all(|sign| sign.is_ascii_digit())
            && !digits.starts_with('0');
        if columns.restore_phone_zero && zeroless {
            Cow::Owned(format!("0{digits}"))
        } else {
            phone
        }
    });
    let e164 = phone.as_deref().and_then(|phone| match phones {
        Some(phones) => phones.get(row.rowid, || e164(phone, country)),
        None => e164(phone, country),
    });
    [
        ("contact/name", name),
        ("contact/phone", phone),
        ("contact/phone_e164", e164.map(Cow::Owned)),
        ("contact/email", plain(&columns.email)),
        ("contact/street", plain(&columns.street)),
        ("contact/postcode", plain(&columns.postcode)),
        ("contact/town", plain(&columns.town)),
    ]
}

fn e164(phone: &str, country: &str) -> Option<String> {
    if country == "CH"
        && let Some(mobile) = swiss_mobile(phone)
    {
        return Some(mobile);
    }
    by_tables(phone, country)
}

/// A Swiss mobile number without anything else, by its digits: nine of them behind the zero, from 075 to 079.
fn swiss_mobile(phone: &str) -> Option<String> {
    // What is written in another way is left to the tables.
    let is_plain = |sign: char| sign.is_ascii_digit() || sign == ' ';
    let written = phone.strip_prefix('+').unwrap_or(phone);
    if !written.chars().all(is_plain) || written.contains("  ") || written.trim() != written {
        return None;
    }
    let digits: String = phone.split(' ').collect();
    let national = match digits.strip_prefix('+') {
        Some(abroad) => abroad.strip_prefix("41")?,
        None => digits.strip_prefix('0')?,
    };
    let is_mobile = national.len() == 9 && ("75".."80").contains(&&national[..2]);
    is_mobile.then(|| format!("+41{national}"))
}

fn by_tables(phone: &str, country: &str) -> Option<String> {
    let number = phonenumber::parse(country.parse().ok(), phone).ok()?;
    phonenumber::is_valid(&number).then(|| {
        phonenumber::format(&number)
            .mode(phonenumber::Mode::E164)
            .to_string()
    })
}

/// A date as the plan's words say it is written; `None` for what means "none" and for what is no date.
pub(super) fn date(text: &str, words: &[String]) -> Option<DateTime> {
    let start = text.find(|sign: char| sign.is_ascii_digit())?;
    let text = text[start..].trim();
    let split = text.find([' ', 'T']).unwrap_or(text.len());
    let (day, time) = (
        &text[..split],
        text[split..]
            .trim_start_matches(['T', ' '])
            .trim_end_matches('Z')
            .trim(),
    );
    let none = [
        "0000-00-00",
        "00.00.0000",
        "1000-01-01",
        "0001-01-01",
        "1900-01-01",
        "01.01.0001",
        "9999-12-31",
    ];
    if none.contains(&day) {
        return None;
    }
    // `%Y` reads two digits as the first century, so a pattern with a whole year needs a text with one.
    let longest_number = day
        .split(|sign: char| !sign.is_ascii_digit())
        .map(str::len)
        .max()
        .unwrap_or(0);
    let date = words
        .iter()
        .filter(|word| word.contains("2024") == (longest_number == 4))
        .find_map(|word| in_its_places(word, day).unwrap_or_else(|| by_pattern(word, day)))?;
    let time = if time.is_empty() {
        Time::constant(12, 0, 0, 0)
    } else {
        time.parse().ok()?
    };
    Some(date.to_datetime(time))
}

/// A date by the plan's word for how it is written.
fn by_pattern(word: &str, day: &str) -> Option<Date> {
    let pattern = word
        .replace("2024", "%Y")
        .replace("31", "%d")
        .replace("12", "%m")
        .replace("24", "%y");
    Date::strptime(&pattern, day).ok()
}

/// The same where each digit of a date with a whole year stands where the word has one, as nearly all do. The outer `None`:
/// it is not so.
#[expect(
    clippy::option_option,
    reason = "outside: whether each digit has its place; inside: whether it is a day of the calendar"
)]
fn in_its_places(word: &str, day: &str) -> Option<Option<Date>> {
    let places = word.bytes().zip(day.bytes());
    let fits = word.len() == day.len()
        && places
            .into_iter()
            .all(|(sign, found)| found == sign || sign.is_ascii_digit() && found.is_ascii_digit())
        && word.bytes().filter(u8::is_ascii_digit).count() == 8;
    if !fits {
        return None;
    }
    let number = |sample: &str| -> Option<i16> {
        let from = word.find(sample)?;
        day.get(from..from + sample.len())?.parse().ok()
    };
    let month = i8::try_from(number("12")?).ok()?;
    let day_of_month = i8::try_from(number("31")?).ok()?;
    Some(Date::new(number("2024")?, month, day_of_month).ok())
}

/// Whether a flag says yes.
pub(super) fn is_yes(text: &str) -> bool {
    let yes = [
        "1", "ja", "j", "yes", "y", "true", "wahr", "oui", "si", "sì", "x",
    ];
    yes.contains(&text.to_lowercase().as_str())
}

/// An amount in hundredths, when it is exactly that many.
pub(super) fn hundredths(text: &str) -> Option<i64> {
    let scaled = scaled(text)?;
    let per_hundredth = 10_i128.pow(PLACES - 2);
    (scaled % per_hundredth == 0).then(|| i64::try_from(scaled / per_hundredth).ok())?
}

/// Hundredths as an amount in digits.
pub(super) fn in_digits(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// Price times quantity less discount in hundredths, halves away from zero.
pub(super) fn line_hundredths(
    price: &str,
    quantity: Option<&str>,
    discount: Option<&str>,
) -> Option<i64> {
    let one = 10_i128.pow(PLACES);
    let price = scaled(price)?;
    let quantity = quantity.map_or(Some(one), scaled)?;
    let rest = one - discount.map_or(Some(0), scaled)?;
    // Nine places each: the product has 27, hundredths are 25 places above its last one.
    let product = price.checked_mul(quantity)?.checked_mul(rest)?;
    let unit = 10_i128.pow(PLACES * 3 - 2);
    let doubled = product.checked_mul(2)?;
    let sum = if doubled >= 0 {
        doubled.checked_add(unit)?
    } else {
        doubled.checked_sub(unit)?
    };
    i64::try_from(sum / (2 * unit)).ok()
}

/// A number times 10^9, `None` when it has more places or is no number.
fn scaled(text: &str) -> Option<i128> {
    plain(text).or_else(|| by_parts(text))
}

/// Digits with perhaps a sign and a point, which nearly all amounts are.
fn plain(text: &str) -> Option<i128> {
    /// So many digits surely fit.
    const MOST_SIGNS: usize = 18;
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() > MOST_SIGNS {
        return None;
    }
    let (mut number, mut count, mut places) = (0_i64, 0_u32, None);
    for sign in digits.bytes() {
        match sign {
            b'0'..=b'9' => {
                number = number * 10 + i64::from(sign - b'0');
                count += 1;
                places = places.map(|places: u32| places + 1);
            }
            b'.' if places.is_none() => places = Some(0),
            _ => return None,
        }
    }
    let missing = PLACES.checked_sub(places.unwrap_or(0))?;
    if count == 0 {
        return None;
    }
    let number = i128::from(number) * 10_i128.pow(missing);
    Some(if text.starts_with('-') {
        -number
    } else {
        number
    })
}

/// Any other amount.
fn by_parts(text: &str) -> Option<i128> {
    let mut text = text.trim().to_owned();
    for word in ["SFr.", "CHF", "Fr.", "EUR", "€", "'", "’", "\u{a0}"] {
        text = text.replace(word, "");
    }
    let mut text = text
        .trim()
        .trim_end_matches(".-")
        .trim_end_matches(".–")
        .to_owned();
    if !text.contains('.') {
        text = text.replacen(',', ".", 1);
    }
    let negative = text.starts_with('-');
    let digits = text.trim_start_matches('-');
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    if part.len() > PLACES as usize
        || (whole.is_empty() && part.is_empty() && !digits.contains('0'))
    {
        return None;
    }
    let number: i128 = format!("{whole}{part:0<9}").parse().ok()?;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_swiss_mobile_is_what_the_tables_say(
            phone in "(0|\\+41|\\+410|0041)( ?[0-9]){9}( ?[0-9]?)",
            mobile in "(0|\\+41) ?7 ?[5-9]( ?[0-9]){7}",
        ) {
            prop_assert!(swiss_mobile(&mobile).is_some());
            for phone in [phone, mobile] {
                prop_assert_eq!(e164(&phone, "CH"), by_tables(&phone, "CH"), "{}", phone);
            }
        }

        #[test]
        fn the_quick_ways_read_what_the_thorough_ones_read(
            amount in "-{0,2}[0-9]{0,12}\\.?[0-9]{0,11}|[-0-9.]{0,6}",
            day in "[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9]{4}|[0-9./-]{8,10}",
        ) {
            if let Some(number) = plain(&amount) {
                prop_assert_eq!(Some(number), by_parts(&amount), "{}", amount);
            }
            for word in ["2024-12-31", "31.12.2024", "31/12/2024", "12/31/2024", "2024/12/31", "31.12.24"] {
                if let Some(date) = in_its_places(word, &day) {
                    prop_assert_eq!(date, by_pattern(word, &day), "{} as {}", &day, word);
                }
            }
        }
    }

    #[test]
    fn the_second_opinion_on_amounts_and_dates() {
        assert_eq!(hundredths("CHF 49.-"), Some(4900));
        assert_eq!(hundredths("1'234.50"), Some(123_450));
        assert_eq!(hundredths("-3"), Some(-300));
        assert_eq!(hundredths("49.905"), None);
        assert_eq!(line_hundredths("9.65", Some("6"), Some("0.15")), Some(4922));
        assert_eq!(line_hundredths("14", Some("12"), Some("0.0")), Some(16_800));
        let words = [
            "31.12.2024".to_owned(),
            "31.12.24".to_owned(),
            "2024-12-31".to_owned(),
        ];
        let day = |text: &str| date(text, &words).map(|found| found.to_string());
        assert_eq!(day("8.12.2024").as_deref(), Some("2024-12-08T12:00:00"));
        assert_eq!(day("13.12.24").as_deref(), Some("2024-12-13T12:00:00"));
        assert_eq!(
            day("1996-07-04 00:00:00.000").as_deref(),
            Some("1996-07-04T00:00:00")
        );
        assert_eq!(day("0000-00-00"), None);
    }
}
