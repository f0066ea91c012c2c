//! `WITH RECURSIVE`: the type of each column is that of the first term, once its numbers are settled. The planner has given the second
//! term, and the rows of the round before that it reads, the types that the first one had until then.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::datasource::cte_worktable::CteWorkTable;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::expr::{Alias, Cast};
use datafusion::logical_expr::expr_rewriter::coerce_plan_expr_for_schema;
use datafusion::logical_expr::logical_plan::TableScanBuilder;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Projection, RecursiveQuery, TableScan};

use super::relations::showing;
use super::{settled, types};
use crate::engine::numeric::convert::UNCONSTRAINED;
use crate::engine::same;
use crate::table::pg_value::ShownScale;

/// Settles a recursive query as a whole, first term first; every other node is left to those that come up from below.
pub(super) fn recursion(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::RecursiveQuery(query) = plan else { return Ok(Transformed::no(plan)) };
    let free: Vec<bool> = (0..query.static_term.schema().fields().len()).map(|i| is_free(&query.static_term, i)).collect();
    let planned = query.static_term.schema().inner().fields().clone();
    let first = roomy(settled(Arc::unwrap_or_clone(query.static_term))?, &free)?;
    let fields = first.schema().inner().fields();
    let second = Arc::unwrap_or_clone(query.recursive_term);
    let second = if planned.iter().zip(fields).all(|(p, f)| p.data_type() == f.data_type()) {
        second
    } else {
        let nullable: Vec<FieldRef> = fields.iter().map(|f| Arc::new(f.as_ref().clone().with_nullable(true))).collect();
        reading(uncast(second, &free)?, &query.name, &Arc::new(Schema::new(nullable)))?
    };
    let second = coerce_plan_expr_for_schema(settled(second)?, first.schema())?;
    let differ = first.schema().fields().iter().zip(second.schema().fields()).any(|(a, b)| a.metadata() != b.metadata());
    let second = if differ { told(second, first.schema())? } else { second };
    let query = RecursiveQuery::try_new(query.name, Arc::new(first), Arc::new(second), query.is_distinct)?;
    Ok(Transformed::new(LogicalPlan::RecursiveQuery(query), true, TreeNodeRecursion::Jump))
}

/// The second term, whose columns' fields tell what the first one's do: the scale they show, the type they stand for, the comment of a published
/// column. A recursion wants all of it to be equal.
fn told(second: LogicalPlan, first: &DFSchema) -> Result<LogicalPlan> {
    let columns = second.schema().iter().zip(first.fields()).map(|((qualifier, field), as_of)| {
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        if field.metadata() == as_of.metadata() {
            return column;
        }
        same::with_metadata(column, "of_first_term", as_of.metadata()).alias_qualified(qualifier.cloned(), field.name())
    });
    let columns: Vec<Expr> = columns.collect();
    LogicalPlanBuilder::from(second).project(columns)?.build()
}

/// Whether a column of the first term is a decimal whose digits nobody gave: neither a cast nor a table's column.
fn is_free(first: &LogicalPlan, column: usize) -> bool {
    let LogicalPlan::Projection(projection) = first else { return false };
    match projection.expr.get(column).map(bare) {
        // The names that the statement gives stand in a projection of their own.
        Some(Expr::Column(of)) => {
            projection.input.schema().maybe_index_of_column(of).is_some_and(|i| is_free(&projection.input, i))
        }
        Some(Expr::Cast(_)) | None => false,
        Some(_) => types::decimal(first.schema().field(column).data_type()).is_some(),
    }
}

/// The first term with room in its free columns for what later rounds make of them.
fn roomy(first: LogicalPlan, free: &[bool]) -> Result<LogicalPlan> {
    let is_free = |i: usize, data_type: &DataType| free.get(i) == Some(&true) && types::decimal(data_type).is_some();
    if !first.schema().fields().iter().enumerate().any(|(i, f)| is_free(i, f.data_type())) {
        return Ok(first);
    }
    let (mut fields, mut scales) = (Vec::new(), Vec::new());
    for (i, (qualifier, field)) in first.schema().iter().enumerate() {
        let is_free = is_free(i, field.data_type());
        let least = types::decimal(field.data_type()).map_or(0, |(_, scale)| i32::from(scale));
        scales.push(is_free.then(|| types::shown(field).0.unwrap_or(ShownScale::Trimmed { least })));
        let field = if is_free { Arc::new(field.as_ref().clone().with_data_type(UNCONSTRAINED)) } else { Arc::clone(field) };
        fields.push((qualifier.cloned(), field));
    }
    let schema = DFSchema::new_with_metadata(fields, first.schema().metadata().clone())?;
    showing(coerce_plan_expr_for_schema(first, &schema)?, &scales)
}

/// The second term without the casts of its free columns to what the first one's were.
fn uncast(second: LogicalPlan, free: &[bool]) -> Result<LogicalPlan> {
    let LogicalPlan::Projection(projection) = second else { return Ok(second) };
    let expr = projection.expr.into_iter().zip(free.iter().chain(std::iter::repeat(&false)));
    let expr = expr.map(|(expr, free)| if *free { inside(expr) } else { expr });
    Ok(LogicalPlan::Projection(Projection::try_new(expr.collect(), projection.input)?))
}

fn inside(expr: Expr) -> Expr {
    match expr {
        Expr::Alias(Alias { expr, relation, name, .. }) => inside(*expr).alias_qualified(relation, name),
        Expr::Cast(Cast { expr, .. }) => *expr,
        other => other,
    }
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

/// The second term over a table of these columns for the rows of the round before.
fn reading(second: LogicalPlan, name: &str, schema: &SchemaRef) -> Result<LogicalPlan> {
    let source = provider_as_source(Arc::new(CteWorkTable::new(name, Arc::clone(schema))));
    let is_round_before = |scan: &TableScan| {
        let provider = source_as_provider(&scan.source).ok();
        provider.as_ref().and_then(|p| p.downcast_ref::<CteWorkTable>()).is_some_and(|table| table.name() == name)
    };
    let plan = second.transform_up_with_subqueries(|plan| match plan {
        LogicalPlan::TableScan(scan) if is_round_before(&scan) => {
            let of_this = TableScanBuilder::new(scan.table_name, Arc::clone(&source)).with_projection(scan.projection);
            let scan = of_this.with_filters(scan.filters).with_fetch(scan.fetch).build()?;
            Ok(Transformed::yes(LogicalPlan::TableScan(scan)))
        }
        LogicalPlan::TableScan(_) | LogicalPlan::EmptyRelation(_) | LogicalPlan::Values(_) => Ok(Transformed::no(plan)),
        other => Ok(Transformed::yes(other.recompute_schema()?)),
    });
    Ok(plan?.data)
}
