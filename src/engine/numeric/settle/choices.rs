//! What gives one of several numbers: `CASE`, `coalesce`, `greatest`, `least` and `nullif`.

use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{BinaryExpr, Case, ScalarFunction};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};

use super::super::{shown, types};
use super::{common, number, operator, to, unsettled};

/// A call of a function whose arguments are of one type, which is that of the result.
pub fn of_one_type(call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Some(common) = common(&call.args, schema, types::for_result) else {
        let choices = call.args.clone();
        return Ok(showing(Expr::ScalarFunction(call), &choices, schema));
    };
    let scales = shown::of_choices(&call.args, schema);
    let args = call.args.into_iter().map(|e| to(e, &common, schema)).collect::<Result<_>>()?;
    let settled = Expr::ScalarFunction(ScalarFunction { func: call.func, args });
    Ok(Transformed::yes(shown::as_found(settled, scales, &common)))
}

/// `nullif(a, b)` where their types differ: the first as it is, unless they are equal.
pub fn null_if(call: ScalarFunction, schema: &DFSchema) -> Result<Transformed<Expr>> {
    if common(&call.args, schema, types::for_operator).is_none() {
        return Ok(Transformed::no(Expr::ScalarFunction(call)));
    }
    let [left, right] = <[Expr; 2]>::try_from(call.args).map_err(|_| unsettled())?;
    let data_type = left.get_type(schema)?;
    let equal = BinaryExpr::new(Box::new(left.clone()), Operator::Eq, Box::new(right));
    let equal = operator(equal, schema)?.data;
    let null = Expr::Literal(ScalarValue::try_from(&data_type)?, None);
    let case = Case::new(None, vec![(Box::new(equal), Box::new(null))], Some(Box::new(left)));
    Ok(Transformed::yes(Expr::Case(case)))
}

pub fn cases(mut case: Case, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let mut changed = false;
    if let Some(base) = &case.expr {
        let compared: Vec<Expr> =
            std::iter::once(base.as_ref()).chain(case.when_then_expr.iter().map(|(when, _)| when.as_ref())).cloned().collect();
        if let Some(common) = common(&compared, schema, types::for_operator) {
            changed = true;
            case.expr = Some(Box::new(to(base.as_ref().clone(), &common, schema)?));
            for (when, _) in &mut case.when_then_expr {
                **when = to(when.as_ref().clone(), &common, schema)?;
            }
        }
    }
    let results: Vec<Expr> =
        case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr).map(|e| e.as_ref().clone()).collect();
    let Some(common) = common(&results, schema, types::for_result) else {
        let shown = showing(Expr::Case(case), &results, schema);
        return Ok(Transformed { transformed: changed || shown.transformed, ..shown });
    };
    for then in case.when_then_expr.iter_mut().map(|(_, then)| then).chain(&mut case.else_expr) {
        **then = to(then.as_ref().clone(), &common, schema)?;
    }
    let scales = shown::of_choices(&results, schema);
    Ok(Transformed::yes(shown::as_found(Expr::Case(case), scales, &common)))
}

/// A choice between decimals of one type, shown as they are.
fn showing(choice: Expr, of: &[Expr], schema: &DFSchema) -> Transformed<Expr> {
    let mut decimals = of.iter().filter_map(|e| number(e, schema)).filter(|t| types::decimal(t).is_some());
    match (decimals.next(), shown::of_choices(of, schema)) {
        (Some(data_type), scale @ Some(_)) => Transformed::yes(shown::as_found(choice, scale, &data_type)),
        _ => Transformed::no(choice),
    }
}
