//! A counter over many orders: the real process, asked as its pages ask.

use std::time::Instant;

use anyhow::{Result, ensure};
use tests::firm::{Counter, Firm, Import};
use tools::generator::{self, Options};

use crate::figures::Figures;

/// What people type into the search box, letter by letter: names, a phone, a piece.
const TYPED: [&str; 6] = [
    "meier",
    "caduff anna",
    "tschudi",
    "079 5",
    "atomic",
    "schmid",
];

/// How often everything is typed.
const TIMES: usize = 20;

/// How often the day list is read.
const DAY_LISTS: usize = 200;

/// How often the process is started.
const STARTS: usize = 5;

/// Imports `orders` orders for one branch, then measures it.
pub(crate) async fn measure(orders: u64) -> Result<Figures> {
    let mut figures = Figures::default();
    let mut firm = Firm::open(["Chur"]).await?;
    let source = firm.directory().join("werkstatt.sql");
    let options = Options {
        orders,
        branches: vec!["Chur".to_owned()],
        ..Options::default()
    };
    generator::generate(&options, &source)?;
    let import = Import::planned(&source, "Chur").await?;
    let report = import.run(&firm.hub).await?;
    let rate = report["rows_per_second"].as_f64().unwrap_or_default();
    figures.add(
        "import into the running hub, branch receiving",
        rate,
        "rows/s",
    );
    wait_for_everything(&firm).await?;

    let chur = &mut firm.branches[0];
    let facts = chur.sync_facts().await?;
    let documents = facts.all["documents"].as_u64();
    let documents = usize::try_from(documents.unwrap_or_default())?;
    figures.add_count("documents at the branch", documents, "");
    let mut anna = chur.sign_in(&firm.anna).await?;
    search(&anna, &mut figures).await?;
    let mut times = Vec::with_capacity(DAY_LISTS);
    for _ in 0..DAY_LISTS {
        let start = Instant::now();
        anna.page("/today/list").await?;
        times.push(start.elapsed());
    }
    figures.add_times("day list", &mut times);

    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        chur.process().terminate().await?;
        let start = Instant::now();
        chur.start_again().await?;
        anna.follow(chur);
        anna.page("/today").await?;
        times.push(start.elapsed());
    }
    figures.add_times(
        "start of the process until the day list is shown",
        &mut times,
    );
    firm.close().await?;
    Ok(figures)
}

/// Types each letter as the search box does: one request for each.
async fn search(anna: &Counter, figures: &mut Figures) -> Result<()> {
    let mut times = Vec::new();
    let mut found = 0;
    for _ in 0..TIMES {
        for typed in TYPED {
            for (end, _) in typed.char_indices().skip(2) {
                let query = typed[..end].replace(' ', "+");
                let start = Instant::now();
                let page = anna.page(&format!("/search/results?q={query}")).await?;
                times.push(start.elapsed());
                found += usize::from(page.contains("/orders/"));
            }
        }
    }
    ensure!(
        found > times.len() / 2,
        "the search finds too little to be measured: {found} of {}",
        times.len()
    );
    figures.add_times(
        "search as one types, each letter from the second on",
        &mut times,
    );
    Ok(())
}

/// A first synchronisation may take longer than a test has patience for; it only has to go on.
async fn wait_for_everything(firm: &Firm<1>) -> Result<()> {
    let mut held = 0;
    loop {
        if firm.branches[0].wait_identical().await.is_ok() {
            return Ok(());
        }
        let now = firm.branches[0].sync_facts().await?.all["documents"]
            .as_u64()
            .unwrap_or_default();
        ensure!(
            now > held,
            "the branch receives nothing any more: {now} documents"
        );
        held = now;
    }
}
