//! Figures with their names and units, as a table and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

/// What one measurement has given.
#[derive(Debug, Default)]
pub(crate) struct Figures(Vec<(String, f64, &'static str)>);

impl Figures {
    /// Adds one number; `unit` is part of its name in JSON.
    pub(crate) fn add(&mut self, name: &str, value: f64, unit: &'static str) {
        self.0.push((name.to_owned(), value, unit));
    }

    /// Adds a number of things.
    #[expect(
        clippy::cast_precision_loss,
        reason = "nothing counted here comes near 2^53"
    )]
    pub(crate) fn add_count(&mut self, name: &str, count: usize, unit: &'static str) {
        self.add(name, count as f64, unit);
    }

    /// Adds median and 99th percentile, in milliseconds. Returns the median.
    pub(crate) fn add_times(&mut self, name: &str, times: &mut [Duration]) -> f64 {
        times.sort_unstable();
        let (median, slow) = (milliseconds(at(times, 50)), milliseconds(at(times, 99)));
        self.add(&format!("{name}, p50 of {}", times.len()), median, "ms");
        self.add(&format!("{name}, p99 of {}", times.len()), slow, "ms");
        median
    }

    pub(crate) fn print(&self, title: &str) {
        println!("\n{title}");
        for (name, value, unit) in &self.0 {
            println!("  {name:<64} {value:>12.3} {unit}");
        }
    }

    pub(crate) fn json(&self) -> Value {
        let entries = self.0.iter();
        let entries = entries
            .map(|(name, value, unit)| json!({ "name": name, "value": value, "unit": unit }));
        Value::Array(entries.collect())
    }
}

/// The time that so many percent of all sorted times do not exceed (nearest rank).
fn at(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(at(&times, 50), Duration::from_millis(100));
        assert_eq!(at(&times, 99), Duration::from_millis(198));
        assert_eq!(at(&times[..1], 99), Duration::from_millis(1));
    }
}
