//! Expressions that DataFusion knows by one name: it leaves casts and parentheses out of names, so `GROUP BY t::date, t::time`, `avg(x), avg(x::numeric)`
//! and `sum(a - (b - c)), sum(a - b - c)` name a column twice, which it refuses. Where a query has such, [`crate::engine::apart`] names them.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Query, Select, SelectItem, Value, VisitMut,
    visit_expressions, visit_expressions_mut,
};

use super::ast::{call, each_select, folded, value};
use super::columns::shown_name;
use super::own;
use super::subqueries::is_aggregate;
use crate::engine::apart::NAMED;

/// Names the groups and arguments of a query's selects that would be taken for one another.
pub fn name(query: &mut Query) {
    each_select(query, of_select);
}

fn of_select(select: &mut Select, by: &mut [&mut Expr]) {
    let mut groups: Vec<Expr> = match &select.group_by {
        GroupByExpr::Expressions(all, _) => all.iter().flat_map(parts).map(|expr| written(expr, &select.projection)).collect(),
        GroupByExpr::All(_) => Vec::new(),
    };
    let mut calls: Vec<Expr> = Vec::new();
    let items = select.projection.iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    });
    for expr in items.chain(select.having.as_ref()).chain(by.iter().map(|expr| &**expr)) {
        let _: ControlFlow<()> = visit_expressions(expr, |expr| {
            if is_named_call(expr) {
                calls.push(expr.clone());
            }
            ControlFlow::Continue(())
        });
    }
    if groups.len() + calls.len() < 2 {
        return;
    }
    groups = taken_for_another(groups);
    let calls = taken_for_another(calls);
    if groups.is_empty() && calls.is_empty() {
        return;
    }
    name_in(&mut select.group_by, &calls, &groups);
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
            name_in(expr, &calls, &groups);
        }
    }
    name_in(&mut select.having, &calls, &groups);
    for expr in by {
        name_in(&mut **expr, &calls, &groups);
    }
}

/// What a group is by: `1` is the first of the list, and a name may be one that the list gives.
fn written(expr: &Expr, list: &[SelectItem]) -> Expr {
    let place = match expr {
        Expr::Value(v) => match &v.value {
            Value::Number(n, _) => n.parse::<usize>().ok(),
            _ => None,
        },
        _ => None,
    };
    let named = |item: &&SelectItem| match (item, expr) {
        (SelectItem::ExprWithAlias { alias, .. }, Expr::Identifier(ident)) => shown_name(&folded(alias)) == folded(ident),
        _ => false,
    };
    match place.and_then(|n| list.get(n.checked_sub(1)?)).or_else(|| list.iter().find(named)) {
        Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) => expr.clone(),
        _ => expr.clone(),
    }
}

/// The expressions that a grouping is by, those of sets too.
fn parts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => sets.iter().flatten().collect(),
        other => vec![other],
    }
}

/// A call that is a column of the plan: of an aggregate, or over a window.
fn is_named_call(expr: &Expr) -> bool {
    match expr {
        Expr::Function(f) => f.over.is_some() || is_aggregate(f),
        _ => false,
    }
}

/// Those that have another's name.
fn taken_for_another(all: Vec<Expr>) -> Vec<Expr> {
    let mut names: HashMap<String, HashSet<Expr>> = HashMap::new();
    for expr in all {
        let name = bare_name(&expr);
        names.entry(name).or_default().insert(expr);
    }
    names.into_values().filter(|same| same.len() > 1).flatten().collect()
}

/// The expression's text without casts and parentheses.
fn bare_name(expr: &Expr) -> String {
    let mut expr = expr.clone();
    let _: ControlFlow<()> = visit_expressions_mut(&mut expr, |expr| {
        while let Expr::Cast { expr: inner, .. } | Expr::Nested(inner) = expr {
            *expr = std::mem::replace(inner.as_mut(), value(Value::Null));
        }
        ControlFlow::Continue(())
    });
    expr.to_string()
}

/// Names the arguments of the calls, then the groups, wherever they stand in a node.
fn name_in(node: &mut impl VisitMut, calls: &[Expr], groups: &[Expr]) {
    let _: ControlFlow<()> = own::change(node, |expr| {
        if calls.contains(expr)
            && let Expr::Function(Function { args: FunctionArguments::List(list), .. }) = expr
        {
            for argument in &mut list.args {
                if let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = argument {
                    named(argument);
                }
            }
        }
        ControlFlow::Continue(())
    });
    own::change_after(node, |expr| {
        if groups.contains(expr) {
            named(expr);
        }
    });
}

/// `x::date` becomes `named(x::date, 'x::DATE')`; a column or a constant has a name that is its own.
fn named(expr: &mut Expr) {
    if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_)) {
        return;
    }
    let text = value(Value::SingleQuotedString(expr.to_string()));
    let inner = std::mem::replace(expr, value(Value::Null));
    *expr = call(NAMED, vec![inner, text]);
}
