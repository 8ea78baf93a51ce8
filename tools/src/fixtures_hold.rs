//! The committed fixtures against their truth: counts as an engine holds them, findings, what arrives and what is rejected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use shared::document::Document;
use shared::domain::Order;

use crate::assess::assess;
use crate::end_to_end::Bench;
use crate::generator::{Options, generate};
use crate::source::read_source;
use crate::staging::Staging;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Truth {
    dialect: String,
    encoding: String,
    broken_lines: Vec<u64>,
    findings: Vec<String>,
    rejected: BTreeMap<String, u64>,
    rows: BTreeMap<String, u64>,
    orders: BTreeMap<String, u64>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn truths() -> BTreeMap<String, Truth> {
    let text = std::fs::read_to_string(folder().join("truth.toml")).expect("the truth is there");
    toml::from_str(&text).expect("the truth can be read")
}

#[test]
fn sources_hold_what_an_engine_would() {
    for (name, truth) in truths() {
        let mut staging = Staging::create(None).expect("a staging database");
        let summary = read_source(&folder().join(&name), &mut staging, |_, _| {})
            .expect("the fixture is read");
        assert_eq!(summary.dialect, truth.dialect, "{name}");
        assert_eq!(summary.encoding, truth.encoding, "{name}");
        let assessment = assess(&staging, &summary).expect("it is assessed");
        let rows: BTreeMap<String, u64> = assessment
            .tables
            .iter()
            .map(|table| (table.name.clone(), table.rows))
            .collect();
        assert_eq!(rows, truth.rows, "{name}");
        let broken: Vec<u64> = assessment.errors.iter().map(|broken| broken.line).collect();
        assert_eq!(
            broken, truth.broken_lines,
            "{name}: {:?}",
            assessment.errors
        );
        let found: Vec<&str> = assessment
            .findings
            .iter()
            .map(|finding| finding.code)
            .collect();
        for expected in &truth.findings {
            assert!(
                found.contains(&expected.as_str()),
                "{name}: {expected} is not among {found:?}"
            );
        }
    }
}

#[test]
fn every_row_of_every_fixture_is_accounted_for_and_verified() {
    for (name, truth) in truths() {
        let mut bench = Bench::of(&folder().join(&name));
        let report = bench.run().expect("the run ends");
        assert!(report.is_clean(), "{name}: {:?}", report.differences);
        let verified = bench.verify();
        assert!(verified.is_clean(), "{name}: {:#?}", verified.differences);
        assert_eq!(verified.ledger, report.ledger, "{name}");
        let mut phases: BTreeMap<String, u64> = BTreeMap::new();
        for order in bench.documents().iter().filter_map(Order::of) {
            *phases
                .entry(order.status.phase.code().to_owned())
                .or_default() += 1;
        }
        assert_eq!(phases, truth.orders, "{name}");
        assert_eq!(bench.rejects_by_code(), truth.rejected, "{name}");
    }
}

#[test]
fn people_are_never_merged_on_a_name_alone() {
    let mut bench = Bench::of(&folder().join("skiservice.mysql.sql"));
    bench.run().expect("the run ends");
    let documents = bench.documents();
    let customers = |name: &str| {
        let named = |document: &&Document| {
            document
                .newest("contact/name")
                .and_then(|value| value.as_text().map(str::to_owned))
                .as_deref()
                == Some(name)
        };
        documents
            .iter()
            .filter(|document| document.kind().as_str() == "customer")
            .filter(named)
            .count()
    };
    assert_eq!(
        customers("Flurina Bühler"),
        1,
        "same name and same e-mail: one person"
    );
    assert_eq!(
        customers("Beat Egli"),
        2,
        "same name only: two people until somebody links them"
    );
}

#[test]
fn the_generator_still_writes_the_three_snapshots() {
    for weeks_later in 0..3 {
        let options = Options {
            orders: 100,
            weeks_later,
            one_defect_in: 10,
            ..Options::default()
        };
        let scratch = tempfile::tempdir().expect("a folder");
        let path = scratch.path().join("werkstatt.sql");
        generate(&options, &path).expect("a database is generated");
        let committed = folder().join(format!("werkstatt-week{weeks_later}.mysql.sql"));
        let (new, old) = (std::fs::read(&path), std::fs::read(&committed));
        let (new, old) = (new.expect("it was written"), old.expect("it is committed"));
        assert!(
            new == old,
            "week {weeks_later}: the generator writes other bytes than {}",
            committed.display()
        );
    }
}
