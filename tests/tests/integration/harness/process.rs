//! A process is really started, watched, ended and killed.

use std::process::Command;

use anyhow::{Context, Result};
use tests::{Process, wait_until};

#[tokio::test]
async fn a_line_is_found_whether_it_came_before_or_comes_later() -> Result<()> {
    let process = shell("echo listening on port 4711; read line; sleep 1000")?;
    let port = |line: &str| line.strip_prefix("listening on port ")?.parse::<u16>().ok();
    assert_eq!(process.wait_for_line(port).await?, 4711);
    assert_eq!(
        process.wait_for_line(port).await?,
        4711,
        "asked again, after it was printed"
    );
    Ok(())
}

#[tokio::test]
async fn waiting_for_a_line_of_a_process_that_failed_ends_at_once_and_shows_why() -> Result<()> {
    let process = shell("echo the disk is full >&2; exit 3")?;
    let error = process
        .wait_for_line(|line| line.strip_prefix("ready").map(str::to_owned))
        .await
        .expect_err("it never comes");
    assert!(
        format!("{error:#}").contains("the disk is full"),
        "{error:#}"
    );
    assert_eq!(process.wait_for_end().await?.code(), Some(3));
    Ok(())
}

#[tokio::test]
async fn a_kill_asks_nobody_and_takes_the_children_along() -> Result<()> {
    let process = shell("trap 'echo tidied up' TERM INT EXIT; sleep 1000 & echo child $!; wait")?;
    let child: u32 = process
        .wait_for_line(|line| line.strip_prefix("child ")?.parse().ok())
        .await?;
    assert!(is_alive(child), "the child runs before");

    process.kill()?;

    assert!(!process.is_running());
    assert!(!is_alive(process.id()));
    wait_until("the child is gone too", async || {
        (!is_alive(child)).then_some(())
    })
    .await?;
    assert!(
        !process.lines().contains(&"tidied up".to_owned()),
        "nothing may run after a kill"
    );
    Ok(())
}

#[tokio::test]
async fn a_process_that_is_asked_to_end_may_tidy_up() -> Result<()> {
    let process = shell("trap 'echo tidied up; exit 7' TERM; echo ready; sleep 1000 & wait")?;
    process
        .wait_for_line(|line| (line == "ready").then_some(()))
        .await?;
    assert_eq!(process.terminate().await?.code(), Some(7));
    assert!(process.lines().contains(&"tidied up".to_owned()));
    Ok(())
}

#[tokio::test]
async fn what_a_process_leaves_behind_when_it_ends_is_gone_too() -> Result<()> {
    let process = shell("sleep 1000 & echo child $!")?;
    let child: u32 = process
        .wait_for_line(|line| line.strip_prefix("child ")?.parse().ok())
        .await?;
    process.wait_for_end().await?;
    wait_until("the child is gone", async || {
        (!is_alive(child)).then_some(())
    })
    .await
}

#[tokio::test]
async fn a_dropped_process_is_gone() -> Result<()> {
    let process = shell("echo ready; sleep 1000")?;
    process
        .wait_for_line(|line| (line == "ready").then_some(()))
        .await?;
    let id = process.id();
    assert!(is_alive(id));
    drop(process);
    assert!(!is_alive(id));
    Ok(())
}

#[tokio::test]
async fn a_process_that_ends_before_it_is_ready_is_reported_with_its_output() -> Result<()> {
    let process = shell("echo this address is taken")?;
    let error = process
        .wait_ready("http://127.0.0.1:9/readyz")
        .await
        .expect_err("nobody answers there");
    assert!(
        format!("{error:#}").contains("this address is taken"),
        "{error:#}"
    );
    Ok(())
}

fn shell(script: &str) -> Result<Process> {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Process::start("a shell", command).context("sh is everywhere")
}

/// Whether a process with this number runs; one that has ended and was not yet asked for does not.
fn is_alive(id: u32) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{id}/stat")) else {
        return false;
    };
    // The state follows the name, which is in brackets and may hold anything: `4711 (sh) S ...`.
    status
        .rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
