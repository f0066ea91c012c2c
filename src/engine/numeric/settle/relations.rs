//! Relations whose columns come from several expressions: `VALUES` and `UNION`.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::coerce_plan_expr_for_schema;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Union, Values};

use super::super::{shown, types};
use super::{common, settle, to};
use crate::table::pg_value::ShownScale;

/// `VALUES`, each column of the type that its numbers meet in. DataFusion has brought them to a type already, by rules of its own.
pub(super) fn list_of_values(Values { schema, mut values }: Values) -> Result<Transformed<LogicalPlan>> {
    let empty = DFSchema::empty();
    let mut fields = Vec::new();
    for (column, (qualifier, field)) in schema.iter().enumerate() {
        let is_decimal = types::decimal(field.data_type()).is_some();
        let mut cells = Vec::with_capacity(values.len());
        for row in &mut values {
            let cell = match std::mem::take(&mut row[column]) {
                Expr::Cast(cast) if is_decimal && cast.field.data_type() == field.data_type() => *cast.expr,
                cell => cell,
            };
            cells.push(cell.transform_up(|expr| settle(expr, &empty))?.data);
        }
        let found = if is_decimal { common(&cells, &empty, types::for_result) } else { None };
        let data_type = found.unwrap_or_else(|| field.data_type().clone());
        let mut told = field.as_ref().clone().with_data_type(data_type.clone());
        if let Some(shown) = shown::of_choices(&cells, &empty).filter(|_| types::decimal(&data_type).is_some()) {
            told = shown.mark(told);
        }
        for (row, cell) in values.iter_mut().zip(cells) {
            row[column] = if types::plain(&data_type).is_some() { to(cell, &data_type, &empty)? } else { cell };
        }
        fields.push((qualifier.cloned(), Arc::new(told)));
    }
    let schema = Arc::new(DFSchema::new_with_metadata(fields, schema.metadata().clone())?);
    Ok(Transformed::yes(LogicalPlan::Values(Values { schema, values })))
}

/// A union whose inputs have its columns' types, where those are numbers of several types.
pub(super) fn union_of_numbers(union: Union) -> Result<Transformed<LogicalPlan>> {
    let mut changed = false;
    let (mut fields, mut scales) = (Vec::new(), Vec::new());
    for (column, (qualifier, field)) in union.schema.iter().enumerate() {
        let found: Option<Vec<DataType>> =
            union.inputs.iter().map(|i| types::plain(i.schema().field(column).data_type())).collect();
        let common = found.and_then(|found| {
            let differ = found.windows(2).any(|pair| pair[0] != pair[1]);
            let common = found.iter().skip(1).try_fold(found.first()?.clone(), |a, b| types::for_result(&a, b))?;
            differ.then_some(common)
        });
        changed |= common.is_some();
        let inputs: Vec<_> = union.inputs.iter().map(|i| Arc::clone(i.schema().field(column))).collect();
        scales.push(shown::of_fields(&inputs));
        let field = match common {
            Some(common) => Arc::new(field.as_ref().clone().with_data_type(common)),
            None => Arc::clone(union.inputs[0].schema().field(column)),
        };
        fields.push((qualifier.cloned(), field));
    }
    if !changed {
        return Ok(Transformed::no(LogicalPlan::Union(union)));
    }
    let schema = DFSchema::new_with_metadata(fields, union.schema.metadata().clone())?;
    let inputs = union
        .inputs
        .into_iter()
        .map(|input| {
            let coerced = coerce_plan_expr_for_schema(Arc::unwrap_or_clone(input), &schema)?;
            Ok(Arc::new(showing(coerced, &scales)?))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Transformed::yes(LogicalPlan::Union(Union { inputs, schema: Arc::new(schema) })))
}

/// A plan whose columns show these scales.
pub(super) fn showing(plan: LogicalPlan, scales: &[Option<ShownScale>]) -> Result<LogicalPlan> {
    if scales.iter().all(Option::is_none) {
        return Ok(plan);
    }
    let columns: Vec<_> = plan.schema().iter().map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field))).collect();
    let shown = columns.into_iter().zip(scales).map(|((qualifier, field), scale)| {
        let column = Expr::Column(Column::new(qualifier.clone(), field.name()));
        match scale {
            Some(_) => shown::as_found(column, *scale, field.data_type()).alias_qualified(qualifier, field.name()),
            None => column,
        }
    });
    LogicalPlanBuilder::from(plan.clone()).project(shown.collect::<Vec<_>>())?.build()
}
