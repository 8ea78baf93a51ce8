//! The firm that every seed has: three locations, a small catalogue, nothing that the simulation does not need.

use std::sync::OnceLock;

use shared::clock::{Hlc, UtcMillis};
use shared::document::{Authoring, Change, Document, Field, Kind};
use shared::domain::fields::kind;
use shared::domain::{Branch, Catalogue, TicketPrefix, seed};
use shared::id::{Actor, BranchId, DocumentId, ReplicaNumber, ServiceId};

/// When every simulation begins by true time: 2026-12-27T08:00:00Z.
pub const BEGINNING: UtcMillis = UtcMillis(1_798_358_400_000);

/// The locations with the first characters of their tickets.
const LOCATIONS: [(&str, &str); 4] = [
    ("chur", "CH"),
    ("davos", "DA"),
    ("laax", "LA"),
    ("arosa", "AR"),
];

/// What does not change: the catalogue as documents of the hub, and as a branch reads it.
pub struct Firm {
    /// The documents that the hub has at the beginning.
    pub documents: Vec<Document>,
    /// What they say.
    pub catalogue: Catalogue,
    /// The locations.
    pub branches: Vec<BranchId>,
    /// What is offered.
    pub services: Vec<ServiceId>,
    /// The last counter that the hub used for the documents.
    pub hub_counter: u64,
}

/// The hub's incarnation before anything goes wrong.
pub const FIRST_INCARNATION: u32 = 1;

/// The firm; made once, the same for all seeds.
pub fn firm() -> &'static Firm {
    static FIRM: OnceLock<Firm> = OnceLock::new();
    FIRM.get_or_init(Firm::found)
}

impl Firm {
    fn found() -> Self {
        let actor = Actor::new(ReplicaNumber::HUB, FIRST_INCARNATION);
        let mut authoring = Authoring::new(actor, 0, Hlc::at(BEGINNING), None);
        // Every branch holds the whole catalogue, so a small one makes a quick simulation.
        let mut kept = std::collections::BTreeMap::new();
        let mut documents: Vec<Document> = seed::documents(&mut authoring)
            .into_iter()
            .filter(|document| {
                let count = kept.entry(document.kind().clone()).or_insert(0);
                *count += 1;
                match document.kind().as_str() {
                    kind::SERVICE => *count <= 2,
                    kind::STATUS => false,
                    _ => *count <= 1,
                }
            })
            .collect();
        let mut branches = Vec::new();
        for (name, prefix) in LOCATIONS {
            let id = DocumentId::named(&format!("branch/{name}"));
            let mut change = Change::create(id, Kind::known(kind::BRANCH));
            change.set(&mut authoring, Field::known(Branch::NAME), name);
            change.set(&mut authoring, Field::known(Branch::PREFIX), prefix);
            change.set(
                &mut authoring,
                Field::known(Branch::TERRITORY),
                seed::territory_id("CH"),
            );
            documents.push(change.finish());
            branches.push(BranchId(id));
        }
        let catalogue = Catalogue::from_documents(&documents);
        Self {
            services: catalogue
                .services
                .iter()
                .map(|service| service.id)
                .collect(),
            hub_counter: authoring.counter(),
            documents,
            catalogue,
            branches,
        }
    }

    /// The first characters of a location's tickets.
    ///
    /// # Panics
    /// When it is no location of this firm.
    pub fn prefix(&self, branch: BranchId) -> TicketPrefix {
        self.catalogue
            .branch(branch)
            .and_then(|branch| branch.prefix)
            .expect("every location has two characters")
    }

    /// What it is called.
    pub fn name(&self, branch: BranchId) -> &str {
        self.catalogue
            .branch(branch)
            .map_or("?", |branch| branch.name.as_str())
    }
}
