//! Sizes: of the last snapshot of a table, and in words.

use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::DataType;

use super::native::{Native, outward};
use crate::snapshot::Layout;
use crate::table::virtual_table::SystemEnv;

pub(super) fn functions(env: &Arc<SystemEnv>) -> Vec<Native> {
    let mut functions: Vec<Native> = ["pg_relation_size", "pg_table_size", "pg_total_relation_size"]
        .into_iter()
        .map(|name| {
            let env = Arc::clone(env);
            Native::stable(name, &[1, 2], DataType::Int64, move |a| {
                let sizes = a.numbers(0)?.into_iter().map(|oid| match oid.and_then(|o| u32::try_from(o).ok()) {
                    Some(oid) => table_size(&env, oid).map(Some).map_err(outward),
                    None => Ok(None),
                });
                Ok(Arc::new(sizes.collect::<datafusion::error::Result<Int64Array>>()?))
            })
        })
        .collect();
    for name in ["pg_indexes_size", "pg_database_size", "pg_tablespace_size"] {
        functions.push(Native::stable(name, &[1], DataType::Int64, |a| Ok(Arc::new(Int64Array::from(vec![0; a.rows])))));
    }
    functions.push(Native::pure("pg_size_pretty", &[1], DataType::Utf8, |a| a.map_numbers(0, |bytes| Some(pretty(bytes)))));
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
