//! Reasons: why a NULL is one, for `missing_reason(column)`. A column that can have more than one reason has a companion in the snapshot,
//! which is NULL where there is a value, and where the cell was simply empty.

use std::borrow::Cow;
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
        // Any text fits a text, and every cell has proven the type that is inferred.
        let rejects = self.declared && self.parse != Parse::Text;
        codes || rejects || self.missing.tokens.len() > 0
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
    fn reason<'a>(&'a self, cell: Cell<'a>) -> Option<Cow<'a, str>> {
        match cell.kind {
            CellKind::Absent => (!cell.text.is_empty()).then(|| Cow::Owned(format!("rejected: {}", cell.text))),
            CellKind::Undecodable => Some(Cow::Borrowed("rejected: holds bytes that the encoding does not have")),
            CellKind::Plain | CellKind::String | CellKind::Scalar | CellKind::Nested => {
                let text = cell.text.trim_ascii();
                let codes = self.missing.declared.as_deref().unwrap_or_default();
                let code = codes.iter().find(|c| c.value == cell.text).or_else(|| codes.iter().find(|c| c.value == text));
                match code {
                    Some(MissingValue { label: Some(label), .. }) => Some(Cow::Borrowed(label)),
                    Some(MissingValue { value, label: None }) => (!value.is_empty()).then_some(Cow::Borrowed(value)),
                    None if self.missing.tokens.has(text) => Some(Cow::Borrowed(text)),
                    // Empty, or what a database writes for it.
                    None if text.is_empty() || self.missing.has(text) => None,
                    None => {
                        let (shown, expected) = (clip(text, SHOWN), &self.expected);
                        Some(Cow::Owned(format!("rejected: {shown:?} is not {} {expected}", article(expected))))
                    }
                }
            }
        }
    }
}
