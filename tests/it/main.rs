//! All integration tests, in one binary.

mod answers;
mod failures;
mod generate;
mod harness;
mod mirror;
mod questions;
mod rejects;
mod server;
mod slt;
mod store;
mod tidy;
