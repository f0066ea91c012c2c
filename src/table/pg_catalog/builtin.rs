//! The rows that every PostgreSQL 15 is born with: types, functions, operators and what else its catalogs say of itself. They stand in
//! `rows/NAME.txt` in COPY's text form under a line of column names; `name=value` there is a column with one value in all rows.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::error::Result;
use crate::table::pg_type::{self, PgType};
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv, relations};

/// COPY's word for NULL.
const NULL: &str = "\\N";

/// One catalog's rows.
pub struct Listing {
    columns: HashMap<&'static str, Place>,
    rows: Vec<Row>,
}

/// One row: the fields of its line.
pub type Row = Box<[&'static str]>;

/// Where a column's values stand, and their type.
struct Place {
    value: Value,
    pg_type: &'static PgType,
}

enum Value {
    Field(usize),
    Always(&'static str),
}

macro_rules! listings {
    ($($name:literal)*) => {
        /// The catalogs that have such rows.
        static LISTINGS: LazyLock<HashMap<&'static str, LazyLock<Listing>>> = LazyLock::new(|| {
            HashMap::from([$(($name, LazyLock::new((|| Listing::parse($name, include_str!(concat!("rows/", $name, ".txt")))) as fn() -> Listing))),*])
        });
        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),*];
    };
}

listings! {
    "pg_aggregate" "pg_am" "pg_amop" "pg_amproc" "pg_auth_members" "pg_authid" "pg_cast" "pg_collation" "pg_conversion" "pg_language"
    "pg_opclass" "pg_operator" "pg_opfamily" "pg_proc" "pg_range" "pg_ts_config" "pg_ts_config_map" "pg_ts_dict" "pg_ts_parser"
    "pg_ts_template" "pg_type"
}

/// The rows of a catalog of this name; `None` when it has none of its own.
pub fn listing(catalog: &str) -> Option<&'static Listing> {
    LISTINGS.get(catalog).map(|l| &**l)
}

macro_rules! sources {
    ($($function:ident $name:literal)*) => {
        $(pub(super) fn $function(_env: &SystemEnv, pins: &Pins) -> Result<Rows> {
            Ok(listing($name).map_or_else(Rows::none, |l| l.scan(pins)))
        })*
    };
}

sources! {
    pg_aggregate "pg_aggregate" pg_am "pg_am" pg_amop "pg_amop" pg_amproc "pg_amproc" pg_auth_members "pg_auth_members"
    pg_cast "pg_cast" pg_collation "pg_collation" pg_conversion "pg_conversion" pg_language "pg_language" pg_opclass "pg_opclass"
    pg_operator "pg_operator" pg_opfamily "pg_opfamily" pg_proc "pg_proc" pg_range "pg_range" pg_ts_config "pg_ts_config"
    pg_ts_config_map "pg_ts_config_map" pg_ts_dict "pg_ts_dict" pg_ts_parser "pg_ts_parser" pg_ts_template "pg_ts_template"
}

impl Listing {
    fn parse(catalog: &str, text: &'static str) -> Self {
        let types: HashMap<&str, &'static PgType> = relations::of("pg_catalog")
            .iter()
            .filter(|r| r.name == catalog)
            .flat_map(|r| r.columns.iter().map(|c| (c.name, c.pg_type)))
            .collect();
        let mut lines = text.lines();
        let mut columns = HashMap::new();
        for (i, word) in lines.next().unwrap_or_default().split('\t').enumerate() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Value::Always(value)),
                None => (word, Value::Field(i)),
            };
            let pg_type = types.get(name).copied().unwrap_or(&pg_type::TEXT);
            columns.insert(name, Place { value, pg_type });
        }
        Self { columns, rows: lines.map(|line| line.split('\t').collect()).collect() }
    }

    /// Every row.
    pub fn rows(&'static self) -> impl Iterator<Item = &'static Row> {
        self.rows.iter()
    }

    /// A row's field as it stands in the file; empty for a column that is not there.
    pub fn text(&self, row: &Row, column: &str) -> &'static str {
        match self.columns.get(column).map(|p| &p.value) {
            Some(Value::Field(i)) => row.get(*i).copied().unwrap_or_default(),
            Some(Value::Always(value)) => value,
            None => "",
        }
    }

    /// Whether there is such a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// A row's field as a number; 0 where it is none.
    pub fn number(&self, row: &Row, column: &str) -> u32 {
        self.text(row, column).parse().unwrap_or_default()
    }

    /// A row's value for the column.
    pub fn cell(&self, row: &Row, column: &str) -> Cell {
        let Some(place) = self.columns.get(column) else { return Cell::Unset };
        cell(self.text(row, column), place.pg_type)
    }

    /// The rows that the pins leave.
    pub(super) fn kept(&'static self, pins: &Pins) -> Vec<&'static Row> {
        let pinned: Vec<&str> = pins.columns().filter(|c| self.columns.get(c).is_some_and(|p| is_pinnable(p.pg_type))).collect();
        self.rows.iter().filter(|row| pinned.iter().all(|c| pins.allow(c, self.text(row, c)))).collect()
    }

    fn scan(&'static self, pins: &Pins) -> Rows {
        Rows::of(self.kept(pins), |row, column| self.cell(row, column))
    }
}

/// Whether a value's text in the file is the one that a filter names.
fn is_pinnable(t: &PgType) -> bool {
    t.element == 0 && ![pg_type::BOOL.oid, pg_type::FLOAT4.oid].contains(&t.oid)
}

fn cell(text: &'static str, t: &PgType) -> Cell {
    if text == NULL {
        return Cell::Null;
    }
    if t.element != 0 {
        let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
        let items: Vec<String> = match inner {
            Some(inner) => inner.split(',').filter(|i| !i.is_empty()).map(|i| i.trim_matches('"').to_owned()).collect(),
            None => text.split(' ').filter(|i| !i.is_empty()).map(str::to_owned).collect(),
        };
        return Cell::Array(items);
    }
    match t.category {
        'B' => Cell::Bool(text == "t"),
        'N' if t.oid == pg_type::FLOAT4.oid => text.parse().map_or(Cell::Unset, Cell::Float),
        'N' => text.parse().map_or(Cell::Unset, Cell::Int),
        _ if text.contains('\\') => unescaped(text).into(),
        _ => text.into(),
    }
}

/// A field without COPY's escapes.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some(other)) => out.push(other),
            (c, _) => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_every_field_and_every_column_is_one_of_the_catalog() {
        for name in NAMES {
            let listing = listing(name).expect("it is listed");
            let relation = relations::of("pg_catalog").iter().find(|r| r.name == *name).expect("it is a catalog");
            assert!(listing.columns.keys().all(|c| relation.columns.iter().any(|k| k.name == *c)), "{name}");
            let fields = listing.columns.values().filter(|p| matches!(p.value, Value::Field(_))).count();
            assert!(!listing.rows.is_empty() && listing.rows.iter().all(|r| r.len() == fields), "{name}");
        }
    }
}
