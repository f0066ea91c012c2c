//! All integration tests, in one binary.

mod answers;
mod bundled;
mod failures;
mod fixtures;
mod generate;
mod harness;
mod lifecycle;
mod mirror;
mod nasty;
mod plans;
mod process;
mod protocol;
mod psql;
mod published;
mod questions;
mod raw;
mod rejects;
mod s3;
mod server;
mod slow_reader;
mod slt;
mod store;
mod tidy;
mod two_servers;
mod wire;
