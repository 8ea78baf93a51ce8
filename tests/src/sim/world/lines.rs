//! What is said over the lines, and what becomes of it.

use super::{ANSWER_WITHIN_MILLIS, Answer, Fault, Happening, Plant, Sender, World};

impl World {
    pub(super) fn poll(&mut self, machine: usize) {
        let now = self.clock_of(machine);
        if !self.is_calm {
            let pause = self.line.millis(1_000, 15_000);
            self.after(pause, Happening::Poll(machine));
        }
        let at = &mut self.machines[machine];
        let Some(daemon) = at.daemon.as_mut().filter(|daemon| !daemon.is_waiting()) else {
            return;
        };
        self.exchanges += 1;
        let exchange = self.exchanges;
        let (route, bytes) = match daemon.plan(exchange, now) {
            Ok(planned) => planned,
            Err(error) => {
                self.note(|| format!("machine {machine} could not plan: {error}"));
                return;
            }
        };
        let sender = Sender {
            machine,
            replica: at.replica,
            branch: at.branch,
            exchange,
            route,
        };
        // Nothing leaves before it is safe here.
        if self.settings.plant != Some(Plant::SendBeforeSync) && !self.persist(machine) {
            return;
        }
        self.after(ANSWER_WITHIN_MILLIS, Happening::GiveUp(machine, exchange));
        self.note(|| {
            format!(
                "machine {machine} sends {route:?} {exchange}, {} B",
                bytes.len()
            )
        });
        self.send_to_hub(sender, bytes);
    }

    fn send_to_hub(&mut self, sender: Sender, bytes: Vec<u8>) {
        if !self.passes(sender.machine) {
            return;
        }
        if self.has(Fault::Duplication) && self.line.percent(10) {
            self.faults.note(Fault::Duplication);
            let delay = self.delay();
            self.after(delay, Happening::ToHub(sender, bytes.clone()));
        }
        let delay = self.delay();
        self.after(delay, Happening::ToHub(sender, bytes));
    }

    pub(super) fn answer(&mut self, answers: Vec<Answer>) {
        for Answer { sender, bytes } in answers {
            if self.machines[sender.machine].answers_arrive && self.passes(sender.machine) {
                let delay = self.delay();
                let arrives = Happening::ToBranch(sender.machine, sender.exchange, bytes);
                self.after(delay, arrives);
            }
        }
    }

    fn passes(&mut self, machine: usize) -> bool {
        if !self.machines[machine].is_line_up {
            return false;
        }
        let is_lost = self.has(Fault::Loss) && self.line.percent(12);
        if is_lost {
            self.faults.note(Fault::Loss);
            self.note(|| "a message is lost".to_owned());
        }
        !is_lost
    }

    fn delay(&mut self) -> u64 {
        if self.has(Fault::Delay) && self.line.percent(15) {
            self.faults.note(Fault::Delay);
            return self.line.millis(1_000, 90_000);
        }
        self.line.millis(5, 60)
    }

    pub(super) fn arrive_at_hub(&mut self, sender: Sender, bytes: &[u8]) {
        let now = self.clock(self.hub.clock_ahead_millis);
        let Some(hub) = &mut self.hub.hub else {
            return;
        };
        if let Err(error) = hub.receive(sender, bytes) {
            self.note(|| {
                format!(
                    "the hub could not take exchange {}: {error}",
                    sender.exchange
                )
            });
        }
        if self.settings.plant == Some(Plant::AnswerBeforeSync)
            && let Some(hub) = &mut self.hub.hub
        {
            let answers = hub.answer(now);
            self.answer(answers);
        }
        self.sync_hub_soon();
    }

    pub(super) fn arrive_at_branch(&mut self, machine: usize, exchange: u64, bytes: &[u8]) {
        let now = self.clock_of(machine);
        let random = u32::try_from(self.line.number() >> 33).unwrap_or(0) | 1;
        let at = &mut self.machines[machine];
        // An answer that came too late finds its connection closed.
        let Some(daemon) = at.daemon.as_mut().filter(|daemon| daemon.awaits(exchange)) else {
            return;
        };
        let received = daemon.receive(bytes, now, random);
        let again = daemon.made_again();
        if !again.is_empty() {
            self.note(|| format!("machine {machine} makes {} writes again", again.len()));
        }
        self.ledger.note_made_again(again);
        match received {
            Ok(true) => {
                self.note(|| {
                    format!("machine {machine} takes the answer to {exchange}; more waits")
                });
                self.after(1, Happening::Poll(machine));
            }
            Ok(false) => self.note(|| format!("machine {machine} takes the answer to {exchange}")),
            Err(error) => self.note(|| format!("machine {machine} could not take it: {error}")),
        }
        self.sync_soon(machine);
    }

    pub(super) fn give_up(&mut self, machine: usize, exchange: u64) {
        let daemon = self.machines[machine].daemon.as_mut();
        if let Some(daemon) = daemon.filter(|daemon| daemon.awaits(exchange)) {
            daemon.give_up();
            if self.is_calm {
                self.after(1, Happening::Poll(machine));
            }
        }
    }
}
