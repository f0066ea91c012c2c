//! A call as its kernel sees it: the arguments as columns of the types that the kernel asks for, and ways to make a column of one value for
//! each row.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BinaryBuilder, BooleanArray, Decimal256Array, Float64Array,
    Int64Array, ListArray, PrimitiveArray, StringViewArray, StringViewBuilder,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Decimal256Type, FieldRef, Float64Type, Int64Type, IntervalMonthDayNanoType};
use datafusion::common::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

use super::column::{Column, Ranges, lists, strictly};
use super::outward;
use super::session::SessionValues;
use super::types::Given;
use crate::table::pg_time::{Interval, Reader, Zone};
use crate::table::pg_type::{self, PgType};
use crate::table::pg_value::{Style, Values, encode_json};
use crate::table::virtual_table::SystemEnv;

/// A call's arguments, with what they are.
pub(in crate::engine) struct Call {
    arguments: Vec<Column<ArrayRef>>,
    pub fields: Vec<FieldRef>,
    pub rows: usize,
    /// What the call gives.
    pub gives: FieldRef,
    config: Arc<ConfigOptions>,
}

impl Call {
    /// The call of these arguments for so many rows.
    pub(super) fn new(args: ScalarFunctionArgs, rows: usize) -> Result<Self> {
        let column = |value: ColumnarValue| {
            Ok(match value {
                ColumnarValue::Array(array) => Column { array, constant: None },
                ColumnarValue::Scalar(scalar) => Column { array: scalar.to_array_of_size(1)?, constant: Some(rows) },
            })
        };
        let arguments = args.args.into_iter().map(column).collect::<Result<Vec<_>>>()?;
        Ok(Self { arguments, fields: args.arg_fields, rows, gives: args.return_field, config: args.config_options })
    }

    /// The call of a test.
    #[cfg(test)]
    pub fn of_arrays(arrays: Vec<ArrayRef>) -> Self {
        let rows = arrays.first().map_or(1, |a| a.len());
        let field = |a: &ArrayRef| Arc::new(arrow::datatypes::Field::new("", a.data_type().clone(), true));
        let fields: Vec<FieldRef> = arrays.iter().map(|a| field(a) as FieldRef).collect();
        let gives = Arc::new(arrow::datatypes::Field::new("", DataType::Null, true));
        let arguments = arrays.into_iter().map(|array| Column { array, constant: None }).collect();
        Self { arguments, fields, rows, gives, config: Arc::default() }
    }

    /// How many arguments there are.
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    /// An argument's type as it came.
    pub fn data_type(&self, i: usize) -> &DataType {
        self.arguments[i].array.data_type()
    }

    /// An argument as it came, a value for each row.
    pub fn array(&self, i: usize) -> Result<ArrayRef> {
        self.arguments[i].expanded()
    }

    /// The same of all arguments.
    pub fn arrays(&self) -> Result<Vec<ArrayRef>> {
        self.arguments.iter().map(Column::expanded).collect()
    }

    fn cast(&self, i: usize, to: &DataType) -> Result<Column<ArrayRef>> {
        self.arguments[i].mapped(|array| strictly(array, to))
    }

    /// An argument as texts; what has fields is the JSON that it is shown as.
    pub fn texts(&self, i: usize) -> Result<Column<StringViewArray>> {
        if Given::of_type(self.data_type(i)) == Given::Row {
            return self.arguments[i].mapped(|array| {
                let mut values = Values::default();
                encode_json(array, &self.fields[i], &self.style(), &mut values).map_err(outward)?;
                let text = |row| values.get(row).map(std::str::from_utf8).transpose();
                let texts = (0..array.len()).map(text).collect::<std::result::Result<StringViewArray, _>>();
                texts.map_err(|e: std::str::Utf8Error| DataFusionError::External(Box::new(e)))
            });
        }
        self.cast(i, &DataType::Utf8View)?.mapped(|a| Ok(a.as_string_view().clone()))
    }

    /// An argument as whole numbers.
    pub fn ints(&self, i: usize) -> Result<Column<Int64Array>> {
        self.cast(i, &DataType::Int64)?.mapped(|a| Ok(a.as_primitive::<Int64Type>().clone()))
    }

    /// An argument as doubles.
    pub fn floats(&self, i: usize) -> Result<Column<Float64Array>> {
        self.cast(i, &DataType::Float64)?.mapped(|a| Ok(a.as_primitive::<Float64Type>().clone()))
    }

    /// An argument as decimals of a type.
    pub fn decimals(&self, i: usize, to: &DataType) -> Result<Column<Decimal256Array>> {
        self.cast(i, to)?.mapped(|a| Ok(a.as_primitive::<Decimal256Type>().clone()))
    }

    /// An argument as booleans.
    pub fn bools(&self, i: usize) -> Result<Column<BooleanArray>> {
        self.cast(i, &DataType::Boolean)?.mapped(|a| Ok(a.as_boolean().clone()))
    }

    /// A date, a time or an interval, which is of this type since the call was planned.
    pub fn of<T: ArrowPrimitiveType>(&self, i: usize) -> Result<Column<PrimitiveArray<T>>> {
        self.arguments[i].mapped(|array| match array.as_primitive_opt::<T>() {
            Some(array) => Ok(array.clone()),
            // Numbers are read as they come.
            None if T::DATA_TYPE.is_numeric() => Ok(strictly(array, &T::DATA_TYPE)?.as_primitive::<T>().clone()),
            None => Err(DataFusionError::Internal(format!("an argument of type {}", array.data_type()))),
        })
    }

    /// An argument as bytes; texts are read as `bytea`'s input is.
    pub fn bytes(&self, i: usize) -> Result<Column<BinaryArray>> {
        self.arguments[i].mapped(|array| {
            if !array.data_type().is_string() {
                return Ok(strictly(array, &DataType::Binary)?.as_binary::<i32>().clone());
            }
            let mut out = BinaryBuilder::new();
            for text in strictly(array, &DataType::Utf8View)?.as_string_view() {
                match text {
                    Some(text) => out.append_value(super::super::text::bytea(text).map_err(outward)?),
                    None => out.append_null(),
                }
            }
            Ok(out.finish())
        })
    }

    /// An argument as lists, one for each row; texts are read as arrays of texts.
    pub fn lists(&self, i: usize) -> Result<ListArray> {
        lists(&self.array(i)?)
    }

    /// The same without a list for each row where one stands for all.
    pub fn ranges(&self, i: usize) -> Result<Ranges> {
        let argument = &self.arguments[i];
        Ranges::of(&argument.array, argument.constant.is_some())
    }

    /// An argument as the numbers of objects; `None` is NULL or none that there can be.
    pub fn oids(&self, i: usize) -> Result<Vec<Option<u32>>> {
        let numbers = self.ints(i)?;
        Ok(numbers.iter().map(|n| n.and_then(|n| u32::try_from(n).ok())).collect())
    }

    /// An argument as the numbers of relations, which texts name. [`Kind::UndefinedTable`](crate::error::Kind) where there is none.
    pub fn relations(&self, i: usize) -> Result<Vec<Option<u32>>> {
        if !self.data_type(i).is_string() {
            return self.oids(i);
        }
        let (env, texts) = (self.env()?, self.texts(i)?);
        texts.iter().map(|text| super::super::object_names::relation(env, text)).collect()
    }

    fn session(&self) -> Option<&SessionValues> {
        SessionValues::of(&self.config)
    }

    /// The catalogs and facts of the session that calls.
    pub fn env(&self) -> Result<&Arc<SystemEnv>> {
        let session = self.session().ok_or_else(|| DataFusionError::Internal("a call outside of a session".to_owned()))?;
        Ok(session.env())
    }

    /// How values are written as text in this session.
    pub fn style(&self) -> Style {
        self.session().map(|s| s.style().clone()).unwrap_or_default()
    }

    /// The zone of the session's local times.
    pub fn zone(&self) -> Zone {
        self.session().map_or(Zone::Utc, SessionValues::zone)
    }

    /// When the session's transaction began, in microseconds.
    pub fn now(&self) -> Result<i64> {
        Ok(self.env()?.facts.transaction_started())
    }

    /// How the session reads dates and times.
    pub fn reader(&self) -> Result<Reader> {
        let session = self.session().ok_or_else(|| DataFusionError::Internal("a call outside of a session".to_owned()))?;
        Ok(session.reader())
    }

    /// Whether the argument is `jsonb`, by what is known of it.
    pub fn is_jsonb(&self, i: usize) -> bool {
        *PgType::of_field(&self.fields[i]) == pg_type::JSONB
    }

    /// The rows none of whose arguments is NULL; `None` when all are.
    pub fn known(&self) -> Option<NullBuffer> {
        let nulls = self.arguments.iter().map(|a| match a.constant {
            Some(rows) => (a.array.logical_null_count() > 0).then(|| NullBuffer::new_null(rows)),
            None => a.array.logical_nulls(),
        });
        nulls.fold(None, |all, one| NullBuffer::union(all.as_ref(), one.as_ref()))
    }

    /// A text for each row none of whose arguments is NULL, written into a buffer; `false` gives NULL.
    pub fn write_texts(&self, mut write: impl FnMut(usize, &mut String) -> Result<bool>) -> Result<ArrayRef> {
        let known = self.known();
        let mut out = StringViewBuilder::with_capacity(self.rows);
        let mut text = String::new();
        for row in 0..self.rows {
            text.clear();
            if known.as_ref().is_none_or(|k| k.is_valid(row)) && write(row, &mut text)? {
                out.append_value(&text);
            } else {
                out.append_null();
            }
        }
        Ok(Arc::new(out.finish()))
    }

    /// The same for bytes.
    pub fn write_bytes(&self, mut write: impl FnMut(usize, &mut Vec<u8>) -> Result<bool>) -> Result<ArrayRef> {
        let known = self.known();
        let mut out = BinaryBuilder::new();
        let mut bytes = Vec::new();
        for row in 0..self.rows {
            bytes.clear();
            if known.as_ref().is_none_or(|k| k.is_valid(row)) && write(row, &mut bytes)? {
                out.append_value(&bytes);
            } else {
                out.append_null();
            }
        }
        Ok(Arc::new(out.finish()))
    }

    /// A value of a row none of whose arguments is NULL, collected into an array.
    pub fn collect<T, A: Array + FromIterator<Option<T>> + 'static>(
        &self,
        mut value: impl FnMut(usize) -> Result<Option<T>>,
    ) -> Result<ArrayRef> {
        let known = self.known();
        let rows = (0..self.rows).map(|row| if known.as_ref().is_none_or(|k| k.is_valid(row)) { value(row) } else { Ok(None) });
        Ok(Arc::new(rows.collect::<Result<A>>()?))
    }

    /// A value for each row, whatever is NULL.
    pub fn each<O: ArrowPrimitiveType>(
        &self,
        f: impl FnMut(usize) -> crate::error::Result<Option<O::Native>>,
    ) -> Result<ArrayRef> {
        let values = (0..self.rows).map(f).collect::<crate::error::Result<PrimitiveArray<O>>>();
        Ok(Arc::new(values.map_err(outward)?))
    }

    /// A value for each row whose only argument is not NULL.
    pub fn map<A: ArrowPrimitiveType, O: ArrowPrimitiveType>(
        &self,
        f: impl Fn(A::Native) -> crate::error::Result<O::Native>,
    ) -> Result<ArrayRef> {
        let column = self.of::<A>(0)?;
        self.each::<O>(|row| column.get(row).map(&f).transpose())
    }

    /// The same of two arguments.
    pub fn map2<A: ArrowPrimitiveType, B: ArrowPrimitiveType, O: ArrowPrimitiveType>(
        &self,
        f: impl Fn(A::Native, B::Native) -> crate::error::Result<O::Native>,
    ) -> Result<ArrayRef> {
        let (a, b) = (self.of::<A>(0)?, self.of::<B>(1)?);
        self.each::<O>(|row| a.get(row).zip(b.get(row)).map(|(a, b)| f(a, b)).transpose())
    }

    /// An interval for each row.
    pub fn intervals(&self, f: impl Fn(usize) -> crate::error::Result<Option<Interval>>) -> Result<ArrayRef> {
        self.each::<IntervalMonthDayNanoType>(|row| f(row)?.map(Interval::to_arrow).transpose())
    }

    /// A flag for each row.
    pub fn flags(&self, f: impl Fn(usize) -> Option<bool>) -> Result<ArrayRef> {
        Ok(Arc::new((0..self.rows).map(f).collect::<BooleanArray>()))
    }

    /// A text for each row from the oids of an argument.
    pub fn named_by(&self, i: usize, f: impl Fn(u32) -> Option<String>) -> Result<ArrayRef> {
        Ok(Arc::new(self.oids(i)?.into_iter().map(|n| n.and_then(&f)).collect::<StringViewArray>()))
    }

    /// The same text for each row.
    pub fn same_text(&self, text: Option<&str>) -> Result<ArrayRef> {
        Ok(Arc::new(std::iter::repeat_n(text, self.rows).collect::<StringViewArray>()))
    }

    /// The same number or moment for each row.
    pub fn same<T: ArrowPrimitiveType>(&self, value: Option<T::Native>) -> Result<ArrayRef> {
        Ok(Arc::new(std::iter::repeat_n(value, self.rows).collect::<PrimitiveArray<T>>()))
    }

    /// The same flag for each row.
    pub fn same_flag(&self, flag: bool) -> Result<ArrayRef> {
        Ok(Arc::new(BooleanArray::from(vec![flag; self.rows])))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int32Array, StructArray};
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn what_has_fields_is_read_as_json() {
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
        let field = Arc::new(Field::new("x", DataType::Int32, true));
        let nulls = NullBuffer::from(vec![true, true, false]);
        let rows = StructArray::new(vec![field].into(), vec![numbers], Some(nulls));
        let texts = Call::of_arrays(vec![Arc::new(rows)]).texts(0).expect("they are texts");
        assert_eq!((0..3).map(|row| texts.get(row)).collect::<Vec<_>>(), [Some(r#"{"x":1}"#), Some(r#"{"x":null}"#), None]);
    }
}
