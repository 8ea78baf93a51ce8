//! Swiss and German formats for money, dates, times, durations and phone numbers.
//!
//! Made here rather than taken from a locale library: ICU gives fr-CH a decimal comma, and a ticket
//! must read the same at every branch of a territory. Money follows its currency, not the reader's
//! language; dates are `20.11.2026` in all four.

use jiff::civil::{Date, DateTime, Time, Weekday};

use super::texts::{Language, text, text_with};

/// An amount in minor units (Rappen, cents) with its currency (ISO 4217 code), as people write it:
/// `CHF 1'234.50`, `1.234,50 €`.
pub fn money(minor_units: i64, currency: &str) -> String {
    let sign = if minor_units < 0 { "-" } else { "" };
    let magnitude = minor_units.unsigned_abs();
    let (whole, cents) = (magnitude / 100, magnitude % 100);
    match currency {
        "EUR" => format!("{sign}{},{cents:02} €", grouped(whole, '.')),
        _ => format!("{currency} {sign}{}.{cents:02}", grouped(whole, '\'')),
    }
}

/// The amount alone, for an input field: `1234.50`, with the decimal mark of the currency's country.
pub fn amount(minor_units: i64, currency: &str) -> String {
    let sign = if minor_units < 0 { "-" } else { "" };
    let magnitude = minor_units.unsigned_abs();
    let mark = if currency == "EUR" { ',' } else { '.' };
    format!("{sign}{}{mark}{:02}", magnitude / 100, magnitude % 100)
}

/// Why a typed amount was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Nothing was typed.
    #[error("no amount was given")]
    Empty,
    /// Something other than digits, one decimal mark and thousands marks was typed.
    #[error("an amount is written like 49, 49.50 or 1'234.50")]
    NotAnAmount,
    /// More than [`MAX_AMOUNT_MINOR_UNITS`].
    #[error("the amount is too large")]
    TooLarge,
}

/// Ten million francs: far above any order, far below where sums of `i64` could overflow.
pub const MAX_AMOUNT_MINOR_UNITS: i64 = 1_000_000_000;

/// Minor units of an amount as a person types it: `49`, `49.5`, `49,50`, `1'234.50`, `CHF 49.-`.
///
/// Exact, never through floating point. Negative amounts are refused: taking money back is an
/// action of its own.
pub fn parse_amount(typed: &str) -> Result<i64, AmountError> {
    let text = typed
        .trim()
        .trim_start_matches("CHF")
        .trim_start_matches("EUR")
        .trim_end_matches('€')
        .trim();
    if text.is_empty() {
        return Err(AmountError::Empty);
    }
    let text = text
        .strip_suffix(".-")
        .or_else(|| text.strip_suffix(".–"))
        .or_else(|| text.strip_suffix(",-"))
        .unwrap_or(text);
    let (whole, cents) = match text.rfind(['.', ',']) {
        Some(at) if text.len() - at - 1 <= 2 => (&text[..at], &text[at + 1..]),
        _ => (text, ""),
    };
    let mut minor_units = digits(whole)?
        .checked_mul(100)
        .ok_or(AmountError::TooLarge)?;
    if !cents.is_empty() {
        if !cents.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AmountError::NotAnAmount);
        }
        let value: i64 = cents.parse().map_err(|_| AmountError::NotAnAmount)?;
        minor_units += if cents.len() == 1 { value * 10 } else { value };
    }
    if minor_units > MAX_AMOUNT_MINOR_UNITS {
        return Err(AmountError::TooLarge);
    }
    Ok(minor_units)
}

/// A whole number whose thousands marks, if there are any, stand where they belong.
fn digits(text: &str) -> Result<i64, AmountError> {
    let groups: Vec<&str> = text.split(['\'', '’', '.', ',', ' ']).collect();
    let is_grouped_well = groups.iter().enumerate().all(|(index, group)| {
        !group.is_empty()
            && group.bytes().all(|byte| byte.is_ascii_digit())
            && (groups.len() == 1 || group.len() == 3 || (index == 0 && group.len() < 3))
    });
    if !is_grouped_well {
        return Err(AmountError::NotAnAmount);
    }
    groups.concat().parse().map_err(|_| AmountError::TooLarge)
}

/// What is paid in cash for an amount: CHF goes to the nearest 0.05, half away from zero; other
/// currencies have coins for every minor unit.
pub fn cash_rounded(minor_units: i64, currency: &str) -> i64 {
    /// The smallest Swiss coin.
    const RAPPEN: i64 = 5;
    if currency != "CHF" {
        return minor_units;
    }
    let magnitude = (minor_units.saturating_abs().saturating_add(RAPPEN / 2)) / RAPPEN * RAPPEN;
    magnitude * minor_units.signum()
}

/// The line that cash rounding adds to a bill: [`cash_rounded`] minus the amount, in minor units.
pub fn cash_rounding(minor_units: i64, currency: &str) -> i64 {
    cash_rounded(minor_units, currency) - minor_units
}

/// `20.11.2026`.
pub fn date(date: Date) -> String {
    format!("{:02}.{:02}.{:04}", date.day(), date.month(), date.year())
}

/// `20.11.`, for places where the year is plain.
pub fn day_and_month(date: Date) -> String {
    format!("{:02}.{:02}.", date.day(), date.month())
}

/// `14:10`, on the 24-hour clock in all languages.
pub fn time(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// `20.11.2026 14:10`.
pub fn date_time(moment: DateTime) -> String {
    format!("{} {}", date(moment.date()), time(moment.time()))
}

/// `Freitag`.
pub fn weekday(language: Language, day: Date) -> String {
    text(
        language,
        match day.weekday() {
            Weekday::Monday => "weekday-monday",
            Weekday::Tuesday => "weekday-tuesday",
            Weekday::Wednesday => "weekday-wednesday",
            Weekday::Thursday => "weekday-thursday",
            Weekday::Friday => "weekday-friday",
            Weekday::Saturday => "weekday-saturday",
            Weekday::Sunday => "weekday-sunday",
        },
    )
}

/// `Freitag, 20.11.2026`.
pub fn weekday_and_date(language: Language, day: Date) -> String {
    format!("{}, {}", weekday(language, day), date(day))
}

/// A day as people say it on another day: `heute`, `morgen`, `gestern`, `Freitag, 20.11.`, and with
/// the year where it is not this one's.
pub fn day_seen_from(language: Language, day: Date, today: Date) -> String {
    if day == today {
        return text(language, "day-today");
    }
    if today.tomorrow().ok() == Some(day) {
        return text(language, "day-tomorrow");
    }
    if today.yesterday().ok() == Some(day) {
        return text(language, "day-yesterday");
    }
    if day.year() == today.year() {
        format!("{}, {}", weekday(language, day), day_and_month(day))
    } else {
        weekday_and_date(language, day)
    }
}

/// When something happened, seen from `today`: `14:10`, `gestern 14:10`, `18.11. 14:10`, `18.11.2025 14:10`.
pub fn moment_seen_from(language: Language, moment: DateTime, today: Date) -> String {
    let clock = time(moment.time());
    let day = moment.date();
    if day == today {
        clock
    } else if today.yesterday().ok() == Some(day) {
        format!("{} {clock}", text(language, "day-yesterday"))
    } else if day.year() == today.year() {
        format!("{} {clock}", day_and_month(day))
    } else {
        format!("{} {clock}", date(day))
    }
}

/// `seit 09:12`, seen from `today` as in [`moment_seen_from`].
pub fn since(language: Language, moment: DateTime, today: Date) -> String {
    let moment = moment_seen_from(language, moment, today);
    text_with(language, "since", &[("moment", moment.into())])
}

/// A length of time in the two largest units that matter: `40 Sek.`, `12 Min.`, `2 Std. 5 Min.`, `3 Tage 4 Std.`.
/// Negative lengths, which a wrong clock can produce, show as zero.
pub fn duration(language: Language, seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let seconds = seconds.max(0);
    let unit = |key: &str, count: i64| text_with(language, key, &[("count", count.into())]);
    let pair = |large: String, small_key: &str, small: i64| {
        if small == 0 {
            large
        } else {
            format!("{large} {}", unit(small_key, small))
        }
    };
    if seconds < MINUTE {
        unit("duration-seconds", seconds)
    } else if seconds < HOUR {
        unit("duration-minutes", seconds / MINUTE)
    } else if seconds < DAY {
        pair(
            unit("duration-hours", seconds / HOUR),
            "duration-minutes",
            seconds % HOUR / MINUTE,
        )
    } else {
        pair(
            unit("duration-days", seconds / DAY),
            "duration-hours",
            seconds % DAY / HOUR,
        )
    }
}

/// A phone number as it is read aloud: at home `079 123 45 67`, from elsewhere `+49 171 1234567`.
///
/// `home_region` is the territory's ISO 3166 code (`CH`, `DE`). Text that is no phone number is
/// given back as it is, because the counter keeps what was typed.
pub fn phone(stored: &str, home_region: &str) -> String {
    let home = home_region.parse::<phonenumber::country::Id>().ok();
    let Ok(number) = phonenumber::parse(home, stored) else {
        return stored.to_owned();
    };
    let mode = if home.is_some() && number.country().id() == home {
        phonenumber::Mode::National
    } else {
        phonenumber::Mode::International
    };
    number.format().mode(mode).to_string()
}

/// A whole number in groups of three: `12'345`.
pub fn count(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs(), '\''))
}

/// Digits in groups of three.
fn grouped(whole: u64, mark: char) -> String {
    let digits = whole.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil;

    #[test]
    fn money_is_written_as_its_country_does() {
        assert_eq!(money(123_450, "CHF"), "CHF 1'234.50");
        assert_eq!(money(-5, "CHF"), "CHF -0.05");
        assert_eq!(money(123_456_789, "CHF"), "CHF 1'234'567.89");
        assert_eq!(money(123_450, "EUR"), "1.234,50 €");
        assert_eq!(money(-99, "EUR"), "-0,99 €");
        assert_eq!(money(0, "CHF"), "CHF 0.00");
        assert_eq!(money(i64::MIN, "CHF"), "CHF -92'233'720'368'547'758.08");
    }

    #[test]
    fn an_amount_typed_at_the_counter_is_read_exactly() {
        let cases: [(&str, Result<i64, AmountError>); 18] = [
            ("49", Ok(4_900)),
            ("49.5", Ok(4_950)),
            ("49,50", Ok(4_950)),
            (" CHF 49.- ", Ok(4_900)),
            ("1'234.50", Ok(123_450)),
            ("1.234,50 €", Ok(123_450)),
            ("1’234", Ok(123_400)),
            ("1.234", Ok(123_400)),
            ("0.05", Ok(5)),
            (".50", Err(AmountError::NotAnAmount)),
            ("", Err(AmountError::Empty)),
            ("  ", Err(AmountError::Empty)),
            ("-5", Err(AmountError::NotAnAmount)),
            ("12'34", Err(AmountError::NotAnAmount)),
            ("1e3", Err(AmountError::NotAnAmount)),
            ("4 9", Err(AmountError::NotAnAmount)),
            ("10000000.01", Err(AmountError::TooLarge)),
            ("99999999999999999999", Err(AmountError::TooLarge)),
        ];
        for (typed, expected) in cases {
            assert_eq!(parse_amount(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn what_a_field_shows_can_be_typed_again() {
        for minor_units in [0, 5, 4_900, 123_450, MAX_AMOUNT_MINOR_UNITS] {
            for currency in ["CHF", "EUR"] {
                assert_eq!(
                    parse_amount(&amount(minor_units, currency)),
                    Ok(minor_units)
                );
                assert_eq!(parse_amount(&money(minor_units, currency)), Ok(minor_units));
            }
        }
    }

    #[test]
    fn francs_in_cash_go_to_the_nearest_five() {
        let rounded: Vec<i64> = [4_900, 4_901, 4_902, 4_903, 4_907, 4_908, -4_903]
            .map(|amount| cash_rounded(amount, "CHF"))
            .to_vec();
        assert_eq!(rounded, [4_900, 4_900, 4_900, 4_905, 4_905, 4_910, -4_905]);
        assert_eq!(cash_rounding(4_903, "CHF"), 2);
        assert_eq!(cash_rounding(4_903, "EUR"), 0);
    }

    #[test]
    fn days_are_said_as_people_say_them() {
        let today = civil::date(2026, 11, 20);
        let say = |day| day_seen_from(Language::German, day, today);
        assert_eq!(say(today), "heute");
        assert_eq!(say(civil::date(2026, 11, 21)), "morgen");
        assert_eq!(say(civil::date(2026, 11, 19)), "gestern");
        assert_eq!(say(civil::date(2026, 11, 27)), "Freitag, 27.11.");
        assert_eq!(say(civil::date(2027, 1, 4)), "Montag, 04.01.2027");
        assert_eq!(
            weekday_and_date(Language::French, today),
            "vendredi, 20.11.2026"
        );
    }

    #[test]
    fn moments_show_the_day_only_when_it_is_another() {
        let today = civil::date(2026, 11, 20);
        let say = |moment| since(Language::German, moment, today);
        assert_eq!(
            say(civil::datetime(2026, 11, 20, 9, 12, 0, 0)),
            "seit 09:12"
        );
        assert_eq!(
            say(civil::datetime(2026, 11, 19, 14, 10, 0, 0)),
            "seit gestern 14:10"
        );
        assert_eq!(
            say(civil::datetime(2026, 11, 1, 14, 10, 0, 0)),
            "seit 01.11. 14:10"
        );
        assert_eq!(
            say(civil::datetime(2025, 3, 1, 8, 0, 0, 0)),
            "seit 01.03.2025 08:00"
        );
    }

    #[test]
    fn durations_name_two_units_at_most() {
        let say = |seconds| duration(Language::German, seconds);
        assert_eq!(say(-3), "0 Sek.");
        assert_eq!(say(59), "59 Sek.");
        assert_eq!(say(7_500), "2 Std. 5 Min.");
        assert_eq!(say(7_200), "2 Std.");
        assert_eq!(say(86_400), "1 Tag");
        assert_eq!(say(3 * 86_400 + 4 * 3_600 + 59), "3 Tage 4 Std.");
    }

    #[test]
    fn phones_are_national_at_home_and_international_elsewhere() {
        assert_eq!(phone("+41791234567", "CH"), "079 123 45 67");
        assert_eq!(phone("+41791234567", "DE"), "+41 79 123 45 67");
        assert_eq!(phone("ask at the hotel", "CH"), "ask at the hotel");
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(1_234_567), "1'234'567");
        assert_eq!(count(-1_000), "-1'000");
        assert_eq!(count(999), "999");
    }
}
