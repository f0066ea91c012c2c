//! Uniting: the columns of several files become those of one table, by name in first-seen order. A column that a file lacks is NULL
//! there; one that files type differently takes the type that holds the values of both, when there is one, and is an error otherwise:
//! nothing is turned into text.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use indexmap::IndexMap;

use super::arrow_fault;
use super::shape::{cast, kept, map_of, own};
use crate::descriptor::{Column, Distribution};
use crate::error::{Error, Kind, Result};
use crate::name::quoted;
use crate::snapshot::columns::{SOURCE_FILE, too_many_columns};
use crate::snapshot::{field_key, names, types};

/// The columns of the table, and where each file has them.
#[derive(Debug)]
pub(super) struct Table {
    /// With [`SOURCE_FILE`] behind the published columns when there are several files.
    pub(super) schema: SchemaRef,
    /// For each file, the file's column of each of the table's.
    pub(super) places: Vec<Vec<Option<usize>>>,
    pub(super) has_source_file: bool,
    /// A row for each file of the columns behind the published ones that its folders tell.
    pub(super) partitions: Option<RecordBatch>,
}

impl Table {
    /// The same with what the files' folders tell, a row for each.
    pub(super) fn with_partitions(self, values: RecordBatch) -> Self {
        let mut fields: Vec<FieldRef> = self.schema.fields().iter().cloned().collect();
        let behind = fields.len() - usize::from(self.has_source_file);
        fields.splice(behind..behind, values.schema_ref().fields().iter().cloned());
        Self { schema: Arc::new(Schema::new(fields)), partitions: Some(values), ..self }
    }
}

/// A column, and the first file that has it in its type.
struct Met<'a> {
    field: Field,
    original: Option<String>,
    url: &'a str,
}

/// The table that files of these schemas make together; `is_told` says which columns come from elsewhere. [`Kind::SourceInvalid`] with both
/// files and types when a column's types have no other that holds them.
pub(super) fn unite(
    files: &[(&str, SchemaRef)],
    distribution: &Distribution,
    max_columns: usize,
    is_told: &dyn Fn(&str) -> bool,
    warnings: &mut Vec<String>,
) -> Result<Table> {
    let mut columns: IndexMap<String, Met> = IndexMap::new();
    let mut maps = Vec::with_capacity(files.len());
    for (url, schema) in files {
        let published: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let (unique, originals) = names::unique(&published);
        for (original, name) in originals.iter().zip(&unique) {
            if let Some(original) = original {
                warnings.push(format!("{url}: the column {} is named {}", quoted(original), quoted(name)));
            }
        }
        let mut map = Vec::with_capacity(unique.len());
        for ((field, name), original) in schema.fields().iter().zip(unique).zip(originals) {
            let field = kept(field).with_name(&name);
            let index = match columns.get_full_mut(&name) {
                None => columns.insert_full(name, Met { field, original, url }).0,
                Some((index, _, met)) => {
                    let (was, is) = (met.field.data_type(), field.data_type());
                    let Some(both) = wider(was, is) else {
                        let message =
                            format!("{} and {url} are not of one shape: column {} is {was} and {is}", met.url, quoted(&name));
                        return Err(
                            Error::new(Kind::SourceInvalid, message).with_hint("Describe them as distributions of their own.")
                        );
                    };
                    // What text is said to hold (a UUID, JSON) holds when all files say it; one of NULLs alone has no say.
                    if *was == DataType::Null {
                        met.field.set_metadata(field.metadata().clone());
                    } else if *is != DataType::Null && met.field.metadata() != field.metadata() {
                        met.field.set_metadata(HashMap::new());
                    }
                    if both != *met.field.data_type() {
                        met.url = url;
                        met.field.set_data_type(both);
                    }
                    index
                }
            };
            map.push(index);
        }
        maps.push(map);
        if columns.len() > max_columns {
            return Err(too_many_columns(url, max_columns));
        }
    }
    if columns.is_empty() {
        let first = files.first().map_or("", |(url, _)| *url);
        return Err(Error::new(Kind::SourceInvalid, format!("{first} has no columns")));
    }
    let declared = &distribution.schema.columns;
    let is_absent = |name: &str| !columns.contains_key(name) && !is_told(name);
    for column in declared.iter().filter(|c| is_absent(c.name.trim_ascii())) {
        warnings.push(format!("the declared column {} is in none of the files", quoted(&column.name)));
    }
    let places = |map: &Vec<usize>| {
        let mut places = vec![None; columns.len()];
        map.iter().enumerate().for_each(|(of_file, of_table)| places[*of_table] = Some(of_file));
        places
    };
    let places: Vec<Vec<Option<usize>>> = maps.iter().map(places).collect();
    let mut fields: Vec<Field> = columns.into_values().map(|met| described(met, declared.iter())).collect();
    let has_source_file = files.len() > 1;
    if has_source_file {
        let taken: Vec<String> = fields.iter().map(|f| f.name().clone()).chain([SOURCE_FILE.to_owned()]).collect();
        let (unique, _) = names::unique(&taken);
        let hidden = HashMap::from([(field_key::HIDDEN.to_owned(), SOURCE_FILE.to_owned())]);
        let name = unique.last().map_or(SOURCE_FILE, String::as_str);
        fields.push(Field::new(name, DataType::Utf8View, false).with_metadata(hidden));
    }
    Ok(Table { schema: Arc::new(Schema::new(fields)), places, has_source_file, partitions: None })
}

/// The column's field with its published name and with what the descriptor says of it.
fn described<'a>(met: Met, declared: impl Iterator<Item = &'a Column>) -> Field {
    let mut metadata: HashMap<String, String> = met.field.metadata().clone();
    metadata.extend(met.original.map(|original| (field_key::ORIGINAL_NAME.to_owned(), original)));
    said(met.field.with_metadata(metadata), declared)
}

/// The field with what the descriptor says of it.
pub(in crate::snapshot) fn said<'a>(field: Field, mut declared: impl Iterator<Item = &'a Column>) -> Field {
    let Some(column) = declared.find(|c| c.name.trim_ascii() == field.name()) else { return field };
    let mut metadata = field.metadata().clone();
    let comment = types::comment(Some(column), column.unit.as_deref());
    metadata.extend(comment.map(|comment| (field_key::COMMENT.to_owned(), comment)));
    metadata.extend(column.unit.clone().map(|unit| (field_key::UNIT.to_owned(), unit)));
    field.with_metadata(metadata)
}

/// The type that holds every value of both; `None` when there is none.
pub(in crate::snapshot) fn wider(a: &DataType, b: &DataType) -> Option<DataType> {
    if a == b {
        return Some(a.clone());
    }
    match (a, b) {
        (DataType::Null, other) | (other, DataType::Null) => Some(other.clone()),
        (DataType::List(a), DataType::List(b)) => {
            let item = wider(a.data_type(), b.data_type())?;
            Some(DataType::List(Arc::new(a.as_ref().clone().with_data_type(item))))
        }
        (DataType::Struct(a), DataType::Struct(b)) => wider_fields(a, b).map(DataType::Struct),
        (DataType::Map(a, _), DataType::Map(b, _)) => match (a.data_type(), b.data_type()) {
            (DataType::Struct(a), DataType::Struct(b)) => {
                let entry = |i: usize| {
                    Some(a.get(i)?.as_ref().clone().with_data_type(wider(a.get(i)?.data_type(), b.get(i)?.data_type())?))
                };
                Some(map_of(&entry(0)?, &entry(1)?))
            }
            _ => None,
        },
        (DataType::Timestamp(a, a_zone), DataType::Timestamp(b, b_zone)) => {
            let unit = finer(*a, *b);
            match (a_zone, b_zone) {
                (None, None) => Some(DataType::Timestamp(unit, None)),
                (Some(a), Some(b)) if a == b => Some(DataType::Timestamp(unit, Some(Arc::clone(a)))),
                // Both are instants.
                (Some(_), Some(_)) => Some(DataType::Timestamp(unit, Some("UTC".into()))),
                (None, Some(_)) | (Some(_), None) => None,
            }
        }
        (DataType::Duration(a), DataType::Duration(b)) => Some(DataType::Duration(finer(*a, *b))),
        (DataType::Date32, DataType::Date64) | (DataType::Date64, DataType::Date32) => Some(DataType::Date64),
        (DataType::Time32(a) | DataType::Time64(a), DataType::Time32(b) | DataType::Time64(b)) => Some(match finer(*a, *b) {
            unit @ (TimeUnit::Second | TimeUnit::Millisecond) => DataType::Time32(unit),
            unit @ (TimeUnit::Microsecond | TimeUnit::Nanosecond) => DataType::Time64(unit),
        }),
        (DataType::BinaryView | DataType::FixedSizeBinary(_), DataType::BinaryView | DataType::FixedSizeBinary(_)) => {
            Some(DataType::BinaryView)
        }
        _ => wider_number(a, b),
    }
}

fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    a.max(b)
}

/// The fields of both by name; those that one of them lacks may be NULL.
fn wider_fields(a: &Fields, b: &Fields) -> Option<Fields> {
    let mut all: Vec<FieldRef> = Vec::with_capacity(a.len());
    for field in a {
        all.push(match b.find(field.name()) {
            Some((_, other)) => Arc::new(field.as_ref().clone().with_data_type(wider(field.data_type(), other.data_type())?)),
            None => Arc::clone(field),
        });
    }
    all.extend(b.iter().filter(|f| a.find(f.name()).is_none()).cloned());
    Some(all.into())
}

/// How a number is kept: digits before the point, behind it, and whether in binary floating point of so many bits.
#[derive(Clone, Copy)]
enum Number {
    Signed(u32),
    Unsigned(u32),
    Float(u32),
    Decimal { whole: i16, scale: i8 },
}

impl Number {
    fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Int8 => Self::Signed(8),
            DataType::Int16 => Self::Signed(16),
            DataType::Int32 => Self::Signed(32),
            DataType::Int64 => Self::Signed(64),
            DataType::UInt8 => Self::Unsigned(8),
            DataType::UInt16 => Self::Unsigned(16),
            DataType::UInt32 => Self::Unsigned(32),
            DataType::UInt64 => Self::Unsigned(64),
            DataType::Float16 => Self::Float(16),
            DataType::Float32 => Self::Float(32),
            DataType::Float64 => Self::Float(64),
            DataType::Decimal128(digits, scale) | DataType::Decimal256(digits, scale) => {
                Self::Decimal { whole: i16::from(*digits) - i16::from(*scale), scale: *scale }
            }
            _ => return None,
        })
    }

    /// The same as a decimal, of an integer.
    fn digits(self) -> Option<(i16, i8)> {
        match self {
            Self::Signed(8) | Self::Unsigned(8) => Some((3, 0)),
            Self::Signed(16) | Self::Unsigned(16) => Some((5, 0)),
            Self::Signed(32) | Self::Unsigned(32) => Some((10, 0)),
            Self::Signed(_) => Some((19, 0)),
            Self::Unsigned(_) => Some((20, 0)),
            Self::Decimal { whole, scale } => Some((whole, scale)),
            Self::Float(_) => None,
        }
    }
}

/// The narrowest number that holds every value of both; `None` when none does, as for a 64-bit integer and a double.
fn wider_number(a: &DataType, b: &DataType) -> Option<DataType> {
    let signed = |bits: u32| match bits {
        0..=8 => Some(DataType::Int8),
        9..=16 => Some(DataType::Int16),
        17..=32 => Some(DataType::Int32),
        33..=64 => Some(DataType::Int64),
        _ => None,
    };
    let (a, b) = (Number::of(a)?, Number::of(b)?);
    match (a, b) {
        (Number::Signed(a), Number::Signed(b)) => signed(a.max(b)),
        (Number::Unsigned(a), Number::Unsigned(b)) => Some(match a.max(b) {
            8 => DataType::UInt8,
            16 => DataType::UInt16,
            32 => DataType::UInt32,
            _ => DataType::UInt64,
        }),
        (Number::Signed(s), Number::Unsigned(u)) | (Number::Unsigned(u), Number::Signed(s)) => {
            signed(s.max(u * 2)).or(Some(DataType::Decimal128(20, 0)))
        }
        (Number::Float(a), Number::Float(b)) => Some(if a.max(b) == 64 { DataType::Float64 } else { DataType::Float32 }),
        (Number::Float(float), Number::Signed(int) | Number::Unsigned(int))
        | (Number::Signed(int) | Number::Unsigned(int), Number::Float(float)) => match int {
            // Of 24 bits and 53 bits of mantissa.
            8 | 16 if float <= 32 => Some(DataType::Float32),
            8 | 16 | 32 => Some(DataType::Float64),
            _ => None,
        },
        (Number::Decimal { .. }, _) | (_, Number::Decimal { .. }) => {
            let ((a, a_scale), (b, b_scale)) = (a.digits()?, b.digits()?);
            let scale = a_scale.max(b_scale);
            let digits = u8::try_from(a.max(b) + i16::from(scale)).ok()?;
            match digits {
                1..=38 => Some(DataType::Decimal128(digits, scale)),
                39..=76 => Some(DataType::Decimal256(digits, scale)),
                _ => None,
            }
        }
    }
}

/// A column's values in a type that [`wider`] found.
pub(in crate::snapshot) fn widened(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    if array.data_type() == to {
        return Ok(Arc::clone(array));
    }
    match (array.data_type(), to) {
        (DataType::Null, _) => Ok(new_null_array(to, array.len())),
        (DataType::List(_), DataType::List(item)) => {
            let list = array.as_list::<i32>();
            let (values, offsets) = own(list.offsets());
            let values = widened(&list.values().slice(values.start, values.len()), item.data_type())?;
            let list = ListArray::try_new(Arc::clone(item), offsets, values, list.nulls().cloned());
            Ok(Arc::new(list.map_err(arrow_fault)?))
        }
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let structs = array.as_struct();
            Ok(Arc::new(widened_struct(structs, fields)?))
        }
        (DataType::Map(..), DataType::Map(entries, _)) => {
            let map = array.as_map();
            let DataType::Struct(fields) = entries.data_type() else { return cast(array, to) };
            let (values, offsets) = own(map.offsets());
            let inner = widened_struct(&map.entries().slice(values.start, values.len()), fields)?;
            let map = MapArray::try_new(Arc::clone(entries), offsets, inner, map.nulls().cloned(), false);
            Ok(Arc::new(map.map_err(arrow_fault)?))
        }
        _ => cast(array, to),
    }
}

fn widened_struct(structs: &StructArray, fields: &Fields) -> Result<StructArray> {
    let column = |field: &FieldRef| match structs.column_by_name(field.name()) {
        Some(column) => widened(column, field.data_type()),
        None => Ok(new_null_array(field.data_type(), structs.len())),
    };
    let columns = fields.iter().map(column).collect::<Result<Vec<_>>>()?;
    StructArray::try_new(fields.clone(), columns, structs.nulls().cloned()).map_err(arrow_fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_widen_where_no_value_is_lost() {
        let decimal = |digits, scale| DataType::Decimal128(digits, scale);
        let micros = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        for (a, b, want) in [
            (DataType::Int32, DataType::Int64, Some(DataType::Int64)),
            (DataType::Int8, DataType::UInt8, Some(DataType::Int16)),
            (DataType::Int64, DataType::UInt64, Some(decimal(20, 0))),
            (DataType::UInt16, DataType::UInt32, Some(DataType::UInt32)),
            (DataType::Float32, DataType::Float64, Some(DataType::Float64)),
            (DataType::Int32, DataType::Float32, Some(DataType::Float64)),
            (DataType::Int16, DataType::Float32, Some(DataType::Float32)),
            (DataType::Int64, DataType::Float64, None),
            (decimal(10, 2), decimal(6, 4), Some(decimal(12, 4))),
            (decimal(38, 0), decimal(38, 38), Some(DataType::Decimal256(76, 38))),
            (decimal(10, 2), DataType::Int32, Some(decimal(12, 2))),
            (decimal(10, 2), DataType::Float64, None),
            (DataType::Null, DataType::Utf8View, Some(DataType::Utf8View)),
            (DataType::Int32, DataType::Utf8View, None),
            (DataType::Date32, micros(None), None),
            (micros(None), DataType::Timestamp(TimeUnit::Second, None), Some(micros(None))),
            (micros(Some("Asia/Tokyo")), micros(Some("UTC")), Some(micros(Some("UTC")))),
            (micros(None), micros(Some("UTC")), None),
            (
                DataType::Time32(TimeUnit::Second),
                DataType::Time64(TimeUnit::Nanosecond),
                Some(DataType::Time64(TimeUnit::Nanosecond)),
            ),
        ] {
            assert_eq!(wider(&a, &b), want, "{a} {b}");
            assert_eq!(wider(&b, &a), want, "{b} {a}");
        }
    }
}
