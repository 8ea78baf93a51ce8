//! The rules of `deny.toml` that need nothing but the tree itself: licences, banned crates, sources. They are held against
//! what cargo resolves, so that they hold where cargo-deny is not installed too; with it, `cargo xtask test` asks it as well.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};

/// What of `deny.toml` is held here.
#[derive(Deserialize)]
struct Rules {
    graph: Graph,
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    /// A name, or `name:requirement`.
    #[serde(rename = "crate")]
    what: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

/// What of `cargo metadata` is looked at.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    /// None for our own.
    source: Option<String>,
    license: Option<String>,
}

#[test]
fn every_dependency_keeps_the_rules_of_deny_toml() -> Result<()> {
    let rules: Rules = toml::from_str(include_str!("../../../deny.toml"))?;
    let broken: Vec<String> = dependencies(&rules.graph.targets)?
        .iter()
        .flat_map(|package| rules.broken_by(package))
        .collect();
    ensure!(
        broken.is_empty(),
        "{}\nChoose another crate, or decide on it in deny.toml.",
        broken.join("\n")
    );
    Ok(())
}

#[test]
fn a_dependency_that_breaks_a_rule_is_found() -> Result<()> {
    let rules: Rules = toml::from_str(include_str!("../../../deny.toml"))?;
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let package = |name: &str, version: &str, license: &str, source: &str| Package {
        id: String::new(),
        name: name.to_owned(),
        version: version.to_owned(),
        source: Some(source.to_owned()),
        license: Some(license.to_owned()),
    };
    for (innocent, found) in [
        (package("a", "1.0.0", "MIT OR GPL-3.0-only", registry), ""),
        (package("bincode", "2.0.1", "MIT", registry), ""),
        (
            package("a", "1.0.0", "GPL-3.0-only", registry),
            "GPL-3.0-only",
        ),
        (
            package("a", "1.0.0", "MIT AND AGPL-3.0-only", registry),
            "AGPL-3.0-only",
        ),
        (package("openssl-sys", "0.9.1", "MIT", registry), "rustls"),
        (
            package("bincode", "3.0.0", "MIT", registry),
            "compile_error",
        ),
        (
            package("a", "1.0.0", "MIT", "git+https://example.org/a"),
            "comes from",
        ),
    ] {
        let broken = rules.broken_by(&innocent).join("\n");
        assert_eq!(broken.is_empty(), found.is_empty(), "{broken}");
        assert!(broken.contains(found), "{broken}");
    }
    Ok(())
}

impl Rules {
    /// A sentence for each rule that a package breaks.
    fn broken_by(&self, package: &Package) -> Vec<String> {
        let Some(source) = &package.source else {
            return Vec::new();
        };
        let mut broken = Vec::new();
        let what = format!("{} {}", package.name, package.version);
        let is_known = source.strip_prefix("registry+").is_some_and(|registry| {
            self.sources
                .allow_registry
                .iter()
                .any(|known| known == registry)
        });
        if !is_known {
            broken.push(format!("{what} comes from {source}"));
        }
        let licence = package.license.as_deref().unwrap_or_default();
        match Expression::parse_mode(licence, ParseMode::LAX) {
            Ok(expression) if expression.evaluate(|wanted| self.allows(wanted)) => {}
            Ok(_) => broken.push(format!("{what} is under {licence}, which is not allowed")),
            Err(error) => broken.push(format!("{what} has no licence that can be read: {error}")),
        }
        for banned in &self.bans.deny {
            if banned.is(package) {
                broken.push(format!("{what} is banned: {}", banned.reason));
            }
        }
        broken
    }

    fn allows(&self, wanted: &LicenseReq) -> bool {
        let wanted = wanted.to_string();
        self.licenses.allow.contains(&wanted)
    }
}

impl Banned {
    fn is(&self, package: &Package) -> bool {
        let Some((name, requirement)) = self.what.split_once(':') else {
            return self.what == package.name;
        };
        // The one form that deny.toml uses; another is a mistake that should be seen.
        let least: u64 = requirement
            .strip_prefix(">=")
            .and_then(|major| major.parse().ok())
            .expect("a requirement of deny.toml is >= and a major version");
        let major = package
            .version
            .split('.')
            .next()
            .and_then(|part| part.parse().ok());
        name == package.name && major.is_some_and(|major: u64| major >= least)
    }
}

/// Everything that is built for one of the product's targets.
fn dependencies(targets: &[String]) -> Result<Vec<Package>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--offline",
            "--all-features",
        ])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")));
    for target in targets {
        cargo.args(["--filter-platform", target]);
    }
    let output = cargo.output().context("cargo does not start")?;
    ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    let built: BTreeSet<String> = metadata
        .resolve
        .nodes
        .into_iter()
        .map(|node| node.id)
        .collect();
    let packages: Vec<Package> = metadata
        .packages
        .into_iter()
        .filter(|package| built.contains(&package.id))
        .collect();
    ensure!(packages.len() > 100, "only {} packages", packages.len());
    Ok(packages)
}
