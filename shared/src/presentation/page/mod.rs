//! What the pages of the branch and of the office have in common: how a reader sees an order, a state, a conflict.
//!
//! Pure like all of [`super`]: headers come as text, the day and the zone are given.

mod badges;
mod conflict;
mod reader;
mod seen;
mod timeline;
mod words;

pub use badges::{Badge, Due, custody_icon};
pub use conflict::{
    Candidate, ConflictView, OpenConflict, Place, ValueView, conflict_views, field_words,
    open_conflicts, read_dot,
};
pub use reader::{
    LANGUAGE_COOKIE, THEME_COOKIE, Theme, cookie_value, language_wanted, local_address,
    preference_cookie,
};
pub use seen::{Fact, Seen, gone_words, item_label, line_label, spoken_number};
pub use timeline::{Entry, timeline};
pub use words::Words;
