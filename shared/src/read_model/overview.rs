//! The office's figures: per branch and in all. Each belongs to the branch that took the order in, turnover to the branch
//! whose till it was. Every query reads only what is current or within the days asked for, however old the order book is.

use std::collections::BTreeMap;

use jiff::{Span, civil};
use rusqlite::params;

use super::sql::{self, Blob};
use super::{QueryError, Reader, calendar};
use crate::domain::Money;
use crate::id::{BranchId, ServiceId};

/// The longest overview in days: a year and the same days of the year before would be two of them.
const DAYS: u16 = 400;

/// Services in one overview, those with the greatest amounts.
const SERVICES: usize = 200;

/// Figures as of one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// By branch; orders whose branch is not known come under none.
    pub branches: Vec<BranchOverview>,
    /// Lines of orders taken in within the days and not cancelled, by service, the greatest amount first.
    pub services: Vec<ServiceOverview>,
    /// Orders in conflict.
    pub conflicts: u64,
    /// From intake to finished work, of orders finished within the days.
    pub turnaround: Option<Turnaround>,
}

/// Figures of one branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BranchOverview {
    /// The branch.
    pub branch: Option<BranchId>,
    /// Taken in, not begun.
    pub open: u64,
    /// Being worked on.
    pub in_work: u64,
    /// Cannot go on.
    pub blocked: u64,
    /// Not finished although promised for a day before today.
    pub overdue: u64,
    /// Finished and not handed out whole.
    pub ready: u64,
    /// Ready although promised more than a week ago: nobody came.
    pub not_collected: u64,
    /// In conflict.
    pub conflicts: u64,
    /// Payments less refunds by day and currency, the earliest first; days without any are left out.
    pub turnover: Vec<DayAmount>,
    /// Orders taken in by day, the earliest first; days without any are left out.
    pub taken_in: Vec<DayCount>,
}

/// An amount of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayAmount {
    /// The branch's calendar day.
    pub day: civil::Date,
    /// The amount.
    pub amount: Money,
}

/// A number of orders of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// The branch's calendar day.
    pub day: civil::Date,
    /// How many.
    pub orders: u64,
}

/// What was ordered of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceOverview {
    /// The service of the catalogue; none for lines of free text.
    pub service: Option<ServiceId>,
    /// Its name on one of the lines.
    pub label: String,
    /// How many lines.
    pub lines: u64,
    /// The sum of the agreed prices, VAT included.
    pub amount: Money,
}

/// How long orders took from intake to finished work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turnaround {
    /// How many orders were finished.
    pub orders: u64,
    /// Half of them took at most this long, in milliseconds.
    pub median_ms: i64,
    /// Nine in ten took at most this long, in milliseconds.
    pub p90_ms: i64,
}

/// Days after the promised one from which a finished order counts as not collected.
const NOT_COLLECTED_AFTER_DAYS: i64 = 7;

impl Reader {
    /// The figures of `days` days (at most 400) that end with `today`. Days are those of each branch's own calendar.
    pub fn overview(&self, today: civil::Date, days: u16) -> Result<Overview, QueryError> {
        let window = Window::ending(today, days);
        let mut branches = Branches::default();
        self.work(sql::day(today), &mut branches)?;
        self.turnover(&window, &mut branches)?;
        self.taken_in(&window, &mut branches)?;
        let branches = branches.finish();
        Ok(Overview {
            conflicts: branches.iter().map(|branch| branch.conflicts).sum(),
            branches,
            services: self.services(&window)?,
            turnaround: self.turnaround(&window)?,
        })
    }

    fn work(&self, today: i64, branches: &mut Branches) -> Result<(), QueryError> {
        let mut statement = self.connection.prepare_cached(UNFINISHED)?;
        let mut rows = statement.query([today])?;
        while let Some(row) = rows.next()? {
            let branch = branches.of(row.get(0)?);
            branch.open = sql::unsigned(row.get(1)?);
            branch.in_work = sql::unsigned(row.get(2)?);
            branch.blocked = sql::unsigned(row.get(3)?);
            branch.overdue = sql::unsigned(row.get(4)?);
        }
        let mut statement = self.connection.prepare_cached(READY)?;
        let mut rows = statement.query([today - NOT_COLLECTED_AFTER_DAYS])?;
        while let Some(row) = rows.next()? {
            let branch = branches.of(row.get(0)?);
            branch.ready = sql::unsigned(row.get(1)?);
            branch.not_collected = sql::unsigned(row.get(2)?);
        }
        let mut statement = self.connection.prepare_cached(CONFLICTS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            branches.of(row.get(0)?).conflicts = sql::unsigned(row.get(1)?);
        }
        Ok(())
    }

    fn turnover(&self, window: &Window, branches: &mut Branches) -> Result<(), QueryError> {
        let mut statement = self.connection.prepare_cached(TURNOVER)?;
        let mut rows = statement.query(params![window.start, window.end, self.first_zone()?])?;
        while let Some(row) = rows.next()? {
            let currency: String = row.get(2)?;
            if let Some(day) = window.day(row.get(1)?) {
                let amount = sql::money(row.get(3)?, &currency);
                branches
                    .of(row.get(0)?)
                    .turnover
                    .push(DayAmount { day, amount });
            }
        }
        Ok(())
    }

    fn taken_in(&self, window: &Window, branches: &mut Branches) -> Result<(), QueryError> {
        let mut statement = self.connection.prepare_cached(TAKEN_IN)?;
        let mut rows = statement.query(params![window.start, window.end, self.first_zone()?])?;
        while let Some(row) = rows.next()? {
            if let Some(day) = window.day(row.get(1)?) {
                let orders = sql::unsigned(row.get(2)?);
                branches
                    .of(row.get(0)?)
                    .taken_in
                    .push(DayCount { day, orders });
            }
        }
        Ok(())
    }

    fn services(&self, window: &Window) -> Result<Vec<ServiceOverview>, QueryError> {
        let mut statement = self.connection.prepare_cached(SERVICE_LINES)?;
        let rows = statement.query_map(
            params![
                window.start,
                window.end,
                self.first_zone()?,
                window.first,
                window.last,
                sql::limit(SERVICES)
            ],
            |row| {
                let currency: String = row.get(1)?;
                Ok(ServiceOverview {
                    service: row.get::<_, Option<Blob>>(0)?.map(sql::id),
                    label: row.get(2)?,
                    lines: sql::unsigned(row.get(3)?),
                    amount: sql::money(row.get(4)?, &currency),
                })
            },
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn turnaround(&self, window: &Window) -> Result<Option<Turnaround>, QueryError> {
        let mut statement = self.connection.prepare_cached(TURNAROUND)?;
        let mut durations = statement
            .query_map([window.start, window.end], |row| row.get(0))?
            .collect::<Result<Vec<i64>, _>>()?;
        durations.sort_unstable();
        let at_share = |tenths: usize| {
            // The smallest duration that at least this share of all does not exceed (nearest rank).
            let rank = (durations.len() * tenths).div_ceil(10);
            durations.get(rank.saturating_sub(1)).copied()
        };
        Ok(at_share(5)
            .zip(at_share(9))
            .map(|(median_ms, p90_ms)| Turnaround {
                orders: durations.len() as u64,
                median_ms,
                p90_ms,
            }))
    }
}

pub(super) const UNFINISHED: &str = "
    SELECT home, sum(phase = 'open'), sum(phase = 'in_work'), sum(phase = 'blocked'),
        sum(promised_on IS NOT NULL AND promised_on < ?1)
    FROM orders WHERE unfinished = 1 GROUP BY home";

pub(super) const READY: &str = "
    SELECT home, count(*), sum(promised_on IS NOT NULL AND promised_on < ?1)
    FROM orders WHERE ready = 1 GROUP BY home";

pub(super) const CONFLICTS: &str =
    "SELECT home, count(*) FROM orders WHERE conflicts > 0 GROUP BY home";

pub(super) const TURNOVER: &str = "
    SELECT p.branch, business_day(p.at, coalesce(t.time_zone, ?3)) AS day, p.currency, sum(p.amount_minor)
    FROM payments p LEFT JOIN branches b ON b.id = p.branch LEFT JOIN territories t ON t.id = b.territory
    WHERE p.at >= ?1 AND p.at < ?2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

pub(super) const TAKEN_IN: &str = "
    SELECT o.home, business_day(o.received_at, coalesce(t.time_zone, ?3)) AS day, count(*)
    FROM orders o LEFT JOIN branches b ON b.id = o.home LEFT JOIN territories t ON t.id = b.territory
    WHERE o.received_at >= ?1 AND o.received_at < ?2 GROUP BY 1, 2 ORDER BY 1, 2";

pub(super) const SERVICE_LINES: &str = "
    SELECT l.service, o.currency, min(l.label), count(*), sum(l.price_minor) AS amount
    FROM orders o JOIN lines l ON l.order_key = o.key
    LEFT JOIN branches b ON b.id = o.home LEFT JOIN territories t ON t.id = b.territory
    WHERE o.received_at >= ?1 AND o.received_at < ?2 AND o.phase <> 'cancelled'
        AND business_day(o.received_at, coalesce(t.time_zone, ?3)) BETWEEN ?4 AND ?5
    GROUP BY l.service, CASE WHEN l.service IS NULL THEN l.label END, o.currency
    ORDER BY amount DESC, l.service, o.currency LIMIT ?6";

pub(super) const TURNAROUND: &str = "
    SELECT done_at - received_at FROM orders
    WHERE done_at IS NOT NULL AND done_at >= ?1 AND done_at < ?2 AND received_at IS NOT NULL AND done_at >= received_at";

/// The days of an overview, and instants that hold them in every zone.
struct Window {
    first: i64,
    last: i64,
    start: i64,
    end: i64,
}

impl Window {
    fn ending(today: civil::Date, days: u16) -> Self {
        let before = i64::from(days.clamp(1, DAYS)) - 1;
        let first = today.checked_sub(Span::new().days(before)).unwrap_or(today);
        let (start, end) = calendar::in_any_zone(first, today);
        Self {
            first: sql::day(first),
            last: sql::day(today),
            start,
            end,
        }
    }

    fn day(&self, days: i64) -> Option<civil::Date> {
        (self.first..=self.last)
            .contains(&days)
            .then(|| sql::date(days))
            .flatten()
    }
}

#[derive(Default)]
struct Branches(BTreeMap<Option<Blob>, BranchOverview>);

impl Branches {
    fn of(&mut self, branch: Option<Blob>) -> &mut BranchOverview {
        self.0.entry(branch).or_insert_with(|| BranchOverview {
            branch: sql::branch(branch),
            ..BranchOverview::default()
        })
    }

    fn finish(self) -> Vec<BranchOverview> {
        self.0.into_values().collect()
    }
}
