//! Which settings there are: PostgreSQL 15's, each with what it takes and who may change it, and for those that mean something here what that
//! is. What a session has set stands in the module above.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::SERVER_VERSION;
use super::units::Unit;
use crate::error::{Error, Kind, Result};
use crate::name::nearest;
use crate::table::pg_catalog::settings::Known;

/// One setting.
pub(super) struct Setting {
    /// As PostgreSQL writes it.
    pub(super) name: &'static str,
    /// Its value at first, as values are kept: numbers in its unit, without a name behind.
    pub(super) default: &'static str,
    pub(super) takes: Takes,
    pub(super) unit: Option<Unit>,
    pub(super) context: Context,
    /// Whether clients are told of it (ParameterStatus).
    pub(super) reported: bool,
    pub(super) category: &'static str,
    pub(super) description: &'static str,
}

/// What a setting takes.
#[derive(Clone)]
pub(super) enum Takes {
    /// Any text.
    Text,
    /// `on`/`off` and PostgreSQL's other words for them.
    Bool,
    /// `on` alone, by all of [`Takes::Bool`]'s words: nothing is ever written.
    ReadOnly,
    /// A whole number between the two.
    Whole(i64, i64),
    /// A number between the two.
    Real(f64, f64),
    /// One of these words.
    OneOf(Vec<&'static str>),
    /// Its default alone: nothing else is done here.
    Only,
    /// Text in printable ASCII; what is none becomes question marks.
    Ascii,
    /// An encoding.
    Charset,
    /// A time zone name or offset.
    TimeZone,
    /// A style of dates, an order of day and month, or both.
    DateStyle,
}

/// Who may change a setting, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Everybody, at any time.
    User,
    /// Superusers, of whom there are none.
    Superuser,
    /// Everybody, when a session begins.
    Backend,
    /// Superusers, when a session begins.
    SuperuserBackend,
    /// Whoever runs the server, while it runs.
    Reload,
    /// Whoever runs the server, before.
    Restart,
    /// Nobody.
    Internal,
}

impl Context {
    fn named(name: &str) -> Self {
        match name {
            "user" => Self::User,
            "superuser" => Self::Superuser,
            "superuser-backend" => Self::SuperuserBackend,
            "backend" => Self::Backend,
            "sighup" => Self::Reload,
            "postmaster" => Self::Restart,
            _ => Self::Internal,
        }
    }

    /// Whether a client may change a setting of this context, when its session begins or later; else PostgreSQL's refusal.
    pub(super) fn admits(self, name: &str, at_start: bool) -> Result<()> {
        let refused = |what: &str| Err(Error::new(Kind::FixedParameter, format!("parameter \"{name}\" cannot be {what}")));
        match self {
            Self::User => Ok(()),
            Self::Backend if at_start => Ok(()),
            Self::Backend => refused("set after connection start"),
            Self::SuperuserBackend if !at_start => refused("set after connection start"),
            Self::Reload => refused("changed now"),
            Self::Restart => refused("changed without restarting the server"),
            Self::Internal => refused("changed"),
            Self::Superuser | Self::SuperuserBackend => {
                Err(Error::new(Kind::Forbidden, format!("permission denied to set parameter \"{name}\"")))
            }
        }
    }
}

/// The setting that names the session's user.
pub(super) const SESSION_USER: &str = "session_authorization";

/// Name, value at first (empty for PostgreSQL's), what it takes where that is not what PostgreSQL takes, and what it does.
type Own = (&'static str, &'static str, Option<Takes>, &'static str);

/// Those that mean something here, or stand here otherwise than in PostgreSQL.
const OWN: &[Own] = &[
    ("application_name", "", Some(Takes::Ascii), "The client's name, for monitoring."),
    ("bytea_output", "", None, "The text form of bytea."),
    ("client_encoding", "UTF8", Some(Takes::Charset), "The client's encoding."),
    ("client_min_messages", "", None, "The least severe message that is sent."),
    ("DateStyle", "", Some(Takes::DateStyle), "The text form of dates, and the order of day and month."),
    ("default_table_access_method", "", Some(Takes::Only), "Drivers compare a table's with it."),
    ("default_transaction_deferrable", "", None, "Accepted: nothing is ever waited for."),
    ("default_transaction_isolation", "", None, "Accepted: every statement reads snapshots."),
    ("default_transaction_read_only", "on", Some(Takes::ReadOnly), "Everything is read-only."),
    ("extra_float_digits", "", None, "Digits of floating-point numbers; 1 and more is exact."),
    ("in_hot_standby", "off", None, "Not a standby."),
    ("integer_datetimes", "on", None, "Binary times are integers."),
    ("IntervalStyle", "", None, "The text form of intervals."),
    ("is_superuser", "off", Some(Takes::Only), "No client is."),
    ("lc_collate", "C", None, "Text is ordered by its bytes."),
    ("lc_ctype", "C.UTF-8", None, "The class of characters."),
    ("lc_messages", "C", Some(Takes::Text), "Messages are in English."),
    ("max_identifier_length", "63", None, "Bytes of a name."),
    ("role", "none", Some(Takes::Only), "A session has the role that it logged in as."),
    ("row_security", "off", None, "Accepted, without effect: every row may be read."),
    (
        "search_path",
        "",
        Some(Takes::Text),
        "Schemas that names without one are looked up in; at first every theme of the catalog.",
    ),
    ("server_encoding", "UTF8", None, "The server's encoding."),
    ("server_version", SERVER_VERSION, None, "The PostgreSQL version whose behaviour is kept to."),
    ("server_version_num", "150018", None, "The same as a number."),
    (SESSION_USER, "", Some(Takes::Only), "The session's user."),
    ("standard_conforming_strings", "on", Some(Takes::Only), "Backslashes in plain strings are plain."),
    ("statement_timeout", "0", None, "The longest a statement may take; 0 means no limit."),
    ("TimeZone", "UTC", Some(Takes::TimeZone), "The zone in which timestamptz values are shown and read."),
    ("transaction_deferrable", "off", Some(Takes::Bool), "Accepted: nothing is ever waited for."),
    ("transaction_isolation", "read committed", None, "Accepted: every statement reads snapshots."),
    ("transaction_read_only", "on", Some(Takes::ReadOnly), "Everything is read-only."),
];

/// Those that clients are told of: PostgreSQL 15's.
const REPORTED: &[&str] = &[
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "server_encoding",
    "server_version",
    SESSION_USER,
    "standard_conforming_strings",
    "TimeZone",
];

pub(super) const ISOLATION_LEVELS: &[&str] = &["serializable", "repeatable read", "read committed", "read uncommitted"];

/// All settings, by name without regard to case, and where each of them stands.
struct Table {
    settings: Vec<Setting>,
    /// By lower-case name.
    places: HashMap<String, usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let own = |name: &str| OWN.iter().find(|own| own.0 == name);
    let mut settings: Vec<Setting> = Known::all().iter().map(|known| Setting::of(known, own(known.name))).collect();
    let missing = OWN.iter().filter(|own| Known::named(own.0).is_none());
    settings.extend(missing.map(Setting::apart));
    settings.sort_by_key(|setting| setting.name.to_ascii_lowercase());
    let places = settings.iter().enumerate().map(|(at, setting)| (setting.name.to_ascii_lowercase(), at)).collect();
    Table { settings, places }
});

impl Setting {
    /// PostgreSQL's setting, as it is here.
    fn of(known: &'static Known, own: Option<&'static Own>) -> Self {
        let words = || known.words.split(',').map(|word| word.trim_matches('"')).collect();
        let (low, high) = (known.min.parse().unwrap_or(f64::MIN), known.max.parse().unwrap_or(f64::MAX));
        let takes = match (own.and_then(|own| own.2.as_ref()), known.vartype) {
            (Some(takes), _) => takes.clone(),
            (None, "bool") => Takes::Bool,
            (None, "integer") => Takes::Whole(low as i64, high as i64),
            (None, "real") => Takes::Real(low, high),
            (None, "enum") => Takes::OneOf(words()),
            (None, _) => Takes::Text,
        };
        let context = match takes {
            // What PostgreSQL lets clients change and Stoa has one value of takes that value.
            Takes::Only if known.context == "user" => Context::User,
            // Messages are in English whatever it says.
            _ if known.name == "lc_messages" => Context::User,
            _ => Context::named(known.context),
        };
        Self {
            name: known.name,
            default: own.map(|own| own.1).filter(|value| !value.is_empty()).unwrap_or(known.value),
            takes,
            unit: Unit::named(known.unit),
            context,
            reported: REPORTED.contains(&known.name),
            category: known.category,
            description: own.map_or("Accepted, without effect.", |own| own.3),
        }
    }

    /// One that stands in no list of PostgreSQL's.
    fn apart((name, default, takes, description): &'static Own) -> Self {
        let takes = takes.clone().unwrap_or(Takes::Only);
        let is_internal = matches!(takes, Takes::Only) && ![SESSION_USER, "role", "standard_conforming_strings"].contains(name);
        Self {
            name,
            default,
            takes,
            unit: None,
            context: if is_internal { Context::Internal } else { Context::User },
            reported: REPORTED.contains(name),
            category: "Client Connection Defaults",
            description,
        }
    }

    /// `bool`, `integer`, `real`, `string` or `enum`.
    pub(super) fn vartype(&self) -> &'static str {
        match &self.takes {
            Takes::Bool | Takes::ReadOnly => "bool",
            Takes::Whole(..) => "integer",
            Takes::Real(..) => "real",
            Takes::OneOf(_) => "enum",
            Takes::Text | Takes::Only | Takes::Ascii | Takes::Charset | Takes::TimeZone | Takes::DateStyle => "string",
        }
    }
}

/// All of them, by name.
pub(super) fn all() -> &'static [Setting] {
    &TABLE.settings
}

/// The setting of this name, whatever its case; PostgreSQL's other names for it count too.
pub(super) fn find(name: &str) -> Option<&'static Setting> {
    let at = TABLE.places.get(name).or_else(|| {
        let lower = name.to_ascii_lowercase();
        TABLE.places.get(match lower.as_str() {
            "time zone" => "timezone",
            "names" => "client_encoding",
            "session authorization" => SESSION_USER,
            "transaction isolation level" => "transaction_isolation",
            other => other,
        })
    })?;
    Some(&TABLE.settings[*at])
}

/// Whether a name is one that clients may give to a setting of their own: simple identifiers with dots between. Those that a library below
/// would read are none.
pub(super) fn is_custom(name: &str) -> bool {
    let simple = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii())
    };
    name.contains('.') && name.split('.').all(simple) && !name.to_ascii_lowercase().starts_with("datafusion.")
}

/// The error for a name that no setting has.
pub(super) fn unknown(name: &str) -> Error {
    let e = Error::new(Kind::UndefinedObject, format!("unrecognized configuration parameter \"{name}\""));
    match nearest(name, all().iter().map(|setting| setting.name)) {
        Some(near) => e.with_hint(format!("Perhaps you meant \"{near}\".")),
        None => e,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_found_once() {
        let names: Vec<String> = all().iter().map(|setting| setting.name.to_ascii_lowercase()).collect();
        assert!(names.is_sorted() && names.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(all().iter().all(|setting| find(&setting.name.to_uppercase()).is_some_and(|found| found.name == setting.name)));
        assert!(
            OWN.iter().map(|own| own.0).chain(REPORTED.iter().copied()).all(|name| find(name).is_some_and(|s| s.name == name))
        );
        assert_eq!(all().iter().filter(|setting| setting.reported).count(), REPORTED.len());
    }

    #[test]
    fn names_of_clients_own_settings_are_simple_identifiers_with_dots() {
        for (name, want) in
            [("a.b", true), ("a.b.c_1", true), ("a", false), ("a.1x", false), ("a.", false), ("datafusion.x.y", false)]
        {
            assert_eq!(is_custom(name), want, "{name}");
        }
    }
}
