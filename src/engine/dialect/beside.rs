//! Columns beside unfolded arrays: DataFusion looks them up by their names in the relation below, with its columns, so that in
//! `SELECT unnest(a) p, b + 1 AS b FROM t` two are called b. Those get names of their own, and a query around gives them theirs.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, OrderByKind, Query, Select, SelectItem, SetExpr, Statement, TableAlias, TableFactor, visit_expressions,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::ast::{argument_of, folded};
use super::columns::{MARK, figure};
use crate::engine::grammar::Grammar;

/// The names of such columns of a query.
pub fn name(query: &mut Query) {
    if let (SetExpr::Select(select), Some(OrderByKind::Expressions(by))) =
        (query.body.as_ref(), query.order_by.as_ref().map(|by| &by.kind))
    {
        // What sorts by something else than the list's columns needs the relation's.
        let is_listed = |name: &Ident| {
            let aliased =
                |item: &SelectItem| matches!(item, SelectItem::ExprWithAlias { alias, .. } if folded(alias) == folded(name));
            let itself = |expr: &Expr| is_column(expr) && figure(expr) == Some(folded(name));
            select.projection.iter().any(|item| aliased(item) || expr_of(item).is_some_and(itself))
        };
        let of_list = |expr: &Expr| match expr {
            Expr::Identifier(name) => is_listed(name),
            Expr::Value(_) => true,
            _ => false,
        };
        if !by.iter().all(|term| of_list(&term.expr)) {
            return;
        }
    }
    of_body(&mut query.body);
}

fn of_body(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => {
            if let Some(around) = renamed(select) {
                *select = around;
            }
        }
        SetExpr::SetOperation { left, right, .. } => {
            of_body(left);
            of_body(right);
        }
        _ => {}
    }
}

/// The query around a select that has such columns, and the select with other names for them.
fn renamed(select: &mut Select) -> Option<Box<Select>> {
    if select.from.is_empty() || !select.projection.iter().filter_map(expr_of).any(unfolds) {
        return None;
    }
    let mut used = HashSet::new();
    for expr in select.projection.iter().filter_map(expr_of) {
        let _: ControlFlow<()> = visit_expressions(expr, |expr| {
            match expr {
                Expr::Identifier(name) => used.extend([folded(name)]),
                Expr::CompoundIdentifier(parts) => used.extend(parts.last().map(folded)),
                _ => {}
            }
            ControlFlow::Continue(())
        });
    }
    let clashes = |item: &SelectItem| match item {
        SelectItem::ExprWithAlias { expr, alias } => {
            used.contains(&folded(alias)) && !unfolds(expr) && !(is_column(expr) && figure(expr) == Some(folded(alias)))
        }
        _ => false,
    };
    if !select.projection.iter().any(clashes) {
        return None;
    }
    let mut outer = Vec::with_capacity(select.projection.len());
    for (position, item) in select.projection.iter_mut().enumerate() {
        let clashes = clashes(item);
        let name = match item {
            SelectItem::ExprWithAlias { alias, .. } => alias.clone(),
            SelectItem::UnnamedExpr(expr) => Ident::with_quote('"', figure(expr)?),
            _ => return None,
        };
        let inner = Ident::with_quote('"', format!("{}{MARK}{position}", folded(&name)));
        outer.push(SelectItem::ExprWithAlias {
            expr: Expr::Identifier(if clashes { inner.clone() } else { name.clone() }),
            alias: name,
        });
        if let (true, SelectItem::ExprWithAlias { alias, .. }) = (clashes, item) {
            *alias = inner;
        }
    }
    let Some(Statement::Query(mut around)) = Parser::parse_sql(&Grammar::default(), "SELECT 1 FROM (SELECT 1) AS x").ok()?.pop()
    else {
        return None;
    };
    let SetExpr::Select(mut result) = std::mem::replace(around.body.as_mut(), SetExpr::Select(Box::new(select.clone()))) else {
        return None;
    };
    result.projection = outer;
    let alias = TableAlias { explicit: true, name: Ident::with_quote('"', MARK.to_string()), columns: Vec::new(), at: None };
    result.from.first_mut()?.relation =
        TableFactor::Derived { lateral: false, subquery: around, alias: Some(alias), sample: None };
    Some(result)
}

fn expr_of(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
}

/// Whether an expression unfolds an array.
fn unfolds(expr: &Expr) -> bool {
    let found = visit_expressions(expr, |expr| match argument_of(expr, "unnest") {
        Some(_) => ControlFlow::Break(()),
        None => ControlFlow::Continue(()),
    });
    found.is_break()
}

#[cfg(test)]
mod tests {
    use super::super::columns::MARK;
    use super::super::rewritten;

    #[test]
    fn columns_beside_unfolded_arrays_have_names_of_their_own() {
        for (sql, want) in [
            (
                "select unnest(a) p, b + 1 as b from t",
                "SELECT p AS p, \"b#1\" AS b FROM (SELECT unnest(array_flat(a)) AS p, b + 1 AS \"b#1\" FROM t) AS \"#\"",
            ),
            ("select unnest(a) p, b + 1 as c, b from t", "SELECT unnest(array_flat(a)) AS p, b + 1 AS c, b FROM t"),
            ("select unnest(a) p, b as b from t", "SELECT unnest(array_flat(a)) AS p, b AS b FROM t"),
        ] {
            assert_eq!(rewritten(sql).replace(MARK, "#"), want, "{sql}");
        }
    }
}
