//! What goes in comes out, whatever it is; and nothing that comes in does harm.

use jiff::civil::date;
use proptest::prelude::*;

use super::{COLUMNS, PLAIN, pack, unpack};
use crate::clock::{Hlc, UtcMillis};
use crate::command::{ItemIntent, LineIntent, TakeIn, take_in};
use crate::document::{Authoring, Change, Document, Field, Kind, Value, format};
use crate::domain::{Branch, Catalogue, Contact, TicketNumber, TicketPrefix, seed};
use crate::id::{Actor, BranchId, CustomerId, DocumentId, OrderId, ReplicaNumber, StaffId};
use crate::limits;

/// What one document in a bundle is.
#[derive(Clone, Debug)]
enum Sort {
    /// A document with these writes: which field or event, value, actor, milliseconds.
    Written(Vec<(u8, ValueOf, u8, i64)>),
    /// The same, with a byte changed and the end cut off.
    Spoiled(
        Vec<(u8, ValueOf, u8, i64)>,
        u8,
        prop::sample::Index,
        prop::sample::Index,
    ),
    Anything(Vec<u8>),
}

#[derive(Clone, Debug)]
enum ValueOf {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Id(u8, bool),
    Money(i64),
    Instant(i64),
    Date(i32),
    Bytes(Vec<u8>),
}

fn values() -> impl Strategy<Value = ValueOf> {
    prop_oneof![
        Just(ValueOf::Null),
        any::<bool>().prop_map(ValueOf::Bool),
        prop_oneof![0..3_i64, any::<i64>()].prop_map(ValueOf::Int),
        prop_oneof!["[ab]{0,3}", "\\PC{0,30}"].prop_map(ValueOf::Text),
        (0..4_u8, any::<bool>()).prop_map(|(id, has_time)| ValueOf::Id(id, has_time)),
        any::<i64>().prop_map(ValueOf::Money),
        any::<i64>().prop_map(ValueOf::Instant),
        any::<i32>().prop_map(ValueOf::Date),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(ValueOf::Bytes),
    ]
}

impl ValueOf {
    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Int(number) => Value::Int(*number),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Id(id, false) => Value::Id(DocumentId::named(&id.to_string()).as_uuid()),
            Self::Id(id, true) => {
                let mut bytes = [*id; 16];
                bytes[6] = 0x70 | *id;
                bytes[8] = 0x80 | id << 4;
                Value::Id(DocumentId::from_bytes(bytes).as_uuid())
            }
            Self::Money(minor) => Value::Money {
                minor: *minor,
                currency: crate::document::Currency::CHF,
            },
            Self::Instant(at) => Value::Instant(UtcMillis(*at)),
            Self::Date(days) => Value::Date(*days),
            Self::Bytes(bytes) => Value::Bytes(bytes.clone()),
        }
    }
}

fn written() -> impl Strategy<Value = Vec<(u8, ValueOf, u8, i64)>> {
    let write = (
        0..12_u8,
        values(),
        0..3_u8,
        prop_oneof![0..4_i64, 0..(1_i64 << 46)],
    );
    proptest::collection::vec(write, 0..12)
}

fn sorts() -> impl Strategy<Value = Vec<Sort>> {
    let sort = prop_oneof![
        6 => written().prop_map(Sort::Written),
        1 => (written(), any::<u8>(), any::<prop::sample::Index>(), any::<prop::sample::Index>())
            .prop_map(|(written, byte, place, end)| Sort::Spoiled(written, byte, place, end)),
        1 => proptest::collection::vec(any::<u8>(), 0..60).prop_map(Sort::Anything),
    ];
    proptest::collection::vec(sort, 0..12)
}

fn document(writes: &[(u8, ValueOf, u8, i64)], number: usize) -> Vec<u8> {
    let id = DocumentId::named(&number.to_string());
    let mut document = Document::new(id, Kind::known("order"));
    for (counter, (what, value, actor, at)) in (0..).zip(writes) {
        let actor = Actor::new(ReplicaNumber(u32::from(*actor)), 0xdead_beef);
        let by = (counter % 2 == 0).then(|| StaffId(DocumentId::named("anna")));
        let at = Hlc::at(UtcMillis(*at));
        let mut authoring = Authoring::new(actor, counter * 7_001, at, by);
        let mut change = Change::of(&document);
        match what {
            0..6 => {
                let name = ["status", "free/note", "contact/name", "a", "b", "c"];
                change.set(
                    &mut authoring,
                    Field::known(name[usize::from(*what)]),
                    value.value(),
                );
            }
            6 | 7 => {
                let key = crate::domain::fields::key_from_dot(authoring.next_dot());
                let field = crate::domain::fields::item(&key, "label");
                change.set(&mut authoring, field, value.value());
            }
            8 => {
                let odd = [
                    "x/0a.1/y",
                    "x/a.b.c/y",
                    "./.",
                    "1.1",
                    "a/deadbeef.1/1deadbeef.7",
                ];
                let field = odd[usize::try_from(counter).expect("few") % odd.len()];
                change.set(&mut authoring, Field::known(field), value.value());
            }
            9 => change.erase(&mut authoring),
            _ => change.record(
                &mut authoring,
                Kind::known("comment"),
                [(Field::known("free/text"), value.value())],
            ),
        }
        document.merge(change.finish()).expect("the same");
    }
    format::encode(&document)
}

fn bytes_of(sort: &Sort, number: usize) -> Vec<u8> {
    match sort {
        Sort::Written(writes) => document(writes, number),
        Sort::Spoiled(writes, byte, place, end) => {
            let mut bytes = document(writes, number);
            let place = place.index(bytes.len());
            bytes[place] = *byte;
            bytes.truncate(end.index(bytes.len()) + 1);
            bytes
        }
        Sort::Anything(bytes) => bytes.clone(),
    }
}

fn bundle(sorts: &[Sort]) -> Vec<Vec<u8>> {
    let documents = sorts.iter().zip(0..);
    documents
        .map(|(sort, number)| bytes_of(sort, number))
        .collect()
}

proptest! {
    #[test]
    fn what_goes_in_comes_out_byte_by_byte(sorts in sorts()) {
        let documents = bundle(&sorts);
        prop_assert_eq!(unpack(&pack(&documents)), Ok(documents));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), packing in 0..3_u8) {
        let _ = unpack(&bytes);
        let _ = unpack(&[&[packing], bytes.as_slice()].concat());
    }

    #[test]
    fn a_spoiled_bundle_is_refused_or_is_another(
        sorts in sorts(),
        places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = pack(&bundle(&sorts));
        prop_assume!(!bytes.is_empty());
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(documents) = unpack(&bytes) {
            let total: usize = documents.iter().map(Vec::len).sum();
            prop_assert!(total <= limits::MESSAGE_BYTES);
        }
    }

    #[test]
    fn every_cut_is_refused(sorts in sorts(), cut in any::<prop::sample::Index>()) {
        let bytes = pack(&bundle(&sorts));
        prop_assume!(!bytes.is_empty());
        let kept = &bytes[..cut.index(bytes.len())];
        // Nothing at all stands for no documents; a message says how long it is.
        prop_assert!(kept.is_empty() || unpack(kept).is_err());
    }
}

/// Orders as a counter takes them in, one after the other.
fn orders(count: u32) -> Vec<Vec<u8>> {
    const NOON: i64 = 1_795_172_400_000;
    let branch = BranchId(DocumentId::named("branch/chur"));
    let actor = Actor::new(ReplicaNumber(3), 0x1234_5678);
    let anna = StaffId(DocumentId::named("staff/anna"));
    let catalogue = catalogue(branch);
    let prefix = TicketPrefix::new("CH").expect("two letters");
    let (mut counter, mut slot) = (0, 0);
    (0..count)
        .map(|number| {
            let at = UtcMillis(NOON + i64::from(number) * 40);
            let dice =
                |salt: u32| (number.wrapping_mul(2_654_435_761) ^ salt.wrapping_mul(40_503)) >> 12;
            let (ticket, next) =
                TicketNumber::next(prefix, slot, at, u8::try_from(dice(1) % 32).expect("small"));
            slot = next;
            let customer = dice(2) % (count / 20 + 1);
            let lines = (0..=dice(3) % 3).map(|line| LineIntent {
                key: None,
                service: catalogue.services[dice(4 + line) as usize % catalogue.services.len()].id,
                price: None,
            });
            let intent = TakeIn {
                order: OrderId(DocumentId::named(&format!("order/{number}"))),
                ticket,
                branch,
                pickup: branch,
                customer: CustomerId(DocumentId::named(&format!("customer/{customer}"))),
                contact: Contact {
                    name: Some(format!("Ursina Caduff {customer}")),
                    phone: None,
                    email: Some(format!("{customer}@example.ch")),
                    ..Contact::default()
                },
                priority: "standard".to_owned(),
                promised_on: date(2026, 11, 27),
                items: vec![ItemIntent {
                    key: None,
                    kind: Some("ski".to_owned()),
                    label: format!("Rennski {}", 150 + dice(9) % 40),
                    tag: None,
                    lines: lines.collect(),
                }],
                note: None,
                received_at: at,
                today: date(2026, 11, 20),
            };
            let mut authoring = Authoring::new(actor, counter, Hlc::at(at), Some(anna));
            let order = take_in(&catalogue, &mut authoring, &intent).expect("taken in");
            counter = authoring.counter();
            format::encode(&order)
        })
        .collect()
}

fn catalogue(branch: BranchId) -> Catalogue {
    let hub = Actor::new(ReplicaNumber::HUB, 1);
    let mut authoring = Authoring::new(hub, 0, Hlc::at(UtcMillis(1)), None);
    let mut documents = seed::documents(&mut authoring);
    let mut change = Change::create(branch.document(), Kind::known("branch"));
    let territory = seed::territory_id("CH");
    change.set(&mut authoring, Field::known(Branch::TERRITORY), territory);
    documents.push(change.finish());
    Catalogue::from_documents(&documents)
}

/// The ids of these orders and customers do not begin with a time, so each takes 16 bytes.
#[test]
fn a_new_order_among_many_takes_little_more_than_its_ids() {
    let orders = orders(1_000);
    let packed = pack(&orders);
    assert_eq!(packed[0], COLUMNS);
    assert_eq!(unpack(&packed), Ok(orders));
    assert!(packed.len() < 45 * 1_000, "{} bytes", packed.len());
}

#[test]
fn a_few_documents_are_left_to_the_message_they_are_in() {
    let orders = orders(3);
    let packed = pack(&orders);
    assert_eq!(packed[0], PLAIN);
    assert_eq!(unpack(&packed), Ok(orders));
}

/// The bytes that version 2 sends; a change here is a change of the protocol.
#[test]
fn golden_bytes() {
    let bytes = pack(&orders(5));
    insta::assert_snapshot!("bundle_1", hex(&bytes));
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[test]
fn a_small_bundle_that_unpacks_to_a_huge_one_is_refused() {
    let document = &orders(1)[0];
    let count = limits::MESSAGE_BYTES / document.len() + 2;
    let many = vec![document.clone(); count];
    let packed = pack(&many);
    assert!(packed.len() < 10_000, "{} bytes", packed.len());
    assert!(unpack(&packed).is_err());
    assert_eq!(
        unpack(&pack(&many[..count / 2])),
        Ok(many[..count / 2].to_vec())
    );
}
