//! Cells of virtual tables and how they become Arrow columns. Where the rows come from is unknown here.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array, IntervalMonthDayNanoArray,
    ListBuilder, StringArray, StringBuilder, TimestampMicrosecondArray, UInt32Array, new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, IntervalMonthDayNano, IntervalUnit, TimeUnit};

use crate::error::{Error, Kind, Result};

/// One value of a virtual table, before its column's type is applied.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// What the column holds where Stoa has nothing to say: NULL, or zero, false or empty where NULL is not allowed.
    Unset,
    Null,
    Bool(bool),
    /// Any integer, an oid, microseconds since 1970 for a time, or seconds of an interval.
    Int(i64),
    Float(f64),
    Text(Cow<'static, str>),
    /// An array, each element in its text form.
    Array(Vec<String>),
}

/// The rows of one scan: cells by row number and column name, made when asked for.
pub struct Rows {
    len: usize,
    cell: Box<CellOf>,
}

/// The cell of a row, by its number and the column's name.
type CellOf = dyn Fn(usize, &str) -> Result<Cell> + Send + Sync;

impl Rows {
    /// One row an item; `cell` gives the value of the named column, [`Cell::Unset`] for those it does not know.
    pub fn of<T: Send + Sync + 'static>(items: Vec<T>, cell: impl Fn(&T, &str) -> Cell + Send + Sync + 'static) -> Self {
        Self::tried(items, move |item, column| Ok(cell(item, column)))
    }

    /// The same where a cell is looked up only when it is asked for, which may fail.
    pub fn tried<T: Send + Sync + 'static>(
        items: Vec<T>,
        cell: impl Fn(&T, &str) -> Result<Cell> + Send + Sync + 'static,
    ) -> Self {
        Self { len: items.len(), cell: Box::new(move |i, column| cell(&items[i], column)) }
    }

    /// No rows.
    pub fn none() -> Self {
        Self { len: 0, cell: Box::new(|_, _| Ok(Cell::Unset)) }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The column `field` of the rows in `range`. [`Kind::Internal`] when a cell does not fit the column; else what looking a cell up says.
    pub fn column(&self, field: &Field, range: Range<usize>) -> Result<ArrayRef> {
        let cells = range.map(|i| Ok((self.cell)(i, field.name())?.or_empty(field))).collect::<Result<Vec<Cell>>>()?;
        let misfit = |cell: &Cell| Error::new(Kind::Internal, format!("system column \"{}\" can't hold {cell:?}", field.name()));
        macro_rules! ints {
            ($array:ty, $native:ty) => {
                Arc::new(cells.iter().map(|c| c.int().and_then(|v| <$native>::try_from(v).ok())).collect::<$array>())
            };
        }
        let array: ArrayRef = match field.data_type() {
            DataType::Boolean => Arc::new(cells.iter().map(Cell::bool).collect::<BooleanArray>()),
            DataType::Int16 => ints!(Int16Array, i16),
            DataType::Int32 => ints!(Int32Array, i32),
            DataType::Int64 => ints!(Int64Array, i64),
            DataType::UInt32 => ints!(UInt32Array, u32),
            DataType::Float32 => Arc::new(cells.iter().map(|c| c.float().map(|v| v as f32)).collect::<Float32Array>()),
            DataType::Float64 => Arc::new(cells.iter().map(Cell::float).collect::<Float64Array>()),
            DataType::Utf8 => Arc::new(cells.iter().map(Cell::text).collect::<StringArray>()),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => Arc::new(
                cells
                    .iter()
                    .map(Cell::int)
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone_opt(zone.as_ref().map(Arc::clone)),
            ),
            DataType::Interval(IntervalUnit::MonthDayNano) => {
                let interval = |seconds: i64| IntervalMonthDayNano::new(0, 0, seconds.saturating_mul(1_000_000_000));
                Arc::new(cells.iter().map(|c| c.int().map(interval)).collect::<IntervalMonthDayNanoArray>())
            }
            DataType::List(_) => lists(&cells, field.data_type()).map_err(|e| Error::new(Kind::Internal, e.to_string()))?,
            other => new_null_array(other, cells.len()),
        };
        match cells.iter().enumerate().find(|(i, cell)| array.is_null(*i) != matches!(cell, Cell::Null)) {
            Some((_, cell)) => Err(misfit(cell)),
            None => Ok(array),
        }
    }
}

fn lists(cells: &[Cell], to: &DataType) -> Result<ArrayRef, arrow::error::ArrowError> {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for cell in cells {
        match cell {
            Cell::Array(items) => builder.append_value(items.iter().map(Some)),
            Cell::Unset | Cell::Null | Cell::Bool(_) | Cell::Int(_) | Cell::Float(_) | Cell::Text(_) => builder.append_null(),
        }
    }
    cast(&builder.finish(), to)
}

impl Cell {
    /// A text where there is one.
    pub fn opt(text: Option<impl Into<Cow<'static, str>>>) -> Self {
        text.map_or(Self::Null, |t| Self::Text(t.into()))
    }

    fn or_empty(self, field: &Field) -> Self {
        match self {
            Self::Unset if field.is_nullable() => Self::Null,
            Self::Unset => match field.data_type() {
                DataType::Boolean => Self::Bool(false),
                DataType::Utf8 => Self::Text("".into()),
                DataType::List(_) => Self::Array(Vec::new()),
                DataType::Float32 | DataType::Float64 => Self::Float(0.0),
                _ => Self::Int(0),
            },
            set => set,
        }
    }

    fn bool(&self) -> Option<bool> {
        if let Self::Bool(v) = self { Some(*v) } else { None }
    }

    fn int(&self) -> Option<i64> {
        if let Self::Int(v) = self { Some(*v) } else { None }
    }

    fn float(&self) -> Option<f64> {
        if let Self::Float(v) = self { Some(*v) } else { None }
    }

    fn text(&self) -> Option<&str> {
        if let Self::Text(v) = self { Some(v) } else { None }
    }
}

impl From<bool> for Cell {
    fn from(v: bool) -> Self {
        Self::Bool(v)
    }
}

impl From<&'static str> for Cell {
    fn from(v: &'static str) -> Self {
        Self::Text(v.into())
    }
}

impl From<String> for Cell {
    fn from(v: String) -> Self {
        Self::Text(v.into())
    }
}

impl From<&String> for Cell {
    fn from(v: &String) -> Self {
        Self::Text(v.clone().into())
    }
}

impl From<char> for Cell {
    fn from(v: char) -> Self {
        Self::Text(v.to_string().into())
    }
}

macro_rules! cell_from_ints {
    ($($t:ty),*) => {$(
        impl From<$t> for Cell {
            fn from(v: $t) -> Self {
                Self::Int(i64::from(v))
            }
        }
    )*};
}

cell_from_ints!(i16, i32, i64, u32);

#[cfg(test)]
mod tests {
    use arrow::util::pretty::pretty_format_columns;

    use super::*;

    #[test]
    fn cells_become_columns_of_the_field_s_type() {
        let rows = Rows::of(vec![1_i64, 2], |i, column| match column {
            "n" => (*i).into(),
            "a" => Cell::Array(vec!["7".into(), i.to_string()]),
            "t" => "x".into(),
            _ => Cell::Unset,
        });
        let list = DataType::List(Arc::new(Field::new_list_field(DataType::Int16, true)));
        for (name, kind, nullable, want) in [
            ("n", DataType::UInt32, false, "1 2"),
            ("a", list, true, "[7, 1] [7, 2]"),
            ("t", DataType::Utf8, false, "x x"),
            ("other", DataType::Boolean, false, "false false"),
            ("other", DataType::Utf8, true, "- -"),
        ] {
            let array = rows.column(&Field::new(name, kind, nullable), 0..2).unwrap();
            let shown = pretty_format_columns(name, &[array]).unwrap().to_string();
            let cells: Vec<_> = shown.lines().skip(3).take(2).map(|l| l.trim_matches(['|', ' '])).collect();
            let cells: Vec<_> = cells.iter().map(|c| if c.is_empty() { "-" } else { c }).collect();
            assert_eq!(cells.join(" "), want, "{name}");
        }
        let misfit = rows.column(&Field::new("t", DataType::Boolean, false), 0..2).unwrap_err();
        assert_eq!(misfit.message(), "system column \"t\" can't hold Text(\"x\")");
    }
}
