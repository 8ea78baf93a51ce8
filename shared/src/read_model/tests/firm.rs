//! A firm with three branches and a hub, and all that its people may do: what the other tests are told with.

use std::collections::BTreeMap;

use jiff::civil::{self, date};

use crate::clock::{Hlc, UtcMillis};
use crate::command::{self, ItemIntent, LineIntent, Refusal, TakeIn};
use crate::document::{Authoring, Change as Writing, Document, Field, Kind, Value};
use crate::domain::{
    Branch, Catalogue, Contact, Customer, Order, PhoneNumber, TicketNumber, TicketPrefix, seed,
};
use crate::id::{Actor, BranchId, CustomerId, DocumentId, OrderId, ReplicaNumber, StaffId};
use crate::read_model::{Change, ReadModel};

pub(super) const TODAY: civil::Date = date(2026, 12, 14);

/// 2026-12-14T09:00:00Z, ten in the morning in Chur.
pub(super) const NOW: UtcMillis = UtcMillis(1_797_238_800_000);

pub(super) const DAY_MILLIS: i64 = 86_400_000;

const BRANCHES: [(&str, &str, &str); 3] = [
    ("Chur", "CH", "CH"),
    ("Davos", "DA", "CH"),
    ("Lindau", "LN", "DE"),
];

pub(super) fn branch(place: usize) -> BranchId {
    let (name, _, _) = BRANCHES[place % BRANCHES.len()];
    BranchId(DocumentId::named(&format!("branch/{name}")))
}

/// One store that writes: a branch, or the hub.
pub(super) struct Replica {
    actor: Actor,
    counter: u64,
    pub(super) home: BranchId,
    prefix: TicketPrefix,
    last_slot: u64,
    pub(super) documents: BTreeMap<DocumentId, Document>,
}

/// All replicas, and the hub's feed.
pub(super) struct Firm {
    pub(super) catalogue: Catalogue,
    pub(super) replicas: Vec<Replica>,
    pub(super) hub: BTreeMap<DocumentId, Document>,
    pub(super) feed: Vec<Change>,
    pub(super) now: UtcMillis,
}

impl Firm {
    /// A firm whose catalogue everybody knows.
    pub(super) fn new() -> Self {
        let mut firm = Self::without_catalogue();
        firm.publish_catalogue();
        firm
    }

    /// A firm whose hub learns of its catalogue only when [`Self::publish_catalogue`] is called.
    pub(super) fn without_catalogue() -> Self {
        let catalogue = catalogue_documents();
        let replicas = (0..)
            .zip(BRANCHES)
            .map(|(place, (_, prefix, _))| Replica {
                actor: Actor::new(ReplicaNumber(place + 1), 1),
                counter: 0,
                home: branch(place as usize),
                prefix: TicketPrefix::new(prefix).expect("valid"),
                last_slot: 0,
                documents: catalogue
                    .iter()
                    .map(|entry| (entry.id(), entry.clone()))
                    .collect(),
            })
            .collect();
        Self {
            catalogue: Catalogue::from_documents(&catalogue),
            replicas,
            hub: BTreeMap::new(),
            feed: Vec::new(),
            now: NOW,
        }
    }

    pub(super) fn publish_catalogue(&mut self) {
        for document in catalogue_documents() {
            self.merge_at_hub(document);
        }
    }

    /// A branch and the hub exchange all they have.
    pub(super) fn sync(&mut self, place: usize) {
        let place = place % self.replicas.len();
        for document in self.replicas[place].documents.clone().into_values() {
            self.merge_at_hub(document);
        }
        for (id, document) in &self.hub {
            merge_into(&mut self.replicas[place].documents, *id, document.clone());
        }
    }

    /// Twice round, so that the first also hear what the last had to say.
    pub(super) fn sync_all(&mut self) {
        for place in 0..2 * self.replicas.len() {
            self.sync(place);
        }
    }

    fn merge_at_hub(&mut self, document: Document) {
        let id = document.id();
        let before = self.hub.get(&id).cloned();
        merge_into(&mut self.hub, id, document);
        if before.as_ref() != self.hub.get(&id) {
            let position = self.feed.len() as u64 + 1;
            self.feed.push(Change {
                position,
                document: self.hub[&id].clone(),
            });
        }
    }

    /// Each document at the hub in its latest state, as a rebuild reads them.
    pub(super) fn latest(&self) -> BTreeMap<DocumentId, Change> {
        latest(&self.feed)
    }

    /// A read model of the hub to which the whole feed is applied.
    pub(super) fn read_model(&self) -> ReadModel {
        let mut model = ReadModel::open_in_memory().expect("in memory");
        model
            .apply(&self.feed, self.feed.len() as u64)
            .expect("applies");
        model
    }

    /// Somebody at a branch does something; a refusal changes nothing and is given back.
    pub(super) fn does(
        &mut self,
        place: usize,
        command: impl FnOnce(&Replica, &Catalogue, &mut Authoring) -> Result<Document, Refusal>,
    ) -> Result<DocumentId, Refusal> {
        let place = place % self.replicas.len();
        self.now = UtcMillis(self.now.0 + 1_000);
        let replica = &mut self.replicas[place];
        let staff = StaffId(DocumentId::named("staff/anna"));
        let mut authoring = Authoring::new(
            replica.actor,
            replica.counter,
            Hlc::at(self.now),
            Some(staff),
        );
        let delta = command(replica, &self.catalogue, &mut authoring)?;
        replica.counter = authoring.counter();
        let id = delta.id();
        merge_into(&mut replica.documents, id, delta);
        Ok(id)
    }

    pub(super) fn new_customer(&mut self, place: usize, contact: &Contact) -> CustomerId {
        let id = self.fresh_id("customer");
        let made = self.does(place, |replica, _, authoring| {
            command::new_customer(authoring, id.into(), replica.home, contact)
        });
        CustomerId(made.expect("has a name"))
    }

    /// An order of one pair of skis with a large service, promised in a week.
    pub(super) fn takes_in(
        &mut self,
        place: usize,
        customer: CustomerId,
        contact: &Contact,
    ) -> OrderId {
        self.takes_in_with(place, customer, contact, |_| {})
    }

    pub(super) fn takes_in_with(
        &mut self,
        place: usize,
        customer: CustomerId,
        contact: &Contact,
        change: impl FnOnce(&mut TakeIn),
    ) -> OrderId {
        let id = OrderId(self.fresh_id("order"));
        let now = self.now;
        let replica = &mut self.replicas[place % BRANCHES.len()];
        let (ticket, slot) = TicketNumber::next(replica.prefix, replica.last_slot, now, 3);
        replica.last_slot = slot;
        let mut intent = TakeIn {
            order: id,
            ticket,
            branch: replica.home,
            pickup: replica.home,
            customer,
            contact: contact.clone(),
            priority: "standard".into(),
            promised_on: TODAY.saturating_add(jiff::Span::new().days(7)),
            items: vec![item("Völkl Racetiger 175", &["large"])],
            note: None,
            received_at: now,
            today: TODAY,
        };
        change(&mut intent);
        let made = self.does(place, |_, catalogue, authoring| {
            command::take_in(catalogue, authoring, &intent)
        });
        OrderId(made.expect("a good order"))
    }

    /// Something happens to an order as its branch knows it.
    pub(super) fn order_does(
        &mut self,
        place: usize,
        order: OrderId,
        command: impl FnOnce(&Document, &mut Authoring) -> Result<Document, Refusal>,
    ) {
        self.does(place, |replica, _, authoring| {
            command(&replica.documents[&order.document()], authoring)
        })
        .expect("allowed");
    }

    /// Sets a field of any document without a command, as an administrator's form does.
    pub(super) fn sets(&mut self, place: usize, id: DocumentId, field: &str, value: Value) {
        self.does(place, |replica, _, authoring| {
            let mut change = Writing::of(&replica.documents[&id]);
            change.set(authoring, Field::new(field).expect("valid"), value);
            Ok(change.finish())
        })
        .expect("never refused");
    }

    pub(super) fn makes(&mut self, place: usize, kind: &'static str, name: &str) -> DocumentId {
        let id = DocumentId::named(name);
        self.does(place, |_, _, authoring| {
            let mut change = Writing::create(id, Kind::known(kind));
            change.set(authoring, Field::known("name"), name);
            Ok(change.finish())
        })
        .expect("never refused")
    }

    fn fresh_id(&self, what: &str) -> DocumentId {
        let written: u64 = self.replicas.iter().map(|replica| replica.counter).sum();
        DocumentId::named(&format!("{what}/{written}/{}", self.now.0))
    }
}

impl Replica {
    /// The orders it knows, by id.
    pub(super) fn orders(&self) -> Vec<DocumentId> {
        let is_order = |document: &&Document| Order::of(document).is_some();
        self.documents
            .values()
            .filter(is_order)
            .map(Document::id)
            .collect()
    }

    pub(super) fn customers(&self) -> Vec<DocumentId> {
        let is_customer = |document: &&Document| Customer::of(document).is_some();
        self.documents
            .values()
            .filter(is_customer)
            .map(Document::id)
            .collect()
    }
}

/// The last change of each document in a part of the feed.
pub(super) fn latest(feed: &[Change]) -> BTreeMap<DocumentId, Change> {
    let by_id = |change: &Change| (change.document.id(), change.clone());
    feed.iter().map(by_id).collect()
}

pub(super) fn item(label: &str, services: &[&str]) -> ItemIntent {
    let lines = services.iter().map(|code| LineIntent {
        key: None,
        service: DocumentId::named(&format!("service/{code}")).into(),
        price: None,
    });
    ItemIntent {
        key: None,
        kind: Some("Ski".into()),
        label: label.into(),
        tag: None,
        lines: lines.collect(),
    }
}

pub(super) fn contact(name: &str, phone: &str, email: &str) -> Contact {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Contact {
        name: given(name),
        phone: given(phone).map(|phone| PhoneNumber::read(&phone, "CH")),
        email: given(email),
        ..Contact::default()
    }
}

fn merge_into(documents: &mut BTreeMap<DocumentId, Document>, id: DocumentId, delta: Document) {
    let known = documents
        .entry(id)
        .or_insert_with(|| Document::new(id, delta.kind().clone()));
    known.merge(delta).expect("the same document");
}

fn catalogue_documents() -> Vec<Document> {
    let mut authoring = Authoring::new(Actor::new(ReplicaNumber::HUB, 1), 0, Hlc::at(NOW), None);
    let mut documents = seed::documents(&mut authoring);
    for (place, (name, prefix, country)) in BRANCHES.into_iter().enumerate() {
        let mut change = Writing::create(branch(place).document(), Kind::known("branch"));
        change.set(&mut authoring, Field::known(Branch::NAME), name);
        change.set(&mut authoring, Field::known(Branch::PREFIX), prefix);
        change.set(
            &mut authoring,
            Field::known(Branch::TERRITORY),
            seed::territory_id(country),
        );
        documents.push(change.finish());
    }
    documents
}
