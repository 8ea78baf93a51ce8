//! The pages' tests: of their sources, and of a browser's walk through them.

mod standing;
mod texts;
mod visitor;
mod walk;
