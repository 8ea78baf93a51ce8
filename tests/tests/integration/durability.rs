//! An order is on the disk, not only in the operating system's memory, before anybody hears that it is saved.
//!
//! A kill cannot show this: what was written survives it without reaching the disk. So the system calls are watched.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tests::firm::{Firm, NewOrder, Taken};
use tests::{Process, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn the_branch_answers_after_the_disk_has_the_order() -> Result<()> {
    let firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    // Nothing of the exchange with the hub, which writes too, may pass for the order's own.
    chur.wait_identical().await?;
    chur.line().cut();
    let trace = firm.directory().join("branch.trace");
    let watcher = watch(chur.process(), &trace).await?;
    let new = NewOrder {
        name: "Beat Meier",
        phone: "081 555 01 23",
        item: "Ski",
        services: 1,
        pickup: None,
    };
    let order = anna.take_in(&new).await?;
    wait_until("the watcher has written it down", async || {
        std::fs::read_to_string(&trace)
            .ok()?
            .contains(&redirect_to(&order))
            .then_some(())
    })
    .await?;
    watcher.terminate().await?;
    let calls = Calls::read(&std::fs::read_to_string(&trace)?);
    let asked = calls.first("the request", |call| {
        call.text.contains("POST /orders HTTP/1.1")
    })?;
    let answered = calls.first("the answer", |call| {
        call.is_write() && call.text.contains(&redirect_to(&order))
    })?;
    let synced = calls
        .0
        .iter()
        .position(|call| call.is_sync_of_the_store() && call.begun > asked.ended);
    let synced = synced
        .map(|place| &calls.0[place])
        .context("no fdatasync of the store after the request")?;
    ensure!(
        synced.ended < answered.begun,
        "the answer (line {}) was written before the fdatasync was done (line {})",
        answered.begun,
        synced.ended
    );
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_acknowledges_after_the_disk_has_it() -> Result<()> {
    let firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let anna = chur.sign_in(&firm.anna).await?;
    chur.wait_identical().await?;
    let trace = firm.directory().join("hub.trace");
    let watcher = watch(firm.hub.process(), &trace).await?;
    let new = NewOrder {
        name: "Beat Meier",
        phone: "081 555 01 23",
        item: "Ski",
        services: 1,
        pickup: None,
    };
    let order = anna.take_in(&new).await?;
    wait_until("the hub has acknowledged it", async || {
        let order = anna.order(&order.id).await.ok()?;
        (order["whereabouts"]["state"] == "at_office").then_some(())
    })
    .await?;
    watcher.terminate().await?;
    let calls = Calls::read(&std::fs::read_to_string(&trace)?);
    let asked = calls.first("the exchange", |call| {
        call.text.contains("POST /sync/v1/exchange")
    })?;
    let answered = calls.first("the answer", |call| {
        call.is_write()
            && call.begun > asked.ended
            && call.text.contains("HTTP/1.1 200 OK")
            // Waits are answered in JSON, exchanges in bytes that say themselves what they are.
            && !call.text.contains("application/json")
    })?;
    let is_between = |call: &Call| call.begun > asked.ended && call.ended < answered.begun;
    ensure!(
        calls
            .0
            .iter()
            .any(|call| call.is_sync_of_the_store() && is_between(call)),
        "no fdatasync of the store between the exchange (line {}) and its answer (line {})",
        asked.begun,
        answered.begun
    );
    firm.close().await
}

/// Writes every write, read and sync of a process down, in the order in which they happen, until it is ended.
async fn watch(process: &Process, trace: &Path) -> Result<Process> {
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", "4096", "-e"]);
    command.arg("trace=fdatasync,fsync,read,recvfrom,write,writev,sendto,sendmsg");
    command
        .arg("-o")
        .arg(trace)
        .args(["-p", &process.id().to_string()]);
    let watcher = Process::start("strace", command)
        .context("these tests need strace; `cargo xtask prepare` installs it or says how")?;
    watcher
        .wait_for_line(|line| line.contains("attached").then_some(()))
        .await?;
    Ok(watcher)
}

fn redirect_to(order: &Taken) -> String {
    format!("location: /orders/{}", order.id)
}

/// System calls in the order in which they began.
struct Calls(Vec<Call>);

/// One system call, with the lines of the trace at which it began and ended.
#[derive(Debug)]
struct Call {
    text: String,
    begun: usize,
    ended: usize,
}

impl Calls {
    fn read(trace: &str) -> Self {
        let mut calls: Vec<Call> = Vec::new();
        let mut unfinished: HashMap<&str, usize> = HashMap::new();
        for (line, text) in trace.lines().enumerate() {
            let Some((thread, text)) = text.split_once(' ') else {
                continue;
            };
            let text = text.trim_start();
            if let Some(rest) = text.strip_prefix("<... ") {
                // The second half of a call that another thread's interrupted in the trace.
                if let Some(place) = unfinished.remove(thread) {
                    calls[place].ended = line;
                    calls[place].text.push_str(rest);
                }
                continue;
            }
            if text.ends_with("<unfinished ...>") {
                unfinished.insert(thread, calls.len());
            }
            calls.push(Call {
                text: text.to_owned(),
                begun: line,
                ended: line,
            });
        }
        // What had not ended when the trace did, ended after everything.
        for place in unfinished.into_values() {
            calls[place].ended = usize::MAX;
        }
        Self(calls)
    }

    fn first(&self, what: &str, is_it: impl Fn(&Call) -> bool) -> Result<&Call> {
        let found = self.0.iter().find(|call| is_it(call));
        found.with_context(|| format!("{what} is not among {} system calls", self.0.len()))
    }
}

impl Call {
    fn is_write(&self) -> bool {
        ["write(", "writev(", "sendto(", "sendmsg("]
            .iter()
            .any(|name| self.text.starts_with(name))
    }

    fn is_sync_of_the_store(&self) -> bool {
        let is_sync = self.text.starts_with("fdatasync(") || self.text.starts_with("fsync(");
        is_sync
            && (self.text.contains("/journal>") || self.text.contains("/journal-2>"))
            && self.text.contains("= 0")
    }
}

#[test]
fn a_call_in_two_halves_is_one_call() {
    let calls = Calls::read(
        "7 fdatasync(9</data/store/journal> <unfinished ...>\n8 write(3<socket:[1]>, \"x\", 1) = 1\n7 <... fdatasync resumed>) = 0\n7 fsync(9</data/store/journal> <unfinished ...>\n",
    );
    assert_eq!(calls.0.len(), 3);
    assert_eq!((calls.0[0].begun, calls.0[0].ended), (0, 2));
    assert!(calls.0[0].is_sync_of_the_store() && !calls.0[1].is_sync_of_the_store());
    assert!(calls.0[1].is_write());
    assert_eq!(calls.0[2].ended, usize::MAX);
}
