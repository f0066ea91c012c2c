//! Arguments of a call: columns, or one value for all rows.

use std::sync::Arc;

use arrow::array::{Array, ArrayAccessor, ArrayRef, AsArray, ListArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use arrow::util::display::FormatOptions;
use datafusion::error::Result;

use super::types::{element, list_of};

/// One argument: a column, or one value for all rows.
#[derive(Clone)]
pub(in crate::engine) struct Column<A> {
    pub(super) array: A,
    /// How many rows the one value stands for.
    pub(super) constant: Option<usize>,
}

/// Lists, or one list for all rows: their elements, and which of them are a row's.
pub(in crate::engine) struct Ranges {
    lists: ListArray,
    is_constant: bool,
}

impl Ranges {
    /// Lists of any kind, or one for all rows.
    pub fn of(array: &ArrayRef, is_constant: bool) -> Result<Self> {
        Ok(Self { lists: lists(array)?, is_constant })
    }

    /// Whether one list stands for all rows.
    pub fn is_constant(&self) -> bool {
        self.is_constant
    }

    fn at(&self, row: usize) -> usize {
        if self.is_constant { 0 } else { row }
    }

    /// The elements of all lists.
    pub fn values(&self) -> &ArrayRef {
        self.lists.values()
    }

    /// Where a row's elements are among them.
    #[inline]
    pub fn range(&self, row: usize) -> std::ops::Range<usize> {
        let (offsets, row) = (self.lists.value_offsets(), self.at(row));
        offsets[row] as usize..offsets[row + 1] as usize
    }

    /// Whether a row has no list.
    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        self.lists.is_null(self.at(row))
    }

    /// The same with other lists, as many, in place of these.
    pub fn mapped(&self, f: impl FnOnce(ListArray) -> Result<ListArray>) -> Result<Self> {
        Ok(Self { lists: f(self.lists.clone())?, is_constant: self.is_constant })
    }
}

/// A value that does not fit is an error, never a NULL.
const STRICT: CastOptions<'static> = CastOptions { safe: false, format_options: FormatOptions::new() };

impl<A: Array> Column<A> {
    #[inline]
    fn at(&self, row: usize) -> usize {
        if self.constant.is_some() { 0 } else { row }
    }

    #[inline]
    pub fn is_valid(&self, row: usize) -> bool {
        self.array.is_valid(self.at(row))
    }

    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        !self.is_valid(row)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.constant.unwrap_or_else(|| self.array.len())
    }
}

impl<A: Array> Column<A>
where
    for<'a> &'a A: ArrayAccessor,
{
    /// The value of a row that is not NULL.
    #[inline]
    pub fn value(&self, row: usize) -> <&A as ArrayAccessor>::Item {
        (&self.array).value(self.at(row))
    }

    /// The value of a row; `None` is NULL.
    #[inline]
    pub fn get(&self, row: usize) -> Option<<&A as ArrayAccessor>::Item> {
        let row = self.at(row);
        self.array.is_valid(row).then(|| (&self.array).value(row))
    }

    /// The values in order.
    pub fn iter(&self) -> impl Iterator<Item = Option<<&A as ArrayAccessor>::Item>> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// The value that all rows have.
    pub fn constant(&self) -> Option<<&A as ArrayAccessor>::Item> {
        self.constant.and_then(|_| self.get(0))
    }
}

impl<A: Array + Clone + 'static> Column<A> {
    /// The column in full.
    pub fn into_array(self) -> Result<ArrayRef> {
        Column { array: Arc::new(self.array) as ArrayRef, constant: self.constant }.expanded()
    }
}

impl Column<ArrayRef> {
    pub(super) fn mapped<A>(&self, f: impl FnOnce(&ArrayRef) -> Result<A>) -> Result<Column<A>> {
        Ok(Column { array: f(&self.array)?, constant: self.constant })
    }

    /// The column in full.
    pub(super) fn expanded(&self) -> Result<ArrayRef> {
        match self.constant {
            Some(rows) if rows != self.array.len() => {
                let places = arrow::array::UInt32Array::from(vec![0; rows]);
                Ok(arrow::compute::take(&self.array, &places, None)?)
            }
            Some(_) | None => Ok(Arc::clone(&self.array)),
        }
    }
}

/// The array cast to a type, of which a value that does not fit is an error.
pub(super) fn strictly(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    if array.data_type() == to {
        return Ok(Arc::clone(array));
    }
    Ok(cast_with_options(array, to, &STRICT)?)
}

/// Lists of any kind; texts are read as arrays of texts.
pub(super) fn lists(array: &ArrayRef) -> Result<ListArray> {
    match array.data_type() {
        DataType::List(_) => Ok(array.as_list::<i32>().clone()),
        DataType::Null => Ok(strictly(array, &list_of(DataType::Null))?.as_list::<i32>().clone()),
        t if t.is_string() => super::super::array::read::texts(strictly(array, &DataType::Utf8View)?.as_string_view()),
        t => {
            let item = element(t).map_or(DataType::Null, |e| e.data_type().clone());
            Ok(strictly(array, &list_of(item))?.as_list::<i32>().clone())
        }
    }
}
