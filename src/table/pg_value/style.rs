//! The session's settings that shape text: time zone, float digits, and the styles of intervals and bytea.

use arrow::array::timezone::Tz;
use chrono::{DateTime, Offset, TimeZone};

/// How text is written (PostgreSQL 15, "Locale and Formatting" of the client connection defaults).
#[derive(Clone, Debug)]
pub struct Style {
    pub(super) zone: Zone,
    /// `extra_float_digits`: above zero, the shortest text that reads back as the same number.
    pub(super) extra_float_digits: i32,
    pub(super) interval: IntervalStyle,
    pub(super) bytea: ByteaOutput,
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

/// Where the session's clock stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Zone {
    /// UTC, which needs no look-up.
    Utc,
    Rules(Tz),
}

impl Default for Style {
    fn default() -> Self {
        Self { zone: Zone::Utc, extra_float_digits: 1, interval: IntervalStyle::Postgres, bytea: ByteaOutput::Hex }
    }
}

impl Style {
    /// The style that a session's settings ask for; what is absent or unknown is as in a new PostgreSQL session. `DateStyle` is
    /// always written as ISO, its order matters for input only.
    pub fn from_settings(setting: impl Fn(&str) -> Option<String>) -> Self {
        let default = Self::default();
        let interval = match setting("IntervalStyle").as_deref() {
            Some("postgres_verbose") => IntervalStyle::PostgresVerbose,
            Some("sql_standard") => IntervalStyle::SqlStandard,
            Some("iso_8601") => IntervalStyle::Iso8601,
            Some(_) | None => default.interval,
        };
        let bytea = match setting("bytea_output").as_deref() {
            Some("escape") => ByteaOutput::Escape,
            Some(_) | None => default.bytea,
        };
        Self {
            zone: setting("TimeZone").map_or(default.zone, |name| Zone::named(&name)),
            extra_float_digits: setting("extra_float_digits")
                .and_then(|digits| digits.trim().parse().ok())
                .unwrap_or(default.extra_float_digits),
            interval,
            bytea,
        }
    }
}

impl Zone {
    /// The zone of this name or offset; UTC when there is none, as the engine lets no unknown name into the setting.
    fn named(name: &str) -> Self {
        if ["utc", "gmt", "etc/utc"].contains(&name.to_ascii_lowercase().as_str()) {
            return Self::Utc;
        }
        name.parse().map_or(Self::Utc, Self::Rules)
    }

    /// Seconds east of Greenwich at a moment given in microseconds since 1970.
    pub(super) fn offset(self, micros: i64) -> i32 {
        match self {
            Self::Utc => 0,
            Self::Rules(zone) => DateTime::from_timestamp_micros(micros)
                .map_or(0, |moment| zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc()),
        }
    }
}
