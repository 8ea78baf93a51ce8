//! The browser really shows, prefers, complains and goes away.

use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;
use tests::{Browser, Impact, Screen, Theme, wait_until};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_seen_on_every_screen_in_light_and_dark() -> Result<()> {
    let site = Site::with("index.html", GOOD_PAGE)?;
    let browser = Browser::open("Anna", Screen::Desktop).await?;
    browser.visit(&site.url("index.html")).await?;
    for screen in Screen::ALL {
        browser.resize(screen).await?;
        browser.prefer(Theme::Light).await?;
        browser
            .read(&format!("{} wide, light", screen.size().0))
            .await?;
        browser.prefer(Theme::Dark).await?;
        browser
            .read(&format!("{} wide, dark", screen.size().0))
            .await?;
    }
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screenshot_shows_the_whole_page() -> Result<()> {
    let site = Site::with("index.html", GOOD_PAGE)?;
    let browser = Browser::open("Beat", Screen::Phone).await?;
    browser.visit(&site.url("index.html")).await?;
    let path = browser.keep_screenshot("harness/self-test").await?;
    let (width, height) = png_size(&path)?;
    assert_eq!(width, Screen::Phone.size().0);
    assert!(
        height >= 3000,
        "the page is 3000 pixels high and the picture {height}"
    );
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn accessibility_findings_and_script_errors_come_to_light() -> Result<()> {
    let site = Site::with("good.html", GOOD_PAGE)?.and("bad.html", BAD_PAGE)?;
    let browser = Browser::open("Chiara", Screen::Tablet).await?;

    browser.visit(&site.url("good.html")).await?;
    let findings = browser.accessibility_findings().await?;
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!(browser.console_errors().await?, Vec::<String>::new());

    browser.visit(&site.url("bad.html")).await?;
    let findings = browser.accessibility_findings().await?;
    let image = findings
        .iter()
        .find(|finding| finding.id == "image-alt")
        .context("a picture without words is a finding")?;
    assert_eq!(
        (image.impact, image.is_serious()),
        (Some(Impact::Critical), true)
    );
    assert_eq!(image.places, ["img"]);
    let errors = browser.console_errors().await?;
    assert!(
        errors
            .iter()
            .any(|error| error.contains("the till is stuck")),
        "{errors:?}"
    );
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_share_nothing() -> Result<()> {
    let site = Site::with("index.html", GOOD_PAGE)?;
    let (anna, beat) = (
        Browser::open("Anna", Screen::Tablet).await?,
        Browser::open("Beat", Screen::Tablet).await?,
    );
    for person in [&anna, &beat] {
        person.visit(&site.url("index.html")).await?;
    }
    anna.page()
        .execute("localStorage.setItem('who', 'Anna')", Vec::new())
        .await?;
    let seen = beat
        .page()
        .execute("return localStorage.getItem('who')", Vec::new())
        .await?;
    assert!(seen.json().is_null(), "Beat sees {}", seen.json());
    anna.close().await?;
    beat.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_or_dropped_a_browser_leaves_nothing_behind() -> Result<()> {
    for end in ["closed", "dropped"] {
        let browser = Browser::open("Dora", Screen::Desktop).await?;
        let profile = profile_of(&browser).await?;
        assert!(
            processes_with(&profile) > 0,
            "the browser runs with its profile {profile}"
        );
        if end == "closed" {
            browser.close().await?;
        } else {
            drop(browser);
        }
        wait_until("no process has the profile", async || {
            (processes_with(&profile) == 0).then_some(())
        })
        .await?;
        assert!(
            !Path::new(&profile).exists(),
            "{profile} is still there after the browser was {end}"
        );
    }
    Ok(())
}

const GOOD_PAGE: &str = r#"<!doctype html>
<html lang="de"><head><meta charset="utf-8"><title>Annahme</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body { margin: 0; background: #fff; color: #111 } main { height: 3000px }</style></head>
<body><main><h1>Annahme</h1><p id="screen"></p></main>
<script>
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => { screen_text.textContent = innerWidth + " wide, " + (dark.matches ? "dark" : "light"); };
  const screen_text = document.getElementById("screen");
  dark.addEventListener("change", show); addEventListener("resize", show); show();
</script></body></html>"#;

const BAD_PAGE: &str = r#"<!doctype html>
<html lang="de"><head><meta charset="utf-8"><title>Annahme</title></head>
<body><main><h1>Annahme</h1><img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="></main>
<script>throw new Error("the till is stuck");</script></body></html>"#;

/// Pages in a directory.
struct Site(TempDir);

impl Site {
    fn with(name: &str, page: &str) -> Result<Self> {
        Self(tempfile::tempdir()?).and(name, page)
    }

    fn and(self, name: &str, page: &str) -> Result<Self> {
        std::fs::write(self.0.path().join(name), page)?;
        Ok(self)
    }

    fn url(&self, name: &str) -> String {
        format!("file://{}/{name}", self.0.path().display())
    }
}

/// Width and height from a PNG's header.
fn png_size(path: &Path) -> Result<(u32, u32)> {
    let bytes = std::fs::read(path)?;
    let header = bytes.first_chunk::<24>().context("too short for a PNG")?;
    assert_eq!(&header[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    Ok((number(16), number(20)))
}

async fn profile_of(browser: &Browser) -> Result<String> {
    browser.visit("chrome://version").await?;
    let path = browser.see("#profile_path").await?.text().await?;
    Ok(path.trim_end_matches("/Default").to_owned())
}

/// How many processes were started with this text in their arguments.
fn processes_with(text: &str) -> usize {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return 0;
    };
    let arguments = processes
        .flatten()
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    arguments
        .filter(|arguments| String::from_utf8_lossy(arguments).contains(text))
        .count()
}
