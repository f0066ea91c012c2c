//! `pg_type` and `pg_proc`: PostgreSQL 15's own types with their input and output functions, by the numbers that clients know.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

use super::OWNER;

/// The oid of the schema `pg_catalog`.
const PG_CATALOG: u32 = 11;

/// The columns of `types.txt`, in order.
const TYPE_COLUMNS: [&str; 17] = [
    "oid",
    "typname",
    "typlen",
    "typbyval",
    "typtype",
    "typcategory",
    "typispreferred",
    "typdelim",
    "typelem",
    "typarray",
    "typinput",
    "typoutput",
    "typreceive",
    "typsend",
    "typalign",
    "typstorage",
    "typcollation",
];

/// One line of `types.txt`.
struct TypeLine([&'static str; TYPE_COLUMNS.len()]);

impl TypeLine {
    fn parse(line: &'static str) -> Option<Self> {
        line.split(' ').collect::<Vec<_>>().try_into().ok().map(Self)
    }

    fn get(&self, column: &str) -> Option<&'static str> {
        TYPE_COLUMNS.iter().position(|c| *c == column).map(|i| self.0[i])
    }
}

static TYPES: LazyLock<Vec<TypeLine>> = LazyLock::new(|| include_str!("types.txt").lines().filter_map(TypeLine::parse).collect());

static TYPE_BY_OID: LazyLock<HashMap<u32, &'static TypeLine>> =
    LazyLock::new(|| TYPES.iter().filter_map(|t| Some((t.0[0].parse().ok()?, t))).collect());

/// One line of `procs.txt`: a function with its result and argument types.
pub struct Function {
    pub oid: u32,
    pub name: &'static str,
    result: u32,
    arguments: Vec<String>,
    volatile: &'static str,
}

impl Function {
    fn parse(line: &'static str) -> Option<Self> {
        let mut words = line.split(' ');
        Some(Self {
            oid: words.next()?.parse().ok()?,
            name: words.next()?,
            result: words.next()?.parse().ok()?,
            arguments: words.next()?.split(',').filter(|a| *a != "-").map(str::to_owned).collect(),
            volatile: words.next()?,
        })
    }
}

static FUNCTIONS: LazyLock<Vec<Function>> =
    LazyLock::new(|| include_str!("procs.txt").lines().filter_map(Function::parse).collect());

/// The `typname` of a type; also of those that no column can have.
pub fn name_of(oid: u32) -> Option<&'static str> {
    TYPE_BY_OID.get(&oid).map(|t| t.0[1])
}

/// The element's oid when the type is an array.
pub fn element_of(oid: u32) -> Option<u32> {
    let t = TYPE_BY_OID.get(&oid)?;
    (t.get("typcategory") == Some("A")).then(|| t.get("typelem")?.parse().ok()).flatten()
}

/// The oid of the type with this `typname`.
pub fn oid_of(name: &str) -> Option<u32> {
    TYPES.iter().find(|t| t.0[1] == name).and_then(|t| t.0[0].parse().ok())
}

/// A function by name or oid.
pub fn function(wanted: impl Fn(&Function) -> bool) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|f| wanted(f))
}

/// What `pg_attribute` repeats of a column's type: `attbyval`, `attalign`, `attstorage`, `attcollation`.
pub(super) fn attribute(oid: u32, column: &str) -> Cell {
    let Some(value) = TYPE_BY_OID.get(&oid).and_then(|t| t.get(&column.replacen("att", "typ", 1))) else { return Cell::Unset };
    match column {
        "attbyval" => (value == "t").into(),
        "attcollation" => number(value),
        _ => value.into(),
    }
}

pub(super) fn pg_type(_env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let rows = TYPES.iter().filter(|t| pins.allow("oid", t.0[0]) && pins.allow("typname", t.0[1])).collect();
    Ok(Rows::of(rows, |t: &&TypeLine, column| match (column, t.get(column)) {
        ("typname" | "typtype" | "typcategory" | "typdelim" | "typalign" | "typstorage", Some(text)) => text.into(),
        ("typbyval" | "typispreferred", Some(flag)) => (flag == "t").into(),
        (_, Some(digits)) => number(digits),
        ("typnamespace", None) => PG_CATALOG.into(),
        ("typowner", None) => OWNER.into(),
        ("typisdefined", None) => true.into(),
        ("typtypmod", None) => (-1).into(),
        (_, None) => Cell::Unset,
    }))
}

pub(super) fn pg_proc(_env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let rows = FUNCTIONS.iter().filter(|f| pins.allow_oid("oid", f.oid) && pins.allow("proname", f.name)).collect();
    Ok(Rows::of(rows, |f: &&Function, column| match column {
        "oid" => f.oid.into(),
        "proname" | "prosrc" => f.name.into(),
        "pronamespace" => PG_CATALOG.into(),
        "proowner" => OWNER.into(),
        "prolang" => 12.into(),
        "procost" => Cell::Float(1.0),
        "prokind" => "f".into(),
        "proisstrict" => true.into(),
        "provolatile" => f.volatile.into(),
        "proparallel" => "s".into(),
        "pronargs" => i64::try_from(f.arguments.len()).map_or(Cell::Unset, Cell::Int),
        "prorettype" => f.result.into(),
        "proargtypes" => Cell::Array(f.arguments.clone()),
        _ => Cell::Unset,
    }))
}

fn number(digits: &str) -> Cell {
    digits.parse().map_or(Cell::Unset, Cell::Int)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::pg_type;

    #[test]
    fn the_lists_hold_every_type_of_a_column_with_its_functions() {
        for t in pg_type::ALL.iter().filter(|t| t.oid != 0) {
            let line = TYPE_BY_OID.get(&t.oid).unwrap_or_else(|| panic!("{}", t.name));
            assert_eq!((line.get("typname"), line.get("typlen")), (Some(t.name), Some(t.len.to_string().as_str())));
            assert_eq!(line.get("typarray"), Some(t.array.to_string().as_str()), "{}", t.name);
            for column in ["typinput", "typoutput"] {
                assert!(function(|f| line.get(column) == Some(f.oid.to_string().as_str())).is_some(), "{}", t.name);
            }
        }
        assert_eq!((oid_of("int8"), name_of(1016), element_of(1016)), (Some(20), Some("_int8"), Some(20)));
    }
}
