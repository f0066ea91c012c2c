//! Partitions: what the folders of published files tell of their rows, as Hive writes it (`year=2024/month=07/part.csv`). Each key is a
//! column, typed as the cells of a text are by the values of all files. How the columns of files meet is known in `columns`.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, UInt64Array};
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Options;
use super::cells::{CellKind, Cells, Span};
use super::columns::{FileSeen, Union, of_folder};
use super::csv::Widths;
use super::drift::Drift;
use super::fetch::unescaped;
use super::records;
use crate::descriptor::partition::split;
use crate::descriptor::{Distribution, FieldsMatch};
use crate::error::{Error, Kind, Result};
use crate::name::quoted;

/// What Hive calls the folder of rows without a value.
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

/// Parts of the calendar, whose numbers folders pad to two digits: the zero is no part of a code.
const CALENDAR: &[&str] = &["month", "mon", "mm", "week", "day", "dd", "hour", "hh", "minute"];

/// What a folder tells of the rows below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    pub(super) key: String,
    /// `None` for rows without a value.
    pub(super) value: Option<String>,
}

/// What the folders tell that a file stands in, outermost first: those next to it whose names are `key=value`. `url` is where it was
/// published, `name` its name or the path in an archive.
pub(super) fn partitions(url: &str, name: &str) -> Vec<Partition> {
    let is_url = url.contains("://");
    let path = if is_url { url.split(['?', '#']).next().unwrap_or(url) } else { url };
    // A server's path is escaped once more than its folders are.
    let is_escaped = url.starts_with("http://") || url.starts_with("https://");
    let mut found: Vec<Partition> = Vec::new();
    let folders = split(path).1.into_iter().map(|folder| if is_escaped { unescaped(folder) } else { folder.to_owned() });
    for folder in folders.chain(split(name).1.into_iter().map(str::to_owned)) {
        let Some(partition) = partition(&folder) else { continue };
        // The inner folder of two with one key has the last word.
        found.retain(|known| known.key != partition.key);
        found.push(partition);
    }
    found
}

fn partition(folder: &str) -> Option<Partition> {
    let (key, value) = folder.split_once('=').filter(|(key, _)| !key.is_empty())?;
    let (key, value) = (unescaped(key), unescaped(value));
    let is_padded = value.len() == 2 && value.starts_with('0') && value.as_bytes()[1].is_ascii_digit();
    let value = if is_padded && CALENDAR.contains(&key.to_lowercase().as_str()) { value[1..].to_owned() } else { value };
    Some(Partition { key, value: Some(value).filter(|value| value != NO_VALUE) })
}

/// Reads one text with its partitions before its own columns, in each row.
pub(super) struct Reader<'a> {
    inner: records::Reader<'a>,
    partitions: &'a [Partition],
    /// What the file's columns were called when `names` were last made of them.
    own: Arc<Vec<String>>,
    names: Arc<Vec<String>>,
    originals: Vec<Option<String>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(inner: records::Reader<'a>, partitions: &'a [Partition]) -> Self {
        let own = Arc::clone(inner.names());
        let names = all_names(partitions, &own);
        let originals = std::iter::repeat_n(None, partitions.len()).chain(inner.originals().iter().cloned()).collect();
        Self { inner, partitions, own, names, originals }
    }

    /// See [`records::Reader::names`].
    pub(super) fn names(&self) -> &Arc<Vec<String>> {
        &self.names
    }

    /// See [`records::Reader::originals`].
    pub(super) fn originals(&self) -> &[Option<String>] {
        &self.originals
    }

    /// See [`records::Reader::into_widths`].
    pub(super) fn into_widths(self) -> Option<Widths> {
        self.inner.into_widths()
    }

    /// See [`records::Reader::next`].
    pub(super) fn next(&mut self) -> Result<Option<Cells>> {
        let Some(mut cells) = self.inner.next()? else { return Ok(None) };
        if self.partitions.is_empty() {
            return Ok(Some(cells));
        }
        if !Arc::ptr_eq(&cells.names, &self.own) {
            self.own = Arc::clone(&cells.names);
            self.names = all_names(self.partitions, &self.own);
        }
        cells.names = Arc::clone(&self.names);
        prepend(self.partitions, &mut cells);
        Ok(Some(cells))
    }
}

fn all_names(partitions: &[Partition], own: &Arc<Vec<String>>) -> Arc<Vec<String>> {
    if partitions.is_empty() {
        return Arc::clone(own);
    }
    Arc::new(partitions.iter().map(|p| of_folder(&p.key)).chain(own.iter().cloned()).collect())
}

/// Puts the partitions before the cells of each row. Each value's text is there once.
fn prepend(partitions: &[Partition], cells: &mut Cells) {
    let before: Vec<Span> = partitions.iter().map(|partition| span(partition, &mut cells.made)).collect();
    let rows = cells.rows();
    let mut spans = Vec::with_capacity(cells.spans.len() + rows * before.len());
    for row in 0..rows {
        spans.extend_from_slice(&before);
        spans.extend_from_slice(&cells.spans[row * cells.width..][..cells.width]);
    }
    cells.spans = spans;
    cells.width += before.len();
    for fault in &mut cells.faults {
        fault.column = fault.column.map(|column| column + before.len());
    }
}

fn span(partition: &Partition, made: &mut String) -> Span {
    let Some(value) = &partition.value else { return Span::ABSENT };
    let start = made.len();
    made.push_str(value);
    Span::new(start, value.len(), true, CellKind::Plain)
}

/// The columns that partitions make of files whose own columns have types.
#[derive(Debug)]
pub(super) struct Columns {
    /// Of a row for each file.
    pub(super) values: RecordBatch,
    pub(super) drift: Vec<Drift>,
    pub(super) warnings: Vec<String>,
}

impl Columns {
    /// The file's own columns, and the partitions behind them.
    pub(super) fn behind(&self, own: &Schema) -> SchemaRef {
        let fields: Vec<FieldRef> = own.fields().iter().chain(self.values.schema_ref().fields()).cloned().collect();
        Arc::new(Schema::new_with_metadata(fields, own.metadata().clone()))
    }
}

/// A column of `values`, which has a row for each file, as so many rows of one file have it.
pub(super) fn repeated(values: &RecordBatch, column: usize, file: usize, rows: usize) -> Result<ArrayRef> {
    let file = u64::try_from(file).map_err(|_| Error::new(Kind::Internal, "a file's number is beyond all files"))?;
    arrow::compute::take(values.column(column), &UInt64Array::from_value(file, rows), None).map_err(internal)
}

/// The columns that the partitions of `files` make, each a label and what its folders tell, beside the columns `own`, which stand where
/// both have one; `None` when there are none.
pub(super) fn columns(
    distribution: &Distribution,
    files: &[(&str, Vec<Partition>)],
    own: &Schema,
    options: &Options,
) -> Result<Option<Columns>> {
    let is_own = |key: &str| own.fields().iter().any(|f| f.name().eq_ignore_ascii_case(key));
    let files: Vec<(&str, Vec<&Partition>)> =
        files.iter().map(|(label, told)| (*label, told.iter().filter(|p| !is_own(&p.key)).collect())).collect();
    let keys: BTreeSet<&str> = files.iter().flat_map(|(_, told)| told).map(|p| p.key.as_str()).collect();
    if keys.is_empty() {
        return Ok(None);
    }
    if own.fields().len() + keys.len() > options.max_columns {
        let label = files.first().map_or("", |(label, _)| *label);
        return Err(super::columns::too_many_columns(label, options.max_columns));
    }
    let mut declared = Distribution { schema: distribution.schema.clone(), ..Distribution::default() };
    declared.schema.columns.retain(|column| keys.contains(column.name.trim_ascii()));
    declared.schema.fields_match = FieldsMatch::Partial;
    let (columns, faulty) = typed(&declared, &files, options)?;
    if faulty.is_empty() {
        return Ok(Some(columns));
    }
    // A whole file's rows would lack what its folder tells: the type is wrong then, not the rows.
    declared.schema.columns.retain(|column| !faulty.contains(column.name.trim_ascii()));
    let (mut columns, _) = typed(&declared, &files, options)?;
    let names: Vec<String> = faulty.iter().map(|name| quoted(name)).collect();
    let names = names.join(", ");
    columns.warnings.push(format!("folders have values that do not fit the declared type, which is let be: {names}"));
    Ok(Some(columns))
}

/// The columns by their declared types, or those of all values; and the names of those with values that do not fit.
fn typed(
    distribution: &Distribution,
    files: &[(&str, Vec<&Partition>)],
    options: &Options,
) -> Result<(Columns, BTreeSet<String>)> {
    let mut warnings = Vec::new();
    let labels: Vec<&str> = files.iter().map(|(label, _)| *label).collect();
    let (rows, seen): (Vec<Cells>, Vec<FileSeen>) = files.iter().map(|(_, told)| row(distribution, told)).unzip();
    let table = Union::new(distribution, &labels, &seen, options.max_columns, &mut warnings)?.decide(false, &mut warnings)?;
    let mut faulty = BTreeSet::new();
    let mut fields: Vec<Field> = Vec::with_capacity(table.plans.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(table.plans.len());
    for (index, plan) in table.plans.iter().enumerate() {
        let mut rejects = Vec::new();
        let values = rows.iter().zip(&table.places).map(|(row, places)| plan.convert(row, places[index], &mut rejects));
        let values: Vec<ArrayRef> = values.collect();
        let values: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        arrays.push(arrow::compute::concat(&values).map_err(internal)?);
        if !rejects.is_empty() {
            faulty.insert(plan.field.name().clone());
        }
        fields.push(plan.field.clone());
    }
    let values = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(internal)?;
    Ok((Columns { values, drift: table.drift, warnings }, faulty))
}

/// A file's partitions as a row of cells, and what is seen of them.
fn row(distribution: &Distribution, told: &[&Partition]) -> (Cells, FileSeen) {
    let mut cells = Cells { width: told.len(), lines: vec![1], ..Cells::default() };
    cells.spans = told.iter().map(|partition| span(partition, &mut cells.made)).collect();
    let names: Vec<String> = told.iter().map(|p| p.key.clone()).collect();
    let mut seen = FileSeen::default();
    seen.meet(distribution, &names, &[]);
    seen.absorb(&cells, false);
    (cells, seen)
}

fn internal(e: ArrowError) -> Error {
    Error::new(Kind::Internal, "the values of folders make no columns").caused_by(e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_tell_pairs() {
        for (url, name, want) in [
            ("/d/t/year=2024/month=07/a.csv", "a.csv", "year=2024 month=7"),
            ("/d/t/Month=10/zip=01234/a.csv", "a.csv", "Month=10 zip=01234"),
            ("/d/year=2024/t/a.csv", "a.csv", ""),
            ("/d/year=2024/a=b.csv", "a=b.csv", "year=2024"),
            ("/d/=x/a.csv", "a.csv", ""),
            ("/d/k=/v=a=b/a.csv", "a.csv", "k= v=a=b"),
            ("/d/at=12%3A00/k=__HIVE_DEFAULT_PARTITION__/a.csv", "a.csv", "at=12:00 k"),
            ("/d/k=100%/a.csv", "a.csv", "k=100%"),
            ("s3://b/t/at=12%3A00/a.csv", "a.csv", "at=12:00"),
            ("https://x.org/t/at=12%253A00/a.csv?k=1/b=2/c", "a.csv", "at=12:00"),
            ("https://x.org/t/s%C3%A9rie=%E6%B0%97/a.csv", "a.csv", "série=気"),
            ("/d/k=1/a.zip", "a.zip/j=2/b.csv", "k=1 j=2"),
            ("/d/k=1/k=2/a.csv", "a.csv", "k=2"),
        ] {
            let shown = |p: Partition| p.value.map_or_else(|| p.key.clone(), |value| format!("{}={value}", p.key));
            let found: Vec<String> = partitions(url, name).into_iter().map(shown).collect();
            assert_eq!(found.join(" "), want, "{url} {name}");
        }
    }

    #[test]
    fn partitions_stand_before_each_row() {
        let told = partitions("/d/a=1/b=__HIVE_DEFAULT_PARTITION__/x.csv", "x.csv");
        let mut cells = Cells { width: 1, lines: vec![2, 3], made: "é".to_owned(), ..Cells::default() };
        cells.text = "xy".to_owned();
        cells.spans = vec![Span::new(0, 1, false, CellKind::Plain), Span::new(1, 1, false, CellKind::Plain)];
        let fault = super::super::cells::Fault {
            line: 3,
            column: Some(0),
            raw: String::new(),
            expected: String::new(),
            reason: String::new(),
        };
        cells.faults = vec![fault];
        prepend(&told, &mut cells);
        let column = |index| cells.column(index).map(|cell| cell.text.to_owned()).collect::<Vec<_>>().join("|");
        assert_eq!([column(0), column(1), column(2)], ["1|1", "|", "x|y"]);
        assert_eq!((cells.width, cells.faults[0].column), (3, Some(2)));
    }

    #[test]
    fn columns_are_typed_over_all_files() {
        let files = ["/d/y=2024/at=2024-01-31/a", "/d/y=__HIVE_DEFAULT_PARTITION__/at=2024-02-01/kind=x/b", "/d/own=1/c"];
        let files: Vec<(&str, Vec<Partition>)> = files.iter().map(|url| (*url, partitions(url, ""))).collect();
        let own = Schema::new(vec![Field::new("Own", arrow::datatypes::DataType::Utf8, true)]);
        let options = Options::new(std::path::PathBuf::new());
        let columns = columns(&Distribution::default(), &files, &own, &options).expect("are typed").expect("are there");
        let schema = columns.behind(&own);
        let shown: Vec<String> = schema.fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
        assert_eq!(shown, ["Own Utf8", "y Int64", "at Date32", "kind Utf8View"]);
        let nulls: Vec<usize> = columns.values.columns().iter().map(|c| c.null_count()).collect();
        assert_eq!((columns.values.num_rows(), nulls), (3, vec![2, 1, 2]));
        let drift: Vec<String> = columns.drift.iter().map(|d| format!("{} {} {}", d.file, d.column, d.kind.name())).collect();
        assert_eq!(drift.len(), 4, "{drift:?}");
        assert!(super::columns(&Distribution::default(), &[("a", Vec::new())], &own, &options).expect("are none").is_none());
    }
}
