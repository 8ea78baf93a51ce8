//! Everything that needs the product as a whole, in one binary: it links once and shares what is expensive.

mod backup;
mod bad_input;
mod browser;
mod changeover;
mod crash;
mod demo;
mod dependencies;
mod durability;
mod faults;
mod harness;
mod import;
mod parallel_run;
mod partition;
mod permissions;
mod schema;
mod simulation;
mod tidy;
