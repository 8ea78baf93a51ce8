//! A person at a screen: a real Chromium, headless, with a profile of its own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::prelude::*;
use thirtyfour::session::http::CmdResponse;
use thirtyfour::{
    ChromeCapabilities, ChromiumLikeCapabilities, LoggingPrefsLogLevel, RequestData, SessionId,
};

use crate::accessibility::{self, Finding};
use crate::binaries::artefacts_directory;
use crate::http::use_ring_for_tls;
use crate::process::Process;

/// Flags that keep the browser to the page: no GPU, no first-run dialogues, no talk with the outside.
const CHROMIUM_FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--lang=de-CH",
    "--accept-lang=de-CH,de",
];

/// How often chromedriver is started before we believe that it finds no port.
const DRIVER_STARTS: usize = 5;

/// What chromedriver says when the other address family has its port in use.
const PORT_TAKEN: &str = "Address already in use";

/// A browser window with cookies of its own. Two browsers are two people at two counters.
///
/// [`Browser::page`] is the whole WebDriver, for clicking and typing; the methods here are what our tests ask for often.
/// End it with [`Browser::close`]; a panicking test ends it by dropping it.
#[derive(Debug)]
pub struct Browser {
    name: String,
    // Dropped in this order: the session ends first, then its driver, then the profile's directory goes.
    driver: WebDriver,
    chromedriver: Process,
    _profile: TempDir,
}

impl Browser {
    /// Opens a browser for the person called `name` at a screen of this size.
    ///
    /// # Errors
    /// When Chromium or chromedriver are missing or do not start; the text says how to get them.
    pub async fn open(name: &str, screen: Screen) -> Result<Self> {
        use_ring_for_tls();
        let (chromedriver, port) = start_driver(name).await?;
        let profile = tempfile::Builder::new()
            .prefix("offpiste-browser-")
            .tempdir()
            .context("no place for a profile")?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities(&profile)?)
            .await
            .context("Chromium does not start; is it installed, and of chromedriver's version?")?;
        let browser = Self {
            name: name.to_owned(),
            driver,
            chromedriver,
            _profile: profile,
        };
        browser.resize(screen).await?;
        Ok(browser)
    }

    /// The page that is open, for finding, clicking and typing.
    #[must_use]
    pub fn page(&self) -> &WebDriver {
        &self.driver
    }

    /// Opens `url` and waits until it has loaded.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub async fn visit(&self, url: &str) -> Result<()> {
        self.driver
            .goto(url)
            .await
            .with_context(|| format!("{} cannot open {url}", self.name))
    }

    /// Goes on as if on another screen; the page notices, as with a turned tablet.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn resize(&self, screen: Screen) -> Result<()> {
        let (width, height) = screen.size();
        self.resize_to(width, height, screen.has_touch()).await
    }

    /// The same for a counter's computer with a mouse, whose window is so wide, in CSS pixels.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn widen(&self, width: u32) -> Result<()> {
        self.resize_to(width, 768, false).await
    }

    async fn resize_to(&self, width: u32, height: u32, touch: bool) -> Result<()> {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch }),
        )
        .await?;
        self.devtools(
            "Emulation.setTouchEmulationEnabled",
            json!({ "enabled": touch }),
        )
        .await
    }

    /// Sets what the operating system prefers, which pages follow by `prefers-color-scheme`.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn prefer(&self, theme: Theme) -> Result<()> {
        let value = match theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "media": "screen", "features": features }),
        )
        .await?;
        self.settle().await
    }

    /// Shows the page as it would be printed, until [`Browser::prefer`] shows the screen again.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn preview_print(&self) -> Result<()> {
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "media": "print", "features": [] }),
        )
        .await
    }

    /// The sizes of the pages that printing this page gives, each width and height in millimetres.
    ///
    /// # Errors
    /// When the browser refuses, or what it prints is no PDF.
    pub async fn printed_pages(&self) -> Result<Vec<(f64, f64)>> {
        const MILLIMETRES_A_POINT: f64 = 25.4 / 72.0;
        let wanted = json!({ "preferCSSPageSize": true, "printBackground": true });
        let printed = self.devtools_value("Page.printToPDF", wanted).await?;
        let data = printed["data"].as_str().context("nothing was printed")?;
        let pdf = BASE64_STANDARD.decode(data)?;
        let pdf = String::from_utf8_lossy(&pdf);
        let pages = pdf.split("/MediaBox [").skip(1).map(|rest| {
            let corners = rest.split(']').next().unwrap_or_default();
            let numbers: Result<Vec<f64>, _> = corners.split_whitespace().map(str::parse).collect();
            match numbers?.as_slice() {
                [left, bottom, right, top] => Ok((
                    (right - left) * MILLIMETRES_A_POINT,
                    (top - bottom) * MILLIMETRES_A_POINT,
                )),
                _ => Err(anyhow!("a page without a size: {corners}")),
            }
        });
        pages.collect()
    }

    /// Waits until `css` finds an element that is displayed, and returns it.
    ///
    /// # Errors
    /// When there is none after [`PATIENCE`](crate::PATIENCE); with a screenshot in the artefacts.
    pub async fn see(&self, css: &str) -> Result<WebElement> {
        let found = crate::wait_until(format!("{} sees {css}", self.name), async || {
            for element in self.driver.find_all(By::Css(css)).await.ok()? {
                if element.is_displayed().await.unwrap_or(false) {
                    return Some(element);
                }
            }
            None
        });
        match found.await {
            Ok(element) => Ok(element),
            Err(error) => {
                let kept = self.keep_screenshot(&format!("failed-{}", self.name)).await;
                Err(error.context(format!("screenshot: {kept:?}")))
            }
        }
    }

    /// Waits until the visible text of the page contains `text`.
    ///
    /// # Errors
    /// When it does not after [`PATIENCE`](crate::PATIENCE); with the text that is there instead.
    pub async fn read(&self, text: &str) -> Result<()> {
        let seen = crate::wait_until(format!("{} reads \"{text}\"", self.name), async || {
            self.visible_text().await.ok()?.contains(text).then_some(())
        });
        if let Err(error) = seen.await {
            let there = self.visible_text().await?;
            let kept = self.keep_screenshot(&format!("failed-{}", self.name)).await;
            return Err(error.context(format!("the page says: {there}\nscreenshot: {kept:?}")));
        }
        Ok(())
    }

    /// The text a person can see on the page.
    ///
    /// # Errors
    /// When the page has no body or is just being replaced.
    pub async fn visible_text(&self) -> Result<String> {
        let body = self
            .driver
            .find(By::Tag("body"))
            .await
            .context("the page has no body")?;
        body.text().await.context("the page has no text")
    }

    /// Keeps a picture of the whole page, also of what lies below the screen's edge, as `artefacts/<name>.png`.
    ///
    /// # Errors
    /// When it cannot be taken or written.
    pub async fn keep_screenshot(&self, name: &str) -> Result<PathBuf> {
        let path = artefacts_directory()?.join(format!("{}.png", name.replace([' ', '/'], "-")));
        let layout: Value = self
            .devtools_value("Page.getLayoutMetrics", json!({}))
            .await?;
        let size = &layout["cssContentSize"];
        let clip =
            json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let options = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let shot = self
            .devtools_value("Page.captureScreenshot", options)
            .await?;
        let encoded = shot["data"].as_str().context("the screenshot is empty")?;
        let bytes = BASE64_STANDARD
            .decode(encoded)
            .context("the screenshot is garbled")?;
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Everything axe-core finds wrong with the page as it is now; judge it with
    /// [`Finding::is_serious`].
    ///
    /// # Errors
    /// When axe-core was not fetched (`cargo xtask prepare` does) or cannot run.
    pub async fn accessibility_findings(&self) -> Result<Vec<Finding>> {
        accessibility::check(&self.driver).await
    }

    /// Errors the page wrote to the browser's console since the last call: failed scripts, refused or missing resources.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn console_errors(&self) -> Result<Vec<String>> {
        let entries = self
            .driver
            .browser_log()
            .await
            .context("the console cannot be read")?;
        Ok(entries
            .into_iter()
            .filter(|entry| entry.level == "SEVERE")
            .map(|entry| entry.message)
            .collect())
    }

    /// Ends the browser and its driver.
    ///
    /// # Errors
    /// When either does not end by itself.
    pub async fn close(self) -> Result<()> {
        self.driver
            .quit()
            .await
            .with_context(|| format!("the browser of {} does not close", self.name))?;
        self.chromedriver.terminate().await?;
        Ok(())
    }

    /// Waits until nothing moves or fades any more: a picture taken in between shows a page that nobody ever sees.
    async fn settle(&self) -> Result<()> {
        let what = format!("the page of {} comes to rest", self.name);
        crate::wait_until(what, async || {
            let moving = self.driver.execute(COUNT_ANIMATIONS, Vec::new()).await;
            let moving: u64 = moving.ok()?.convert().ok()?;
            (moving == 0).then_some(())
        })
        .await
    }

    async fn devtools(&self, method: &'static str, parameters: Value) -> Result<()> {
        self.devtools_value(method, parameters).await.map(|_| ())
    }

    async fn devtools_value(&self, method: &'static str, parameters: Value) -> Result<Value> {
        let answer = self.driver.cmd(DevTools { method, parameters }).await;
        answer
            .and_then(CmdResponse::value)
            .map_err(|error| anyhow!("{method}: {error}"))
    }
}

/// How many animations and transitions run that will end.
const COUNT_ANIMATIONS: &str = "
    const runs = animation => animation.playState === 'running'
        && animation.effect?.getComputedTiming().endTime !== Infinity;
    return document.getAnimations().filter(runs).length;
";

/// Sizes that the pages are made for, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// In a hand, 390 x 844, touch.
    Phone,
    /// On a stand at the counter, 1180 x 820, touch.
    Tablet,
    /// In the office, 1440 x 900, with a mouse.
    Desktop,
}

impl Screen {
    /// All of them, for a test that walks through.
    pub const ALL: [Self; 3] = [Self::Phone, Self::Tablet, Self::Desktop];

    /// Width and height in CSS pixels.
    #[must_use]
    pub fn size(self) -> (u32, u32) {
        match self {
            Self::Phone => (390, 844),
            Self::Tablet => (1180, 820),
            Self::Desktop => (1440, 900),
        }
    }

    fn has_touch(self) -> bool {
        self != Self::Desktop
    }
}

/// What the operating system prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

fn capabilities(profile: &TempDir) -> Result<ChromeCapabilities> {
    let mut capabilities = ChromeCapabilities::new();
    for flag in CHROMIUM_FLAGS {
        capabilities.add_arg(flag)?;
    }
    capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(capabilities)
}

/// Starts a chromedriver for the person called `name`, and returns it with the port on which it listens.
///
/// Asked for any free port, it takes one of IPv6 and then wants the same number of IPv4, which a server beside it may
/// hold: then it ends at once, and is started again.
async fn start_driver(name: &str) -> Result<(Process, u16)> {
    let mut last = None;
    for _ in 0..DRIVER_STARTS {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0");
        let driver = Process::start(&format!("chromedriver of {name}"), command).context(
            "the browser tests need chromedriver; `cargo xtask prepare` installs it or says how",
        )?;
        let listening = driver.wait_for_line(|line| {
            line.rsplit_once("started successfully on port ")?
                .1
                .trim_end_matches('.')
                .parse()
                .ok()
        });
        match listening.await {
            Ok(port) => return Ok((driver, port)),
            Err(error) if driver.lines().iter().any(|line| line.contains(PORT_TAKEN)) => {
                last = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow!("chromedriver was never started")))
}

/// A command of the Chrome DevTools Protocol, by chromedriver's extension for it.
#[derive(Debug)]
struct DevTools {
    method: &'static str,
    parameters: Value,
}

impl FormatRequestData for DevTools {
    fn format_request(&self, session: &SessionId) -> RequestData {
        let url = format!("/session/{session}/goog/cdp/execute");
        let body = json!({ "cmd": self.method, "params": self.parameters });
        RequestData::new(reqwest::Method::POST, url).add_body(body)
    }
}
