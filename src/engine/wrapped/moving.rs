//! A total over a window's moving frame, of an aggregate that can't take values out again: the frame's values are kept, and the total is made anew of
//! them for each row, as PostgreSQL does it.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{FieldRef, Schema};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{Accumulator, AggregateUDF};
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr};

/// The values of a frame, and the call that they are arguments of.
#[derive(Debug)]
pub struct Moving {
    of: Arc<AggregateUDF>,
    return_field: FieldRef,
    schema: Schema,
    ignore_nulls: bool,
    order_bys: Vec<PhysicalSortExpr>,
    is_reversed: bool,
    name: String,
    is_distinct: bool,
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    expr_fields: Vec<FieldRef>,
    frame: VecDeque<Vec<ArrayRef>>,
}

impl Moving {
    /// An empty frame.
    pub fn new(of: &Arc<AggregateUDF>, call: &AccumulatorArgs<'_>) -> Self {
        Self {
            of: Arc::clone(of),
            return_field: Arc::clone(&call.return_field),
            schema: call.schema.clone(),
            ignore_nulls: call.ignore_nulls,
            order_bys: call.order_bys.to_vec(),
            is_reversed: call.is_reversed,
            name: call.name.to_owned(),
            is_distinct: call.is_distinct,
            exprs: call.exprs.to_vec(),
            expr_fields: call.expr_fields.to_vec(),
            frame: VecDeque::new(),
        }
    }

    /// The total of the frame.
    fn total(&self) -> Result<Box<dyn Accumulator>> {
        let mut total = self.of.accumulator(AccumulatorArgs {
            return_field: Arc::clone(&self.return_field),
            schema: &self.schema,
            ignore_nulls: self.ignore_nulls,
            order_bys: &self.order_bys,
            is_reversed: self.is_reversed,
            name: &self.name,
            is_distinct: self.is_distinct,
            exprs: &self.exprs,
            expr_fields: &self.expr_fields,
        })?;
        self.frame.iter().try_for_each(|values| total.update_batch(values))?;
        Ok(total)
    }
}

fn rows(values: &[ArrayRef]) -> usize {
    values.first().map_or(0, |v| v.len())
}

impl Accumulator for Moving {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        if rows(values) > 0 {
            self.frame.push_back(values.to_vec());
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let mut gone = rows(values);
        while gone > 0
            && let Some(first) = self.frame.pop_front()
        {
            let length = rows(&first);
            if gone < length {
                self.frame.push_front(first.iter().map(|v| v.slice(gone, length - gone)).collect());
            }
            gone = gone.saturating_sub(length);
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.total()?.evaluate()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.total()?.state()
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        datafusion::common::internal_err!("totals of moving frames are not merged")
    }

    fn size(&self) -> usize {
        // Of a batch that several frames have parts of, each counts its own.
        let bytes = |values: &ArrayRef| values.to_data().get_slice_memory_size().unwrap_or_default();
        size_of_val(self) + self.frame.iter().flatten().map(bytes).sum::<usize>()
    }
}
