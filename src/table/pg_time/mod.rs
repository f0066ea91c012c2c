//! Dates, times and intervals as PostgreSQL computes with them: the calendar, zones, reading of text, and interval arithmetic.
//! Pure functions of single values; how values are written stands in [`pg_value`](super::pg_value), columns of them are the engine's.

mod abbreviations;
pub mod calendar;
mod decode;
mod fields;
pub mod format;
mod input;
mod interval;
mod interval_input;
mod words;
mod zone;

pub use abbreviations::ABBREVIATIONS;
pub use input::unknown_zone;
pub use input::{Reader, Zoned};
pub use interval::Interval;
pub use interval_input::{Range, read_interval, rounded};
pub use words::{MONTHS, Unit, WEEKDAYS, Word, unit, word};
pub use zone::Zone;
pub use zone::offset_text;

use crate::error::{Error, Kind};

/// The date that stands for infinity, as in PostgreSQL; its negative is [`DATE_PAST`].
pub const DATE_FUTURE: i32 = i32::MAX;
/// The date that stands for minus infinity.
pub const DATE_PAST: i32 = i32::MIN;
/// The moment that stands for infinity, in microseconds.
pub const FUTURE: i64 = i64::MAX;
/// The moment that stands for minus infinity, in microseconds.
pub const PAST: i64 = i64::MIN;

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds of a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds of an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Microseconds of a day.
pub const DAY: i64 = 24 * HOUR;

/// The order of the parts of an ambiguous date (`DateStyle`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    #[default]
    Mdy,
    Dmy,
    Ymd,
}

/// PostgreSQL's error of a result beyond a type's range.
pub fn out_of_range(type_name: &str) -> Error {
    Error::new(Kind::DatetimeOverflow, format!("{type_name} out of range"))
}
