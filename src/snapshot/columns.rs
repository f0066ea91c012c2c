//! Columns: those of many files become those of one table, by name in first-seen order, and meet those that the descriptor
//! declares (Data Package's `fieldsMatch`).

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use indexmap::IndexMap;

use super::cells::Cells;
use super::types::{ColumnPlan, Missing, Seen};
use crate::descriptor::{Column, Distribution, FieldsMatch};
use crate::error::{Error, Kind, Result};
use crate::name::quoted;

/// The column that tells of which file a row is, in tables made of several.
const SOURCE_FILE: &str = "_source_file";

/// A name that no publisher can have given: what a format adds beside the published names, placed last.
pub(super) const ADDED: char = '\0';

/// The columns seen so far.
pub(super) struct Union<'a> {
    distribution: &'a Distribution,
    columns: IndexMap<String, Met>,
    /// For each file, the table's column of each of the file's.
    maps: Vec<Vec<usize>>,
    /// The table is made of several published files, empty ones included.
    several: bool,
    max_columns: usize,
    /// Coordinate reference systems that files tell of their geometries.
    crs: Option<String>,
}

struct Met {
    original: Option<String>,
    logical: Option<&'static str>,
    seen: Seen,
}

/// The columns of the table, and where each file has them.
pub(super) struct Table {
    pub(super) plans: Vec<ColumnPlan>,
    /// For each file, the file's column of each of the table's.
    pub(super) places: Vec<Vec<Option<usize>>>,
    /// With [`SOURCE_FILE`] behind the planned columns when there are several files.
    pub(super) schema: SchemaRef,
    pub(super) has_source_file: bool,
}

/// The error for a file with more columns than a table may have.
pub(super) fn too_many_columns(url: &str, max: usize) -> Error {
    let message = format!("{url} has too many columns: more than {max} are not read");
    Error::new(Kind::SourceInvalid, message).with_hint("Raise the limit on columns, or publish a row for each value.")
}

impl<'a> Union<'a> {
    pub(super) fn new(distribution: &'a Distribution, files: usize, several: bool, max_columns: usize) -> Self {
        Self { distribution, columns: IndexMap::new(), maps: vec![Vec::new(); files], several, max_columns, crs: None }
    }

    /// Makes the first columns of a file known, with their published names where they differ.
    pub(super) fn meet(&mut self, file: usize, url: &str, names: &[String], originals: &[Option<String>]) -> Result<()> {
        for (i, name) in names.iter().enumerate().skip(self.maps[file].len()) {
            let index = match self.columns.get_index_of(name) {
                Some(index) => index,
                None => {
                    let declared = self.declared(name);
                    let schema = &self.distribution.schema;
                    let missing = Missing::declared(
                        declared,
                        schema.missing_values.as_deref(),
                        self.distribution.dialect.null_sequence.as_deref(),
                    );
                    let column = Met {
                        original: originals.get(i).cloned().flatten(),
                        logical: (name.strip_prefix(ADDED) == Some("geometry")).then_some("wkt"),
                        seen: Seen::new(declared, missing),
                    };
                    self.columns.insert_full(name.clone(), column).0
                }
            };
            self.maps[file].push(index);
        }
        if self.columns.len() > self.max_columns { Err(too_many_columns(url, self.max_columns)) } else { Ok(()) }
    }

    /// Takes in what a file tells of its geometries' coordinates; files that differ tell nothing of the table's.
    pub(super) fn meet_crs(&mut self, file: usize, crs: Option<&str>) {
        if file == 0 {
            self.crs = crs.map(str::to_owned);
        } else if self.crs.as_deref() != crs {
            self.crs = None;
        }
    }

    /// Takes a batch's cells in.
    pub(super) fn absorb(&mut self, cells: &Cells, typed: bool) {
        for (i, column) in self.maps[cells.file].iter().enumerate() {
            let (_, column) = self.columns.get_index_mut(*column).expect("maps hold places of columns");
            column.seen.absorb(cells.column(i), typed);
        }
    }

    fn declared(&self, name: &str) -> Option<&'a Column> {
        let name = name.trim_start_matches(ADDED);
        let declared = &self.distribution.schema.columns;
        declared.iter().find(|c| c.name == name).or_else(|| declared.iter().find(|c| c.name.trim_ascii() == name))
    }

    /// Decides every column's type. Columns that are declared and in no file are an error or NULL, as `fieldsMatch` says; columns
    /// that are in a file and not declared stay.
    pub(super) fn decide(self, urls: &[&str], warnings: &mut Vec<String>) -> Result<Table> {
        let absent = self.absent(urls, warnings)?;
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_by_key(|i| self.name(*i).starts_with(ADDED));
        let mut plans = Vec::with_capacity(order.len());
        let names: Vec<String> = order.iter().map(|i| self.name(*i).trim_start_matches(ADDED).to_owned()).collect();
        let (names, _) = super::names::unique(&names);
        for (index, name) in order.iter().zip(&names) {
            let (key, column) = self.columns.get_index(*index).expect("the order is of the columns");
            let plan = ColumnPlan::decide(name, column.original.as_deref(), self.declared(key), &column.seen, warnings)?;
            plans.push(match column.logical {
                Some(logical) => plan.with_logical(logical).with_crs(self.crs.as_deref()),
                None => plan,
            });
        }
        let mut places: Vec<Vec<Option<usize>>> = Vec::with_capacity(self.maps.len());
        for map in &self.maps {
            places.push(order.iter().map(|index| map.iter().position(|m| m == index)).collect());
        }
        for column in absent {
            plans.push(ColumnPlan::decide(
                &column.name,
                None,
                Some(column),
                &Seen::new(Some(column), Missing::default()),
                warnings,
            )?);
            places.iter_mut().for_each(|p| p.push(None));
        }
        let has_source_file = self.several;
        let mut fields: Vec<Field> = plans.iter().map(|p| p.field.clone()).collect();
        if has_source_file {
            let free = |name: &str| fields.iter().all(|f| f.name() != name);
            let name =
                (1..).map(|n| if n == 1 { SOURCE_FILE.to_owned() } else { format!("{SOURCE_FILE}_{n}") }).find(|n| free(n));
            fields.push(Field::new(name.unwrap_or_default(), DataType::Utf8View, false));
        }
        Ok(Table { plans, places, schema: Arc::new(Schema::new(fields)), has_source_file })
    }

    fn name(&self, index: usize) -> &str {
        self.columns.get_index(index).map_or("", |(name, _)| name)
    }

    /// The declared columns that no file has, when that is allowed.
    fn absent(&self, urls: &[&str], warnings: &mut Vec<String>) -> Result<Vec<&'a Column>> {
        let schema = &self.distribution.schema;
        let own: Vec<&str> = self.columns.keys().map(|n| n.trim_start_matches(ADDED)).collect();
        let has = |c: &Column| own.iter().any(|n| *n == c.name || *n == c.name.trim_ascii());
        let absent: Vec<&Column> = schema.columns.iter().filter(|c| !has(c)).collect();
        if own.is_empty() && schema.columns.is_empty() {
            let place = urls.first().copied().unwrap_or_default();
            return Err(Error::new(Kind::SourceInvalid, format!("{place} holds no records, so its columns are not known"))
                .with_hint("Declare the columns in the descriptor's schema."));
        }
        let must_have_all = !own.is_empty()
            && match schema.fields_match {
                FieldsMatch::Exact | FieldsMatch::Equal | FieldsMatch::Subset => true,
                FieldsMatch::Superset => false,
                FieldsMatch::Partial => !schema.columns.is_empty() && absent.len() == schema.columns.len(),
            };
        if let (true, Some(first)) = (must_have_all, absent.first()) {
            let nearest = crate::name::nearest(&first.name, own.iter().copied());
            let own: Vec<String> = own.iter().take(50).map(|n| quoted(n)).collect();
            let place = urls.first().copied().unwrap_or_default();
            let others = if urls.len() > 1 { format!(" nor in the {} files beside it", urls.len() - 1) } else { String::new() };
            let hint = match nearest {
                Some(near) => format!("Perhaps {} is meant.", quoted(near)),
                None => "Correct the descriptor's schema, or set its fieldsMatch to \"partial\".".to_owned(),
            };
            let message = format!("the declared column {} is not in {place}{others}", quoted(&first.name));
            return Err(Error::new(Kind::Descriptor, message)
                .with_detail(format!("The file has the columns {}.", own.join(", ")))
                .with_hint(hint));
        }
        let all_declared = match schema.fields_match {
            FieldsMatch::Exact | FieldsMatch::Equal | FieldsMatch::Superset => !schema.columns.is_empty(),
            FieldsMatch::Subset | FieldsMatch::Partial => false,
        };
        if all_declared {
            let extra: Vec<String> =
                self.columns.keys().filter(|n| self.declared(n).is_none()).map(|n| quoted(n.trim_start_matches(ADDED))).collect();
            if !extra.is_empty() {
                warnings.push(format!("not declared, and kept with the type of their values: {}", extra.join(", ")));
            }
        }
        if schema.fields_match == FieldsMatch::Exact && absent.is_empty() {
            let places = schema.columns.iter().filter_map(|c| self.columns.get_index_of(&c.name));
            if !places.is_sorted() {
                warnings.push("the columns are declared in another order than the file's; they are matched by name".to_owned());
            }
        }
        Ok(absent)
    }
}
