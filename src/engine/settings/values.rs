//! What values settings take, and how they are kept and shown.

use super::Takes::{Ascii, Bool, Charset, DateStyle, Fixed, Int, OneOf, Text};
use super::{Setting, Takes, fixed};
use crate::error::{Error, Kind, Result};
use crate::table::pg_time::{Zone, offset_text};

/// The value as it is kept and shown, or why it is not taken. `before` is the setting's value until now.
pub(super) fn check(setting: &Setting, value: &str, before: &str) -> Result<String> {
    let refuse = |what: &str| {
        Err(Error::new(Kind::InvalidParameter, format!("invalid value for parameter \"{}\": \"{value}\"", setting.0))
            .with_hint(format!("It takes {what}.")))
    };
    match setting.2 {
        Text => Ok(value.to_owned()),
        Ascii => Ok(value.bytes().map(|b| if (b' '..=b'~').contains(&b) { char::from(b) } else { '?' }).collect()),
        Fixed if value == setting.1 => Ok(value.to_owned()),
        Fixed => Err(fixed(setting)),
        Bool => match value.to_ascii_lowercase().as_str() {
            "on" | "true" | "t" | "yes" | "y" | "1" => Ok("on".to_owned()),
            // Nothing can be written in either case; the word decides whether a client believes it could.
            "off" | "false" | "f" | "no" | "n" | "0" if setting.0.ends_with("transaction_read_only") => {
                Err(Error::new(Kind::ReadOnly, "cannot set transaction read-write mode: all data here is read-only"))
            }
            "off" | "false" | "f" | "no" | "n" | "0" => Ok("off".to_owned()),
            _ => refuse("on or off"),
        },
        Int(low, high) => match value.parse::<i64>() {
            Ok(n) if (low..=high).contains(&n) => Ok(n.to_string()),
            _ => refuse(&format!("a whole number from {low} to {high}")),
        },
        Takes::Duration => match parse_millis(value) {
            Some(millis) => Ok(show_millis(millis)),
            None => refuse("milliseconds, or a number with us, ms, s, min, h or d"),
        },
        OneOf(words) => match words.iter().find(|w| w.eq_ignore_ascii_case(value)) {
            Some(word) => Ok((*word).to_owned()),
            None => refuse(&words.join(" or ")),
        },
        // As PostgreSQL does, letters and digits alone count: asyncpg sends `'utf-8'` with its quotes.
        Charset => match value.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "").as_str() {
            "utf8" | "unicode" => Ok("UTF8".to_owned()),
            "sqlascii" => Ok("SQL_ASCII".to_owned()),
            _ => refuse("UTF8 or SQL_ASCII; every client library can convert from UTF8"),
        },
        Takes::TimeZone => match canonical_zone(value) {
            Some(zone) => Ok(zone),
            None => refuse("a zone of the IANA database such as Asia/Shanghai, or an offset such as +08:00"),
        },
        DateStyle => match date_style(value, before) {
            Some(style) => Ok(style),
            None => refuse("ISO, SQL, Postgres or German, with MDY, DMY or YMD"),
        },
    }
}

/// A style and an order, each as before where it is not named.
fn date_style(value: &str, before: &str) -> Option<String> {
    let (mut style, mut order) = (None, None);
    let mut german = false;
    for word in value.split(',').map(|w| w.trim().to_ascii_uppercase()) {
        let (place, named) = match word.as_str() {
            "ISO" => (&mut style, "ISO"),
            "SQL" => (&mut style, "SQL"),
            w if w.starts_with("POSTGRES") => (&mut style, "Postgres"),
            "GERMAN" => {
                german = true;
                (&mut style, "German")
            }
            "YMD" => (&mut order, "YMD"),
            "DMY" => (&mut order, "DMY"),
            w if w.starts_with("EURO") => (&mut order, "DMY"),
            "MDY" | "US" => (&mut order, "MDY"),
            w if w.starts_with("NONEURO") => (&mut order, "MDY"),
            "DEFAULT" => {
                style = style.or(Some("ISO"));
                order = order.or(Some("MDY"));
                continue;
            }
            _ => return None,
        };
        // Two different ones contradict each other.
        if place.is_some_and(|known| known != named) {
            return None;
        }
        *place = Some(named);
    }
    let (style_before, order_before) = before.split_once(", ").unwrap_or(("ISO", "MDY"));
    let order = order.unwrap_or(if german { "DMY" } else { order_before });
    Some(format!("{}, {order}", style.unwrap_or(style_before)))
}

/// A zone's name as the IANA database writes it, a POSIX form as it is, or hours east of Greenwich in such a form.
fn canonical_zone(value: &str) -> Option<String> {
    let value = value.trim().trim_matches('\'');
    if value.eq_ignore_ascii_case("default") || value.eq_ignore_ascii_case("local") {
        return Some("UTC".to_owned());
    }
    if let Ok(hours) = value.parse::<f64>() {
        // Within a week of hours, as PostgreSQL has it; what is shown can be read again.
        let seconds = Some((hours * 3600.0).round()).filter(|seconds| seconds.abs() < 168.0 * 3600.0)? as i32;
        return Some(format!("<{}>{}", offset_text(seconds), offset_text(-seconds)));
    }
    Zone::named(value)?;
    Some(Zone::canonical_name(value).unwrap_or(value).to_owned())
}

/// PostgreSQL's time units (guc.c), in milliseconds.
pub(super) fn parse_millis(value: &str) -> Option<u64> {
    let value = value.trim();
    let digits = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    let number: f64 = value[..digits].parse().ok()?;
    let unit = match value[digits..].trim() {
        "" | "ms" => 1.0,
        "us" => 0.001,
        "s" => 1_000.0,
        "min" => 60_000.0,
        "h" => 3_600_000.0,
        "d" => 86_400_000.0,
        _ => return None,
    };
    let millis = (number * unit).round();
    (millis <= f64::from(i32::MAX)).then_some(millis as u64)
}

/// Milliseconds in the largest unit that holds them whole, as `SHOW` does.
fn show_millis(millis: u64) -> String {
    match millis {
        0 => "0".to_owned(),
        m if m % 86_400_000 == 0 => format!("{}d", m / 86_400_000),
        m if m % 3_600_000 == 0 => format!("{}h", m / 3_600_000),
        m if m % 60_000 == 0 => format!("{}min", m / 60_000),
        m if m % 1_000 == 0 => format!("{}s", m / 1_000),
        m => format!("{m}ms"),
    }
}
