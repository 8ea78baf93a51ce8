//! Programs that start and crash, and what is left of them then.

use super::{Actor, BranchStore, Daemon, Happening, Hub, Payment, Plant, Version, World, counter};

impl World {
    pub(super) fn crash(&mut self, machine: usize) {
        let at = &mut self.machines[machine];
        let kept = self.chance.below(at.disk.unsynced_batches() + 1);
        at.disk.crash(kept);
        at.daemon = None;
        // Whoever was not told that it is saved still has the money in the hand.
        at.untold_payment = at
            .unsaved
            .drain(..)
            .filter_map(|made| made.payment)
            .rfind(|payment| payment.minor > 0);
        let pause = self.chance.millis(500, 40_000);
        self.after(pause, Happening::Start(machine));
    }

    pub(super) fn crash_hub(&mut self) {
        let kept = self.chance.below(self.hub.disk.unsynced_batches() + 1);
        self.hub.disk.crash(kept);
        self.hub.lists = self.hub.hub.take().map(Hub::into_lists);
        self.hub.unsaved.clear();
        let pause = self.chance.millis(500, 20_000);
        self.after(pause, Happening::HubStart);
    }

    pub(super) fn start(&mut self, machine: usize) {
        let incarnation = u32::try_from(self.chance.number() >> 33).unwrap_or(0) | 1;
        let session = self.chance.number() | 1;
        let (is_upgraded, has_begun) = (self.chance.percent(30), self.now > 0);
        let now = self.clock_of(machine);
        let plant = self.settings.plant;
        let at = &mut self.machines[machine];
        if at.daemon.is_some() {
            return;
        }
        if is_upgraded && has_begun {
            at.version = Version::Present;
        }
        let is_new = at.is_another_disk;
        let is_joining = BranchStore::on(&at.disk).is_ok_and(|store| store.identity().is_none());
        let keeps = plant == Some(Plant::KeepIncarnation) && !is_joining;
        let actor = Actor::new(at.replica, incarnation);
        let new_incarnation = (is_new && !keeps).then_some(actor);
        match Daemon::start(
            &at.disk,
            at.branch,
            new_incarnation,
            session,
            (at.version, self.room),
            plant,
        ) {
            Ok(mut daemon) => {
                at.is_another_disk = false;
                self.ledger.note_made_again(daemon.made_again());
                if plant == Some(Plant::DoAgain)
                    && let Some(payment) = &at.last_payment
                {
                    // What goes wrong here goes wrong on purpose.
                    let _ = counter::pay_again(&mut daemon, at.branch, payment, now);
                }
                let untold = at.untold_payment.take();
                let again = untold
                    .filter(|payment| !counter::shows(&daemon, payment))
                    .and_then(|payment| {
                        counter::pay_again(&mut daemon, at.branch, &payment, now).ok()?
                    });
                if self.is_calm {
                    daemon.lose_no_tails();
                }
                at.daemon = Some(daemon);
                self.note(|| format!("machine {machine} starts"));
                if let Some(again) = again {
                    if let Some(payment) = &again.payment
                        && self.is_kept_elsewhere(machine, payment)
                    {
                        self.ledger.note_paid_again(payment);
                    }
                    self.done(machine, again);
                }
                self.after(20, Happening::Poll(machine));
            }
            Err(error) => {
                self.note(|| format!("machine {machine} cannot start: {error}"));
                self.ledger.note_made_again(error.made_again);
                self.after(10_000, Happening::Start(machine));
            }
        }
    }

    /// Whether another disk has a payment, be it a backup: a copy that was made between the write and the crash.
    fn is_kept_elsewhere(&self, machine: usize, payment: &Payment) -> bool {
        let others = self.machines.iter().enumerate();
        let disks = others.flat_map(|(other, at)| {
            let own = (other != machine).then_some(&at.disk);
            at.backups.iter().chain(own)
        });
        disks
            .filter_map(|disk| BranchStore::on(&disk.copy()).ok())
            .any(|store| {
                let order = store.document(payment.order).ok().flatten();
                order.is_some_and(|order| counter::has_receipt(&order, &payment.receipt))
            })
    }

    pub(super) fn start_hub(&mut self) {
        if self.hub.hub.is_some() {
            return;
        }
        match Hub::start(&self.hub.disk, self.hub.lists.take(), self.settings.plant) {
            Ok(hub) => {
                self.hub.hub = Some(hub);
                self.note(|| "the hub starts".to_owned());
            }
            Err(error) => {
                self.note(|| format!("the hub cannot start: {error}"));
                self.after(10_000, Happening::HubStart);
            }
        }
    }
}
