//! Virtual tables: rows made from the catalog and the session when a scan runs, nothing stored. Here are the machinery (columns,
//! cells, pins, the provider) and what a session must tell; which rows a table has is told by the modules of the schemas.

mod cells;
mod env;
mod pins;
mod provider;
pub mod relations;
mod scan;

pub use cells::{Cell, Rows};
pub use env::{
    AdvisoryKey, AdvisoryLock, AdvisoryRow, CursorRow, Describe, EndedQuery, Ending, RunningQuery, SessionFacts, SessionRow,
    Setting, StatementRow, SystemEnv, Tls,
};
pub use pins::Pins;
pub use provider::{Source, VirtualTable};
pub use relations::{Column, Relation};
