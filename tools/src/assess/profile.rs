//! What the values of one column look like, gathered in one pass with bounded memory.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;

use crate::interpret::dates::{self, NoDate, Shape};
use crate::interpret::{amounts, looks_like_mojibake};
use crate::staging::{StagedTable, Staging};

/// Columns with more different values than this hold no list of choices.
const MOST_VALUES: usize = 60;

/// So many examples of an oddity are kept.
const EXAMPLES: usize = 5;

/// The profile of one column.
#[derive(Debug, Clone, Default)]
pub struct ColumnProfile {
    /// Rows looked at.
    pub rows: u64,
    /// NULLs.
    pub nulls: u64,
    /// Empty strings.
    pub empty: u64,
    /// Whole numbers.
    pub integers: u64,
    /// Numbers with a point.
    pub decimals: u64,
    /// Amounts with a currency or separators around them.
    pub amounts: u64,
    /// Bytes.
    pub blobs: u64,
    /// Texts that are nothing of the above and no date.
    pub texts: u64,
    /// Dates by shape.
    pub dates: BTreeMap<Shape, u64>,
    /// Dates with words before them.
    pub labelled_dates: Seen,
    /// `0000-00-00`.
    pub zero_dates: Seen,
    /// `1000-01-01` and its kin.
    pub placeholder_dates: Seen,
    /// Dates of years in which no shop kept a database.
    pub implausible_dates: Seen,
    /// Text that was once decoded wrongly.
    pub mojibake: Seen,
    /// Text with the sign for an unreadable character.
    pub replaced: Seen,
    /// Blanks at either end.
    pub padded: Seen,
    /// Numbers below zero.
    pub negative: Seen,
    /// The different values with their counts, `None` when there are too many.
    pub values: Option<BTreeMap<String, u64>>,
    /// The longest value in characters.
    pub longest: usize,
    /// Slashed dates whose first number is above 12: the day stands first.
    day_first: u64,
    /// Slashed dates whose second number is above 12: the month stands first.
    month_first: u64,
}

/// How often something was seen, and some examples.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// How often.
    pub count: u64,
    /// The first few.
    pub examples: Vec<String>,
}

impl Seen {
    /// Notes one more.
    pub fn note(&mut self, example: &str) {
        self.count += 1;
        let short: String = example.chars().take(60).collect();
        if self.examples.len() < EXAMPLES && !self.examples.contains(&short) {
            self.examples.push(short);
        }
    }
}

/// Profiles all columns of a table in one pass.
pub(super) fn table(
    staging: &Staging,
    table: &StagedTable,
) -> Result<Vec<ColumnProfile>, rusqlite::Error> {
    let count = table.schema.columns.len();
    let mut profiles = vec![
        ColumnProfile {
            values: Some(BTreeMap::new()),
            ..ColumnProfile::default()
        };
        count
    ];
    let list = (0..count)
        .map(|index| format!("c{index}"))
        .collect::<Vec<_>>()
        .join(", ");
    if count == 0 {
        return Ok(profiles);
    }
    let mut select = staging
        .connection()
        .prepare(&format!("SELECT {list} FROM {}", table.sql_name()))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        for (index, profile) in profiles.iter_mut().enumerate() {
            profile.look_at(row.get_ref(index)?);
        }
    }
    Ok(profiles)
}

impl ColumnProfile {
    fn look_at(&mut self, value: ValueRef<'_>) {
        self.rows += 1;
        match value {
            ValueRef::Null => self.nulls += 1,
            ValueRef::Blob(_) => self.blobs += 1,
            ValueRef::Text(bytes) => self.look_at_text(&String::from_utf8_lossy(bytes)),
            ValueRef::Integer(number) => self.look_at_text(&number.to_string()),
            ValueRef::Real(number) => self.look_at_text(&number.to_string()),
        }
    }

    fn look_at_text(&mut self, text: &str) {
        self.longest = self.longest.max(text.chars().count());
        self.count_value(text);
        if text.is_empty() {
            self.empty += 1;
            return;
        }
        if text.trim().len() != text.len() {
            self.padded.note(text);
        }
        if looks_like_mojibake(text) {
            self.mojibake.note(text);
        }
        if text.contains('\u{fffd}') {
            self.replaced.note(text);
        }
        let trimmed = text.trim();
        let unsigned = trimmed.strip_prefix('-').unwrap_or(trimmed);
        if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
            self.integers += 1;
            self.note_sign(trimmed);
        } else if amounts::Decimal::read(trimmed).is_some() && !trimmed.contains(['e', 'E']) {
            self.decimals += 1;
            self.note_sign(trimmed);
        } else if !self.look_for_date(trimmed) {
            if amounts::price(trimmed).is_some() {
                self.amounts += 1;
                self.note_sign(trimmed);
            } else {
                self.texts += 1;
            }
        }
    }

    fn look_for_date(&mut self, text: &str) -> bool {
        match dates::no_date(text) {
            Some(NoDate::Zero) => self.zero_dates.note(text),
            Some(NoDate::Placeholder) => self.placeholder_dates.note(text),
            Some(NoDate::Empty) => {}
            None => {
                let Some(reading) = dates::read(text, &Shape::ALL) else {
                    return false;
                };
                if let Some((first, second)) = slashed(text) {
                    self.day_first += u64::from(first > 12);
                    self.month_first += u64::from(second > 12);
                }
                *self.dates.entry(reading.shape).or_default() += 1;
                if reading.labelled {
                    self.labelled_dates.note(text);
                }
                if !(1900..=2100).contains(&reading.date.year()) {
                    self.implausible_dates.note(text);
                }
            }
        }
        true
    }

    fn note_sign(&mut self, text: &str) {
        if text.starts_with('-') {
            self.negative.note(text);
        }
    }

    fn count_value(&mut self, text: &str) {
        let Some(values) = &mut self.values else {
            return;
        };
        if text.len() > 200 || values.len() >= MOST_VALUES && !values.contains_key(text) {
            self.values = None;
            return;
        }
        *values.entry(text.to_owned()).or_default() += 1;
    }

    /// Values that are there: neither NULL nor empty.
    pub fn filled(&self) -> u64 {
        self.rows - self.nulls - self.empty
    }

    /// Values that are dates of any kind.
    pub fn date_count(&self) -> u64 {
        self.dates.values().sum::<u64>() + self.zero_dates.count + self.placeholder_dates.count
    }

    /// Whether nearly all values are dates.
    pub fn is_date(&self) -> bool {
        self.filled() > 0 && self.date_count() * 10 >= self.filled() * 9
    }

    /// Whether all values can be amounts.
    pub fn is_number(&self) -> bool {
        self.filled() > 0 && self.integers + self.decimals + self.amounts == self.filled()
    }

    /// Whether most values are amounts: a column of prices in which somebody once wrote `gratis`.
    pub fn is_mostly_number(&self) -> bool {
        let numbers = self.integers + self.decimals + self.amounts;
        self.filled() > 0 && numbers * 10 >= self.filled() * 8
    }

    /// The shapes to read this column's dates in, the most frequent first. Slashed dates get the order their own values
    /// prove; without proof the day stands first, as is usual here.
    pub fn date_shapes(&self) -> Vec<Shape> {
        let mut shapes: Vec<(u64, Shape)> = self
            .dates
            .iter()
            .map(|(shape, count)| (*count, *shape))
            .collect();
        shapes.sort_by_key(|(count, shape)| (std::cmp::Reverse(*count), *shape));
        let mut shapes: Vec<Shape> = shapes.into_iter().map(|(_, shape)| shape).collect();
        if let Some(order) = self.slashed_order() {
            shapes.retain(|shape| {
                !matches!(shape, Shape::SlashedDayFirst | Shape::SlashedMonthFirst)
            });
            shapes.push(order);
        }
        shapes
    }

    /// How often each way to write a date is met. Slashed dates that could be read in either order are in the one that others
    /// of the column prove.
    pub fn date_ways(&self) -> BTreeMap<Shape, u64> {
        let mut ways = self.dates.clone();
        if self.slashed_both_ways() {
            return ways;
        }
        let day_first = ways.remove(&Shape::SlashedDayFirst).unwrap_or(0);
        let month_first = ways.remove(&Shape::SlashedMonthFirst).unwrap_or(0);
        if let Some(order) = self.slashed_order() {
            ways.insert(order, day_first + month_first);
        }
        ways
    }

    /// The order of slashed dates that their values prove, the day first without proof; none when there are no such dates.
    fn slashed_order(&self) -> Option<Shape> {
        let slashed = [Shape::SlashedDayFirst, Shape::SlashedMonthFirst];
        let has_slashed = slashed.iter().any(|shape| self.dates.contains_key(shape));
        let month_first = usize::from(self.month_first > self.day_first);
        has_slashed.then_some(slashed[month_first])
    }

    /// Whether slashed dates prove both orders, so that some are read wrongly whatever is chosen.
    pub fn slashed_both_ways(&self) -> bool {
        self.day_first > 0 && self.month_first > 0
    }

    /// What the values look like, in a few words.
    pub fn found_type(&self) -> String {
        let dates: u64 = self.date_count();
        let kinds = [
            (self.integers, "integer"),
            (self.decimals, "decimal"),
            (self.amounts, "amount as text"),
            (dates, "date"),
            (self.texts, "text"),
            (self.blobs, "bytes"),
        ];
        let found: Vec<&str> = kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(_, word)| *word)
            .collect();
        if found.is_empty() {
            "nothing".to_owned()
        } else {
            found.join(" and ")
        }
    }
}

fn slashed(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('/');
    let first = parts.next()?.trim().parse().ok()?;
    let second = parts.next()?.parse().ok()?;
    // Where the year stands first there is no doubt.
    parts
        .next()
        .filter(|_| first <= 31)
        .map(|_| (first, second))
}
