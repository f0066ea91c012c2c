//! Aggregates in the words of the planner: DISTINCT values come in order, hypothetical sets are counted, and a table's name that stands for
//! an argument is its row.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, ObjectName, OrderByExpr, OrderByOptions, Select, SelectItem, TableFactor, Value,
    visit_expressions_mut,
};

use super::ast::{bare, call, folded, folded_parts, value};
use crate::engine::operators::ROW;

/// Rewrites a call of an aggregate.
pub fn gather(expr: &mut Expr) {
    let Expr::Function(f) = expr else { return };
    let names = folded_parts(&f.name);
    let [name] = names.as_slice() else { return };
    let FunctionArguments::List(list) = &f.args else { return };
    let Some(arguments) = plain(list) else { return };
    let gathered = match (name.as_str(), arguments.as_slice()) {
        ("string_agg" | "array_agg" | "json_agg" | "jsonb_agg", [first, ..])
            if is_distinct(list) && list.clauses.is_empty() && f.over.is_none() =>
        {
            // PostgreSQL finds what is distinct by sorting.
            let order = vec![ascending(first.clone())];
            if let FunctionArguments::List(list) = &mut f.args {
                list.clauses.push(FunctionArgumentClause::OrderBy(order));
            }
            return;
        }
        ("st_extent", [shape]) if f.over.is_none() => {
            // The least and greatest of bounds.
            let bound = |by: &str, of: &str| call(by, vec![call(of, vec![shape.clone()])]);
            let bounds = vec![bound("min", "st_xmin"), bound("min", "st_ymin"), bound("max", "st_xmax"), bound("max", "st_ymax")];
            call("extent_of", bounds)
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

/// `to_json(t)` becomes `to_json('t' OPERATOR(stoa.row) NULL)` where `t` is a table of the select, and `SELECT t` likewise.
pub fn rows(select: &mut Select) {
    let factors = select.from.iter().flat_map(|t| std::iter::once(&t.relation).chain(t.joins.iter().map(|j| &j.relation)));
    let (mut tables, mut functions) = (Vec::new(), Vec::new());
    for factor in factors {
        match factor {
            TableFactor::Table { name, alias, args, .. } => {
                let name = alias.as_ref().map(|a| folded(&a.name)).or_else(|| folded_parts(name).pop());
                if args.is_some() { functions.extend(name) } else { tables.extend(name) }
            }
            TableFactor::Derived { alias, .. } => tables.extend(alias.as_ref().map(|a| folded(&a.name))),
            TableFactor::UNNEST { alias, .. } => functions.extend(alias.as_ref().map(|a| folded(&a.name))),
            _ => {}
        }
    }
    for item in &mut select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = &*item else { continue };
        let Some(row) = row_of(expr, &tables) else { continue };
        let alias = match &*item {
            SelectItem::ExprWithAlias { alias, .. } => alias.clone(),
            _ => match expr {
                Expr::Identifier(name) => name.clone(),
                _ => continue,
            },
        };
        *item = SelectItem::ExprWithAlias { expr: row, alias };
    }
    tables.append(&mut functions);
    if tables.is_empty() {
        return;
    }
    let _: ControlFlow<()> = visit_expressions_mut(select, |expr| {
        if let Expr::Function(f) = expr
            && let FunctionArguments::List(list) = &mut f.args
        {
            for argument in &mut list.args {
                let row = match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => row_of(e, &tables),
                    FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name)) => row_of_all(name, &tables),
                    _ => None,
                };
                if let Some(row) = row {
                    *argument = FunctionArg::Unnamed(FunctionArgExpr::Expr(row));
                }
            }
        }
        if let Expr::Cast { expr: inner, .. } = expr
            && let Some(row) = row_of(inner, &tables)
        {
            **inner = row;
        }
        ControlFlow::Continue(())
    });
}

/// The row of a table that an expression names, unless a column has that name.
fn row_of(expr: &Expr, tables: &[String]) -> Option<Expr> {
    match bare(expr) {
        Expr::Identifier(name) => named_row(folded(name), tables),
        Expr::QualifiedWildcard(name, _) => row_of_all(name, tables),
        _ => None,
    }
}

/// The same of `t.*`.
fn row_of_all(name: &ObjectName, tables: &[String]) -> Option<Expr> {
    match <[String; 1]>::try_from(folded_parts(name)) {
        Ok([name]) => named_row(name, tables),
        Err(_) => None,
    }
}

fn named_row(name: String, tables: &[String]) -> Option<Expr> {
    tables.contains(&name).then(|| Expr::BinaryOp {
        left: Box::new(value(Value::SingleQuotedString(name))),
        op: BinaryOperator::PGCustomBinaryOperator(ROW.map(str::to_owned).to_vec()),
        right: Box::new(value(Value::Null)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn aggregates_gather() {
        for (sql, want) in [
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
