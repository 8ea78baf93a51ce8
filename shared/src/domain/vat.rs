//! Which VAT an order bears: the country's and the rate's, in one code.

use std::fmt;
use std::str::FromStr;

use super::fields::order;
use crate::document::{Document, Value};

/// A country with a rate, stored as `CH-810`. The rate alone does not say whose VAT it is, and the currency does not either
/// as soon as two countries of the firm share one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct VatCode {
    country: [u8; 2],
    basis_points: u16,
}

/// A text that is no VAT code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a VAT code is a country and a rate in basis points, such as CH-810")]
pub struct NoVatCode;

impl VatCode {
    /// Of an ISO 3166 country (two capital letters) and a rate in basis points (810 is 8.1 %), 0 to 10,000.
    ///
    /// # Errors
    /// [`NoVatCode`] when it is none.
    pub fn new(country: &str, basis_points: i64) -> Result<Self, NoVatCode> {
        let country: [u8; 2] = country.as_bytes().try_into().map_err(|_| NoVatCode)?;
        let basis_points = u16::try_from(basis_points).map_err(|_| NoVatCode)?;
        if !country.iter().all(u8::is_ascii_uppercase) || basis_points > 10_000 {
            return Err(NoVatCode);
        }
        Ok(Self {
            country,
            basis_points,
        })
    }

    /// The ISO 3166 country.
    pub fn country(&self) -> &str {
        std::str::from_utf8(&self.country).unwrap_or("??")
    }

    /// The rate in basis points.
    pub const fn basis_points(&self) -> i64 {
        self.basis_points as i64
    }
}

impl fmt::Display for VatCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.country(), self.basis_points)
    }
}

impl FromStr for VatCode {
    type Err = NoVatCode;

    fn from_str(text: &str) -> Result<Self, NoVatCode> {
        let (country, rate) = text.split_once('-').ok_or(NoVatCode)?;
        let is_plain = !rate.is_empty() && rate.bytes().all(|byte| byte.is_ascii_digit());
        let rate = rate.parse().map_err(|_| NoVatCode)?;
        Self::new(country, rate)
            .ok()
            .filter(|_| is_plain)
            .ok_or(NoVatCode)
    }
}

/// The VAT of an order: the rate, and the code when the order has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vat {
    /// 810 is 8.1 %.
    pub basis_points: i64,
    /// With the country; none in orders of former versions that have not been completed yet.
    pub code: Option<VatCode>,
}

impl Vat {
    /// Reads either form (schema step 1). While the rate stands beside the code it decides: a replica of the version before
    /// writes only that. A code with another rate is of a former value and says nothing.
    pub fn of(document: &Document) -> Option<Self> {
        let code = document
            .newest(order::VAT_CODE)
            .and_then(|value| value.as_text()?.parse::<VatCode>().ok());
        let rate = document
            .newest(order::VAT_BASIS_POINTS)
            .as_ref()
            .and_then(Value::as_int);
        let basis_points = rate.or_else(|| code.map(|code| code.basis_points()))?;
        Some(Self {
            basis_points,
            code: code.filter(|code| code.basis_points() == basis_points),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_it_is_written_and_nothing_else_is() {
        for text in ["CH-810", "DE-1900", "LI-0"] {
            let code = text.parse::<VatCode>().expect("a code");
            assert_eq!(code.to_string(), text);
        }
        for wrong in [
            "", "CH", "CH-", "CH-+810", "ch-810", "CHE-810", "CH-10001", "CH--1", "Ü-1",
        ] {
            assert_eq!(wrong.parse::<VatCode>(), Err(NoVatCode), "{wrong}");
        }
    }
}
