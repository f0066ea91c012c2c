//! Scalar subqueries that refer to the query around them: DataFusion plans them only when they are sure to give one row.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, Expr, Function, FunctionArguments, GroupByExpr, Ident, JoinOperator,
    LimitClause, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins, Value, Values, visit_expressions,
    visit_expressions_mut,
};

use super::ast::{call, folded, folded_parts, value};
use super::columns::figure;
use super::own;
use crate::engine::apply::{FEW, ONLY};
use crate::table::pg_catalog;

/// Functions that make one value of many rows, by name and alias.
static AGGREGATES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let all = datafusion::functions_aggregate::all_default_aggregate_functions();
    let names = all.iter().flat_map(|f| std::iter::once(f.name()).chain(f.aliases().iter().map(String::as_str)));
    names.chain(["any_value"]).map(str::to_lowercase).collect()
});

/// `(SELECT x FROM t WHERE t.a = outer.a)` becomes `only_row((SELECT few_rows(x) FROM ..))`, for which DataFusion has a join.
pub fn one_row(expr: &mut Expr) {
    let Expr::Subquery(query) = expr else { return };
    if !refers_outside(query) {
        return;
    }
    if query.limit_clause.is_some() {
        one_aggregate(query);
        return;
    }
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    let [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }] = select.projection.as_mut_slice() else {
        return;
    };
    let is_plain = select.distinct.is_none() && !select.from.is_empty() && !makes_rows(item);
    if grouped || !is_plain || aggregates(item) {
        return;
    }
    let inner = std::mem::replace(item, value(Value::Null));
    *item = call(FEW, vec![inner]);
    query.order_by = None;
    let own = own_names(select);
    let outer = select.selection.take().and_then(|condition| correlation(condition, &own, &mut select.selection));
    let subquery = call(ONLY, vec![std::mem::replace(expr, value(Value::Null))]);
    *expr = subquery;
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

/// A subquery that joins a catalog which is always empty, as that of triggers is, gives no row: one for a value is NULL, `EXISTS` is
/// false. Tools ask so of each column and table, mostly in ways that DataFusion has no plan for.
pub fn of_nothing(expr: &mut Expr, common_tables: &[String]) {
    let (query, answer) = match &*expr {
        Expr::Subquery(query) => (query, Value::Null),
        Expr::Exists { subquery, negated } => (subquery, Value::Boolean(*negated)),
        _ => return,
    };
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    if query.with.is_none()
        && !is_grouped(select)
        && !is_aggregated(select)
        && select.from.iter().any(|t| is_nothing(t, common_tables))
    {
        *expr = beside_parameters(query, answer);
    }
}

/// The value, and what the query says of its parameters, which are the statement's even so: `CASE WHEN $1::text IS NULL THEN x ELSE x END`.
fn beside_parameters(query: &Query, answer: Value) -> Expr {
    let mut found: Vec<(String, Expr)> = Vec::new();
    let _: ControlFlow<()> = visit_expressions(query, |e| {
        let (inner, cast) = match e {
            Expr::Cast { expr, .. } => (expr.as_ref(), true),
            other => (other, false),
        };
        if let Expr::Value(v) = inner
            && let Value::Placeholder(name) = &v.value
            && (cast || !found.iter().any(|(known, _)| known == name))
        {
            found.retain(|(known, _)| known != name);
            let text = |inner: Box<Expr>| Expr::Cast {
                kind: CastKind::DoubleColon,
                expr: inner,
                data_type: DataType::Text,
                array: false,
                format: None,
            };
            found.push((name.clone(), if cast { e.clone() } else { text(Box::new(e.clone())) }));
        }
        ControlFlow::Continue(())
    });
    let told = found.into_iter().map(|(_, e)| Expr::IsNull(Box::new(e)));
    let Some(condition) = told.reduce(|a, b| Expr::BinaryOp { left: Box::new(a), op: BinaryOperator::Or, right: Box::new(b) })
    else {
        return value(answer);
    };
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result: value(answer.clone()) }],
        else_result: Some(Box::new(value(answer))),
    }
}

/// Whether a table with its joins has no rows.
fn is_nothing(table: &TableWithJoins, common_tables: &[String]) -> bool {
    let is_empty = |factor: &TableFactor| match factor {
        TableFactor::Table { name, args: None, .. } => {
            let parts = folded_parts(name);
            let name = match parts.as_slice() {
                [name] if !common_tables.contains(name) => name,
                [schema, name] if schema == "pg_catalog" => name,
                _ => return false,
            };
            pg_catalog::is_empty(name)
        }
        _ => false,
    };
    let inner = |join: &JoinOperator| matches!(join, JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_));
    let left = |join: &JoinOperator| inner(join) || matches!(join, JoinOperator::Left(_) | JoinOperator::LeftOuter(_));
    (is_empty(&table.relation) && table.joins.iter().all(|j| left(&j.join_operator)))
        || (table.joins.iter().all(|j| inner(&j.join_operator)) && table.joins.iter().any(|j| is_empty(&j.relation)))
}

/// `LIMIT 1` over the one row of an aggregate says nothing.
fn one_aggregate(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    let aggregate = match select.projection.as_slice() {
        [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }] => aggregates(item),
        _ => false,
    };
    let all = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit: Some(limit), offset: None, limit_by }) if limit_by.is_empty() => {
            matches!(limit, Expr::Value(v) if matches!(&v.value, Value::Number(n, _) if n != "0"))
        }
        _ => false,
    };
    if aggregate && !grouped && all {
        query.limit_clause = None;
    }
}

/// `EXISTS (SELECT ..)` in a select list becomes `(SELECT count(*) ..) > 0`, when it refers outside: DataFusion plans it only in conditions.
pub fn exists_in_list(select: &mut Select) {
    for item in &mut select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { continue };
        let name = figure(expr).filter(|_| has_exists(expr));
        own::change_after(expr, count);
        if let (SelectItem::UnnamedExpr(expr), Some(name)) = (&*item, name) {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
        }
    }
}

fn has_exists(expr: &Expr) -> bool {
    let found: ControlFlow<()> = visit_expressions(expr, |e| match e {
        Expr::Exists { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// The count or the row that an `EXISTS` asks for, where it has such a form.
fn count(expr: &mut Expr) {
    let Expr::Exists { subquery, negated } = expr else { return };
    let SetExpr::Select(select) = subquery.body.as_mut() else { return };
    if is_grouped(select) || is_aggregated(select) || select.distinct.is_some() || subquery.limit_clause.is_some() {
        return;
    }
    if !refers_outside(subquery) {
        *expr = any_row(std::mem::replace(subquery, Box::new(empty_query())), *negated);
        return;
    }
    let SetExpr::Select(select) = subquery.body.as_mut() else { return };
    select.projection = vec![SelectItem::UnnamedExpr(call("count", vec![value(Value::Number("1".into(), false))]))];
    subquery.order_by = None;
    let op = if *negated { BinaryOperator::Eq } else { BinaryOperator::Gt };
    let count = Expr::Subquery(std::mem::replace(subquery, Box::new(empty_query())));
    let none = value(Value::Number("0".into(), false));
    *expr = Expr::Nested(Box::new(Expr::BinaryOp { left: Box::new(count), op, right: Box::new(none) }));
}

/// Whether a select has groups, or a condition on them.
pub(super) fn is_grouped(select: &Select) -> bool {
    !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty()) || select.having.is_some()
}

/// Whether an aggregate stands in a select's list.
pub(super) fn is_aggregated(select: &Select) -> bool {
    select.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => aggregates(e),
        _ => false,
    })
}

/// `(SELECT true FROM t LIMIT 1) IS NOT NULL`: one that stands by itself reads no further than its first row.
fn any_row(mut query: Box<Query>, negated: bool) -> Expr {
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = vec![SelectItem::UnnamedExpr(value(Value::Boolean(true)))];
    }
    let one = value(Value::Number("1".into(), false));
    query.limit_clause = Some(LimitClause::LimitOffset { limit: Some(one), offset: None, limit_by: Vec::new() });
    query.order_by = None;
    let row = Box::new(Expr::Subquery(query));
    Expr::Nested(Box::new(if negated { Expr::IsNull(row) } else { Expr::IsNotNull(row) }))
}

/// `VALUES ()`: stands where a query was taken out.
fn empty_query() -> Query {
    Query {
        with: None,
        body: Box::new(SetExpr::Values(Values { explicit_row: false, value_keyword: false, rows: Vec::new() })),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
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
pub fn is_outer(column: &Expr, own: &HashSet<String>) -> Option<bool> {
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
pub fn own_names(select: &Select) -> HashSet<String> {
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

/// Whether an expression has a window over it, or gives rows.
fn makes_rows(expr: &Expr) -> bool {
    let found: ControlFlow<()> = visit_expressions(expr, |e| match e {
        Expr::Function(f) if f.over.is_some() || folded_parts(&f.name) == ["unnest"] => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

pub(super) fn aggregates(expr: &Expr) -> bool {
    let found: ControlFlow<()> = visit_expressions(expr, |e| match e {
        Expr::Function(f) if is_aggregate(f) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// Whether a call is one of an aggregate, over no window.
pub(super) fn is_aggregate(f: &Function) -> bool {
    f.over.is_none()
        && !matches!(f.args, FunctionArguments::None)
        && folded_parts(&f.name).last().is_some_and(|n| AGGREGATES.contains(n))
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
            expect!["SELECT only_row((SELECT few_rows(u.b) FROM u WHERE u.a = t.a)) AS b FROM t"],
        );
        check(
            "select (select max(u.b) as m from u where u.a = t.a) as b from t",
            expect!["SELECT (SELECT max(u.b) AS m FROM u WHERE u.a = t.a) AS b FROM t"],
        );
        check(
            "select (select c.n from c, u where c.a = t.a and u.b = t.b and t.a <> u.x and t.ok) as n from t",
            expect![
                "SELECT CASE WHEN t.ok THEN only_row((SELECT few_rows(c.n) FROM c, u WHERE c.a = t.a AND u.b = t.b AND c.a <> u.x)) END AS n FROM t"
            ],
        );
        check(
            "select (select stddev(u.b) from u where u.a = t.a) as b from t",
            expect!["SELECT (SELECT stddev(u.b) AS \"stddev\" FROM u WHERE u.a = t.a) AS b FROM t"],
        );
        check("select (select u.b from u) as b from t", expect!["SELECT (SELECT u.b FROM u) AS b FROM t"]);
    }
}
