//! PostGIS's `geometry_columns` and `spatial_ref_sys`, by which maps find the layers there are: every column of geometries that is known, and the
//! reference systems that columns are told to be in.

use std::sync::Arc;

use crate::catalog::{KnownColumn, TableEntry};
use crate::error::Result;
use crate::table::modifier;
use crate::table::pg_type;
use crate::table::virtual_table::{Cell, Pins, Rows, SystemEnv};

use super::{attributes, classes};

struct Layer {
    table: Arc<TableEntry>,
    column: KnownColumn,
}

pub(super) async fn geometry_columns(env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let tables = classes::tables_of_schemas(env, pins, pins.wanted("f_table_schema"), "f_table_name")?;
    // Of a table that is asked for by name the columns are found out.
    let find = pins.are_asked("f_table_name") && tables.len() == 1;
    let mut layers = Vec::new();
    for table in tables {
        let columns = attributes::columns_of(env, &table, find).await?;
        let geometries = columns.iter().filter(|c| c.pg_type == pg_type::GEOMETRY.name);
        layers.extend(geometries.map(|column| Layer { table: Arc::clone(&table), column: column.clone() }));
    }
    layers.retain(|layer| pins.allow("f_geometry_column", &layer.column.name));
    let database = env.database.clone();
    Ok(Rows::of(layers, move |layer, column| match column {
        "f_table_catalog" => (&database).into(),
        "f_table_schema" => (&layer.table.schema).into(),
        "f_table_name" => (&layer.table.name).into(),
        "f_geometry_column" => (&layer.column.name).into(),
        "coord_dimension" => 2.into(),
        "srid" => modifier::srid(layer.column.modifier).unwrap_or(0).into(),
        "type" => "GEOMETRY".into(),
        _ => Cell::Unset,
    }))
}

/// The systems: number, definition for PROJ, definition as well-known text.
const SYSTEMS: &str = include_str!("rows/spatial_ref_sys.txt");

pub(super) fn spatial_ref_sys(_env: &SystemEnv, pins: &Pins) -> Result<Rows> {
    let parse = |line: &'static str| {
        let mut words = line.split('\t');
        Some((words.next()?.parse::<i32>().ok()?, words.next()?, words.next()?))
    };
    let systems: Vec<(i32, &'static str, &'static str)> =
        SYSTEMS.lines().filter_map(parse).filter(|(srid, ..)| pins.allow("srid", &srid.to_string())).collect();
    Ok(Rows::of(systems, |(srid, proj, text), column| match column {
        "srid" | "auth_srid" => (*srid).into(),
        "auth_name" => "EPSG".into(),
        "srtext" => (*text).into(),
        "proj4text" => (*proj).into(),
        _ => Cell::Unset,
    }))
}
