//! What was published, in DCAT's and Data Package's words: datasets, their distributions and columns, how their text is
//! written. Plain values; reading bytes, SQL and DataFusion are unknown here.

mod access;
mod also;
mod code_list;
mod dataset;
mod distribution;
mod format;
mod place;
mod property;
mod refresh;
mod schema;

pub mod bare;
pub mod datapackage;
pub mod export;
pub mod members;
pub mod partition;
pub mod pattern;
pub mod published;
pub mod score;
pub mod sheets;
pub mod terms;
pub mod unread;

pub use access::AccessRights;
pub use dataset::{Agent, Dataset, License, Link, Period};
pub use distribution::{Dialect, Distribution, ItemType, SheetChoice};
pub use format::{Compression, Format};
pub use place::Place;
pub use refresh::Refresh;
pub use schema::{Column, ColumnKind, FieldsMatch, ForeignKey, MissingValue, Schema};

use std::collections::BTreeMap;

use serde_json::Value;

/// Properties that the model has no word for, kept as published under their own names.
pub type Extra = BTreeMap<String, Value>;

/// Something wrong with a descriptor: which file, where in it, what, and what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The descriptor's path or URL.
    pub file: String,
    /// A JSON pointer into it (RFC 6901); empty for the whole file.
    pub pointer: String,
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = if self.pointer.is_empty() { "" } else { " at " };
        write!(f, "{}{at}{}: {}", self.file, self.pointer, self.message)
    }
}
