//! What others than the importer have written is theirs: no difference, and nothing that stands for what the importer must have
//! written.

use shared::id::StaffId;

use super::every_field::without_event;
use super::firms::{FLAT, WITH_LINES, brought_firm, firms, of_kind};
use super::sums::summed_up;
use super::*;

/// Who writes: at a branch without a name, or at the office, whose replica the importer wrote with.
#[derive(Debug, Clone, Copy)]
enum Staff {
    Branch,
    Office,
}

const STAFF: [Staff; 2] = [Staff::Branch, Staff::Office];

impl Staff {
    fn writes(
        self,
        document: &Document,
        write: impl FnOnce(&mut Change<'_>, &mut Authoring),
    ) -> Document {
        let anna = Some(StaffId(DocumentId::named("anna")));
        let (actor, by) = match self {
            Self::Branch => (Actor::new(ReplicaNumber(3), 1), None),
            Self::Office => (importer_of(document), anna),
        };
        let at = Hlc::at(UtcMillis(4_000_000_000_000));
        let mut authoring = Authoring::new(actor, 1 << 43, at, by);
        let mut change = Change::of(document);
        write(&mut change, &mut authoring);
        let mut changed = document.clone();
        changed.merge(change.finish()).expect("the same document");
        changed
    }

    fn sets(self, document: &Document, field: &Field, value: Value) -> Document {
        self.writes(document, |change, authoring| {
            change.set(authoring, field.clone(), value);
        })
    }

    fn records(self, document: &Document, kind: &'static str) -> Document {
        self.writes(document, |change, authoring| {
            let five = shared::domain::Money::new(500, shared::document::Currency::CHF);
            let data = [(Field::known("amount"), Value::from(five))];
            change.record(authoring, fields::known_kind(kind), data);
        })
    }
}

/// The document with a field that the importer has set before any of the staff wrote.
fn by_the_importer(document: &Document, field: &Field, value: Value) -> Document {
    let at = Hlc::at(UtcMillis(3_900_000_000_000));
    let mut authoring = Authoring::new(importer_of(document), 1 << 42, at, None);
    let mut change = Change::of(document);
    change.set(&mut authoring, field.clone(), value);
    let mut changed = document.clone();
    changed.merge(change.finish()).expect("the same document");
    changed
}

/// The document with something that the importer wrote in another incarnation, as a second run does after a rollback.
fn carried_over_again(document: &Document) -> Document {
    let replica = importer_of(document).replica();
    let at = Hlc::at(UtcMillis(3_900_000_000_000));
    let mut authoring = Authoring::new(Actor::new(replica, 77), 1 << 39, at, None);
    let mut change = Change::of(document);
    change.record(
        &mut authoring,
        fields::known_kind(fields::event::SYNCED),
        [],
    );
    let mut changed = document.clone();
    changed.merge(change.finish()).expect("the same document");
    changed
}

#[test]
fn fields_that_staff_have_changed_or_added_are_theirs() {
    for mut bench in firms() {
        let documents = bench.documents();
        for staff in STAFF {
            for kind in [fields::kind::ORDER, fields::kind::CUSTOMER] {
                let document = of_kind(&documents, kind)[0];
                let fields = [
                    fields::order::NOTE,
                    fields::contact::NAME,
                    fields::contact::PHONE,
                    "items/1.1/label",
                    "contact/language",
                ];
                for field in fields {
                    let field = Field::new(field).expect("a name");
                    let changed = staff.sets(document, &field, "by hand".into());
                    let report = compared(&bench, instead(&documents, &changed));
                    assert_eq!(report.differences, [], "{staff:?} {kind} {field:?}");
                }
            }
            let order = of_kind(&documents, fields::kind::ORDER)[0];
            let status = fields::known(fields::order::STATUS);
            let changed = staff.sets(order, &status, "blocked".into());
            let report = compared(&bench, instead(&documents, &changed));
            assert_clean(&report);
            assert!(report.edited_since > 0, "{staff:?}");
        }
    }
}

#[test]
fn an_order_that_was_taken_back_and_is_here_again_by_a_write_of_staff_is_no_difference() {
    for mut bench in firms() {
        let documents = bench.documents();
        let order = of_kind(&documents, fields::kind::ORDER)[0];
        let mark = fields::known(fields::import::WITHDRAWN_AT);
        let withdrawn = by_the_importer(order, &mark, UtcMillis(1_900_000_000_000).into());
        let report = compared(&bench, instead(&documents, &withdrawn));
        assert_told(&report, "neither", "nobody has written in it");
        for staff in STAFF {
            let note = fields::known(fields::order::NOTE);
            let back = staff.sets(&withdrawn, &note, "by hand".into());
            let report = compared(&bench, instead(&documents, &back));
            assert_eq!(report.differences, [], "{staff:?}");
        }
    }
}

#[test]
fn an_order_that_somebody_has_decided_to_keep_may_have_its_row_or_not() {
    for mut bench in firms() {
        let documents = bench.documents();
        let order = of_kind(&documents, fields::kind::ORDER)[0];
        let mark = fields::known(fields::import::GONE_SINCE);
        let gone = by_the_importer(order, &mark, UtcMillis(1_900_000_000_000).into());
        for staff in STAFF {
            let kept = instead(&documents, &staff.sets(&gone, &mark, Value::Null));
            let report = compared(&bench, kept.clone());
            assert_eq!(report.differences, [], "{staff:?}");
            assert!(summed_up(&bench, &kept).adds_up(), "{staff:?}");

            // Without its row it is gone, and that is as it should be.
            let gone = by_the_importer(
                &stray(order, "firma"),
                &mark,
                UtcMillis(1_900_000_000_000).into(),
            );
            let mut more = documents.clone();
            more.push(staff.sets(&gone, &mark, Value::Null));
            let report = compared(&bench, more.clone());
            assert_clean(&report);
            assert_eq!(report.gone, 1, "{staff:?}");
            let sums = summed_up(&bench, &more);
            assert!(sums.adds_up(), "{staff:?}: {sums:?}");
            assert_eq!(sums.gone.orders, 1, "{staff:?}");
        }
    }
}

#[test]
fn a_line_that_one_run_has_missed_and_a_later_one_has_found_again_is_there() {
    let mut bench = brought_firm(WITH_LINES);
    let documents = bench.documents();
    let order = of_kind(&documents, fields::kind::ORDER)[0];
    let mut names = order.fields().keys();
    let price = names.find(|name| name.as_str().ends_with("/price"));
    let line = price.expect("it has lines").as_str();
    let line = line.strip_suffix("price").expect("it was looked for");
    let mark = Field::new(format!("{line}{}", fields::import::LINE_GONE_SINCE)).expect("a name");
    let missed = with(order, &mark, UtcMillis(1_900_000_000_000).into());
    let report = compared(&bench, instead(&documents, &missed));
    assert_told(&report, "lines in the source", "it is there");

    // Neither has seen the other.
    let replica = importer_of(order).replica();
    let at = Hlc::at(UtcMillis(4_000_000_000_001));
    let mut authoring = Authoring::new(Actor::new(replica, u32::MAX), 1 << 39, at, None);
    let mut change = Change::of(order);
    change.put(&mut authoring, mark, Value::Null);
    let mut found = missed.clone();
    found.merge(change.finish()).expect("the same document");
    let report = compared(&bench, instead(&documents, &found));
    assert_eq!(report.differences, []);
}

#[test]
fn what_staff_were_paid_is_not_what_the_row_says_was_paid() {
    for mut bench in firms() {
        let documents = bench.documents();
        for order in of_kind(&documents, fields::kind::ORDER) {
            for staff in STAFF {
                for imported in [order.clone(), carried_over_again(order)] {
                    let paid = staff.records(&imported, fields::event::PAYMENT);
                    let report = compared(&bench, instead(&documents, &paid));
                    assert_eq!(report.differences, [], "{staff:?}");
                    let sums = summed_up(&bench, &instead(&documents, &paid));
                    assert!(sums.adds_up(), "{staff:?}: {sums:?}");
                }
            }
        }
    }
}

#[test]
fn a_payment_that_the_importers_machine_has_made_again_was_paid_once() {
    for mut bench in firms() {
        let documents = bench.documents();
        let mut paid = 0;
        for order in of_kind(&documents, fields::kind::ORDER) {
            let mut again = order.clone();
            for event in order.event_set() {
                if event.kind.as_str() == fields::event::PAYMENT {
                    let actor = Actor::new(importer_of(order).replica(), 77);
                    let mut authoring = Authoring::new(actor, 1 << 39, event.at, None);
                    let mut change = Change::of(order);
                    change.record_all(&mut authoring, event.kind.clone(), event.data.clone());
                    again.merge(change.finish()).expect("the same document");
                    paid += 1;
                }
            }
            let report = compared(&bench, instead(&documents, &again));
            assert_clean(&report);
        }
        assert_eq!(paid, 1);
    }
}

#[test]
fn what_staff_have_taken_in_does_not_say_that_the_importer_did() {
    let mut bench = brought_firm(FLAT);
    let documents = bench.documents();
    let order = of_kind(&documents, fields::kind::ORDER)[0];
    let silent = without_event(order, fields::event::RECEIVED);
    for staff in STAFF {
        let taken_in = staff.records(&silent, fields::event::RECEIVED);
        let report = compared(&bench, instead(&documents, &taken_in));
        assert_told(&report, "taken in", &format!("{staff:?}"));
    }
}

#[test]
fn people_who_are_forgotten_are_no_difference() {
    for firm in [FLAT, WITH_LINES] {
        let mut bench = brought_firm(firm);
        let documents = bench.documents();
        for kind in [fields::kind::ORDER, fields::kind::CUSTOMER] {
            for document in of_kind(&documents, kind) {
                let forgotten = Staff::Branch.writes(document, |change, authoring| {
                    change.erase(authoring);
                });
                let report = compared(&bench, instead(&documents, &forgotten));
                assert_eq!(report.differences, [], "{kind}");
                let has_row = kind == fields::kind::ORDER || firm == WITH_LINES;
                assert_eq!(report.edited_since, u64::from(has_row), "{kind}");
            }
        }
    }
}

#[test]
fn orders_whose_figures_staff_have_changed_are_on_a_line_of_their_own() {
    for mut bench in firms() {
        let documents = bench.documents();
        let orders = of_kind(&documents, fields::kind::ORDER).into_iter();
        let order = orders
            .max_by_key(|order| order.fields().len())
            .expect("an order");
        let names = order.fields().keys();
        let price = names.clone().find(|name| name.as_str().ends_with("/price"));
        let price = price.expect("it has a price");
        let line = price.as_str().trim_end_matches("price");
        let more = shared::domain::Money::new(123_456, shared::document::Currency::CHF);
        let known = fields::known;
        let cases: [(Field, Value); 6] = [
            (known(fields::order::HOME), DocumentId::named("x").into()),
            (known(fields::order::STATUS), "blocked".into()),
            (
                known(fields::order::RECEIVED_AT),
                UtcMillis(1_900_000_000_000).into(),
            ),
            (known(fields::order::VAT_BASIS_POINTS), Value::Int(770)),
            (price.clone(), Value::from(more)),
            (
                Field::new(format!("{line}removed")).expect("a name"),
                Value::Bool(true),
            ),
        ];
        for (field, value) in cases {
            for staff in STAFF {
                let changed = staff.sets(order, &field, value.clone());
                let sums = summed_up(&bench, &instead(&documents, &changed));
                assert!(sums.adds_up(), "{staff:?} {field:?}: {sums:?}");
                assert_eq!(sums.total.changed_since.orders, 1, "{staff:?} {field:?}");
                assert_eq!(sums.changed_since_now.orders, 1, "{staff:?} {field:?}");
            }
        }
        for staff in STAFF {
            let note = known(fields::order::NOTE);
            let changed = staff.sets(order, &note, "by hand".into());
            let sums = summed_up(&bench, &instead(&documents, &changed));
            assert!(sums.adds_up());
            assert_eq!(sums.total.changed_since.orders, 0, "no figure is in a note");
        }
    }
}
