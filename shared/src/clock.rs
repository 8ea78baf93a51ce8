//! Time as a value. Nothing here reads a clock; whoever owns one passes its reading in.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An instant in UTC, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct UtcMillis(pub i64);

impl UtcMillis {
    /// As a jiff timestamp, for calendars; values outside jiff's range are clamped to it.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// The calendar day and time of day in an IANA time zone such as `Europe/Zurich`.
    pub fn in_zone(self, zone: &jiff::tz::TimeZone) -> jiff::civil::DateTime {
        zone.to_datetime(self.timestamp())
    }

    /// Milliseconds from `earlier` to `self`; negative when `self` is the earlier one.
    pub const fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl From<Timestamp> for UtcMillis {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }
}

/// A hybrid logical clock reading (Kulkarni et al., "Logical Physical Clocks", 2014): 48 bits of milliseconds and
/// 16 bits that count events within one millisecond. It orders what is shown first; causality is the vector clock's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Hlc(u64);

impl Hlc {
    /// From its stored form.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its stored form.
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// A reading at an instant, before any tie is broken.
    pub fn at(instant: UtcMillis) -> Self {
        let millis = u64::try_from(instant.0).unwrap_or(0).min((1 << 48) - 1);
        Self(millis << 16)
    }

    /// The physical part.
    pub fn instant(self) -> UtcMillis {
        UtcMillis(i64::try_from(self.0 >> 16).unwrap_or(i64::MAX))
    }
}

impl fmt::Debug for Hlc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}+{}", self.instant().timestamp(), self.0 & 0xffff)
    }
}

/// How far ahead a remote reading may pull our own clock. A counter whose clock is years ahead must not
/// drag every other branch's stamps with it.
const MAXIMUM_PULL_MILLIS: i64 = 5 * 60 * 1000;

/// Readings within which a new incarnation begins: those of a second.
const LEAP: u32 = 1_000 << 16;

/// The clock of one replica: every tick is later than all ticks and all observed readings before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HybridClock {
    last: Hlc,
}

impl HybridClock {
    /// Continues after the last reading that was given out.
    pub const fn resume(last: Hlc) -> Self {
        Self { last }
    }

    /// The last reading given out.
    pub const fn last(&self) -> Hlc {
        self.last
    }

    /// The reading for a write made now.
    pub fn tick(&mut self, now: UtcMillis) -> Hlc {
        self.last = Hlc::at(now).max(Hlc(self.last.0 + 1));
        self.last
    }

    /// Leaves readings out, at most a second of them, as many as the number that a new incarnation drew says. Two copies of one
    /// machine begin at the same reading, and while their clocks are behind it both would go on with the same ones.
    pub fn leap(&mut self, incarnation: u32) {
        self.last.0 += u64::from(incarnation % LEAP);
    }

    /// Takes notice of a reading that another replica made.
    pub fn observe(&mut self, remote: Hlc, now: UtcMillis) {
        if remote.instant().millis_since(now) <= MAXIMUM_PULL_MILLIS {
            self.last = self.last.max(remote);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_rise_even_when_the_wall_clock_stands_or_falls_back() {
        let mut clock = HybridClock::default();
        let first = clock.tick(UtcMillis(1_000));
        let second = clock.tick(UtcMillis(1_000));
        let third = clock.tick(UtcMillis(10));
        assert!(first < second && second < third);
        assert_eq!(third.instant(), UtcMillis(1_000));
    }

    #[test]
    fn two_copies_whose_clocks_are_behind_give_no_reading_twice() {
        let before = Hlc::at(UtcMillis(1_000));
        let mut copies = [40_000, 90_001].map(|incarnation| {
            let mut clock = HybridClock::resume(before);
            clock.leap(incarnation);
            clock
        });
        let mut readings = std::collections::BTreeSet::new();
        for _ in 0..100 {
            for clock in &mut copies {
                let reading = clock.tick(UtcMillis(10));
                assert!(reading > before);
                assert!(readings.insert(reading), "{reading:?}");
            }
        }
    }

    #[test]
    fn a_clock_years_ahead_does_not_pull_ours() {
        let mut clock = HybridClock::default();
        let now = UtcMillis(1_700_000_000_000);
        clock.observe(Hlc::at(UtcMillis(now.0 + 365 * 86_400_000)), now);
        assert_eq!(clock.tick(now).instant(), now);
        clock.observe(Hlc::at(UtcMillis(now.0 + 2_000)), now);
        assert!(clock.tick(now) > Hlc::at(UtcMillis(now.0 + 2_000)));
    }
}
