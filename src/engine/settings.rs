//! A session's settings: PostgreSQL's names that drivers and tools send, each with its default and what it takes. DataFusion's own
//! options are not settable by clients.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::FixedOffset;

use crate::error::{Error, Kind, Result};
use crate::name::nearest;
use crate::table::Setting as Described;

/// What a setting takes.
#[derive(Clone, Copy)]
enum Takes {
    /// Any text.
    Text,
    /// `on`/`off` and PostgreSQL's other words for them.
    Bool,
    /// A whole number between the two.
    Int(i64, i64),
    /// Milliseconds, or a number with `us`, `ms`, `s`, `min`, `h` or `d`.
    Duration,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// An encoding; only UTF-8 is spoken.
    Utf8,
    /// A time zone name or offset.
    TimeZone,
    /// `ISO`, perhaps with an order of day and month.
    DateStyle,
    /// Nothing: it can be read, not set.
    Fixed,
}

/// One setting: name as PostgreSQL writes it, default, what it takes, whether clients are told of it (ParameterStatus), and
/// what it is for.
struct Setting(&'static str, &'static str, Takes, bool, &'static str);

/// PostgreSQL's version whose behaviour is kept to.
pub const SERVER_VERSION: &str = "15.18";

use Takes::{Bool, DateStyle, Fixed, Int, OneOf, Text, Utf8};

/// All of them, sorted by name without regard to case.
static SETTINGS: &[Setting] = &[
    Setting("application_name", "", Text, true, "The client's name, for monitoring."),
    Setting("bytea_output", "hex", OneOf(&["hex", "escape"]), false, "The text form of bytea."),
    Setting("client_encoding", "UTF8", Utf8, true, "The client's encoding: UTF8 alone."),
    Setting("client_min_messages", "notice", Text, false, "The least severe message that is sent."),
    Setting("DateStyle", "ISO, MDY", DateStyle, true, "The text form of dates: ISO alone."),
    Setting("default_table_access_method", "heap", Fixed, false, "Drivers compare a table's with it."),
    Setting("default_transaction_isolation", "read committed", Text, false, "Accepted: every statement reads snapshots."),
    Setting("default_transaction_read_only", "on", Bool, true, "Everything is read-only."),
    Setting("extra_float_digits", "1", Int(-15, 3), false, "Digits of floating-point numbers; 1 and more is exact."),
    Setting("idle_in_transaction_session_timeout", "0", Takes::Duration, false, "Accepted, without effect."),
    Setting("idle_session_timeout", "0", Takes::Duration, false, "Accepted, without effect."),
    Setting("in_hot_standby", "off", Fixed, true, "Not a standby."),
    Setting("integer_datetimes", "on", Fixed, true, "Binary times are integers."),
    Setting("IntervalStyle", "postgres", OneOf(&["postgres"]), true, "The text form of intervals."),
    Setting("is_superuser", "off", Fixed, true, "No client is."),
    Setting("jit", "off", Bool, false, "Accepted, without effect."),
    Setting("lc_collate", "C", Fixed, false, "Text is ordered by its bytes."),
    Setting("lc_ctype", "C.UTF-8", Fixed, false, "The class of characters."),
    Setting("lc_messages", "C", Text, false, "Messages are in English."),
    Setting("lc_monetary", "C", Text, false, "Accepted, without effect."),
    Setting("lock_timeout", "0", Takes::Duration, false, "Accepted, without effect: nothing is locked."),
    Setting("max_identifier_length", "63", Fixed, false, "Bytes of a name."),
    Setting("row_security", "off", Text, false, "Accepted, without effect."),
    Setting(
        "search_path",
        "",
        Text,
        false,
        "Schemas that names without one are looked up in; at first every theme of the catalog.",
    ),
    Setting("server_encoding", "UTF8", Fixed, true, "The server's encoding."),
    Setting("server_version", SERVER_VERSION, Fixed, true, "The PostgreSQL version whose behaviour is kept to."),
    Setting("server_version_num", "150018", Fixed, false, "The same as a number."),
    Setting("session_authorization", "", Fixed, true, "The session's user."),
    Setting("standard_conforming_strings", "on", OneOf(&["on"]), true, "Backslashes in plain strings are plain."),
    Setting("statement_timeout", "0", Takes::Duration, false, "The longest a statement may take; 0 means no limit."),
    Setting("synchronize_seqscans", "off", Bool, false, "Accepted, without effect."),
    Setting("TimeZone", "UTC", Takes::TimeZone, true, "The zone in which timestamptz values are shown and read."),
    Setting("transaction_isolation", "read committed", Text, false, "Accepted: every statement reads snapshots."),
    Setting("transaction_read_only", "on", Bool, false, "Everything is read-only."),
];

/// The values of one session.
#[derive(Debug, Default)]
pub struct Settings {
    /// What a reset goes back to, where it differs from the server's default.
    start: BTreeMap<&'static str, String>,
    /// What was set since.
    set: BTreeMap<&'static str, String>,
    /// The values before the open transaction block, which a rollback goes back to.
    before: Option<BTreeMap<&'static str, String>>,
    /// Set for the open transaction block only.
    local: BTreeMap<&'static str, String>,
    /// The reported ones that were not told yet.
    untold: Vec<&'static str>,
    /// Counts the changes: a plan that was made under other settings is made anew.
    generation: u64,
}

impl Settings {
    /// Sets what the session starts with: a later reset goes back to it.
    pub fn start_with(&mut self, name: &str, value: &str) -> Result<()> {
        let setting = find(name)?;
        let value = if matches!(setting.2, Fixed) { value.to_owned() } else { check(setting, value)? };
        self.start.insert(setting.0, value);
        Ok(())
    }

    /// The value, as `SHOW` prints it. [`Kind::UndefinedObject`] when there is no such setting.
    pub fn show(&self, name: &str) -> Result<String> {
        Ok(self.value(find(name)?).to_owned())
    }

    /// Sets a value; `None` goes back to the default. `local` lasts to the end of the transaction block.
    pub fn set(&mut self, name: &str, value: Option<&str>, local: bool) -> Result<()> {
        let setting = find(name)?;
        let told_before = self.value(setting).to_owned();
        self.generation += 1;
        match value {
            Some(value) => {
                let value = check(setting, value)?;
                if local {
                    self.local.insert(setting.0, value);
                } else {
                    self.local.remove(setting.0);
                    self.set.insert(setting.0, value);
                }
            }
            None if matches!(setting.2, Fixed) => return Err(fixed(setting)),
            None => {
                self.set.remove(setting.0);
                self.local.remove(setting.0);
            }
        }
        self.tell_if_changed(setting, &told_before);
        Ok(())
    }

    /// Whether a value would be taken.
    pub fn check(&self, name: &str, value: Option<&str>) -> Result<()> {
        let setting = find(name)?;
        value.map_or(Ok(()), |value| check(setting, value).map(drop))
    }

    /// Different after every change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// `RESET ALL`.
    pub fn reset_all(&mut self) {
        let set: Vec<&'static str> = self.set.keys().chain(self.local.keys()).copied().collect();
        for name in set {
            // The names come from the table, so that they are found and not fixed.
            let _ = self.set(name, None, false);
        }
    }

    /// A transaction block begins.
    pub fn begin(&mut self) {
        self.before = Some(self.set.clone());
    }

    /// A transaction block ends: what was local is gone, and what was set in it stays only when it is committed.
    pub fn end(&mut self, commit: bool) {
        let told: Vec<(&'static Setting, String)> = SETTINGS.iter().map(|s| (s, self.value(s).to_owned())).collect();
        self.generation += u64::from(!self.local.is_empty() || !commit);
        self.local.clear();
        if let (Some(before), false) = (self.before.take(), commit) {
            self.set = before;
        }
        for (setting, value) in told {
            self.tell_if_changed(setting, &value);
        }
    }

    /// Every setting, by name, as `pg_settings` shows it.
    pub fn described(&self) -> Vec<Described> {
        let described = |s: &'static Setting| Described {
            name: s.0.to_owned(),
            value: self.value(s).to_owned(),
            reset_value: self.start.get(s.0).map_or(s.1, String::as_str).to_owned(),
            unit: matches!(s.2, Takes::Duration).then_some("ms"),
            category: "Client Connection Defaults",
            description: s.4,
            vartype: match s.2 {
                Bool => "bool",
                Int(..) | Takes::Duration => "integer",
                OneOf(_) => "enum",
                Text | Utf8 | Takes::TimeZone | DateStyle | Fixed => "string",
            },
            settable: !matches!(s.2, Fixed),
        };
        SETTINGS.iter().map(described).collect()
    }

    /// Those that clients are told of.
    pub fn reported(&self) -> Vec<(&'static str, String)> {
        SETTINGS.iter().filter(|s| s.3).map(|s| (s.0, self.value(s).to_owned())).collect()
    }

    /// Those of them that changed since the last call.
    pub fn changed(&mut self) -> Vec<(&'static str, String)> {
        let mut names = std::mem::take(&mut self.untold);
        names.sort_unstable();
        names.dedup();
        SETTINGS.iter().filter(|s| names.contains(&s.0)).map(|s| (s.0, self.value(s).to_owned())).collect()
    }

    /// The statement's deadline; `None` when there is no limit.
    pub fn statement_timeout(&self) -> Option<Duration> {
        let millis = self.show("statement_timeout").ok().and_then(|v| parse_millis(&v))?;
        (millis > 0).then(|| Duration::from_millis(millis))
    }

    /// The schemas that unqualified names are looked up in; `None` when it was not set: every theme.
    pub fn search_path(&self) -> Option<Vec<String>> {
        let value = self.show("search_path").ok()?;
        if value.is_empty() {
            return None;
        }
        Some(value.split(',').map(|p| p.trim().trim_matches('"').to_owned()).filter(|p| !p.is_empty()).collect())
    }

    fn value(&self, setting: &'static Setting) -> &str {
        let name = setting.0;
        [&self.local, &self.set, &self.start].iter().find_map(|m| m.get(name)).map_or(setting.1, String::as_str)
    }

    fn tell_if_changed(&mut self, setting: &'static Setting, before: &str) {
        if setting.3 && self.value(setting) != before {
            self.untold.push(setting.0);
        }
    }
}

/// The name as PostgreSQL writes it. [`Kind::UndefinedObject`] when there is no such setting.
pub fn canonical_name(name: &str) -> Result<&'static str> {
    find(name).map(|s| s.0)
}

/// PostgreSQL's aliases, then the table.
fn find(name: &str) -> Result<&'static Setting> {
    let name = match name.to_ascii_lowercase().as_str() {
        "time zone" => "timezone".to_owned(),
        "names" => "client_encoding".to_owned(),
        other => other.to_owned(),
    };
    SETTINGS.iter().find(|s| s.0.eq_ignore_ascii_case(&name)).ok_or_else(|| {
        let e = Error::new(Kind::UndefinedObject, format!("unrecognized configuration parameter \"{name}\""));
        match nearest(&name, SETTINGS.iter().map(|s| s.0)) {
            Some(near) => e.with_hint(format!("Perhaps you meant \"{near}\".")),
            None => e.with_hint("SHOW ALL lists the settings."),
        }
    })
}

fn fixed(setting: &Setting) -> Error {
    Error::new(Kind::InvalidParameter, format!("parameter \"{}\" cannot be changed", setting.0))
}

/// The value as it is kept and shown, or why it is not taken.
fn check(setting: &Setting, value: &str) -> Result<String> {
    let refuse = |what: &str| {
        Err(Error::new(Kind::InvalidParameter, format!("invalid value for parameter \"{}\": \"{value}\"", setting.0))
            .with_hint(format!("It takes {what}.")))
    };
    match setting.2 {
        Text => Ok(value.to_owned()),
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
        Utf8 => match value.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "").as_str() {
            "utf8" | "unicode" => Ok("UTF8".to_owned()),
            _ => refuse("UTF8 alone; every client library can convert from it"),
        },
        Takes::TimeZone => match canonical_zone(value) {
            Some(zone) => Ok(zone),
            None => refuse("a zone of the IANA database such as Asia/Shanghai, or an offset such as +08:00"),
        },
        DateStyle => {
            let words: Vec<String> = value.split(',').map(|w| w.trim().to_ascii_uppercase()).collect();
            let order = words.iter().find_map(|w| match w.as_str() {
                "MDY" | "US" | "NONEURO" | "NONEUROPEAN" => Some("MDY"),
                "DMY" | "EURO" | "EUROPEAN" => Some("DMY"),
                "YMD" => Some("YMD"),
                _ => None,
            });
            let known = words.iter().all(|w| w == "ISO" || w == "DEFAULT" || order.is_some());
            if known { Ok(format!("ISO, {}", order.unwrap_or("MDY"))) } else { refuse("ISO, with MDY, DMY or YMD") }
        }
    }
}

/// A zone's name as the IANA database writes it, or an offset as `+HH:MM`; PostgreSQL counts bare hours east of Greenwich here.
fn canonical_zone(value: &str) -> Option<String> {
    let value = value.trim().trim_matches('\'');
    if value.eq_ignore_ascii_case("default") || value.eq_ignore_ascii_case("local") || value.eq_ignore_ascii_case("z") {
        return Some("UTC".to_owned());
    }
    if value.eq_ignore_ascii_case("utc") || value.eq_ignore_ascii_case("gmt") {
        return Some(value.to_ascii_uppercase());
    }
    if let Ok(hours) = value.parse::<f64>() {
        return FixedOffset::east_opt((hours * 3600.0) as i32).map(|o| o.to_string());
    }
    value.parse::<arrow::array::timezone::Tz>().ok().map(|_| value.to_owned())
}

/// PostgreSQL's time units (guc.c), in milliseconds.
pub fn parse_millis(value: &str) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_and_shown_as_postgresql_shows_them() {
        for (name, value, want) in [
            ("statement_timeout", "5000", Ok("5s")),
            ("statement_timeout", "90s", Ok("90s")),
            ("statement_timeout", "2min", Ok("2min")),
            ("statement_timeout", "soon", Err(Kind::InvalidParameter)),
            ("datestyle", "iso", Ok("ISO, MDY")),
            ("DateStyle", "SQL", Err(Kind::InvalidParameter)),
            ("timezone", "Asia/Shanghai", Ok("Asia/Shanghai")),
            ("timezone", "Moon/Base", Err(Kind::InvalidParameter)),
            ("client_encoding", "unicode", Ok("UTF8")),
            ("client_encoding", "'utf-8'", Ok("UTF8")),
            ("client_encoding", "latin1", Err(Kind::InvalidParameter)),
            ("extra_float_digits", "3", Ok("3")),
            ("server_version", "9", Err(Kind::InvalidParameter)),
            ("transaction_read_only", "off", Err(Kind::ReadOnly)),
            ("datafusion.execution.batch_size", "1", Err(Kind::UndefinedObject)),
        ] {
            let mut settings = Settings::default();
            let got = settings.set(name, Some(value), false).map(|()| settings.show(name).expect("set"));
            assert_eq!(got.as_deref().map_err(|e| e.kind()), want, "{name} = {value}");
        }
    }

    #[test]
    fn a_rollback_takes_back_what_was_set_and_tells_the_client() {
        let mut settings = Settings::default();
        settings.begin();
        settings.set("TimeZone", Some("Asia/Shanghai"), false).expect("a zone");
        settings.set("statement_timeout", Some("1s"), true).expect("a duration");
        assert_eq!(settings.changed(), [("TimeZone", "Asia/Shanghai".to_owned())]);
        assert_eq!(settings.statement_timeout(), Some(Duration::from_secs(1)));
        settings.end(false);
        assert_eq!(settings.changed(), [("TimeZone", "UTC".to_owned())]);
        assert_eq!(settings.statement_timeout(), None);
    }

    #[test]
    fn settings_stand_sorted() {
        let names: Vec<String> = SETTINGS.iter().map(|s| s.0.to_ascii_lowercase()).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}
