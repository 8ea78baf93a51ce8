//! Orders as a season brings them, made with the product's own commands: for training the dictionary.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::decimal_bitwise_operands,
    reason = "numbers of a few thousand, and salts that are any numbers"
)]

use jiff::{ToSpan, civil::date};
use shared::clock::{Hlc, UtcMillis};
use shared::command::{
    EditOrder, ItemIntent, LineIntent, Pay, TakeIn, add_comment, change_status, edit_order,
    new_customer, note_print, pay, take_in,
};
use shared::document::Currency;
use shared::document::{Authoring, Change, Document, Field};
use shared::domain::fields::{kind, known_kind};
use shared::domain::{
    Branch, Catalogue, Contact, Money, PaymentMethod, Phase, PhoneNumber, StatusCode, TicketNumber,
    TicketPrefix, seed,
};
use shared::id::{Actor, BranchId, CustomerId, DocumentId, OrderId, ReplicaNumber, StaffId};

const NOW: UtcMillis = UtcMillis(1_795_190_400_000);
const FIRST_NAMES: [&str; 12] = [
    "Ursina", "Reto", "Anna", "Luca", "Seraina", "Jan", "Claudia", "Marco", "Nina", "Thomas",
    "Sabine", "Peter",
];
const LAST_NAMES: [&str; 12] = [
    "Caduff",
    "Müller",
    "Meier",
    "Rossi",
    "Schmid",
    "Keller",
    "Weber",
    "Bianchi",
    "Huber",
    "Schneider",
    "Favre",
    "Fischer",
];
const PIECES: [&str; 8] = [
    "Rennski Atomic Redster",
    "Tourenski Dynafit",
    "Fischer RC4",
    "Head Supershape",
    "Stöckli Laser",
    "Snowboard Burton",
    "Langlauf Salomon",
    "Völkl Racetiger",
];
const NOTES: [&str; 6] = [
    "Kante an der Spitze ausgebrochen",
    "Bitte anrufen",
    "Bindung auf Sohle 312",
    "Express bis Freitag",
    "Belag mit Loch",
    "please call when ready",
];
const TOWNS: [&str; 6] = ["Chur", "Davos", "Bern", "Luzern", "München", "Sonthofen"];

/// A branch that takes orders in.
pub(crate) struct Season {
    catalogue: Catalogue,
    branches: Vec<(BranchId, TicketPrefix, Actor, StaffId)>,
    counter: u64,
    last_slot: u64,
    salt: u64,
}

impl Season {
    /// `salt` makes another firm: other machines, other people, other ids.
    pub(crate) fn new(salt: u64) -> Self {
        let mut authoring =
            Authoring::new(Actor::new(ReplicaNumber::HUB, 1), 0, Hlc::at(NOW), None);
        let mut documents = seed::documents(&mut authoring);
        let mut branches = Vec::new();
        for (index, name) in ["Chur", "Davos", "Bern"].into_iter().enumerate() {
            let id = BranchId(DocumentId::named(&format!("branch/{salt}/{name}")));
            let mut change = Change::create(id.document(), known_kind(kind::BRANCH));
            change.set(&mut authoring, Field::known(Branch::NAME), name);
            change.set(
                &mut authoring,
                Field::known(Branch::TERRITORY),
                seed::territory_id("CH"),
            );
            documents.push(change.finish());
            let number = 1 + u32::try_from(scatter(salt, index as u64) % 40).unwrap_or(0);
            let incarnation = (scatter(salt, 100 + index as u64) & 0xffff_ffff) as u32;
            let prefix = TicketPrefix::new(["CH", "DA", "BE"][index]).expect("letters");
            let staff = StaffId(DocumentId::named(&format!("staff/{salt}/{index}")));
            branches.push((
                id,
                prefix,
                Actor::new(ReplicaNumber(number), incarnation),
                staff,
            ));
        }
        Self {
            catalogue: Catalogue::from_documents(&documents),
            branches,
            counter: 0,
            last_slot: 0,
            salt,
        }
    }

    fn authoring(&mut self, branch: usize, number: u64, step: u64) -> Authoring {
        self.counter += 40;
        let minutes = i64::try_from(number * 3 + step * 97).expect("small");
        let at = Hlc::at(UtcMillis(
            NOW.0 + minutes * 60_000 + (scatter(number, step) % 60_000) as i64,
        ));
        let (_, _, actor, staff) = self.branches[branch];
        Authoring::new(actor, self.counter, at, Some(staff))
    }

    /// A customer and an order.
    pub(crate) fn take_in(&mut self, number: u64) -> (Document, Document) {
        let own = self.salt;
        let dice =
            move |salt: u64, sides: usize| (scatter(number, own ^ salt) % sides as u64) as usize;
        let home = dice(90, 4).min(2);
        let (branch, prefix, ..) = self.branches[home];
        let (ticket, slot) = TicketNumber::next(
            prefix,
            self.last_slot,
            UtcMillis(NOW.0 + number as i64 * 180_000),
            7,
        );
        self.last_slot = slot;
        let services = ["small", "large", "race", "binding", "skin", "wax"];
        let pieces = 1 + dice(2, 4) / 2;
        let items = (0..pieces)
            .map(|piece| ItemIntent {
                key: None,
                kind: Some("ski".to_owned()),
                label: PIECES[dice(30 + piece as u64, PIECES.len())].to_owned(),
                tag: None,
                lines: (0..=dice(3 + piece as u64, 3))
                    .map(|line| LineIntent {
                        key: None,
                        service: DocumentId::named(&format!(
                            "service/{}",
                            services[dice(10 + 4 * piece as u64 + line as u64, services.len())]
                        ))
                        .into(),
                        price: None,
                    })
                    .collect(),
            })
            .collect();
        let contact = Contact {
            name: Some(format!(
                "{} {}",
                FIRST_NAMES[dice(50, FIRST_NAMES.len())],
                LAST_NAMES[dice(51, LAST_NAMES.len())]
            )),
            phone: Some(PhoneNumber::read(
                &format!(
                    "079 {:03} {:02} {:02}",
                    dice(52, 1000),
                    dice(53, 100),
                    dice(54, 100)
                ),
                "CH",
            )),
            email: (dice(55, 2) == 0)
                .then(|| format!("{}@example.ch", scatter(number, 3) % 100_000)),
            language: None,
            street: None,
            postcode: None,
            town: (dice(56, 3) == 0).then(|| TOWNS[dice(57, TOWNS.len())].to_owned()),
        };
        let customer = CustomerId(uuid(self.salt, number, 1));
        let mut authoring = self.authoring(home, number, 0);
        let customer_document =
            new_customer(&mut authoring, customer, branch, &contact).expect("a customer");
        let intent = TakeIn {
            order: OrderId(uuid(self.salt, number, 2)),
            ticket,
            branch,
            pickup: branch,
            customer,
            contact,
            priority: ["standard", "standard", "express"][dice(60, 3)].to_owned(),
            promised_on: date(2027, 1, 10) + (dice(61, 20) as i64).days(),
            items,
            note: (dice(40, 3) == 0).then(|| NOTES[dice(41, NOTES.len())].to_owned()),
            received_at: authoring.at().instant(),
            today: date(2026, 11, 20),
        };
        let order = take_in(&self.catalogue, &mut authoring, &intent).expect("an order");
        (customer_document, order)
    }

    /// What happens to an order next, as a delta.
    pub(crate) fn edit(&mut self, order: &Document, number: u64, step: u64) -> Document {
        let dice = scatter(number, self.salt ^ (1000 + step));
        let home = (scatter(number, self.salt ^ 90) % 4).min(2) as usize;
        let at = if dice.is_multiple_of(10) {
            (home + 1) % 3
        } else {
            home
        };
        let mut authoring = self.authoring(at, number, step);
        let branch = self.branches[at].0;
        let status = |phase: Phase| StatusCode::from(phase);
        let made = match step % 10 {
            2 => Ok(note_print(order, &mut authoring)),
            4 => change_status(order, &mut authoring, &status(Phase::InWork), None),
            5 => add_comment(order, &mut authoring, NOTES[(dice % 6) as usize]),
            7 => change_status(order, &mut authoring, &status(Phase::Done), None),
            8 => pay(
                order,
                &mut authoring,
                &Pay {
                    amount: Money::new(2_000 + (dice % 50) as i64 * 100, Currency::CHF),
                    method: PaymentMethod::Card,
                    branch,
                    receipt: None,
                },
            ),
            _ => Err(shared::command::Refusal::AlreadySo),
        };
        made.unwrap_or_else(|_| self.promise_another_day(order, number, step))
    }

    /// Another day for an order, as a delta.
    pub(crate) fn promise_another_day(
        &mut self,
        order: &Document,
        number: u64,
        step: u64,
    ) -> Document {
        let home = (scatter(number, self.salt ^ 90) % 4).min(2) as usize;
        let mut authoring = self.authoring(home, number, step);
        let edit = EditOrder {
            promised_on: Some(date(2027, 2, 1) + (step as i64).days()),
            ..EditOrder::default()
        };
        edit_order(
            &self.catalogue,
            order,
            &mut authoring,
            &edit,
            self.branches[home].0,
            date(2026, 11, 20),
        )
        .expect("another day")
    }
}

/// A UUIDv7, as a counter makes them.
fn uuid(salt: u64, number: u64, which: u64) -> DocumentId {
    let mut bytes = [0; 16];
    let at = (NOW.0 as u64 + number * 180_000 + scatter(number, which) % 60_000).to_be_bytes();
    bytes[..6].copy_from_slice(&at[2..]);
    bytes[6..14].copy_from_slice(&scatter(number, salt ^ which << 8).to_be_bytes());
    bytes[8..].copy_from_slice(&scatter(number, salt ^ which << 9).to_be_bytes());
    bytes[6] = 0x70 | bytes[6] & 0x0f;
    bytes[8] = 0x80 | bytes[8] & 0x3f;
    DocumentId::from_bytes(bytes)
}

/// The same number for the same arguments on every run, spread like dice (the finaliser of SplitMix64).
pub(crate) fn scatter(number: u64, salt: u64) -> u64 {
    let mut bits = number
        .wrapping_add(0x51_7c_c1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ salt.wrapping_mul(0xD134_2543_DE82_EF95);
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}
