//! `@>`, `<@` and `&&` of arrays, and elements looked for: NULLs are equal to nothing.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::DataFusionError;
use datafusion::error::Result;
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;

use super::change::flat;
use crate::engine::functions::function::{Call, Function, Gives, Type::*};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("array_contains_all", &[&[List, List]], Gives::Bool, |call| compare(call, contains)),
        Function::new("array_overlaps", &[&[List, List]], Gives::Bool, |call| compare(call, overlaps)),
    ]
}

/// The elements of both arrays of each row, all dimensions' in one, as comparable bytes.
struct Sides {
    rows: [Rows; 2],
    values: [ArrayRef; 2],
    lists: [ListArray; 2],
}

impl Sides {
    fn of(call: &Call) -> Result<Self> {
        let flat = |i: usize| Ok::<_, DataFusionError>(flat(call.lists(i)?)?.as_list::<i32>().clone());
        let lists = [flat(0)?, flat(1)?];
        let [left, right] = [lists[0].values().data_type().clone(), lists[1].values().data_type().clone()];
        // A literal's elements are of the other side's type.
        let is_literal = |i: usize| call.data_type(i).is_string();
        let common = match (is_literal(0), is_literal(1)) {
            (true, false) => right,
            (false, true) => left,
            _ if left == DataType::Null => right,
            _ if right == DataType::Null => left,
            _ => comparison_coercion(&left, &right)
                .ok_or_else(|| DataFusionError::Plan(format!("arrays of {left} and {right} can't be compared")))?,
        };
        let common = if common == DataType::Null { DataType::Boolean } else { common };
        let values = [arrow::compute::cast(lists[0].values(), &common)?, arrow::compute::cast(lists[1].values(), &common)?];
        let converter = RowConverter::new(vec![SortField::new(common)])?;
        let rows = [converter.convert_columns(&[Arc::clone(&values[0])])?, converter.convert_columns(&[Arc::clone(&values[1])])?];
        Ok(Self { rows, values, lists })
    }

    fn range(&self, side: usize, row: usize) -> Range<usize> {
        let offsets = self.lists[side].value_offsets();
        offsets[row] as usize..offsets[row + 1] as usize
    }

    fn set(&self, side: usize, row: usize) -> HashSet<&[u8]> {
        let known = self.range(side, row).filter(|i| self.values[side].is_valid(*i));
        known.map(|i| self.rows[side].row(i).data()).collect()
    }
}

fn compare(call: &Call, holds: fn(&Sides, usize) -> bool) -> Result<ArrayRef> {
    let sides = Sides::of(call)?;
    call.collect::<bool, BooleanArray>(|row| Ok(Some(holds(&sides, row))))
}

/// Whether the first array has every element of the second.
fn contains(sides: &Sides, row: usize) -> bool {
    let has = sides.set(0, row);
    sides.range(1, row).all(|i| sides.values[1].is_valid(i) && has.contains(sides.rows[1].row(i).data()))
}

fn overlaps(sides: &Sides, row: usize) -> bool {
    let has = sides.set(0, row);
    sides.range(1, row).any(|i| sides.values[1].is_valid(i) && has.contains(sides.rows[1].row(i).data()))
}
