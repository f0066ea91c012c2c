//! Tables: `TableProvider`s over snapshots, over published Parquet and Arrow in place, and over the catalog itself
//! (`catalog.*`, `pg_catalog.*`, `information_schema.*`). Sessions and clients are unknown here.

pub mod pg_type;
