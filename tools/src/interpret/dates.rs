//! Dates as legacy databases write them.

use jiff::civil::{Date, Time};

/// How a date is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// `2024-12-13`, with or without a time behind it.
    Iso,
    /// `13.12.2024`, `8.12.2024`.
    Dotted,
    /// `13.12.24`: the century is 2000 up to 69, 1900 from 70 (POSIX `strptime`).
    DottedShort,
    /// `16/09/2023`: day first.
    SlashedDayFirst,
    /// `9/16/2023`: month first.
    SlashedMonthFirst,
    /// `2023/9/16`: year first.
    SlashedYearFirst,
}

impl Shape {
    /// All shapes.
    pub const ALL: [Self; 6] = [
        Self::Iso,
        Self::Dotted,
        Self::DottedShort,
        Self::SlashedDayFirst,
        Self::SlashedMonthFirst,
        Self::SlashedYearFirst,
    ];

    /// The word for it in plans and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Iso => "2024-12-31",
            Self::Dotted => "31.12.2024",
            Self::DottedShort => "31.12.24",
            Self::SlashedDayFirst => "31/12/2024",
            Self::SlashedMonthFirst => "12/31/2024",
            Self::SlashedYearFirst => "2024/12/31",
        }
    }

    /// Reads the word of a plan.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.word() == word)
    }
}

/// A date column's content, when it is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDate {
    /// `0000-00-00`: MySQL's zero date.
    Zero,
    /// `''` or blanks.
    Empty,
    /// `1000-01-01` and its kin, which programs write for "none".
    Placeholder,
}

/// What a text says as a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The day.
    pub date: Date,
    /// The time of day, when one was written.
    pub time: Option<Time>,
    /// How the day was written.
    pub shape: Shape,
    /// Words stood before it (`Abholdatum: 8.12.2024`).
    pub labelled: bool,
}

/// The content that stands for no date, if it is one of them.
pub fn no_date(text: &str) -> Option<NoDate> {
    let text = text.trim();
    if text.is_empty() {
        return Some(NoDate::Empty);
    }
    let day = text.split(['T', ' ']).next().unwrap_or(text);
    match day {
        "0000-00-00" | "00.00.0000" => Some(NoDate::Zero),
        "1000-01-01" | "0001-01-01" | "1900-01-01" | "01.01.0001" | "9999-12-31" => {
            Some(NoDate::Placeholder)
        }
        _ => None,
    }
}

/// Reads a date in any of the given shapes, the first that fits. A time of day must follow the day to count.
pub fn read(text: &str, shapes: &[Shape]) -> Option<Reading> {
    let trimmed = text.trim();
    let (trimmed, labelled) = match trimmed.find(|sign: char| sign.is_ascii_digit()) {
        // A label is letters and a colon, nothing that could be part of a date.
        Some(at) if at > 0 && is_label(&trimmed[..at]) => (&trimmed[at..], true),
        _ => (trimmed, false),
    };
    let (day, time) = match trimmed.split_once(['T', ' ']) {
        Some((day, time)) => (day, Some(time.trim())),
        None => (trimmed, None),
    };
    let time = match time {
        None | Some("") => None,
        Some(text) => Some(read_time(text)?),
    };
    let (shape, date) = shapes
        .iter()
        .find_map(|shape| Some((*shape, read_day(day, *shape)?)))?;
    Some(Reading {
        date,
        time,
        shape,
        labelled,
    })
}

fn is_label(text: &str) -> bool {
    text.trim_end().ends_with([':', '.'])
        && text
            .chars()
            .all(|sign| sign.is_alphabetic() || ":. ".contains(sign))
}

fn read_day(text: &str, shape: Shape) -> Option<Date> {
    let separator = match shape {
        Shape::Iso => '-',
        Shape::Dotted | Shape::DottedShort => '.',
        Shape::SlashedDayFirst | Shape::SlashedMonthFirst | Shape::SlashedYearFirst => '/',
    };
    let mut parts = text.split(separator);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    match shape {
        Shape::Iso | Shape::SlashedYearFirst if first.len() == 4 => date(first, second, third),
        Shape::Dotted | Shape::SlashedDayFirst if third.len() == 4 => date(third, second, first),
        Shape::SlashedMonthFirst if third.len() == 4 => date(third, first, second),
        Shape::DottedShort if third.len() == 2 => {
            let century = if third < "70" { "20" } else { "19" };
            date(&format!("{century}{third}"), second, first)
        }
        _ => None,
    }
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let short = |text: &str| {
        (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !year.bytes().all(|byte| byte.is_ascii_digit()) || !short(month) || !short(day) {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `10:15`, `10:15:30`, `10:15:30.1234567`, with `Z` or nothing behind. 23:59:60 is refused, not bent to :59.
fn read_time(text: &str) -> Option<Time> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let mut parts = text.split(':');
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next()?.parse().ok()?;
    let (second, nanosecond) = match parts.next() {
        None => (0, 0),
        Some(seconds) => {
            let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
            if !part.bytes().all(|byte| byte.is_ascii_digit()) || part.len() > 9 {
                return None;
            }
            let nanosecond = if part.is_empty() {
                0
            } else {
                format!("{part:0<9}").parse().ok()?
            };
            (whole.parse().ok()?, nanosecond)
        }
    };
    if parts.next().is_some() {
        return None;
    }
    Time::new(hour, minute, second, nanosecond).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn dates_in_every_shape_seen() {
        let day = |text: &str| read(text, &Shape::ALL).map(|reading| reading.date);
        assert_eq!(day("2024-12-13"), Some(date(2024, 12, 13)));
        assert_eq!(day("2024-12-13 10:15:00.1234567"), Some(date(2024, 12, 13)));
        assert_eq!(day("2024-12-13T10:15"), Some(date(2024, 12, 13)));
        assert_eq!(day("13.12.24"), Some(date(2024, 12, 13)));
        assert_eq!(day("8.12.2024"), Some(date(2024, 12, 8)));
        assert_eq!(day("16/09/2023"), Some(date(2023, 9, 16)));
        assert_eq!(day("9/16/2023"), Some(date(2023, 9, 16)));
        assert_eq!(day("2023/9/16"), Some(date(2023, 9, 16)));
        assert_eq!(day("Abholdatum: 8.12.2024"), Some(date(2024, 12, 8)));
        assert_eq!(day("0009-12-04"), Some(date(9, 12, 4)), "real, if odd");
        for wrong in [
            "",
            "2024-02-30",
            "31.11.2024",
            "2024-12-13 23:59:60",
            "gestern",
            "2024-12-13x",
            "12.2024",
        ] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
        assert_eq!(no_date("0000-00-00 00:00:00"), Some(NoDate::Zero));
        assert_eq!(no_date("1000-01-01"), Some(NoDate::Placeholder));
        assert_eq!(no_date("2024-12-13"), None);
    }
}
