//! The clock: the moments at which the transaction and the statement began, and that of the call; and waiting.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow::array::{ArrayRef, Date32Array, Time64MicrosecondArray, TimestampMicrosecondArray};
use datafusion::error::Result;

use crate::engine::functions::function::{Call, Function, Gives, Overload, Type as T};
use crate::engine::functions::waiting;
use crate::table::pg_time::calendar::{civil, date_at, weekday};
use crate::table::pg_time::{DAY, rounded};

/// How long one call may wait at a time before it looks whether it is still wanted; and at most.
const NAP: Duration = Duration::from_millis(10);
const LONGEST: f64 = 3600.0;

fn moments(micros: i64, a: &Call) -> Result<ArrayRef> {
    let digits = if a.len() == 1 { a.ints(0)?.get(0) } else { None };
    let micros = digits.and_then(|d| rounded(micros, u8::try_from(d).unwrap_or(6).min(6))).unwrap_or(micros);
    Ok(Arc::new(TimestampMicrosecondArray::from(vec![micros; a.rows])))
}

fn at_present() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64)
}

fn transaction(a: &Call) -> Result<ArrayRef> {
    moments(a.now()?, a)
}

fn local(a: &Call) -> Result<ArrayRef> {
    moments(a.zone().local(a.now()?), a)
}

static NOW: &[Overload] = &[Overload { takes: &[], gives: Gives::Temporal(T::Timestamptz), body: transaction }];
static CURRENT: &[Overload] = &[
    Overload { takes: &[], gives: Gives::Temporal(T::Timestamptz), body: transaction },
    Overload { takes: &[T::Int], gives: Gives::Temporal(T::Timestamptz), body: transaction },
];
static LOCALTIMESTAMP: &[Overload] = &[
    Overload { takes: &[], gives: Gives::Temporal(T::Timestamp), body: local },
    Overload { takes: &[T::Int], gives: Gives::Temporal(T::Timestamp), body: local },
];
static STATEMENT: &[Overload] =
    &[Overload { takes: &[], gives: Gives::Temporal(T::Timestamptz), body: |a| moments(a.env()?.facts.statement_started(), a) }];
static CLOCK: &[Overload] =
    &[Overload { takes: &[], gives: Gives::Temporal(T::Timestamptz), body: |a| moments(at_present(), a) }];
static TODAY: &[Overload] = &[Overload {
    takes: &[],
    gives: Gives::Temporal(T::Date),
    body: |a| Ok(Arc::new(Date32Array::from(vec![date_at(a.zone().local(a.now()?)); a.rows]))),
}];
static LOCALTIME: &[Overload] = &[
    Overload { takes: &[], gives: Gives::Temporal(T::Time), body: time_of_day },
    Overload { takes: &[T::Int], gives: Gives::Temporal(T::Time), body: time_of_day },
];

fn time_of_day(a: &Call) -> Result<ArrayRef> {
    let now = a.zone().local(a.now()?).rem_euclid(DAY);
    let digits = if a.len() == 1 { a.ints(0)?.get(0) } else { None };
    let now = digits.and_then(|d| rounded(now, u8::try_from(d).unwrap_or(6).min(6))).unwrap_or(now);
    Ok(Arc::new(Time64MicrosecondArray::from(vec![now; a.rows])))
}

/// `Sun Nov 22 15:20:33.123456 2026 UTC`.
static TIMEOFDAY: &[Overload] = &[Overload {
    takes: &[],
    gives: Gives::Text,
    body: |a| {
        let (now, zone) = (at_present(), a.zone());
        let local = zone.local(now);
        let (days, micros) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        let name =
            |names: &[&str], i: usize| names.get(i).and_then(|n| n.get(..3)).map(super::format::capitalized).unwrap_or_default();
        let seconds = micros / 1_000_000;
        let text = format!(
            "{} {} {day:02} {:02}:{:02}:{:02}.{:06} {year} {}",
            name(&crate::table::pg_time::WEEKDAYS, weekday(days) as usize),
            name(&crate::table::pg_time::MONTHS, month as usize - 1),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            micros % 1_000_000,
            zone.abbreviation(now)
        );
        a.same_text(Some(&text))
    },
}];

/// Waits. It stops with the statement: its thread is not held any longer than a nap once nobody waits for the answer.
static SLEEP: &[Overload] = &[Overload {
    takes: &[T::Float],
    gives: Gives::Text,
    body: |a| {
        let (seconds, env) = (a.floats(0)?, a.env()?);
        for row in 0..a.rows {
            let wanted = seconds.get(row).filter(|s| *s > 0.0).unwrap_or(0.0).min(LONGEST);
            let end = std::time::Instant::now() + Duration::from_secs_f64(wanted);
            // Other queries go on meanwhile.
            waiting::outside(|| {
                while std::time::Instant::now() < end && env.facts.is_running() {
                    std::thread::sleep(NAP.min(end.saturating_duration_since(std::time::Instant::now())));
                }
            });
        }
        a.write_texts(|_, _| Ok(true))
    },
}];

pub fn functions() -> Vec<Function> {
    let stable = [
        ("now", NOW),
        ("transaction_timestamp", NOW),
        ("current_timestamp", CURRENT),
        ("localtimestamp", LOCALTIMESTAMP),
        ("localtime", LOCALTIME),
        ("statement_timestamp", STATEMENT),
        ("current_date", TODAY),
    ];
    let volatile = [("clock_timestamp", CLOCK), ("timeofday", TIMEOFDAY), ("pg_sleep", SLEEP)];
    let stable = stable.map(|(name, overloads)| Function::overloaded(name, overloads).stable());
    stable.into_iter().chain(volatile.map(|(name, overloads)| Function::overloaded(name, overloads).volatile())).collect()
}
