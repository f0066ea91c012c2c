//! Sizes: of the last snapshot of a table, and in words.

use std::sync::Arc;

use arrow::array::{Int64Array, StringViewArray};
use arrow::datatypes::Int64Type;
use datafusion::error::Result;

use super::function::{Function, Gives, Type, Type::*, outward};
use crate::error::{Error, Kind};
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
    functions.push(Function::new("pg_size_bytes", &[&[Text]], Gives::Int8, |a| {
        let texts = a.texts(0)?;
        a.collect::<i64, Int64Array>(|row| read(texts.value(row)).map(Some).map_err(outward))
    }));
    functions
}

/// The bytes that `1.5 GB` says, in units of 1024.
fn read(text: &str) -> crate::error::Result<i64> {
    let invalid = || Error::new(Kind::InvalidParameter, format!("invalid size: \"{text}\""));
    let trimmed = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    let end = trimmed.find(|c| !is_number(c)).unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let number: f64 = number.parse().map_err(|_| invalid())?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "bytes" => 0,
        "kb" => 10,
        "mb" => 20,
        "gb" => 30,
        "tb" => 40,
        "pb" => 50,
        _ => {
            let e = invalid().with_detail(format!("Invalid size unit: \"{}\".", unit.trim()));
            return Err(e.with_hint("Valid units are \"bytes\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\"."));
        }
    };
    let bytes = (number * f64::from(2).powi(factor)).round();
    if bytes.abs() >= i64::MAX as f64 { Err(Error::new(Kind::OutOfRange, "bigint out of range")) } else { Ok(bytes as i64) }
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
        if size.unsigned_abs() < limit || units.peek().is_none() {
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
    use super::{pretty, read};

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
            (i64::MIN, "-8192 PB"),
        ] {
            assert_eq!(pretty(bytes), want);
        }
        for (text, want) in [("1 kB", Some(1024)), (" 1.5MB", Some(1_572_864)), ("-3", Some(-3)), ("x", None), ("1 xb", None)] {
            assert_eq!(read(text).ok(), want, "{text}");
        }
    }
}
