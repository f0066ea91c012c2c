//! `pg_namespace` and `pg_database`: schemas and databases.

use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv, relations};

use super::OWNER;

/// The oid of the first database; the others follow in their order.
pub const FIRST_DATABASE: u32 = 16_000;

/// PostgreSQL's schema for what does not fit into a row: there is one everywhere, here without a table.
const PG_TOAST: (u32, &str) = (99, "pg_toast");

/// A schema: one of the system's, or a theme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    pub oid: u32,
    pub name: String,
    /// The theme as published.
    pub title: Option<String>,
}

/// The schemas of the session's database, the system's first.
pub fn namespaces(env: &SystemEnv) -> Result<Vec<Namespace>> {
    let system = relations::SCHEMAS.into_iter().chain([PG_TOAST]);
    let system = system.map(|(oid, name)| Namespace { oid, name: name.to_owned(), title: None });
    let themes = env.catalogs.themes(&env.database)?.into_iter();
    let themes = themes.map(|t| Namespace { oid: t.oid, name: t.name, title: Some(t.title) });
    Ok(system.chain(themes).collect())
}

pub(super) fn pg_namespace(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = namespaces(env)?;
    rows.retain(|n| pins.allow_oid("oid", n.oid) && pins.allow("nspname", &n.name));
    Ok(Rows::of(rows, |n, column| match column {
        "oid" => n.oid.into(),
        "nspname" => (&n.name).into(),
        "nspowner" => OWNER.into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_database(env: &SystemEnv, _pins: &Pins) -> Result<Rows> {
    let names: Vec<(u32, String)> = (FIRST_DATABASE..).zip(env.catalogs.databases()).collect();
    Ok(Rows::of(names, |(oid, name), column| match column {
        "oid" => (*oid).into(),
        "datname" => name.into(),
        "datdba" => OWNER.into(),
        "encoding" => 6.into(),
        "datlocprovider" => "c".into(),
        "datallowconn" => true.into(),
        "datconnlimit" => (-1).into(),
        "dattablespace" => 1663.into(),
        "datcollate" | "datctype" => "C.UTF-8".into(),
        _ => Cell::Unset,
    }))
}
