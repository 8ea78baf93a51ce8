//! The pages against a real counter; filled in below.
