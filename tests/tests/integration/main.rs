//! Everything that needs the product as a whole, in one binary: it links once and shares what is expensive.

mod harness;
mod tidy;
