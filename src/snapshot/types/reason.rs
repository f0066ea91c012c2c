//! Reasons: why a NULL is one, for `missing_reason(column)`. A column that can have more than one reason has a companion in the snapshot,
//! which is NULL where there is a value, and where the cell was simply empty.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewBuilder, new_null_array};
use arrow::datatypes::DataType;

use super::{ColumnPlan, Parse, article};
use crate::descriptor::MissingValue;
use crate::name::clip;
use crate::snapshot::cells::{Cell, CellKind, Cells};

/// The reason of a column that a row's file does not have.
const NOT_IN_FILE: &str = "not in the file";

/// How much of a rejected text its reason shows, in bytes; the reject holds all of it.
const SHOWN: usize = 80;

impl ColumnPlan {
    /// Whether a NULL may have another reason than an empty cell, by what is declared or inferred of the column.
    pub(in crate::snapshot) fn has_reasons(&self) -> bool {
        let codes = self.missing.declared.iter().flatten().any(|code| !code.value.is_empty() || code.label.is_some());
        let typed = match self.parse {
            Parse::Text => false,
            Parse::Json(_)
            | Parse::YearMonth
            | Parse::Bool(_)
            | Parse::Integer(_)
            | Parse::Double(_)
            | Parse::Decimal { .. }
            | Parse::Date(_)
            | Parse::Timestamp { .. }
            | Parse::Time(_)
            | Parse::Duration { .. }
            | Parse::List { .. }
            | Parse::Point(_) => self.declared,
        };
        codes || typed || self.missing.tokens.len() > 0
    }

    /// The reasons of the NULLs of `values`, which were made of a batch's column `index`.
    pub(in crate::snapshot) fn reasons(&self, cells: &Cells, index: Option<usize>, values: &dyn Array) -> ArrayRef {
        if values.null_count() == 0 {
            return new_null_array(&DataType::Utf8View, values.len());
        }
        let mut out = StringViewBuilder::with_capacity(values.len());
        let Some(index) = index else {
            (0..values.len()).for_each(|_| out.append_value(NOT_IN_FILE));
            return Arc::new(out.finish());
        };
        for (row, cell) in cells.column(index).enumerate() {
            match values.is_null(row).then(|| self.reason(cell)).flatten() {
                Some(reason) => out.append_value(reason),
                None => out.append_null(),
            }
        }
        Arc::new(out.finish())
    }

    /// Why a cell gave no value; `None` for an empty one.
    fn reason(&self, cell: Cell<'_>) -> Option<String> {
        match cell.kind {
            CellKind::Absent => None,
            CellKind::Undecodable => Some("rejected: holds bytes that the encoding does not have".to_owned()),
            CellKind::Plain | CellKind::String | CellKind::Scalar | CellKind::Nested => {
                let text = cell.text.trim_ascii();
                let codes = self.missing.declared.as_deref().unwrap_or_default();
                let code = codes.iter().find(|c| c.value == cell.text).or_else(|| codes.iter().find(|c| c.value == text));
                match code {
                    Some(MissingValue { label: Some(label), .. }) => Some(label.clone()),
                    Some(MissingValue { value, label: None }) => (!value.is_empty()).then(|| value.clone()),
                    None if text.is_empty() => None,
                    None if self.missing.tokens.has(text) => Some(text.to_owned()),
                    None => {
                        Some(format!("rejected: {:?} is not {} {}", clip(text, SHOWN), article(&self.expected), self.expected))
                    }
                }
            }
        }
    }
}
