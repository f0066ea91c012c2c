//! `pg_settings`: the settings that a session has, then those of PostgreSQL 15 that mean nothing here, with PostgreSQL's defaults, as
//! tools read them by name. Paths, and what only a superuser would see, are left out.

use std::sync::LazyLock;

use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, Setting, SystemEnv};

/// A setting of PostgreSQL's that has no effect here.
pub struct Known {
    pub name: &'static str,
    pub value: &'static str,
    pub unit: &'static str,
    pub category: &'static str,
    /// Who may change it, and when: `user`, `superuser`, `sighup`, `postmaster`, `internal`, ...
    pub context: &'static str,
    pub vartype: &'static str,
    pub min: &'static str,
    pub max: &'static str,
    /// What an enumeration takes, with commas between.
    pub words: &'static str,
}

static KNOWN: LazyLock<Vec<Known>> =
    LazyLock::new(|| include_str!("rows/pg_settings.txt").lines().filter_map(Known::parse).collect());

impl Known {
    fn parse(line: &'static str) -> Option<Self> {
        let fields: Vec<&'static str> = line.split('\t').collect();
        let [name, value, unit, category, context, vartype, min, max, words] = fields.try_into().ok()?;
        Some(Self { name, value, unit, category, context, vartype, min, max, words })
    }

    /// All of them.
    pub fn all() -> &'static [Self] {
        &KNOWN
    }

    /// The setting of this name, whatever its case.
    pub fn named(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|k| k.name.eq_ignore_ascii_case(name))
    }

    /// Its value with its unit, as `SHOW` has it: `4MB`, not 512 pages of 8 kB.
    pub fn shown(&self) -> String {
        let Ok(number) = self.value.parse::<i64>() else { return self.value.to_owned() };
        let (factor, units): (i64, &[(i64, &str)]) = match self.unit {
            "B" => (1, BYTES),
            "kB" => (1 << 10, BYTES),
            "8kB" => (8 << 10, BYTES),
            "MB" => (1 << 20, BYTES),
            "ms" => (1, MILLIS),
            "s" => (1_000, MILLIS),
            "min" => (60_000, MILLIS),
            _ => return self.value.to_owned(),
        };
        if number <= 0 {
            return self.value.to_owned();
        }
        let total = number * factor;
        let largest = units.iter().find(|(size, _)| total % size == 0);
        largest.map_or_else(|| self.value.to_owned(), |(size, unit)| format!("{}{unit}", total / size))
    }
}

/// Units of bytes and of milliseconds, the largest first.
const BYTES: &[(i64, &str)] = &[(1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"), (1, "B")];
const MILLIS: &[(i64, &str)] = &[(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")];

/// A row of `pg_settings`.
struct Row {
    live: Option<Setting>,
    known: Option<&'static Known>,
}

impl Row {
    fn name(&self) -> &str {
        self.live.as_ref().map_or_else(|| self.known.map_or("", |k| k.name), |s| &s.name)
    }
}

pub(super) fn pg_settings(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let live = env.facts.settings();
    let others = KNOWN.iter().filter(|k| !live.iter().any(|s| s.name.eq_ignore_ascii_case(k.name)));
    let mut rows: Vec<Row> = others.map(|k| Row { live: None, known: Some(k) }).collect();
    rows.extend(live.iter().map(|s| Row { live: Some(s.clone()), known: Known::named(&s.name) }));
    rows.retain(|row| pins.allow("name", row.name()));
    rows.sort_by_key(|row| row.name().to_lowercase());
    Ok(Rows::of(rows, |row, column| match (&row.live, row.known, column) {
        (Some(s), None, "category") => s.category.into(),
        (Some(s), None, "vartype") => s.vartype.into(),
        (Some(s), None, "context") => (if s.settable { "user" } else { "internal" }).into(),
        (Some(s), _, _) if column != "category" && LIVE.contains(&column) => of_live(s, column),
        (_, Some(k), _) => of_known(k, column),
        (_, None, _) => Cell::Unset,
    }))
}

/// The columns that the session's own settings tell.
const LIVE: [&str; 8] = ["name", "setting", "unit", "short_desc", "source", "boot_val", "reset_val", "pending_restart"];

fn of_live(s: &Setting, column: &str) -> Cell {
    match column {
        "name" => (&s.name).into(),
        "setting" => in_unit(&s.value, s.unit).into(),
        "reset_val" | "boot_val" => in_unit(&s.reset_value, s.unit).into(),
        "unit" => Cell::opt(s.unit),
        "short_desc" => s.description.into(),
        "source" => (if s.value == s.reset_value { "default" } else { "session" }).into(),
        "pending_restart" => false.into(),
        _ => Cell::Unset,
    }
}

/// A duration as the number of its unit, which `pg_settings` shows: `90s` is 90000.
fn in_unit(value: &str, unit: Option<&str>) -> String {
    if unit != Some("ms") {
        return value.to_owned();
    }
    let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, suffix) = value.split_at(digits);
    let size = MILLIS.iter().find(|(_, name)| *name == suffix).map_or(1, |(size, _)| *size);
    number.parse::<i64>().map_or_else(|_| value.to_owned(), |n| (n * size).to_string())
}

fn of_known(k: &'static Known, column: &str) -> Cell {
    let filled = |text: &'static str| if text.is_empty() { Cell::Null } else { text.into() };
    match column {
        "name" => k.name.into(),
        "setting" | "boot_val" | "reset_val" => k.value.into(),
        "unit" => filled(k.unit),
        "category" => k.category.into(),
        "short_desc" => "Accepted, without effect.".into(),
        "context" => k.context.into(),
        "vartype" => k.vartype.into(),
        "source" => "default".into(),
        "min_val" => filled(k.min),
        "max_val" => filled(k.max),
        "enumvals" if !k.words.is_empty() => Cell::Array(k.words.split(',').map(str::to_owned).collect()),
        "pending_restart" => false.into(),
        _ => Cell::Unset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_in_the_largest_unit_that_holds_them_whole() {
        for (name, want) in
            [("work_mem", "4MB"), ("authentication_timeout", "1min"), ("max_connections", "100"), ("block_size", "8192")]
        {
            assert_eq!(Known::named(name).map(Known::shown).as_deref(), Some(want), "{name}");
        }
        assert_eq!((in_unit("90s", Some("ms")), in_unit("0", Some("ms"))), ("90000".to_owned(), "0".to_owned()));
    }
}
