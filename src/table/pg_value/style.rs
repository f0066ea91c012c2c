//! The session's settings that shape text: time zone, float digits, and the styles of dates, intervals and bytea.

use crate::table::pg_charset::Charset;
use crate::table::pg_time::{Order, Zone};

/// How text is written (PostgreSQL 15, "Locale and Formatting" of the client connection defaults).
#[derive(Clone, Debug)]
pub struct Style {
    pub(super) zone: Zone,
    pub(super) dates: DateStyle,
    pub(super) order: Order,
    /// `extra_float_digits`: above zero, the shortest text that reads back as the same number.
    pub(super) extra_float_digits: i32,
    pub(super) interval: IntervalStyle,
    pub(super) bytea: ByteaOutput,
    /// What texts are sent in where it is not UTF-8.
    pub(super) charset: Option<Charset>,
}

/// `IntervalStyle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IntervalStyle {
    Postgres,
    PostgresVerbose,
    SqlStandard,
    Iso8601,
}

/// `bytea_output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteaOutput {
    Hex,
    Escape,
}

/// The first word of `DateStyle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateStyle {
    Iso,
    Sql,
    Postgres,
    German,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            zone: Zone::Utc,
            dates: DateStyle::Iso,
            order: Order::Mdy,
            extra_float_digits: 1,
            interval: IntervalStyle::Postgres,
            bytea: ByteaOutput::Hex,
            charset: None,
        }
    }
}

impl Style {
    /// Where the session's clock stands.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// The client's encoding, where it is not UTF-8.
    pub fn charset(&self) -> Option<Charset> {
        self.charset
    }

    /// The same for texts that stay here.
    pub fn in_utf8(self) -> Self {
        Self { charset: None, ..self }
    }

    /// How day and month are read.
    pub fn order(&self) -> Order {
        self.order
    }

    /// Whether a sign in front of an interval is that of all its parts.
    pub fn reads_sql_intervals(&self) -> bool {
        self.interval == IntervalStyle::SqlStandard
    }

    /// The style that a session's settings ask for; what is absent or unknown is as in a new PostgreSQL session.
    pub fn from_settings(setting: impl Fn(&str) -> Option<String>) -> Self {
        let default = Self::default();
        let interval = match setting("IntervalStyle").as_deref() {
            Some("postgres_verbose") => IntervalStyle::PostgresVerbose,
            Some("sql_standard") => IntervalStyle::SqlStandard,
            Some("iso_8601") => IntervalStyle::Iso8601,
            Some(_) | None => default.interval,
        };
        let shown = setting("DateStyle").unwrap_or_default();
        let dates = match shown.split(',').next() {
            Some("SQL") => DateStyle::Sql,
            Some("Postgres") => DateStyle::Postgres,
            Some("German") => DateStyle::German,
            Some(_) | None => default.dates,
        };
        let order = match shown.rsplit(", ").next() {
            Some("DMY") => Order::Dmy,
            Some("YMD") => Order::Ymd,
            Some(_) | None => default.order,
        };
        let bytea = match setting("bytea_output").as_deref() {
            Some("escape") => ByteaOutput::Escape,
            Some(_) | None => default.bytea,
        };
        Self {
            zone: setting("TimeZone").and_then(|name| Zone::named(&name)).unwrap_or(default.zone),
            dates,
            order,
            extra_float_digits: setting("extra_float_digits")
                .and_then(|digits| digits.trim().parse().ok())
                .unwrap_or(default.extra_float_digits),
            interval,
            bytea,
            charset: setting("client_encoding").and_then(|name| Charset::named(&name)).filter(|charset| !charset.is_own()),
        }
    }
}
