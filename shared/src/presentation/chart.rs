//! The office's charts, as inline SVG of our own.
//!
//! They print, follow light and dark by the classes of the style sheet, need no script, and carry
//! their numbers in words for people who do not see them. A line differs from the next by its dashes
//! as well as its colour, and every bar carries its value.

mod bars;
mod lines;

use std::fmt::Write as _;

use super::texts::{Language, text, text_with};

pub use bars::{grouped_bars, horizontal_bars, stacked_bars};
pub use lines::lines;

/// More categories than two months of days are unreadable on a tablet; the rest is named in words.
pub const MAX_CATEGORIES: usize = 62;
/// As many series as the style sheet has distinguishable colours; the rest is named in words.
pub const MAX_SERIES: usize = 6;

/// One row of numbers with its name.
#[derive(Debug, Clone)]
pub struct Series {
    /// What the numbers are: "Express", "Davos".
    pub name: String,
    /// One value per category, in the chart's unit; missing ones at the end count as zero.
    /// Values that are not finite or below zero are drawn as zero.
    pub values: Vec<f64>,
}

/// What a chart shows, independent of how it is drawn.
#[derive(Debug, Clone)]
pub struct Chart {
    /// The language of the chart's own words.
    pub language: Language,
    /// The name of the chart, read out first.
    pub title: String,
    /// What can be learned from it in one sentence, read out second.
    pub description: String,
    /// The labels along the axis, in the order in which they are drawn.
    pub categories: Vec<String>,
    /// One or more rows of numbers.
    pub series: Vec<Series>,
    /// Makes a value readable: money, a count, hours.
    pub show_value: fn(f64) -> String,
}

impl Chart {
    /// Whether there is anything above zero to draw.
    fn is_empty(&self) -> bool {
        self.categories.is_empty() || self.largest_value() <= 0.0
    }

    /// The value of one series at one category, safe to draw.
    fn value(&self, series: usize, category: usize) -> f64 {
        self.series
            .get(series)
            .and_then(|series| series.values.get(category))
            .copied()
            .filter(|value| value.is_finite())
            .map_or(0.0, |value| value.max(0.0))
    }

    fn largest_value(&self) -> f64 {
        self.each_value().fold(0.0, f64::max)
    }

    fn each_value(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.shown_series()).flat_map(move |series| {
            (0..self.shown_categories()).map(move |category| self.value(series, category))
        })
    }

    fn shown_categories(&self) -> usize {
        self.categories.len().min(MAX_CATEGORIES)
    }

    fn shown_series(&self) -> usize {
        self.series.len().min(MAX_SERIES)
    }

    /// How many categories and series are left out, in words; empty if none.
    fn left_out(&self) -> String {
        let hidden = (self.categories.len() - self.shown_categories())
            + (self.series.len() - self.shown_series());
        if hidden == 0 {
            String::new()
        } else {
            text_with(self.language, "chart-left-out", &[("count", hidden.into())])
        }
    }
}

/// A value axis: round steps from zero to just above the largest value.
struct Scale {
    top: f64,
    steps: Vec<f64>,
}

impl Scale {
    /// At most some five steps of 1, 2, 2.5 or 5 times a power of ten, no two of which read the same: half an order is none.
    fn up_to(largest: f64, show_value: fn(f64) -> String) -> Self {
        let rough = (largest / 4.0).max(f64::MIN_POSITIVE);
        let power = 10_f64.powf(rough.log10().floor());
        let mut scales = [1.0, 2.0, 2.5, 5.0, 10.0, 20.0, 50.0, 100.0]
            .into_iter()
            .map(|factor| factor * power)
            .filter(|step| *step >= rough)
            .map(|step| Self::in_steps(step, largest));
        scales
            .find(|scale| {
                let labels: Vec<String> =
                    scale.steps.iter().map(|step| show_value(*step)).collect();
                labels.windows(2).all(|pair| pair[0] != pair[1])
            })
            .unwrap_or_else(|| Self::in_steps(rough, largest))
    }

    fn in_steps(step: f64, largest: f64) -> Self {
        let mut steps = vec![0.0];
        while let Some(last) = steps.last().copied().filter(|last| *last < largest) {
            steps.push(last + step);
            if steps.len() > 8 {
                break;
            }
        }
        Self {
            top: steps.last().copied().unwrap_or(1.0),
            steps,
        }
    }

    /// The part of the axis that a value takes, from 0 to 1.
    fn part(&self, value: f64) -> f64 {
        if self.top > 0.0 {
            (value / self.top).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }
}

/// Room for the longest label of the value axis.
fn axis_width(chart: &Chart, scale: &Scale) -> f64 {
    const GLYPH_WIDTH: f64 = 7.6;
    let longest = scale
        .steps
        .iter()
        .map(|step| characters(&(chart.show_value)(*step)))
        .fold(0.0, f64::max);
    (longest * GLYPH_WIDTH + 12.0).clamp(28.0, 130.0)
}

/// The figure around a drawing: caption, SVG with title and description, legend, and what is left out.
fn figure(chart: &Chart, width: f64, height: f64, drawing: &str) -> String {
    let title = escape(&chart.title);
    let description = escape(&chart.description);
    if chart.is_empty() {
        let nothing = escape(&text(chart.language, "chart-empty"));
        return format!(
            "<figure class=\"chart\"><figcaption>{title}</figcaption><p class=\"soft\">{nothing}</p></figure>"
        );
    }
    let mut figure = format!(
        "<figure class=\"chart\"><figcaption>{title}</figcaption>\
         <svg role=\"img\" viewBox=\"0 0 {width:.0} {height:.0}\" xmlns=\"http://www.w3.org/2000/svg\">\
         <title>{title}</title><desc>{description} {}</desc>{drawing}</svg>",
        escape(&in_words(chart))
    );
    let left_out = chart.left_out();
    if !left_out.is_empty() {
        let _ = write!(figure, "<p class=\"soft\">{}</p>", escape(&left_out));
    }
    figure.push_str("</figure>");
    figure
}

/// The names of several series with their colours, drawn as the first line of the chart.
fn legend(chart: &Chart, y: f64) -> String {
    const GLYPH_WIDTH: f64 = 7.4;
    let mut drawing = String::new();
    if chart.shown_series() < 2 {
        return drawing;
    }
    let mut x = 0.0;
    for (index, series) in chart.series.iter().take(MAX_SERIES).enumerate() {
        let name = shortened(&series.name, 14);
        let _ = write!(
            drawing,
            "<rect class=\"series-{}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" rx=\"2\"/>\
             <text x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            index + 1,
            y - 10.5,
            x + 17.0,
            escape(&name)
        );
        x += 34.0 + GLYPH_WIDTH * characters(&name);
    }
    drawing
}

/// The numbers as a sentence, for screen readers: "Mo: 12, Di: 9". Bounded, because it is read aloud.
fn in_words(chart: &Chart) -> String {
    const MAX_SPOKEN: usize = 12;
    let mut words = Vec::new();
    for (category, name) in chart.categories.iter().take(MAX_CATEGORIES).enumerate() {
        for (index, series) in chart.series.iter().take(MAX_SERIES).enumerate() {
            let value = (chart.show_value)(chart.value(index, category));
            words.push(if chart.series.len() > 1 {
                format!("{name}, {}: {value}", series.name)
            } else {
                format!("{name}: {value}")
            });
            if words.len() == MAX_SPOKEN {
                return format!("{} …", words.join("; "));
            }
        }
    }
    format!("{}.", words.join("; "))
}

/// Text for XML content and attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML 1.0 has no other control characters.
            control if control.is_control() && !matches!(control, '\n' | '\t') => {}
            other => escaped.push(other),
        }
    }
    escaped
}

fn shortened(text: &str, max_characters: usize) -> String {
    if text.chars().count() <= max_characters {
        return text.to_owned();
    }
    let head: String = text
        .chars()
        .take(max_characters.saturating_sub(1))
        .collect();
    format!("{}…", head.trim_end())
}

fn characters(text: &str) -> f64 {
    position(text.chars().count())
}

/// Counts here are bounded by [`MAX_CATEGORIES`] and [`MAX_SERIES`].
fn position(index: usize) -> f64 {
    f64::from(u16::try_from(index).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn chart(categories: usize, series: usize) -> Chart {
        Chart {
            language: Language::German,
            title: "Aufträge <je Tag>".to_owned(),
            description: "Wie viele.".to_owned(),
            categories: (0..categories)
                .map(|index| format!("Tag {index}"))
                .collect(),
            series: (0..series)
                .map(|index| Series {
                    name: format!("Reihe {index}"),
                    values: (0..categories)
                        .map(|value| position(value + index))
                        .collect(),
                })
                .collect(),
            show_value: |value| format!("{value:.0}"),
        }
    }

    fn each_kind(chart: &Chart) -> [String; 4] {
        [
            grouped_bars(chart),
            stacked_bars(chart),
            horizontal_bars(chart),
            lines(chart),
        ]
    }

    #[test]
    fn charts_are_named_escaped_and_need_no_styles_of_their_own() {
        for drawn in each_kind(&chart(7, 2)) {
            assert!(drawn.contains("role=\"img\""));
            assert!(drawn.contains("Aufträge &lt;je Tag&gt;"));
            assert!(
                !drawn.contains("style="),
                "a style attribute is refused by the pages' policy"
            );
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"));
        }
    }

    #[test]
    fn nothing_to_show_is_said_in_words() {
        let mut without_values = chart(3, 1);
        without_values.series[0].values = vec![0.0, f64::NAN, -4.0];
        for empty in [chart(0, 0), chart(0, 2), without_values] {
            for drawn in each_kind(&empty) {
                assert!(!drawn.contains("<svg"), "{drawn}");
                assert!(drawn.contains("Noch keine"), "{drawn}");
            }
        }
    }

    #[test]
    fn too_much_is_cut_and_said() {
        for drawn in each_kind(&chart(400, 9)) {
            assert!(
                drawn.contains("341"),
                "338 categories and 3 series are left out"
            );
            assert!(drawn.len() < 200_000);
        }
    }

    #[test]
    fn odd_values_do_not_break_the_drawing() {
        let mut odd = chart(4, 1);
        odd.series[0].values = vec![f64::INFINITY, -1.0, 1e-9, 1e12];
        for drawn in each_kind(&odd) {
            assert!(drawn.contains("<svg"));
            assert!(!drawn.contains("NaN") && !drawn.contains("inf\""));
        }
    }

    #[test]
    fn scales_have_round_steps_above_the_largest_value() {
        for (largest, top) in [
            (3.0, 3.0),
            (7.0, 8.0),
            (100.0, 100.0),
            (1_234.0, 1_500.0),
            (0.4, 0.4),
        ] {
            let scale = Scale::up_to(largest, |value| format!("{value:.3}"));
            assert!((scale.top - top).abs() < 1e-9, "{largest}: {}", scale.top);
            assert!(scale.steps.len() <= 7, "{largest}: {:?}", scale.steps);
        }
    }

    #[test]
    fn no_two_steps_of_a_scale_read_the_same() {
        for orders in 1..30 {
            let scale = Scale::up_to(f64::from(orders), |value| format!("{value:.0}"));
            let labels: Vec<_> = scale
                .steps
                .iter()
                .map(|step| format!("{step:.0}"))
                .collect();
            assert!(labels.len() > 1);
            for pair in labels.windows(2) {
                assert_ne!(pair[0], pair[1], "{orders}: {labels:?}");
            }
        }
    }
}
