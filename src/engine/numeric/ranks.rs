//! Window functions whose results DataFusion gives other fields: `row_number` and its like are `bigint` and `ntile` is `integer`, where
//! DataFusion's are unsigned; `lag` and its like give one of their argument's values, and so show it as that is shown.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::{SortOptions, cast};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::function::{ExpressionArgs, PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::window_state::WindowAggState;
use datafusion::logical_expr::{LimitEffect, PartitionEvaluator, ReversedUDWF, Signature, WindowUDF, WindowUDFImpl};
use datafusion::physical_plan::PhysicalExpr;

use crate::engine::marks;

/// Puts these in place of DataFusion's.
pub fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for (name, result) in
        [("row_number", DataType::Int64), ("rank", DataType::Int64), ("dense_rank", DataType::Int64), ("ntile", DataType::Int32)]
    {
        let of = registry.udwf(name)?;
        registry.register_udwf(Arc::new(WindowUDF::from(Counting { of, result: Some(result) })))?;
    }
    for name in ["lag", "lead", "first_value", "last_value", "nth_value"] {
        let of = registry.udwf(name)?;
        registry.register_udwf(Arc::new(WindowUDF::from(Counting { of, result: None })))?;
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Counting {
    of: Arc<WindowUDF>,
    /// The type of a count; `None` of those that give one of their argument's values.
    result: Option<DataType>,
}

impl WindowUDFImpl for Counting {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn signature(&self) -> &Signature {
        self.of.signature()
    }

    fn expressions(&self, args: ExpressionArgs<'_>) -> Vec<Arc<dyn PhysicalExpr>> {
        self.of.expressions(args)
    }

    fn partition_evaluator(&self, args: PartitionEvaluatorArgs<'_>) -> Result<Box<dyn PartitionEvaluator>> {
        let of = self.of.partition_evaluator_factory(args)?;
        match &self.result {
            Some(result) => Ok(Box::new(Signed { of, result: result.clone() })),
            None => Ok(of),
        }
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        let argument = args.input_fields().first().cloned();
        let field = self.of.field(args)?;
        let Some(result) = &self.result else {
            let Some(argument) = argument.filter(|a| a.data_type() == field.data_type()) else { return Ok(field) };
            return Ok(Arc::new(marks::same(Arc::unwrap_or_clone(field), &argument)));
        };
        Ok(Arc::new(Field::new(field.name(), result.clone(), field.is_nullable())))
    }

    fn sort_options(&self) -> Option<SortOptions> {
        self.of.sort_options()
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.of.coerce_types(arguments)
    }

    fn reverse_expr(&self) -> ReversedUDWF {
        match self.of.reverse_expr() {
            ReversedUDWF::Identical => ReversedUDWF::Identical,
            // What counts from the other end would be DataFusion's again.
            ReversedUDWF::Reversed(of) if self.result.is_none() => {
                ReversedUDWF::Reversed(Arc::new(WindowUDF::from(Self { of, result: None })))
            }
            ReversedUDWF::NotSupported | ReversedUDWF::Reversed(_) => ReversedUDWF::NotSupported,
        }
    }

    fn limit_effect(&self, args: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        self.of.inner().limit_effect(args)
    }
}

/// Counts as the signed type.
#[derive(Debug)]
struct Signed {
    of: Box<dyn PartitionEvaluator>,
    result: DataType,
}

impl PartitionEvaluator for Signed {
    fn memoize(&mut self, state: &mut WindowAggState) -> Result<()> {
        self.of.memoize(state)
    }

    fn get_range(&self, row: usize, rows: usize) -> Result<Range<usize>> {
        self.of.get_range(row, rows)
    }

    fn is_causal(&self) -> bool {
        self.of.is_causal()
    }

    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        Ok(cast(&self.of.evaluate_all(values, rows)?, &self.result)?)
    }

    fn evaluate(&mut self, values: &[ArrayRef], range: &Range<usize>) -> Result<ScalarValue> {
        self.of.evaluate(values, range)?.cast_to(&self.result)
    }

    fn evaluate_all_with_rank(&self, rows: usize, ranks: &[Range<usize>]) -> Result<ArrayRef> {
        Ok(cast(&self.of.evaluate_all_with_rank(rows, ranks)?, &self.result)?)
    }

    fn supports_bounded_execution(&self) -> bool {
        self.of.supports_bounded_execution()
    }

    fn uses_window_frame(&self) -> bool {
        self.of.uses_window_frame()
    }

    fn include_rank(&self) -> bool {
        self.of.include_rank()
    }
}
