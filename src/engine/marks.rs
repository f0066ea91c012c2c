//! Types that Arrow has no word for (`jsonb`, `uuid`, `name`, `geometry`, `record`) stand in a field's metadata. DataFusion keeps that on columns
//! and casts, and forgets it where values are chosen, gathered or taken out again: there it is put back.

use std::cell::Cell;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, Result};
use datafusion::functions_nested::make_array::make_array_udf;
use datafusion::logical_expr::expr::{AggregateFunction, ScalarFunction, Sort};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    Distinct, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, ReturnFieldArgs, ScalarUDF, Union,
};
use datafusion::optimizer::AnalyzerRule;

use super::{same, wrapped};
use crate::error::{Error, Kind};
use crate::snapshot::field_key;
use crate::table::pg_type::{self, PgType};
use crate::table::pg_value::ShownScale;

/// Functions whose result is one of their arguments.
const CHOICES: [&str; 5] = ["coalesce", "nullif", "greatest", "least", "nvl"];

/// DataFusion's function of arrays, whose result keeps what its elements are.
pub fn make_array() -> Arc<ScalarUDF> {
    wrapped::scalar(make_array_udf(), MakeArray)
}

/// The type that a field is marked as; `None` where Arrow's says it all.
pub fn of(field: &Field) -> Option<&'static PgType> {
    let marked = field.metadata().contains_key(field_key::LOGICAL);
    marked.then(|| PgType::of_field(field)).filter(|pg| *pg != PgType::of(field.data_type()))
}

/// The type that all of several fields are marked as; those that no type is known of yet do not count.
fn of_all<'a>(fields: impl Iterator<Item = &'a FieldRef>) -> Option<&'static PgType> {
    let mut found = None;
    for field in fields.filter(|f| !matches!(f.data_type(), DataType::Null)) {
        match (of(field), found) {
            (None, _) if *field.data_type() == DataType::Utf8 => {}
            (None, _) => return None,
            (Some(pg), None) => found = Some(pg),
            (Some(pg), Some(known)) if pg == known => {}
            (Some(_), Some(_)) => return None,
        }
    }
    found
}

/// The mark of an array of such elements; an array of arrays is one of the innermost elements.
fn array_of(pg: &'static PgType) -> Option<&'static PgType> {
    let array = if pg.element_type().is_some() { pg } else { pg.array_type() };
    (*array != pg_type::TEXT_ARRAY).then_some(array)
}

/// A field of values of another one, shown as that: its decimals, its reference system, its type.
pub fn same(field: Field, as_of: &Field) -> Field {
    let field = shown(field, as_of);
    match of(as_of) {
        Some(pg) => pg_type::marked(field, pg),
        None => field,
    }
}

fn shown(field: Field, as_of: &Field) -> Field {
    let field = match ShownScale::of(as_of) {
        Some(scale) => scale.mark(field),
        None => field,
    };
    let Some(crs) = as_of.metadata().get(field_key::CRS) else { return field };
    let mut metadata = field.metadata().clone();
    metadata.insert(field_key::CRS.to_owned(), crs.clone());
    field.with_metadata(metadata)
}

/// A field of a list with the mark that its elements give it.
pub fn gathered(list: Field, element: &Field) -> Field {
    let list = shown(list, element);
    match of(element).and_then(array_of) {
        Some(array) => pg_type::marked(list, array),
        None => list,
    }
}

/// A field of an array's element with the mark that the array gives it.
pub fn taken(element: Field, list: &Field) -> Field {
    if element.metadata().contains_key(field_key::LOGICAL) || matches!(element.data_type(), DataType::List(_)) {
        return element;
    }
    match of(list).and_then(PgType::element_type) {
        Some(pg) => pg_type::marked(element, pg),
        None => element,
    }
}

/// DataFusion's `make_array`, whose elements keep what they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct MakeArray;

impl wrapped::Scalar for MakeArray {
    fn return_field(&self, of: &ScalarUDF, args: ReturnFieldArgs) -> Result<FieldRef> {
        let (all, first) = (of_all(args.arg_fields.iter()), args.arg_fields.first().cloned());
        let plain = Arc::unwrap_or_clone(of.return_field_from_args(args)?);
        let list = first.map_or(plain.clone(), |first| shown(plain, &first));
        Ok(Arc::new(match all.and_then(array_of) {
            Some(array) => pg_type::marked(list, array),
            None => list,
        }))
    }
}

/// The expression, said to be of a type.
fn marked(expr: Expr, pg: &'static PgType) -> Expr {
    let told = pg_type::marked(Field::new("", DataType::Null, true), pg);
    same::with_metadata(expr, pg.name, told.metadata())
}

/// The expression as plain text.
pub fn as_text(expr: Expr) -> Expr {
    marked(expr, &pg_type::TEXT)
}

/// The rule; it stands behind all that change types.
#[derive(Debug, Default)]
pub struct Marks;

impl AnalyzerRule for Marks {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        // What is above a plan that was changed looks at its columns anew; so does all where subqueries or unions are, which the rules
        // before this one change without telling what is around them.
        let changed = Cell::new(plan.exists(|node| Ok(matches!(node, LogicalPlan::Union(_)) || holds_subquery(node)))?);
        Ok(plan.transform_up_with_subqueries(|plan| node(plan, &changed))?.data)
    }

    fn name(&self) -> &str {
        "marks"
    }
}

fn holds_subquery(node: &LogicalPlan) -> bool {
    let is_subquery = |e: &Expr| Ok(matches!(e, Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::SetComparison(_)));
    node.expressions().iter().any(|e| e.exists(is_subquery).unwrap_or(false))
}

fn node(plan: LogicalPlan, is_changed: &Cell<bool>) -> Result<Transformed<LogicalPlan>> {
    if let LogicalPlan::Unnest(_) = plan {
        let done = unnested(plan)?;
        is_changed.set(is_changed.get() || done.transformed);
        return Ok(done);
    }
    let mut schema = merge_schema(&plan.inputs());
    if let LogicalPlan::TableScan(scan) = &plan {
        schema.merge(&scan.projected_schema);
    }
    let names = NamePreserver::new(&plan);
    let changed = plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let done = expr.transform_up(|expr| chosen(expr, &schema))?;
        Ok(done.update_data(|expr| name.restore(expr)))
    })?;
    is_changed.set(is_changed.get() || changed.transformed);
    let is_leaf = matches!(changed.data, LogicalPlan::TableScan(_) | LogicalPlan::EmptyRelation(_) | LogicalPlan::Values(_));
    if changed.transformed || (is_changed.get() && !is_leaf) {
        return Ok(Transformed::yes(match changed.data.recompute_schema()? {
            LogicalPlan::Union(union) => united(union)?,
            other => other,
        }));
    }
    Ok(changed)
}

/// A union whose columns are what its inputs' have become: DataFusion leaves them as they were first.
fn united(Union { inputs, schema }: Union) -> Result<LogicalPlan> {
    let fields = schema.iter().enumerate().map(|(column, (qualifier, field))| {
        let given = || inputs.iter().map(|input| input.schema().field(column));
        let told = field.as_ref().clone().with_nullable(given().any(|f| f.is_nullable()));
        // Texts of several types are of the first one's.
        let first = || given().find(|f| f.metadata().contains_key(field_key::LOGICAL)).map(|f| PgType::of_field(f));
        let mark = if told.data_type().is_string() { first() } else { of_all(given()) };
        let told = match mark {
            Some(pg) => pg_type::marked(told, pg),
            None => told,
        };
        (qualifier.cloned(), Arc::new(told))
    });
    let schema = DFSchema::new_with_metadata(fields.collect(), schema.metadata().clone())?;
    Ok(LogicalPlan::Union(Union { inputs, schema: Arc::new(schema) }))
}

/// The error of what compares or sorts values of a type that has no order (42883).
pub fn check_ordered(plan: &LogicalPlan) -> Result<()> {
    let is_json = |field: &Field| field.data_type().is_string() && *PgType::of_field(field) == pg_type::JSON;
    plan.apply_with_subqueries(|node| {
        let inputs = merge_schema(&node.inputs());
        let is_of_json = |e: &Expr| e.to_field(&inputs).is_ok_and(|(_, field)| is_json(&field));
        let sorts = |by: &[Sort]| by.iter().any(|by| is_of_json(&by.expr));
        let missing = match node {
            LogicalPlan::Distinct(Distinct::All(input)) if input.schema().fields().iter().any(|f| is_json(f)) => Some("equality"),
            LogicalPlan::Distinct(Distinct::On(on)) if on.on_expr.iter().any(is_of_json) => Some("equality"),
            LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.iter().any(is_of_json) => Some("equality"),
            LogicalPlan::Sort(sort) if sorts(&sort.expr) => Some("ordering"),
            _ => None,
        };
        if let Some(kind) = missing {
            return Err(no_operator_of_json(kind));
        }
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                let missing = match expr {
                    Expr::AggregateFunction(AggregateFunction { params, .. }) => {
                        let distinct = params.distinct && params.args.iter().any(is_of_json);
                        distinct.then_some("equality").or_else(|| sorts(&params.order_by).then_some("ordering"))
                    }
                    Expr::ScalarFunction(call) if ["greatest", "least"].contains(&call.func.name()) => {
                        if call.args.iter().any(is_of_json) {
                            return Err(undefined("could not identify a comparison function for type json"));
                        }
                        None
                    }
                    Expr::WindowFunction(window) => {
                        let parts = window.params.partition_by.iter().any(is_of_json);
                        parts.then_some("equality").or_else(|| sorts(&window.params.order_by).then_some("ordering"))
                    }
                    _ => None,
                };
                missing.map_or(Ok(TreeNodeRecursion::Continue), |kind| Err(no_operator_of_json(kind)))
            })
        })
    })?;
    Ok(())
}

fn no_operator_of_json(kind: &str) -> DataFusionError {
    let error = Error::new(Kind::UndefinedFunction, format!("could not identify an {kind} operator for type json"));
    let hint = "Use an explicit ordering operator or modify the query.";
    DataFusionError::External(Box::new(if kind == "ordering" { error.with_hint(hint) } else { error }))
}

fn undefined(message: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::new(Kind::UndefinedFunction, message)))
}

/// An expression that gives one of several, marked as they are.
fn chosen(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let choices: Vec<&Expr> = match &expr {
        Expr::Case(case) => case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr).map(AsRef::as_ref).collect(),
        Expr::ScalarFunction(ScalarFunction { func, args }) if CHOICES.contains(&func.name()) => args.iter().collect(),
        _ => return Ok(Transformed::no(expr)),
    };
    let told = choices.into_iter().filter(|e| !is_null(e));
    let fields: Vec<FieldRef> = told.filter_map(|e| e.to_field(schema).ok().map(|(_, f)| f)).collect();
    Ok(match of_all(fields.iter()) {
        Some(pg) => Transformed::yes(marked(expr, pg)),
        None => Transformed::no(expr),
    })
}

/// Whether it is the constant NULL, which is of the type that the others are of, whatever it was cast to for them.
fn is_null(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(value, _) => value.is_null(),
        Expr::Cast(cast) => is_null(&cast.expr),
        _ => false,
    }
}

/// The columns of unfolded arrays, marked as the arrays say.
fn unnested(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Unnest(unnest) = &plan else { return Ok(Transformed::no(plan)) };
    let input = unnest.input.schema();
    let mut any = false;
    let columns: Vec<Expr> = plan
        .schema()
        .iter()
        .enumerate()
        .map(|(at, (qualifier, field))| {
            let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            let list = unnest.dependency_indices.get(at).and_then(|i| input.fields().get(*i));
            let mark = list.filter(|list| list.data_type() != field.data_type()).and_then(|list| of(list)?.element_type());
            match mark.filter(|_| of(field).is_none() && !matches!(field.data_type(), DataType::List(_))) {
                Some(pg) => {
                    any = true;
                    marked(column, pg).alias_qualified(qualifier.cloned(), field.name())
                }
                None => column,
            }
        })
        .collect();
    if !any {
        return Ok(Transformed::no(plan));
    }
    Ok(Transformed::yes(LogicalPlanBuilder::from(plan).project(columns)?.build()?))
}
