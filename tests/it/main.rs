//! All integration tests, in one binary.

mod answers;
mod bundled;
mod fixtures;
mod generate;
mod harness;
mod mirror;
mod plans;
mod published;
mod questions;
mod s3;
mod server;
mod slt;
mod store;
mod tidy;
