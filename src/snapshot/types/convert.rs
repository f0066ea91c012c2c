//! Conversion: a column of text becomes an Arrow array, and what does not fit becomes NULL and a reject.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, ListArray, ListBuilder, PrimitiveBuilder, StringViewBuilder, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, DurationMicrosecondType, Float64Type, Int64Type,
    IntervalYearMonthType, Time64MicrosecondType, TimestampMicrosecondType,
};
use serde::de::IgnoredAny;

use super::calendar::{self, Order};
use super::clock::{self, DAY};
use super::duration::duration;
use super::marks::{self, Style};
use super::number;
use super::{ColumnPlan, DateFormat, JsonShape, Parse, PointFormat, Words, Writing, article};
use crate::snapshot::cells::{Cell, CellKind, Cells, Span};

/// A cell that did not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::snapshot) struct CellReject {
    /// The row within the batch.
    pub(in crate::snapshot) row: usize,
    pub(in crate::snapshot) raw: String,
    pub(in crate::snapshot) expected: String,
    pub(in crate::snapshot) reason: String,
}

impl ColumnPlan {
    /// The array of a batch's column `index` (`None` when its file lacks the column), and its rejects. What its values break of the
    /// descriptor's constraints is counted.
    pub(in crate::snapshot) fn convert(&self, cells: &Cells, index: Option<usize>, rejects: &mut Vec<CellReject>) -> ArrayRef {
        let values = match index {
            Some(index) => self.read(cells, index, rejects),
            None => new_null_array(self.field.data_type(), cells.rows()),
        };
        self.checks.count(&values);
        values
    }

    /// As [`Self::convert`], but nothing is counted.
    pub(in crate::snapshot) fn read(&self, cells: &Cells, index: usize, rejects: &mut Vec<CellReject>) -> ArrayRef {
        match &self.parse {
            Parse::Text | Parse::Json(JsonShape::Any) => self.texts(cells, index, rejects),
            Parse::Json(JsonShape::Object) => self.checked(cells, index, rejects, |t| is_json(t, '{')),
            Parse::Json(JsonShape::Array) => self.checked(cells, index, rejects, |t| is_json(t, '[')),
            Parse::YearMonth => self.checked(cells, index, rejects, is_year_month),
            Parse::Bool(Words::Pair([truth, falsehood])) => self.bools(cells, index, rejects, |t| {
                if t.eq_ignore_ascii_case(truth) { Some(true) } else { t.eq_ignore_ascii_case(falsehood).then_some(false) }
            }),
            Parse::Bool(Words::Declared { truths, falsehoods }) => self.bools(cells, index, rejects, |t| {
                if truths.iter().any(|v| v == t) { Some(true) } else { falsehoods.iter().any(|v| v == t).then_some(false) }
            }),
            Parse::Integer(writing) => {
                self.numbers::<Int64Type>(writing, cells, index, rejects, |t| number::integer(t.as_bytes()))
            }
            Parse::Double(writing) => self.numbers::<Float64Type>(writing, cells, index, rejects, |t| number::double(t, true)),
            Parse::Decimal { scale, writing } => {
                self.numbers::<Decimal128Type>(writing, cells, index, rejects, |t| number::decimal(t.as_bytes(), *scale))
            }
            Parse::Date(DateFormat::Pattern(p)) => self.values::<Date32Type>(cells, index, rejects, |t| p.day(t)),
            Parse::Date(DateFormat::Order(order)) => self.values::<Date32Type>(cells, index, rejects, |t| day(t, *order)),
            Parse::Date(DateFormat::PerFile(orders)) => {
                let order = orders[cells.file];
                self.values::<Date32Type>(cells, index, rejects, |t| day(t, order))
            }
            Parse::Timestamp { format, zoned, bare } => {
                let order = match format {
                    DateFormat::Pattern(p) => {
                        return self.values::<TimestampMicrosecondType>(cells, index, rejects, |t| p.micros(t));
                    }
                    DateFormat::Order(order) => *order,
                    DateFormat::PerFile(orders) => orders[cells.file],
                };
                self.values::<TimestampMicrosecondType>(cells, index, rejects, |t| {
                    if *bare { day(t, order).map(|d| i64::from(d) * DAY) } else { instant(t, order, *zoned) }
                })
            }
            Parse::Time(Some(p)) => self.values::<Time64MicrosecondType>(cells, index, rejects, |t| p.time(t)),
            Parse::Time(None) => self.values::<Time64MicrosecondType>(cells, index, rejects, |t| {
                clock::clock(t.as_bytes()).filter(|c| c.offset.is_none()).map(|c| c.micros)
            }),
            Parse::Duration { months: true } => self.values::<IntervalYearMonthType>(cells, index, rejects, |t| {
                duration(t.as_bytes()).filter(|d| d.micros == 0).map(|d| d.months)
            }),
            Parse::Duration { months: false } => self.values::<DurationMicrosecondType>(cells, index, rejects, |t| {
                duration(t.as_bytes()).filter(|d| d.months == 0).map(|d| d.micros)
            }),
            Parse::List { item, delimiter } => self.lists(item, delimiter, cells, index, rejects),
            Parse::Point(format) => self.points(*format, cells, index, rejects),
        }
    }

    /// Calls `put` for each row with its trimmed text, or `None` where there is no value; `put` says whether the text fits.
    fn each(&self, cells: &Cells, index: usize, rejects: &mut Vec<CellReject>, mut put: impl FnMut(Option<&str>) -> bool) {
        for (row, cell) in cells.column(index).enumerate() {
            match cell.kind {
                CellKind::Absent => {
                    put(None);
                }
                CellKind::Undecodable => {
                    put(None);
                    rejects.push(undecodable(row, index, cells));
                }
                CellKind::Plain | CellKind::String | CellKind::Scalar | CellKind::Nested => {
                    let text = cell.text.trim_ascii();
                    if text.is_empty() || self.missing.has(cell.text) || self.missing.has(text) {
                        put(None);
                    } else if !put(Some(text)) {
                        rejects.push(self.misfit(row, cell));
                    }
                }
            }
        }
    }

    /// The reject of a cell whose text is not of the column's type.
    fn misfit(&self, row: usize, cell: Cell<'_>) -> CellReject {
        CellReject {
            row,
            raw: cell.text.to_owned(),
            expected: self.expected.clone(),
            reason: format!("is not {} {}", article(&self.expected), self.expected),
        }
    }

    /// Numbers, which `parse` takes in plain writing.
    fn numbers<T: ArrowPrimitiveType>(
        &self,
        writing: &Writing,
        cells: &Cells,
        index: usize,
        rejects: &mut Vec<CellReject>,
        parse: impl Fn(&str) -> Option<T::Native>,
    ) -> ArrayRef {
        match writing {
            Writing::Plain => self.values::<T>(cells, index, rejects, parse),
            Writing::Marked(style) => self.values::<T>(cells, index, rejects, |t| marked(t, *style, &parse)),
            Writing::Declared(marks) => {
                let mut scratch = String::new();
                self.values::<T>(cells, index, rejects, |t| parse(marks.strip(t, &mut scratch)))
            }
        }
    }

    fn values<T: ArrowPrimitiveType>(
        &self,
        cells: &Cells,
        index: usize,
        rejects: &mut Vec<CellReject>,
        mut parse: impl FnMut(&str) -> Option<T::Native>,
    ) -> ArrayRef {
        let mut out = PrimitiveBuilder::<T>::with_capacity(cells.rows()).with_data_type(self.field.data_type().clone());
        self.each(cells, index, rejects, |text| {
            let value = text.map(&mut parse);
            out.append_option(value.flatten());
            value.is_none_or(|v| v.is_some())
        });
        Arc::new(out.finish())
    }

    fn bools(
        &self,
        cells: &Cells,
        index: usize,
        rejects: &mut Vec<CellReject>,
        parse: impl Fn(&str) -> Option<bool>,
    ) -> ArrayRef {
        let mut out = BooleanBuilder::with_capacity(cells.rows());
        self.each(cells, index, rejects, |text| {
            let value = text.map(&parse);
            out.append_option(value.flatten());
            value.is_none_or(|v| v.is_some())
        });
        Arc::new(out.finish())
    }

    /// Text as it stands, blanks included. An empty JSON string is a value; an empty cell of other formats is none, unless declared.
    fn texts(&self, cells: &Cells, index: usize, rejects: &mut Vec<CellReject>) -> ArrayRef {
        let json = matches!(self.parse, Parse::Json(_));
        let mut out = StringViewBuilder::with_capacity(cells.rows());
        for (row, cell) in cells.column(index).enumerate() {
            match cell.kind {
                CellKind::Absent => out.append_null(),
                CellKind::Undecodable => {
                    out.append_null();
                    rejects.push(undecodable(row, index, cells));
                }
                CellKind::Plain | CellKind::Scalar | CellKind::Nested if self.missing.has(cell.text) => out.append_null(),
                CellKind::String if self.missing.is_declared() && self.missing.has(cell.text) => out.append_null(),
                CellKind::String if json => out.append_value(serde_json::Value::from(cell.text).to_string()),
                CellKind::Plain | CellKind::String | CellKind::Scalar | CellKind::Nested => out.append_value(cell.text),
            }
        }
        Arc::new(out.finish())
    }

    /// Text that must be of one form, which `is_right` tells.
    fn checked(&self, cells: &Cells, index: usize, rejects: &mut Vec<CellReject>, is_right: impl Fn(&str) -> bool) -> ArrayRef {
        let mut out = StringViewBuilder::with_capacity(cells.rows());
        self.each(cells, index, rejects, |text| {
            let right = text.is_none_or(&is_right);
            out.append_option(text.filter(|_| right));
            right
        });
        Arc::new(out.finish())
    }

    /// Lists: the items of all cells are converted as one column. A cell with an item that does not fit is rejected whole.
    fn lists(&self, item: &ColumnPlan, delimiter: &str, cells: &Cells, index: usize, rejects: &mut Vec<CellReject>) -> ArrayRef {
        let mut items = Cells { width: 1, ..Cells::default() };
        // For each row how many items it has; `None` where it has no list.
        let mut lengths: Vec<Option<usize>> = Vec::with_capacity(cells.rows());
        self.each(cells, index, rejects, |text| {
            let Some(text) = text else {
                lengths.push(None);
                return true;
            };
            let before = items.spans.len();
            for part in text.split(delimiter) {
                items.spans.push(Span::new(items.text.len(), part.len(), false, CellKind::Plain));
                items.text.push_str(part);
                items.lines.push(0);
            }
            lengths.push(Some(items.spans.len() - before));
            true
        });
        let mut misfits = Vec::new();
        let values = item.convert(&items, Some(0), &mut misfits);
        let mut bad: Vec<bool> = vec![false; items.spans.len()];
        misfits.iter().for_each(|m| bad[m.row] = true);
        let (mut at, mut valid) = (0, Vec::with_capacity(lengths.len()));
        for (row, (length, cell)) in lengths.iter().zip(cells.column(index)).enumerate() {
            let end = at + length.unwrap_or(0);
            let fits = !bad[at..end].contains(&true);
            if !fits {
                rejects.push(self.misfit(row, cell));
            }
            valid.push(length.is_some() && fits);
            at = end;
        }
        let DataType::List(field) = self.field.data_type() else { return values };
        let offsets = OffsetBuffer::from_lengths(lengths.iter().map(|length| length.unwrap_or(0)));
        Arc::new(ListArray::new(Arc::clone(field), offsets, values, Some(NullBuffer::from(valid))))
    }

    fn points(&self, format: PointFormat, cells: &Cells, index: usize, rejects: &mut Vec<CellReject>) -> ArrayRef {
        let mut out = ListBuilder::with_capacity(Float64Builder::with_capacity(2 * cells.rows()), cells.rows());
        self.each(cells, index, rejects, |text| {
            let point = text.map(|text| point(text, format));
            match point.flatten() {
                Some(degrees) => {
                    out.values().append_slice(&degrees);
                    out.append(true);
                }
                None => out.append(false),
            }
            point.is_none_or(|p| p.is_some())
        });
        Arc::new(out.finish())
    }
}

fn undecodable(row: usize, index: usize, cells: &Cells) -> CellReject {
    let (raw, reason) = cells.undecodable(row, index);
    CellReject { row, raw, expected: "text in the file's encoding".to_owned(), reason }
}

/// A number in a style: all that stands around its digits is taken off. An infinity has none. `None` when it is written otherwise.
fn marked<T>(text: &str, style: Style, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    // A plain number reads the same in every style with a decimal point, and one with an exponent has no other.
    let is_plain = |s: number::Shape| s.integer || s.exponent || style.bit() & Style::POINTS != 0;
    if number::shape(text.as_bytes()).is_some_and(is_plain) {
        return parse(text);
    }
    match marks::written(text) {
        Some(written) if written.styles() & style.bit() != 0 => parse(written.plain(style).text()),
        Some(_) => None,
        None => parse(text),
    }
}

/// A date; one with a time of day only when that is midnight, which says no more than the date.
fn day(text: &str, order: Order) -> Option<i32> {
    let date = calendar::dateish(text.as_bytes())?;
    let midnight = date.rest().is_empty() || clock::clock_after_date(date.rest())?.micros == 0;
    midnight.then(|| date.day(order))?
}

fn instant(text: &str, order: Order, zoned: bool) -> Option<i64> {
    let date = calendar::dateish(text.as_bytes())?;
    let clock = clock::clock_after_date(date.rest())?;
    (clock.offset.is_some() == zoned).then_some(())?;
    Some(clock::micros(date.day(order)?, clock))
}

/// Whether a text is JSON that opens with this bracket.
fn is_json(text: &str, open: char) -> bool {
    text.starts_with(open) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// XML Schema's `gYearMonth` without a zone.
fn is_year_month(text: &str) -> bool {
    let Some((year, month)) = text.rsplit_once('-') else { return false };
    let year = year.strip_prefix('-').unwrap_or(year);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    year.len() >= 4 && digits(year) && month.len() == 2 && digits(month) && (1..=12).contains(&month.parse().unwrap_or(0))
}

/// Longitude and latitude.
fn point(text: &str, format: PointFormat) -> Option<[f64; 2]> {
    let degrees = match format {
        PointFormat::Text => {
            let (lon, lat) = text.split_once(',')?;
            [number::double(lon.trim(), false)?, number::double(lat.trim(), false)?]
        }
        PointFormat::Array => serde_json::from_str::<[f64; 2]>(text).ok()?,
        PointFormat::Object => {
            let found: serde_json::Value = serde_json::from_str(text).ok()?;
            [found.get("lon")?.as_f64()?, found.get("lat")?.as_f64()?]
        }
    };
    (degrees[0].abs() <= 180.0 && degrees[1].abs() <= 90.0).then_some(degrees)
}
