//! Functions of single values.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{ExprSchema, Result, ScalarValue};
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ExpressionPlacement, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, StructFieldMapping,
};

/// What is otherwise than the function has it.
pub trait Scalar: Clone + Debug + Eq + Hash + Send + Sync + 'static {
    /// The types that arguments are cast to.
    fn coerce_types(&self, of: &ScalarUDF, types: &[DataType]) -> Result<Vec<DataType>> {
        of.inner().coerce_types(types)
    }

    /// The field of the result.
    fn return_field(&self, of: &ScalarUDF, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        of.inner().return_field_from_args(arguments)
    }

    /// The result.
    fn invoke(&self, of: &ScalarUDF, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        of.invoke_with_args(arguments)
    }
}

/// A function with a change.
pub fn wrapped(of: Arc<ScalarUDF>, change: impl Scalar) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(Wrapped { of, change }))
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Wrapped<C> {
    of: Arc<ScalarUDF>,
    change: C,
}

#[warn(clippy::missing_trait_methods)]
impl<C: Scalar> ScalarUDFImpl for Wrapped<C> {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn aliases(&self) -> &[String] {
        self.of.aliases()
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        #[expect(deprecated, reason = "it is passed on as long as there is one")]
        self.of.inner().display_name(arguments)
    }

    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        self.of.inner().schema_name(arguments)
    }

    fn signature(&self) -> &Signature {
        self.of.signature()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.change.coerce_types(&self.of, types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.of.inner().return_type(types)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        self.change.return_field(&self.of, arguments)
    }

    fn is_nullable(&self, arguments: &[Expr], schema: &dyn ExprSchema) -> bool {
        #[expect(deprecated, reason = "it is passed on as long as there is one")]
        self.of.inner().is_nullable(arguments, schema)
    }

    fn is_strict(&self) -> bool {
        self.of.inner().is_strict()
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let of = self.of.inner().with_updated_config(config)?;
        Some(ScalarUDF::from(Self { of: Arc::new(of), change: self.change.clone() }))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.change.invoke(&self.of, arguments)
    }

    fn simplify(&self, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.of.inner().simplify(arguments, context)
    }

    fn preimage(&self, arguments: &[Expr], literal: &Expr, context: &SimplifyContext) -> Result<PreimageResult> {
        self.of.inner().preimage(arguments, literal, context)
    }

    fn short_circuits(&self) -> bool {
        self.of.inner().short_circuits()
    }

    fn conditional_arguments<'a>(&self, arguments: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.of.inner().conditional_arguments(arguments)
    }

    fn evaluate_bounds(&self, input: &[&Interval]) -> Result<Interval> {
        self.of.inner().evaluate_bounds(input)
    }

    fn propagate_constraints(&self, interval: &Interval, inputs: &[&Interval]) -> Result<Option<Vec<Interval>>> {
        self.of.inner().propagate_constraints(interval, inputs)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.of.inner().output_ordering(inputs)
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.of.inner().preserves_lex_ordering(inputs)
    }

    fn strictly_order_preserving(&self, inputs: &[ExprProperties]) -> Result<bool> {
        self.of.inner().strictly_order_preserving(inputs)
    }

    fn struct_field_mapping(&self, literals: &[Option<ScalarValue>]) -> Option<StructFieldMapping> {
        self.of.inner().struct_field_mapping(literals)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.of.inner().documentation()
    }

    fn placement(&self, arguments: &[ExpressionPlacement]) -> ExpressionPlacement {
        self.of.inner().placement(arguments)
    }
}
