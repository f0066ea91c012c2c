//! `pg_class` and the views that list tables: system relations first, then the catalog's tables, then the indexes of their keys.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::catalog::{Catalogs, TableEntry, Wanted};
use crate::error::Result;
use crate::table::virtual_table::{Cell, Pins, Relation, Rows, SystemEnv, relations};

use super::{OWNER, indexes, namespaces, types};

/// The oids of the access methods `heap` and `btree`.
const HEAP: u32 = 2;
const BTREE: u32 = 403;

/// The tables of the session's database that the pins leave: `oid` and `name` are the columns that hold a table's oid and name.
pub fn tables(env: &SystemEnv, pins: &Pins, oid: &str, name: &str) -> Result<Vec<Arc<TableEntry>>> {
    let Some(oids) = pins.oids(oid) else { return tables_of_schemas(env, pins, None, name) };
    let mut found = tables_by_oid(env, oids)?;
    found.retain(|t| pins.allow(name, &t.name));
    Ok(found)
}

/// The tables of these oids, in their order.
pub(super) fn tables_by_oid(env: &SystemEnv, oids: impl IntoIterator<Item = u32>) -> Result<Vec<Arc<TableEntry>>> {
    let oids: BTreeSet<u32> = oids.into_iter().filter(|oid| *oid >= 16_384).collect();
    oids.into_iter().map(|oid| env.catalogs.table_by_oid(&env.database, oid)).filter_map(Result::transpose).collect()
}

/// The tables, each once, by oid.
pub fn distinct(tables: Vec<Arc<TableEntry>>) -> Vec<Arc<TableEntry>> {
    let by_oid: BTreeMap<u32, Arc<TableEntry>> = tables.into_iter().map(|t| (t.oid, t)).collect();
    by_oid.into_values().collect()
}

/// The tables of these names, in whatever schema.
pub(super) fn tables_by_name(env: &SystemEnv, names: &Wanted) -> Result<Vec<Arc<TableEntry>>> {
    env.catalogs.tables_wanted(&env.database, None, Some(names))
}

/// The tables of these schemas (all when `None`) whose name the pin on `name` allows.
pub fn tables_of_schemas(env: &SystemEnv, pins: &Pins, schemas: Option<&Wanted>, name: &str) -> Result<Vec<Arc<TableEntry>>> {
    env.catalogs.tables_wanted(&env.database, schemas, pins.wanted(name))
}

/// What a relation is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Table,
    View,
    Index,
}

/// A relation of any kind, with its schema's oid and name.
struct Class {
    oid: u32,
    name: String,
    schema: String,
    schema_oid: u32,
    kind: Kind,
    row_type: u32,
    columns: usize,
    rows: Option<u64>,
    has_key: bool,
    has_foreign_keys: bool,
    /// The catalog's table, where it is one.
    table: Option<Arc<TableEntry>>,
}

impl Class {
    fn of_relation(r: &Relation) -> Self {
        Self {
            oid: r.oid,
            name: r.name.to_owned(),
            schema: r.schema.to_owned(),
            schema_oid: r.schema_oid,
            kind: if r.kind == 'v' { Kind::View } else { Kind::Table },
            row_type: 0,
            columns: r.columns.len(),
            rows: None,
            has_key: false,
            has_foreign_keys: false,
            table: None,
        }
    }

    fn of_table(t: &Arc<TableEntry>, schemas: &HashMap<String, u32>) -> Self {
        let declared = &t.distribution().schema;
        Self {
            oid: t.oid,
            name: t.name.clone(),
            schema: t.schema.clone(),
            schema_oid: schemas.get(&t.schema).copied().unwrap_or_default(),
            kind: Kind::Table,
            row_type: types::row_type(t.oid),
            columns: t.columns.as_ref().map_or(declared.columns.len(), |c| c.len()),
            rows: t.rows,
            has_key: indexes::of_table(t).is_some(),
            has_foreign_keys: !declared.foreign_keys.is_empty(),
            table: Some(Arc::clone(t)),
        }
    }

    fn of_index(t: &Arc<TableEntry>, schemas: &HashMap<String, u32>) -> Option<Self> {
        let index = indexes::of_table(t)?;
        let (oid, name, columns) = (index.oid, index.name, index.columns.len());
        let table = Self::of_table(t, schemas);
        Some(Self {
            oid,
            name,
            columns,
            kind: Kind::Index,
            row_type: 0,
            has_key: false,
            has_foreign_keys: false,
            table: None,
            ..table
        })
    }

    /// Whether PostgreSQL would have triggers on it: it refers to another table, or one to it.
    fn has_triggers(&self, catalogs: &Catalogs) -> Result<bool> {
        match &self.table {
            Some(table) => Ok(self.has_foreign_keys || catalogs.is_referred(table)?),
            None => Ok(false),
        }
    }

    fn is_user_table(&self) -> bool {
        self.kind == Kind::Table && self.oid >= 16_384
    }
}

/// The relations that the pins leave; `indexes` says whether those of primary keys are among them.
fn classes(env: &SystemEnv, pins: &Pins, schema: &str, oid: &str, name: &str, indexes: bool) -> Result<Vec<Class>> {
    let schemas: HashMap<String, u32> =
        namespaces(env)?.into_iter().filter(|n| pins.allow(schema, &n.name)).map(|n| (n.name, n.oid)).collect();
    let wanted = |c: &Class| {
        pins.allow_oid(oid, c.oid)
            && pins.allow(name, &c.name)
            && pins.allow(schema, &c.schema)
            && pins.allow_oid("relnamespace", c.schema_oid)
    };
    let tables = if pins.oids(oid).is_some() {
        tables(env, pins, oid, name)?
    } else if let Some(oids) = pins.oids("relnamespace") {
        let named = schemas.iter().filter(|(_, oid)| oids.contains(oid)).map(|(name, _)| name.clone());
        tables_of_schemas(env, pins, Some(&Wanted::texts(named)), name)?
    } else {
        tables_of_schemas(env, pins, pins.wanted(schema), name)?
    };
    let owners = if indexes { indexes::owners(env, pins, oid, name)? } else { None };
    let owners = owners.as_ref().unwrap_or(&tables);
    let keys: Vec<Class> =
        if indexes { owners.iter().filter_map(|t| Class::of_index(t, &schemas)).collect() } else { Vec::new() };
    let system = relations::all().map(Class::of_relation);
    let tables = tables.iter().map(|t| Class::of_table(t, &schemas));
    Ok(system.chain(tables).chain(keys).filter(wanted).collect())
}

pub(super) fn pg_class(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = classes(env, pins, "", "oid", "relname", pins.allow("relkind", "i"))?;
    rows.retain(|c| pins.allow("relkind", relkind(c.kind)));
    let catalogs = Arc::clone(&env.catalogs);
    Ok(Rows::tried(rows, move |c: &Class, column| {
        Ok(match column {
            "oid" => c.oid.into(),
            "relfilenode" if c.kind != Kind::View => c.oid.into(),
            "relname" => (&c.name).into(),
            "relnamespace" => c.schema_oid.into(),
            "reltype" => c.row_type.into(),
            "relowner" => OWNER.into(),
            "relam" if c.kind == Kind::Table => HEAP.into(),
            "relam" if c.kind == Kind::Index => BTREE.into(),
            "reltuples" if c.kind == Kind::View => Cell::Float(0.0),
            "reltuples" => Cell::Float(c.rows.map_or(-1.0, |rows| rows as f64)),
            "relhasindex" => c.has_key.into(),
            // Tools look for keys that refer to a table only where it may have such a trigger.
            "relhastriggers" => c.has_triggers(&catalogs)?.into(),
            "relpersistence" => "p".into(),
            "relkind" => relkind(c.kind).into(),
            "relreplident" => (if c.is_user_table() { "d" } else { "n" }).into(),
            "relnatts" => i16::try_from(c.columns).unwrap_or(i16::MAX).into(),
            "relispopulated" => true.into(),
            _ => Cell::Unset,
        })
    }))
}

fn relkind(kind: Kind) -> &'static str {
    match kind {
        Kind::Table => "r",
        Kind::View => "v",
        Kind::Index => "i",
    }
}

pub(super) fn pg_tables(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let owner = env.user.clone();
    let mut rows = classes(env, pins, "schemaname", "", "tablename", false)?;
    rows.retain(|c| c.kind == Kind::Table);
    let catalogs = Arc::clone(&env.catalogs);
    Ok(Rows::tried(rows, move |c: &Class, column| {
        Ok(match column {
            "schemaname" => (&c.schema).into(),
            "tablename" => (&c.name).into(),
            "tableowner" => (&owner).into(),
            "hasindexes" => c.has_key.into(),
            "hastriggers" => c.has_triggers(&catalogs)?.into(),
            _ => Cell::Unset,
        })
    }))
}

pub(super) fn pg_views(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let owner = env.user.clone();
    let mut rows = classes(env, pins, "schemaname", "", "viewname", false)?;
    rows.retain(|c| c.kind == Kind::View);
    Ok(Rows::of(rows, move |c, column| match column {
        "schemaname" => (&c.schema).into(),
        "viewname" => (&c.name).into(),
        "viewowner" => (&owner).into(),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_stat_user_tables(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = classes(env, pins, "schemaname", "relid", "relname", false)?;
    rows.retain(Class::is_user_table);
    Ok(Rows::of(rows, |c, column| match column {
        "relid" => c.oid.into(),
        "schemaname" => (&c.schema).into(),
        "relname" => (&c.name).into(),
        "n_live_tup" => Cell::Int(c.rows.and_then(|r| i64::try_from(r).ok()).unwrap_or_default()),
        _ => Cell::Unset,
    }))
}
