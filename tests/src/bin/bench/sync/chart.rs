//! The figures as a picture for the documentation: SVG that a browser shows in its reader's light or dark colours.

use std::fmt::Write as _;

use super::report::{Figure, Report, Target, number};

const WIDTH: f64 = 860.0;
const ROW: f64 = 24.0;
const TITLE: f64 = 46.0;
const LABELS: f64 = 390.0;
const BARS: f64 = 300.0;

/// Where "just enough" stands among the bars of the targets: what misses lies to its left, what is better to its right.
const ENOUGH: f64 = 0.5;

/// Bars end at ten times too little and ten times better: orders of magnitude, since both directions matter.
const DECADES: f64 = 1.0;

/// First what each product moves in a second, then every target and how much of it is reached.
pub(crate) fn svg(report: &Report, caption: &str) -> String {
    let rates = rates(report);
    let judged: Vec<(&Figure, Target)> = report
        .figures
        .iter()
        .filter_map(|figure| Some((figure, figure.target?)))
        .filter(|(_, target)| target.limit() > 0.0)
        .collect();
    let mut body = String::new();
    let mut y = 34.0;
    if !rates.is_empty() {
        title(&mut body, y, "First synchronisation, orders a second");
        y += TITLE - 22.0;
        let most = rates.iter().map(|(_, value, _)| *value).fold(1.0, f64::max);
        for (name, value, class) in &rates {
            bar(
                &mut body,
                y,
                name,
                0.0,
                value / most,
                class,
                &number(*value),
            );
            y += ROW;
        }
        y += 26.0;
    }
    if !judged.is_empty() {
        title(
            &mut body,
            y,
            "Targets: left of the line is missed, right of it holds; either end is ten times",
        );
        y += TITLE - 22.0;
        let top = y;
        for (figure, target) in &judged {
            let reached = target
                .reached(figure.value)
                .log10()
                .clamp(-DECADES, DECADES)
                / DECADES;
            let end = ENOUGH + reached * (1.0 - ENOUGH);
            let (from, to) = (ENOUGH.min(end), ENOUGH.max(end));
            let class = if target.holds(figure.value) {
                "good"
            } else {
                "bad"
            };
            let label = format!("{}: {}", figure.part, figure.name);
            let said = format!(
                "{} {} ({})",
                number(figure.value),
                figure.unit,
                wanted(*target)
            );
            bar(&mut body, y, &label, from, to - from, class, &said);
            y += ROW;
        }
        let x = LABELS + BARS * ENOUGH;
        let _ = write!(
            body,
            r#"<line class="axis" x1="{x}" x2="{x}" y1="{}" y2="{}"/>"#,
            top - 4.0,
            y - 2.0
        );
        y += 20.0;
    }
    text(&mut body, 12.0, y, "small", caption);
    format!("{}{body}</svg>\n", head(y + 18.0))
}

/// Name, value and colour of each product's rates at the largest number of orders that was measured.
fn rates(report: &Report) -> Vec<(String, f64, &'static str)> {
    let is_rate = |figure: &&Figure| figure.part == "first" && figure.unit == "orders/s";
    let mut rates: Vec<(String, f64, &'static str)> = report
        .figures
        .iter()
        .filter(is_rate)
        .map(|figure| {
            let (product, name, class) = match figure.name.split_once(": ") {
                Some((product, name)) => (product, name, "other"),
                None => ("Offpiste", figure.name.as_str(), "own"),
            };
            (format!("{name}, {product}"), figure.value, class)
        })
        .collect();
    rates.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    rates
}

fn wanted(target: Target) -> String {
    match target {
        Target::AtMost(limit) => format!("at most {}", number(limit)),
        Target::AtLeast(limit) => format!("at least {}", number(limit)),
    }
}

fn title(body: &mut String, y: f64, words: &str) {
    text(body, 12.0, y, "title", words);
}

fn bar(body: &mut String, y: f64, label: &str, from: f64, width: f64, class: &str, said: &str) {
    let baseline = y + ROW * 0.62;
    text(body, 12.0, baseline, "label", label);
    let (x, length) = (LABELS + from * BARS, (width * BARS).max(1.5));
    let _ = write!(
        body,
        r#"<rect class="{class}" x="{x:.1}" y="{:.1}" width="{length:.1}" height="{:.1}" rx="2"/>"#,
        y + 3.0,
        ROW - 8.0
    );
    text(body, LABELS + BARS + 10.0, baseline, "small", said);
}

fn text(body: &mut String, x: f64, y: f64, class: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    let _ = write!(
        body,
        r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{words}</text>"#
    );
}

fn head(height: f64) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0}" width="{WIDTH}" height="{height:.0}" role="img">
<style>
svg {{ font-family: system-ui, sans-serif; background: #ffffff; }}
text {{ fill: #1f2933; }} .title {{ font-size: 15px; font-weight: 600; }} .label {{ font-size: 12px; }} .small {{ font-size: 11px; fill: #52606d; }}
.own {{ fill: #0b69a3; }} .other {{ fill: #9aa5b1; }} .good {{ fill: #2f8f5b; }} .bad {{ fill: #c2410c; }} .axis {{ stroke: #1f2933; stroke-width: 1; }}
@media (prefers-color-scheme: dark) {{
svg {{ background: #12181f; }} text {{ fill: #e4e7eb; }} .small {{ fill: #9aa5b1; }}
.own {{ fill: #40a9e0; }} .other {{ fill: #616e7c; }} .good {{ fill: #4cc38a; }} .bad {{ fill: #f0803c; }} .axis {{ stroke: #e4e7eb; }}
}}
</style>
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_misses_lies_left_of_the_line_and_what_holds_right_of_it() {
        let mut report = Report::default();
        report.judge("wire", "bytes < all", 240.0, "B", Target::AtMost(120.0));
        report.judge(
            "first",
            "push / floor's",
            1.2,
            "times",
            Target::AtLeast(0.6),
        );
        let picture = svg(&report, "a run");
        let (bad, good) = (
            picture.find("class=\"bad\""),
            picture.find("class=\"good\""),
        );
        assert!(bad.is_some() && bad < good, "{picture}");
        assert!(picture.contains("bytes &lt; all") && !picture.contains("bytes < all"));
        let line = LABELS + BARS * ENOUGH;
        assert!(
            picture.contains(&format!(r#"class="good" x="{line:.1}""#)),
            "{picture}"
        );
    }
}
