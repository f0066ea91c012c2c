//! Aggregates that give one of their values, or all in an array, and so show them as their argument is shown: of its scale, and of the type that
//! its field is marked as.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature, StatisticsArgs,
};

use crate::engine::marks;

/// Puts these in place of DataFusion's.
pub fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for (name, gathers) in
        [("min", false), ("max", false), ("first_value", false), ("last_value", false), ("nth_value", false), ("array_agg", true)]
    {
        let keeping = Keeping { of: registry.udaf(name)?, gathers };
        registry.register_udaf(Arc::new(AggregateUDF::from(keeping)))?;
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Keeping {
    of: Arc<AggregateUDF>,
    /// Whether it gives an array.
    gathers: bool,
}

impl Keeping {
    fn over(&self, of: Arc<AggregateUDF>) -> Arc<AggregateUDF> {
        Arc::new(AggregateUDF::from(Self { of, gathers: self.gathers }))
    }
}

impl AggregateUDFImpl for Keeping {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn aliases(&self) -> &[String] {
        self.of.aliases()
    }

    fn signature(&self) -> &Signature {
        self.of.signature()
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.of.coerce_types(arguments)
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.of.return_type(arguments)
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        let field = Arc::unwrap_or_clone(self.of.return_field(fields)?);
        let Some(argument) = fields.first() else { return Ok(Arc::new(field)) };
        if self.gathers {
            return Ok(Arc::new(marks::gathered(field, argument)));
        }
        // The greatest of names is a text, as PostgreSQL's functions have it.
        let is_text = ["min", "max"].contains(&self.of.name()) && marks::of(argument).is_some_and(|pg| pg.category == 'S');
        Ok(Arc::new(if is_text { field } else { marks::same(field, argument) }))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.of.accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.of.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.of.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        self.of.create_groups_accumulator(args)
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.of.create_sliding_accumulator(args)
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.of.order_sensitivity()
    }

    /// A window that runs the other way, which another window's order suggests, would gather its rows the other way round.
    fn reverse_expr(&self) -> ReversedUDAF {
        if self.gathers {
            return ReversedUDAF::NotSupported;
        }
        match self.of.reverse_udf() {
            ReversedUDAF::Identical => ReversedUDAF::Identical,
            ReversedUDAF::NotSupported => ReversedUDAF::NotSupported,
            ReversedUDAF::Reversed(of) => ReversedUDAF::Reversed(self.over(of)),
        }
    }

    fn with_beneficial_ordering(self: Arc<Self>, beneficial_ordering: bool) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        let of = self.of.as_ref().clone().with_beneficial_ordering(beneficial_ordering)?;
        Ok(of.map(|of| Arc::new(Self { of: Arc::new(of), gathers: self.gathers }) as Arc<dyn AggregateUDFImpl>))
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.of.supports_null_handling_clause()
    }

    fn is_nullable(&self) -> bool {
        self.of.is_nullable()
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.of.default_value(data_type)
    }

    fn is_descending(&self) -> Option<bool> {
        self.of.is_descending()
    }

    fn value_from_stats(&self, statistics: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.of.value_from_stats(statistics)
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.of.inner().set_monotonicity(data_type)
    }
}
