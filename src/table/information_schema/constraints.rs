//! The views of `information_schema` on declared primary and foreign keys.

use crate::catalog::TableEntry;
use crate::error::Result;
use crate::table::pg_catalog::{foreign_keys, primary_keys};
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

/// A column of a constraint, or the constraint itself where `column` is not asked for.
struct Usage {
    constraint: String,
    schema: String,
    table: String,
    column: String,
    position: i32,
    /// The position of the target's column; `None` for a primary key.
    target_position: Option<i32>,
}

fn usage(constraint: &str, table: &TableEntry, column: &str, position: i32, foreign: bool) -> Usage {
    Usage {
        constraint: constraint.to_owned(),
        schema: table.schema.clone(),
        table: table.name.clone(),
        column: column.to_owned(),
        position,
        target_position: foreign.then_some(position),
    }
}

fn rows(env: &SystemEnv, usages: Vec<Usage>) -> Rows {
    let database = env.database.clone();
    Rows::of(usages, move |u, column| match column {
        "constraint_catalog" | "table_catalog" => (&database).into(),
        "constraint_schema" | "table_schema" => (&u.schema).into(),
        "constraint_name" => (&u.constraint).into(),
        "constraint_type" => (if u.target_position.is_some() { "FOREIGN KEY" } else { "PRIMARY KEY" }).into(),
        "table_name" => (&u.table).into(),
        "column_name" => (&u.column).into(),
        "ordinal_position" => u.position.into(),
        "position_in_unique_constraint" => u.target_position.map_or(Cell::Null, Cell::from),
        "is_deferrable" | "initially_deferred" => "NO".into(),
        "enforced" => "YES".into(),
        _ => Cell::Unset,
    })
}

pub(super) fn table_constraints(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let tables = super::entries(env, pins, "table_schema", "table_name")?;
    let keys = primary_keys(&tables).into_iter().map(|k| usage(&k.name, &k.table, "", 1, false));
    let foreign = foreign_keys(env, &tables)?.into_iter().map(|k| usage(&k.name, &k.table, "", 1, true));
    Ok(rows(env, keys.chain(foreign).collect()))
}

pub(super) fn key_column_usage(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let tables = super::entries(env, pins, "table_schema", "table_name")?;
    let mut usages = Vec::new();
    for key in primary_keys(&tables) {
        usages.extend((1..).zip(&key.columns).map(|(n, c)| usage(&key.name, &key.table, c, n, false)));
    }
    for key in foreign_keys(env, &tables)? {
        usages.extend((1..).zip(&key.columns).map(|(n, c)| usage(&key.name, &key.table, c, n, true)));
    }
    Ok(rows(env, usages))
}

/// The columns that constraints rest on: a primary key's own, and a foreign key's targets.
pub(super) fn constraint_column_usage(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    let tables = env.catalogs.tables(&env.database, None)?;
    let mut usages = Vec::new();
    for key in primary_keys(&tables) {
        usages.extend(key.columns.iter().map(|c| usage(&key.name, &key.table, c, 1, false)));
    }
    for key in foreign_keys(env, &tables)? {
        usages.extend(key.target_columns.iter().map(|c| usage(&key.name, &key.target, c, 1, true)));
    }
    Ok(rows(env, usages))
}

pub(super) fn referential_constraints(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    let database = env.database.clone();
    let tables = env.catalogs.tables(&env.database, None)?;
    Ok(Rows::of(foreign_keys(env, &tables)?, move |k, column| match column {
        "constraint_catalog" | "unique_constraint_catalog" => (&database).into(),
        "constraint_schema" => (&k.table.schema).into(),
        "constraint_name" => (&k.name).into(),
        "unique_constraint_schema" => (&k.target.schema).into(),
        "unique_constraint_name" => format!("{}_pkey", k.target.name).into(),
        "match_option" => "NONE".into(),
        "update_rule" | "delete_rule" => "NO ACTION".into(),
        _ => Cell::Unset,
    }))
}
