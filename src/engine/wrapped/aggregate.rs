//! Aggregates. Each also runs over a window's moving frame: what DataFusion's can't take out of its total again is [counted anew](Moving).

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams, WindowFunctionParams};
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, Expr, GroupsAccumulator, Operator, ReversedUDAF, SetMonotonicity,
    Signature, StatisticsArgs,
};

use super::moving::Moving;

/// What is otherwise than the aggregate has it.
pub trait Aggregate: Clone + Debug + Eq + Hash + Send + Sync + 'static {
    /// The field of the result.
    fn return_field(&self, of: &AggregateUDF, fields: &[FieldRef]) -> Result<FieldRef> {
        of.return_field(fields)
    }

    /// Whether it may be given a window's rows the other way round.
    fn is_reversible(&self) -> bool {
        true
    }
}

/// Nothing is changed but that it runs over moving frames.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AsItIs;

impl Aggregate for AsItIs {}

/// An aggregate with a change.
pub fn wrapped(of: Arc<AggregateUDF>, change: impl Aggregate) -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(Wrapped { of, change }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Wrapped<C> {
    of: Arc<AggregateUDF>,
    change: C,
}

#[warn(clippy::missing_trait_methods)]
impl<C: Aggregate> AggregateUDFImpl for Wrapped<C> {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn aliases(&self) -> &[String] {
        self.of.aliases()
    }

    fn schema_name(&self, parameters: &AggregateFunctionParams) -> Result<String> {
        self.of.schema_name(parameters)
    }

    fn human_display(&self, parameters: &AggregateFunctionParams) -> Result<String> {
        self.of.human_display(parameters)
    }

    fn window_function_schema_name(&self, parameters: &WindowFunctionParams) -> Result<String> {
        self.of.window_function_schema_name(parameters)
    }

    fn display_name(&self, parameters: &AggregateFunctionParams) -> Result<String> {
        self.of.display_name(parameters)
    }

    fn window_function_display_name(&self, parameters: &WindowFunctionParams) -> Result<String> {
        self.of.window_function_display_name(parameters)
    }

    fn signature(&self) -> &Signature {
        self.of.signature()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.of.coerce_types(types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.of.return_type(types)
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        self.change.return_field(&self.of, fields)
    }

    fn is_nullable(&self) -> bool {
        self.of.is_nullable()
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.of.accumulator(arguments)
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let sliding = self.of.create_sliding_accumulator(arguments.clone())?;
        if sliding.supports_retract_batch() { Ok(sliding) } else { Ok(Box::new(Moving::new(&self.of, &arguments))) }
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.of.state_fields(arguments)
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        self.of.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        self.of.create_groups_accumulator(arguments)
    }

    fn with_beneficial_ordering(self: Arc<Self>, beneficial_ordering: bool) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        let of = self.of.as_ref().clone().with_beneficial_ordering(beneficial_ordering)?;
        let over = |of| Arc::new(Self { of: Arc::new(of), change: self.change.clone() }) as Arc<dyn AggregateUDFImpl>;
        Ok(of.map(over))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.of.order_sensitivity()
    }

    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        self.of.simplify()
    }

    fn simplify_expr_op_literal(
        &self,
        call: &AggregateFunction,
        argument: &Expr,
        op: Operator,
        literal: &Expr,
        argument_is_left: bool,
    ) -> Result<Option<Expr>> {
        self.of.simplify_expr_op_literal(call, argument, op, literal, argument_is_left)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        if !self.change.is_reversible() {
            return ReversedUDAF::NotSupported;
        }
        match self.of.reverse_udf() {
            ReversedUDAF::Reversed(of) => ReversedUDAF::Reversed(wrapped(of, self.change.clone())),
            same @ (ReversedUDAF::Identical | ReversedUDAF::NotSupported) => same,
        }
    }

    fn is_descending(&self) -> Option<bool> {
        self.of.is_descending()
    }

    fn value_from_stats(&self, statistics: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.of.value_from_stats(statistics)
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.of.default_value(data_type)
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.of.supports_null_handling_clause()
    }

    fn supports_within_group_clause(&self) -> bool {
        self.of.supports_within_group_clause()
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.of.documentation()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.of.inner().set_monotonicity(data_type)
    }
}
