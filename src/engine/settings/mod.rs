//! A session's settings: what was set, for how long, and what clients are told of. Which settings there are stands below; DataFusion's own
//! options are not settable by clients.

mod known;
mod units;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use self::known::{ISOLATION_LEVELS, SESSION_USER, Setting, find};
use self::values::{check, shown};
use super::transactions::Modes;
use crate::error::{Error, Kind, Result};
use crate::name::identifiers;
use crate::table::Setting as Described;

/// PostgreSQL's version whose behaviour is kept to.
pub const SERVER_VERSION: &str = "15.18";

/// Settings of a client's that its rows do not depend on.
const BESIDE_ANSWERS: [&str; 8] = [
    "application_name",
    "client_encoding",
    "client_min_messages",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "lock_timeout",
    SESSION_USER,
    "statement_timeout",
];

/// Values by name: PostgreSQL's, or in lower case one that clients gave.
type Values = BTreeMap<Cow<'static, str>, String>;

/// The values at a savepoint.
#[derive(Debug)]
pub struct Mark {
    set: Values,
    local: Values,
}

/// The values of one session.
#[derive(Debug, Default)]
pub struct Settings {
    /// What a reset goes back to, where it differs from the server's default.
    start: Values,
    /// What was set since.
    set: Values,
    /// The values before the open transaction block, which a rollback goes back to.
    before: Option<Values>,
    /// Set for the open transaction block only.
    local: Values,
    /// The reported ones that were not told yet.
    untold: Vec<&'static str>,
    /// Counts the changes: a plan that was made under other settings is made anew.
    generation: u64,
}

impl Settings {
    /// The settings of a session of this user, who can't say to be another one.
    pub fn of_user(user: &str) -> Self {
        Self { start: BTreeMap::from([(SESSION_USER.into(), user.to_owned())]), ..Self::default() }
    }

    /// Sets what the session starts with: a later reset goes back to it. What can't be set can't be started with either.
    pub fn start_with(&mut self, name: &str, value: &str) -> Result<()> {
        self.generation += 1;
        let Some(setting) = find(name) else {
            self.start.insert(custom(name)?, value.to_owned());
            return Ok(());
        };
        setting.context.admits(name, true)?;
        let value = check(setting, name, value, self.value(setting))?;
        self.start.insert(setting.name.into(), value);
        Ok(())
    }

    /// The value, as `SHOW` prints it. [`Kind::UndefinedObject`] when there is no such setting.
    pub fn show(&self, name: &str) -> Result<String> {
        match find(name) {
            Some(setting) => Ok(shown(setting, self.value(setting))),
            None => self.found(&name.to_lowercase()).map(str::to_owned).ok_or_else(|| known::unknown(name)),
        }
    }

    /// The name as PostgreSQL writes it. [`Kind::UndefinedObject`] when there is no such setting.
    pub fn canonical_name(&self, name: &str) -> Result<Cow<'static, str>> {
        match find(name) {
            Some(setting) => Ok(setting.name.into()),
            None => self.show(name).map(|_| name.to_owned().into()),
        }
    }

    /// Sets a value; `None` goes back to the default. `local` lasts to the end of the transaction block.
    pub fn set(&mut self, name: &str, value: Option<&str>, local: bool) -> Result<()> {
        let setting = find(name);
        let key: Cow<'static, str> = match setting {
            Some(setting) => setting.name.into(),
            None => custom(name)?,
        };
        if let Some(setting) = setting {
            setting.context.admits(name, false)?;
        }
        let told_before = setting.map(|setting| self.value(setting).to_owned());
        let value = match (value, setting) {
            (Some(value), Some(setting)) => Some(check(setting, name, value, told_before.as_deref().unwrap_or_default())?),
            (Some(value), None) => Some(value.to_owned()),
            (None, _) => None,
        };
        self.generation += 1;
        // Also a statement alone is a transaction, which may fail.
        if self.before.is_none() {
            self.before = Some(self.set.clone());
        }
        let default = || self.start.get(&key).cloned().unwrap_or_else(|| setting.map_or("", |s| s.default).to_owned());
        match (value, local) {
            (Some(value), true) => drop(self.local.insert(key, value)),
            (None, true) => {
                let default = default();
                self.local.insert(key, default);
            }
            (Some(value), false) => {
                self.local.remove(&key);
                self.set.insert(key, value);
            }
            // One of the client's own stays, empty.
            (None, false) if setting.is_none() => {
                let default = default();
                self.local.remove(&key);
                self.set.insert(key, default);
            }
            (None, false) => {
                self.set.remove(&key);
                self.local.remove(&key);
            }
        }
        if let (Some(setting), Some(before)) = (setting, told_before) {
            self.tell_if_changed(setting, &before);
        }
        Ok(())
    }

    /// Whether a value would be taken.
    pub fn check(&self, name: &str, value: Option<&str>) -> Result<()> {
        let Some(setting) = find(name) else { return custom(name).map(drop) };
        setting.context.admits(name, false)?;
        value.map_or(Ok(()), |value| check(setting, name, value, self.value(setting)).map(drop))
    }

    /// Different after every change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What was set of those that answers may depend on. What the client calls itself, how long it waits and what it is told have no
    /// part in its rows.
    pub fn of_answers(&self) -> BTreeMap<String, String> {
        let counts = |name: &str| find(name).is_some() && !BESIDE_ANSWERS.contains(&name);
        let names = self.start.keys().chain(self.set.keys()).chain(self.local.keys());
        let value = |name: &str| self.found(name).unwrap_or_default().to_owned();
        names.filter(|name| counts(name)).map(|name| (name.to_string(), value(name))).collect()
    }

    /// `RESET ALL`.
    pub fn reset_all(&mut self) {
        self.replace(Values::new(), Values::new());
    }

    /// What the open transaction was asked to be.
    pub fn transaction_modes(&self) -> Modes {
        let level = self.local.get("transaction_isolation");
        let level = ISOLATION_LEVELS.iter().find(|l| level.is_some_and(|level| level == **l));
        Modes { isolation: level.copied(), deferrable: self.local.get("transaction_deferrable").map(|v| v == "on") }
    }

    /// A transaction block begins. What was set in the same string of statements belongs to it.
    pub fn begin(&mut self) {
        if self.before.is_none() {
            self.before = Some(self.set.clone());
        }
    }

    /// A transaction ends: what was local is gone, and what was set in it stays only when it is committed.
    pub fn end(&mut self, commit: bool) {
        let set = match self.before.take() {
            Some(before) if !commit => before,
            None if self.local.is_empty() => return,
            Some(_) | None => self.set.clone(),
        };
        self.replace(set, Values::new());
    }

    /// What a savepoint keeps.
    pub fn mark(&self) -> Mark {
        Mark { set: self.set.clone(), local: self.local.clone() }
    }

    /// Back to what a savepoint kept.
    pub fn go_back(&mut self, mark: &Mark) {
        self.replace(mark.set.clone(), mark.local.clone());
    }

    fn replace(&mut self, set: Values, local: Values) {
        if self.set == set && self.local == local {
            return;
        }
        let reported = known::all().iter().filter(|setting| setting.reported);
        let told: Vec<(&'static Setting, String)> = reported.map(|s| (s, self.value(s).to_owned())).collect();
        self.generation += 1;
        (self.set, self.local) = (set, local);
        for (setting, value) in told {
            self.tell_if_changed(setting, &value);
        }
    }

    /// Every setting of PostgreSQL's, by name, as `pg_settings` has it.
    pub fn described(&self) -> Vec<Described> {
        let described = |s: &'static Setting| Described {
            name: s.name.to_owned(),
            value: self.value(s).to_owned(),
            reset_value: self.start.get(s.name).map_or(s.default, String::as_str).to_owned(),
            unit: s.unit.map(units::Unit::name),
            category: s.category,
            description: s.description,
            vartype: s.vartype(),
            settable: s.context == known::Context::User,
        };
        known::all().iter().map(described).collect()
    }

    /// Every setting's name, value and description, as `SHOW ALL` prints them.
    pub fn all(&self) -> Vec<[String; 3]> {
        let row = |s: &'static Setting| [s.name.to_owned(), shown(s, self.value(s)), s.description.to_owned()];
        known::all().iter().map(row).collect()
    }

    /// Those that clients are told of.
    pub fn reported(&self) -> Vec<(&'static str, String)> {
        let reported = known::all().iter().filter(|setting| setting.reported);
        reported.map(|s| (s.name, self.value(s).to_owned())).collect()
    }

    /// Those of them that changed since the last call.
    pub fn changed(&mut self) -> Vec<(&'static str, String)> {
        let mut changed = std::mem::take(&mut self.untold);
        changed.sort_unstable();
        changed.dedup();
        let settings = changed.into_iter().filter_map(find);
        settings.map(|s| (s.name, self.value(s).to_owned())).collect()
    }

    /// The statement's deadline; `None` when there is no limit.
    pub fn statement_timeout(&self) -> Option<Duration> {
        self.limit("statement_timeout")
    }

    /// The longest wait for a lock; `None` when there is no limit.
    pub fn lock_timeout(&self) -> Option<Duration> {
        self.limit("lock_timeout")
    }

    fn limit(&self, name: &str) -> Option<Duration> {
        let millis: u64 = self.value(find(name)?).parse().ok()?;
        (millis > 0).then(|| Duration::from_millis(millis))
    }

    /// The schemas that unqualified names are looked up in.
    pub fn search_path(&self) -> Vec<String> {
        let value = self.show("search_path").unwrap_or_default();
        identifiers::split(&value, ',').into_iter().filter(|name| !name.is_empty()).collect()
    }

    fn value(&self, setting: &'static Setting) -> &str {
        if let Some(value) = self.found(setting.name) {
            return value;
        }
        // Each transaction begins as the session's default says.
        let of_session = DEFAULTS.iter().find(|(of, _)| *of == setting.name);
        of_session.and_then(|(_, default)| self.found(default)).unwrap_or(setting.default)
    }

    /// What was set, for however long.
    fn found(&self, name: &str) -> Option<&str> {
        [&self.local, &self.set, &self.start].iter().find_map(|values| values.get(name)).map(String::as_str)
    }

    fn tell_if_changed(&mut self, setting: &'static Setting, before: &str) {
        if setting.reported && self.value(setting) != before {
            self.untold.push(setting.name);
        }
    }
}

/// Settings of one transaction, and those that say what each transaction begins with.
const DEFAULTS: &[(&str, &str)] =
    &[("transaction_isolation", "default_transaction_isolation"), ("transaction_deferrable", "default_transaction_deferrable")];

/// Whether a setting is of one transaction: it ends with it, however it was set.
pub(super) fn of_transaction(name: &str) -> bool {
    DEFAULTS.iter().any(|(of, _)| name.eq_ignore_ascii_case(of))
}

/// The name of a client's own setting, as it is kept.
fn custom(name: &str) -> Result<Cow<'static, str>> {
    if known::is_custom(name) {
        return Ok(name.to_lowercase().into());
    }
    if !name.contains('.') || name.to_ascii_lowercase().starts_with("datafusion.") {
        return Err(known::unknown(name));
    }
    Err(Error::new(Kind::InvalidName, format!("invalid configuration parameter name \"{name}\""))
        .with_detail("Custom parameter names must be two or more simple identifiers separated by dots."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_and_shown_as_postgresql_shows_them() {
        for (name, value, want) in [
            ("statement_timeout", "5000", Ok("5s")),
            ("statement_timeout", "90s", Ok("90s")),
            ("work_mem", "64MB", Ok("64MB")),
            ("work_mem", "1kB", Err(Kind::InvalidParameter)),
            ("enable_seqscan", "of", Ok("off")),
            ("enable_seqscan", "o", Err(Kind::InvalidParameter)),
            ("synchronous_commit", "1", Ok("on")),
            ("seq_page_cost", "1.50", Ok("1.5")),
            ("shared_buffers", "1GB", Err(Kind::FixedParameter)),
            ("log_statement", "all", Err(Kind::Forbidden)),
            ("my.own", "x", Ok("x")),
            ("my.1", "x", Err(Kind::InvalidName)),
            ("timezone", "interval '-08:30'", Ok("<-08:30>+08:30")),
            ("timezone", "interval '1 month'", Err(Kind::InvalidParameter)),
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
            ("client_encoding", "iso-8859-1", Ok("LATIN1")),
            ("client_encoding", "johab", Err(Kind::InvalidParameter)),
            ("application_name", "caf\u{e9}\n", Ok("caf???")),
            ("client_min_messages", "WARNING", Ok("warning")),
            ("client_min_messages", "loud", Err(Kind::InvalidParameter)),
            ("extra_float_digits", "3", Ok("3")),
            ("server_version", "9", Err(Kind::FixedParameter)),
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
        for (name, kind) in [
            ("session_authorization", Kind::InvalidParameter),
            ("is_superuser", Kind::FixedParameter),
            ("server_version", Kind::FixedParameter),
        ] {
            assert_eq!(settings.start_with(name, "on").map_err(|e| e.kind()), Err(kind), "{name}");
        }
        assert_eq!(settings.show("session_authorization").as_deref().ok(), Some("ann"));
    }

    #[test]
    fn what_is_set_without_a_block_is_taken_back_when_its_statements_fail() {
        let mut settings = Settings::default();
        settings.set("TimeZone", Some("Asia/Tokyo"), false).expect("a zone");
        settings.end(true);
        settings.set("TimeZone", Some("Asia/Seoul"), false).expect("a zone");
        settings.set("my.own", Some("x"), false).expect("a name");
        settings.end(false);
        assert_eq!(settings.show("TimeZone").as_deref().ok(), Some("Asia/Tokyo"));
        assert_eq!(settings.show("my.own").map_err(|e| e.kind()), Err(Kind::UndefinedObject));
    }
}
