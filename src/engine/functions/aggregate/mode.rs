//! `mode() WITHIN GROUP (ORDER BY x)`: the most frequent value, the first of them where there are several.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt64Array};
use arrow::compute::SortOptions;
use arrow::datatypes::FieldRef;
use datafusion::error::Result;

use super::gathered::{Kind, Values};
use crate::engine::functions::function::{outward, undefined};

pub(super) const MODE: Kind = Kind { name: "mode", gives, finish, known: true, within_group: true };

fn gives(fields: &[FieldRef]) -> Result<FieldRef> {
    let [of] = fields else { return Err(outward(undefined("mode", fields))) };
    Ok(Arc::new(of.as_ref().clone().with_nullable(true)))
}

fn finish(values: &Values) -> Result<ArrayRef> {
    let column = &values.grouped.columns[0];
    let compare = arrow::array::make_comparator(column, column, SortOptions::default())?;
    let best = (0..values.grouped.groups()).map(|group| {
        let range = values.grouped.range(group);
        let (mut best, mut most, mut from) = (None, 0, range.start);
        for i in range.clone() {
            if i + 1 == range.end || compare(i, i + 1).is_ne() {
                if i + 1 - from > most {
                    (best, most) = (Some(i as u64), i + 1 - from);
                }
                from = i + 1;
            }
        }
        best
    });
    let best: UInt64Array = best.collect();
    Ok(arrow::compute::take(column, &best, None)?)
}
