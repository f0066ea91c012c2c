//! Stoa: an embedded query engine for open data. The modules stand in reading order, which is the order of the layers:
//! each may use those above it in this list and never those below, and siblings do not know each other.
#![forbid(unsafe_code)]

pub mod error;
pub mod name;

pub mod roles;

pub mod descriptor;

pub mod catalog;
pub mod store;

pub mod snapshot;

pub mod table;

pub mod engine;

pub mod cli;
pub mod generate;
pub mod wire;

pub mod config;

pub use engine::Engine;
pub use error::{Error, Kind, Result};
