//! A hub and two branches on this machine, with a switch in each line.
//!
//! Real processes over real HTTP in a temporary directory; nothing stays behind.

mod control;
mod day;
mod page;
mod scene;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use scene::Scene;

/// Shows Offpiste: a hub, the branches Chur and Davos, and a few thousand orders of an old database.
///
/// Everything runs on this machine in a temporary directory and ends with Ctrl-C. Type `help` while it runs.
#[derive(Debug, Parser)]
#[command(name = "demo")]
struct Options {
    /// Run one day unattended, prove each step, and print one JSON object as the last line.
    #[arg(long)]
    check: bool,
    /// How many orders the old database has.
    #[arg(long, value_name = "N", default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(20..=1_000_000))]
    orders: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let result = if options.check {
        check(options.orders).await
    } else {
        show(options.orders).await
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the day and proves it. The last line is the JSON object, also when something was off.
async fn check(orders: u64) -> Result<()> {
    let start = Instant::now();
    let proof = tokio::select! {
        proof = day::prove(orders) => proof,
        () = control::asked_to_end() => Err(anyhow::anyhow!("stopped before the end")),
    };
    let seconds = start.elapsed().as_millis();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a day of milliseconds fits a float exactly"
    )]
    let seconds = seconds as f64 / 1000.0;
    match &proof {
        Ok(proof) => println!("{}", proof.json(seconds)),
        Err(error) => {
            let failed = serde_json::json!({ "ok": false, "error": format!("{error:#}"), "seconds": seconds });
            println!("{failed}");
        }
    }
    proof.map(|_| ())
}

/// Sets the scene and hands the switches to the person at the keyboard.
async fn show(orders: u64) -> Result<()> {
    println!("Offpiste demo: one hub, two branches, {orders} orders of an old database.\n");
    let scene = tokio::select! {
        scene = Scene::set(orders, |what| println!("  {what} ...")) => scene?,
        () = control::asked_to_end() => return Ok(()),
    };
    control::hand_over(scene).await
}
