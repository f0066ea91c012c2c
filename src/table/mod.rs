//! Tables: `TableProvider`s over snapshots, over published Parquet and Arrow in place, and over the catalog itself
//! (`catalog.*`, `pg_catalog.*`, `information_schema.*`). Sessions and clients are unknown here.

pub mod geometry;
pub mod modifier;
pub mod pg_charset;
pub mod pg_time;
pub mod pg_type;
pub mod pg_value;
pub mod virtual_table;

pub mod catalog_schema;
pub mod information_schema;
pub mod pg_catalog;

mod guarded;
mod of_day;
mod parquet;
mod partitions;
mod provider;
mod registered;
pub mod system_schema;

pub use guarded::guarded;
pub use provider::SnapshotTable;

pub use virtual_table::{
    AdvisoryKey, AdvisoryLock, AdvisoryRow, CursorRow, Describe, EndedQuery, Ending, RunningQuery, SessionFacts, SessionRow,
    Setting, StatementRow, SystemEnv, Tls,
};
