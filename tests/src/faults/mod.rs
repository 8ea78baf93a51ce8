//! The product's processes, killed at random moments while people work, for as many rounds as wanted.
//!
//! A round is: counters work, the hub or a branch is killed (`kill -9`) after a drawn number of answers and a drawn time, perhaps
//! once more while it starts, and starts again. What was acknowledged must be there; whatever got no answer is asked for again,
//! where that is safe, or may have happened or not. From time to time everybody meets, and the books are compared: every
//! acknowledged order and payment is there exactly once, at its branch and at the office, and nothing that nobody asked for;
//! those that were touched since they last met, and all of them at the end.
//!
//! A seed fixes the dice: victims, moments, work. What a kill meets in the processes at that moment it does not fix.

mod book;
mod import;
mod work;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use self::book::Book;
pub use self::import::{ImportReport, ImportVictim, kill_imports};
use self::work::Shift;
use crate::firm::{Branch, Counter, Firm};
use crate::sim::random::Random;
use crate::wait_until;

/// Everybody meets after so many rounds, and at the end.
const MEETING_EVERY: u64 = 25;

/// Answers that a kill waits for are drawn up to this, so that it comes early and late in a shift.
const MOST_ANSWERS_BEFORE: u64 = 10;

/// The kill comes up to so much later than that, in microseconds: a few of the branch's commits, or one of the hub's exchanges.
const MOST_MICROSECONDS_AFTER: u64 = 25_000;

/// Of a hundred kills so many are followed by another while the process starts.
const KILLED_AGAIN_PERCENT: u64 = 20;

/// A second kill comes up to so much after the start began: from the first system calls to the first exchange.
const MOST_START_MICROSECONDS: u64 = 400_000;

/// What a run is.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Kills of the hub.
    pub hub_rounds: u64,
    /// Kills of branches.
    pub branch_rounds: u64,
    /// The dice.
    pub seed: u64,
}

/// What a run came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The dice.
    pub seed: u64,
    /// Rounds that were played.
    pub rounds: u64,
    /// Kills of the hub.
    pub hub_killed: u64,
    /// Kills of branches.
    pub branch_killed: u64,
    /// Second kills, while the process started.
    pub killed_while_starting: u64,
    /// Orders that somebody was told are saved.
    pub orders: usize,
    /// Payments that somebody was told are saved.
    pub payments: usize,
    /// Requests that got no answer.
    pub unanswered: u64,
    /// Times that all books were compared.
    pub meetings: u64,
    /// Promises that were broken.
    pub violations: u64,
    /// The first of them.
    pub broken: Option<String>,
    /// How long it took.
    pub seconds: u64,
}

/// Plays it. A broken promise ends the run and is part of the report; `tell` hears of each round.
///
/// # Errors
/// When the firm cannot be opened.
pub async fn run(settings: Settings, tell: impl Fn(&Report)) -> Result<Report> {
    let begun = Instant::now();
    let mut report = Report {
        seed: settings.seed,
        ..Report::default()
    };
    let mut rounds = Rounds::open(settings).await?;
    let mut left = [settings.hub_rounds, settings.branch_rounds];
    while let Some(victim) = rounds.draw_victim(&mut left) {
        let played = rounds.play(victim, &mut report).await;
        report.seconds = begun.elapsed().as_secs();
        (report.orders, report.payments) = (rounds.book.orders(), rounds.book.payments());
        if let Err(broken) = played {
            let round = report.rounds;
            report.violations += 1;
            report.broken = Some(format!("round {round}, {victim:?}: {broken:#}"));
            return Ok(report);
        }
        report.rounds += 1;
        tell(&report);
    }
    if let Err(broken) = rounds.meet_for_the_last_time(&mut report).await {
        report.violations += 1;
        report.broken = Some(format!("at the end: {broken:#}"));
    }
    report.seconds = begun.elapsed().as_secs();
    Ok(report)
}

/// Who is killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Victim {
    Hub,
    Branch(usize),
}

struct Rounds {
    firm: Firm<2>,
    counters: Vec<Counter>,
    service: String,
    book: Book,
    dice: Random,
    played: u64,
}

impl Rounds {
    async fn open(settings: Settings) -> Result<Self> {
        let firm = Firm::open(["Chur", "Davos"]).await?;
        let [chur, davos] = &firm.branches;
        let counters = vec![
            chur.sign_in(&firm.anna).await?,
            davos.sign_in(&firm.beat).await?,
        ];
        let catalogue = counters[0].json("/api/v1/catalogue").await?;
        let service = catalogue["services"][0]["id"].as_str();
        Ok(Self {
            service: service.context("a service without an id")?.to_owned(),
            book: Book::default(),
            dice: Random::of(settings.seed, 0),
            played: 0,
            firm,
            counters,
        })
    }

    /// One that is left, drawn by how many are left of each.
    fn draw_victim(&mut self, left: &mut [u64; 2]) -> Option<Victim> {
        let all = left[0] + left[1];
        if all == 0 {
            return None;
        }
        if self.dice.number() % all < left[0] {
            left[0] -= 1;
            Some(Victim::Hub)
        } else {
            left[1] -= 1;
            Some(Victim::Branch(self.dice.below(self.firm.branches.len())))
        }
    }

    async fn play(&mut self, victim: Victim, report: &mut Report) -> Result<()> {
        let shifts: Vec<Shift> = (0..self.counters.len())
            .map(|branch| {
                let seed = self.dice.number();
                let again = self.book.take_unanswered(branch);
                Shift::begin(&self.counters[branch], &self.service, again, seed)
            })
            .collect();
        let answers = 1 + self.dice.number() % MOST_ANSWERS_BEFORE;
        // The hub has no counters of its own: it is killed amid what the first branch brings.
        let watched = match victim {
            Victim::Hub => 0,
            Victim::Branch(branch) => branch,
        };
        shifts[watched].wait_for_answers(answers).await?;
        self.a_moment(MOST_MICROSECONDS_AFTER).await;
        match victim {
            Victim::Hub => {
                self.firm.hub.process().kill()?;
                report.hub_killed += 1;
            }
            Victim::Branch(branch) => {
                self.firm.branches[branch].process().kill()?;
                report.branch_killed += 1;
            }
        }
        let mut newest = Vec::new();
        for (branch, shift) in shifts.into_iter().enumerate() {
            let heard = shift.end().await;
            // Whoever is not killed answers everybody: a dead hub stops no counter.
            let is_hit = victim == Victim::Branch(branch);
            ensure!(
                is_hit || heard.unanswered() == 0,
                "{} gave no answer while {victim:?} was down",
                self.firm.branches[branch].name()
            );
            report.unanswered += heard.unanswered();
            newest.extend(self.book.note(branch, heard)?);
        }
        self.start_again(victim, report).await?;
        for (branch, order) in newest {
            self.book
                .compare(branch, &self.counters[branch], &order)
                .await?;
        }
        self.played += 1;
        if self.played.is_multiple_of(MEETING_EVERY) {
            self.meet(report).await?;
        }
        Ok(())
    }

    async fn start_again(&mut self, victim: Victim, report: &mut Report) -> Result<()> {
        if self.dice.percent(KILLED_AGAIN_PERCENT) {
            let starting = match victim {
                Victim::Hub => self.firm.hub.begin_to_start()?,
                Victim::Branch(branch) => self.firm.branches[branch].begin_to_start()?,
            };
            self.a_moment(MOST_START_MICROSECONDS).await;
            starting.kill()?;
            report.killed_while_starting += 1;
        }
        match victim {
            Victim::Hub => {
                self.firm.hub.start_again().await?;
                for branch in &self.firm.branches {
                    branch.follow(&self.firm.hub)?;
                }
                // So that the next kill of the hub comes amid an exchange, and not while everybody waits to try again.
                for branch in &self.firm.branches {
                    everything_is_sent(branch).await?;
                }
            }
            Victim::Branch(branch) => {
                let place = &mut self.firm.branches[branch];
                place.start_again().await?;
                self.counters[branch].follow(place);
            }
        }
        Ok(())
    }

    /// Everybody has everything, and the whole book agrees.
    async fn meet_for_the_last_time(&mut self, report: &mut Report) -> Result<()> {
        self.meet(report).await?;
        for (branch, order) in self.book.all() {
            let counter = &self.counters[branch];
            self.book.compare(branch, counter, &order).await?;
        }
        Ok(())
    }

    /// Everybody has everything, and the book agrees on what was touched since they last met.
    async fn meet(&mut self, report: &mut Report) -> Result<()> {
        for branch in 0..self.counters.len() {
            let again = self.book.take_unanswered(branch);
            let shift = Shift::only(&self.counters[branch], &self.service, again);
            self.book.note(branch, shift.end().await)?;
        }
        for branch in &self.firm.branches {
            branch.wait_identical().await?;
            is_well(branch).await?;
        }
        for (branch, order) in self.book.take_recent() {
            let counter = &self.counters[branch];
            self.book.compare(branch, counter, &order).await?;
        }
        self.book.no_ticket_twice()?;
        let expected = self.book.orders();
        wait_until("the office's list has every order", async || {
            let listed = self.firm.hub.count_orders().await.ok()?;
            (listed >= expected).then_some(())
        })
        .await?;
        let listed = self.firm.hub.count_orders().await?;
        ensure!(
            listed == expected,
            "{expected} orders were taken in, the office has {listed}"
        );
        report.meetings += 1;
        Ok(())
    }

    /// A drawn time: the moment is what is tried, nothing is waited for.
    async fn a_moment(&mut self, most_microseconds: u64) {
        let drawn = self.dice.number() % most_microseconds;
        tokio::time::sleep(Duration::from_micros(drawn)).await;
    }
}

async fn everything_is_sent(branch: &Branch) -> Result<()> {
    let what = format!("{} has sent everything", branch.name());
    wait_until(what, async || {
        let facts = branch.sync_facts().await.ok()?;
        (facts.pending == 0 && facts.all["online"] == true).then_some(())
    })
    .await
}

async fn is_well(branch: &Branch) -> Result<()> {
    let facts = branch.sync_facts().await?.all;
    ensure!(
        facts["unreadable"] == 0 && facts["quarantined"] == 0,
        "{}: {facts}",
        branch.name()
    );
    Ok(())
}
