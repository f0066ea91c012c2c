//! Parquet, Avro, Arrow and ORC files.

use super::Case;

pub(super) const CASES: &[Case] = &[];
