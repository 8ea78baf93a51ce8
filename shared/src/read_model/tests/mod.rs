//! The read model over whole histories, told with a firm of several branches.

mod finding;
mod firm;
mod history;
mod legacy;
mod opening;
mod plans;
mod scopes;
mod segments;
mod tables;
