//! All integration tests, in one binary.

mod answers;
mod failures;
mod generate;
mod harness;
mod mirror;
mod protocol;
mod psql;
mod questions;
mod raw;
mod rejects;
mod server;
mod slow_reader;
mod slt;
mod store;
mod tidy;
mod wire;
