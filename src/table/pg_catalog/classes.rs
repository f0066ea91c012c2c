//! `pg_class` and the views that list tables: system relations first, then the catalog's tables.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::catalog::TableEntry;
use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Relation, Rows, SystemEnv, relations};

use super::{OWNER, namespaces};

/// The oid of the table access method `heap`.
const HEAP: u32 = 2;

/// The tables of the session's database that the pins leave: `oid` and `name` are the columns that hold a table's oid and name.
pub fn tables(env: &SystemEnv, pins: &Pins, oid: &str, name: &str) -> Result<Vec<Arc<TableEntry>>> {
    let mut found = if let Some(oids) = pins.oids(oid) {
        let oids: BTreeSet<u32> = oids.into_iter().filter(|oid| *oid >= 16_384).collect();
        let entries = oids.into_iter().map(|oid| env.catalogs.table_by_oid(&env.database, oid));
        entries.filter_map(Result::transpose).collect::<Result<Vec<_>>>()?
    } else {
        return tables_of_schemas(env, pins, None, name);
    };
    found.retain(|t| pins.allow(name, &t.name));
    Ok(found)
}

/// The tables of these schemas (all when `None`) whose name the pin on `name` allows.
pub fn tables_of_schemas(env: &SystemEnv, pins: &Pins, schemas: Option<&[String]>, name: &str) -> Result<Vec<Arc<TableEntry>>> {
    let Some(names) = pins.texts(name) else {
        let Some(schemas) = schemas else { return env.catalogs.tables(&env.database, None) };
        let lists = schemas.iter().map(|s| env.catalogs.tables(&env.database, Some(s))).collect::<Result<Vec<_>>>()?;
        return Ok(lists.into_iter().flatten().collect());
    };
    let all;
    let schemas = match schemas {
        Some(schemas) => schemas,
        None => {
            all = env.catalogs.themes(&env.database)?.into_iter().map(|t| t.name).collect::<Vec<_>>();
            &all
        }
    };
    let mut found = Vec::new();
    for name in names {
        for schema in schemas {
            found.extend(env.catalogs.table(&env.database, schema, name)?);
        }
    }
    Ok(found)
}

/// A relation of either kind, with its schema's oid and name.
struct Class {
    oid: u32,
    name: String,
    schema: String,
    schema_oid: u32,
    view: bool,
    columns: usize,
    rows: Option<u64>,
    has_key: bool,
}

impl Class {
    fn of_relation(r: &Relation) -> Self {
        Self {
            oid: r.oid,
            name: r.name.to_owned(),
            schema: r.schema.to_owned(),
            schema_oid: r.schema_oid,
            view: r.kind == 'v',
            columns: r.columns.len(),
            rows: None,
            has_key: false,
        }
    }

    fn of_table(t: &TableEntry, schemas: &HashMap<String, u32>) -> Self {
        let declared = &t.distribution().schema;
        Self {
            oid: t.oid,
            name: t.name.clone(),
            schema: t.schema.clone(),
            schema_oid: schemas.get(&t.schema).copied().unwrap_or_default(),
            view: false,
            columns: t.columns.as_ref().map_or(declared.columns.len(), |c| c.len()),
            rows: t.rows,
            has_key: !declared.primary_key.is_empty(),
        }
    }
}

fn classes(env: &SystemEnv, pins: &Pins, schema: &str, oid: &str, name: &str) -> Result<Vec<Class>> {
    let schemas: HashMap<String, u32> =
        namespaces(env)?.into_iter().filter(|n| pins.allow(schema, &n.name)).map(|n| (n.name, n.oid)).collect();
    let wanted = |c: &Class| {
        pins.allow_oid(oid, c.oid)
            && pins.allow(name, &c.name)
            && pins.allow(schema, &c.schema)
            && pins.allow_oid("relnamespace", c.schema_oid)
    };
    let system = relations::all().map(Class::of_relation);
    let named: Option<Vec<String>> = match (pins.oids("relnamespace"), pins.texts(schema)) {
        (Some(oids), _) => Some(schemas.iter().filter(|(_, oid)| oids.contains(oid)).map(|(name, _)| name.clone()).collect()),
        (None, Some(names)) => Some(names.map(str::to_owned).collect()),
        (None, None) => None,
    };
    let tables = match named {
        Some(named) if pins.oids(oid).is_none() => tables_of_schemas(env, pins, Some(&named), name)?,
        _ => tables(env, pins, oid, name)?,
    };
    Ok(system.chain(tables.iter().map(|t| Class::of_table(t, &schemas))).filter(wanted).collect())
}

pub(super) fn pg_class(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    Ok(Rows::of(classes(env, pins, "", "oid", "relname")?, |c, column| match column {
        "oid" | "relfilenode" => c.oid.into(),
        "relname" => (&c.name).into(),
        "relnamespace" => c.schema_oid.into(),
        "relowner" => OWNER.into(),
        "relam" if !c.view => HEAP.into(),
        "reltuples" => Cell::Float(c.rows.map_or(-1.0, |rows| rows as f64)),
        "relpersistence" => "p".into(),
        "relkind" => (if c.view { "v" } else { "r" }).into(),
        "relreplident" => (if c.view { "n" } else { "d" }).into(),
        "relnatts" => i16::try_from(c.columns).unwrap_or(i16::MAX).into(),
        "relispopulated" => true.into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_tables(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let owner = env.user.clone();
    let mut rows = classes(env, pins, "schemaname", "", "tablename")?;
    rows.retain(|c| !c.view);
    Ok(Rows::of(rows, move |c, column| match column {
        "schemaname" => (&c.schema).into(),
        "tablename" => (&c.name).into(),
        "tableowner" => (&owner).into(),
        "hasindexes" => c.has_key.into(),
        "hasrules" | "hastriggers" | "rowsecurity" => false.into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_views(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let owner = env.user.clone();
    let mut rows = classes(env, pins, "schemaname", "", "viewname")?;
    rows.retain(|c| c.view);
    Ok(Rows::of(rows, move |c, column| match column {
        "schemaname" => (&c.schema).into(),
        "viewname" => (&c.name).into(),
        "viewowner" => (&owner).into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_stat_user_tables(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = classes(env, pins, "schemaname", "relid", "relname")?;
    rows.retain(|c| c.oid >= 16_384);
    Ok(Rows::of(rows, |c, column| match column {
        "relid" => c.oid.into(),
        "schemaname" => (&c.schema).into(),
        "relname" => (&c.name).into(),
        "n_live_tup" => Cell::Int(c.rows.and_then(|r| i64::try_from(r).ok()).unwrap_or_default()),
        _ => Cell::Unset,
    }))
}
