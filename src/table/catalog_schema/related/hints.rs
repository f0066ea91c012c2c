//! Hints: columns that are called the same and declared of one type, or of one code list, where values of one of them were never measured.

use std::sync::Arc;

use super::{Related, statement};
use crate::catalog::{SketchedTable, TableEntry, name_key, names_code};
use crate::descriptor::{Column, ColumnKind};
use crate::error::Result;
use crate::table::virtual_table::SystemEnv;

/// Datasets with a column of a name that are looked at; a name that more have tells nothing.
const DATASETS: usize = 50;

/// The tables that may be joined by what is declared of their columns.
pub(super) fn of(env: &SystemEnv, table: &Arc<TableEntry>, ours: Option<&SketchedTable>) -> Result<Vec<Related>> {
    let mut found = Vec::new();
    for column in &table.distribution().schema.columns {
        let Some(key) = name_key(&column.name) else { continue };
        if !is_key(table, column) && column.code_list().is_none() {
            continue;
        }
        let datasets = env.catalogs.with_column(&env.database, &column.name, DATASETS + 1)?;
        if datasets.len() > DATASETS {
            continue;
        }
        for dataset in datasets {
            for other in dataset.entries(&env.catalogs, &env.database)? {
                let is_same = |c: &&Column| name_key(&c.name).as_ref() == Some(&key);
                let Some(theirs) = other.distribution().schema.columns.iter().find(is_same) else { continue };
                if other.oid == table.oid {
                    continue;
                }
                let by_list = column.code_list().is_some() && column.code_list() == theirs.code_list();
                let by_name = is_telling(column.kind) && column.kind == theirs.kind && is_key(&other, theirs);
                if !by_list && !by_name {
                    continue;
                }
                let sketched = env.catalogs.sketches(&env.database, &other.schema, &other.name)?;
                // Where values of both were measured, they tell.
                if ours.is_some() && sketched.is_some() {
                    continue;
                }
                let (columns, related_columns) = (vec![column.name.clone()], vec![theirs.name.clone()]);
                let join_sql = statement::join((table, ours, &columns), (&other, sketched.as_ref(), &related_columns));
                let (matched_by, score) = if by_list { ("code list", 0.5) } else { ("name and type", 0.1) };
                let (measured, cardinality) = (None, None);
                found.push(Related {
                    table: other,
                    columns,
                    related_columns,
                    matched_by,
                    measured,
                    cardinality,
                    score,
                    join_sql,
                });
            }
        }
    }
    Ok(found)
}

/// Whether a column is declared to be a key or a part of one, or is called as codes are.
fn is_key(table: &TableEntry, column: &Column) -> bool {
    let schema = &table.distribution().schema;
    schema.primary_key.contains(&column.name)
        || schema.foreign_keys.iter().any(|key| key.fields.contains(&column.name))
        || names_code(&column.name)
}

/// Whether values of the type may be keys.
fn is_telling(kind: ColumnKind) -> bool {
    match kind {
        ColumnKind::String | ColumnKind::Integer | ColumnKind::Date | ColumnKind::Datetime => true,
        ColumnKind::Any
        | ColumnKind::Number
        | ColumnKind::Boolean
        | ColumnKind::Time
        | ColumnKind::Year
        | ColumnKind::YearMonth
        | ColumnKind::Duration
        | ColumnKind::Object
        | ColumnKind::Array
        | ColumnKind::List
        | ColumnKind::GeoPoint
        | ColumnKind::GeoJson => false,
    }
}
