//! All integration tests, in one binary.

mod answers;
mod archives;
mod bundled;
mod drift;
mod failures;
mod fixtures;
mod generate;
mod harness;
mod mirror;
mod nasty;
mod plans;
mod profile;
mod protocol;
mod psql;
mod published;
mod questions;
mod raw;
mod rejects;
mod s3;
mod server;
mod shell;
mod slow_reader;
mod slt;
mod store;
mod tidy;
mod wire;
