//! What `information_schema`'s own functions say of a type and its modifier: lengths, precisions, scales, and the place of a column in an
//! index. `_pg_truetypid` and `_pg_truetypmod` take whole rows and are rewritten.

use arrow::array::ArrayRef;
use arrow::datatypes::Int32Type;
use datafusion::error::Result;

use super::function::{Call, Function, Gives, Type::*};
use crate::table::pg_catalog::index_by_oid;
use crate::table::pg_type::{
    BPCHAR, DATE, FLOAT4, FLOAT8, INT2, INT4, INT8, INTERVAL, NUMERIC, TEXT, TIME, TIMESTAMP, TIMESTAMPTZ, VARCHAR,
};

/// `bit`, `varbit` and `timetz`, which no column has.
const BITS: [u32; 2] = [1560, 1562];
const TIMETZ: u32 = 1266;

/// A fact of a type and its modifier, -1 where it has none.
type Fact = fn(u32, i64) -> Option<i64>;

const FACTS: [(&str, Fact); 6] = [
    ("_pg_char_max_length", length),
    ("_pg_char_octet_length", |oid, modifier| match oid {
        _ if ![TEXT.oid, BPCHAR.oid, VARCHAR.oid].contains(&oid) => None,
        _ if modifier == -1 => Some(1 << 30),
        // A character takes four bytes at most.
        _ => length(oid, modifier).map(|characters| characters * 4),
    }),
    ("_pg_numeric_precision", |oid, modifier| match oid {
        _ if oid == INT2.oid => Some(16),
        _ if oid == INT4.oid => Some(32),
        _ if oid == INT8.oid => Some(64),
        _ if oid == FLOAT4.oid => Some(24),
        _ if oid == FLOAT8.oid => Some(53),
        _ if oid == NUMERIC.oid && modifier != -1 => Some(((modifier - 4) >> 16) & 0xffff),
        _ => None,
    }),
    ("_pg_numeric_precision_radix", |oid, _| match oid {
        _ if oid == NUMERIC.oid => Some(10),
        _ if [INT2.oid, INT4.oid, INT8.oid, FLOAT4.oid, FLOAT8.oid].contains(&oid) => Some(2),
        _ => None,
    }),
    ("_pg_numeric_scale", |oid, modifier| match oid {
        _ if [INT2.oid, INT4.oid, INT8.oid].contains(&oid) => Some(0),
        _ if oid == NUMERIC.oid && modifier != -1 => Some((modifier - 4) & 0xffff),
        _ => None,
    }),
    ("_pg_datetime_precision", |oid, modifier| match oid {
        _ if oid == DATE.oid => Some(0),
        _ if oid == INTERVAL.oid => Some(if modifier < 0 || modifier & 0xffff == 0xffff { 6 } else { modifier & 0xffff }),
        _ if oid == TIMETZ || [TIME.oid, TIMESTAMP.oid, TIMESTAMPTZ.oid].contains(&oid) => {
            Some(if modifier < 0 { 6 } else { modifier })
        }
        _ => None,
    }),
];

pub(super) fn functions() -> Vec<Function> {
    let of_fact = |(name, fact): (&'static str, Fact)| Function::new(name, &[&[Oid, Int]], Gives::Int4, move |a| told(a, fact));
    let mut functions: Vec<Function> = FACTS.into_iter().map(of_fact).collect();
    // No interval here is restricted to some fields.
    functions.push(Function::new("_pg_interval_type", &[&[Oid, Int]], Gives::Text, |a| a.same_text(None)));
    functions.push(Function::new("_pg_index_position", &[&[Oid, Int]], Gives::Int4, index_position).stable());
    functions
}

fn length(oid: u32, modifier: i64) -> Option<i64> {
    match oid {
        _ if modifier == -1 => None,
        _ if [BPCHAR.oid, VARCHAR.oid].contains(&oid) => Some(modifier - 4),
        _ if BITS.contains(&oid) => Some(modifier),
        _ => None,
    }
}

fn told(a: &Call, fact: Fact) -> Result<ArrayRef> {
    let (types, modifiers) = (a.oids(0)?, a.ints(1)?);
    a.each::<Int32Type>(|row| {
        let known = types.get(row).copied().flatten().zip(modifiers.get(row));
        Ok(known.and_then(|(oid, modifier)| fact(oid, modifier)).and_then(|n| i32::try_from(n).ok()))
    })
}

/// The place of a table's column in an index, from 1.
fn index_position(a: &Call) -> Result<ArrayRef> {
    let (env, indexes, numbers) = (a.env()?, a.oids(0)?, a.ints(1)?);
    a.each::<Int32Type>(|row| {
        let Some((oid, number)) = indexes.get(row).copied().flatten().zip(numbers.get(row)) else { return Ok(None) };
        let found = index_by_oid(env, oid)?;
        let place = found.and_then(|(_, index)| index.columns.iter().position(|(n, _)| i64::from(*n) == number));
        Ok(place.and_then(|place| i32::try_from(place + 1).ok()))
    })
}
