//! Dates as SQL Server's script wizard writes them: `CAST(0x0000A47F000F896A AS DateTime)`, `CAST(N'2015-04-18T00:56:33' AS
//! DateTime)`. Both become the plain form that the other databases write, `2015-04-18 00:56:33`.

use jiff::Span;
use jiff::civil::{Date, DateTime, date};

/// `datetime` counts days from here, and three-hundredths of a second.
const DATETIME_BEGINS: Date = date(1900, 1, 1);

/// `date` and `datetime2` count days from here.
const DATE_BEGINS: Date = date(1, 1, 1);

const NANOSECONDS_A_DAY: i64 = 24 * 3600 * 1_000_000_000;

/// The value of bytes that are cast to a date or a time. `None`: the type is neither.
pub(super) fn from_bytes(target: &str, bytes: &[u8]) -> Option<Result<String, String>> {
    let value = match target {
        "datetime" => from_datetime(bytes),
        "smalldatetime" => from_smalldatetime(bytes),
        "date" => from_days(bytes).map(|day| day.to_string()),
        "time" => from_time(bytes).map(|(nanoseconds, _)| clock(nanoseconds)),
        "datetime2" => from_datetime2(bytes),
        _ => return None,
    };
    Some(value.ok_or_else(|| format!("these bytes are no {target} of SQL Server")))
}

/// A date as text: the `T` becomes a blank, and a fraction of nothing goes.
pub(super) fn as_written(target: &str, text: String) -> String {
    if !matches!(target, "datetime" | "datetime2" | "smalldatetime") {
        return text;
    }
    let dated = text.len() > 10 && text.is_ascii() && text.as_bytes()[10] == b'T';
    if !dated {
        return text;
    }
    let (day, time) = (&text[..10], &text[11..]);
    let time = match time.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        _ => time,
    };
    format!("{day} {time}")
}

fn from_datetime(bytes: &[u8]) -> Option<String> {
    let (days, ticks) = bytes.split_first_chunk::<4>()?;
    let ticks = u32::from_be_bytes(ticks.try_into().ok()?);
    // Rounded to milliseconds, as the server shows it: .003, .007, .010.
    let milliseconds = (i64::from(ticks) * 10 + 1) / 3;
    let day = day_after(DATETIME_BEGINS, i64::from(i32::from_be_bytes(*days)))?;
    at(day, milliseconds.checked_mul(1_000_000)?)
}

fn from_smalldatetime(bytes: &[u8]) -> Option<String> {
    let [days_high, days_low, minutes_high, minutes_low] = *bytes else {
        return None;
    };
    let day = day_after(
        DATETIME_BEGINS,
        i64::from(u16::from_be_bytes([days_high, days_low])),
    )?;
    let minutes = i64::from(u16::from_be_bytes([minutes_high, minutes_low]));
    at(day, minutes * 60 * 1_000_000_000)
}

/// Three bytes, the lowest first.
fn from_days(bytes: &[u8]) -> Option<Date> {
    let [low, middle, high] = *bytes else {
        return None;
    };
    day_after(
        DATE_BEGINS,
        i64::from(u32::from_le_bytes([low, middle, high, 0])),
    )
}

/// One byte that says how many digits a second has, then so many fractions since midnight. Gives nanoseconds and the rest.
fn from_time(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (digits, rest) = bytes.split_first()?;
    let width = match digits {
        0..=2 => 3,
        3..=4 => 4,
        5..=7 => 5,
        _ => return None,
    };
    let (counted, rest) = rest.split_at_checked(width)?;
    let fractions = counted
        .iter()
        .rev()
        .fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte));
    let nanoseconds = fractions.checked_mul(10_i64.pow(9 - u32::from(*digits)))?;
    (nanoseconds < NANOSECONDS_A_DAY).then_some((nanoseconds, rest))
}

fn from_datetime2(bytes: &[u8]) -> Option<String> {
    let (nanoseconds, rest) = from_time(bytes)?;
    at(from_days(rest)?, nanoseconds)
}

fn day_after(begin: Date, days: i64) -> Option<Date> {
    begin.checked_add(Span::new().try_days(days).ok()?).ok()
}

fn at(day: Date, nanoseconds: i64) -> Option<String> {
    let midnight: DateTime = day.to_datetime(jiff::civil::Time::midnight());
    let moment = midnight
        .checked_add(Span::new().try_nanoseconds(nanoseconds).ok()?)
        .ok()?;
    (moment.date() == day).then(|| format!("{day} {}", clock(nanoseconds)))
}

fn clock(nanoseconds: i64) -> String {
    let (seconds, fraction) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let whole = format!("{hour:02}:{minute:02}:{second:02}");
    if fraction == 0 {
        return whole;
    }
    let digits = format!("{fraction:09}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(target: &str, bytes: &[u8]) -> Option<String> {
        from_bytes(target, bytes)?.ok()
    }

    #[test]
    fn bytes_are_the_moments_that_the_server_shows() {
        // Worked out by hand from the layout: days since 1900 or since the year 1, fractions since midnight.
        let cases: [(&str, &[u8], &str); 6] = [
            (
                "datetime",
                &[0, 0, 0xA4, 0x7F, 0, 0x0F, 0x89, 0x6A],
                "2015-04-19 00:56:34.06",
            ),
            (
                "datetime",
                &[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0],
                "1899-12-31 00:00:00",
            ),
            (
                "smalldatetime",
                &[0xA4, 0x7F, 0x02, 0xD0],
                "2015-04-19 12:00:00",
            ),
            ("date", &[0x07, 0x24, 0x0B], "2000-01-01"),
            ("time", &[0x00, 0x7F, 0x51, 0x01], "23:59:59"),
            (
                "datetime2",
                &[0x00, 0x01, 0x00, 0x00, 0x07, 0x24, 0x0B],
                "2000-01-01 00:00:01",
            ),
        ];
        for (target, bytes, expected) in cases {
            assert_eq!(read(target, bytes).as_deref(), Some(expected), "{target}");
        }
        assert!(from_bytes("int", &[1]).is_none());
        assert!(from_bytes("datetime", &[1, 2]).is_some_and(|read| read.is_err()));
        assert!(from_bytes("datetime", &[0x7F; 8]).is_some_and(|read| read.is_err()));
    }

    #[test]
    fn texts_lose_their_t_and_empty_fractions_only() {
        let written = |text: &str| as_written("datetime", text.to_owned());
        assert_eq!(written("2019-10-01T08:12:00.000"), "2019-10-01 08:12:00");
        assert_eq!(
            written("2019-10-01T08:12:00.123"),
            "2019-10-01 08:12:00.123"
        );
        assert_eq!(written("12.10.2019"), "12.10.2019");
        assert_eq!(as_written("nvarchar", "Tag T".to_owned()), "Tag T");
    }
}
