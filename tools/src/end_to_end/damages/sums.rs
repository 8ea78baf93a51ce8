//! Counts and sums before and after: what is wrong at the target shows in the group it belongs to.

use super::firms::{FLAT, brought_firm, firm, firms, of_kind};
use super::*;
use crate::verify::reconciliation::{Group, Reconciliation, reconcile};
use crate::verify::samples::samples;

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

        let poorest = orders.iter().min_by_key(|order| order.fields().len());
        for victim in [order, poorest.expect("an order")] {
            let lost = documents.iter().filter(|other| other.id() != victim.id());
            let lost: Vec<Document> = lost.cloned().collect();
            let sums = summed_up(&bench, &lost);
            assert_eq!(sums.total.difference().orders, 1);
            assert!(!sums.adds_up());
        }

        // An order that says itself that its row is gone is counted apart, by both.
        let at = Hlc::at(UtcMillis(4_000_000_000_000));
        let mut gone = stray(order, "firma");
        let mut authoring = Authoring::new(importer_of(order), 1 << 42, at, None);
        let mut change = Change::of(&gone);
        let mark = fields::known(fields::import::GONE_SINCE);
        change.set(&mut authoring, mark.clone(), UtcMillis(1_900_000_000_000));
        let delta = change.finish();
        gone.merge(delta).expect("the same document");
        let mut more = documents.clone();
        more.push(gone.clone());
        let sums = summed_up(&bench, &more);
        assert!(sums.adds_up(), "{sums:?}");
        assert_eq!(sums.gone.orders, 1);
        let report = compared(&bench, more);
        assert_clean(&report);
        assert_eq!(report.gone, 1);

        // A sync had found its row again, and it is missing once more: the document does not say so.
        let mut authoring = Authoring::new(importer_of(order), 1 << 43, at, None);
        let mut change = Change::of(&gone);
        change.set(&mut authoring, mark, Value::Null);
        gone.merge(change.finish()).expect("the same document");
        let mut more = documents.clone();
        more.push(gone);
        let sums = summed_up(&bench, &more);
        assert_eq!(sums.total.difference().orders, -1, "{sums:?}");
        assert_eq!(sums.gone.orders, 0);
        let report = compared(&bench, more);
        assert_told(&report, "no row leads", "missing once more");
        assert_eq!(report.gone, 0);
    }
}

#[test]
fn amounts_that_are_none_count_as_nothing_and_are_told_with_their_number() {
    let (script, plan) = FLAT;
    let script = script.replace("'69.00', '20.00', 4,", "'gratis', '20.00', 4,");
    let script = script.replace("NULL, '12.00',", "NULL, '99999999999999',");
    assert!(script.contains("gratis") && script.contains("99999999999999"));
    let mut bench = firm((&script, plan));
    bench.run().expect("the run ends");
    let codes = bench.rejects_by_code();
    assert_eq!(codes.values().sum::<u64>(), 2, "{codes:?}");
    let sums = bench.reconcile();
    assert!(sums.adds_up(), "{sums:?}");
    assert_eq!(sums.unreadable_amounts, 2);
    assert_eq!(sums.total.source.amount_minor, 0);
    assert_eq!(sums.total.left_behind.orders, 2);
}

#[test]
fn a_former_state_of_a_rejected_row_is_on_the_line_of_what_was_changed() {
    let mut bench = brought_firm(FLAT);
    let documents = bench.documents();
    for (at_target, expected) in [(true, (1, 0)), (false, (0, 1))] {
        let entry = serde_json::json!({
            "table": "Auftraege", "place": 1, "key": "1", "code": "unreadable_date", "at_target": at_target,
        });
        std::fs::write(bench.rejects(), format!("{entry}\n")).expect("it is written");
        // Where it is not said, staff have changed a figure.
        let status = fields::known(fields::order::STATUS);
        let changed = documents.iter().map(|document| {
            if legacy_key(document) != Some(1) || document.kind().as_str() != fields::kind::ORDER {
                return document.clone();
            }
            let staff = Actor::new(ReplicaNumber(3), 1);
            let at = Hlc::at(UtcMillis(4_000_000_000_000));
            let mut authoring = Authoring::new(staff, 0, at, None);
            let mut change = Change::of(document);
            change.set(&mut authoring, status.clone(), "blocked");
            let mut changed = document.clone();
            changed.merge(change.finish()).expect("the same document");
            changed
        });
        let there: Vec<Document> = if at_target {
            documents.clone()
        } else {
            changed.collect()
        };
        if at_target {
            // Which row it is counts, and not that one of its table is.
            let another = serde_json::json!({ "table": "Auftraege", "place": 2, "key": "2", "code": "unreadable_date" });
            let one = std::fs::read_to_string(bench.rejects()).expect("the file is there");
            std::fs::write(bench.rejects(), format!("{one}{another}\n")).expect("it is written");
            let report = compared(&bench, there.clone());
            assert_told(&report, "listed as rejected", "the other");
            assert_eq!(report.difference_count, 1, "{:?}", report.differences);
            std::fs::write(bench.rejects(), one).expect("it is written");
        }
        let sums = summed_up(&bench, &there);
        assert!(sums.adds_up(), "{sums:?}");
        let total = sums.total;
        let found = (total.changed_since.orders, total.left_behind.orders);
        assert_eq!(found, expected, "{at_target}");
    }
}

#[test]
fn an_order_without_a_price_of_its_own_comes_to_that_of_the_list_on_both_sides() {
    let (script, plan) = FLAT;
    let script = script.replace("NULL, 3, NULL,", "NULL, 1, NULL,");
    let sums = brought_firm((&script, plan)).reconcile();
    assert!(sums.adds_up(), "{sums:?}");
    assert_eq!(sums.total.source.amount_minor, 6_900 + 6_900 + 1_200);
}

#[test]
fn a_row_whose_branch_the_plan_does_not_know_is_summed_up_under_what_it_says() {
    let (script, plan) = FLAT;
    let plan = plan.replace(
        "[branches]\n",
        "[branches]\ncolumn = \"Ort\"\nmap = { \"Chur\" = \"Chur\" }\n",
    );
    let script = script.replace(
        "(3, 'Gian Camenisch', NULL, NULL, NULL, NULL, NULL,",
        "(3, 'Gian Camenisch', NULL, NULL, NULL, NULL, 'Atlantis',",
    );
    let mut bench = firm((&script, &plan));
    let written = bench.run().expect("the run ends");
    assert_eq!(written.ledger["Auftraege"].rejected, 1);
    assert_clean(&bench.verify());
    let sums = bench.reconcile();
    assert!(sums.adds_up(), "{sums:?}");
    let names = sums.by_branch.iter().map(|group| group.name.as_deref());
    assert_eq!(names.collect::<Vec<_>>(), [Some("Atlantis"), Some("Chur")]);
}

#[test]
fn samples_are_drawn_of_what_was_brought_and_stands_as_it_was() {
    let (script, plan) = FLAT;
    let rule = "exclude_where = [{ column = \"Nr\", equals = \"4\", reason = \"to try it\" }]\n[orders.contact]";
    let mut bench = brought_firm((script, &plan.replace("[orders.contact]", rule)));
    let entry =
        serde_json::json!({ "table": "Auftraege", "place": 3, "key": "3", "code": "no_status" });
    std::fs::write(bench.rejects(), format!("{entry}\n")).expect("it is written");
    let mut draw = {
        let mut last = 0;
        move || {
            last += 1;
            last
        }
    };
    let mut drawn = |bench: &mut Bench| -> Vec<String> {
        let (plan, rejects) = (bench.plan(), bench.rejects());
        let drawn = samples(
            &plan,
            &bench.staging,
            &mut bench.store,
            &rejects,
            9,
            &mut draw,
        );
        let drawn = drawn.expect("they are drawn").into_iter();
        let mut numbers: Vec<String> = drawn
            .map(|sample| format!("{} of {}", sample.number, sample.amount_minor))
            .collect();
        numbers.sort();
        numbers
    };
    assert_eq!(
        drawn(&mut bench),
        ["1 of 6900", "2 of 0"],
        "one is a reject, one left behind"
    );
    bench.staff_changes_every_status();
    assert_eq!(drawn(&mut bench), ["2 of 0"], "it was done already");
}
