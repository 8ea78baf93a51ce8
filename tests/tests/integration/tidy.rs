//! House rules about the tree that no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// A file longer than this has more than one subject; a reader meets it for the first time.
const MOST_LINES: usize = 700;

#[test]
fn every_rust_file_belongs_to_a_module() -> Result<()> {
    let sources = rust_files()?;
    let forgotten: Vec<_> = sources
        .iter()
        .filter(|path| !is_crate_root(path) && !is_declared(path))
        .collect();
    assert!(
        forgotten.is_empty(),
        "no module names these files, so nothing compiles or tests them: {forgotten:#?}"
    );
    Ok(())
}

#[test]
fn no_file_is_too_long_to_read() -> Result<()> {
    let mut too_long = Vec::new();
    for path in rust_files()? {
        let lines = fs::read_to_string(&path)?.lines().count();
        if lines > MOST_LINES {
            too_long.push((path, lines));
        }
    }
    assert!(
        too_long.is_empty(),
        "{MOST_LINES} lines are the most: {too_long:#?}"
    );
    Ok(())
}

#[test]
fn no_test_is_ignored() -> Result<()> {
    // In two parts, so that this file does not find itself.
    let marks = [concat!("#[", "ignore"), concat!("```", "ignore")];
    for path in rust_files()? {
        let text = fs::read_to_string(&path)?;
        let found = marks.iter().find(|mark| text.contains(**mark));
        assert_eq!(
            found,
            None,
            "{}: mend the test or delete it",
            path.display()
        );
    }
    Ok(())
}

/// Whoever changes a message reads the page that describes it, and then writes the new number there.
#[test]
fn the_protocol_page_describes_the_messages_as_they_are() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the workspace is one up")?;
    let mut files = Vec::new();
    collect(&root.join("shared/src/wire"), &mut files)?;
    files.sort();
    let mut hasher = Sha256::new();
    for file in &files {
        hasher.update(file.file_name().context("a file")?.as_encoded_bytes());
        hasher.update(fs::read(file)?);
    }
    let digest = hasher.finalize();
    let head = digest.first_chunk::<8>().context("32 bytes")?;
    let number = format!("{:016x}", u64::from_be_bytes(*head));
    let page = fs::read_to_string(root.join("docs/PROTOCOL.md"))?;
    assert!(
        page.contains(&format!("`shared/src/wire` {number}")),
        "shared/src/wire has changed: read docs/PROTOCOL.md, mend what is no longer so, and end it with the number {number}"
    );
    Ok(())
}

/// Files that cargo finds by itself.
fn is_crate_root(path: &Path) -> bool {
    let root = ["main.rs", "lib.rs", "build.rs"]
        .iter()
        .any(|name| path.ends_with(name));
    root || path.parent().is_some_and(|directory| {
        ["bin", "benches", "examples"]
            .iter()
            .any(|name| directory.ends_with(name))
    })
}

/// Whether the module above says `mod name;`.
fn is_declared(path: &Path) -> bool {
    let is_directory = path.ends_with("mod.rs");
    let module = if is_directory {
        path.parent()
    } else {
        Some(path)
    };
    let Some((name, directory)) =
        module.and_then(|module| Some((module.file_stem()?.to_str()?, module.parent()?)))
    else {
        return false;
    };
    let above = ["mod.rs", "lib.rs", "main.rs"].map(|file| directory.join(file));
    let declaration = format!("mod {name};");
    // An example is a root of its own, and says what lies beside it.
    let examples = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| is_crate_root(file));
    above
        .into_iter()
        .chain([directory.with_extension("rs")])
        .chain(examples)
        .any(|file| {
            let text = fs::read_to_string(file).unwrap_or_default();
            text.lines().any(|line| {
                line.trim_start()
                    .trim_start_matches("pub ")
                    .trim_start_matches("pub(crate) ")
                    .trim_start_matches("pub(super) ")
                    == declaration
            })
        })
}

/// All Rust files of the workspace, wherever they are in a package.
fn rust_files() -> Result<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the workspace is one up")?;
    let mut found = Vec::new();
    for package in ["client", "server", "shared", "tools", "tests"] {
        collect(&root.join(package), &mut found)?;
    }
    assert!(
        found.len() > 20,
        "only {} Rust files found; this test looks in the wrong place",
        found.len()
    );
    Ok(found)
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in
        fs::read_dir(directory).with_context(|| format!("cannot list {}", directory.display()))?
    {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}
