//! Scalar subqueries that refer to the query around them: DataFusion plans them only when they are sure to give one row.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, FunctionArguments, GroupByExpr, Query, Select, SelectItem, SetExpr, TableFactor, Value,
    visit_expressions, visit_expressions_mut,
};

use super::ast::{call, folded, folded_parts, value};

/// Functions that make one value of many rows, by name and alias.
static AGGREGATES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let all = datafusion::functions_aggregate::all_default_aggregate_functions();
    let names = all.iter().flat_map(|f| std::iter::once(f.name()).chain(f.aliases().iter().map(String::as_str)));
    names.chain(["any_value"]).map(str::to_lowercase).collect()
});

/// `(SELECT x FROM t WHERE t.a = outer.a)` becomes `(SELECT first_value(x) FROM ..)`: equal whenever PostgreSQL gives an answer.
pub fn one_row(expr: &mut Expr) {
    let Expr::Subquery(query) = expr else { return };
    if !refers_outside(query) || query.limit_clause.is_some() {
        return;
    }
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    let [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }] = select.projection.as_mut_slice() else {
        return;
    };
    if grouped || select.from.is_empty() || aggregates(item) {
        return;
    }
    let inner = std::mem::replace(item, value(Value::Null));
    *item = call("first_value", vec![inner]);
    query.order_by = None;
    let own = own_names(select);
    let Some(outer) = select.selection.take().map(|condition| correlation(condition, &own, &mut select.selection)) else {
        return;
    };
    if let Some(condition) = outer {
        let subquery = std::mem::replace(expr, value(Value::Null));
        *expr = Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: None,
            conditions: vec![CaseWhen { condition, result: subquery }],
            else_result: None,
        };
    }
}

/// Leaves in `kept` the terms of a condition in the one form that DataFusion takes apart, `inner = outer`: where an outer column is
/// said to equal an inner one, the inner one stands for it in the other terms. Gives back the terms that only ask for outer columns.
fn correlation(condition: Expr, own: &HashSet<String>, kept: &mut Option<Expr>) -> Option<Expr> {
    let mut terms = Vec::new();
    split(condition, &mut terms);
    let equal: Vec<(Expr, Expr)> = terms.iter().filter_map(|t| equality(t, own)).collect();
    let mut outside = None;
    for mut term in terms {
        if equality(&term, own).is_none() {
            let _: ControlFlow<()> = visit_expressions_mut(&mut term, |e| {
                if let Some((_, inner)) = equal.iter().find(|(outer, _)| outer == e) {
                    *e = inner.clone();
                }
                ControlFlow::Continue(())
            });
        }
        let place = if only_outside(&term, own) { &mut outside } else { &mut *kept };
        *place = Some(match place.take() {
            Some(before) => Expr::BinaryOp { left: Box::new(before), op: BinaryOperator::And, right: Box::new(term) },
            None => term,
        });
    }
    outside
}

fn split(condition: Expr, terms: &mut Vec<Expr>) {
    match condition {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            split(*left, terms);
            split(*right, terms);
        }
        other => terms.push(other),
    }
}

/// The outer and the inner column of `inner = outer` or `outer = inner`.
fn equality(term: &Expr, own: &HashSet<String>) -> Option<(Expr, Expr)> {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = term else { return None };
    match (is_outer(left, own)?, is_outer(right, own)?) {
        (true, false) => Some(((**left).clone(), (**right).clone())),
        (false, true) => Some(((**right).clone(), (**left).clone())),
        (true, true) | (false, false) => None,
    }
}

/// Whether a column is one of the query around; one without a table is taken for the subquery's own. `None`: no column.
fn is_outer(column: &Expr, own: &HashSet<String>) -> Option<bool> {
    match column {
        Expr::Identifier(_) => Some(false),
        Expr::CompoundIdentifier(parts) if parts.len() > 1 => Some(!own.contains(&folded(&parts[parts.len() - 2]))),
        _ => None,
    }
}

/// Whether the term has columns and all of them are of the query around.
fn only_outside(term: &Expr, own: &HashSet<String>) -> bool {
    let (mut columns, mut inside) = (0, false);
    let _: ControlFlow<()> = visit_expressions(term, |e| {
        match is_outer(e, own) {
            Some(outer) => {
                columns += 1;
                inside |= !outer;
            }
            None => inside |= matches!(e, Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. }),
        }
        ControlFlow::Continue(())
    });
    columns > 0 && !inside
}

/// psql's walk over `pg_publication_rel.prattrs` by subscript is a table function over an outer column, which DataFusion has no plan
/// for. Nothing is ever published for replication here, so that the value is never asked for: it becomes NULL.
pub fn outside_walk(expr: &mut Expr) {
    let Expr::Subquery(query) = expr else { return };
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    let walks = select.from.iter().any(|t| match &t.relation {
        TableFactor::Table { name, args: Some(_), .. } => {
            folded_parts(name).last().is_some_and(|n| n == "generate_series") && t.relation.to_string().contains("prattrs")
        }
        _ => false,
    });
    if walks {
        *expr = value(Value::Null);
    }
}

/// Whether the query names a table that is not in its own `FROM`.
pub fn refers_outside(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let own = own_names(select);
    let found: ControlFlow<()> = visit_expressions(select.as_ref(), |e| match is_outer(e, &own) {
        Some(true) => ControlFlow::Break(()),
        Some(false) | None => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// The names that the select's `FROM` gives its tables.
fn own_names(select: &Select) -> HashSet<String> {
    select
        .from
        .iter()
        .flat_map(|t| std::iter::once(&t.relation).chain(t.joins.iter().map(|j| &j.relation)))
        .filter_map(|f| match f {
            TableFactor::Table { name, alias, .. } => {
                alias.as_ref().map(|a| folded(&a.name)).or_else(|| folded_parts(name).pop())
            }
            TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } => alias.as_ref().map(|a| folded(&a.name)),
            _ => None,
        })
        .collect()
}

fn aggregates(expr: &Expr) -> bool {
    let found: ControlFlow<()> = visit_expressions(expr, |e| match e {
        Expr::Function(f)
            if f.over.is_none()
                && !matches!(f.args, FunctionArguments::None)
                && folded_parts(&f.name).last().is_some_and(|n| AGGREGATES.contains(n)) =>
        {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;
    use expect_test::{Expect, expect};

    fn check(sql: &str, want: Expect) {
        want.assert_eq(&rewritten(sql));
    }

    #[test]
    fn correlated_subqueries_give_one_row() {
        check(
            "select (select u.b from u where u.a = t.a) as b from t",
            expect!["SELECT (SELECT first_value(u.b) FROM u WHERE u.a = t.a) AS b FROM t"],
        );
        check(
            "select (select max(u.b) as m from u where u.a = t.a) as b from t",
            expect!["SELECT (SELECT max(u.b) AS m FROM u WHERE u.a = t.a) AS b FROM t"],
        );
        check(
            "select (select c.n from c, u where c.a = t.a and u.b = t.b and t.a <> u.x and t.ok) as n from t",
            expect![
                "SELECT CASE WHEN t.ok THEN (SELECT first_value(c.n) FROM c, u WHERE c.a = t.a AND u.b = t.b AND c.a <> u.x) END AS n FROM t"
            ],
        );
        check(
            "select (select stddev(u.b) from u where u.a = t.a) as b from t",
            expect!["SELECT (SELECT stddev(u.b) AS \"stddev\" FROM u WHERE u.a = t.a) AS b FROM t"],
        );
        check("select (select u.b from u) as b from t", expect!["SELECT (SELECT u.b FROM u) AS b FROM t"]);
    }
}
