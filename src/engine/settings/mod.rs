//! A session's settings: PostgreSQL's names that drivers and tools send, each with its default and what it takes. DataFusion's own
//! options are not settable by clients.

mod values;

use std::collections::BTreeMap;
use std::time::Duration;

use self::values::{check, parse_millis};
use super::identifiers;
use super::transactions::Modes;
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
    /// Text in printable ASCII; what is none becomes question marks.
    Ascii,
    /// `UTF8`, or `SQL_ASCII`, which asks for the server's bytes as they are.
    Charset,
    /// A time zone name or offset.
    TimeZone,
    /// A style of dates, an order of day and month, or both.
    DateStyle,
    /// Nothing: it can be read, not set.
    Fixed,
}

/// One setting: name as PostgreSQL writes it, default, what it takes, whether clients are told of it (ParameterStatus), and
/// what it is for.
struct Setting(&'static str, &'static str, Takes, bool, &'static str);

/// The setting that names the session's user.
const SESSION_USER: &str = "session_authorization";

/// PostgreSQL's version whose behaviour is kept to.
pub const SERVER_VERSION: &str = "15.18";

use Takes::{Ascii, Bool, Charset, DateStyle, Fixed, Int, OneOf, Text};

/// The severities of messages to a client, the least first.
const LEVELS: &[&str] = &["debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"];

const ISOLATION_LEVELS: &[&str] = &["serializable", "repeatable read", "read committed", "read uncommitted"];
const ISOLATION: Takes = OneOf(ISOLATION_LEVELS);

/// All of them, sorted by name without regard to case.
static SETTINGS: &[Setting] = &[
    Setting("application_name", "", Ascii, true, "The client's name, for monitoring."),
    Setting("bytea_output", "hex", OneOf(&["hex", "escape"]), false, "The text form of bytea."),
    Setting("client_encoding", "UTF8", Charset, true, "The client's encoding: UTF8, or SQL_ASCII for the same bytes."),
    Setting("client_min_messages", "notice", OneOf(LEVELS), false, "The least severe message that is sent."),
    Setting("DateStyle", "ISO, MDY", DateStyle, true, "The text form of dates, and the order of day and month."),
    Setting("default_table_access_method", "heap", Fixed, false, "Drivers compare a table's with it."),
    Setting("default_transaction_deferrable", "off", Bool, false, "Accepted: nothing is ever waited for."),
    Setting("default_transaction_isolation", "read committed", ISOLATION, false, "Accepted: every statement reads snapshots."),
    Setting("default_transaction_read_only", "on", Bool, true, "Everything is read-only."),
    Setting("extra_float_digits", "1", Int(-15, 3), false, "Digits of floating-point numbers; 1 and more is exact."),
    Setting("idle_in_transaction_session_timeout", "0", Takes::Duration, false, "Accepted, without effect."),
    Setting("idle_session_timeout", "0", Takes::Duration, false, "Accepted, without effect."),
    Setting("in_hot_standby", "off", Fixed, true, "Not a standby."),
    Setting("integer_datetimes", "on", Fixed, true, "Binary times are integers."),
    Setting(
        "IntervalStyle",
        "postgres",
        OneOf(&["postgres", "postgres_verbose", "sql_standard", "iso_8601"]),
        true,
        "The text form of intervals.",
    ),
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
    Setting("transaction_deferrable", "off", Bool, false, "Accepted: nothing is ever waited for."),
    Setting("transaction_isolation", "read committed", ISOLATION, false, "Accepted: every statement reads snapshots."),
    Setting("transaction_read_only", "on", Bool, false, "Everything is read-only."),
];

/// The values at a savepoint.
#[derive(Debug)]
pub struct Mark {
    set: BTreeMap<&'static str, String>,
    local: BTreeMap<&'static str, String>,
}

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
    /// The settings of a session of this user, who can't say to be another one.
    pub fn of_user(user: &str) -> Self {
        Self { start: BTreeMap::from([(SESSION_USER, user.to_owned())]), ..Self::default() }
    }

    /// Sets what the session starts with: a later reset goes back to it. What can't be set can't be started with either.
    pub fn start_with(&mut self, name: &str, value: &str) -> Result<()> {
        let setting = find(name)?;
        let value = check(setting, value, setting.1)?;
        self.start.insert(setting.0, value);
        self.generation += 1;
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
                let value = check(setting, value, &told_before)?;
                if local {
                    self.local.insert(setting.0, value);
                } else {
                    self.local.remove(setting.0);
                    self.set.insert(setting.0, value);
                }
            }
            None if matches!(setting.2, Fixed) => return Err(fixed(setting)),
            None if local => {
                let default = self.start.get(setting.0).map_or(setting.1, String::as_str).to_owned();
                self.local.insert(setting.0, default);
            }
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
        value.map_or(Ok(()), |value| check(setting, value, self.value(setting)).map(drop))
    }

    /// Different after every change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// `RESET ALL`.
    pub fn reset_all(&mut self) {
        self.replace(BTreeMap::new(), BTreeMap::new());
    }

    /// What the open transaction was asked to be.
    pub fn transaction_modes(&self) -> Modes {
        let level = self.local.get("transaction_isolation");
        let level = ISOLATION_LEVELS.iter().find(|l| level.is_some_and(|level| level == **l));
        Modes { isolation: level.copied(), deferrable: self.local.get("transaction_deferrable").map(|v| v == "on") }
    }

    /// A transaction block begins.
    pub fn begin(&mut self) {
        self.before = Some(self.set.clone());
    }

    /// A transaction block ends: what was local is gone, and what was set in it stays only when it is committed.
    pub fn end(&mut self, commit: bool) {
        let set = match self.before.take() {
            Some(before) if !commit => before,
            Some(_) | None => self.set.clone(),
        };
        self.replace(set, BTreeMap::new());
    }

    /// What a savepoint keeps.
    pub fn mark(&self) -> Mark {
        Mark { set: self.set.clone(), local: self.local.clone() }
    }

    /// Back to what a savepoint kept.
    pub fn go_back(&mut self, mark: &Mark) {
        self.replace(mark.set.clone(), mark.local.clone());
    }

    fn replace(&mut self, set: BTreeMap<&'static str, String>, local: BTreeMap<&'static str, String>) {
        if self.set == set && self.local == local {
            return;
        }
        let told: Vec<(&'static Setting, String)> = SETTINGS.iter().map(|s| (s, self.value(s).to_owned())).collect();
        self.generation += 1;
        (self.set, self.local) = (set, local);
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
                Text | Ascii | Charset | Takes::TimeZone | DateStyle | Fixed => "string",
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

    /// The schemas that unqualified names are looked up in.
    pub fn search_path(&self) -> Vec<String> {
        let value = self.show("search_path").unwrap_or_default();
        identifiers::split(&value, ',').into_iter().filter(|name| !name.is_empty()).collect()
    }

    fn value(&self, setting: &'static Setting) -> &str {
        let name = setting.0;
        let found = [&self.local, &self.set, &self.start].iter().find_map(|m| m.get(name)).map(String::as_str);
        // Each transaction begins as the session's default says.
        let default = || SETTINGS.iter().find(|s| of_transaction(name) && s.0.strip_prefix("default_") == Some(name));
        found.or_else(|| default().map(|s| self.value(s))).unwrap_or(setting.1)
    }

    fn tell_if_changed(&mut self, setting: &'static Setting, before: &str) {
        if setting.3 && self.value(setting) != before {
            self.untold.push(setting.0);
        }
    }
}

/// Whether a setting is of one transaction: it ends with it, however it was set.
pub(super) fn of_transaction(name: &str) -> bool {
    ["transaction_isolation", "transaction_deferrable"].iter().any(|of| name.eq_ignore_ascii_case(of))
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
            ("DateStyle", "SQL", Ok("SQL, MDY")),
            ("DateStyle", "german", Ok("German, DMY")),
            ("DateStyle", "iso, sql", Err(Kind::InvalidParameter)),
            ("timezone", "Asia/Shanghai", Ok("Asia/Shanghai")),
            ("timezone", "Moon/Base", Err(Kind::InvalidParameter)),
            ("timezone", "-7.5", Ok("<-07:30>+07:30")),
            ("timezone", "asia/shanghai", Ok("Asia/Shanghai")),
            ("timezone", "nan", Err(Kind::InvalidParameter)),
            ("timezone", "1e300", Err(Kind::InvalidParameter)),
            ("client_encoding", "unicode", Ok("UTF8")),
            ("client_encoding", "'utf-8'", Ok("UTF8")),
            ("client_encoding", "sql_ascii", Ok("SQL_ASCII")),
            ("client_encoding", "latin1", Err(Kind::InvalidParameter)),
            ("application_name", "caf\u{e9}\n", Ok("caf???")),
            ("client_min_messages", "WARNING", Ok("warning")),
            ("client_min_messages", "loud", Err(Kind::InvalidParameter)),
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
    fn a_local_default_ends_with_the_block_and_a_savepoint_takes_back_what_was_set_behind_it() {
        let mut settings = Settings::default();
        settings.set("TimeZone", Some("Asia/Tokyo"), false).expect("a zone");
        settings.begin();
        settings.set("TimeZone", None, true).expect("it has a default");
        assert_eq!(settings.show("TimeZone").as_deref().ok(), Some("UTC"));
        let mark = settings.mark();
        settings.set("TimeZone", Some("Asia/Seoul"), false).expect("a zone");
        settings.go_back(&mark);
        assert_eq!(settings.show("TimeZone").as_deref().ok(), Some("UTC"));
        settings.end(true);
        assert_eq!(settings.show("TimeZone").as_deref().ok(), Some("Asia/Tokyo"));
    }

    #[test]
    fn what_is_fixed_is_fixed_from_the_start() {
        let mut settings = Settings::of_user("ann");
        for name in ["session_authorization", "is_superuser", "server_version"] {
            assert_eq!(settings.start_with(name, "on").map_err(|e| e.kind()), Err(Kind::InvalidParameter), "{name}");
        }
        assert_eq!(settings.show("session_authorization").as_deref().ok(), Some("ann"));
    }

    #[test]
    fn settings_stand_sorted() {
        let names: Vec<String> = SETTINGS.iter().map(|s| s.0.to_ascii_lowercase()).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}
