//! The views of `information_schema` on declared primary and foreign keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::{TableEntry, Wanted};
use crate::error::Result;
use crate::table::pg_catalog::{self, ForeignKeyRow, KeyRow, foreign_keys, primary_keys};
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

/// A column that a constraint speaks of, or the constraint itself where `column` is not asked for.
struct Usage {
    constraint: String,
    /// Of the constraint, which stands in the schema of the table that declares it.
    constraint_schema: String,
    /// Of the table whose column it is.
    schema: String,
    table: String,
    column: String,
    /// Among the constraint's columns, from 1.
    position: i32,
    is_foreign: bool,
    /// For a foreign key: the place of the target's column in the target's primary key, from 1; `None` when it is not in it.
    target_position: Option<i32>,
}

impl Usage {
    /// A column of a primary key.
    fn of_primary(key: &KeyRow, position: i32, column: &str) -> Self {
        Self {
            constraint: key.name.clone(),
            constraint_schema: key.table.schema.clone(),
            schema: key.table.schema.clone(),
            table: key.table.name.clone(),
            column: column.to_owned(),
            position,
            is_foreign: false,
            target_position: None,
        }
    }

    /// A column of a foreign key, in the table that declares it.
    fn of_foreign(key: &ForeignKeyRow, position: i32, column: &str, target_column: &str) -> Self {
        let target = &key.target.distribution().schema.primary_key;
        Self {
            constraint: key.name.clone(),
            constraint_schema: key.table.schema.clone(),
            schema: key.table.schema.clone(),
            table: key.table.name.clone(),
            column: column.to_owned(),
            position,
            is_foreign: true,
            target_position: (1..).zip(target).find(|(_, name)| *name == target_column).map(|(place, _)| place),
        }
    }
}

fn rows(env: &SystemEnv, usages: Vec<Usage>) -> Rows {
    let database = env.database.clone();
    Rows::of(usages, move |u, column| match column {
        "constraint_catalog" | "table_catalog" => (&database).into(),
        "constraint_schema" => (&u.constraint_schema).into(),
        "table_schema" => (&u.schema).into(),
        "constraint_name" => (&u.constraint).into(),
        "constraint_type" => (if u.is_foreign { "FOREIGN KEY" } else { "PRIMARY KEY" }).into(),
        "table_name" => (&u.table).into(),
        "column_name" => (&u.column).into(),
        "ordinal_position" => u.position.into(),
        "position_in_unique_constraint" => u.target_position.map_or(Cell::Null, Cell::from),
        "is_deferrable" | "initially_deferred" => "NO".into(),
        "enforced" => "YES".into(),
        _ => Cell::Unset,
    })
}

/// The tables that declare what the pins leave: constraints stand in the schema of their table.
fn declaring(env: &SystemEnv, pins: &Pins, schema: &[&str], table: &str) -> Result<Vec<Arc<TableEntry>>> {
    let both = |a: Option<Wanted>, b: Option<Wanted>| match (a, b) {
        (Some(a), Some(b)) => Some(a.and(&b)),
        (a, b) => a.or(b),
    };
    let schemas = schema.iter().map(|column| pins.wanted(column).cloned()).fold(None, both);
    let names = both(pins.wanted(table).cloned(), pins.texts("constraint_name").map(pg_catalog::declaring));
    env.catalogs.tables_wanted(&env.database, schemas.as_ref(), names.as_ref())
}

pub(super) fn table_constraints(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let tables = declaring(env, pins, &["table_schema", "constraint_schema"], "table_name")?;
    let keys = primary_keys(&tables);
    let keys = keys.iter().map(|key| Usage::of_primary(key, 1, ""));
    let foreign = foreign_keys(env, &tables)?;
    let foreign = foreign.iter().map(|key| Usage::of_foreign(key, 1, "", ""));
    Ok(rows(env, keys.chain(foreign).collect()))
}

pub(super) fn key_column_usage(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let tables = declaring(env, pins, &["table_schema", "constraint_schema"], "table_name")?;
    let mut usages = Vec::new();
    for key in primary_keys(&tables) {
        usages.extend((1..).zip(&key.columns).map(|(n, c)| Usage::of_primary(&key, n, c)));
    }
    for key in foreign_keys(env, &tables)? {
        let columns = key.columns.iter().zip(&key.target_columns);
        usages.extend((1..).zip(columns).map(|(n, (c, target))| Usage::of_foreign(&key, n, c, target)));
    }
    Ok(rows(env, usages))
}

/// The columns that constraints rest on: a primary key's own, and a foreign key's targets.
pub(super) fn constraint_column_usage(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let targets = ["table_schema", "table_name"].iter().any(|column| pins.wanted(column).is_some());
    let of_constraint = ["constraint_schema", "constraint_name"].iter().any(|column| pins.wanted(column).is_some());
    let tables = if of_constraint || !targets {
        declaring(env, pins, &["constraint_schema"], "")?
    } else {
        // Those whose columns are told, and those that refer to them.
        let targets = super::entries(env, pins, "table_schema", "table_name")?;
        let referring = targets.iter().map(|target| env.catalogs.referring(target)).collect::<Result<Vec<_>>>()?;
        pg_catalog::distinct(referring.into_iter().flatten().chain(targets).collect())
    };
    let mut usages = Vec::new();
    for key in primary_keys(&tables) {
        usages.extend(key.columns.iter().map(|c| Usage::of_primary(&key, 1, c)));
    }
    for key in foreign_keys(env, &tables)? {
        usages.extend(key.target_columns.iter().map(|c| Usage {
            schema: key.target.schema.clone(),
            table: key.target.name.clone(),
            ..Usage::of_foreign(&key, 1, c, c)
        }));
    }
    Ok(rows(env, usages))
}

pub(super) fn referential_constraints(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let database = env.database.clone();
    let tables = declaring(env, pins, &["constraint_schema"], "")?;
    Ok(Rows::of(foreign_keys(env, &tables)?, move |k, column| match column {
        "constraint_catalog" | "unique_constraint_catalog" => (&database).into(),
        "constraint_schema" => (&k.table.schema).into(),
        "constraint_name" => (&k.name).into(),
        "unique_constraint_schema" => (&k.target.schema).into(),
        "unique_constraint_name" => Cell::opt(key_of_target(k)),
        "match_option" => "NONE".into(),
        "update_rule" | "delete_rule" => "NO ACTION".into(),
        _ => Cell::Unset,
    }))
}

/// The primary key of the table that a foreign key refers to, where it is what the key refers to.
fn key_of_target(key: &ForeignKeyRow) -> Option<String> {
    let declared = primary_keys(std::slice::from_ref(&key.target)).pop()?;
    let columns = |names: &[String]| names.iter().cloned().collect::<BTreeSet<String>>();
    (columns(&declared.columns) == columns(&key.target_columns)).then_some(declared.name)
}
