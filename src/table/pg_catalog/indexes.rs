//! `pg_index`: PostgreSQL shows an index of the same name under every primary key, and tools read the key from there. Stoa has no
//! indexes; a declared primary key is shown as one (decision 048).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::{KnownColumn, TableEntry, Wanted};
use crate::error::Result;
use crate::name::{MAX_BYTES, quoted};
use crate::table::pg_type::{self, PgType};
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

use super::{attributes, builtin, classes, object_name};

/// Bits that make an index's oid from its table's: stable as long as the table's is.
const INDEX_BIT: u32 = 0x5000_0000;

/// What the name of a primary key's index ends with, and what stands before that.
const LABEL: &str = "pkey";
const SUFFIX: &str = "_pkey";

/// The oids of the default collation and of the access method `btree`.
const DEFAULT_COLLATION: u32 = 100;
const BTREE: &str = "403";

/// The index under a declared primary key.
pub struct Index {
    pub oid: u32,
    pub table: u32,
    pub name: String,
    /// The key's columns with their numbers in the table, from 1.
    pub columns: Vec<(i16, KnownColumn)>,
}

/// The index of a table; `None` without a primary key, or while one of its columns is not known.
pub fn of_table(table: &TableEntry) -> Option<Index> {
    let key = &table.distribution().schema.primary_key;
    if key.is_empty() {
        return None;
    }
    let known = attributes::known_columns(table);
    let column = |name: &String| (1..=i16::MAX).zip(known.iter()).find(|(_, c)| c.name == *name).map(|(n, c)| (n, c.clone()));
    Some(Index {
        oid: table.oid | INDEX_BIT,
        table: table.oid,
        name: object_name::of(&table.name, None, LABEL),
        columns: key.iter().map(column).collect::<Option<_>>()?,
    })
}

/// The table of an index's oid; `None` for an oid that is no index's.
pub fn table_of(oid: u32) -> Option<u32> {
    (oid & 0xf000_0000 == INDEX_BIT).then_some(oid & !INDEX_BIT)
}

/// The index of an oid.
pub fn by_oid(env: &SystemEnv, oid: u32) -> Result<Option<(Arc<TableEntry>, Index)>> {
    let Some(table) = table_of(oid) else { return Ok(None) };
    let table = env.catalogs.table_by_oid(&env.database, table)?;
    Ok(table.and_then(|table| of_table(&table).map(|index| (table, index))))
}

/// The oid of the index of this name.
pub fn by_name(env: &SystemEnv, schema: &str, name: &str) -> Result<Option<u32>> {
    let Some(table) = name.strip_suffix(SUFFIX) else { return Ok(None) };
    let tables = match Wanted::starting(table).filter(|_| may_be_cut(table)) {
        Some(cut) => env.catalogs.tables_wanted(&env.database, Some(&Wanted::texts([schema.to_owned()])), Some(&cut))?,
        None => env.catalogs.table(&env.database, schema, table)?.into_iter().collect(),
    };
    Ok(tables.iter().filter_map(|t| of_table(t)).find(|index| index.name == name).map(|index| index.oid))
}

/// Whether a table's name may stand cut before the suffix.
fn may_be_cut(table: &str) -> bool {
    table.len() + SUFFIX.len() > MAX_BYTES - char::MAX.len_utf8()
}

/// The tables whose indexes the pins leave, where these name indexes: `oid` and `name` are the columns that hold an index's oid and
/// name. `None` where they tell nothing.
pub(super) fn owners(env: &SystemEnv, pins: &Pins, oid: &str, name: &str) -> Result<Option<Vec<Arc<TableEntry>>>> {
    if let Some(oids) = pins.oids(oid) {
        return classes::tables_by_oid(env, oids.into_iter().filter_map(table_of)).map(Some);
    }
    let Some(names) = pins.wanted(name) else { return Ok(None) };
    let mut owners = Wanted { texts: BTreeSet::new(), starts: names.starts.clone() };
    let whole = names.texts.iter().filter_map(|name| name.strip_suffix(SUFFIX));
    // What an index's name begins with may end in what stands behind its table's.
    let begun = names.starts.iter().flat_map(|s| (1..SUFFIX.len()).filter_map(|length| s.strip_suffix(&SUFFIX[..length])));
    for table in whole.chain(begun) {
        // A long name was cut.
        let of = if may_be_cut(table) { &mut owners.starts } else { &mut owners.texts };
        of.insert(table.to_owned());
    }
    classes::tables_by_name(env, &owners).map(Some)
}

/// What `pg_get_indexdef` says of an index, or of its column of this number, from 1; `qualified` says whether the table stands there
/// with its schema.
pub fn definition(table: &TableEntry, index: &Index, column: usize, qualified: bool) -> Option<String> {
    if column > 0 {
        return index.columns.get(column - 1).map(|(_, c)| quoted(&c.name));
    }
    let columns: Vec<_> = index.columns.iter().map(|(_, c)| quoted(&c.name)).collect();
    let schema = if qualified { format!("{}.", quoted(&table.schema)) } else { String::new() };
    let (index, table) = (quoted(&index.name), quoted(&table.name));
    Some(format!("CREATE UNIQUE INDEX {index} ON {schema}{table} USING btree ({})", columns.join(", ")))
}

pub(super) fn pg_index(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows: Vec<Index> = tables(env, pins, "indrelid", "", "indexrelid", "")?.iter().filter_map(|t| of_table(t)).collect();
    rows.retain(|i| pins.allow_oid("indexrelid", i.oid) && pins.allow_oid("indrelid", i.table));
    Ok(Rows::of(rows, |i, column| match column {
        "indexrelid" => i.oid.into(),
        "indrelid" => i.table.into(),
        "indnatts" | "indnkeyatts" => i16::try_from(i.columns.len()).unwrap_or(i16::MAX).into(),
        "indisunique" | "indisprimary" | "indimmediate" | "indisvalid" | "indisready" | "indislive" => true.into(),
        "indkey" => Cell::Array(i.columns.iter().map(|(n, _)| n.to_string()).collect()),
        "indcollation" => Cell::Array(i.columns.iter().map(|(_, c)| collation(c).to_string()).collect()),
        "indclass" => Cell::Array(i.columns.iter().map(|(_, c)| operator_class(c).to_string()).collect()),
        "indoption" => Cell::Array(vec!["0".to_owned(); i.columns.len()]),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_indexes(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let tables = tables(env, pins, "", "tablename", "", "indexname")?;
    let mut rows: Vec<(Arc<TableEntry>, Index)> = tables.into_iter().filter_map(|t| of_table(&t).map(|i| (t, i))).collect();
    rows.retain(|(t, i)| pins.allow("schemaname", &t.schema) && pins.allow("indexname", &i.name));
    Ok(Rows::of(rows, |(t, i), column| match column {
        "schemaname" => (&t.schema).into(),
        "tablename" => (&t.name).into(),
        "indexname" => (&i.name).into(),
        "indexdef" => Cell::opt(definition(t, i, 0, true)),
        _ => Cell::Unset,
    }))
}

pub(super) fn pg_stat_user_indexes(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let tables = tables(env, pins, "relid", "relname", "indexrelid", "indexrelname")?;
    let mut rows: Vec<(Arc<TableEntry>, Index)> = tables.into_iter().filter_map(|t| of_table(&t).map(|i| (t, i))).collect();
    rows.retain(|(t, i)| pins.allow("schemaname", &t.schema) && pins.allow("indexrelname", &i.name));
    Ok(Rows::of(rows, |(t, i), column| match column {
        "relid" => t.oid.into(),
        "indexrelid" => i.oid.into(),
        "schemaname" => (&t.schema).into(),
        "relname" => (&t.name).into(),
        "indexrelname" => (&i.name).into(),
        _ => Cell::Unset,
    }))
}

/// The tables that pins on a table or on its index leave.
fn tables(env: &SystemEnv, pins: &Pins, oid: &str, name: &str, index_oid: &str, index: &str) -> Result<Vec<Arc<TableEntry>>> {
    match owners(env, pins, index_oid, index)? {
        Some(mut owners) => {
            owners.retain(|t| pins.allow_oid(oid, t.oid) && pins.allow(name, &t.name));
            Ok(owners)
        }
        None => classes::tables(env, pins, oid, name),
    }
}

/// The indexes that a pin on `attrelid` names; all without one.
pub(super) fn of_relations(env: &SystemEnv, pins: &Pins) -> Result<Vec<Index>> {
    let tables = match owners(env, pins, "attrelid", "")? {
        Some(owners) => owners,
        None => env.catalogs.tables(&env.database, None)?,
    };
    Ok(tables.iter().filter_map(|t| of_table(t)).collect())
}

fn collation(column: &KnownColumn) -> u32 {
    let text = PgType::by_name(&column.pg_type).unwrap_or(&pg_type::TEXT);
    if text.category == 'S' { DEFAULT_COLLATION } else { 0 }
}

/// The default operator class of a B-tree over the column's type; 0 where there is none.
fn operator_class(column: &KnownColumn) -> u32 {
    let Some(classes) = builtin::listing("pg_opclass") else { return 0 };
    let wanted = PgType::by_name(&column.pg_type).map_or(pg_type::TEXT.oid, |t| t.oid);
    // A varchar is compared as the text that it is, and any array by its elements.
    let wanted = match PgType::by_oid(wanted) {
        Some(t) if t.oid == pg_type::VARCHAR.oid => pg_type::TEXT.oid,
        Some(t) if t.element != 0 => pg_type::ANYARRAY.oid,
        Some(_) | None => wanted,
    };
    let is_default = |row: &&builtin::Row| {
        classes.text(row, "opcmethod") == BTREE
            && classes.text(row, "opcdefault") == "t"
            && classes.number(row, "opcintype") == wanted
    };
    classes.rows().find(is_default).map_or(0, |row| classes.number(row, "oid"))
}
