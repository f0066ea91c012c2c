//! All integration tests, in one binary.

mod harness;
mod questions;
mod server;
mod slt;
mod store;
