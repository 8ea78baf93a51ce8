//! Lines over time.

use std::fmt::Write as _;

use super::{
    Chart, MAX_CATEGORIES, Scale, axis_width, escape, figure, legend, position, shortened,
};

const WIDTH: f64 = 480.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 40.0;
const PLOT_HEIGHT: f64 = 190.0;

/// One line per series; the last value of each is written at its end, and each point has a mark
/// where there are few enough to tell apart.
pub fn lines(chart: &Chart) -> String {
    /// Above this, marks would touch.
    const MAX_MARKS: usize = 16;
    let scale = Scale::up_to(chart.largest_value(), chart.show_value);
    let axis = axis_width(chart, &scale);
    let mut drawing = legend(chart, 14.0);
    push_grid(&mut drawing, chart, &scale, axis);
    for series in 0..chart.shown_series() {
        let points: Vec<(f64, f64)> = (0..chart.shown_categories())
            .map(|category| {
                let height = PLOT_HEIGHT * scale.part(chart.value(series, category));
                (x_of(chart, category, axis), TOP + PLOT_HEIGHT - height)
            })
            .collect();
        let path: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1} {y:.1}"))
            .collect();
        let class = series + 1;
        let _ = write!(
            drawing,
            "<polyline class=\"line series-{class}\" points=\"{}\"/>",
            path.join(" ")
        );
        if points.len() <= MAX_MARKS {
            for (x, y) in points {
                let _ = write!(
                    drawing,
                    "<circle class=\"series-{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"
                );
            }
        }
    }
    figure(chart, WIDTH, TOP + PLOT_HEIGHT + 26.0, &drawing)
}

fn push_grid(drawing: &mut String, chart: &Chart, scale: &Scale, axis: f64) {
    const GLYPH_WIDTH: f64 = 7.6;
    for step in &scale.steps {
        let y = TOP + PLOT_HEIGHT * (1.0 - scale.part(*step));
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
    let mut free_from = f64::MIN;
    for (index, name) in chart.categories.iter().take(MAX_CATEGORIES).enumerate() {
        let name = shortened(name, 14);
        let (centre, half) = (
            x_of(chart, index, axis),
            super::characters(&name) * GLYPH_WIDTH / 2.0,
        );
        if centre - half < free_from || centre + half > WIDTH + RIGHT {
            continue;
        }
        free_from = centre + half + 8.0;
        let _ = write!(
            drawing,
            "<text x=\"{centre:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            TOP + PLOT_HEIGHT + 18.0,
            escape(&name)
        );
    }
}

fn x_of(chart: &Chart, category: usize, axis: f64) -> f64 {
    let gaps = position(chart.shown_categories().saturating_sub(1).max(1));
    axis + RIGHT + (WIDTH - axis - 2.0 * RIGHT) * position(category) / gaps
}
