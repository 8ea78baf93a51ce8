//! People at real screens: two counters and the office, by keyboard, in every size and in the dark.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use tests::firm::{Branch, Firm, Hub, Member, NewOrder, Taken};
use tests::{Browser, Screen, Theme, wait_until};
use thirtyfour::prelude::*;

/// More fields than any form of ours has before the one looked for.
const MOST_TABS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_taken_in_by_keyboard_alone_appears_at_the_other_branch_and_at_the_office()
-> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let [chur, davos] = &firm.branches;
    let anna = at_counter("Anna", Screen::Tablet, chur, &firm.anna).await?;
    let beat = at_counter("Beat", Screen::Phone, davos, &firm.beat).await?;
    let olivia = at_office("Olivia", Screen::Desktop, &firm.hub).await?;

    // `n` opens the form from every page; from there Tab, Space and Enter do everything.
    press(&anna, "n").await?;
    anna.see("form[action='/orders']").await?;
    write_into(&anna, "name", "Seraina Tschudi").await?;
    write_into(&anna, "phone", "081 555 01 23").await?;
    write_into(&anna, "items.0.label", "Tourenski Movement").await?;
    tab_to(&anna, "items.0.service")
        .await?
        .send_keys(" ")
        .await?;
    let pickup = tab_to(&anna, "pickup").await?;
    pickup.send_keys("Davos").await?;
    anna.keep_screenshot("counter new order").await?;
    let save = tab_to(&anna, "do").await?;
    save.send_keys(Key::Enter).await?;
    wait_until("the ticket is shown", async || {
        let address = anna.page().current_url().await.ok()?;
        address.path().ends_with("/ticket").then_some(())
    })
    .await?;
    anna.preview_print().await?;
    anna.keep_screenshot("counter ticket printed").await?;
    let pages = anna.printed_pages().await?;
    ensure!(
        matches!(pages[..], [(width, height)] if (79.0..81.0).contains(&width) && (60.0..200.0).contains(&height)),
        "a ticket is one page of roll paper, 80 mm wide and as long as it is: {pages:?}"
    );
    anna.prefer(Theme::Light).await?;

    // Davos finds the order while typing, and sees on the open page what Chur does with it.
    wait_until("Davos has the order", async || {
        beat.visit(&davos.at("/search?q=Tschudi")).await.ok()?;
        beat.visible_text()
            .await
            .ok()?
            .contains("Seraina Tschudi")
            .then_some(())
    })
    .await?;
    beat.visit(&davos.at("/today")).await?;
    beat.see("[data-search-box]")
        .await?
        .send_keys("serai")
        .await?;
    beat.read("Seraina Tschudi").await?;
    beat.keep_screenshot("counter found while typing").await?;
    let ticket = anna.page().current_url().await?;
    let order = ticket.path().trim_end_matches("/ticket").to_owned();
    beat.visit(&davos.at(&order)).await?;
    beat.read("Offen").await?;
    anna.visit(&chur.at(&order)).await?;
    anna.see(".button--way").await?.click().await?;
    beat.read("In Arbeit").await?;
    beat.keep_screenshot("counter order at the other branch")
        .await?;
    olivia.visit(&firm.hub.at("/orders")).await?;
    olivia.read("Seraina Tschudi").await?;
    olivia.keep_screenshot("office orders").await?;
    for browser in [anna, beat, olivia] {
        no_script_errors(&browser).await?;
        browser.close().await?;
    }
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_before_the_form_is_there_stands_in_its_first_field() -> Result<()> {
    let firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let anna = at_counter("Anna", Screen::Tablet, chur, &firm.anna).await?;

    // All at once, so that the form cannot come in between.
    let keys = [
        "n",
        "S",
        "e",
        "r",
        "x",
        "Backspace",
        "a",
        "i",
        "n",
        "a",
        "Tab",
        "0",
        "8",
        "1",
    ];
    type_at_once(&anna, &keys).await?;

    let name = anna.see("form[action='/orders'] [name='name']").await?;
    wait_for_value(&name, "Seraina").await?;
    // What comes next goes on behind it: a Tab had led to the next field.
    anna.page().active_element().await?.send_keys(" 5").await?;
    let phone = anna.see("form[action='/orders'] [name='phone']").await?;
    ensure!(phone.prop("value").await?.as_deref() == Some("081 5"));
    // "Back" leads to where the form was opened, and a form that is opened again is empty.
    anna.page().back().await?;
    anna.see(".topbar-links [aria-current][href='/today']")
        .await?;
    type_at_once(&anna, &["n"]).await?;
    let name = anna.see("form[action='/orders'] [name='name']").await?;
    ensure!(name.prop("value").await?.as_deref() == Some(""));
    no_script_errors(&anna).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_letter_is_lost_however_fast_somebody_types_after_the_key_for_a_new_order() -> Result<()>
{
    let firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let anna = at_counter("Anna", Screen::Tablet, chur, &firm.anna).await?;

    for _ in 0..5 {
        anna.visit(&chur.at("/today")).await?;
        // As fast as the browser takes them: some come before the form, some while it takes its place, some after it.
        press(&anna, "nSeraina Meierhans-Caduff, Tschiertschen").await?;
        let name = anna.see("form[action='/orders'] [name='name']").await?;
        wait_for_value(&name, "Seraina Meierhans-Caduff, Tschiertschen").await?;
    }
    no_script_errors(&anna).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_for_a_form_that_did_not_come_is_forgotten() -> Result<()> {
    let firm = Firm::open(["Chur"]).await?;
    let [chur] = &firm.branches;
    let anna = at_counter("Anna", Screen::Tablet, chur, &firm.anna).await?;

    chur.process().freeze()?;
    type_at_once(&anna, &["n", "R", "e", "t", "o", "Escape"]).await?;
    chur.process().thaw()?;

    // She is where she was, keys do what they always do, and the next form is empty.
    type_at_once(&anna, &["w"]).await?;
    anna.see(".topbar-links [aria-current][href='/workshop']")
        .await?;
    type_at_once(&anna, &["n", "U", "r", "s"]).await?;
    let name = anna.see("form[action='/orders'] [name='name']").await?;
    wait_for_value(&name, "Urs").await?;
    no_script_errors(&anna).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_counters_disagree_in_words_and_one_tap_decides() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let [chur, davos] = &firm.branches;
    let order = disagreement(&firm).await?;
    let anna = at_counter("Anna", Screen::Tablet, chur, &firm.anna).await?;
    let beat = at_counter("Beat", Screen::Tablet, davos, &firm.beat).await?;
    for (browser, branch) in [(&anna, chur), (&beat, davos)] {
        browser
            .visit(&branch.at(&format!("/orders/{}", order.id)))
            .await?;
        browser.read("14.03.2031").await?;
        browser.read("17.03.2031").await?;
        browser
            .keep_screenshot(&format!("counter conflict at {}", branch.name()))
            .await?;
    }

    // The card refreshes itself, and a tap into that moment goes nowhere: whoever sees the question still there taps again.
    wait_until("the tap has decided", async || {
        let button = By::Css(".conflict-value:not(.is-shown) button");
        match beat.page().find(button).await {
            Ok(button) => {
                let _ = button.click().await;
                None
            }
            Err(_) => Some(()),
        }
    })
    .await?;

    for (browser, branch) in [(&beat, davos), (&anna, chur)] {
        wait_until(
            format!("{} shows no conflict any more", branch.name()),
            async || {
                browser.visit(&branch.at("/conflicts")).await.ok()?;
                let conflicts = browser.page().find_all(By::Css(".conflict")).await.ok()?;
                conflicts.is_empty().then_some(())
            },
        )
        .await?;
    }
    anna.keep_screenshot("counter conflict decided").await?;
    for browser in [anna, beat] {
        no_script_errors(&browser).await?;
        browser.close().await?;
    }
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_counter_can_be_used_by_everybody_on_every_screen() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let [chur, _] = &firm.branches;
    let order = disagreement(&firm).await?;
    let anna = at_counter("Anna-everywhere", Screen::Tablet, chur, &firm.anna).await?;
    let details = chur.sign_in(&firm.anna).await?.order(&order.id).await?;
    let customer = details["customer"]
        .as_str()
        .context("an order without a customer")?;
    let paths = [
        "/today".to_owned(),
        "/workshop".to_owned(),
        "/search?q=tschudi".to_owned(),
        "/search?q=niemand".to_owned(),
        "/orders/new".to_owned(),
        format!("/orders/{}", order.id),
        format!("/orders/{}/edit", order.id),
        format!("/orders/{}/ticket", order.id),
        format!("/customers/{customer}"),
        format!("/customers/{customer}/edit"),
        "/conflicts".to_owned(),
        "/sync".to_owned(),
        "/quarantine".to_owned(),
        "/me".to_owned(),
        "/orders/01890000-0000-7000-8000-000000000000".to_owned(),
        format!("/sign-in?who={}", firm.beat.id),
    ];
    let mut report = Report::default();
    for path in &paths {
        report.look_at(&anna, "counter", &chur.at(path)).await?;
    }
    anna.close().await?;
    report.is_clean()?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_office_can_be_used_by_everybody_on_every_screen() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let order = disagreement(&firm).await?;
    let olivia = Browser::open("Olivia-everywhere", Screen::Desktop).await?;
    let mut report = Report::default();
    report
        .look_at(&olivia, "office", &firm.hub.at("/login"))
        .await?;
    log_in(&olivia, &firm.hub).await?;
    let paths = [
        "/".to_owned(),
        "/orders".to_owned(),
        "/orders?q=niemand".to_owned(),
        format!("/orders/{}", order.id),
        "/conflicts".to_owned(),
        "/branches".to_owned(),
        "/machines/1".to_owned(),
        "/staff".to_owned(),
        "/catalogue".to_owned(),
        "/quarantine".to_owned(),
    ];
    for path in &paths {
        report
            .look_at(&olivia, "office", &firm.hub.at(path))
            .await?;
    }
    olivia.close().await?;
    report.is_clean()?;
    firm.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_box_has_room_in_every_language_and_all_else_gives_way() -> Result<()> {
    let firm = Firm::open(["Chur", "Davos"]).await?;
    let [chur, _] = &firm.branches;
    disagreement(&firm).await?;
    let anna = at_counter("Anna-wide", Screen::Desktop, chur, &firm.anna).await?;
    anna.visit(&chur.at("/conflicts")).await?;
    anna.see(".topbar .pill--ok").await?;
    // What waits has the longest words, and its colour comes without a new page.
    chur.line().cut();
    let new = NewOrder {
        name: "Urs Meier",
        phone: "081 555 01 24",
        item: "Snowboard",
        services: 1,
        pickup: None,
    };
    chur.sign_in(&firm.anna).await?.take_in(&new).await?;
    anna.see(".topbar .pill--warn").await?;

    let mut report = Report::default();
    for language in ["de", "en", "fr", "it"] {
        let choose = format!("document.cookie = 'language={language}; path=/';");
        anna.page().execute(choose, Vec::new()).await?;
        anna.visit(&chur.at("/conflicts")).await?;
        for width in [
            1000, 1024, 1279, 1280, 1365, 1366, 1535, 1536, 1899, 1900, 1920,
        ] {
            anna.widen(width).await?;
            let room = anna.page().execute(SEARCH_ROOM, Vec::new()).await?;
            let (box_width, spare): (f64, f64) = room.convert()?;
            let place = format!("{language} {width}");
            if box_width < 14.0 * 16.0 {
                report.add(&place, &format!("the search box has {box_width} px"));
            }
            if width >= 1366 && spare < 0.0 {
                report.add(&place, &format!("its words lack {} px", -spare));
            }
            report.add_what_stands_badly(&anna, &place).await?;
        }
    }
    anna.close().await?;
    report.is_clean()?;
    firm.close().await
}

/// What is wrong with pages, all of it, so that one run tells everything.
#[derive(Default)]
struct Report {
    findings: String,
    pages: usize,
}

impl Report {
    /// Looks at a page on every screen, light and dark; keeps a picture of each.
    async fn look_at(&mut self, browser: &Browser, whose: &str, url: &str) -> Result<()> {
        browser.visit(url).await?;
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        self.pages += 1;
        let name: String = path
            .split(['/', '?', '=', '&'])
            // Ids say nothing in a file's name.
            .filter(|word| !word.is_empty() && word.len() < 36)
            .collect::<Vec<_>>()
            .join("-");
        for screen in Screen::ALL {
            browser.resize(screen).await?;
            for theme in [Theme::Light, Theme::Dark] {
                browser.prefer(theme).await?;
                let place = format!("{whose} {name} {screen:?} {theme:?}");
                browser
                    .keep_screenshot(&format!(
                        "{whose}/{:02}-{name}-{screen:?}-{theme:?}",
                        self.pages
                    ))
                    .await?;
                for finding in browser.accessibility_findings().await? {
                    if finding.is_serious() {
                        self.add(
                            &place,
                            &format!("{}: {} {:?}", finding.id, finding.help, finding.places),
                        );
                    }
                }
            }
            self.add_what_stands_badly(browser, &format!("{whose} {name} {screen:?}"))
                .await?;
        }
        for error in browser.console_errors().await? {
            // A page that says "there is no such order" is answered with 404, which the console calls an error.
            if !error.contains("404") {
                self.add(&format!("{whose} {name}"), &error);
            }
        }
        Ok(())
    }

    /// Words of the bar that stand upon each other, and what stands beside the screen.
    async fn add_what_stands_badly(&mut self, browser: &Browser, place: &str) -> Result<()> {
        let page = browser.page();
        let overlapping = page.execute(OVERLAPPING, Vec::new()).await?;
        for words in overlapping.convert::<Vec<String>>()? {
            self.add(place, &words);
        }
        let wider = page.execute(WIDER_THAN_THE_SCREEN, Vec::new()).await?;
        let wider: i64 = wider.convert()?;
        if wider > 0 {
            self.add(
                place,
                &format!("the page is {wider} px wider than the screen"),
            );
        }
        Ok(())
    }

    fn add(&mut self, place: &str, what: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.findings, "{place}: {what}");
    }

    fn is_clean(&self) -> Result<()> {
        ensure!(
            self.findings.is_empty(),
            "{} findings:\n{}",
            self.findings.lines().count(),
            self.findings
        );
        Ok(())
    }
}

/// Words of the bar on top that stand upon each other.
const OVERLAPPING: &str = "
    const parts = [...document.querySelectorAll('.topbar .brand-text, .topbar-links a, .topbar .search, .topbar-tools > *')];
    const seen = parts.filter(part => part.offsetParent !== null);
    // Of words, not of their boxes: what does not fit its box stands outside of it. Words for those who listen stand nowhere.
    const box = part => {
        if (part.matches('.search')) return part.getBoundingClientRect();
        const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
        const words = [];
        while (texts.nextNode()) {
            const text = texts.currentNode;
            if (getComputedStyle(text.parentElement).clipPath !== 'none') continue;
            const range = document.createRange();
            range.selectNodeContents(text);
            words.push(...[...range.getClientRects()].filter(each => each.width > 0));
        }
        if (words.length === 0) return new DOMRect();
        const [left, top] = ['left', 'top'].map(side => Math.min(...words.map(each => each[side])));
        const [right, bottom] = ['right', 'bottom'].map(side => Math.max(...words.map(each => each[side])));
        return new DOMRect(left, top, right - left, bottom - top);
    };
    const boxes = seen.map(part => [part, box(part)]);
    const found = [];
    boxes.forEach(([one, a], place) => boxes.slice(place + 1).forEach(([other, b]) => {
        const over = Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
            && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
        if (over) found.push(`'${one.innerText}' and '${other.innerText}' overlap`);
    }));
    return found;
";

/// How wide the search box of the bar is, and how much room its words leave.
const SEARCH_ROOM: &str = "
    const box = document.querySelector('.topbar .search input');
    const style = getComputedStyle(box);
    const ruler = document.createElement('canvas').getContext('2d');
    ruler.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const room = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return [box.offsetWidth, room - ruler.measureText(box.placeholder).width];
";

const WIDER_THAN_THE_SCREEN: &str =
    "return document.documentElement.scrollWidth - document.documentElement.clientWidth;";

/// Chur and Davos promise different days for one order without knowing of each other.
async fn disagreement(firm: &Firm<2>) -> Result<Taken> {
    let [chur, davos] = &firm.branches;
    let (anna, beat) = (
        chur.sign_in(&firm.anna).await?,
        davos.sign_in(&firm.beat).await?,
    );
    let new = NewOrder {
        name: "Reto Tschudi",
        phone: "081 555 01 23",
        item: "Rennski Atomic",
        services: 2,
        pickup: Some("Davos"),
    };
    let order = anna.take_in(&new).await?;
    wait_until("Davos has the order", async || {
        beat.order(&order.id).await.ok()
    })
    .await?;
    davos.line().cut();
    anna.promise(&order, "2031-03-14").await?;
    beat.promise(&order, "2031-03-17").await?;
    davos.line().mend();
    for counter in [&anna, &beat] {
        wait_until("the conflict is known", async || {
            let order = counter.order(&order.id).await.ok()?;
            (order["conflicts"].as_array()?.len() == 1).then_some(())
        })
        .await?;
    }
    Ok(order)
}

/// A browser in which somebody has signed in by typing their PIN.
async fn at_counter(
    name: &str,
    screen: Screen,
    branch: &Branch,
    member: &Member,
) -> Result<Browser> {
    let browser = Browser::open(name, screen).await?;
    wait_until(
        format!("{} knows {}", branch.name(), member.name),
        async || {
            browser
                .visit(&branch.at(&format!("/sign-in?who={}", member.id)))
                .await
                .ok()?;
            browser.page().find(By::Css("input[name=pin]")).await.ok()
        },
    )
    .await?;
    let pin = browser.see("input[name=pin]").await?;
    pin.send_keys(&member.pin).await?;
    pin.send_keys(Key::Enter).await?;
    browser.see("nav.topbar-links, nav.actionbar").await?;
    Ok(browser)
}

async fn at_office(name: &str, screen: Screen, hub: &Hub) -> Result<Browser> {
    let browser = Browser::open(name, screen).await?;
    log_in(&browser, hub).await?;
    Ok(browser)
}

async fn log_in(browser: &Browser, hub: &Hub) -> Result<()> {
    browser.visit(&hub.at("/login")).await?;
    browser
        .see("input[name=login]")
        .await?
        .send_keys(Hub::LOGIN)
        .await?;
    let password = browser.see("input[name=password]").await?;
    password.send_keys(hub.password()).await?;
    password.send_keys(Key::Enter).await?;
    wait_until("the office is open", async || {
        let address = browser.page().current_url().await.ok()?;
        (address.path() == "/").then_some(())
    })
    .await
}

/// Presses a key outside of any field.
async fn press(browser: &Browser, key: &str) -> Result<()> {
    Ok(browser.see("body").await?.send_keys(key).await?)
}

/// Types all keys before the page can do anything in between.
async fn type_at_once(browser: &Browser, keys: &[&str]) -> Result<()> {
    let script = "for (const key of arguments[0]) {
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    }";
    let keys = serde_json::json!(keys);
    browser.page().execute(script, vec![keys]).await?;
    Ok(())
}

async fn wait_for_value(field: &WebElement, value: &str) -> Result<()> {
    wait_until(format!("{value} stands there"), async || {
        (field.prop("value").await.ok()?.as_deref() == Some(value)).then_some(())
    })
    .await
}

/// Goes to the field by Tab alone and types.
async fn write_into(browser: &Browser, field: &str, text: &str) -> Result<()> {
    Ok(tab_to(browser, field).await?.send_keys(text).await?)
}

/// Presses Tab until the field of this name has the focus, and returns it.
async fn tab_to(browser: &Browser, field: &str) -> Result<WebElement> {
    for _ in 0..MOST_TABS {
        let focused = browser.page().active_element().await?;
        let is_reachable = focused.attr("tabindex").await?.as_deref() != Some("-1");
        if is_reachable && focused.attr("name").await?.as_deref() == Some(field) {
            return Ok(focused);
        }
        focused.send_keys(Key::Tab).await?;
    }
    anyhow::bail!("{MOST_TABS} presses of Tab do not lead to {field}")
}

async fn no_script_errors(browser: &Browser) -> Result<()> {
    let errors = browser.console_errors().await?;
    ensure!(errors.is_empty(), "{errors:#?}");
    Ok(())
}
