//! What goes wrong, and how.

use super::{
    BACKUPS, BranchStore, Copies, Damage, Fault, Happening, Hub, HubStore, MACHINES, Machine, Made,
    Moment, Random, SimulatedDisk, Version, World, YEAR_MILLIS, counter, short,
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
            Fault::ForbiddenWrite => self.write_strangely(machine, Strange::Forbidden),
            Fault::LaterVersion => self.write_strangely(machine, Strange::Later),
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
        if Hub::begin_new_epoch(&backup, epoch, incarnation).is_err() {
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
            clock_ahead_millis: at.clock_ahead_millis,
            backups: Vec::new(),
            unsaved: Vec::new(),
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

    fn write_strangely(&mut self, machine: usize, strange: Strange) -> bool {
        let now = self.clock_of(machine);
        self.serial += 1;
        let serial = self.serial;
        let mut random = Random::of(self.trouble.number(), serial);
        let at = &mut self.machines[machine];
        let Some(daemon) = &mut at.daemon else {
            return false;
        };
        let order = daemon
            .order(random.number())
            .filter(|_| random.percent(70))
            .and_then(|id| daemon.store().document(id).ok().flatten());
        let Ok(mut authoring) = daemon.store_mut().author(None, now) else {
            return false;
        };
        let after = authoring.counter();
        let mut moment = Moment {
            now,
            random: &mut random,
            serial,
        };
        let delta = match strange {
            Strange::Forbidden => counter::forbidden(&mut authoring, &mut moment),
            Strange::Later => {
                counter::of_a_later_version(order.as_ref(), &mut authoring, &mut moment)
            }
        };
        if strange == Strange::Forbidden {
            self.ledger.poison(delta.id());
        }
        let Ok(changes) =
            daemon
                .store_mut()
                .commit(std::slice::from_ref(&delta), &authoring, now, &[])
        else {
            return false;
        };
        daemon.follow(&changes);
        let made = Made {
            what: "strange",
            deltas: vec![delta],
            after,
            payment: None,
        };
        self.done(machine, made);
        true
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    No,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strange {
    Forbidden,
    Later,
}
