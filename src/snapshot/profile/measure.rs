//! Measuring: passes over a snapshot's columns that fill a profile. Memory is bounded by the columns of one pass and by the sketches of
//! each; what would need more is left unknown.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::files::{Files, is_measured};
use super::sketch::{Distinct, Frequent, Sample, hash, wide_hash};
use super::values::Values;
use super::{ColumnProfile, TopValue};
use crate::error::{Error, Kind, Result};
use crate::snapshot::field_key;
use crate::snapshot::stop::Stop;

/// Columns of one pass.
const COLUMNS: usize = 32;

/// Keys that are held at a time, of 16 bytes each.
const KEYS: u64 = 2 << 20;

/// Passes over a key's columns at most; a key of more rows is not looked at.
const PASSES: u64 = 32;

/// Top values that are kept.
const TOP: usize = 10;

/// The longest text of a value that is kept, in bytes.
const LONGEST: usize = 200;

/// The parts of the values for which a quantile is kept.
pub(super) const PARTS: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Measures every column that is not hidden of `rows` rows; `violations` of each are known from the rejects.
pub(super) fn columns(files: &Files, rows: u64, violations: &HashMap<String, u64>, stop: &Stop) -> Result<Vec<ColumnProfile>> {
    let shown = files.schema.fields().iter().filter(|f| !f.metadata().contains_key(field_key::HIDDEN));
    let shown: Vec<FieldRef> = shown.map(Arc::clone).collect();
    let mut profiles = Vec::with_capacity(shown.len());
    for fields in shown.chunks(COLUMNS) {
        let mut gauges = fields.iter().map(|f| Gauge::new(f)).collect::<Result<Vec<_>>>()?;
        files.each(fields, stop, |arrays| {
            gauges.iter_mut().zip(arrays).try_for_each(|(gauge, array)| gauge.add(array))?;
            Ok(true)
        })?;
        for (field, gauge) in fields.iter().zip(gauges) {
            let mut profile = gauge.finish(field)?;
            profile.violations = violations.get(field.name()).copied().unwrap_or(0);
            let values = rows.saturating_sub(profile.nulls);
            profile.unique = match (profile.distinct, profile.distinct_exact) {
                (Some(distinct), true) => Some(distinct == values),
                // An estimate is within 5 % but for a chance of one in a thousand million.
                (Some(distinct), false) if distinct < values - values / 20 => Some(false),
                (Some(_), false) => repeated(files, rows, std::slice::from_ref(field), true, stop)?.map(|n| n == 0),
                (None, _) => None,
            };
            if profile.unique == Some(true) {
                (profile.distinct, profile.distinct_exact) = (Some(values), true);
            }
            profiles.push(profile);
        }
    }
    Ok(profiles)
}

/// What is gathered of one column.
struct Gauge {
    /// `None` for types without an order.
    rows: Option<RowConverter>,
    is_number: bool,
    has_quantiles: bool,
    nulls: u64,
    values: u64,
    sum: f64,
    min: Option<Box<[u8]>>,
    max: Option<Box<[u8]>>,
    distinct: Distinct,
    sample: Sample,
    frequent: Frequent,
    /// `None` for types that are no keys.
    sketch: Option<Values>,
}

impl Gauge {
    fn new(field: &Field) -> Result<Self> {
        let data_type = field.data_type();
        let plain = if let DataType::Dictionary(_, values) = data_type { values } else { data_type };
        let rows = is_measured(plain).then(|| converter(std::slice::from_ref(data_type))).transpose()?;
        let is_text = matches!(plain, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        let is_bytes =
            matches!(plain, DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_));
        Ok(Self {
            rows,
            is_number: plain.is_numeric(),
            has_quantiles: !is_text && !is_bytes && *plain != DataType::Boolean,
            nulls: 0,
            values: 0,
            sum: 0.0,
            min: None,
            max: None,
            distinct: Distinct::new(),
            sample: Sample::new(),
            frequent: Frequent::new(),
            sketch: Values::new(field),
        })
    }

    fn add(&mut self, array: &ArrayRef) -> Result<()> {
        let nulls = array.logical_null_count();
        self.nulls += nulls as u64;
        self.values += (array.len() - nulls) as u64;
        let Some(converter) = &self.rows else { return Ok(()) };
        if nulls == array.len() {
            return Ok(());
        }
        if self.is_number {
            let options = CastOptions { safe: true, ..CastOptions::default() };
            let numbers = cast_with_options(array, &DataType::Float64, &options).map_err(internal)?;
            self.sum += numbers.as_primitive::<Float64Type>().iter().flatten().sum::<f64>();
        }
        let logical = array.logical_nulls();
        let rows = converter.convert_columns(std::slice::from_ref(array)).map_err(internal)?;
        let batch = self.sketch.as_ref().map(|sketch| sketch.batch(array)).transpose()?;
        for (i, row) in rows.iter().enumerate() {
            if logical.as_ref().is_some_and(|n| n.is_null(i)) {
                continue;
            }
            let row = row.as_ref();
            if self.min.as_deref().is_none_or(|min| row < min) {
                self.min = Some(row.into());
            }
            if self.max.as_deref().is_none_or(|max| row > max) {
                self.max = Some(row.into());
            }
            let hashed = hash(row, 0);
            self.distinct.add(hashed);
            if let Some((sketch, batch)) = self.sketch.as_mut().zip(batch.as_ref()) {
                sketch.add(batch, i, hashed);
            }
            self.frequent.add(row);
            if self.has_quantiles {
                self.sample.add(row);
            }
        }
        Ok(())
    }

    fn finish(self, field: &Field) -> Result<ColumnProfile> {
        let mut profile = ColumnProfile { name: field.name().clone(), nulls: self.nulls, ..ColumnProfile::default() };
        let Some(converter) = &self.rows else { return Ok(profile) };
        let shown = |rows: Vec<Box<[u8]>>| shown(converter, &rows);
        profile.min = shown(self.min.into_iter().collect())?.pop();
        profile.max = shown(self.max.into_iter().collect())?.pop();
        let (distinct, exact) = self.distinct.count();
        (profile.distinct, profile.distinct_exact) = (Some(distinct.min(self.values)), exact);
        profile.mean = (self.is_number && self.values > 0).then(|| self.sum / self.values as f64).filter(|m| m.is_finite());
        if let Some(quantiles) = self.sample.quantiles(PARTS) {
            profile.quantiles = shown(quantiles.into())?;
        }
        let (top, exact) = self.frequent.top(TOP);
        let counts: Vec<u64> = top.iter().map(|(_, count)| *count).collect();
        let values = shown(top.into_iter().map(|(row, _)| row).collect())?;
        profile.top = values.into_iter().zip(counts).map(|(value, count)| TopValue { value, count }).collect();
        profile.top_exact = exact;
        profile.values = self.sketch.and_then(Values::finish);
        Ok(profile)
    }
}

fn converter(types: &[DataType]) -> Result<RowConverter> {
    RowConverter::new(types.iter().map(|t| SortField::new(t.clone())).collect()).map_err(internal)
}

/// The texts of values of one column.
fn shown(converter: &RowConverter, rows: &[Box<[u8]>]) -> Result<Vec<String>> {
    let parser = converter.parser();
    let arrays = converter.convert_rows(rows.iter().map(|row| parser.parse(row))).map_err(internal)?;
    let Some(array) = arrays.first() else { return Ok(Vec::new()) };
    let options = FormatOptions::new()
        .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
        .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f%:z"));
    let formatter = ArrayFormatter::try_new(array, &options).map_err(internal)?;
    let text = |i: usize| {
        let text = formatter.value(i).try_to_string().map_err(internal)?;
        Ok(crate::name::clip(&text, LONGEST).to_owned())
    };
    (0..array.len()).map(text).collect()
}

/// The rows whose values of these columns stand in a row before; one is enough when only that is `any`. Rows with a NULL among the values
/// are no key's. `None` when there are too many rows to look.
pub(super) fn repeated(files: &Files, rows: u64, columns: &[Arc<Field>], any: bool, stop: &Stop) -> Result<Option<u64>> {
    let passes = rows.div_ceil(KEYS).max(1);
    if passes > PASSES {
        return Ok(None);
    }
    let types: Vec<DataType> = columns.iter().map(|c| c.data_type().clone()).collect();
    let mut repeated = 0;
    for pass in 0..passes {
        let mut keys = HashSet::new();
        each_key(files, columns, &types, stop, |key| {
            if key % u128::from(passes) == u128::from(pass) && !keys.insert(key) {
                repeated += 1;
            }
            !(any && repeated > 0)
        })?;
    }
    Ok(Some(repeated))
}

/// The rows of `from` whose values of these columns are those of no row of `to`. Where the types differ, texts are compared. `None` when
/// there are too many rows to look.
pub(super) fn unresolved(
    (from, from_columns): (&Files, &[Arc<Field>]),
    (to, to_columns, to_rows): (&Files, &[Arc<Field>], u64),
    stop: &Stop,
) -> Result<Option<u64>> {
    let passes = to_rows.div_ceil(KEYS).max(1);
    if passes > PASSES {
        return Ok(None);
    }
    let common = |(a, b): (&Arc<Field>, &Arc<Field>)| {
        if a.data_type() == b.data_type() { a.data_type().clone() } else { DataType::Utf8 }
    };
    let types: Vec<DataType> = from_columns.iter().zip(to_columns).map(common).collect();
    let mut unresolved = 0;
    for pass in 0..passes {
        let of_pass = |key: u128| key % u128::from(passes) == u128::from(pass);
        let mut keys = HashSet::new();
        each_key(to, to_columns, &types, stop, |key| {
            if of_pass(key) {
                keys.insert(key);
            }
            true
        })?;
        each_key(from, from_columns, &types, stop, |key| {
            unresolved += u64::from(of_pass(key) && !keys.contains(&key));
            true
        })?;
    }
    Ok(Some(unresolved))
}

/// Hands the hash of each row's values to `take`, until it answers false. Rows with a NULL are left out.
fn each_key(
    files: &Files,
    columns: &[Arc<Field>],
    types: &[DataType],
    stop: &Stop,
    mut take: impl FnMut(u128) -> bool,
) -> Result<()> {
    let converter = converter(types)?;
    files.each(columns, stop, |arrays| {
        let arrays = arrays
            .iter()
            .zip(types)
            .map(|(a, t)| if a.data_type() == t { Ok(Arc::clone(a)) } else { cast(a, t).map_err(internal) })
            .collect::<Result<Vec<_>>>()?;
        let nulls: Vec<_> = arrays.iter().filter_map(|a| a.logical_nulls()).collect();
        let rows = converter.convert_columns(&arrays).map_err(internal)?;
        for (i, row) in rows.iter().enumerate() {
            if nulls.iter().all(|n| n.is_valid(i)) && !take(wide_hash(row.as_ref())) {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

pub(super) fn internal(e: arrow::error::ArrowError) -> Error {
    Error::new(Kind::Internal, format!("a profile can't be made: {e}")).caused_by(e)
}
