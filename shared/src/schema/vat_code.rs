//! Step 1: an order says whose VAT it bears.
//!
//! Until then it had the rate alone (`vat_basis_points`), and whose VAT that is was guessed from the currency, which fails with
//! the second country that pays in euros. `vat_code` has both. Neither is edited after intake; the code carries the rate it was
//! made from, so a code that a replica of the version before has written past is seen to be one ([`Vat::of`]).

use super::{Fields, Lacking, Release, Step, StepNumber};
use crate::document::{Document, Field, Register, Value};
use crate::domain::fields::{kind, order};
use crate::domain::{Catalogue, Order, Territory, Vat, VatCode};

pub(super) const STEP: Step = Step {
    number: StepNumber(1),
    name: "vat-code",
    purpose: "an order says which country's VAT it bears, in one code with the rate",
    needs: &[],
    kind: kind::ORDER,
    expanded_in: Release(2),
    contracted_in: Release(3),
    complete,
    reduce,
    is_new,
};

/// The code of an order that has a rate.
fn complete(document: &Document, catalogue: &Catalogue) -> Result<Fields, Lacking> {
    match Vat::of(document) {
        Some(vat) if vat.code.is_none() => {
            let territory = territory_of(document, catalogue)?;
            let code = VatCode::new(&territory.country, vat.basis_points)
                .map_err(|error| format!("{} {}: {error}", territory.country, vat.basis_points))?;
            Ok(vec![(
                Field::known(order::VAT_CODE),
                code.to_string().into(),
            )])
        }
        _ => Ok(Vec::new()),
    }
}

/// The rate goes where the code has it too.
fn reduce(document: &Document, _: &Catalogue) -> Result<Fields, Lacking> {
    let rate = document.register(order::VAT_BASIS_POINTS);
    if rate.is_some_and(Register::is_in_conflict) {
        return Err("branches disagree on its VAT rate; somebody must choose first".to_owned());
    }
    match Vat::of(document) {
        Some(vat) if vat.code.is_none() => Err("it has a VAT rate and no VAT code yet".to_owned()),
        _ if rate.is_some() => Ok(vec![(Field::known(order::VAT_BASIS_POINTS), Value::Null)]),
        _ => Ok(Vec::new()),
    }
}

fn is_new(field: &Field) -> bool {
    field.as_str() == order::VAT_CODE
}

/// The territory that took the order in: that of its home, unless the branch has changed countries since, as the order's
/// currency shows; then the only one with that currency.
fn territory_of<'a>(
    document: &Document,
    catalogue: &'a Catalogue,
) -> Result<&'a Territory, Lacking> {
    let order = Order::of(document).ok_or("it is no order")?;
    let has_its_currency = |territory: &&Territory| territory.currency == order.currency;
    let of_home = order
        .home
        .and_then(|home| catalogue.branch(home))
        .and_then(|home| {
            let territories = catalogue.territories.iter();
            let mut named = territories.filter(|territory| Some(territory.id) == home.territory);
            named.next()
        })
        .filter(has_its_currency);
    if let Some(territory) = of_home {
        return Ok(territory);
    }
    let mut others = catalogue.territories.iter().filter(has_its_currency);
    match (others.next(), others.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(format!(
            "its home does not say in which country it was taken in, and {} does not either",
            order.currency
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Hlc, UtcMillis};
    use crate::document::{Authoring, Change};
    use crate::domain::fields::known_kind;
    use crate::domain::seed;
    use crate::id::{Actor, DocumentId, ReplicaNumber};

    fn authoring(replica: u32) -> Authoring {
        let actor = Actor::new(ReplicaNumber(replica), 1);
        Authoring::new(actor, 0, Hlc::at(UtcMillis(1_800_000_000_000)), None)
    }

    fn catalogue() -> Catalogue {
        Catalogue::from_documents(&seed::documents(&mut authoring(0)))
    }

    /// An order as the version before wrote it.
    fn order_with(currency: &str, rate: Option<i64>) -> Document {
        let id = DocumentId::named("order/vat");
        let mut change = Change::create(id, known_kind(kind::ORDER));
        let mut authoring = authoring(1);
        change.set(&mut authoring, Field::known(order::CURRENCY), currency);
        change.set_some(&mut authoring, Field::known(order::VAT_BASIS_POINTS), rate);
        change.finish()
    }

    fn completed(document: &Document) -> Result<Option<String>, Lacking> {
        let fields = complete(document, &catalogue())?;
        Ok(fields
            .into_iter()
            .next()
            .and_then(|(_, value)| value.as_text().map(str::to_owned)))
    }

    #[test]
    fn an_order_gets_the_code_of_the_country_that_its_currency_shows() {
        assert_eq!(
            completed(&order_with("CHF", Some(770))),
            Ok(Some("CH-770".to_owned()))
        );
        assert_eq!(
            completed(&order_with("EUR", Some(1900))),
            Ok(Some("DE-1900".to_owned()))
        );
        assert_eq!(completed(&order_with("CHF", None)), Ok(None));
    }

    #[test]
    fn what_cannot_be_known_is_said_and_not_guessed() {
        assert!(completed(&order_with("USD", Some(810))).is_err());
        assert!(completed(&order_with("CHF", Some(-5))).is_err());
        assert!(
            reduce(&order_with("CHF", Some(810)), &catalogue()).is_err(),
            "the rate would be lost"
        );
    }

    #[test]
    fn a_code_whose_rate_was_written_past_is_made_anew() {
        let mut document = order_with("CHF", Some(770));
        let mut change = Change::of(&document);
        change.set(&mut authoring(0), Field::known(order::VAT_CODE), "CH-810");
        document.merge(change.finish()).expect("one document");
        assert_eq!(
            Vat::of(&document),
            Some(Vat {
                basis_points: 770,
                code: None
            })
        );
        assert_eq!(completed(&document), Ok(Some("CH-770".to_owned())));
    }
}
