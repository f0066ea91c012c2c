//! `pg_constraint`: the primary and foreign keys that descriptors declare. They are shown, not enforced.

use std::collections::HashSet;
use std::sync::Arc;

use crate::catalog::{KnownColumn, TableEntry, Wanted};
use crate::descriptor::{ForeignKey, Place};
use crate::error::Result;
use crate::name::{MAX_BYTES, quoted};
use crate::table::pg_type::{self, PgType};
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

use super::{attributes, builtin, classes, indexes, namespaces, object_name};

/// Bits that make a constraint's oid of its table's: stable as long as the table's is.
const KEY_BIT: u32 = 0x4000_0000;
const FOREIGN_BIT: u32 = 0x8000_0000;

/// Where a foreign key's position stands in its oid, and how many have one of their own there.
const POSITION_SHIFT: u32 = 20;
const FOREIGN_KEYS: u32 = 1 << 10;

/// A declared primary key.
#[derive(Clone, Debug)]
pub struct KeyRow {
    pub table: Arc<TableEntry>,
    pub name: String,
    pub columns: Vec<String>,
}

/// A declared foreign key whose table is in the same catalog and known.
#[derive(Clone, Debug)]
pub struct ForeignKeyRow {
    pub table: Arc<TableEntry>,
    pub name: String,
    /// Among the table's foreign keys, from 0.
    pub position: u32,
    pub columns: Vec<String>,
    pub target: Arc<TableEntry>,
    pub target_columns: Vec<String>,
}

/// The primary keys of these tables.
pub fn primary_keys(tables: &[Arc<TableEntry>]) -> Vec<KeyRow> {
    let declared = tables.iter().filter(|t| !t.distribution().schema.primary_key.is_empty());
    declared
        .map(|t| KeyRow {
            table: Arc::clone(t),
            name: object_name::of(&t.name, None, "pkey"),
            columns: t.distribution().schema.primary_key.clone(),
        })
        .collect()
}

/// The foreign keys of these tables, without those whose target is no table.
pub fn foreign_keys(env: &SystemEnv, tables: &[Arc<TableEntry>]) -> Result<Vec<ForeignKeyRow>> {
    let mut rows = Vec::new();
    for table in tables {
        let mut names = HashSet::new();
        for (position, key) in (0..).zip(&table.distribution().schema.foreign_keys) {
            // Several keys of the same columns are numbered from the second on, as PostgreSQL does.
            let columns = key.fields.join("_");
            let of_label = |label: &str| object_name::of(&table.name, Some(&columns), label);
            let mut wanted = std::iter::once(of_label("fkey")).chain((1..).map(|n| of_label(&format!("fkey{n}"))));
            let name = wanted.find(|name| names.insert(name.clone())).expect("there are more numbers than keys");
            let Some(target) = target(env, table, key)? else { continue };
            rows.push(ForeignKeyRow {
                table: Arc::clone(table),
                name,
                position,
                columns: key.fields.clone(),
                target,
                target_columns: key.reference_fields.clone(),
            });
        }
    }
    Ok(rows)
}

/// What `pg_get_constraintdef` says of a constraint: `PRIMARY KEY (a)`, `FOREIGN KEY (a) REFERENCES s.t(b)`.
pub fn definition(env: &SystemEnv, oid: u32) -> Result<Option<String>> {
    let list = |names: &[String]| names.iter().map(|n| quoted(n)).collect::<Vec<_>>().join(", ");
    let found = table_of(env, oid)?;
    if oid & FOREIGN_BIT == 0 {
        let key = primary_keys(found.as_slice()).pop();
        return Ok(key.map(|key| format!("PRIMARY KEY ({})", list(&key.columns))));
    }
    let key = foreign_keys(env, found.as_slice())?.into_iter().find(|key| foreign_oid(key) == oid);
    Ok(match key {
        Some(key) => {
            let visible = env.is_visible(&key.target.schema, &key.target.name)?;
            let schema = if visible { String::new() } else { format!("{}.", quoted(&key.target.schema)) };
            let (from, to) = (list(&key.columns), list(&key.target_columns));
            Some(format!("FOREIGN KEY ({from}) REFERENCES {schema}{}({to})", quoted(&key.target.name)))
        }
        None => None,
    })
}

/// The table that declares the constraint of an oid.
pub(super) fn table_of(env: &SystemEnv, oid: u32) -> Result<Option<Arc<TableEntry>>> {
    let table = |oid| env.catalogs.table_by_oid(&env.database, oid);
    if oid & FOREIGN_BIT == 0 {
        return if oid & KEY_BIT == 0 { Ok(None) } else { table(oid & !KEY_BIT) };
    }
    // The position among the table's keys is mixed into the oid: as many are tried as the field is wide.
    for position in 0..FOREIGN_KEYS {
        let found = table((oid & !FOREIGN_BIT) ^ (position << POSITION_SHIFT))?;
        if foreign_keys(env, found.as_slice())?.iter().any(|key| foreign_oid(key) == oid) {
            return Ok(found);
        }
    }
    Ok(None)
}

fn foreign_oid(key: &ForeignKeyRow) -> u32 {
    (key.table.oid ^ (key.position << POSITION_SHIFT)) | FOREIGN_BIT
}

/// The table that a foreign key refers to: this one, that of another resource of its dataset, or that of a dataset whose
/// descriptor stands in the same catalog.
fn target(env: &SystemEnv, table: &Arc<TableEntry>, key: &ForeignKey) -> Result<Option<Arc<TableEntry>>> {
    let Some(package) = &key.package else {
        if key.resource.is_empty() {
            return Ok(Some(Arc::clone(table)));
        }
        let tables = env.catalogs.tables_of(&env.database, &table.descriptor, &key.resource)?;
        return Ok(tables.into_iter().find(|t| t.dataset.identifier == table.dataset.identifier));
    };
    let Some(descriptor) = Place::of_file(&table.descriptor).beside(package) else { return Ok(None) };
    let tables = env.catalogs.tables_of(&env.database, &descriptor, &key.resource)?;
    Ok(tables.into_iter().next())
}

/// A row of `pg_constraint`.
pub(super) struct Constraint {
    pub oid: u32,
    name: String,
    schema: u32,
    pub table: u32,
    /// The numbers of its columns.
    pub columns: Vec<String>,
    /// The primary key's own index, or that of the target.
    pub index: u32,
    pub target: Option<Target>,
}

/// What a foreign key refers to.
pub(super) struct Target {
    pub table: u32,
    pub columns: Vec<String>,
    /// The oid of the `=` operator of each column's type.
    equal: Vec<String>,
}

/// The tables whose constraints the pins leave.
fn tables(env: &SystemEnv, pins: &Pins) -> Result<Vec<Arc<TableEntry>>> {
    if pins.oids("conrelid").is_some() {
        return classes::tables(env, pins, "conrelid", "");
    }
    let found = if let Some(oids) = pins.oids("oid") {
        oids.into_iter().map(|oid| table_of(env, oid)).filter_map(Result::transpose).collect::<Result<Vec<_>>>()?
    } else if let Some(names) = pins.texts("conname") {
        classes::tables_by_name(env, &declaring(names))?
    } else if let Some(targets) = pins.oids("confrelid") {
        let targets = classes::tables_by_oid(env, targets)?;
        let referring = targets.iter().map(|target| env.catalogs.referring(target)).collect::<Result<Vec<_>>>()?;
        referring.into_iter().flatten().collect()
    } else if let Some(indexes) = pins.oids("conindid") {
        // A foreign key names the index of its target.
        let owners = classes::tables_by_oid(env, indexes.into_iter().filter_map(indexes::table_of))?;
        let referring = owners.iter().map(|owner| env.catalogs.referring(owner)).collect::<Result<Vec<_>>>()?;
        referring.into_iter().flatten().chain(owners).collect()
    } else if let Some(schemas) = pins.oids("connamespace") {
        let names = namespaces(env)?.into_iter().filter(|n| schemas.contains(&n.oid)).map(|n| n.name);
        classes::tables_of_schemas(env, pins, Some(&Wanted::texts(names)), "")?
    } else {
        env.catalogs.tables(&env.database, None)?
    };
    Ok(classes::distinct(found))
}

/// The names of the tables that may declare constraints of these names. A constraint's name starts with its table's, and where that ends is
/// not told: each place is tried. The name of a table may have been cut for it.
pub fn declaring<'a>(names: impl Iterator<Item = &'a str>) -> Wanted {
    let mut wanted = Wanted::default();
    for name in names {
        for (at, _) in name.match_indices('_') {
            if at >= object_name::LEAST_CUT && name.len() > MAX_BYTES - char::MAX.len_utf8() {
                wanted.starts.insert(name[..at].to_owned());
            } else {
                wanted.texts.insert(name[..at].to_owned());
            }
        }
    }
    wanted
}

/// The constraints that these tables declare, primary keys first.
pub(super) async fn of_tables(env: &SystemEnv, tables: &[Arc<TableEntry>]) -> Result<Vec<Constraint>> {
    let schemas = namespaces(env)?;
    let schema = |t: &TableEntry| schemas.iter().find(|n| n.name == t.schema).map_or(0, |n| n.oid);
    let mut rows = Vec::new();
    for key in primary_keys(tables) {
        rows.push(Constraint {
            oid: key.table.oid | KEY_BIT,
            schema: schema(&key.table),
            table: key.table.oid,
            columns: numbers(&attributes::columns_of(env, &key.table, false).await?, &key.columns),
            index: indexes::of_table(&key.table).map_or(0, |i| i.oid),
            name: key.name,
            target: None,
        });
    }
    for key in foreign_keys(env, tables)? {
        let columns = attributes::columns_of(env, &key.target, false).await?;
        let target = Target {
            table: key.target.oid,
            equal: key.target_columns.iter().map(|name| equal(&columns, name)).collect(),
            columns: numbers(&columns, &key.target_columns),
        };
        rows.push(Constraint {
            oid: foreign_oid(&key),
            schema: schema(&key.table),
            table: key.table.oid,
            columns: numbers(&attributes::columns_of(env, &key.table, false).await?, &key.columns),
            index: indexes::of_table(&key.target).map_or(0, |i| i.oid),
            name: key.name,
            target: Some(target),
        });
    }
    Ok(rows)
}

pub(super) async fn pg_constraint(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = of_tables(env, &tables(env, pins)?).await?;
    rows.retain(|c| {
        pins.allow_oid("oid", c.oid)
            && pins.allow("conname", &c.name)
            && pins.allow("contype", if c.target.is_some() { "f" } else { "p" })
            && pins.allow_oid("connamespace", c.schema)
            && pins.allow_oid("conindid", c.index)
            && pins.allow_oid("confrelid", c.target.as_ref().map_or(0, |t| t.table))
    });
    Ok(Rows::of(rows, |c, column| match (column, &c.target) {
        ("oid", _) => c.oid.into(),
        ("conname", _) => (&c.name).into(),
        ("connamespace", _) => c.schema.into(),
        ("contype", target) => (if target.is_some() { "f" } else { "p" }).into(),
        ("convalidated" | "conislocal" | "connoinherit", _) => true.into(),
        ("conrelid", _) => c.table.into(),
        ("conindid", _) => c.index.into(),
        ("conkey", _) => Cell::Array(c.columns.clone()),
        ("confrelid", Some(target)) => target.table.into(),
        ("confkey", Some(target)) => Cell::Array(target.columns.clone()),
        ("conpfeqop" | "conppeqop" | "conffeqop", Some(target)) => Cell::Array(target.equal.clone()),
        ("confupdtype" | "confdeltype", target) => (if target.is_some() { "a" } else { " " }).into(),
        ("confmatchtype", target) => (if target.is_some() { "s" } else { " " }).into(),
        _ => Cell::Unset,
    }))
}

/// The oid of the operator `=` over the column's type, in text form; 0 where there is none.
fn equal(columns: &[KnownColumn], name: &str) -> String {
    let found = columns.iter().find(|c| c.name == name).and_then(|c| PgType::by_name(&c.pg_type));
    let oid = found.map_or(0, |t| if t.oid == pg_type::VARCHAR.oid { pg_type::TEXT.oid } else { t.oid });
    let Some(operators) = builtin::listing("pg_operator") else { return "0".to_owned() };
    let is_equal = |row: &&builtin::Row| {
        operators.text(row, "oprname") == "="
            && operators.number(row, "oprleft") == oid
            && operators.number(row, "oprright") == oid
    };
    operators.rows().find(is_equal).map_or("0", |row| operators.text(row, "oid")).to_owned()
}

/// The numbers of the columns of these names, in text form; a name that is no column of `pg_attribute` is left out.
fn numbers(columns: &[KnownColumn], names: &[String]) -> Vec<String> {
    let number = |name: &String| (1..=i16::MAX).zip(columns).find(|(_, c)| c.name == *name).map(|(number, _)| number.to_string());
    names.iter().filter_map(number).collect()
}
