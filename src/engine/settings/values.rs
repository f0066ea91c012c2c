//! What values settings take, how they are kept and how they are shown.

use super::known::{Setting, Takes};
use super::units::{self, Wrong};
use crate::error::{Error, Kind, Result};
use crate::table::pg_charset::Charset;
use crate::table::pg_time::{Range, Zone, offset_text, read_interval};

/// The value as it is kept, or why it is not taken. `before` is the setting's value until now; `name` is what the client calls it.
pub(super) fn check(setting: &Setting, name: &str, value: &str, before: &str) -> Result<String> {
    let refused = |message: String| Err(Error::new(Kind::InvalidParameter, message));
    let invalid = |name: &str, hint: Wrong| {
        let e = Error::new(Kind::InvalidParameter, format!("invalid value for parameter \"{name}\": \"{value}\""));
        Err(match hint {
            Some(hint) => e.with_hint(hint),
            None => e,
        })
    };
    let outside = |number: f64, low: f64, high: f64| {
        let unit = setting.unit.map_or(String::new(), |unit| format!(" {}", unit.name()));
        let [number, low, high] = [number, low, high].map(units::general);
        refused(format!("{number}{unit} is outside the valid range for parameter \"{name}\" ({low} .. {high})"))
    };
    match &setting.takes {
        Takes::Text => Ok(value.to_owned()),
        Takes::Ascii => Ok(value.bytes().map(|b| if (b' '..=b'~').contains(&b) { char::from(b) } else { '?' }).collect()),
        Takes::Only if value == before => Ok(before.to_owned()),
        Takes::Only if ["on", "off"].contains(&before) && truth(value) == truth(before) => Ok(before.to_owned()),
        Takes::Only => {
            let e = Error::new(Kind::InvalidParameter, format!("invalid value for parameter \"{}\": \"{value}\"", setting.name));
            Err(e.with_hint(format!("It is {before}, and nothing else is done here.")))
        }
        Takes::Bool => match truth(value) {
            Some(on) => Ok(if on { "on" } else { "off" }.to_owned()),
            None => refused(format!("parameter \"{name}\" requires a Boolean value")),
        },
        Takes::ReadOnly => match truth(value) {
            Some(true) => Ok("on".to_owned()),
            // Nothing can be written in either case; the word decides whether a client believes it could.
            Some(false) => Err(Error::new(Kind::ReadOnly, "cannot set transaction read-write mode: all data here is read-only")),
            None => refused(format!("parameter \"{name}\" requires a Boolean value")),
        },
        Takes::Whole(low, high) => match units::whole(value, setting.unit) {
            Ok(number) if (*low..=*high).contains(&number) => Ok(number.to_string()),
            Ok(number) => outside(number as f64, *low as f64, *high as f64),
            Err(hint) => invalid(name, hint),
        },
        Takes::Real(low, high) => match units::real(value, setting.unit) {
            Ok(number) if (*low..=*high).contains(&number) => Ok(number.to_string()),
            Ok(number) => outside(number, *low, *high),
            Err(hint) => invalid(name, hint),
        },
        Takes::OneOf(words) => match words.iter().find(|word| word.eq_ignore_ascii_case(value)) {
            Some(word) => Ok((*word).to_owned()),
            // These are taken, too, and not told of.
            None if words.contains(&"on") && truth(value).is_some() => {
                Ok(if truth(value) == Some(true) { "on" } else { "off" }.to_owned())
            }
            None if setting.name == "client_min_messages" && value.eq_ignore_ascii_case("debug") => Ok("debug2".to_owned()),
            None if setting.name == "client_min_messages" && value.eq_ignore_ascii_case("info") => Ok("info".to_owned()),
            None => {
                let e = Error::new(Kind::InvalidParameter, format!("invalid value for parameter \"{name}\": \"{value}\""));
                Err(e.with_hint(format!("Available values: {}.", words.join(", "))))
            }
        },
        Takes::Charset => match Charset::named(value) {
            Some(charset) => Ok(charset.name().to_owned()),
            None => invalid(setting.name, None),
        },
        Takes::TimeZone => canonical_zone(value).or_else(|detail| with_detail(invalid(setting.name, None), detail)),
        Takes::DateStyle => date_style(value, before).or_else(|detail| with_detail(invalid(setting.name, None), Some(detail))),
    }
}

/// A value as `SHOW` prints it: numbers with the largest unit that holds them whole.
pub(super) fn shown(setting: &Setting, kept: &str) -> String {
    match setting.takes {
        Takes::Whole(..) | Takes::Real(..) => kept.parse().map_or_else(|_| kept.to_owned(), |n| units::shown(n, setting.unit)),
        Takes::Text
        | Takes::Bool
        | Takes::ReadOnly
        | Takes::OneOf(_)
        | Takes::Only
        | Takes::Ascii
        | Takes::Charset
        | Takes::TimeZone
        | Takes::DateStyle => kept.to_owned(),
    }
}

fn with_detail(refused: Result<String>, detail: Option<String>) -> Result<String> {
    match detail {
        Some(detail) => refused.map_err(|e| e.with_detail(detail)),
        None => refused,
    }
}

/// Whether a word says yes or no, as PostgreSQL reads it: the first letters will do where they are clear.
fn truth(word: &str) -> Option<bool> {
    let word = word.trim().to_ascii_lowercase();
    let begins = |whole: &str, least: usize| word.len() >= least && whole.starts_with(&word);
    if begins("true", 1) || begins("yes", 1) || word == "on" || word == "1" {
        return Some(true);
    }
    (begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0").then_some(false)
}

/// A style and an order, each as before where it is not named.
fn date_style(value: &str, before: &str) -> Result<String, String> {
    let (mut style, mut order) = (None, None);
    let mut german = false;
    for told in value.split(',').map(str::trim) {
        let (place, named) = match told.to_ascii_uppercase().as_str() {
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
            _ => return Err(format!("Unrecognized key word: \"{told}\".")),
        };
        // Two different ones contradict each other.
        if place.is_some_and(|known| known != named) {
            return Err("Conflicting \"datestyle\" specifications.".to_owned());
        }
        *place = Some(named);
    }
    let (style_before, order_before) = before.split_once(", ").unwrap_or(("ISO", "MDY"));
    let order = order.unwrap_or(if german { "DMY" } else { order_before });
    Ok(format!("{}, {order}", style.unwrap_or(style_before)))
}

/// A zone's name as the IANA database writes it, a POSIX form as it is, or hours or an interval east of Greenwich in such a form; else what more
/// there is to say.
fn canonical_zone(value: &str) -> Result<String, Option<String>> {
    let value = value.trim().trim_matches('\'');
    if value.eq_ignore_ascii_case("default") || value.eq_ignore_ascii_case("local") {
        return Ok("UTC".to_owned());
    }
    if value.get(..8).is_some_and(|word| word.eq_ignore_ascii_case("interval")) {
        return of_interval(value[8..].trim().trim_matches('\''));
    }
    if let Ok(hours) = value.parse::<f64>() {
        // Within a week of hours, as PostgreSQL has it; what is shown can be read again.
        let seconds = (hours * 3600.0).round();
        return if seconds.abs() < 168.0 * 3600.0 { Ok(of_seconds(seconds as i32)) } else { Err(out_of_range()) };
    }
    Zone::named(value).ok_or(None)?;
    Ok(Zone::canonical_name(value).unwrap_or(value).to_owned())
}

fn of_seconds(seconds: i32) -> String {
    format!("<{}>{}", offset_text(seconds), offset_text(-seconds))
}

fn of_interval(text: &str) -> Result<String, Option<String>> {
    let interval = read_interval(text, Range::FULL, false).map_err(|_| None)?;
    if interval.months != 0 {
        return Err(Some("Cannot specify months in time zone interval.".to_owned()));
    }
    if interval.days != 0 {
        return Err(Some("Cannot specify days in time zone interval.".to_owned()));
    }
    let seconds = interval.micros / 1_000_000;
    i32::try_from(seconds).ok().filter(|s| s.abs() < 168 * 3600).map(of_seconds).ok_or_else(out_of_range)
}

fn out_of_range() -> Option<String> {
    Some("UTC timezone offset is out of range.".to_owned())
}
