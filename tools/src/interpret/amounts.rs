//! Amounts: exact to the minor unit, or refused.

/// An exact decimal: `digits / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: i128,
    scale: u32,
}

/// Above this many digits no price is meant, and products would not fit.
const LONGEST: usize = 20;

impl Decimal {
    /// Reads `49`, `49.90`, `-3`, `.5`, `1e-2`. `None` when it is no plain number or longer than a price can be.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, text) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let part = part.trim_end_matches('0');
        let length = whole.len() + part.len();
        if length == 0 && !mantissa.contains('0') || length > LONGEST {
            return None;
        }
        let mut digits = 0_i128;
        for byte in whole.bytes().chain(part.bytes()) {
            let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
            digits = digits * 10 + i128::from(digit);
        }
        let scale = i32::try_from(part.len()).ok()? - exponent;
        if !(-12..=30).contains(&scale) {
            return None;
        }
        if scale < 0 {
            digits *= 10_i128.pow(scale.unsigned_abs());
        }
        let scale = u32::try_from(scale.max(0)).ok()?;
        Some(Self {
            digits: if negative { -digits } else { digits },
            scale,
        })
    }

    /// So many minor units.
    pub const fn of_minor(minor: i64) -> Self {
        Self {
            digits: minor as i128,
            scale: 2,
        }
    }

    /// The product, `None` when it does not fit.
    pub fn times(self, other: Self) -> Option<Self> {
        Some(Self {
            digits: self.digits.checked_mul(other.digits)?,
            scale: self.scale.checked_add(other.scale)?,
        })
    }

    /// One minus this.
    pub fn from_one(self) -> Option<Self> {
        let one = 10_i128.checked_pow(self.scale)?;
        Some(Self {
            digits: one - self.digits,
            scale: self.scale,
        })
    }

    /// In minor units, when it comes out even.
    pub fn exact_minor(self) -> Option<i64> {
        let (minor, rest) = self.minor()?;
        (rest == 0).then_some(minor)
    }

    /// In minor units, halves away from zero. The flag says whether anything was rounded.
    pub fn rounded_minor(self) -> Option<(i64, bool)> {
        let (minor, rest) = self.minor()?;
        if rest == 0 {
            return Some((minor, false));
        }
        let divisor = 10_i128.checked_pow(self.scale.checked_sub(2)?)?;
        let up = rest.abs().checked_mul(2)? >= divisor;
        let step = if up {
            i64::try_from(rest.signum()).ok()?
        } else {
            0
        };
        Some((minor.checked_add(step)?, true))
    }

    fn minor(self) -> Option<(i64, i128)> {
        if self.scale <= 2 {
            let minor = self.digits.checked_mul(10_i128.pow(2 - self.scale))?;
            return Some((i64::try_from(minor).ok()?, 0));
        }
        let divisor = 10_i128.checked_pow(self.scale - 2)?;
        Some((
            i64::try_from(self.digits / divisor).ok()?,
            self.digits % divisor,
        ))
    }
}

/// A price as people write it (`CHF 49.-`, `1'234.50`, `50`, `49,90 €`). `None`: no price.
pub fn price(text: &str) -> Option<Decimal> {
    // Most prices in a database are plain numbers, which stay what they are.
    Decimal::read(text).or_else(|| Decimal::read(&plain_text(text)?))
}

/// What is left of a price's text without the words and signs around its number. `None`: no number can be left.
fn plain_text(text: &str) -> Option<String> {
    let mut text = text.trim();
    for word in ["CHF", "Fr.", "SFr.", "EUR", "€"] {
        text = text
            .strip_prefix(word)
            .or_else(|| text.strip_suffix(word))
            .unwrap_or(text)
            .trim();
    }
    let text = text
        .strip_suffix(".-")
        .or_else(|| text.strip_suffix(".–"))
        .unwrap_or(text);
    let text: String = text
        .chars()
        .filter(|sign| !matches!(sign, '\'' | '’' | '\u{a0}'))
        .collect();
    match (text.contains('.'), text.matches(',').count()) {
        (false, 1) => Some(text.replace(',', ".")),
        (_, 0) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str) -> Option<i64> {
        price(text)?.exact_minor()
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        assert_eq!(minor("49"), Some(4900));
        assert_eq!(minor("49.90000"), Some(4990));
        assert_eq!(minor("CHF 49.-"), Some(4900));
        assert_eq!(minor("1'234.50"), Some(123_450));
        assert_eq!(minor("-20"), Some(-2000));
        assert_eq!(minor("49,9"), Some(4990));
        assert_eq!(minor("0.0"), Some(0));
        assert_eq!(minor(".5"), Some(50));
        assert_eq!(
            Decimal::of_minor(-4990),
            Decimal {
                digits: -4990,
                scale: 2
            }
        );
        for wrong in [
            "",
            ".",
            "gratis",
            "4 9",
            "4\u{661}",
            "49.905",
            "1,234.50",
            "0.00000000000000000000000000001",
            "12345678901234567890123",
        ] {
            assert_eq!(minor(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_line_is_price_times_quantity_less_discount() {
        let line = |price: &str, quantity: &str, discount: &str| {
            let read = |text: &str| Decimal::read(text).expect("a number");
            read(price)
                .times(read(quantity))
                .and_then(|sum| sum.times(read(discount).from_one()?))
                .and_then(Decimal::rounded_minor)
        };
        assert_eq!(line("14.4", "42", "0.0"), Some((60_480, false)));
        assert_eq!(
            line("9.65", "6", "0.15"),
            Some((4922, true)),
            "49.215 goes up"
        );
        assert_eq!(
            line("7.75", "3", "0.15"),
            Some((1976, true)),
            "19.7625 goes down"
        );
    }
}
