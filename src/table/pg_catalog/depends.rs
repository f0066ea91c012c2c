//! `pg_depend`: what a declared key rests on, and which index is whose. Drivers find the columns of a key there. PostgreSQL lists much more; of
//! the rest only schemas and row types are told.

use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::{TableEntry, Wanted};
use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

use super::{classes, constraints, indexes, namespaces, types};

/// The oids of the catalogs that objects are in.
const PG_CLASS: u32 = 1259;
const PG_CONSTRAINT: u32 = 2606;
const PG_NAMESPACE: u32 = 2615;
const PG_TYPE: u32 = 1247;

/// An object: its catalog's oid, its own, and the number of a column or 0.
type Object = (u32, u32, i32);

/// `object` needs `on`: `n` when that must go first, `a` when it goes with it, `i` when it is a part of it.
struct Depend {
    object: Object,
    on: Object,
    kind: char,
}

pub(super) async fn pg_depend(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let tables = tables(env, pins)?;
    let schemas: HashMap<String, u32> = namespaces(env)?.into_iter().map(|n| (n.name, n.oid)).collect();
    let mut rows = Vec::new();
    for table in &tables {
        let class = (PG_CLASS, table.oid, 0);
        let row = (PG_TYPE, types::row_type(table.oid), 0);
        if let Some(schema) = schemas.get(&table.schema) {
            rows.push(Depend { object: class, on: (PG_NAMESPACE, *schema, 0), kind: 'n' });
        }
        rows.push(Depend { object: row, on: class, kind: 'i' });
        rows.push(Depend { object: (PG_TYPE, types::row_array(table.oid), 0), on: row, kind: 'i' });
    }
    for key in constraints::of_tables(env, &tables).await? {
        let constraint = (PG_CONSTRAINT, key.oid, 0);
        let columns = |table: u32, numbers: &[String], kind: char| {
            let number = |n: &String| Some(Depend { object: constraint, on: (PG_CLASS, table, n.parse().ok()?), kind });
            numbers.iter().filter_map(number).collect::<Vec<_>>()
        };
        rows.extend(columns(key.table, &key.columns, 'a'));
        match &key.target {
            Some(target) => {
                rows.extend(columns(target.table, &target.columns, 'n'));
                rows.push(Depend { object: constraint, on: (PG_CLASS, key.index, 0), kind: 'n' });
            }
            None => rows.push(Depend { object: (PG_CLASS, key.index, 0), on: constraint, kind: 'i' }),
        }
    }
    rows.retain(|d| {
        // A key whose columns are not known has no index yet.
        (d.object.1 != 0 && d.on.1 != 0)
            && pins.allow_oid("classid", d.object.0)
            && pins.allow_oid("objid", d.object.1)
            && pins.allow_oid("refclassid", d.on.0)
            && pins.allow_oid("refobjid", d.on.1)
            && pins.allow_number("refobjsubid", d.on.2)
            && pins.allow("deptype", &d.kind.to_string())
    });
    Ok(Rows::of(rows, |d, column| match column {
        "classid" => d.object.0.into(),
        "objid" => d.object.1.into(),
        "objsubid" => d.object.2.into(),
        "refclassid" => d.on.0.into(),
        "refobjid" => d.on.1.into(),
        "refobjsubid" => d.on.2.into(),
        "deptype" => d.kind.into(),
        _ => Cell::Unset,
    }))
}

/// The tables of the objects that the pins leave.
fn tables(env: &SystemEnv, pins: &Pins) -> Result<Vec<Arc<TableEntry>>> {
    let found = if let Some(oids) = pins.oids("objid") {
        owners(env, oids)?
    } else if let Some(oids) = pins.oids("refobjid") {
        // What refers to a table or to its index rests on these, and a schema has tables.
        let of_schema = namespaces(env)?.into_iter().filter(|n| oids.contains(&n.oid)).map(|n| n.name);
        let of_schema = classes::tables_of_schemas(env, pins, Some(&Wanted::texts(of_schema)), "")?;
        let owners = owners(env, oids)?;
        let referring = owners.iter().map(|owner| env.catalogs.referring(owner)).collect::<Result<Vec<_>>>()?;
        referring.into_iter().flatten().chain(owners).chain(of_schema).collect()
    } else {
        env.catalogs.tables(&env.database, None)?
    };
    Ok(classes::distinct(found))
}

/// The tables whose these objects are: themselves, and those of indexes, row types and constraints.
fn owners(env: &SystemEnv, oids: Vec<u32>) -> Result<Vec<Arc<TableEntry>>> {
    let mut own = Vec::new();
    let mut found = Vec::new();
    for oid in oids {
        let table = indexes::table_of(oid).or(types::table_of_row_type(oid).map(|(table, _)| table));
        match (table, constraints::table_of(env, oid)?) {
            (Some(table), _) => own.push(table),
            (None, Some(declaring)) => found.push(declaring),
            (None, None) => own.push(oid),
        }
    }
    found.extend(classes::tables_by_oid(env, own)?);
    Ok(found)
}
