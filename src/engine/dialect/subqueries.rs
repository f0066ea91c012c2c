//! Scalar subqueries that refer to the query around them: DataFusion plans them only when they are sure to give one row.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArguments, GroupByExpr, Query, SelectItem, SetExpr, TableFactor, Value, visit_expressions,
};
use std::collections::HashSet;
use std::ops::ControlFlow;

use super::ast::{call, folded, folded_parts, value};

/// Functions that make one value of many rows.
const AGGREGATES: [&str; 12] = [
    "any_value",
    "array_agg",
    "avg",
    "bool_and",
    "bool_or",
    "count",
    "first_value",
    "last_value",
    "max",
    "min",
    "string_agg",
    "sum",
];

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
    let own: HashSet<String> = select
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
        .collect();
    let found: ControlFlow<()> = visit_expressions(select.as_ref(), |e| match e {
        Expr::CompoundIdentifier(parts) if parts.len() > 1 && !own.contains(&folded(&parts[parts.len() - 2])) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

fn aggregates(expr: &Expr) -> bool {
    let found: ControlFlow<()> = visit_expressions(expr, |e| match e {
        Expr::Function(f)
            if f.over.is_none()
                && !matches!(f.args, FunctionArguments::None)
                && folded_parts(&f.name).last().is_some_and(|n| AGGREGATES.contains(&n.as_str())) =>
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
            expect![[r#"SELECT (SELECT first_value(u.b) AS "b" FROM u WHERE u.a = t.a) AS b FROM t"#]],
        );
        check(
            "select (select max(u.b) as m from u where u.a = t.a) as b from t",
            expect!["SELECT (SELECT max(u.b) AS m FROM u WHERE u.a = t.a) AS b FROM t"],
        );
        check("select (select u.b from u) as b from t", expect!["SELECT (SELECT u.b FROM u) AS b FROM t"]);
    }
}
