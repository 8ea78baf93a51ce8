//! Counts and sums before and after: what is wrong at the target shows in the group it belongs to.

use super::every_field::{firms, of_kind};
use super::*;
use crate::verify::reconciliation::{Group, Reconciliation, reconcile};

pub(super) fn summed_up(bench: &Bench, documents: &[Document]) -> Reconciliation {
    let mut store = Store::in_memory();
    let encoded = documents.iter().map(format::encode).collect();
    let refused = store.push(encoded, 0, 0).expect("the store takes them");
    assert_eq!(refused, []);
    reconcile(&bench.plan(), &bench.staging, &mut store, &bench.rejects())
        .expect("both sides can be summed up")
}

fn wrong(groups: &[Group]) -> usize {
    groups.iter().filter(|group| !group.adds_up()).count()
}

#[test]
fn what_is_wrong_at_the_target_is_wrong_in_its_group() {
    for mut bench in firms() {
        let documents = bench.documents();
        assert!(summed_up(&bench, &documents).adds_up());
        let orders = of_kind(&documents, fields::kind::ORDER);
        let order = orders
            .iter()
            .max_by_key(|order| order.fields().len())
            .expect("an order");
        let price = order
            .fields()
            .keys()
            .find(|field| field.as_str().ends_with("/price"));
        let price = price.expect("it has a price");
        let more = shared::domain::Money::new(123_456, shared::document::Currency::CHF);
        let known = fields::known;
        let later = UtcMillis(1_900_000_000_000);
        // Which of total, year, branch, status and VAT rate is wrong.
        let cases = [
            (
                known(fields::order::RECEIVED_AT),
                later.into(),
                [false, true, false, false, false],
            ),
            (
                known(fields::order::HOME),
                DocumentId::named("x").into(),
                [false, false, true, false, false],
            ),
            (
                known(fields::order::STATUS),
                "blocked".into(),
                [false, false, false, true, false],
            ),
            (
                known(fields::order::VAT_BASIS_POINTS),
                Value::Int(770),
                [false, false, false, false, true],
            ),
            (price.clone(), Value::from(more), [true; 5]),
        ];
        for (field, value, expected) in cases {
            let value: Value = value;
            let damaged = with(order, &field, value);
            let sums = summed_up(&bench, &instead(&documents, &damaged));
            let found = [
                usize::from(!sums.total.adds_up()),
                wrong(&sums.by_year),
                wrong(&sums.by_branch),
                wrong(&sums.by_status),
                wrong(&sums.by_vat),
            ];
            assert_eq!(found.map(|count| count > 0), expected, "{field:?}");
            assert_eq!(
                sums.differences,
                found.iter().sum::<usize>() as u64,
                "{field:?}"
            );
        }

        let at = Hlc::at(UtcMillis(4_000_000_000_000));
        let mut authoring = Authoring::new(importer_of(order), 1 << 40, at, None);
        let mut change = Change::of(order);
        let data = [(Field::known("amount"), Value::from(more))];
        change.record(
            &mut authoring,
            fields::known_kind(fields::event::PAYMENT),
            data,
        );
        let mut paid = (*order).clone();
        paid.merge(change.finish()).expect("the same document");
        let sums = summed_up(&bench, &instead(&documents, &paid));
        assert_eq!(sums.total.difference().paid_minor, -123_456);
        assert!(!sums.adds_up());

        let lost = documents.iter().filter(|other| other.id() != order.id());
        let lost: Vec<Document> = lost.cloned().collect();
        let sums = summed_up(&bench, &lost);
        assert_eq!(sums.total.difference().orders, 1);
        assert!(!sums.adds_up());
    }
}
