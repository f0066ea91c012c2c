//! PostgreSQL's binary values as the text that psql would show: by type, from the types' own `typsend` functions. Written apart from
//! the engine's encoders, which it is a test of.

use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike, Utc};

/// Whether values of a type can be read here.
pub fn knows(oid: u32) -> bool {
    element_of(oid).is_some() || scalar(oid)
}

fn scalar(oid: u32) -> bool {
    const TYPES: [u32; 29] = [
        16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 142, 700, 701, 705, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1266, 1700, 2249,
        2950, 3802, 28, 2278, 2275,
    ];
    TYPES.contains(&oid)
}

/// The type of an array's elements.
fn element_of(array: u32) -> Option<u32> {
    const ARRAYS: [(u32, u32); 23] = [
        (1000, 16),
        (1001, 17),
        (1002, 18),
        (1003, 19),
        (1016, 20),
        (1005, 21),
        (1007, 23),
        (1009, 25),
        (1028, 26),
        (199, 114),
        (1021, 700),
        (1022, 701),
        (1014, 1042),
        (1015, 1043),
        (1182, 1082),
        (1183, 1083),
        (1115, 1114),
        (1185, 1184),
        (1187, 1186),
        (1270, 1266),
        (1231, 1700),
        (2951, 2950),
        (3807, 3802),
    ];
    ARRAYS.iter().find(|(of, _)| *of == array).map(|(_, element)| *element)
}

/// The text form of a binary value, times in `zone`; `None` when the bytes are no value of the type.
pub fn text(oid: u32, bytes: &[u8], zone: &str) -> Option<String> {
    if element_of(oid).is_some() {
        return array(bytes, zone);
    }
    Some(match oid {
        16 => if *bytes == [1] { "t" } else { "f" }.to_owned(),
        17 => bytes.iter().fold("\\x".to_owned(), |hex, b| format!("{hex}{b:02x}")),
        20 => int8(bytes)?.to_string(),
        21 => i16::from_be_bytes(bytes.try_into().ok()?).to_string(),
        23 => int4(bytes)?.to_string(),
        26 | 28 => u32::from_be_bytes(bytes.try_into().ok()?).to_string(),
        700 => {
            let value = f32::from_be_bytes(bytes.try_into().ok()?);
            float(f64::from(value), format!("{value:e}"), 6)
        }
        701 => {
            let value = f64::from_be_bytes(bytes.try_into().ok()?);
            float(value, format!("{value:e}"), 15)
        }
        1082 => match int4(bytes)? {
            i32::MAX => "infinity".to_owned(),
            i32::MIN => "-infinity".to_owned(),
            days => date(day(days.into())?),
        },
        1083 => time(int8(bytes)?)?,
        1266 => {
            let (micros, west) = (int8(bytes.get(..8)?)?, int4(bytes.get(8..)?)?);
            time(micros)? + &offset(-west)
        }
        1114 | 1184 => match int8(bytes)? {
            i64::MAX => "infinity".to_owned(),
            i64::MIN => "-infinity".to_owned(),
            micros if oid == 1114 => timestamp(instant(micros)?, ""),
            micros => zoned(instant(micros)?, zone)?,
        },
        1186 => interval(int8(bytes.get(..8)?)?, int4(bytes.get(8..12)?)?, int4(bytes.get(12..)?)?),
        1700 => numeric(bytes)?,
        2249 => record(bytes, zone)?,
        2278 => String::new(),
        2950 => {
            let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            format!("{}-{}-{}-{}-{}", hex.get(..8)?, hex.get(8..12)?, hex.get(12..16)?, hex.get(16..20)?, hex.get(20..32)?)
        }
        3802 => String::from_utf8(bytes.strip_prefix(&[1])?.to_vec()).ok()?,
        _ => String::from_utf8(bytes.to_vec()).ok()?,
    })
}

fn int4(bytes: &[u8]) -> Option<i32> {
    Some(i32::from_be_bytes(bytes.try_into().ok()?))
}

fn int8(bytes: &[u8]) -> Option<i64> {
    Some(i64::from_be_bytes(bytes.try_into().ok()?))
}

/// The shortest digits, with an exponent from `limit` digits before the point on.
fn float(value: f64, scientific: String, limit: i32) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "NaN".to_owned() } else { format!("{}Infinity", if value < 0.0 { "-" } else { "" }) };
    }
    let (digits, exponent) = scientific.split_once('e').expect("it has an exponent");
    let exponent: i32 = exponent.parse().expect("it is a number");
    if (-4..limit).contains(&exponent) {
        // The shortest form without exponent has the same digits.
        return if limit == 6 { (value as f32).to_string() } else { value.to_string() };
    }
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn day(since_2000: i64) -> Option<NaiveDate> {
    let start = NaiveDate::from_ymd_opt(2000, 1, 1)?;
    let days = Days::new(since_2000.unsigned_abs());
    if since_2000 < 0 { start.checked_sub_days(days) } else { start.checked_add_days(days) }
}

/// Years before 1 are counted from 1 BC backwards.
fn year(date: NaiveDate) -> (i32, &'static str) {
    if date.year() > 0 { (date.year(), "") } else { (1 - date.year(), " BC") }
}

fn date(day: NaiveDate) -> String {
    let (year, era) = year(day);
    format!("{year:04}-{:02}-{:02}{era}", day.month(), day.day())
}

fn time(micros: i64) -> Option<String> {
    if micros == 86_400_000_000 {
        return Some("24:00:00".to_owned());
    }
    let time = NaiveTime::from_hms_opt(0, 0, 0)? + TimeDelta::microseconds(micros);
    Some(clock(time))
}

fn clock(time: NaiveTime) -> String {
    let micros = time.nanosecond() / 1000;
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}").trim_end_matches('0').to_owned() };
    format!("{:02}:{:02}:{:02}{fraction}", time.hour(), time.minute(), time.second())
}

fn instant(micros: i64) -> Option<NaiveDateTime> {
    day(0)?.and_hms_opt(0, 0, 0)?.checked_add_signed(TimeDelta::microseconds(micros))
}

fn timestamp(at: NaiveDateTime, offset: &str) -> String {
    let (year, era) = year(at.date());
    format!("{year:04}-{:02}-{:02} {}{offset}{era}", at.month(), at.day(), clock(at.time()))
}

fn zoned(at: NaiveDateTime, zone: &str) -> Option<String> {
    let utc: DateTime<Utc> = at.and_utc();
    let seconds = match chrono_tz::Tz::from_str(zone) {
        Ok(zone) => zone.offset_from_utc_datetime(&utc.naive_utc()).fix().local_minus_utc(),
        Err(_) => chrono::FixedOffset::from_str(zone).map_or(0, |fixed| fixed.local_minus_utc()),
    };
    Some(timestamp(at.checked_add_signed(TimeDelta::seconds(seconds.into()))?, &offset(seconds)))
}

fn offset(east: i32) -> String {
    let (sign, all) = (if east < 0 { '-' } else { '+' }, east.abs());
    let mut shown = format!("{sign}{:02}", all / 3600);
    if all % 3600 != 0 {
        shown += &format!(":{:02}", all / 60 % 60);
    }
    if all % 60 != 0 {
        shown += &format!(":{:02}", all % 60);
    }
    shown
}

fn interval(micros: i64, days: i32, months: i32) -> String {
    let mut parts = Vec::new();
    // As in `interval_out`: a positive part behind a negative one has its sign.
    let mut negative = false;
    let mut part = |value: i32, unit: &str| {
        if value != 0 {
            let sign = if negative && value > 0 { "+" } else { "" };
            parts.push(format!("{sign}{value} {unit}{}", if value == 1 { "" } else { "s" }));
            negative = value < 0;
        }
    };
    part(months / 12, "year");
    part(months % 12, "mon");
    part(days, "day");
    if micros != 0 || parts.is_empty() {
        let sign = if micros < 0 {
            "-"
        } else if negative {
            "+"
        } else {
            ""
        };
        let (all, seconds) = (micros.unsigned_abs(), micros.unsigned_abs() / 1_000_000);
        let fraction = all % 1_000_000;
        let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:06}").trim_end_matches('0').to_owned() };
        parts.push(format!("{sign}{:02}:{:02}:{:02}{fraction}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    }
    parts.join(" ")
}

/// Digits in base 10,000 around a point.
fn numeric(bytes: &[u8]) -> Option<String> {
    let words: Vec<i16> = bytes.chunks(2).map(|w| Some(i16::from_be_bytes(w.try_into().ok()?))).collect::<Option<_>>()?;
    let [_, weight, sign, scale, digits @ ..] = words.as_slice() else { return None };
    let (sign, scale) = match *sign as u16 {
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        sign => (if sign == 0x4000 { "-" } else { "" }, usize::try_from(*scale).ok()?),
    };
    let digit = |place: i32| usize::try_from(place).ok().and_then(|place| digits.get(place)).copied().unwrap_or(0);
    let weight = i32::from(*weight);
    let whole: String = (0..=weight).map(|place| format!("{:04}", digit(place))).collect();
    let whole = whole.trim_start_matches('0');
    let behind = scale.div_ceil(4) as i32;
    let fraction: String = (weight + 1..=weight + behind).map(|place| format!("{:04}", digit(place))).collect();
    let point = if scale == 0 { "" } else { "." };
    Some(format!("{sign}{}{point}{}", if whole.is_empty() { "0" } else { whole }, fraction.get(..scale)?))
}

fn array(bytes: &[u8], zone: &str) -> Option<String> {
    let dimensions = int4(bytes.get(..4)?)?;
    if dimensions == 0 {
        return Some("{}".to_owned());
    }
    let oid = u32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?);
    let mut rest = bytes.get(12..)?;
    let (mut lengths, mut bounds) = (Vec::new(), String::new());
    for _ in 0..dimensions {
        let (length, lower) = (int4(rest.get(..4)?)?, int4(rest.get(4..8)?)?);
        bounds += &format!("[{lower}:{}]", lower + length - 1);
        lengths.push((length, lower));
        rest = rest.get(8..)?;
    }
    let bounds = if lengths.iter().any(|(_, lower)| *lower != 1) { bounds + "=" } else { String::new() };
    let lengths: Vec<i32> = lengths.into_iter().map(|(length, _)| length).collect();
    Some(bounds + &nested(oid, &lengths, &mut rest, zone)?)
}

fn nested(oid: u32, lengths: &[i32], rest: &mut &[u8], zone: &str) -> Option<String> {
    let Some((length, inner)) = lengths.split_first() else {
        let value = take(rest)?;
        return value.map_or(Some("NULL".to_owned()), |bytes| text(oid, bytes, zone).map(|v| quoted(&v)));
    };
    let values: Option<Vec<String>> = (0..*length).map(|_| nested(oid, inner, rest, zone)).collect();
    Some(format!("{{{}}}", values?.join(",")))
}

/// A value behind its length; `None` within for a null.
fn take<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = int4(rest.get(..4)?)?;
    let after = rest.get(4..)?;
    let Ok(length) = usize::try_from(length) else {
        *rest = after;
        return Some(None);
    };
    *rest = after.get(length..)?;
    Some(after.get(..length))
}

fn quoted(value: &str) -> String {
    let special = |c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_ascii_whitespace() || c == '\x0b';
    if !value.is_empty() && !value.contains(special) && !value.eq_ignore_ascii_case("null") {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn record(bytes: &[u8], zone: &str) -> Option<String> {
    let count = int4(bytes.get(..4)?)?;
    let mut rest = bytes.get(4..)?;
    let mut fields = Vec::new();
    for _ in 0..count {
        let oid = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
        rest = rest.get(4..)?;
        let special = |c: char| matches!(c, '(' | ')' | ',' | '"' | '\\') || c.is_ascii_whitespace() || c == '\x0b';
        fields.push(match take(&mut rest)? {
            None => String::new(),
            Some(bytes) => match text(oid, bytes, zone)? {
                value if !value.is_empty() && !value.contains(special) => value,
                value => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\"\"")),
            },
        });
    }
    Some(format!("({})", fields.join(",")))
}
