//! `information_schema.columns`: every column with its type in SQL's words.

use crate::error::Result;
use crate::table::modifier;
use crate::table::pg_catalog::{columns_of, is_required};
use crate::table::pg_type::{self, PgType};
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv, relations};

struct Column {
    schema: String,
    table: String,
    name: String,
    position: i32,
    pg_type: &'static PgType,
    modifier: i32,
    nullable: bool,
}

impl Column {
    fn is_numeric(&self) -> bool {
        self.pg_type == &pg_type::NUMERIC
    }

    fn precision_and_scale(&self) -> Option<(i32, i32)> {
        modifier::precision_and_scale(self.modifier)
    }
}

pub(super) async fn columns(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let mut rows = Vec::new();
    for r in relations::all().filter(|r| pins.allow("table_schema", r.schema) && pins.allow("table_name", r.name)) {
        rows.extend((1..).zip(&r.columns).map(|(position, c)| Column {
            schema: r.schema.to_owned(),
            table: r.name.to_owned(),
            name: c.name.to_owned(),
            position,
            pg_type: c.pg_type,
            modifier: modifier::NONE,
            nullable: !c.required,
        }));
    }
    let tables = super::entries(env, pins, "table_schema", "table_name")?;
    let find = tables.len() == 1 && pins.are_asked("table_name");
    for table in &tables {
        let columns = columns_of(env, table, find).await?;
        rows.extend((1..).zip(columns.iter()).map(|(position, c)| Column {
            schema: table.schema.clone(),
            table: table.name.clone(),
            name: c.name.clone(),
            position,
            pg_type: PgType::by_name(&c.pg_type).unwrap_or(&pg_type::TEXT),
            modifier: c.modifier,
            nullable: !is_required(table, c),
        }));
    }
    rows.retain(|c| pins.allow("column_name", &c.name));
    let database = env.database.clone();
    Ok(Rows::of(rows, move |c, column| match column {
        "table_catalog" | "udt_catalog" => (&database).into(),
        "table_schema" => (&c.schema).into(),
        "table_name" => (&c.table).into(),
        "column_name" => (&c.name).into(),
        "ordinal_position" => c.position.into(),
        "dtd_identifier" => c.position.to_string().into(),
        "is_nullable" => (if c.nullable { "YES" } else { "NO" }).into(),
        "data_type" => (if c.pg_type.element == 0 { c.pg_type.sql_name } else { "ARRAY" }).into(),
        "character_octet_length" if [&pg_type::TEXT, &pg_type::VARCHAR, &pg_type::BPCHAR].contains(&c.pg_type) => {
            1_073_741_824.into()
        }
        "numeric_precision" if c.is_numeric() => c.precision_and_scale().map_or(Cell::Null, |(precision, _)| precision.into()),
        "numeric_scale" if c.is_numeric() => c.precision_and_scale().map_or(Cell::Null, |(_, scale)| scale.into()),
        "numeric_precision" => bits(c.pg_type).map_or(Cell::Null, Cell::from),
        "numeric_precision_radix" if c.is_numeric() => 10.into(),
        "numeric_precision_radix" => bits(c.pg_type).map_or(Cell::Null, |_| 2.into()),
        "numeric_scale" if [&pg_type::INT2, &pg_type::INT4, &pg_type::INT8].contains(&c.pg_type) => 0.into(),
        "datetime_precision" if c.pg_type == &pg_type::DATE => 0.into(),
        "datetime_precision" if matches!(c.pg_type.category, 'D' | 'T') => 6.into(),
        "udt_schema" => "pg_catalog".into(),
        "udt_name" => c.pg_type.name.into(),
        "is_self_referencing" | "is_identity" | "identity_cycle" | "is_updatable" => "NO".into(),
        "is_generated" => "NEVER".into(),
        _ => Cell::Unset,
    }))
}

/// The bits of a number type's values: its `numeric_precision` at radix 2.
fn bits(t: &PgType) -> Option<i32> {
    match t.name {
        "int2" => Some(16),
        "int4" => Some(32),
        "int8" => Some(64),
        "float4" => Some(24),
        "float8" => Some(53),
        _ => None,
    }
}
