//! Business days: the calendar day of an instant in the zone of a branch's territory. Rows keep instants, because the
//! catalogue that names the zone may arrive, or change, after the order.

use std::sync::{Mutex, PoisonError};

use jiff::civil;
use jiff::tz::TimeZone;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension};

use super::sql::{self, blob};
use super::{QueryError, Reader};
use crate::clock::UtcMillis;
use crate::id::BranchId;

/// Where no territory is known yet, as in the first seconds of a new branch.
const FIRST_ZONE: &str = "Europe/Zurich";

/// A day in milliseconds: no zone is further than this from UTC, so a range of days widened by one contains it in every zone.
const DAY_MILLIS: i64 = 86_400_000;

/// Makes `business_day(instant, zone)` known to a connection: days since 1970-01-01 in an IANA zone.
/// Of an unknown zone it is the UTC day.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let last = Mutex::new(KnownDay::default());
    connection.create_scalar_function(
        "business_day",
        2,
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC,
        move |context| {
            let instant: i64 = context.get(0)?;
            let zone = context.get_raw(1).as_str().unwrap_or(FIRST_ZONE);
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if !last.holds(instant, zone) {
                *last = KnownDay::of(UtcMillis(instant), zone);
            }
            Ok(last.day)
        },
    )
}

/// The day computed last. Rows come by time, so thousands in a row fall on it, and asking a calendar for each would take
/// longer than reading them.
#[derive(Default)]
struct KnownDay {
    zone: String,
    start: i64,
    end: i64,
    day: i64,
}

impl KnownDay {
    fn of(instant: UtcMillis, zone_name: &str) -> Self {
        let zone = zone_named(zone_name);
        let date = instant.in_zone(&zone).date();
        Self {
            zone: zone_name.to_owned(),
            start: start_of(date, &zone).0,
            end: start_of(date.tomorrow().unwrap_or(date), &zone).0,
            day: sql::day(date),
        }
    }

    fn holds(&self, instant: i64, zone_name: &str) -> bool {
        self.start <= instant && instant < self.end && self.zone == zone_name
    }
}

/// The first instant of a day in a zone.
pub(super) fn start_of(day: civil::Date, zone: &TimeZone) -> UtcMillis {
    zone.to_zoned(day.to_datetime(civil::Time::midnight()))
        .map_or_else(|_| utc_start(day), |start| start.timestamp().into())
}

/// The instants, from inclusive, before exclusive, that hold the days `from` to `to` in every zone there is.
pub(super) fn in_any_zone(from: civil::Date, to: civil::Date) -> (i64, i64) {
    (
        utc_start(from).0.saturating_sub(DAY_MILLIS),
        utc_start(to).0.saturating_add(2 * DAY_MILLIS),
    )
}

fn utc_start(day: civil::Date) -> UtcMillis {
    UtcMillis(sql::day(day) * DAY_MILLIS)
}

fn zone_named(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

impl Reader {
    /// The zone whose calendar holds at a branch: its territory's, else the firm's first territory's.
    pub fn zone_of(&self, branch: BranchId) -> Result<TimeZone, QueryError> {
        const ZONE: &str = "
            SELECT t.time_zone FROM branches b JOIN territories t ON t.id = b.territory WHERE b.id = ?1";
        let own: Option<String> = self
            .connection
            .prepare_cached(ZONE)?
            .query_row([blob(branch)], |row| row.get(0))
            .optional()?;
        let name = own.map_or_else(|| self.first_zone(), Ok)?;
        Ok(zone_named(&name))
    }

    /// The name of the zone for what belongs to no known branch.
    pub(super) fn first_zone(&self) -> Result<String, QueryError> {
        const FIRST: &str = "SELECT time_zone FROM territories ORDER BY country, id LIMIT 1";
        let first: Option<String> = self
            .connection
            .prepare_cached(FIRST)?
            .query_row([], |row| row.get(0))
            .optional()?;
        Ok(first.unwrap_or_else(|| FIRST_ZONE.to_owned()))
    }
}
