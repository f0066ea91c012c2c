//! Columns: what was seen of each file becomes one table, by name in first-seen order, and meets what the descriptor declares (Data
//! Package's `fieldsMatch`). Which names are one column's is said by `rename`, how files differ by `drift`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::cells::Cells;
use super::drift::{self, Drift};
use super::field_key::{EXPLAINS, HIDDEN};
use super::rename::{self, Renames};
use super::types::{ColumnPlan, Missing, Seen};
use crate::descriptor::{Column, Distribution, FieldsMatch};
use crate::error::{Error, Kind, Result};
use crate::name::quoted;

/// The hidden column that tells of which file a row is.
pub(super) const SOURCE_FILE: &str = "_source_file";

/// The hidden column that tells on which line of its file a row starts.
pub(super) const SOURCE_ROW: &str = "_source_row";

/// Warnings of columns that are told, at most.
const TOLD: usize = 100;

/// A name that no publisher can have given: what a format adds beside the published names, placed last.
pub(super) const ADDED: char = '\0';

/// The same, for what folders tell ([`super::partitions`]): such a column stands last of all, and nowhere where the file has one of its name.
const OF_FOLDER: &str = "\0\0";

/// What the column of a folder's key is called until it is placed.
pub(super) fn of_folder(key: &str) -> String {
    format!("{OF_FOLDER}{key}")
}

/// What was seen of one file, or of a part of one. Parts that were read apart are merged; it can be stored, and what was read back takes
/// part in everything but seeing more cells.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct FileSeen {
    names: Vec<String>,
    /// The published names, of those that are called otherwise.
    originals: Vec<Option<String>>,
    columns: Vec<Seen>,
    /// Records, those rejected whole among them.
    pub(super) records: u64,
    /// The coordinate reference system that the file tells of its geometries.
    crs: Option<String>,
}

impl FileSeen {
    /// Makes the file's first columns known, with their published names where they differ.
    pub(super) fn meet(&mut self, distribution: &Distribution, names: &[String], originals: &[Option<String>]) {
        if names.len() <= self.names.len() {
            return;
        }
        let absent = rename::absent(distribution, names);
        for (i, name) in names.iter().enumerate().skip(self.names.len()) {
            let declared = rename::declared(distribution, name, &absent);
            self.names.push(name.clone());
            self.originals.push(originals.get(i).cloned().flatten());
            self.columns.push(Seen::new(declared, missing(distribution, declared)));
        }
    }

    /// Takes in what the file tells of its geometries' coordinates.
    pub(super) fn meet_crs(&mut self, crs: Option<&str>) {
        self.crs = crs.map(str::to_owned);
    }

    /// Takes a batch's cells in, whose columns were met.
    pub(super) fn absorb(&mut self, cells: &Cells, typed: bool) {
        self.absorb_beyond(0, cells, typed);
    }

    /// Takes in a batch's cells, but of the first `known` columns only how many there are: what is seen of those elsewhere is to be
    /// [`Self::put`] here.
    pub(super) fn absorb_beyond(&mut self, known: usize, cells: &Cells, typed: bool) {
        for (i, seen) in self.columns.iter_mut().enumerate().skip(known) {
            seen.absorb(cells.column(i), typed);
            if cells.commas_free {
                seen.commas_are_free();
            }
        }
        self.records += cells.rows() as u64 + cells.rejected();
    }

    /// Sets what was seen of a column that was met.
    pub(super) fn put(&mut self, place: usize, seen: Seen) {
        self.columns[place] = seen;
    }

    /// The file's columns that were met.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// How many of the file's columns are of its folders. They come before its own.
    pub(super) fn of_folders(&self) -> usize {
        self.names.iter().take_while(|name| name.starts_with(OF_FOLDER)).count()
    }

    /// What was seen of the file's column, which was met.
    pub(super) fn column(&self, place: usize) -> &Seen {
        &self.columns[place]
    }
}

fn missing(distribution: &Distribution, declared: Option<&Column>) -> Missing {
    let schema = distribution.schema.missing_values.as_deref();
    Missing::declared(declared, schema, distribution.dialect.null_sequence.as_deref())
}

/// The columns of the table, and where each file has them.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) plans: Vec<ColumnPlan>,
    /// For each file, the file's column of each of the table's.
    pub(super) places: Vec<Vec<Option<usize>>>,
    /// The planned columns and behind them the hidden ones: [`SOURCE_FILE`], [`SOURCE_ROW`], and the reasons of the NULLs of those
    /// that are explained.
    pub(super) schema: SchemaRef,
    /// The planned columns whose NULLs have reasons.
    pub(super) explained: Vec<usize>,
    /// How the files differ.
    pub(super) drift: Vec<Drift>,
}

impl Table {
    /// Whether rows that were made for `other` are those that would be made for this one.
    pub(super) fn makes_the_same(&self, other: &Self) -> bool {
        self.places == other.places && self.writes_the_same(other)
    }

    /// Whether the columns are the same, wherever the files have them.
    pub(super) fn writes_the_same(&self, other: &Self) -> bool {
        self.plans == other.plans && self.explained == other.explained && self.schema == other.schema
    }
}

/// The error for a file with more columns than a table may have.
pub(super) fn too_many_columns(url: &str, max: usize) -> Error {
    let message = format!("{url} has too many columns: more than {max} are not read");
    Error::new(Kind::SourceInvalid, message).with_hint("Raise the limit on columns, or publish a row for each value.")
}

/// A column of the table as the files have it.
struct Met {
    original: Option<String>,
    /// The file's column, in each file.
    places: Vec<Option<usize>>,
}

/// The files of one table.
pub(super) struct Union<'a> {
    distribution: &'a Distribution,
    urls: &'a [&'a str],
    files: &'a [FileSeen],
    columns: IndexMap<String, Met>,
}

impl<'a> Union<'a> {
    /// The columns of all `files`, which are at `urls`. [`Kind::SourceInvalid`] when they are more than `max_columns` together.
    pub(super) fn new(
        distribution: &'a Distribution,
        urls: &'a [&'a str],
        files: &'a [FileSeen],
        max_columns: usize,
        warnings: &mut Vec<String>,
    ) -> Result<Self> {
        let renames = Renames::of(distribution, files, warnings)?;
        let mut columns: IndexMap<String, Met> = IndexMap::new();
        for (index, (file, url)) in files.iter().zip(urls).enumerate() {
            for (place, (name, original)) in file.names.iter().zip(&file.originals).enumerate().skip(file.of_folders()) {
                let new = || Met { original: original.clone(), places: vec![None; files.len()] };
                let met = columns.entry(renames.table_name(name).to_owned()).or_insert_with(new);
                met.places[index] = Some(place);
            }
            if columns.len() > max_columns {
                return Err(too_many_columns(url, max_columns));
            }
        }
        place_folders(files, &mut columns);
        if let Some(url) = urls.last().filter(|_| columns.len() > max_columns) {
            return Err(too_many_columns(url, max_columns));
        }
        Ok(Self { distribution, urls, files, columns })
    }

    fn declared(&self, name: &str) -> Option<&'a Column> {
        rename::declared(self.distribution, name, &[])
    }

    /// The coordinate reference system that all files agree on.
    fn crs(&self) -> Option<&'a str> {
        let (first, rest) = self.files.split_first()?;
        first.crs.as_deref().filter(|crs| rest.iter().all(|file| file.crs.as_deref() == Some(crs)))
    }

    /// Decides every column's type. Columns that are declared and in no file are an error or NULL, as `fieldsMatch` says; columns
    /// that are in a file and not declared stay. `undecodable`: some file holds bytes that its encoding does not have.
    pub(super) fn decide(self, undecodable: bool, warnings: &mut Vec<String>) -> Result<Table> {
        let absent = self.absent(warnings)?;
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_by_key(|i| self.name(*i).starts_with(ADDED));
        let names: Vec<String> = order.iter().map(|i| self.name(*i).trim_start_matches(ADDED).to_owned()).collect();
        let (mut names, _) = super::names::unique(&names);
        let mut of_columns = Vec::new();
        let mut faulty = Vec::with_capacity(order.len());
        let (mut plans, mut columns) = (Vec::with_capacity(order.len()), Vec::with_capacity(order.len()));
        for (index, name) in order.iter().zip(&names) {
            let (key, met) = self.columns.get_index(*index).expect("the order is of the columns");
            let seen: Vec<Option<&Seen>> =
                met.places.iter().zip(self.files).map(|(place, file)| place.map(|p| file.column(p))).collect();
            let mut of_files = seen.iter().flatten().copied();
            let mut whole = of_files.next().expect("a column was met in a file").clone();
            of_files.for_each(|seen| whole.merge(seen));
            faulty.push(whole.faulty);
            let declared = self.declared(key);
            let missing = missing(self.distribution, declared);
            let plan = ColumnPlan::decide(name, met.original.as_deref(), declared, missing, &whole, &seen, &mut of_columns)?;
            let is_geometry = key.strip_prefix(ADDED) == Some("geometry");
            plans.push(if is_geometry { plan.with_logical("wkt").with_crs(self.crs()) } else { plan });
            columns.push(met.places.as_slice());
        }
        let more = of_columns.len().saturating_sub(TOLD);
        warnings.extend(of_columns.into_iter().take(TOLD));
        if more > 0 {
            warnings.push(format!("there is as much to tell of {more} columns more: see the first {TOLD}"));
        }
        let drift = drift::between(self.urls, self.files, &names, &columns);
        warnings.extend(drift::summary(&drift));
        let mut places: Vec<Vec<Option<usize>>> =
            (0..self.files.len()).map(|file| columns.iter().map(|places| places[file]).collect()).collect();
        for column in absent {
            let missing = missing(self.distribution, Some(column));
            let seen = Seen::new(Some(column), Missing::default());
            plans.push(ColumnPlan::decide(&column.name, None, Some(column), missing, &seen, &[], warnings)?);
            places.iter_mut().for_each(|p| p.push(None));
            names.push(column.name.clone());
        }
        let lacking = |column: usize| places.iter().any(|file| file[column].is_none());
        let has_faults = |column: usize| faulty.get(column).is_some_and(|faulty| *faulty);
        let has_reasons = |c: &usize| undecodable || plans[*c].has_reasons() || has_faults(*c) || lacking(*c);
        let explained: Vec<usize> = (0..plans.len()).filter(has_reasons).collect();
        let schema = schema(&plans, &explained);
        Ok(Table { plans, places, schema, explained, drift })
    }

    fn name(&self, index: usize) -> &str {
        self.columns.get_index(index).map_or("", |(name, _)| name)
    }

    /// The declared columns that no file has, when that is allowed.
    fn absent(&self, warnings: &mut Vec<String>) -> Result<Vec<&'a Column>> {
        let schema = &self.distribution.schema;
        let own: Vec<&str> = self.columns.keys().map(|n| n.trim_start_matches(ADDED)).collect();
        let has = |c: &Column| own.iter().any(|n| *n == c.name || *n == c.name.trim_ascii());
        let absent: Vec<&Column> = schema.columns.iter().filter(|c| !has(c)).collect();
        let published = self.columns.keys().filter(|n| !n.starts_with(OF_FOLDER)).count();
        if published == 0 && schema.columns.is_empty() {
            let place = self.urls.first().copied().unwrap_or_default();
            return Err(Error::new(Kind::SourceInvalid, format!("{place} holds no records, so its columns are not known"))
                .with_hint("Declare the columns in the descriptor's schema."));
        }
        let must_have_all = published > 0
            && match schema.fields_match {
                FieldsMatch::Exact | FieldsMatch::Equal | FieldsMatch::Subset => true,
                FieldsMatch::Superset => false,
                FieldsMatch::Partial => !schema.columns.is_empty() && absent.len() == schema.columns.len(),
            };
        // A blank name stands for its place (`descriptor::datapackage`), where a reader may have seen but the delimiter that ends rows.
        let place_of = |c: &Column| schema.columns.iter().position(|own| std::ptr::eq(own, c)).map_or(0, |i| i + 1);
        let behind_the_last =
            |c: &Column| c.name.strip_prefix("column_").is_some_and(|n| n.parse() == Ok(place_of(c)) && place_of(c) > published);
        if let (true, Some(first)) = (must_have_all, absent.iter().find(|c| !behind_the_last(c))) {
            let nearest = crate::name::nearest(&first.name, own.iter().copied());
            let own: Vec<String> = own.iter().take(50).map(|n| quoted(n)).collect();
            let place = self.urls.first().copied().unwrap_or_default();
            let others =
                if self.urls.len() > 1 { format!(" nor in the {} files beside it", self.urls.len() - 1) } else { String::new() };
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
            let extra = self.columns.keys().filter(|n| !n.starts_with(OF_FOLDER) && self.declared(n).is_none());
            let extra: Vec<String> = extra.map(|n| quoted(n.trim_start_matches(ADDED))).collect();
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

/// Gives each file what its folders tell: behind the files' own columns, or in the one of that name where the file itself has it not.
fn place_folders(files: &[FileSeen], columns: &mut IndexMap<String, Met>) {
    let own: Vec<String> = columns.keys().cloned().collect();
    for (index, file) in files.iter().enumerate() {
        for (place, name) in file.names.iter().enumerate().take(file.of_folders()) {
            let key = name.trim_start_matches(ADDED);
            let same = own.iter().find(|own| *own == key).or_else(|| own.iter().find(|own| own.eq_ignore_ascii_case(key)));
            let new = || Met { original: None, places: vec![None; files.len()] };
            let met = columns.entry(same.unwrap_or(name).clone()).or_insert_with(new);
            met.places[index].get_or_insert(place);
        }
    }
}

/// The planned columns, and the hidden ones behind them under names that are free.
fn schema(plans: &[ColumnPlan], explained: &[usize]) -> SchemaRef {
    let mut fields: Vec<Field> = plans.iter().map(|p| p.field.clone()).collect();
    let mut taken: std::collections::HashSet<String> = fields.iter().map(|f| f.name().clone()).collect();
    let mut hide = |name: String, data_type: DataType, metadata: &[(&str, &str)]| {
        let mut name = name;
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        let metadata: HashMap<String, String> =
            metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Field::new(name, data_type, metadata.contains_key(EXPLAINS)).with_metadata(metadata)
    };
    let mut hidden = vec![
        hide(SOURCE_FILE.to_owned(), DataType::Utf8View, &[(HIDDEN, SOURCE_FILE)]),
        hide(SOURCE_ROW.to_owned(), DataType::Int64, &[(HIDDEN, SOURCE_ROW)]),
    ];
    for column in explained {
        let name = plans[*column].field.name();
        hidden.push(hide(format!("_missing_reason({name})"), DataType::Utf8View, &[(HIDDEN, "reason"), (EXPLAINS, name)]));
    }
    fields.extend(hidden);
    Arc::new(Schema::new(fields))
}

#[cfg(test)]
mod tests {
    use super::super::cells::{CellKind, Span};
    use super::*;

    /// One row of a file.
    fn part(names: &[&str], row: &[&str]) -> FileSeen {
        let mut cells = Cells { width: row.len(), lines: vec![1], ..Cells::default() };
        for text in row {
            cells.spans.push(Span::new(cells.text.len(), text.len(), false, CellKind::Plain));
            cells.text.push_str(text);
        }
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let mut seen = FileSeen::default();
        seen.meet(&Distribution::default(), &names, &[]);
        seen.absorb(&cells, false);
        seen
    }

    #[test]
    fn what_was_stored_makes_the_same_table() {
        let (first, later) = (part(&["a", "b"], &["1", "x"]), part(&["b", "a", "c"], &["y", "2.5", "true"]));
        let stored = serde_json::to_vec(&later).expect("is stored");
        let later = serde_json::from_slice::<FileSeen>(&stored).expect("is read back");
        let (files, urls) = ([first, later], ["f.csv", "g.csv"]);
        let mut warnings = Vec::new();
        assert_eq!(files[1].records, 1);
        let distribution = Distribution::default();
        let table = Union::new(&distribution, &urls, &files, 3, &mut warnings).and_then(|u| u.decide(false, &mut warnings));
        let fields = table.expect("has columns").schema;
        let shown: Vec<String> = fields.fields().iter().take(5).map(|f| format!("{} {}", f.name(), f.data_type())).collect();
        assert_eq!(shown, ["a Float64", "b Utf8View", "c Boolean", "_source_file Utf8View", "_source_row Int64"]);
        assert!(Union::new(&distribution, &urls, &files, 2, &mut warnings).is_err());
    }
}
