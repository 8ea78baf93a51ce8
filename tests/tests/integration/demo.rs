//! What people try first works.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::{Process, binary};

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_proves_its_day() -> Result<()> {
    let mut command = binary("demo")?;
    command.args(["--check", "--orders", "60"]);
    // Its own harness need not build what ours has built.
    command.env("OFFPISTE_BINARIES_ARE_BUILT", "1");
    let demo = Process::start("the demo", command)?;
    let status = demo.wait_for_end().await?;
    let lines = demo.lines();
    let mut objects = lines.iter().filter(|line| line.starts_with('{'));
    let last = objects.next_back().with_context(|| lines.join("\n"))?;
    let proof: Value = serde_json::from_str(last)?;
    ensure!(status.success(), "{status}: {last}");
    ensure!(proof["ok"] == true && proof["converged"] == true, "{proof}");
    ensure!(proof["imported"].as_u64() > Some(30), "{proof}");
    ensure!(
        proof["taken_offline"] == 2 && proof["conflicts"] == 1,
        "{proof}"
    );
    Ok(())
}
