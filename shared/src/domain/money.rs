//! Amounts in integer minor units.

use serde::{Deserialize, Serialize};

use crate::document::view::ValueView;
use crate::document::{Currency, Value};

/// An amount of one currency in minor units (Rappen, Cent).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Money {
    /// Minor units; negative for what is given back.
    pub minor: i64,
    /// Its currency.
    pub currency: Currency,
}

impl Money {
    /// An amount.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads what a person types into an amount field: `49`, `49.5`, `49.50`, `1'234.50`, `CHF 49.-`, `49,50`.
    /// `None` for anything that is not exactly a number of minor units, such as `49.505` or `12.34.5`.
    pub fn parse(text: &str, currency: Currency) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix(currency.as_str()).unwrap_or(text).trim();
        let (negative, text) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest.trim_start()));
        let text = text
            .strip_suffix(".-")
            .or_else(|| text.strip_suffix(".\u{2013}"))
            .unwrap_or(text);
        let (whole, cents) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let whole: String = whole
            .chars()
            .filter(|c| !matches!(c, '\'' | '\u{2019}' | ' ' | '\u{a0}'))
            .collect();
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(&whole) || !(cents.is_empty() || digits(cents) && cents.len() <= 2) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let cents: i64 = format!("{cents:0<2}").parse().ok()?;
        let minor = whole.checked_mul(100)?.checked_add(cents)?;
        Some(Self::new(if negative { -minor } else { minor }, currency))
    }

    /// The nearest amount that Swiss cash can pay, a multiple of 0.05; other currencies are paid exactly.
    /// The difference is a line of its own on the receipt, never a change of a price.
    #[must_use]
    pub fn rounded_for_cash(self) -> Self {
        if self.currency != Currency::CHF {
            return self;
        }
        let rest = self.minor.rem_euclid(5);
        let minor = if rest >= 3 {
            self.minor + 5 - rest
        } else {
            self.minor - rest
        };
        Self::new(minor, self.currency)
    }
}

impl From<Money> for ValueView<'_> {
    fn from(money: Money) -> Self {
        Self::Money {
            minor: money.minor,
            currency: money.currency,
        }
    }
}

impl From<Money> for Value {
    fn from(money: Money) -> Self {
        Self::Money {
            minor: money.minor,
            currency: money.currency,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_type_and_nothing_else() {
        let chf = |text| Money::parse(text, Currency::CHF).map(|money| money.minor);
        assert_eq!(chf("49"), Some(4900));
        assert_eq!(chf("49.5"), Some(4950));
        assert_eq!(chf(" CHF 1'234.50 "), Some(123_450));
        assert_eq!(chf("49.-"), Some(4900));
        assert_eq!(chf("49,50"), Some(4950));
        assert_eq!(chf("-3.05"), Some(-305));
        for wrong in [
            "",
            "abc",
            "49.505",
            "1.2.3",
            "--5",
            "49 Franken",
            "99999999999999999999",
        ] {
            assert_eq!(chf(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn cash_in_francs_goes_by_five_rappen() {
        let cash = |minor| Money::new(minor, Currency::CHF).rounded_for_cash().minor;
        assert_eq!(
            [
                cash(4901),
                cash(4902),
                cash(4903),
                cash(4907),
                cash(4908),
                cash(-103)
            ],
            [4900, 4900, 4905, 4905, 4910, -105]
        );
        assert_eq!(
            Money::new(4901, Currency::EUR).rounded_for_cash().minor,
            4901
        );
    }
}
