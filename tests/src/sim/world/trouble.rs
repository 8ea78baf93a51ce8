//! What goes wrong, and how.

use shared::document::{Authoring, Document};

use super::{
    BACKUPS, BranchStore, Copies, Damage, DocumentId, Fault, Happening, Hub, HubStore, MACHINES,
    Machine, Made, Moment, Random, ReplicaNumber, SimulatedDisk, Version, World, YEAR_MILLIS,
    counter, short,
};

impl World {
    pub(super) fn trouble(&mut self) {
        let pause = self.trouble.millis(1_000, 40_000);
        self.after(pause, Happening::Trouble);
        // The next trouble has dice of its own, so that it stays what it is when this one does not happen.
        let next = Random::of(self.trouble.number(), 5);
        if self.trouble.percent(35) {
            self.back_up();
        }
        let machine = self.trouble.below(self.machines.len());
        if let Some(fault) = self.mixture.pick(&mut self.trouble)
            && self.strike(fault, machine)
        {
            self.faults.note(fault);
            self.note(|| format!("FAULT {} (machine {machine})", fault.name()));
        }
        self.trouble = next;
    }

    fn back_up(&mut self) {
        let which = self.trouble.below(self.machines.len() + 1);
        let (disk, backups) = match self.machines.get_mut(which) {
            Some(at) => (&at.disk, &mut at.backups),
            None => (&self.hub.disk, &mut self.hub.backups),
        };
        if backups.len() == BACKUPS {
            backups.remove(0);
        }
        backups.push(disk.copy());
        self.note(|| format!("a backup is made of {which}"));
    }

    /// A fault happens, if it can now.
    fn strike(&mut self, fault: Fault, machine: usize) -> bool {
        match fault {
            // These happen to messages, or are a property of a machine.
            Fault::Loss | Fault::Duplication | Fault::Delay | Fault::EarlierVersion => false,
            Fault::Outage => {
                self.machines[machine].is_line_up = false;
                let length = self.trouble.millis(5_000, 200_000);
                self.after(length, Happening::MendLine(machine));
                true
            }
            Fault::BranchCrash => {
                let runs = self.machines[machine].daemon.is_some();
                if runs {
                    self.crash(machine);
                }
                runs
            }
            Fault::HubCrash => {
                let runs = self.hub.hub.is_some();
                if runs {
                    self.crash_hub();
                }
                runs
            }
            Fault::FullDisk => {
                let which = self.trouble.percent(60).then_some(machine);
                let disk = which.map_or(&self.hub.disk, |machine| &self.machines[machine].disk);
                disk.fill();
                let length = self.trouble.millis(2_000, 100_000);
                self.after(length, Happening::MakeRoom(which));
                true
            }
            Fault::FailedSync => {
                if self.trouble.percent(60) {
                    self.machines[machine].disk.fail_next_sync();
                } else {
                    self.hub.disk.fail_next_sync();
                }
                true
            }
            Fault::BranchRestored => self.restore(machine, Told::Yes),
            Fault::MachineRolledBack => self.restore(machine, Told::No),
            Fault::HubRestored => self.restore_hub(),
            Fault::BranchCloned => self.clone_machine(machine),
            Fault::WrongClock => {
                let years = i64::try_from(self.trouble.below(41)).unwrap_or(0) - 20;
                let ahead = years * YEAR_MILLIS;
                if self.trouble.percent(75) {
                    self.machines[machine].clock_ahead_millis = ahead;
                } else {
                    self.hub.clock_ahead_millis = ahead;
                }
                true
            }
            Fault::SpoiledDocument => self.spoil(machine),
            Fault::ForbiddenWrite => self.write_what_is_forbidden(machine),
            Fault::LaterVersion => self.write_as_a_later_version(machine),
            Fault::DiskLost => self.lose_disk(machine),
            Fault::ScopeChange => self.send_elsewhere(machine),
            Fault::ErasedMeanwhile => self.erase_meanwhile(machine),
            Fault::AnswersLost => {
                self.machines[machine].answers_arrive = false;
                let length = self.trouble.millis(5_000, 100_000);
                self.after(length, Happening::MendLine(machine));
                true
            }
        }
    }

    fn restore(&mut self, machine: usize, told: Told) -> bool {
        let number = self.trouble.number();
        let at = &mut self.machines[machine];
        let count = at.backups.len() as u64;
        let Some(place) = number.checked_rem(count) else {
            return false;
        };
        let backup = at.backups[usize::try_from(place).unwrap_or(0)].copy();
        if told == Told::No
            && let Ok(store) = BranchStore::on(&backup)
            && let Some(identity) = store.identity()
        {
            self.ledger.share(identity.actor);
            // The version before could not tell, and is not asked to.
            at.version = Version::Present;
        }
        self.ledger.note_copy();
        at.is_another_disk = told == Told::Yes || at.is_another_disk;
        at.daemon = None;
        at.unsaved.clear();
        at.disk = backup;
        self.after(1_000, Happening::Start(machine));
        self.count_losses();
        true
    }

    fn restore_hub(&mut self) -> bool {
        let Some(backup) = self
            .trouble
            .pick(&self.hub.backups)
            .map(SimulatedDisk::copy)
        else {
            return false;
        };
        let (epoch, incarnation) = (self.trouble.number(), self.trouble.number() >> 33);
        let incarnation = u32::try_from(incarnation).unwrap_or(0) | 1;
        let now = self.clock(self.hub.clock_ahead_millis);
        if Hub::begin_new_epoch(&backup, epoch, incarnation, now).is_err() {
            return false;
        }
        self.hub.hub = None;
        self.hub.lists = None;
        self.hub.unsaved.clear();
        self.hub.disk = backup;
        self.after(1_000, Happening::HubStart);
        self.count_losses();
        true
    }

    /// What no disk has any more is nobody's fault.
    fn count_losses(&mut self) {
        let hub = HubStore::on(&self.hub.disk.copy());
        let branches: Vec<_> = self
            .machines
            .iter()
            .map(|at| BranchStore::on(&at.disk.copy()))
            .collect();
        let mut survivors: Vec<Copies<'_>> = hub
            .iter()
            .map(|store| {
                Copies::new(|id| {
                    store
                        .document(id)
                        .ok()
                        .flatten()
                        .map(|(_, document)| document)
                })
            })
            .collect();
        survivors.extend(
            branches
                .iter()
                .flatten()
                .map(|store| Copies::new(|id| store.document(id).ok().flatten())),
        );
        let excused = self.ledger.lose(&mut survivors);
        drop(survivors);
        self.note(|| format!("{excused} facts are lost with the disk"));
    }

    fn clone_machine(&mut self, machine: usize) -> bool {
        if self.machines.len() >= MACHINES {
            return false;
        }
        let at = &self.machines[machine];
        let copy = Machine {
            name: format!("{} (clone)", at.name),
            replica: at.replica,
            branch: at.branch,
            disk: at.disk.copy(),
            daemon: None,
            is_line_up: true,
            answers_arrive: true,
            clock_ahead_millis: at.clock_ahead_millis,
            backups: Vec::new(),
            unsaved: Vec::new(),
            untold_payment: None,
            is_another_disk: true,
            is_sync_due: false,
            last_payment: None,
            version: at.version,
        };
        let clone = self.machines.len();
        self.ledger.note_copy();
        self.machines.push(copy);
        self.after(2_000, Happening::Start(clone));
        self.after(3_000, Happening::Work(clone));
        true
    }

    fn spoil(&mut self, machine: usize) -> bool {
        let number = self.trouble.number();
        let damage = match self.trouble.below(3) {
            0 => Damage::CutShort,
            1 => Damage::FlippedBit(self.trouble.below(100_000)),
            _ => Damage::OfALaterVersion,
        };
        let at_hub = self.trouble.percent(40);
        let at = &self.machines[machine];
        let Some(id) = at.daemon.as_ref().and_then(|daemon| daemon.order(number)) else {
            return false;
        };
        let disk = if at_hub { &self.hub.disk } else { &at.disk };
        let is_spoiled = disk.damage(id, damage);
        if is_spoiled {
            self.ledger.poison(id);
            self.note(|| {
                format!(
                    "{} is spoiled at machine {machine} (hub: {at_hub})",
                    short(id)
                )
            });
        }
        is_spoiled
    }

    /// A program writes what `write` makes of one of its orders. False when it was nothing.
    fn write_at(
        &mut self,
        machine: usize,
        order: Option<DocumentId>,
        write: impl FnOnce(Option<&Document>, &mut Authoring, &mut Moment<'_>) -> Option<Document>,
    ) -> Option<Document> {
        let now = self.clock_of(machine);
        self.serial += 1;
        let serial = self.serial;
        let mut random = Random::of(self.trouble.number(), serial);
        let daemon = self.machines[machine].daemon.as_mut()?;
        let order = order.and_then(|id| daemon.store().document(id).ok().flatten());
        let mut authoring = daemon.store_mut().author(None, now).ok()?;
        let after = authoring.counter();
        let mut moment = Moment {
            now,
            random: &mut random,
            serial,
        };
        let delta = write(order.as_ref(), &mut authoring, &mut moment)?;
        let deltas = std::slice::from_ref(&delta);
        let changes = daemon
            .store_mut()
            .commit(deltas, &authoring, now, &[])
            .ok()?;
        daemon.follow(&changes);
        let made = Made {
            what: "strange",
            deltas: vec![delta.clone()],
            after,
            payment: None,
        };
        self.done(machine, made);
        Some(delta)
    }

    fn some_order(&mut self, machine: usize) -> Option<DocumentId> {
        let number = self.trouble.number();
        let daemon = self.machines[machine].daemon.as_ref()?;
        daemon.order(number)
    }

    fn write_what_is_forbidden(&mut self, machine: usize) -> bool {
        let written = self.write_at(machine, None, |_, authoring, moment| {
            Some(counter::forbidden(authoring, moment))
        });
        if let Some(delta) = &written {
            self.ledger.poison(delta.id());
        }
        written.is_some()
    }

    fn write_as_a_later_version(&mut self, machine: usize) -> bool {
        let order = self.some_order(machine);
        let order = order.filter(|_| self.trouble.percent(70));
        let written = self.write_at(machine, order, |order, authoring, moment| {
            Some(counter::of_a_later_version(order, authoring, moment))
        });
        written.is_some()
    }

    fn send_elsewhere(&mut self, machine: usize) -> bool {
        let order = self.some_order(machine);
        let written = self.write_at(machine, order, |order, authoring, moment| {
            counter::send_elsewhere(order?, authoring, moment)
        });
        written.is_some()
    }

    /// Two machines that hold an order are cut off; one erases the person, the other one writes about them.
    fn erase_meanwhile(&mut self, machine: usize) -> bool {
        let Some(order) = self.some_order(machine) else {
            return false;
        };
        let holds = |at: &Machine| {
            let daemon = at.daemon.as_ref();
            daemon.is_some_and(|daemon| daemon.store().holds(order).unwrap_or(false))
        };
        let others = 0..self.machines.len();
        let Some(other) = others
            .into_iter()
            .find(|other| *other != machine && holds(&self.machines[*other]))
        else {
            return false;
        };
        for cut_off in [machine, other] {
            self.machines[cut_off].is_line_up = false;
            let length = self.trouble.millis(5_000, 100_000);
            self.after(length, Happening::MendLine(cut_off));
        }
        let erased = self.write_at(machine, Some(order), |order, authoring, _| {
            shared::command::erase(order?, authoring).ok()
        });
        let written = self.write_at(other, Some(order), |order, authoring, moment| {
            counter::write_about(order?, authoring, moment)
        });
        erased.is_some() && written.is_some()
    }

    /// The disk is gone with everything on it; a new machine joins with a number of its own.
    fn lose_disk(&mut self, machine: usize) -> bool {
        let replica = self.next_replica;
        self.next_replica = ReplicaNumber(replica.0 + 1);
        let at = &mut self.machines[machine];
        at.replica = replica;
        at.disk = SimulatedDisk::default();
        at.daemon = None;
        at.unsaved.clear();
        at.backups.clear();
        at.is_another_disk = true;
        self.ledger.note_copy();
        self.after(1_000, Happening::Start(machine));
        self.count_losses();
        true
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    No,
}
