//! Bars: upright beside each other, upright on top of each other, and lying.

use std::fmt::Write as _;

use super::{
    Chart, MAX_CATEGORIES, Scale, axis_width, escape, figure, legend, position, shortened,
};

/// Narrow, so that the words stay readable when a phone scales the drawing down.
const WIDTH: f64 = 480.0;
const PLOT_HEIGHT: f64 = 190.0;
const LEGEND_HEIGHT: f64 = 28.0;
const LABEL_HEIGHT: f64 = 24.0;
/// Room above the highest bar for its value.
const HEADROOM: f64 = 18.0;

/// Upright bars, the series beside each other.
pub fn grouped_bars(chart: &Chart) -> String {
    let scale = Scale::up_to(chart.largest_value(), chart.show_value);
    let mut drawing = frame(chart, &scale);
    let axis = axis_width(chart, &scale);
    let slot = slot_width(chart, axis);
    let bar = (slot * 0.76 / position(chart.shown_series().max(1))).min(56.0);
    let group = bar * position(chart.shown_series());
    for category in 0..chart.shown_categories() {
        let left = axis + slot * position(category) + (slot - group) / 2.0;
        for series in 0..chart.shown_series() {
            let value = chart.value(series, category);
            let height = PLOT_HEIGHT * scale.part(value);
            let x = left + bar * position(series);
            push_bar(&mut drawing, series, x, base_line() - height, bar, height);
            let label = (chart.show_value)(value);
            if value > 0.0 && bar >= 7.5 * super::characters(&label) {
                push_value(
                    &mut drawing,
                    x + bar / 2.0,
                    base_line() - height - 5.0,
                    &label,
                );
            }
        }
    }
    figure(chart, WIDTH, total_height(), &drawing)
}

/// Upright bars, the series on top of each other, the sum above.
pub fn stacked_bars(chart: &Chart) -> String {
    let sum_of = |category: usize| -> f64 {
        (0..chart.shown_series())
            .map(|series| chart.value(series, category))
            .sum()
    };
    let largest = (0..chart.shown_categories())
        .map(sum_of)
        .fold(0.0, f64::max);
    let scale = Scale::up_to(largest, chart.show_value);
    let mut drawing = frame(chart, &scale);
    let axis = axis_width(chart, &scale);
    let slot = slot_width(chart, axis);
    let bar = (slot * 0.7).min(64.0);
    for category in 0..chart.shown_categories() {
        let x = axis + slot * position(category) + (slot - bar) / 2.0;
        let mut top = base_line();
        for series in 0..chart.shown_series() {
            let height = PLOT_HEIGHT * scale.part(chart.value(series, category));
            top -= height;
            push_bar(&mut drawing, series, x, top, bar, height);
        }
        let label = (chart.show_value)(sum_of(category));
        if top < base_line() && slot >= 7.5 * super::characters(&label) {
            push_value(&mut drawing, x + bar / 2.0, top - 5.0, &label);
        }
    }
    figure(chart, WIDTH, total_height(), &drawing)
}

/// Lying bars, for names that are too long to stand under an upright one.
pub fn horizontal_bars(chart: &Chart) -> String {
    const NAME_WIDTH: f64 = 168.0;
    const VALUE_WIDTH: f64 = 96.0;
    const BAR_HEIGHT: f64 = 22.0;
    const GAP: f64 = 12.0;
    let scale = Scale::up_to(chart.largest_value(), chart.show_value);
    let several = chart.shown_series() > 1;
    let top = if several { LEGEND_HEIGHT } else { 4.0 };
    let group = BAR_HEIGHT * position(chart.shown_series().max(1)) + GAP;
    let mut drawing = legend(chart, 14.0);
    for (category, name) in chart.categories.iter().take(MAX_CATEGORIES).enumerate() {
        let y = top + group * position(category);
        let _ = write!(
            drawing,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            NAME_WIDTH - 10.0,
            y + (group - GAP) / 2.0 + 5.0,
            escape(&shortened(name, 22))
        );
        for series in 0..chart.shown_series() {
            let value = chart.value(series, category);
            let width = (WIDTH - NAME_WIDTH - VALUE_WIDTH) * scale.part(value);
            let bar_top = y + BAR_HEIGHT * position(series);
            push_bar(
                &mut drawing,
                series,
                NAME_WIDTH,
                bar_top + 1.0,
                width,
                BAR_HEIGHT - 2.0,
            );
            let _ = write!(
                drawing,
                "<text class=\"value\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                NAME_WIDTH + width + 6.0,
                bar_top + BAR_HEIGHT / 2.0 + 5.0,
                escape(&(chart.show_value)(value))
            );
        }
    }
    let _ = write!(
        drawing,
        "<line class=\"axis\" x1=\"{NAME_WIDTH}\" x2=\"{NAME_WIDTH}\" y1=\"{top}\" y2=\"{:.1}\"/>",
        top + group * position(chart.shown_categories()) - GAP
    );
    let height = top + group * position(chart.shown_categories());
    figure(chart, WIDTH, height, &drawing)
}

/// Grid, value axis, category labels and legend of an upright chart.
fn frame(chart: &Chart, scale: &Scale) -> String {
    let axis = axis_width(chart, scale);
    let mut drawing = legend(chart, 14.0);
    for step in &scale.steps {
        let y = base_line() - PLOT_HEIGHT * scale.part(*step);
        let class = if *step > 0.0 { "gridline" } else { "axis" };
        let _ = write!(
            drawing,
            "<line class=\"{class}\" x1=\"{axis:.1}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            axis - 8.0,
            y + 4.5,
            escape(&(chart.show_value)(*step))
        );
    }
    push_category_labels(&mut drawing, chart, axis);
    drawing
}

/// As many labels as fit without touching, the first one always.
fn push_category_labels(drawing: &mut String, chart: &Chart, axis: f64) {
    const GLYPH_WIDTH: f64 = 7.6;
    let slot = slot_width(chart, axis);
    let longest = chart
        .categories
        .iter()
        .take(MAX_CATEGORIES)
        .map(|name| super::characters(&shortened(name, 14)))
        .fold(1.0, f64::max);
    let mut free_from = f64::MIN;
    for (index, name) in chart.categories.iter().take(MAX_CATEGORIES).enumerate() {
        let centre = axis + slot * (position(index) + 0.5);
        if centre < free_from {
            continue;
        }
        free_from = centre + longest * GLYPH_WIDTH + 8.0;
        let _ = write!(
            drawing,
            "<text x=\"{centre:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            base_line() + 18.0,
            escape(&shortened(name, 14))
        );
    }
}

fn push_bar(drawing: &mut String, series: usize, x: f64, y: f64, width: f64, height: f64) {
    if width <= 0.0 || height <= 0.0 {
        return;
    }
    let _ = write!(
        drawing,
        "<rect class=\"series-{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
        series + 1
    );
}

fn push_value(drawing: &mut String, x: f64, y: f64, value: &str) {
    let _ = write!(
        drawing,
        "<text class=\"value\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>",
        escape(value)
    );
}

fn slot_width(chart: &Chart, axis: f64) -> f64 {
    (WIDTH - axis) / position(chart.shown_categories().max(1))
}

fn base_line() -> f64 {
    LEGEND_HEIGHT + HEADROOM + PLOT_HEIGHT
}

fn total_height() -> f64 {
    base_line() + LABEL_HEIGHT
}
