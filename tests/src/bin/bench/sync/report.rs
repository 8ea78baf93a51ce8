//! What was measured beside what is wanted.

use serde_json::{Value, json};

/// What a figure must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
        }
    }

    /// How much of what is wanted is there: 1 and more is enough, whichever way the target looks.
    pub(crate) fn reached(self, value: f64) -> f64 {
        match self {
            Self::AtMost(limit) => limit / value.max(f64::MIN_POSITIVE),
            Self::AtLeast(limit) => value / limit,
        }
    }

    pub(crate) fn limit(self) -> f64 {
        match self {
            Self::AtMost(limit) | Self::AtLeast(limit) => limit,
        }
    }
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) part: &'static str,
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) target: Option<Target>,
}

/// All figures of a run, in the order in which they were taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    pub(crate) figures: Vec<Figure>,
    /// What could not be measured, and why.
    pub(crate) left_out: Vec<String>,
}

impl Report {
    /// Notes a figure of which nothing particular is wanted.
    pub(crate) fn add(&mut self, part: &'static str, name: &str, value: f64, unit: &'static str) {
        self.note(part, name, value, unit, None);
    }

    /// Notes a figure and what it must be.
    pub(crate) fn judge(
        &mut self,
        part: &'static str,
        name: &str,
        value: f64,
        unit: &'static str,
        target: Target,
    ) {
        self.note(part, name, value, unit, Some(target));
    }

    fn note(
        &mut self,
        part: &'static str,
        name: &str,
        value: f64,
        unit: &'static str,
        target: Option<Target>,
    ) {
        let figure = Figure {
            part,
            name: name.to_owned(),
            value,
            unit,
            target,
        };
        eprintln!("    {}", line(&figure));
        self.figures.push(figure);
    }

    /// Notes that something could not be measured. The rest goes on; the table says so at its end.
    pub(crate) fn leave_out(&mut self, what: &str, why: &anyhow::Error) {
        let text = format!("{what}: {why:#}");
        eprintln!("    left out: {text}");
        self.left_out.push(text);
    }

    pub(crate) fn print(&self, title: &str) {
        let mut part = "";
        for figure in &self.figures {
            if figure.part != part {
                part = figure.part;
                println!("\n{title}: {part}");
            }
            println!("  {}", line(figure));
        }
        for left_out in &self.left_out {
            println!("\n  not measured: {left_out}");
        }
    }

    pub(crate) fn json(&self) -> Value {
        let figures = self.figures.iter().map(|figure| {
            let mut entry = json!({
                "part": figure.part, "name": figure.name, "value": figure.value, "unit": figure.unit,
            });
            if let Some(target) = figure.target {
                entry["target"] = match target {
                    Target::AtMost(limit) => json!({ "at_most": limit }),
                    Target::AtLeast(limit) => json!({ "at_least": limit }),
                };
                entry["holds"] = target.holds(figure.value).into();
            }
            entry
        });
        json!({ "figures": figures.collect::<Vec<_>>(), "not_measured": self.left_out })
    }
}

fn line(figure: &Figure) -> String {
    let Figure {
        name, value, unit, ..
    } = figure;
    let measured = format!("{name:<58} {:>12} {unit:<9}", number(*value));
    let verdict = figure.target.map_or_else(String::new, |target| {
        let word = match target {
            Target::AtMost(_) => "at most",
            Target::AtLeast(_) => "at least",
        };
        let wanted = format!("{word} {}", number(target.limit()));
        if target.holds(*value) {
            format!("{wanted:<18} holds")
        } else {
            format!("{wanted:<18} MISSED, {:.2} of it", target.reached(*value))
        }
    });
    format!("{measured} {verdict}").trim_end().to_owned()
}

/// As many digits as a person compares.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 1_000.0 => {
            let digits = format!("{value:.0}");
            let mut grouped = String::new();
            for (index, digit) in digits.chars().enumerate() {
                if index > 0 && digit.is_ascii_digit() && (digits.len() - index).is_multiple_of(3) {
                    grouped.push(',');
                }
                grouped.push(digit);
            }
            grouped
        }
        middle if middle >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_look_both_ways() {
        assert!(Target::AtMost(120.0).holds(120.0) && !Target::AtMost(120.0).holds(121.0));
        assert!(Target::AtLeast(10.0).holds(10.0) && !Target::AtLeast(10.0).holds(9.9));
        assert!((Target::AtMost(50.0).reached(100.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(1_234_567.4), "1,234,567");
        assert_eq!(number(999.6), "1000");
        assert_eq!(number(12.34), "12.3");
    }
}
