//! `pg_attribute`: the columns of every relation. A table that was never read has its declared columns; when a scan asks for that
//! table alone, its columns are found out.

use std::sync::Arc;

use crate::catalog::{KnownColumn, TableEntry};
use crate::descriptor::{self, ColumnKind};
use crate::error::Result;
use crate::table::modifier;
use crate::table::pg_type::{self, PgType};
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv, relations};

use super::{classes, indexes, types};

/// How many tables a scan may name and still have each one read for the first time.
const DESCRIBED_AT_ONCE: usize = 1;

/// The columns of a table as far as they are known: found at the first touch, else declared. With `find`, an undescribed table is
/// read now.
pub async fn columns_of(env: &SystemEnv, table: &TableEntry, find: bool) -> Result<Arc<Vec<KnownColumn>>> {
    if find && table.columns.is_none() {
        return Ok(Arc::new(env.describe.columns(table).await?));
    }
    Ok(known_columns(table))
}

/// The columns of a table as far as the catalog knows them: found, else declared.
pub fn known_columns(table: &TableEntry) -> Arc<Vec<KnownColumn>> {
    match &table.columns {
        Some(columns) => Arc::clone(columns),
        None => Arc::new(table.distribution().schema.columns.iter().map(declared).collect()),
    }
}

/// Whether a scan that leaves these tables may read those that are not known yet.
pub(super) fn may_find(pins: &Pins, oid: &str, tables: &[Arc<TableEntry>]) -> bool {
    pins.are_asked(oid) && tables.len() <= DESCRIBED_AT_ONCE
}

fn declared(column: &descriptor::Column) -> KnownColumn {
    let comment = [column.title.as_deref(), column.description.as_deref(), column.unit.as_deref()];
    let comment: Vec<&str> = comment.into_iter().flatten().collect();
    KnownColumn {
        name: column.name.clone(),
        pg_type: declared_type(column).name.to_owned(),
        modifier: modifier::NONE,
        nullable: column.constraints.get("required") != Some(&serde_json::Value::Bool(true)),
        comment: (!comment.is_empty()).then(|| comment.join("; ")),
    }
}

/// The type that a declared column has once it is read, as far as its declaration tells: numbers and dates may turn out exact or with an
/// offset.
fn declared_type(column: &descriptor::Column) -> &'static PgType {
    match column.kind {
        ColumnKind::Integer | ColumnKind::Year => &pg_type::INT8,
        ColumnKind::Number => &pg_type::FLOAT8,
        ColumnKind::Boolean => &pg_type::BOOL,
        ColumnKind::Date => &pg_type::DATE,
        ColumnKind::Time => &pg_type::TIME,
        ColumnKind::Datetime => &pg_type::TIMESTAMP,
        ColumnKind::Duration => &pg_type::INTERVAL,
        ColumnKind::Object | ColumnKind::Array | ColumnKind::GeoJson => &pg_type::JSON,
        ColumnKind::GeoPoint => &pg_type::FLOAT8_ARRAY,
        ColumnKind::List => match column.extra.get("itemType").and_then(serde_json::Value::as_str) {
            Some("integer") => &pg_type::INT8_ARRAY,
            Some("number") => &pg_type::FLOAT8_ARRAY,
            Some("boolean") => &pg_type::BOOL_ARRAY,
            Some("date") => &pg_type::DATE_ARRAY,
            Some("time") => &pg_type::TIME_ARRAY,
            Some("datetime") => &pg_type::TIMESTAMP_ARRAY,
            Some(_) | None => &pg_type::TEXT_ARRAY,
        },
        ColumnKind::Any | ColumnKind::String | ColumnKind::YearMonth => &pg_type::TEXT,
    }
}

struct Attribute {
    relation: u32,
    number: i16,
    name: String,
    pg_type: &'static PgType,
    /// The oid of the type, or of the domain over it.
    type_oid: u32,
    modifier: i32,
    required: bool,
}

impl Attribute {
    /// A column of a table, or of its index.
    fn of(relation: u32, number: i16, column: &KnownColumn, required: bool) -> Self {
        let pg_type = PgType::by_name(&column.pg_type).unwrap_or(&pg_type::TEXT);
        Self { relation, number, name: column.name.clone(), pg_type, type_oid: pg_type.oid, modifier: column.modifier, required }
    }
}

/// The columns that every table has beside its own: number, name, type's oid and length.
const SYSTEM: [(i16, &str, u32, &PgType); 6] = [
    (-1, "ctid", 27, &pg_type::TEXT),
    (-2, "xmin", 28, &pg_type::XID),
    (-3, "cmin", 29, &pg_type::XID),
    (-4, "xmax", 28, &pg_type::XID),
    (-5, "cmax", 29, &pg_type::XID),
    (-6, "tableoid", 26, &pg_type::OID),
];

/// Whether a column takes no nulls: so it was found, or it is of the declared primary key, as PostgreSQL has it.
pub fn is_required(table: &TableEntry, column: &KnownColumn) -> bool {
    !column.nullable || table.distribution().schema.primary_key.contains(&column.name)
}

pub(super) async fn pg_attribute(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows: Vec<Attribute> = Vec::new();
    for relation in relations::all().filter(|r| pins.allow_oid("attrelid", r.oid)) {
        rows.extend((1..).zip(&relation.columns).map(|(number, c)| Attribute {
            relation: relation.oid,
            number,
            name: c.name.to_owned(),
            pg_type: c.pg_type,
            type_oid: c.type_oid,
            modifier: modifier::NONE,
            required: c.required,
        }));
    }
    let tables = classes::tables(env, pins, "attrelid", "")?;
    let find = may_find(pins, "attrelid", &tables);
    for table in &tables {
        let columns = columns_of(env, table, find).await?;
        // Columns are counted in 16 bits: those of a wider table than that are described as far as this goes.
        rows.extend(SYSTEM.map(|(number, name, type_oid, pg_type)| Attribute {
            relation: table.oid,
            number,
            name: name.to_owned(),
            pg_type,
            type_oid,
            modifier: modifier::NONE,
            required: true,
        }));
        let numbered = (1..=i16::MAX).zip(columns.iter());
        rows.extend(numbered.map(|(number, c)| Attribute::of(table.oid, number, c, is_required(table, c))));
    }
    for index in indexes::of_relations(env, pins)? {
        rows.extend((1..).zip(&index.columns).map(|(number, (_, c))| Attribute::of(index.oid, number, c, false)));
    }
    rows.retain(|a| pins.allow("attname", &a.name) && pins.allow_number("attnum", a.number));
    Ok(Rows::of(rows, |a, column| match column {
        "attrelid" => a.relation.into(),
        "attname" => (&a.name).into(),
        "atttypid" => a.type_oid.into(),
        "attstattarget" | "attcacheoff" => (-1).into(),
        "atttypmod" => a.modifier.into(),
        "attlen" if a.type_oid == 27 => 6.into(),
        "attlen" => a.pg_type.len.into(),
        "attnum" => a.number.into(),
        "attndims" => i32::from(a.pg_type.category == 'A' && !a.pg_type.is_vector()).into(),
        "attcollation" if a.relation < 16_384 => types::system_collation(a.pg_type.oid),
        "attbyval" | "attalign" | "attstorage" | "attcollation" => {
            types::attribute(if a.number < 0 { a.type_oid } else { a.pg_type.oid }, column)
        }
        "attnotnull" => a.required.into(),
        "attislocal" => true.into(),
        _ => Cell::Unset,
    }))
}
