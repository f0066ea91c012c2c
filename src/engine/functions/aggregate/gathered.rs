//! Aggregates that need all values of a group at once, and in order: what they keep is a [`Store`], what they make of it a function over the
//! columns of all groups.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{ScalarValue, exec_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility};
use datafusion::physical_expr::expressions::Literal;

use super::store::{Grouped, Layout, Store, single_states, state_type};
use crate::table::pg_value::Style;

/// The values of all groups, with what is known of the call.
pub(super) struct Values {
    pub grouped: Grouped,
    pub fields: Vec<FieldRef>,
    pub gives: FieldRef,
    /// The arguments that are constants.
    pub constants: Vec<Option<ScalarValue>>,
    pub style: Style,
}

/// What an aggregate of this kind is.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub name: &'static str,
    /// The result's field, or the error of arguments that it does not take.
    pub gives: fn(&[FieldRef]) -> Result<FieldRef>,
    /// One value for each group.
    pub finish: fn(&Values) -> Result<ArrayRef>,
    /// Whether values whose first argument is NULL are left out.
    pub known: bool,
    /// Whether its values stand in `WITHIN GROUP`.
    pub within_group: bool,
}

/// An aggregate. Two are equal when their names are.
#[derive(Clone)]
pub(super) struct Gathered {
    kind: Kind,
    style: Style,
    signature: Signature,
}

impl Gathered {
    pub fn new(kind: Kind, style: &Style) -> Self {
        Self { kind, style: style.clone(), signature: Signature::user_defined(Volatility::Immutable) }
    }

    fn rows(&self, args: &AccumulatorArgs) -> Result<Rows> {
        if args.is_distinct && args.order_bys.iter().any(|by| !args.exprs.contains(&by.expr)) {
            return exec_err!("In an aggregate with DISTINCT, ORDER BY expressions must appear in argument list");
        }
        let order = args.order_bys.iter().map(|by| Ok(by.expr.return_field(args.schema)?.data_type().clone()));
        let types = args.expr_fields.iter().map(|f| Ok(f.data_type().clone())).chain(order).collect::<Result<_>>()?;
        let layout = Layout {
            types,
            arguments: args.expr_fields.len(),
            order: args.order_bys.iter().map(|by| by.options).collect(),
            distinct: args.is_distinct,
            known: self.kind.known,
        };
        let constant = |e: &Arc<dyn datafusion::physical_expr::PhysicalExpr>| {
            e.downcast_ref::<Literal>().map(|literal| literal.value().clone())
        };
        Ok(Rows {
            store: Store::new(layout.clone()),
            layout,
            kind: self.kind,
            fields: args.expr_fields.to_vec(),
            gives: Arc::clone(&args.return_field),
            constants: args.exprs.iter().map(constant).collect(),
            style: self.style.clone(),
        })
    }
}

impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gathered").field(&self.kind.name).finish()
    }
}

impl PartialEq for Gathered {
    fn eq(&self, other: &Self) -> bool {
        self.kind.name == other.kind.name
    }
}

impl Eq for Gathered {}

impl Hash for Gathered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.name.hash(state);
    }
}

impl AggregateUDFImpl for Gathered {
    fn name(&self) -> &str {
        self.kind.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let fields: Vec<FieldRef> = types.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        Ok((self.kind.gives)(&fields)?.data_type().clone())
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        Ok(Arc::new((self.kind.gives)(fields)?.as_ref().clone().with_name(self.kind.name)))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let types = args.input_fields.iter().chain(args.ordering_fields).map(|f| f.data_type().clone());
        Ok(vec![Arc::new(Field::new(format!("{}[values]", args.name), state_type(types), true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(self.rows(&args)?))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.accumulator(args)
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(self.rows(&args)?))
    }

    /// Input that is in order already is not sorted for it: several aggregates of a select may ask for several orders.
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::SoftRequirement
    }

    /// Values are sorted here in any case.
    fn with_beneficial_ordering(self: Arc<Self>, _: bool) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        Ok(Some(self))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::NotSupported
    }

    fn supports_within_group_clause(&self) -> bool {
        self.kind.within_group
    }

    fn supports_null_handling_clause(&self) -> bool {
        false
    }
}

/// The rows of one call, of one group or many.
#[derive(Debug)]
struct Rows {
    store: Store,
    layout: Layout,
    kind: Kind,
    fields: Vec<FieldRef>,
    gives: FieldRef,
    constants: Vec<Option<ScalarValue>>,
    style: Style,
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Rows {
    fn finished(&self, groups: usize) -> Result<ArrayRef> {
        (self.kind.finish)(&Values {
            grouped: self.store.sorted(groups)?,
            fields: self.fields.clone(),
            gives: Arc::clone(&self.gives),
            constants: self.constants.clone(),
            style: self.style.clone(),
        })
    }

    fn emitted(&self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.store.groups(),
            EmitTo::First(n) => n,
        }
    }
}

impl GroupsAccumulator for Rows {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.store.add(values, group_indices, opt_filter, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let groups = self.emitted(emit_to);
        let answer = self.finished(groups)?;
        self.store.forget(groups)?;
        Ok(answer)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = self.emitted(emit_to);
        let state = self.store.state(groups)?;
        self.store.forget(groups)?;
        Ok(vec![state])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        let [states] = values else { return Err(DataFusionError::Internal("a state of one column".to_owned())) };
        self.store.merge(states, group_indices, total_num_groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        Ok(vec![single_states(&self.layout, values, opt_filter)?])
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.store.bytes()
    }
}

impl Accumulator for Rows {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, |v| v.len());
        self.store.add(values, &vec![0; rows], None, 1)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.store.retract(values)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&self.finished(1)?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.store.bytes()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::try_from_array(&self.store.state(1)?, 0)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [states] = states else { return Err(DataFusionError::Internal("a state of one column".to_owned())) };
        self.store.merge(states, &vec![0; states.len()], 1)
    }
}
