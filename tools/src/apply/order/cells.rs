//! What single cells of an order's row say by the plan: a choice from a list, a day, an instant, an amount.

use jiff::tz::AmbiguousOffset;
use shared::clock::UtcMillis;
use shared::domain::{Money, Phase, StatusCode};
use shared::limits;

use super::lines::Line;
use crate::apply::rows::{Source, SourceRow};
use crate::apply::{Pass, Rejection, Stop};
use crate::interpret::dates::{self, NoDate, Reading};
use crate::interpret::says_yes;
use crate::plan::{Choices, PaidIs};

/// The hour taken for a day without a time: noon is on that day in every zone of the trade.
const HOUR_OF_A_BARE_DAY: i8 = 12;

impl<'a> Pass<'a> {
    pub(super) fn status(
        &mut self,
        source: &Source<'a>,
        row: &SourceRow,
    ) -> Result<StatusCode, Stop> {
        let plan = self.plan;
        if plan.orders.status.is_none()
            && self
                .date(source, row, plan.orders.finished.as_ref())?
                .is_some()
        {
            return Ok(StatusCode::from(Phase::Done));
        }
        let code = self.choice(
            source,
            row,
            &plan.status,
            plan.orders.status.as_ref(),
            "unknown_status",
        )?;
        let code = code.ok_or_else(|| {
            Rejection::new("no_status", "it has no status and the plan has no default")
        })?;
        Ok(StatusCode::from_code(&code))
    }

    /// A choice from a list: by key through its table, else by its text.
    pub(super) fn choice(
        &mut self,
        source: &Source<'a>,
        row: &SourceRow,
        choices: &Choices,
        column: Option<&String>,
        code: &'static str,
    ) -> Result<Option<String>, Stop> {
        let value = source.value(row, column);
        let Some(given) = value.trimmed() else {
            return Ok(choices.default.clone());
        };
        let name = match (&choices.table, &choices.key, &choices.name) {
            (Some(table), Some(key), Some(name)) => {
                let list = self.source(table, std::slice::from_ref(key));
                let found = list
                    .as_ref()
                    .map(|list| list.find(std::slice::from_ref(key), given))
                    .transpose()?
                    .flatten();
                let named = list.zip(found).and_then(|(list, found)| {
                    list.value(&found, Some(name)).text().map(str::to_owned)
                });
                named.ok_or_else(|| {
                    Rejection::new("orphan", format!("{table} has no row `{given}`"))
                })?
            }
            _ => value.text().unwrap_or(given).to_owned(),
        };
        let chosen = choices
            .map
            .get(&name)
            .or_else(|| choices.map.get(name.trim()));
        match chosen {
            Some(chosen) => Ok(Some(chosen.clone())),
            None => Err(
                Rejection::new(code, format!("the plan does not say what `{name}` means")).into(),
            ),
        }
    }

    /// A date column's day; `None` when it says there is none.
    pub(super) fn date(
        &mut self,
        source: &Source<'a>,
        row: &SourceRow,
        column: Option<&String>,
    ) -> Result<Option<Reading>, Rejection> {
        let Some(column) = column else {
            return Ok(None);
        };
        let Some(text) = source.value(row, Some(column)).trimmed() else {
            return Ok(None);
        };
        match dates::no_date(text) {
            Some(NoDate::Zero) => self.changed("zero_date"),
            Some(NoDate::Placeholder) => self.changed("placeholder_date"),
            Some(NoDate::Empty) => {}
            None => {
                let reading = dates::read(text, &self.plan.date_shapes(column));
                let unreadable = || {
                    Rejection::new(
                        "unreadable_date",
                        format!("{column} is no date in the plan's formats: `{text}`"),
                    )
                };
                return reading.map(Some).ok_or_else(unreadable);
            }
        }
        Ok(None)
    }

    pub(super) fn instant(&mut self, reading: &Reading) -> Result<UtcMillis, Rejection> {
        let time = reading
            .time
            .unwrap_or_else(|| jiff::civil::Time::constant(HOUR_OF_A_BARE_DAY, 0, 0, 0));
        let local = reading.date.to_datetime(time);
        let ambiguous = self.zone.to_ambiguous_zoned(local);
        if !matches!(ambiguous.offset(), AmbiguousOffset::Unambiguous { .. }) {
            self.changed("clock_change");
        }
        let zoned = ambiguous.compatible();
        let zoned = zoned.map_err(|error| {
            Rejection::new("unreadable_date", format!("{local} is no instant: {error}"))
        })?;
        Ok(UtcMillis::from(zoned.timestamp()))
    }

    pub(super) fn paid(
        &mut self,
        source: &Source<'a>,
        row: &SourceRow,
        lines: &[Line<'_>],
    ) -> Result<Option<Money>, Stop> {
        let orders = &self.plan.orders;
        let Some(text) = source.value(row, orders.paid.as_ref()).trimmed() else {
            return Ok(None);
        };
        let money = match orders.paid_is {
            PaidIs::Amount => self.amount(source, row, orders.paid.as_ref())?,
            PaidIs::Flag => match says_yes(text) {
                Some(true) => Some(Money::new(
                    lines.iter().map(|line| line.price.minor).sum(),
                    self.currency,
                )),
                Some(false) => None,
                None => {
                    return Err(Rejection::new(
                        "unreadable_flag",
                        format!("`{text}` is neither yes nor no"),
                    )
                    .into());
                }
            },
        };
        Ok(money.filter(|money| money.minor != 0))
    }

    pub(super) fn amount(
        &self,
        source: &Source<'a>,
        row: &SourceRow,
        column: Option<&String>,
    ) -> Result<Option<Money>, Rejection> {
        let Some(text) = source.value(row, column).trimmed() else {
            return Ok(None);
        };
        let money = self.exact_money(Some(text));
        let money = money.ok_or_else(|| {
            Rejection::new("unreadable_amount", format!("`{text}` is no exact amount"))
        })?;
        self.bounded(money.minor).map(Some)
    }

    pub(super) fn bounded(&self, minor: i64) -> Result<Money, Rejection> {
        if minor.abs() > limits::AMOUNT_MINOR {
            return Err(Rejection::new(
                "amount_too_large",
                format!("{minor} hundredths are beyond any sale"),
            ));
        }
        Ok(Money::new(minor, self.currency))
    }
}
