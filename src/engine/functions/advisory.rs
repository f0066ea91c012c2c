//! The functions of advisory locks (PostgreSQL 15, 9.27.10) and of channels: what the session's are. Who has which is `engine::advisory`'s to say.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, ListBuilder, StringViewArray, StringViewBuilder};
use datafusion::error::Result;

use super::function::{Call, Function, Gives, Type, Type::*, outward};
use super::waiting;
use crate::error::{Error, Kind};
use crate::table::{AdvisoryKey, AdvisoryLock, pg_type};

const VOID: Gives = Gives::Logical(&pg_type::VOID);

/// One number, or two small ones.
const KEYS: &[&[Type]] = &[&[Int], &[Int, Int]];

pub(super) fn functions() -> Vec<Function> {
    let waits = |name, shared, of_transaction| {
        Function::new(name, KEYS, VOID, move |a| {
            let taken = each(a, |key| take(a, AdvisoryLock { key, shared, of_transaction }, true))?;
            Ok(Arc::new(taken.into_iter().map(|taken| taken.map(|_| "")).collect::<StringViewArray>()))
        })
        .volatile()
    };
    let tries = |name, shared, of_transaction| {
        let taken = move |a: &Call| each(a, |key| take(a, AdvisoryLock { key, shared, of_transaction }, false));
        Function::new(name, KEYS, Gives::Bool, move |a| Ok(Arc::new(BooleanArray::from(taken(a)?)))).volatile()
    };
    let releases = |name, shared| {
        Function::new(name, KEYS, Gives::Bool, move |a| {
            let facts = &a.env()?.facts;
            let released = each(a, |key| Ok(facts.release_lock(AdvisoryLock { key, shared, of_transaction: false })))?;
            Ok(Arc::new(BooleanArray::from(released)))
        })
        .volatile()
    };
    vec![
        waits("pg_advisory_lock", false, false),
        waits("pg_advisory_lock_shared", true, false),
        waits("pg_advisory_xact_lock", false, true),
        waits("pg_advisory_xact_lock_shared", true, true),
        tries("pg_try_advisory_lock", false, false),
        tries("pg_try_advisory_lock_shared", true, false),
        tries("pg_try_advisory_xact_lock", false, true),
        tries("pg_try_advisory_xact_lock_shared", true, true),
        releases("pg_advisory_unlock", false),
        releases("pg_advisory_unlock_shared", true),
        Function::new("pg_advisory_unlock_all", &[&[]], VOID, |a| {
            a.env()?.facts.release_all_locks();
            a.same_text(Some(""))
        })
        .volatile(),
        // In an array, which the dialect unfolds.
        Function::new("pg_listening_channels", &[&[]], Gives::Texts, |a| {
            let channels = a.env()?.facts.listening();
            let mut lists = ListBuilder::new(StringViewBuilder::new());
            (0..a.rows).for_each(|_| lists.append_value(channels.iter().map(Some)));
            Ok(Arc::new(lists.finish()) as ArrayRef)
        })
        .volatile(),
    ]
}

fn take(a: &Call, lock: AdvisoryLock, waits: bool) -> Result<bool> {
    let facts = &a.env()?.facts;
    if waits { waiting::outside(|| facts.take_lock(lock, true)) } else { facts.take_lock(lock, false) }.map_err(outward)
}

/// What `f` gives for the key of each row; NULL where a part of it is.
fn each(a: &Call, f: impl Fn(AdvisoryKey) -> Result<bool>) -> Result<Vec<Option<bool>>> {
    let firsts = a.ints(0)?;
    let seconds = if a.len() > 1 { Some(a.ints(1)?) } else { None };
    let small = |n: i64| i32::try_from(n).map_err(|_| outward(Error::new(Kind::OutOfRange, "integer out of range")));
    (0..a.rows)
        .map(|row| {
            let Some(first) = firsts.get(row) else { return Ok(None) };
            let key = match seconds.as_ref().map(|seconds| seconds.get(row)) {
                None => AdvisoryKey::One(first),
                Some(None) => return Ok(None),
                Some(Some(second)) => AdvisoryKey::Pair(small(first)?, small(second)?),
            };
            f(key).map(Some)
        })
        .collect()
}
