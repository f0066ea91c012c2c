//! Conversion: a column of text becomes an Arrow array, and what does not fit becomes NULL and a reject.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, PrimitiveBuilder, StringViewBuilder};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float64Type, Int64Type, Time64MicrosecondType, TimestampMicrosecondType,
};

use super::number::{self, Marks};
use super::temporal::{self, Order};
use super::{ColumnPlan, DateFormat, Parse};
use crate::snapshot::cells::{CellKind, Cells};

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
    /// The array of a batch's column `index` (`None` when its file lacks the column), and its rejects.
    pub(in crate::snapshot) fn convert(&self, cells: &Cells, index: Option<usize>, rejects: &mut Vec<CellReject>) -> ArrayRef {
        let Some(index) = index else { return arrow::array::new_null_array(self.field.data_type(), cells.rows()) };
        let mut scratch = String::new();
        match &self.parse {
            Parse::Text | Parse::Json => self.texts(cells, index, rejects),
            Parse::Bool { truths, falsehoods } if truths.is_empty() => self.bools(cells, index, rejects, |t| {
                debug_assert!(falsehoods.is_empty(), "both lists are declared or neither");
                if t.eq_ignore_ascii_case("true") { Some(true) } else { t.eq_ignore_ascii_case("false").then_some(false) }
            }),
            Parse::Bool { truths, falsehoods } => self.bools(cells, index, rejects, |t| {
                if truths.iter().any(|v| v == t) { Some(true) } else { falsehoods.iter().any(|v| v == t).then_some(false) }
            }),
            Parse::Integer(marks) => {
                self.values::<Int64Type>(cells, index, rejects, |t| number::integer(plain(marks, t, &mut scratch).as_bytes()))
            }
            Parse::Double(marks) => {
                self.values::<Float64Type>(cells, index, rejects, |t| number::double(plain(marks, t, &mut scratch), true))
            }
            Parse::Decimal { scale } => {
                self.values::<Decimal128Type>(cells, index, rejects, |t| number::decimal(t.as_bytes(), *scale))
            }
            Parse::Date(DateFormat::Order(order)) => self.values::<Date32Type>(cells, index, rejects, |t| day(t, *order)),
            Parse::Date(DateFormat::Pattern(p)) => self.values::<Date32Type>(cells, index, rejects, |t| p.day(t)),
            Parse::Timestamp { format: DateFormat::Order(order), zoned, bare } => {
                self.values::<TimestampMicrosecondType>(cells, index, rejects, |t| {
                    if *bare { day(t, *order).map(|d| i64::from(d) * 86_400_000_000) } else { instant(t, *order, *zoned) }
                })
            }
            Parse::Timestamp { format: DateFormat::Pattern(p), .. } => {
                self.values::<TimestampMicrosecondType>(cells, index, rejects, |t| p.micros(t))
            }
            Parse::Time(Some(p)) => self.values::<Time64MicrosecondType>(cells, index, rejects, |t| p.time(t)),
            Parse::Time(None) => self.values::<Time64MicrosecondType>(cells, index, rejects, |t| {
                temporal::clock(t.as_bytes()).filter(|c| c.offset.is_none()).map(|c| c.micros)
            }),
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
                        rejects.push(CellReject {
                            row,
                            raw: cell.text.to_owned(),
                            expected: self.expected.clone(),
                            reason: format!("is not {} {}", article(&self.expected), self.expected),
                        });
                    }
                }
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
        let json = matches!(self.parse, Parse::Json);
        let mut out = StringViewBuilder::with_capacity(cells.rows());
        for (row, cell) in cells.column(index).enumerate() {
            match cell.kind {
                CellKind::Absent => out.append_null(),
                CellKind::Undecodable => {
                    out.append_null();
                    rejects.push(undecodable(row, index, cells));
                }
                CellKind::Plain | CellKind::Scalar | CellKind::Nested if self.missing.has(cell.text) => out.append_null(),
                CellKind::String if self.missing.declared.is_some() && self.missing.has(cell.text) => out.append_null(),
                CellKind::String if json => out.append_value(serde_json::Value::from(cell.text).to_string()),
                CellKind::Plain | CellKind::String | CellKind::Scalar | CellKind::Nested => out.append_value(cell.text),
            }
        }
        Arc::new(out.finish())
    }
}

fn undecodable(row: usize, index: usize, cells: &Cells) -> CellReject {
    let (raw, reason) = cells.undecodable(row, index);
    CellReject { row, raw, expected: "text in the file's encoding".to_owned(), reason }
}

fn article(expected: &str) -> &'static str {
    if expected.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn plain<'a>(marks: &Marks, text: &'a str, scratch: &'a mut String) -> &'a str {
    if marks.is_plain() { text } else { marks.strip(text, scratch) }
}

/// A date; one with a time of day only when that is midnight, which says no more than the date.
fn day(text: &str, order: Order) -> Option<i32> {
    let date = temporal::dateish(text.as_bytes())?;
    let midnight = date.rest().is_empty() || temporal::clock_after_date(date.rest())?.micros == 0;
    midnight.then(|| date.day(order))?
}

fn instant(text: &str, order: Order, zoned: bool) -> Option<i64> {
    let date = temporal::dateish(text.as_bytes())?;
    let clock = temporal::clock_after_date(date.rest())?;
    (clock.offset.is_some() == zoned).then_some(())?;
    Some(temporal::micros(date.day(order)?, clock))
}
