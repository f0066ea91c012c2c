//! Casts that PostgreSQL does otherwise than DataFusion: of what is shown in its own way, of documents, and of arrays. Those of numbers and times
//! are others' business.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::DFSchema;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::{Cast, ScalarFunction};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, lit};
use datafusion::optimizer::AnalyzerRule;

use super::functions::{self, function as typed};
use super::operators::call;
use super::{expressions, marks};
use crate::error::{Error, Kind};
use crate::snapshot::field_key;
use crate::table::pg_type::{self, PgType};

/// Casts to text of what DataFusion writes otherwise than PostgreSQL become calls, and casts of texts to arrays read them. Numbers, dates and
/// times are others' business: `functions::datetime` casts in the session's styles.
#[derive(Debug, Default)]
pub struct Texts;

impl AnalyzerRule for Texts {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        // What is joined by has no type to show, and is one column with what it is cast from.
        expressions::changed(plan, |expr, schema, is_join| written(expr, schema, !is_join))
    }

    fn name(&self) -> &str {
        "Texts"
    }
}

/// Refuses the cast of `json` to anything but a text.
pub fn of_json(from: &Field, to: &Field) -> Result<()> {
    let is_text = |field: &Field| field.data_type().is_string();
    if !is_text(from) || *PgType::of_field(from) != pg_type::JSON || is_text(to) || to.data_type().is_null() {
        return Ok(());
    }
    let error = Error::new(Kind::CannotCast, format!("cannot cast type json to {}", PgType::of_field(to).sql_name));
    Err(DataFusionError::External(Box::new(error)))
}

/// The cast of an array to one of as many dimensions: `int[]` and `int[][]` are one type.
pub fn with_dimensions(cast: Cast, from: &DataType) -> Cast {
    let to = cast.field.data_type();
    let (mut element, mut dimensions) = (to, 0);
    while let Some(inner) = typed::element(element) {
        (element, dimensions) = (inner.data_type(), dimensions + 1);
    }
    let (mut array, mut given, mut of) = (element.clone(), 0, from);
    while let Some(inner) = typed::element(of) {
        (array, given, of) = (typed::list_of(array), given + 1, inner.data_type());
    }
    if dimensions == 0 || given == 0 || dimensions == given {
        return cast;
    }
    let field = Arc::new(cast.field.as_ref().clone().with_data_type(array));
    Cast { field, ..cast }
}

/// What the cast of a `jsonb` to a number or a truth value reads: the text of such a value.
pub fn of_jsonb(expr: &Expr, from: &Field, to: &Field) -> Option<Result<Expr>> {
    let is_value = to.data_type().is_numeric() || *to.data_type() == DataType::Boolean;
    if !is_value || !from.data_type().is_string() || *PgType::of_field(from) != pg_type::JSONB {
        return None;
    }
    Some(call(functions::JSONB_VALUE, vec![expr.clone(), lit(PgType::of_field(to).sql_name)]))
}

fn written(expr: Expr, schema: &DFSchema, is_shown: bool) -> Result<Transformed<Expr>> {
    if let Expr::ScalarFunction(call) = &expr
        && call.func.name() == "array_has"
    {
        let equals_any = functions::equals_any();
        let is_changed = call.func != equals_any;
        let call = Expr::ScalarFunction(ScalarFunction::new_udf(equals_any, call.args.clone()));
        return Ok(if is_changed { Transformed::yes(call) } else { Transformed::no(call) });
    }
    let Expr::Cast(Cast { expr: inner, field }) = expr else { return Ok(Transformed::no(expr)) };
    let from = inner.get_type(schema)?;
    let to = field.data_type();
    let is = |field: &Field| *PgType::of_field(field) == pg_type::GEOMETRY;
    if to.is_string() && !is(&field) && is(&inner.to_field(schema)?.1) {
        return Ok(Transformed::yes(call("geometry_to_text", vec![*inner])?));
    }
    // A cast to text would otherwise keep what its argument is marked as.
    let plain = |field: &Field| !field.metadata().contains_key(field_key::LOGICAL);
    if is_shown && to.is_string() && from.is_string() && plain(&field) && marks::of(&inner.to_field(schema)?.1).is_some() {
        let text = Expr::Cast(Cast { expr: inner, field });
        return Ok(Transformed::yes(marks::as_text(text)));
    }
    of_json(&inner.to_field(schema)?.1, &field)?;
    if to.is_string() && (from == DataType::Boolean || from.is_nested() || from.is_binary()) {
        let text = call("value_to_text", vec![*inner])?;
        let text =
            if *to == DataType::Utf8View && plain(&field) { text } else { Expr::Cast(Cast { expr: Box::new(text), field }) };
        return Ok(Transformed::yes(text));
    }
    if typed::is_list(to) && from.is_string() {
        let read = call("text_to_array", vec![*inner])?;
        return Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(read), field })));
    }
    if to.is_binary() && from.is_string() {
        return Ok(Transformed::yes(call("text_to_bytea", vec![*inner])?));
    }
    Ok(Transformed::no(Expr::Cast(Cast { expr: inner, field })))
}
