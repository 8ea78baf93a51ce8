//! What must be true whatever went wrong. The ledger writes down what people were told; the oracle compares it with what is
//! there when everything is quiet.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use shared::document::{Document, Event, Field, Value};
use shared::domain::Order;
use shared::id::{Actor, DocumentId, Dot};

use super::branch::MadeAgain;
use super::counter::{Made, Payment};

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which promise is broken.
    pub promise: &'static str,
    /// What was found.
    pub found: String,
}

/// What people were told, and what was sent.
#[derive(Debug, Default)]
pub struct Ledger {
    facts: BTreeMap<DocumentId, Vec<Fact>>,
    payments: BTreeMap<String, Payment>,
    /// Receipts that somebody entered twice, since the disk they looked at had lost the first one and another one had it.
    entered_twice: BTreeSet<String>,
    orders: BTreeSet<DocumentId>,
    contents: BTreeMap<Dot, Content>,
    /// Documents of which somebody had the person erased.
    erased: BTreeSet<DocumentId>,
    poisoned: BTreeSet<DocumentId>,
    /// Writes that were made again under another identity: both names are the write's.
    names: Names,
    /// The same writes, for those of whom somebody is told only later: what they did was already overwritten then.
    made_again: BTreeMap<DocumentId, Vec<MadeAgain>>,
    /// Whether a branch has had more than one disk: its tickets may then coincide, one time in 32 within the same ten seconds.
    has_copies: bool,
}

/// By dot, the other dots that the same write has.
#[derive(Debug, Default)]
struct Names {
    again: BTreeMap<Dot, Vec<Dot>>,
    /// Identities that two stores wrote under, as happens when a machine is put back without being told.
    shared: BTreeSet<Actor>,
}

impl Names {
    fn of(&self, dot: Dot) -> Vec<Dot> {
        let mut names = vec![dot];
        let mut place = 0;
        while let Some(name) = names.get(place).copied() {
            for again in self.again.get(&name).into_iter().flatten() {
                if !names.contains(again) {
                    names.push(*again);
                }
            }
            place += 1;
        }
        names
    }
}

/// One thing that somebody was told is saved.
#[derive(Debug)]
struct Fact {
    what: What,
    by: usize,
    /// Lost with the only disks that had it: nobody could bring it back.
    is_excused: bool,
}

#[derive(Debug)]
enum What {
    Field(Field, Dot, Value),
    Event(Event),
    Erasure,
}

impl Ledger {
    /// A command is carried out; nobody was told yet.
    pub fn note_made(&mut self, made: &Made) {
        if let Some(payment) = &made.payment {
            self.payments
                .insert(payment.receipt.clone(), payment.clone());
        }
        for delta in &made.deltas {
            if delta.kind().as_str() == shared::domain::fields::kind::ORDER {
                self.orders.insert(delta.id());
            }
            if delta.erasure().is_some() {
                self.erased.insert(delta.id());
            }
        }
    }

    /// Somebody was told that it is saved: from now on it must not vanish.
    pub fn note_told(&mut self, by: usize, made: &Made) -> Vec<Violation> {
        let mut violations = Vec::new();
        for delta in &made.deltas {
            for (dot, content) in contents(delta) {
                // What it had seen and wrote anew is not its own.
                if dot.counter <= made.after {
                    continue;
                }
                let known = self.contents.insert(dot, content);
                if known.is_some_and(|known| known != content)
                    && !self.names.shared.contains(&dot.actor)
                {
                    violations.push(violation(
                        "one dot, one write",
                        format!("{dot} in {}", delta.id()),
                    ));
                }
            }
            let facts = self.facts.entry(delta.id()).or_default();
            let told = |what| Fact {
                what,
                by,
                is_excused: false,
            };
            for (field, register) in delta.fields() {
                for version in register.versions() {
                    let again = self.made_again.get(&delta.id()).into_iter().flatten();
                    for again in again.filter(|again| again.has_seen(field, version.dot)) {
                        let names = self.names.again.entry(version.dot).or_default();
                        names.push(again.dot);
                    }
                    facts.push(told(What::Field(field.clone(), version.dot, version.value)));
                }
            }
            facts.extend(
                delta
                    .events()
                    .into_iter()
                    .map(|event| told(What::Event(event))),
            );
            if delta.erasure().is_some() {
                facts.push(told(What::Erasure));
            }
        }
        violations
    }

    /// A disk is about to be lost. What none of the `survivors` has is nobody's fault.
    pub fn lose(&mut self, survivors: &mut [Copies<'_>]) -> usize {
        let mut excused = 0;
        let names = &self.names;
        for (id, facts) in &mut self.facts {
            for fact in facts.iter_mut().filter(|fact| !fact.is_excused) {
                let is_kept = survivors.iter_mut().any(|copies| {
                    copies
                        .get(*id)
                        .is_some_and(|copy| copy.has(&fact.what, names, Likeness::OfDot))
                });
                if !is_kept {
                    fact.is_excused = true;
                    excused += 1;
                }
            }
        }
        excused
    }

    /// A branch has another disk from now on: a copy, or an earlier state.
    pub fn note_copy(&mut self) {
        self.has_copies = true;
    }

    /// Two stores write under one identity from now on, and neither knows.
    pub fn share(&mut self, actor: Actor) {
        self.names.shared.insert(actor);
    }

    /// Writes were made again under another identity. What the former ones had overwritten, their copies have too.
    pub fn note_made_again(&mut self, made: Vec<MadeAgain>) {
        for again in made {
            let mut covered = vec![again.former_dot];
            if let Some((field, version)) = &again.former {
                let facts = self.facts.get(&again.document);
                let has_seen = |dot: Dot| {
                    let mut names = self.names.of(dot).into_iter();
                    names.any(|name| version.has_seen(name))
                };
                covered.extend(
                    facts
                        .into_iter()
                        .flatten()
                        .filter_map(|fact| match &fact.what {
                            What::Field(of, dot, _) if of == field && has_seen(*dot) => Some(*dot),
                            _ => None,
                        }),
                );
            }
            for former in covered {
                self.names.again.entry(former).or_default().push(again.dot);
            }
            let of_document = self.made_again.entry(again.document).or_default();
            of_document.push(again);
        }
    }

    /// Somebody enters a payment again that they do not find, and a copy of their disk has it. When that copy comes back, both are
    /// there, as they were entered.
    pub fn note_paid_again(&mut self, payment: &Payment) {
        self.entered_twice.insert(payment.receipt.clone());
    }

    /// A document was spoiled on purpose; all others must be as if nothing were.
    pub fn poison(&mut self, id: DocumentId) {
        self.poisoned.insert(id);
    }

    /// Whether a document was spoiled.
    pub fn is_poisoned(&self, id: DocumentId) -> bool {
        self.poisoned.contains(&id)
    }

    /// What is wrong with what the hub holds. `owed` says what it must have by now.
    pub fn judge(
        &self,
        hub: &BTreeMap<DocumentId, Document>,
        names: &[String],
        mut owed: Owed<'_>,
    ) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (id, facts) in &self.facts {
            if self.is_poisoned(*id) {
                continue;
            }
            let copy = hub.get(id).map(Copy::of);
            for fact in facts.iter().filter(|fact| !fact.is_excused) {
                let is_shown = copy
                    .as_ref()
                    .is_some_and(|copy| copy.shows(&fact.what, &self.names));
                if !is_shown && owed.includes(*id, &fact.what, &self.names) {
                    let by = names.get(fact.by).map_or("?", String::as_str);
                    violations.push(violation(
                        "what was acknowledged is there",
                        format!(
                            "{id}: {} by {by} is gone; there is {}",
                            fact.what.describe(),
                            hub.get(id)
                                .map_or_else(String::new, |held| fact.what.instead(held)),
                        ),
                    ));
                }
            }
        }
        violations.extend(self.judge_orders(hub));
        violations
    }

    fn judge_orders(&self, hub: &BTreeMap<DocumentId, Document>) -> Vec<Violation> {
        let mut violations = Vec::new();
        let mut tickets: BTreeMap<Value, DocumentId> = BTreeMap::new();
        let mut receipts: BTreeSet<String> = BTreeSet::new();
        let (mut shown, mut entered) = (0, 0);
        for (id, document) in hub {
            if self.is_poisoned(*id) {
                continue;
            }
            for (dot, content) in contents(document) {
                let told = self.contents.get(&dot);
                // An erasure takes the personal half of an event with it. The erasure itself may come later: to a hub that
                // was put back, the version before gives only what it wrote itself.
                let is_the_rest_of = |told: &Content| {
                    self.erased.contains(id) && told.impersonal == content.impersonal
                };
                let is_other = told.is_some_and(|told| *told != content && !is_the_rest_of(told));
                if is_other && !self.names.shared.contains(&dot.actor) {
                    violations.push(violation("one dot, one write", format!("{dot} in {id}")));
                }
            }
            let Some(order) = Order::of(document) else {
                continue;
            };
            if !self.orders.contains(id) {
                violations.push(violation("no order out of nothing", id.to_string()));
            }
            for version in document
                .register("ticket")
                .map(shared::document::Register::versions)
                .unwrap_or_default()
            {
                if let Some(other) = tickets.insert(version.value.clone(), *id)
                    && other != *id
                    && !self.has_copies
                {
                    let found = format!("{:?} is on {id} and on {other}", version.value);
                    violations.push(violation("no ticket twice", found));
                }
            }
            shown += order.paid().minor;
            for payment in &order.payments {
                let receipt = payment.receipt.clone().unwrap_or_default();
                let known = self.payments.get(&receipt);
                entered += known.map_or(0, |known| known.minor);
                if known
                    .is_none_or(|known| known.order != *id || known.minor != payment.amount.minor)
                {
                    let found = format!("{receipt} on {id} was never given");
                    violations.push(violation("no payment out of nothing", found));
                } else if !receipts.insert(receipt.clone())
                    && !self.entered_twice.contains(&receipt)
                {
                    let found = format!("{receipt} on {id}");
                    violations.push(violation("no payment twice", found));
                }
            }
        }
        if shown != entered {
            let found = format!("{shown} are shown, {entered} were entered");
            violations.push(violation("payments sum up", found));
        }
        violations
    }
}

/// What the hub must have.
pub enum Owed<'a> {
    /// Everything that anybody was told.
    Everything,
    /// What somebody gives a hub that was put back, as far as they give it.
    GivenBy(Vec<Copies<'a>>),
}

impl Owed<'_> {
    fn includes(&mut self, id: DocumentId, what: &What, names: &Names) -> bool {
        match self {
            Self::Everything => true,
            Self::GivenBy(givers) => givers.iter_mut().any(|copies| {
                let copy = copies.get(id);
                copy.is_some_and(|copy| copy.has(what, names, Likeness::OfDot))
            }),
        }
    }
}

/// The documents of a disk, read when they are asked for.
pub struct Copies<'a> {
    read: Box<dyn Fn(DocumentId) -> Option<Document> + 'a>,
    known: BTreeMap<DocumentId, Option<Copy>>,
}

impl<'a> Copies<'a> {
    /// Those that `read` finds.
    pub fn new(read: impl Fn(DocumentId) -> Option<Document> + 'a) -> Self {
        Self {
            read: Box::new(read),
            known: BTreeMap::new(),
        }
    }

    fn get(&mut self, id: DocumentId) -> Option<&Copy> {
        self.known
            .entry(id)
            .or_insert_with(|| (self.read)(id).as_ref().map(Copy::of))
            .as_ref()
    }
}

/// By what a write under a shared identity is known again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Likeness {
    /// By its number: what a disk holds of the same value may be another write, and does not bring this one back.
    OfDot,
    /// By its value too.
    OfValue,
}

/// A document, ready to be asked what it shows.
struct Copy {
    document: Document,
    events: BTreeMap<Dot, Event>,
}

impl Copy {
    fn of(document: &Document) -> Self {
        Self {
            document: document.clone(),
            events: document
                .events()
                .into_iter()
                .map(|event| (event.dot, event))
                .collect(),
        }
    }

    /// Whether it is visible, or was overwritten by somebody who had seen it.
    ///
    /// A write under a `shared` identity may have been issued again: it has another dot then and is the same for people.
    fn shows(&self, what: &What, names: &Names) -> bool {
        self.has(what, names, Likeness::OfValue)
    }

    fn has(&self, what: &What, names: &Names, likeness: Likeness) -> bool {
        let by_value =
            |dot: Dot| likeness == Likeness::OfValue && names.shared.contains(&dot.actor);
        let is_erased = self.document.erasure().is_some();
        match what {
            What::Erasure => is_erased,
            What::Field(field, ..) if is_erased && field.is_personal() => true,
            What::Field(field, dot, value) => {
                self.document
                    .register(field.as_str())
                    .is_some_and(|register| {
                        register.versions().iter().any(|version| {
                            names.of(*dot).into_iter().any(|dot| version.has_seen(dot))
                                || by_value(*dot) && version.value == *value
                        })
                    })
            }
            What::Event(event) => {
                names
                    .of(event.dot)
                    .iter()
                    .any(|dot| self.events.contains_key(dot))
                    || by_value(event.dot)
                        && self
                            .events
                            .values()
                            .any(|other| other.kind == event.kind && other.data == event.data)
            }
        }
    }
}

impl What {
    /// What stands in its place, for whoever looks for the reason.
    fn instead(&self, held: &Document) -> String {
        match self {
            Self::Field(field, ..) => {
                let register = held.register(field.as_str());
                format!("{:?}", register.map(shared::document::Register::versions))
            }
            Self::Event(_) | Self::Erasure => format!("{} events", held.events().len()),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Field(field, dot, value) => format!("{field} = {value:?} ({dot})"),
            Self::Event(event) => format!("{} ({})", event.kind, event.dot),
            Self::Erasure => "the erasure".to_owned(),
        }
    }
}

/// A violation of a promise.
pub fn violation(promise: &'static str, found: String) -> Violation {
    Violation { promise, found }
}

/// What a dot stands for, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Content {
    whole: u64,
    /// Without what an erasure takes out of an event.
    impersonal: u64,
}

/// What each dot of a document stands for.
fn contents(document: &Document) -> Vec<(Dot, Content)> {
    let id = document.id();
    let mut contents = Vec::new();
    for (field, register) in document.fields() {
        for version in register.versions() {
            let whole = hash(&(id, field.as_str(), &version.value));
            let impersonal = whole;
            contents.push((version.dot, Content { whole, impersonal }));
        }
    }
    for event in document.events() {
        let mut data = event.data;
        let whole = hash(&(id, event.kind.as_str(), &data));
        data.retain(|name, _| !name.is_personal());
        let impersonal = hash(&(id, event.kind.as_str(), &data));
        contents.push((event.dot, Content { whole, impersonal }));
    }
    contents
}

/// Fixed keys: the same on every machine.
fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
