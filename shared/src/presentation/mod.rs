//! How things look to people: texts, formats, ticket symbols, charts and the shared assets.
//!
//! Everything here is pure: no clock, no files at run time, no sockets. The branch's and the
//! office's pages are built from it, and so is the printed ticket.

pub mod assets;
pub mod chart;
pub mod format;
pub mod icons;
pub mod page;
pub mod symbols;
pub mod texts;

pub use texts::{Language, TextValue, text, text_with};
