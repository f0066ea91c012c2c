//! `information_schema`: which rows its views have, in PostgreSQL 15's words. A view that is not named here is empty.

mod columns;
mod constraints;

use std::sync::Arc;

use crate::catalog::TableEntry;
use crate::error::Result;

use super::pg_catalog::{namespaces, tables_of_schemas};
use super::virtual_table::{Cell, Pins, Rows, Source, SystemEnv, relations};

/// The rows of a relation of `information_schema`.
pub fn source(name: &str) -> Source {
    match name {
        "information_schema_catalog_name" => Source::Listed(catalog_name),
        "schemata" => Source::Listed(schemata),
        "tables" => Source::Listed(tables),
        "views" => Source::Listed(views),
        "columns" => Source::Described(|env, pins| Box::pin(columns::columns(env, pins))),
        "table_constraints" => Source::Listed(constraints::table_constraints),
        "key_column_usage" => Source::Listed(constraints::key_column_usage),
        "constraint_column_usage" => Source::Listed(constraints::constraint_column_usage),
        "referential_constraints" => Source::Listed(constraints::referential_constraints),
        "character_sets" => Source::Listed(character_sets),
        "enabled_roles" | "applicable_roles" => Source::Listed(roles),
        _ => Source::Empty,
    }
}

/// The catalog's tables that pins on the columns `schema` and `table` leave.
fn entries(env: &SystemEnv, pins: &Pins, schema: &str, table: &str) -> Result<Vec<Arc<TableEntry>>> {
    tables_of_schemas(env, pins, pins.wanted(schema), table)
}

fn catalog_name(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(vec![env.database.clone()], |name, _| name.into()))
}

fn schemata(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let (database, owner) = (env.database.clone(), env.user.clone());
    let mut rows = namespaces(env)?;
    rows.retain(|n| pins.allow("schema_name", &n.name));
    Ok(Rows::of(rows, move |n, column| match column {
        "catalog_name" => (&database).into(),
        "schema_name" => (&n.name).into(),
        "schema_owner" => (&owner).into(),
        _ => Cell::Unset,
    }))
}

/// A table or view with its schema.
struct Listed {
    schema: String,
    name: String,
    view: bool,
}

fn listed(env: &SystemEnv, pins: &Pins) -> Result<Vec<Listed>> {
    let system = relations::all().filter(|r| pins.allow("table_schema", r.schema) && pins.allow("table_name", r.name));
    let system = system.map(|r| Listed { schema: r.schema.to_owned(), name: r.name.to_owned(), view: r.kind == 'v' });
    let tables = entries(env, pins, "table_schema", "table_name")?;
    let tables = tables.iter().map(|t| Listed { schema: t.schema.clone(), name: t.name.clone(), view: false });
    Ok(system.chain(tables).collect())
}

fn tables(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let database = env.database.clone();
    Ok(Rows::of(listed(env, pins)?, move |t, column| match column {
        "table_catalog" => (&database).into(),
        "table_schema" => (&t.schema).into(),
        "table_name" => (&t.name).into(),
        "table_type" => (if t.view { "VIEW" } else { "BASE TABLE" }).into(),
        "is_insertable_into" | "is_typed" => "NO".into(),
        _ => Cell::Unset,
    }))
}

fn views(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let database = env.database.clone();
    let mut rows = listed(env, pins)?;
    rows.retain(|t| t.view);
    Ok(Rows::of(rows, move |t, column| match column {
        "table_catalog" => (&database).into(),
        "table_schema" => (&t.schema).into(),
        "table_name" => (&t.name).into(),
        "check_option" => "NONE".into(),
        "view_definition" => Cell::Unset,
        _ => "NO".into(),
    }))
}

fn character_sets(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(vec![env.database.clone()], |database, column| match column {
        "character_set_name" | "form_of_use" => "UTF8".into(),
        "character_repertoire" => "UCS".into(),
        "default_collate_catalog" => database.into(),
        "default_collate_schema" => "pg_catalog".into(),
        "default_collate_name" => "C.UTF-8".into(),
        _ => Cell::Unset,
    }))
}

fn roles(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(vec![env.user.clone()], |user, column| match column {
        "role_name" | "grantee" => user.into(),
        "is_grantable" => "NO".into(),
        _ => Cell::Unset,
    }))
}
