//! A shop of the tests: a real branch in a directory of its own, joined to the tests' hub.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use shared::clock::UtcMillis;
use shared::domain::{Contact, PhoneNumber, Role};
use shared::id::{DocumentId, ServiceId, StaffId};
use tempfile::TempDir;

use super::{HubDouble, wait_until};
use crate::clock::Clock;
use crate::counter::{
    Counter, CustomerChoice, ItemIntent, LineIntent, NewOrder, Person, SessionLimits, Ticket,
};
use crate::daemon::{Branch, Settings};

/// The PIN of everybody in the tests.
pub(crate) const PIN: &str = "2468";

/// A clock that tests set.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// 2026-11-20, nine in the morning in Zürich.
    pub(crate) fn morning() -> Self {
        Self(Arc::new(AtomicI64::new(1_795_161_600_000)))
    }

    pub(crate) fn forward_minutes(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let time = Arc::clone(&self.0);
        Clock::new(move || UtcMillis(time.load(Ordering::SeqCst)))
    }
}

/// A branch whose process can be ended and started again.
pub(crate) struct Shop {
    branch: Option<Branch>,
    data: PathBuf,
    clock: TestClock,
    hub: String,
    pub(crate) anna: StaffId,
    _home: Option<TempDir>,
}

impl Shop {
    /// Joins the hub, starts, and waits until the catalogue is there.
    pub(crate) async fn open(hub: &HubDouble, name: &str, prefix: &str) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let clock = TestClock::morning();
        let anna = hub.hire("Anna", Role::Counter);
        let data = home.path().join("data");
        let invitation = hub.invite(name, prefix);
        crate::join::join(&invitation, &data, None, &clock.clock())
            .await
            .expect("invited");
        let mut shop = Self {
            branch: None,
            data,
            clock,
            hub: hub.url().to_owned(),
            anna,
            _home: Some(home),
        };
        shop.start().await;
        let counter = shop.counter();
        wait_until("the catalogue has come", async || {
            counter.catalogue().branch(counter.branch()).is_some()
                && !counter.staff_tiles().is_empty()
        })
        .await;
        shop
    }

    /// A shop over a copy of another one's files, as they were at this moment: what a kill or a power cut leaves.
    pub(crate) async fn from_copy_of(other: &Self, hub: &str) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let data = home.path().join("data");
        copy(&other.data, &data);
        let mut shop = Self {
            branch: None,
            data,
            clock: other.clock.clone(),
            hub: hub.to_owned(),
            anna: other.anna,
            _home: Some(home),
        };
        shop.start().await;
        shop
    }

    pub(crate) async fn start(&mut self) {
        let opened = Branch::open(self.settings()).await;
        self.branch = Some(opened.expect("the branch opens"));
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            data: self.data.clone(),
            hub: Some(self.hub.clone()),
            sessions: SessionLimits::default(),
            clock: self.clock.clock(),
        }
    }

    pub(crate) async fn stop(&mut self) {
        let branch = self.branch.take().expect("it runs");
        branch.close().await.expect("it closes");
    }

    /// Finds the hub from the next start on.
    pub(crate) fn follow(&mut self, hub: &HubDouble) {
        hub.url().clone_into(&mut self.hub);
    }

    /// The files of a stopped shop.
    pub(crate) fn snapshot(&self) -> TempDir {
        let snapshot = tempfile::tempdir().expect("a directory");
        copy(&self.data, snapshot.path());
        snapshot
    }

    /// The files become what they were, in place, as a virtual machine's disk does.
    pub(crate) fn roll_back(&self, snapshot: &TempDir) {
        remove_what_is_not_in(snapshot.path(), &self.data);
        copy(snapshot.path(), &self.data);
    }

    pub(crate) fn counter(&self) -> Counter {
        self.branch.as_ref().expect("it runs").counter()
    }

    pub(crate) fn clock(&self) -> &TestClock {
        &self.clock
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Anna at a counter.
    pub(crate) async fn sign_in(&self) -> Person {
        let counter = self.counter();
        let token = counter
            .sign_in(self.anna, PIN, "Kasse 1")
            .await
            .expect("the right PIN");
        counter.session(token.as_str()).expect("signed in")
    }

    pub(crate) async fn take_in(&self, person: &Person, name: &str) -> Ticket {
        self.counter()
            .take_in(person, new_order(name))
            .await
            .expect("taken in")
    }

    /// Waits until nothing waits for the hub.
    pub(crate) async fn wait_sent(&self) {
        let counter = self.counter();
        wait_until("everything is sent", async || {
            counter
                .sync_state()
                .await
                .is_ok_and(|state| state.pending.count == 0)
        })
        .await;
    }
}

/// Somebody brings a pair of skis.
pub(crate) fn new_order(name: &str) -> NewOrder {
    NewOrder {
        order: None,
        customer: CustomerChoice::New(Contact {
            name: Some(name.to_owned()),
            phone: Some(PhoneNumber {
                given: "079 123 45 67".to_owned(),
                e164: None,
            }),
            ..Contact::default()
        }),
        pickup: None,
        priority: "standard".to_owned(),
        promised_on: None,
        items: vec![ItemIntent {
            key: None,
            kind: Some("Ski".to_owned()),
            label: "red".to_owned(),
            tag: None,
            lines: vec![LineIntent {
                key: None,
                service: ServiceId(DocumentId::named("service/wax")),
                price: None,
            }],
        }],
        note: None,
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("read") {
        let entry = entry.expect("read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn remove_what_is_not_in(kept: &Path, from: &Path) {
    for entry in std::fs::read_dir(from).expect("read") {
        let entry = entry.expect("read");
        let counterpart = kept.join(entry.file_name());
        let is_directory = entry.file_type().expect("known").is_dir();
        if is_directory && counterpart.exists() {
            remove_what_is_not_in(&counterpart, &entry.path());
        } else if is_directory {
            std::fs::remove_dir_all(entry.path()).expect("removed");
        } else if !counterpart.exists() {
            std::fs::remove_file(entry.path()).expect("removed");
        }
    }
}
