//! The harness itself: if a cut line let something through or a killed process lived on, every test above it would lie.

mod browser;
mod process;
mod proxy;
