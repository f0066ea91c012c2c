//! Sizes: of the last snapshot of a table, and in words.

use std::sync::Arc;

use arrow::array::{Int64Array, StringViewArray};
use arrow::datatypes::Int64Type;
use datafusion::error::Result;

use super::function::{Function, Gives, Type, Type::*, outward};
use crate::snapshot::Layout;
use crate::table::virtual_table::SystemEnv;

pub(super) fn functions() -> Vec<Function> {
    const OF_FORKS: &[&[Type]] = &[&[Regclass], &[Regclass, Text]];
    const WHOLE: &[&[Type]] = &[&[Regclass]];
    let sizes = [("pg_relation_size", OF_FORKS), ("pg_table_size", WHOLE), ("pg_total_relation_size", WHOLE)];
    let mut functions: Vec<Function> = sizes
        .into_iter()
        .map(|(name, takes)| {
            Function::new(name, takes, Gives::Int8, |a| {
                let env = a.env()?;
                let size = |oid: Option<u32>| oid.map(|oid| table_size(env, oid).map_err(outward)).transpose();
                Ok(Arc::new(a.relations(0)?.into_iter().map(size).collect::<Result<Int64Array>>()?))
            })
            .stable()
        })
        .collect();
    for name in ["pg_indexes_size", "pg_database_size", "pg_tablespace_size"] {
        functions.push(Function::new(name, &[&[Any]], Gives::Int8, |a| a.same::<Int64Type>(Some(0))).stable());
    }
    functions.push(Function::new("pg_size_pretty", &[&[Int], &[Number]], Gives::Text, |a| {
        let bytes = a.ints(0)?;
        Ok(Arc::new(bytes.iter().map(|bytes| bytes.map(pretty)).collect::<StringViewArray>()))
    }));
    functions
}

/// The bytes of a table's last snapshot; 0 before the first touch.
fn table_size(env: &SystemEnv, oid: u32) -> crate::error::Result<i64> {
    let Some(table) = env.catalogs.table_by_oid(&env.database, oid)? else { return Ok(0) };
    let Some(snapshot) = env.snapshots.last(&table)? else { return Ok(0) };
    let bytes: u64 = match &snapshot.layout {
        Layout::Written(files) => files.iter().map(|f| f.bytes).sum(),
        Layout::Stored(objects) | Layout::Parquet(objects) | Layout::Arrow(objects) => objects.iter().map(|o| o.meta.size).sum(),
    };
    Ok(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// Bytes as PostgreSQL's `pg_size_pretty` says them: the largest unit that leaves fewer than 10,240 (20,480 halves, rounded).
fn pretty(bytes: i64) -> String {
    let mut size = bytes;
    let mut units = ["bytes", "kB", "MB", "GB", "TB", "PB"].into_iter().peekable();
    let mut halves = false;
    while let Some(unit) = units.next() {
        let limit = if halves { 20 * 1024 - 1 } else { 10 * 1024 };
        if size.abs() < limit || units.peek().is_none() {
            let shown = if halves { (size + size.signum()) / 2 } else { size };
            return format!("{shown} {unit}");
        }
        size >>= if halves { 10 } else { 9 };
        halves = true;
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn sizes_read_as_in_postgresql() {
        for (bytes, want) in [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 kB"),
            (1_000_000, "977 kB"),
            (10_485_247, "10239 kB"),
            (10_485_248, "10 MB"),
            (1_000_000_000, "954 MB"),
            (-1_000_000, "-977 kB"),
        ] {
            assert_eq!(pretty(bytes), want);
        }
    }
}
