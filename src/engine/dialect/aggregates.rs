//! Aggregates that DataFusion lacks, as functions of what `array_agg` gathers: `json_agg(x ORDER BY y)` is
//! `json_agg_of(array_agg(together(x) ORDER BY y))`. Hypothetical sets are counted.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, Ident, ObjectName, OrderByExpr, OrderByOptions, Select, TableFactor, Value,
    visit_expressions_mut,
};

use super::ast::{call, folded, folded_parts, string, value};
use crate::engine::operators::ROW;

/// Rewrites a call of an aggregate.
pub fn gather(expr: &mut Expr) {
    let Expr::Function(f) = expr else { return };
    let names = folded_parts(&f.name);
    let [name] = names.as_slice() else { return };
    let FunctionArguments::List(list) = &f.args else { return };
    let Some(arguments) = plain(list) else { return };
    let gathered = match (name.as_str(), arguments.as_slice()) {
        ("json_agg" | "jsonb_agg" | "json_object_agg" | "jsonb_object_agg", values) if !values.is_empty() => {
            call(&format!("{name}_of"), vec![gathered(f, call("together", arguments), list.clauses.clone(), false)])
        }
        ("string_agg", [text, between]) if string(between).is_none() => {
            let rows = call("together", vec![text.clone(), between.clone()]);
            call("string_agg_of", vec![gathered(f, rows, list.clauses.clone(), false)])
        }
        ("string_agg" | "array_agg", [first, ..]) if is_distinct(list) && list.clauses.is_empty() && f.over.is_none() => {
            // PostgreSQL finds what is distinct by sorting.
            let order = vec![ascending(first.clone())];
            if let FunctionArguments::List(list) = &mut f.args {
                list.clauses.push(FunctionArgumentClause::OrderBy(order));
            }
            return;
        }
        ("mode", []) if f.within_group.len() == 1 => call("mode_of", vec![ordered(f)]),
        ("percentile_disc" | "percentile_cont", [fraction]) if f.within_group.len() == 1 => {
            call(&format!("{name}_of"), vec![ordered(f), fraction.clone()])
        }
        ("rank" | "dense_rank" | "percent_rank" | "cume_dist", [value]) if f.within_group.len() == 1 => {
            match hypothetical(f, name, value) {
                Some(expr) => expr,
                None => return,
            }
        }
        _ => return,
    };
    *expr = gathered;
}

/// The arguments, all of them expressions.
fn plain(list: &FunctionArgumentList) -> Option<Vec<Expr>> {
    let each = |a: &FunctionArg| match a {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e.clone()),
        _ => None,
    };
    list.args.iter().map(each).collect()
}

fn is_distinct(list: &FunctionArgumentList) -> bool {
    list.duplicate_treatment == Some(DuplicateTreatment::Distinct)
}

fn ascending(expr: Expr) -> OrderByExpr {
    OrderByExpr { expr, options: OrderByOptions { asc: None, nulls_first: None }, with_fill: None }
}

/// `array_agg` of a value with the call's own filter, window and order; without NULLs when they are not `known`.
fn gathered(f: &Function, of: Expr, clauses: Vec<FunctionArgumentClause>, known: bool) -> Expr {
    let mut gathered = f.clone();
    gathered.name = ObjectName::from(vec![Ident::new("array_agg")]);
    gathered.within_group = Vec::new();
    let duplicate_treatment = match &f.args {
        FunctionArguments::List(list) => list.duplicate_treatment,
        FunctionArguments::None | FunctionArguments::Subquery(_) => None,
    };
    if known {
        let there = Expr::IsNotNull(Box::new(of.clone()));
        gathered.filter = Some(Box::new(both(f.filter.as_deref(), there)));
    }
    let clauses = if is_distinct_of(duplicate_treatment) && clauses.is_empty() && f.over.is_none() {
        vec![FunctionArgumentClause::OrderBy(vec![ascending(of.clone())])]
    } else {
        clauses
    };
    let args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(of))];
    gathered.args = FunctionArguments::List(FunctionArgumentList { duplicate_treatment, args, clauses });
    Expr::Function(gathered)
}

fn is_distinct_of(treatment: Option<DuplicateTreatment>) -> bool {
    treatment == Some(DuplicateTreatment::Distinct)
}

fn both(filter: Option<&Expr>, and: Expr) -> Expr {
    match filter {
        Some(filter) => Expr::BinaryOp {
            left: Box::new(Expr::Nested(Box::new(filter.clone()))),
            op: BinaryOperator::And,
            right: Box::new(and),
        },
        None => and,
    }
}

/// The values of `WITHIN GROUP (ORDER BY x)`, in order, without NULLs.
fn ordered(f: &Function) -> Expr {
    let order = f.within_group.clone();
    let of = order.first().map_or(value(Value::Null), |o| o.expr.clone());
    gathered(f, of, vec![FunctionArgumentClause::OrderBy(order)], true)
}

/// The rank that a value would have among those of the group: counts of what stands before it.
fn hypothetical(f: &Function, name: &str, of: &Expr) -> Option<Expr> {
    let order = f.within_group.first()?;
    let descending = order.options.asc == Some(false);
    let count = |argument: Option<&Expr>, distinct: bool, condition: Option<Expr>| {
        let mut counted = call("count", argument.into_iter().cloned().collect());
        if let Expr::Function(c) = &mut counted {
            if let FunctionArguments::List(list) = &mut c.args {
                if argument.is_none() {
                    list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Wildcard));
                }
                list.duplicate_treatment = distinct.then_some(DuplicateTreatment::Distinct);
            }
            c.filter = match condition {
                Some(condition) => Some(Box::new(both(f.filter.as_deref(), condition))),
                None => f.filter.clone(),
            };
        }
        counted
    };
    let compare = |op: BinaryOperator| Expr::BinaryOp { left: Box::new(order.expr.clone()), op, right: Box::new(of.clone()) };
    let before = || compare(if descending { BinaryOperator::Gt } else { BinaryOperator::Lt });
    let up_to = || compare(if descending { BinaryOperator::GtEq } else { BinaryOperator::LtEq });
    let binary = |left: Expr, op: BinaryOperator, right: Expr| {
        Expr::Nested(Box::new(Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }))
    };
    let one = || value(Value::Number("1".to_owned(), false));
    let double = |e: Expr| Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(e),
        data_type: DataType::DoublePrecision,
        array: false,
        format: None,
    };
    Some(match name {
        "rank" => binary(count(None, false, Some(before())), BinaryOperator::Plus, one()),
        "dense_rank" => binary(count(Some(&order.expr), true, Some(before())), BinaryOperator::Plus, one()),
        "percent_rank" => {
            let all = call("greatest", vec![count(None, false, None), one()]);
            binary(double(count(None, false, Some(before()))), BinaryOperator::Divide, double(all))
        }
        "cume_dist" => {
            let below = binary(count(None, false, Some(up_to())), BinaryOperator::Plus, one());
            let all = binary(count(None, false, None), BinaryOperator::Plus, one());
            binary(double(below), BinaryOperator::Divide, double(all))
        }
        _ => return None,
    })
}

/// Functions whose argument may be a whole row, by its table's name.
const OF_ROWS: [&str; 8] =
    ["json_agg", "jsonb_agg", "row_to_json", "to_json", "to_jsonb", "json_build_object", "jsonb_build_object", "json_object_agg"];

/// `to_json(t)` becomes `to_json('t' OPERATOR(stoa.row) NULL)` where `t` is a table of the select.
pub fn rows(select: &mut Select) {
    let factors = select.from.iter().flat_map(|t| std::iter::once(&t.relation).chain(t.joins.iter().map(|j| &j.relation)));
    let tables: Vec<String> = factors
        .filter_map(|f| match f {
            TableFactor::Table { name, alias, .. } => {
                alias.as_ref().map(|a| folded(&a.name)).or_else(|| folded_parts(name).pop())
            }
            TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } => alias.as_ref().map(|a| folded(&a.name)),
            _ => None,
        })
        .collect();
    if tables.is_empty() {
        return;
    }
    let _: ControlFlow<()> = visit_expressions_mut(select, |expr| {
        if let Expr::Function(f) = expr
            && folded_parts(&f.name).last().is_some_and(|n| OF_ROWS.contains(&n.as_str()))
            && let FunctionArguments::List(list) = &mut f.args
        {
            for argument in &mut list.args {
                let FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) = argument else { continue };
                if let Expr::Identifier(name) = e
                    && tables.contains(&folded(name))
                {
                    *e = Expr::BinaryOp {
                        left: Box::new(value(Value::SingleQuotedString(folded(name)))),
                        op: BinaryOperator::PGCustomBinaryOperator(ROW.map(str::to_owned).to_vec()),
                        right: Box::new(value(Value::Null)),
                    };
                }
            }
        }
        ControlFlow::Continue(())
    });
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn aggregates_gather() {
        for (sql, want) in [
            (
                "select json_agg(a order by b) from t",
                "SELECT json_agg_of(array_agg(together(a) ORDER BY b)) AS \"json_agg\" FROM t",
            ),
            (
                "select mode() within group (order by a) from t",
                "SELECT mode_of(array_agg(a ORDER BY a) FILTER (WHERE a IS NOT NULL)) AS \"mode\" FROM t",
            ),
            ("select array_agg(distinct a) as x from t", "SELECT array_agg(DISTINCT a ORDER BY a) AS x FROM t"),
            (
                "select rank(3) within group (order by a desc) as r from t",
                "SELECT (count(*) FILTER (WHERE a > 3) + 1) AS r FROM t",
            ),
            ("select to_json(t) from t", "SELECT to_json('t' OPERATOR(stoa.row) NULL) AS \"to_json\" FROM t"),
        ] {
            assert_eq!(rewritten(sql), want, "{sql}");
        }
    }
}
