//! What a value of the source must have become, worked out a second time by other means than the writer's.

use jiff::civil::{Date, DateTime, Time};

use super::SourceRow;
use crate::phones_by_row::PhonesByRow;
use crate::plan::ContactColumns;

/// Decimal places kept in the sums here; a value with more cannot be checked and is said to be so.
const PLACES: u32 = 9;

/// The contact fields of a row: field, expected text. `phones` knows what was read already in the rows of its table.
pub(super) fn contact(
    row: &SourceRow<'_>,
    columns: &ContactColumns,
    country: &str,
    phones: Option<&PhonesByRow>,
) -> Vec<(&'static str, Option<String>)> {
    let plain = |column: &Option<String>| {
        row.cell(column.as_ref())
            .text()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let name = plain(&columns.name).or_else(|| {
        let first = row.cell(columns.first_name.as_ref()).given();
        let last = row.cell(columns.last_name.as_ref()).given();
        match (first, last) {
            (Some(first), Some(last)) => Some(format!("{first} {last}")),
            (one, other) => one.or(other).map(str::to_owned),
        }
    });
    let name = name.or_else(|| {
        row.cell(columns.company.as_ref())
            .given()
            .map(str::to_owned)
    });
    let phone = plain(&columns.phone).map(|phone| {
        let digits = phone.trim();
        let zeroless = digits.chars().count() == 9
            && digits.chars().all(|sign| sign.is_ascii_digit())
            && !digits.starts_with('0');
        if columns.restore_phone_zero && zeroless {
            format!("0{digits}")
        } else {
            phone
        }
    });
    let e164 = phone.as_deref().and_then(|phone| match phones {
        Some(phones) => phones.get(row.rowid, || e164(phone, country)),
        None => e164(phone, country),
    });
    vec![
        ("contact/name", name),
        ("contact/phone", phone),
        ("contact/phone_e164", e164),
        ("contact/email", plain(&columns.email)),
        ("contact/street", plain(&columns.street)),
        ("contact/postcode", plain(&columns.postcode)),
        ("contact/town", plain(&columns.town)),
    ]
}

fn e164(phone: &str, country: &str) -> Option<String> {
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
        .find_map(|word| {
            let pattern = word
                .replace("2024", "%Y")
                .replace("31", "%d")
                .replace("12", "%m")
                .replace("24", "%y");
            Date::strptime(&pattern, day).ok()
        })?;
    let time = if time.is_empty() {
        Time::constant(12, 0, 0, 0)
    } else {
        time.parse().ok()?
    };
    Some(date.to_datetime(time))
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
    use super::*;

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
