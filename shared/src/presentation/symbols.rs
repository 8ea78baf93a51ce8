//! The machine-readable symbols of a ticket, as inline SVG for print.
//!
//! Sizes are in whole dots of a 203 dpi thermal head (8 dots a millimetre), so that no bar is
//! smeared over half a dot: QR Code after ISO/IEC 18004 with its quiet zone of four modules,
//! Code 128 after ISO/IEC 15417 with ten.

use std::fmt::Write as _;

use barcoders::sym::code128::Code128;
use fast_qr::{ECL, QRBuilder};

/// Why a text cannot be printed as a symbol. The number itself is always printed in letters too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SymbolError {
    /// Empty, longer than [`MAX_SYMBOL_CHARACTERS`], or with characters outside A-Z and 0-9.
    #[error("a ticket symbol holds 1 to {MAX_SYMBOL_CHARACTERS} characters A-Z or 0-9")]
    Unprintable,
}

/// A Code 128 of this length still fits the 72 mm that a thermal head reaches.
pub const MAX_SYMBOL_CHARACTERS: usize = 20;

/// Dots per millimetre of a 203 dpi head; one dot is 0.125 mm.
const DOT_MM: f64 = 0.125;
/// The printable width of an 80 mm slip.
const PRINTABLE_MM: f64 = 72.0;

/// The QR code of a ticket number, about 22 mm wide, error correction Q (a quarter may be dirt).
///
/// `label` is the text alternative for people who do not see the picture.
pub fn qr_svg(ticket: &str, label: &str) -> Result<String, SymbolError> {
    const QUIET_MODULES: usize = 4;
    const DOTS_PER_MODULE: f64 = 6.0;
    check(ticket)?;
    let code = QRBuilder::new(ticket)
        .ecl(ECL::Q)
        .build()
        .map_err(|_| SymbolError::Unprintable)?;
    let mut path = String::new();
    for row in 0..code.size {
        let dark: Vec<bool> = code[row].iter().map(|module| module.value()).collect();
        for (start, length) in runs(&dark) {
            push_bar(
                &mut path,
                start + QUIET_MODULES,
                row + QUIET_MODULES,
                length,
                1,
            );
        }
    }
    let modules = code.size + 2 * QUIET_MODULES;
    let millimetres = as_f64(modules) * DOTS_PER_MODULE * DOT_MM;
    Ok(svg(
        "qr",
        label,
        modules,
        modules,
        millimetres,
        millimetres,
        &path,
    ))
}

/// The Code 128 of a ticket number, 12 mm high and as wide as the slip allows.
///
/// `label` is the text alternative for people who do not see the picture.
pub fn code128_svg(ticket: &str, label: &str) -> Result<String, SymbolError> {
    const QUIET_MODULES: usize = 10;
    const HEIGHT_MM: f64 = 12.0;
    /// Chooses character set B, which holds letters and digits alike.
    const SET_B: char = '\u{0181}';
    check(ticket)?;
    let modules = Code128::new(format!("{SET_B}{ticket}"))
        .map_err(|_| SymbolError::Unprintable)?
        .encode();
    let dark: Vec<bool> = modules.iter().map(|module| *module == 1).collect();
    let width = dark.len() + 2 * QUIET_MODULES;
    let dots = (PRINTABLE_MM / DOT_MM / as_f64(width))
        .floor()
        .clamp(1.0, 3.0);
    let mut path = String::new();
    for (start, length) in runs(&dark) {
        push_bar(&mut path, start + QUIET_MODULES, 0, length, 1);
    }
    let width_mm = as_f64(width) * dots * DOT_MM;
    Ok(svg("code128", label, width, 1, width_mm, HEIGHT_MM, &path))
}

fn check(ticket: &str) -> Result<(), SymbolError> {
    let is_printable = !ticket.is_empty()
        && ticket.len() <= MAX_SYMBOL_CHARACTERS
        && ticket
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_printable {
        Ok(())
    } else {
        Err(SymbolError::Unprintable)
    }
}

/// Start and length of each stretch of dark modules.
fn runs(dark: &[bool]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, _) in dark.iter().enumerate().filter(|(_, is_dark)| **is_dark) {
        match found.last_mut() {
            Some((start, length)) if *start + *length == at => *length += 1,
            _ => found.push((at, 1)),
        }
    }
    found
}

fn push_bar(path: &mut String, x: usize, y: usize, width: usize, height: usize) {
    // Writing to a String cannot fail.
    let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
}

fn svg(
    class: &str,
    label: &str,
    modules_wide: usize,
    modules_high: usize,
    width_mm: f64,
    height_mm: f64,
    path: &str,
) -> String {
    format!(
        concat!(
            r#"<svg class="symbol symbol-{class}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" "#,
            r#"width="{width_mm}mm" height="{height_mm}mm" viewBox="0 0 {wide} {high}" preserveAspectRatio="none" "#,
            r##"shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{wide}v{high}H0z"/><path fill="#000" d="{path}"/></svg>"##
        ),
        class = class,
        label = super::chart::escape(label),
        width_mm = width_mm,
        height_mm = height_mm,
        wide = modules_wide,
        high = modules_high,
        path = path,
    )
}

/// Module counts are below a few hundred.
fn as_f64(count: usize) -> f64 {
    f64::from(u16::try_from(count).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_symbols_fit_the_slip() {
        for ticket in ["K7M4Q2X", "A", "ABCDEFGHJKLMNPQRSTUV"] {
            let bars = code128_svg(ticket, ticket).expect("printable");
            let width: f64 = bars
                .split_once("width=\"")
                .and_then(|(_, rest)| rest.split_once("mm"))
                .and_then(|(width, _)| width.parse().ok())
                .expect("the SVG names its width in millimetres");
            assert!(width <= PRINTABLE_MM, "{ticket}: {width} mm");
            assert!(
                qr_svg(ticket, ticket)
                    .expect("printable")
                    .contains("viewBox")
            );
        }
    }

    #[test]
    fn a_code128_of_seven_characters_has_the_standards_length() {
        // Start, seven characters, check character and stop: 11 modules each, the stop 13.
        let svg = code128_svg("K7M4Q2X", "Ticket").expect("printable");
        let modules = 11 * 9 + 13 + 20;
        assert!(
            svg.contains(&format!("viewBox=\"0 0 {modules} 1\"")),
            "{svg}"
        );
    }

    #[test]
    fn what_a_scanner_would_garble_is_refused() {
        for ticket in ["", "k7m4", "A-1", "Ä1", "ABCDEFGHJKLMNPQRSTUVW"] {
            assert_eq!(
                code128_svg(ticket, ""),
                Err(SymbolError::Unprintable),
                "{ticket:?}"
            );
            assert_eq!(
                qr_svg(ticket, ""),
                Err(SymbolError::Unprintable),
                "{ticket:?}"
            );
        }
    }

    #[test]
    fn labels_cannot_break_out_of_the_attribute() {
        let svg = qr_svg("A1", "\"><script>").expect("printable");
        assert!(!svg.contains("<script>"));
    }

    #[test]
    fn runs_join_neighbours() {
        assert_eq!(runs(&[true, true, false, true]), [(0, 2), (3, 1)]);
        assert_eq!(runs(&[false, false]), []);
    }
}
