//! Tests over whole histories.
