//! `@>`, `<@` and `&&` of arrays, and elements looked for: NULLs are equal to nothing.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::DataFusionError;
use datafusion::error::Result;
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;

use super::change::flat;
use crate::engine::functions::function::{Call, Function, Gives, Ranges, Type::*};

pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("array_contains_all", &[&[List, List]], Gives::Bool, |call| compare(call, [0, 1], contains)),
        // The constant's elements are looked up, if one is constant.
        Function::new("array_overlaps", &[&[List, List]], Gives::Bool, |call| {
            let order = if call.ranges(1)?.is_constant() { [1, 0] } else { [0, 1] };
            compare(call, order, overlaps)
        }),
    ]
}

/// The elements of both arrays of each row, all dimensions' in one, as comparable bytes.
struct Sides {
    rows: [Rows; 2],
    values: [ArrayRef; 2],
    lists: [Ranges; 2],
}

impl Sides {
    fn of(call: &Call, [first, second]: [usize; 2]) -> Result<Self> {
        let flat = |i: usize| call.ranges(i)?.mapped(|lists| Ok(flat(lists)?.as_list::<i32>().clone()));
        let lists = [flat(first)?, flat(second)?];
        let [left, right] = [lists[0].values().data_type().clone(), lists[1].values().data_type().clone()];
        // A literal's elements are of the other side's type.
        let is_literal = |i: usize| call.data_type(i).is_string();
        let common = match (is_literal(first), is_literal(second)) {
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
        let rows = [converter.convert_columns(&values[..1])?, converter.convert_columns(&values[1..])?];
        Ok(Self { rows, values, lists })
    }

    /// The first side's elements in a row, but for NULLs.
    fn set(&self, row: usize) -> Elements<'_> {
        let known = self.lists[0].range(row).filter(|i| self.values[0].is_valid(*i));
        known.map(|i| self.rows[0].row(i).data()).collect()
    }

    /// Of the second side's elements in a row, whether the first side has them; NULL is nowhere.
    fn found<'a>(&'a self, has: &'a Elements<'_>, row: usize) -> impl Iterator<Item = bool> + 'a {
        let is_there = |i: usize| self.values[1].is_valid(i) && has.contains(self.rows[1].row(i).data());
        self.lists[1].range(row).map(is_there)
    }
}

type Elements<'a> = HashSet<&'a [u8]>;

fn compare(call: &Call, order: [usize; 2], holds: fn(&Sides, &Elements<'_>, usize) -> bool) -> Result<ArrayRef> {
    let sides = Sides::of(call, order)?;
    let constant = sides.lists[0].is_constant().then(|| sides.set(0));
    call.collect::<bool, BooleanArray>(|row| {
        Ok(Some(match &constant {
            Some(has) => holds(&sides, has, row),
            None => holds(&sides, &sides.set(row), row),
        }))
    })
}

/// Whether the first array has every element of the second.
fn contains(sides: &Sides, has: &Elements<'_>, row: usize) -> bool {
    sides.found(has, row).all(|found| found)
}

fn overlaps(sides: &Sides, has: &Elements<'_>, row: usize) -> bool {
    sides.found(has, row).any(|found| found)
}
