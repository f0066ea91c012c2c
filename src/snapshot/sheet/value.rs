//! Values: what a workbook's cell holds, as text and its kind. Numbers are printed so that they read back the same; days are counted
//! from 1970-01-01 whatever the workbook counts from.

use calamine::{Data, DataRef, ExcelDateTime, XlsxFormulaMetadata};

use crate::snapshot::cells::CellKind;
use crate::snapshot::spool::{Moment, shown};

/// Days from 1899-12-31, which both epochs of Excel are counted from here, to 1970-01-01.
const EPOCH: i64 = 25_568;

/// Days from 1899-12-31 to 1904-01-01.
const EPOCH_1904: i64 = 1461;

/// The serial number of 9999-12-31 (1900 system), the last day that Excel has.
const LAST_DAY: f64 = 2_958_465.0;

const DAY_MILLIS: i64 = 86_400_000;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text {
        kind: CellKind,
        text: String,
    },
    Moment(Moment),
    /// An error such as `#N/A`, or what else can't be a value: the text, and why.
    Bad {
        raw: String,
        reason: String,
    },
    /// Nothing, or blanks only.
    Blank,
}

impl Value {
    /// Whether the cell holds anything.
    pub(super) fn is_something(&self) -> bool {
        *self != Self::Blank
    }

    /// Text; blank when there is nothing to see.
    fn text(text: &str) -> Self {
        if text.trim().is_empty() { Self::Blank } else { Self::Text { kind: CellKind::String, text: text.to_owned() } }
    }

    fn scalar(text: String) -> Self {
        Self::Text { kind: CellKind::Scalar, text }
    }

    /// The value of a cell in a workbook that counts days from 1904 or not.
    pub(super) fn of(cell: &DataRef<'_>, from_1904: bool) -> Self {
        match cell {
            DataRef::Int(v) => Self::scalar(v.to_string()),
            DataRef::Float(v) => number(*v),
            DataRef::String(s) => Self::text(s),
            DataRef::SharedString(s) => Self::text(s),
            DataRef::Bool(v) => Self::scalar(v.to_string()),
            DataRef::DateTime(v) => moment(*v, from_1904),
            DataRef::DateTimeIso(s) => iso_moment(s),
            DataRef::DurationIso(s) => iso_duration(s),
            DataRef::Error(e) => error(e),
            DataRef::Empty => Self::Blank,
        }
    }

    /// That of a formula whose value nobody has written: programs that write workbooks do not calculate.
    pub(super) fn of_unset(formula: XlsxFormulaMetadata) -> Self {
        let text = match formula {
            XlsxFormulaMetadata::Normal { formula } | XlsxFormulaMetadata::Shared { formula, .. } => formula,
            // One that is shared, whose text stands in another cell, and what the reader does not know yet.
            _ => String::new(),
        };
        Self::Bad { raw: format!("={text}"), reason: "the cell holds a formula without a value".to_owned() }
    }

    /// The same of a cell that owns what it holds.
    pub(super) fn of_owned(cell: &Data, from_1904: bool) -> Self {
        match cell {
            Data::Int(v) => Self::scalar(v.to_string()),
            Data::Float(v) => number(*v),
            Data::String(s) => Self::text(s),
            Data::Bool(v) => Self::scalar(v.to_string()),
            Data::DateTime(v) => moment(*v, from_1904),
            Data::DateTimeIso(s) => iso_moment(s),
            Data::DurationIso(s) => iso_duration(s),
            Data::Error(e) => error(e),
            Data::Empty => Self::Blank,
        }
    }

    /// As a name or a title shows it.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Text { text, .. } => text.trim().to_owned(),
            Self::Moment(moment) => shown(*moment, moment.millis > 0),
            Self::Bad { raw, .. } => raw.clone(),
            Self::Blank => String::new(),
        }
    }
}

fn error(e: &impl std::fmt::Display) -> Value {
    Value::Bad { raw: e.to_string(), reason: format!("the cell holds the error {e}") }
}

/// Workbooks have doubles only: whole ones are printed as integers, with all of their digits.
fn number(v: f64) -> Value {
    if !v.is_finite() {
        return Value::Text { kind: CellKind::String, text: v.to_string() };
    }
    let plain = v.to_string();
    Value::scalar(match plain.as_str() {
        "-0" => "0".to_owned(),
        long if long.len() > 22 => format!("{v:e}"),
        _ if v.fract() == 0.0 => format!("{v:.0}"),
        _ => plain,
    })
}

/// A serial day number (ECMA-376 part 1, 18.17.4): days from 1899-12-31 with a 1900-02-29 that never was, or from 1904-01-01.
fn moment(at: ExcelDateTime, from_1904: bool) -> Value {
    let serial = at.as_f64();
    if !(0.0..LAST_DAY + 1.0).contains(&serial) {
        return number(serial);
    }
    let millis = (serial * DAY_MILLIS as f64).round() as i64;
    if at.is_duration() {
        return Value::Text { kind: CellKind::String, text: duration(millis) };
    }
    let (days, millis) = (millis / DAY_MILLIS, (millis % DAY_MILLIS) as u32);
    let day = match (days, from_1904) {
        (0, _) => None,
        (60, false) => {
            let reason = "the workbook counts a 1900-02-29, which never was".to_owned();
            return Value::Bad { raw: "1900-02-29".to_owned(), reason };
        }
        (61.., false) => Some(days - 1 - EPOCH),
        (_, false) => Some(days - EPOCH),
        (_, true) => Some(days + EPOCH_1904 - EPOCH),
    };
    match day.map(i32::try_from).transpose() {
        Ok(day) => Value::Moment(Moment { day, millis }),
        Err(_) => number(serial),
    }
}

/// Hours beyond a day count on.
fn duration(millis: i64) -> String {
    let seconds = millis / 1000;
    let fraction = if millis % 1000 > 0 { format!(".{:03}", millis % 1000) } else { String::new() };
    format!("{:02}:{:02}:{:02}{fraction}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `2020-01-31` or `2020-01-31T10:00:00`, as OpenDocument has them; other texts stay as they are.
fn iso_moment(text: &str) -> Value {
    let day = |day: chrono::NaiveDate, millis| Value::Moment(Moment { day: Some(day.to_epoch_days()), millis });
    if let Ok(date) = text.parse::<chrono::NaiveDate>() {
        return day(date, 0);
    }
    let Ok(at) = text.parse::<chrono::NaiveDateTime>() else { return Value::text(text) };
    let of_day = (at - at.date().and_time(chrono::NaiveTime::MIN)).num_microseconds().unwrap_or(0);
    match u32::try_from(of_day / 1000) {
        Ok(millis) if of_day % 1000 == 0 => day(at.date(), millis),
        Ok(_) | Err(_) => Value::text(text),
    }
}

/// `PT10H30M00S` as `10:30:00`; other texts stay as they are.
fn iso_duration(text: &str) -> Value {
    let read = || {
        let (hours, rest) = text.strip_prefix("PT")?.split_once('H')?;
        let (minutes, rest) = rest.split_once('M')?;
        let seconds = rest.strip_suffix('S')?.replace(',', ".");
        let (whole, fraction) = seconds.split_once('.').unwrap_or((&seconds, ""));
        let number = |t: &str| t.parse::<u32>().ok();
        let clock = format!("{:02}:{:02}:{:02}", number(hours)?, number(minutes)?, number(whole)?);
        let fraction = fraction.trim_end_matches('0');
        Some(if fraction.is_empty() { clock } else { format!("{clock}.{fraction}") })
    };
    read().map_or_else(|| Value::text(text), |text| Value::Text { kind: CellKind::String, text })
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn numbers_read_back_the_same() {
        for (v, want) in [
            (3.0, "3"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e15, "1000000000000000"),
            (9_223_372_036_854_775_808.0, "9223372036854775808"),
            (-1e20, "-100000000000000000000"),
            (1e300, "1e300"),
            (1.5e-30, "1.5e-30"),
            (-41_700_000.0, "-41700000"),
        ] {
            assert_eq!(number(v).label(), want);
            assert_eq!(want.parse::<f64>().map(|w| w == v), Ok(true), "{want}");
        }
        assert_eq!(number(f64::NAN), Value::Text { kind: CellKind::String, text: "NaN".into() });
    }

    #[test]
    fn serial_days_of_both_epochs() {
        use ExcelDateTimeType::{DateTime, TimeDelta};
        for (serial, kind, from_1904, want) in [
            (1.0, DateTime, false, "1900-01-01"),
            (59.0, DateTime, false, "1900-02-28"),
            (60.0, DateTime, false, "1900-02-29"),
            (61.0, DateTime, false, "1900-03-01"),
            (43_831.0, DateTime, false, "2020-01-01"),
            (42_369.0, DateTime, true, "2020-01-01"),
            (1.0, DateTime, true, "1904-01-02"),
            (45_943.541, DateTime, false, "2025-10-13 12:59:02.400"),
            (43_830.999_999_999_9, DateTime, false, "2020-01-01"),
            (0.75, DateTime, false, "18:00:00"),
            (0.0, DateTime, true, "00:00:00"),
            (1.25, TimeDelta, false, "30:00:00"),
            (-1.0, DateTime, false, "-1"),
            (2_958_465.0, DateTime, false, "9999-12-31"),
            (2_958_466.0, DateTime, false, "2958466"),
            (1e300, DateTime, false, "1e300"),
        ] {
            assert_eq!(moment(ExcelDateTime::new(serial, kind, from_1904), from_1904).label(), want, "{serial}");
        }
    }

    #[test]
    fn iso_texts() {
        for (value, want) in [
            (iso_moment("2020-01-31"), "2020-01-31"),
            (iso_moment("2020-01-31T10:00:00.5"), "2020-01-31 10:00:00.500"),
            (iso_moment("2020-01-31T10:00:00.123456"), "2020-01-31T10:00:00.123456"),
            (iso_moment("--05-01"), "--05-01"),
            (iso_duration("PT10H30M00S"), "10:30:00"),
            (iso_duration("PT100H5M7.250S"), "100:05:07.25"),
            (iso_duration("P1D"), "P1D"),
        ] {
            assert_eq!(value.label(), want);
        }
    }
}
