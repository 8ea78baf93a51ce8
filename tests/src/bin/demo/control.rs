//! The switches: words typed in the terminal and buttons on a page, both carried out in one place.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::BufRead;
use std::pin::pin;
use std::thread;

use anyhow::{Context, Result};
use tests::firm::{Branch, Hub};
use tokio::sync::{mpsc, oneshot};

use crate::page;
use crate::scene::Scene;

/// What somebody wants of the demo.
pub(crate) enum Wish {
    /// A line typed in the terminal.
    Typed(String),
    /// A button: the branch's line shall be cut, or be whole.
    Line(String, Switch),
    /// The page wants to know how things stand.
    Look(oneshot::Sender<Vec<BranchState>>),
}

/// The two positions of a line's switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    Cut,
    Whole,
}

/// How a branch stands, for the page and for `status`.
#[derive(Clone, Debug)]
pub(crate) struct BranchState {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) line: Switch,
    /// Documents that wait for the hub; none when the branch does not answer.
    pub(crate) pending: Option<u64>,
}

/// Wishes that wait: more than a person types or clicks while one is carried out.
const WAITING_WISHES: usize = 16;

/// Carries out wishes until somebody wants to quit.
pub(crate) async fn hand_over(scene: Scene) -> Result<()> {
    let (wishes, mut queue) = mpsc::channel(WAITING_WISHES);
    let page = page::serve(wishes.clone(), page::Facts::of(&scene)).await?;
    print_table(&scene, &page);
    listen_to_keyboard(wishes);
    let mut end = pin!(asked_to_end());
    loop {
        tokio::select! {
            () = &mut end => break,
            wish = queue.recv() => match wish {
                Some(Wish::Typed(line)) if matches!(line.trim(), "quit" | "exit" | "q") => break,
                Some(wish) => carry_out(&scene, wish).await,
                None => break,
            }
        }
    }
    println!("\nEverything ends ...");
    scene.firm.close().await?;
    println!("Nothing is left behind.");
    Ok(())
}

/// Ctrl-C, or SIGTERM.
pub(crate) async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}

async fn carry_out(scene: &Scene, wish: Wish) {
    match wish {
        Wish::Line(name, switch) => turn(scene, &name, switch),
        Wish::Look(answer) => {
            // The page may have been closed meanwhile.
            let _ = answer.send(look(scene).await);
        }
        Wish::Typed(line) => obey(scene, &line).await,
    }
}

async fn obey(scene: &Scene, line: &str) {
    let mut words = line.split_whitespace();
    match (words.next(), words.next()) {
        (Some("cut"), Some(name)) => turn(scene, name, Switch::Cut),
        (Some("mend"), Some(name)) => turn(scene, name, Switch::Whole),
        (Some("status"), _) => {
            for state in look(scene).await {
                let line = match state.line {
                    Switch::Cut => "line cut  ",
                    Switch::Whole => "line whole",
                };
                let waiting = state.pending.map_or("does not answer".to_owned(), |count| {
                    format!("{count} waiting for the hub")
                });
                println!("  {:<8} {line}  {waiting}", state.name);
            }
        }
        (None, _) => {}
        _ => println!("{HELP}"),
    }
}

const HELP: &str = "  cut davos     the line of Davos to the hub is cut (also: cut chur)
  mend davos    it is whole again
  status        how both branches stand
  quit          end everything (also Ctrl-C)";

fn turn(scene: &Scene, name: &str, switch: Switch) {
    let Some(branch) = scene.branch(name) else {
        println!("  There is no branch {name}; there are Chur and Davos.");
        return;
    };
    match switch {
        Switch::Cut => branch.line().cut(),
        Switch::Whole => branch.line().mend(),
    }
    let is = match switch {
        Switch::Cut => "cut. Its counters go on working",
        Switch::Whole => "whole again",
    };
    println!("  The line of {} is {is}.", branch.name());
}

async fn look(scene: &Scene) -> Vec<BranchState> {
    let mut states = Vec::new();
    for branch in &scene.firm.branches {
        let facts = branch.sync_facts().await.ok();
        states.push(BranchState {
            name: branch.name().to_owned(),
            url: Scene::browser_url(branch),
            line: position(branch),
            pending: facts.map(|facts| facts.pending),
        });
    }
    states
}

fn position(branch: &Branch) -> Switch {
    if branch.line().is_whole() {
        Switch::Whole
    } else {
        Switch::Cut
    }
}

fn print_table(scene: &Scene, page: &str) {
    let sums = &scene.import.report["ledger"]["Aufträge"];
    let mut rows = vec![
        row("Switches", page, "buttons that cut and mend the lines"),
        row(
            "Office (hub)",
            scene.hub().url(),
            &format!("{} / {}", Hub::LOGIN, scene.hub().password()),
        ),
    ];
    for branch in &scene.firm.branches {
        let people = scene
            .people()
            .map(|member| format!("{} {}", member.name, member.pin));
        rows.push(row(
            &format!("Counter {}", branch.name()),
            &Scene::browser_url(branch),
            &format!("PIN: {}", people.join(", ")),
        ));
    }
    let width = rows
        .iter()
        .map(|row| row.chars().count())
        .max()
        .unwrap_or_default();
    let rule = "─".repeat(width);
    println!(
        "\nImported from the old database: {} orders, {} rejected with their reasons.\n\n{rule}",
        sums["migrated"], sums["rejected"]
    );
    for row in rows {
        println!("{row}");
    }
    println!("{rule}\n\n{HELP}\n");
}

fn row(what: &str, url: &str, log_in: &str) -> String {
    let mut row = String::new();
    // Writing to a string cannot fail.
    let _: Result<(), std::fmt::Error> = write!(row, "{what:<14} {url:<28} {log_in}");
    row
}

/// Reads the keyboard on a thread of its own: a read of standard input cannot be called off. It ends with the process.
fn listen_to_keyboard(wishes: mpsc::Sender<Wish>) {
    thread::spawn(move || -> Option<Infallible> {
        for line in std::io::stdin().lock().lines() {
            wishes.blocking_send(Wish::Typed(line.ok()?)).ok()?;
        }
        // Without a keyboard the page and Ctrl-C remain.
        None
    });
}

/// How things stand, asked by the page.
///
/// # Errors
/// When the demo is ending.
pub(crate) async fn ask(wishes: &mpsc::Sender<Wish>) -> Result<Vec<BranchState>> {
    let (answer, answered) = oneshot::channel();
    wishes
        .send(Wish::Look(answer))
        .await
        .context("the demo is ending")?;
    answered.await.context("the demo is ending")
}
