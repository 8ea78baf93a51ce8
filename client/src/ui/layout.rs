//! What surrounds every page: the bar with the search box, the state of the line, who is signed in.

use shared::domain::ChangeoverState;
use shared::presentation::page::{Seen, Theme, Words};
use shared::presentation::{assets, icons};

use super::Ui;
use super::session::{Reader, SignedIn};
use super::views::sync::Pill;
use crate::counter::{CounterError, SyncState};

/// Which entry of the navigation a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nav {
    /// The day list.
    Today,
    /// The workshop's queue.
    Workshop,
    /// The conflicts.
    Conflicts,
    /// A new order.
    New,
    /// None of them.
    Elsewhere,
}

/// Whoever is signed in, as the bar shows them.
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) role: String,
}

/// What surrounds a page.
pub(crate) struct Layout {
    pub(crate) theme: Theme,
    pub(crate) branch: String,
    pub(crate) person: Option<Who>,
    pub(crate) pill: Pill,
    pub(crate) conflicts: usize,
    pub(crate) nav: Nav,
    pub(crate) query: String,
    pub(crate) toast: Option<String>,
    /// What everybody here is told while an old system is being replaced.
    pub(crate) changeover: Option<Told>,
    pub(crate) here: String,
    pub(crate) style_url: String,
    pub(crate) script_url: String,
    pub(crate) icon_url: String,
    pub(crate) sprite: &'static str,
    pub(crate) brand_mark: &'static str,
}

/// A sentence for everybody at this branch.
pub(crate) struct Told {
    /// The class of the notice.
    pub(crate) class: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) words: String,
}

impl Layout {
    /// The surroundings for somebody who is not signed in.
    pub(crate) fn for_reader(ui: &Ui, reader: &Reader) -> Self {
        Self {
            theme: reader.theme,
            branch: ui.counter.branch_name(),
            person: None,
            pill: Pill::none(),
            conflicts: 0,
            nav: Nav::Elsewhere,
            query: String::new(),
            toast: None,
            changeover: changeover(ui, reader.words),
            here: reader.here.clone(),
            style_url: assets::STYLE.url(),
            script_url: assets::SCRIPT.url(),
            icon_url: assets::ICON.url(),
            sprite: icons::SPRITE,
            brand_mark: icons::BRAND_MARK,
        }
    }

    /// The surroundings for a colleague. Lists that cannot be read leave their count out; the page still comes.
    pub(crate) async fn of(ui: &Ui, signed_in: &SignedIn, nav: Nav) -> Self {
        let words = signed_in.reader.words;
        let orders = ui.counter.conflicts().await.unwrap_or_default();
        let customers = ui.counter.customers_in_conflict().await.unwrap_or_default();
        let conflicts = orders.len() + customers.len();
        let role = signed_in.person.role.code();
        Self {
            person: Some(Who {
                name: signed_in.person.name.clone(),
                role: words.text(&format!("role-{role}")),
            }),
            pill: pill(ui, words).await,
            conflicts,
            nav,
            toast: toast(words, &signed_in.reader.here),
            ..Self::for_reader(ui, &signed_in.reader)
        }
    }
}

/// What the office has this branch told about the old system.
fn changeover(ui: &Ui, words: Words) -> Option<Told> {
    let catalogue = ui.counter.catalogue();
    let changeover = catalogue.branch(ui.counter.branch())?.changeover.as_ref()?;
    if !changeover.is_told(ui.counter.now()) {
        return None;
    }
    let (class, icon, key) = match changeover.state {
        ChangeoverState::SwitchingOff => ("notice--warn", "warning", "changeover-switching-off"),
        ChangeoverState::SwitchedOff => ("notice--info", "info", "changeover-switched-off"),
    };
    Some(Told {
        class,
        icon,
        words: words.with(key, "system", changeover.system.as_str()),
    })
}

/// The few words about the line.
pub(crate) async fn pill(ui: &Ui, words: Words) -> Pill {
    match ui.counter.sync_state().await {
        Ok(state) => with_seen(ui, words, |seen| Pill::of(seen, &state)),
        Err(_) => Pill::unknown(words),
    }
}

/// The state of the line, for its page.
pub(crate) async fn sync_state(ui: &Ui) -> Result<SyncState, CounterError> {
    ui.counter.sync_state().await
}

/// Looks at something with this branch's catalogue, day and zone.
pub(crate) fn with_seen<T>(ui: &Ui, words: Words, look: impl FnOnce(&Seen) -> T) -> T {
    look(&Seen {
        words,
        catalogue: ui.counter.catalogue(),
        branch: Some(ui.counter.branch()),
        now: ui.counter.now(),
        today: ui.counter.today(),
        zone: ui.counter.zone(),
    })
}

/// What an action reports after its redirect: `?done=paid`. Only these; an address cannot put words on a page.
pub(crate) const DONE: [&str; 17] = [
    "taken-in",
    "edited",
    "status",
    "undone",
    "paid",
    "refunded",
    "handed-out",
    "moved",
    "taken-back",
    "cancelled",
    "commented",
    "settled",
    "kept",
    "customer-edited",
    "unlocked",
    "retried",
    "released",
];

/// The sentence for the action that led here.
pub(crate) fn toast(words: Words, here: &str) -> Option<String> {
    let (_, query) = here.split_once('?')?;
    let done = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("done="))?;
    DONE.contains(&done)
        .then(|| words.text(&format!("done-{done}")))
}
