//! What surrounds every page: the bar with the search box, the state of the line, who is signed in.

use shared::presentation::{assets, icons};

use super::session::{Reader, SignedIn};
use super::views::Seen;
use super::views::sync::Pill;
use super::{Ui, words::Words};
use crate::counter::{CounterError, SyncState};

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the device has it.
    #[default]
    Automatic,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them, in the order in which they are offered.
    pub(crate) const ALL: [Self; 3] = [Self::Automatic, Self::Light, Self::Dark];

    /// The value of the cookie.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Automatic => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the cookie; anything unknown is automatic.
    pub(crate) fn from_code(code: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.code() == code)
            .unwrap_or_default()
    }

    /// The value of `data-theme`; none leaves it to the device.
    pub(crate) const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Automatic => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    /// The key of its name.
    pub(crate) const fn text_key(self) -> &'static str {
        match self {
            Self::Automatic => "theme-auto",
            Self::Light => "theme-light",
            Self::Dark => "theme-dark",
        }
    }
}

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
    pub(crate) here: String,
    pub(crate) style_url: String,
    pub(crate) script_url: String,
    pub(crate) icon_url: String,
    pub(crate) sprite: &'static str,
    pub(crate) brand_mark: &'static str,
}

impl Layout {
    /// The surroundings for somebody who is not signed in.
    pub(crate) fn for_reader(ui: &Ui, reader: &Reader) -> Self {
        Self {
            theme: reader.theme,
            branch: ui.counter.branch_name(),
            person: None,
            pill: Pill {
                class: "",
                icon: "info",
                words: String::new(),
            },
            conflicts: 0,
            nav: Nav::Elsewhere,
            query: String::new(),
            toast: None,
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
        let conflicts = ui
            .counter
            .conflicts()
            .await
            .map_or(0, |orders| orders.len());
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

/// The few words about the line.
pub(crate) async fn pill(ui: &Ui, words: Words) -> Pill {
    match ui.counter.sync_state().await {
        Ok(state) => with_seen(ui, words, |seen| Pill::of(seen, &state)),
        Err(_) => Pill {
            class: "pill--warn",
            icon: "warning",
            words: words.text("sync-unknown"),
        },
    }
}

/// The state of the line, for its page.
pub(crate) async fn sync_state(ui: &Ui) -> Result<SyncState, CounterError> {
    ui.counter.sync_state().await
}

/// Looks at something with this branch's catalogue, day and zone.
pub(crate) fn with_seen<T>(ui: &Ui, words: Words, look: impl FnOnce(&Seen<'_>) -> T) -> T {
    let catalogue = ui.counter.catalogue();
    let zone = ui.counter.zone();
    look(&Seen {
        words,
        catalogue: &catalogue,
        branch: ui.counter.branch(),
        today: ui.counter.today(),
        zone: &zone,
    })
}

/// What an action reports after its redirect: `?done=paid`. Only these; an address cannot put words on a page.
pub(crate) const DONE: [&str; 14] = [
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
    "customer-edited",
    "unlocked",
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
