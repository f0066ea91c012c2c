//! Clauses of queries: `FETCH FIRST`, counts that are texts, named windows that build on another, and what is refused.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Interval, LimitClause,
    NamedWindowDefinition, NamedWindowExpr, OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor, Value, VisitMut,
    WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::ast::{call, folded, folded_parts, string, value};
use super::{flow, own, stopped};
use crate::error::{Error, Kind, Result};

/// `FETCH FIRST n ROWS ONLY` is `LIMIT n`; `LIMIT '2'` is `LIMIT 2`. [`Kind::Unsupported`] for `WITH TIES` of what is not a plain SELECT.
pub fn counts(query: &mut Query) -> Result<()> {
    if let Some(fetch) = query.fetch.take() {
        if fetch.percent {
            return Err(Error::new(Kind::Syntax, "syntax error at or near \"percent\""));
        }
        if fetch.with_ties {
            return ties(query, fetch.quantity);
        }
        let one = || value(Value::Number("1".to_owned(), false));
        let quantity = Some(fetch.quantity.unwrap_or_else(one));
        match &mut query.limit_clause {
            Some(LimitClause::LimitOffset { limit, .. }) => *limit = quantity,
            Some(LimitClause::OffsetCommaLimit { .. }) | None => {
                query.limit_clause = Some(LimitClause::LimitOffset { limit: quantity, offset: None, limit_by: Vec::new() });
            }
        }
    }
    if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
        for count in limit.iter_mut().chain(offset.as_mut().map(|o| &mut o.value)) {
            number(count)?;
        }
    }
    Ok(())
}

/// `FETCH FIRST n ROWS WITH TIES`: the rows whose rank is not past the last one's.
fn ties(query: &mut Query, quantity: Option<Expr>) -> Result<()> {
    let order = match query.order_by.as_ref().map(|order| &order.kind) {
        Some(OrderByKind::Expressions(order)) => order.clone(),
        Some(OrderByKind::All(_)) | None => {
            return Err(Error::new(Kind::Syntax, "WITH TIES cannot be specified without ORDER BY clause"));
        }
    };
    let SetExpr::Select(select) = query.body.as_mut() else { return Err(no_ties()) };
    if select.distinct.is_some() || select.qualify.is_some() {
        return Err(no_ties());
    }
    let mut order_by = order;
    for by in &mut order_by {
        by.expr = listed(&by.expr, &select.projection).ok_or_else(no_ties)?;
    }
    let one = || value(Value::Number("1".to_owned(), false));
    let offset = match &query.limit_clause {
        Some(LimitClause::LimitOffset { offset, .. }) => offset.as_ref().map(|offset| offset.value.clone()),
        Some(LimitClause::OffsetCommaLimit { .. }) | None => None,
    };
    let count = Expr::Nested(Box::new(quantity.unwrap_or_else(one)));
    let last = match offset {
        Some(offset) => Expr::BinaryOp { left: Box::new(offset), op: BinaryOperator::Plus, right: Box::new(count) },
        None => count,
    };
    let mut rank = call("rank", Vec::new());
    if let Expr::Function(f) = &mut rank {
        let spec = WindowSpec { window_name: None, partition_by: Vec::new(), order_by, window_frame: None };
        f.over = Some(WindowType::WindowSpec(spec));
    }
    let right = Box::new(Expr::Nested(Box::new(last)));
    select.qualify = Some(Expr::BinaryOp { left: Box::new(rank), op: BinaryOperator::LtEq, right });
    Ok(())
}

/// What an item of ORDER BY stands for: a column of the select list by its number or name, or itself.
fn listed(by: &Expr, list: &[SelectItem]) -> Option<Expr> {
    match by {
        Expr::Value(v) => {
            let Value::Number(n, _) = &v.value else { return None };
            match list.get(n.parse::<usize>().ok()?.checked_sub(1)?)? {
                SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => Some(e.clone()),
                _ => None,
            }
        }
        Expr::Identifier(name) => {
            let named = list.iter().find_map(|item| match item {
                SelectItem::ExprWithAlias { expr, alias } if folded(alias) == folded(name) => Some(expr.clone()),
                _ => None,
            });
            Some(named.unwrap_or_else(|| by.clone()))
        }
        other => Some(other.clone()),
    }
}

fn no_ties() -> Error {
    Error::new(Kind::Unsupported, "FETCH FIRST ... WITH TIES of such a query is not supported")
        .with_hint("Number the rows with rank() OVER (ORDER BY ...) and filter by it.")
}

/// A count that is a text, read as PostgreSQL reads it, and one with a fraction, rounded.
fn number(count: &mut Expr) -> Result<()> {
    if let Some(text) = string(count) {
        let bad = || Error::new(Kind::InvalidText, format!("invalid input syntax for type bigint: \"{text}\""));
        let read: i64 = text.trim().parse().map_err(|_| bad())?;
        *count = value(Value::Number(read.to_string(), false));
    } else if let Expr::Value(v) = count
        && let Value::Number(digits, _) = &v.value
        && let Ok(fraction) = digits.parse::<f64>()
        && fraction.fract() != 0.0
    {
        *count = value(Value::Number(fraction.round().to_string(), false));
    }
    Ok(())
}

/// `WINDOW v AS (w ORDER BY x)` has what `w` says.
pub fn windows(select: &mut Select) -> Result<()> {
    for i in 0..select.named_window.len() {
        let (known, rest) = select.named_window.split_at_mut(i);
        if let Some(NamedWindowDefinition(_, NamedWindowExpr::WindowSpec(spec))) = rest.first_mut() {
            inherit(spec, known)?;
        }
    }
    of_calls(&mut select.projection, &select.named_window)
}

/// The same for the windows of an `ORDER BY`.
pub fn windows_in_order(query: &mut Query) -> Result<()> {
    let (SetExpr::Select(select), Some(by)) = (query.body.as_ref(), query.order_by.as_mut()) else { return Ok(()) };
    of_calls(by, &select.named_window)
}

/// Gives the windows of calls, `OVER (w ORDER BY x)`, what the named one has; those of a query within have names of their own.
fn of_calls(node: &mut impl VisitMut, known: &[NamedWindowDefinition]) -> Result<()> {
    stopped(own::change(node, |expr| match expr {
        Expr::Function(Function { over: Some(WindowType::WindowSpec(spec)), .. }) => flow(inherit(spec, known)),
        _ => ControlFlow::Continue(()),
    }))
}

/// The frames of the windows that a select names.
pub fn frames(select: &mut Select) {
    for NamedWindowDefinition(_, window) in &mut select.named_window {
        if let NamedWindowExpr::WindowSpec(spec) = window {
            frame(spec);
        }
    }
}

/// Writes the bounds of a `RANGE` frame as DataFusion reads them, numbers and intervals: of `'3 days'`, `interval '3 days'` and `'1'`, whatever
/// else was made of them.
pub fn frame(spec: &mut WindowSpec) {
    let Some(frame) = spec.window_frame.as_mut().filter(|frame| frame.units == WindowFrameUnits::Range) else { return };
    for bound in std::iter::once(&mut frame.start_bound).chain(frame.end_bound.as_mut()) {
        let (WindowFrameBound::Preceding(Some(offset)) | WindowFrameBound::Following(Some(offset))) = bound else { continue };
        let Some(text) = literal_of(offset).map(str::to_owned) else { continue };
        **offset = if text.trim().parse::<f64>().is_ok() {
            value(Value::Number(text.trim().to_owned(), false))
        } else {
            Expr::Interval(Interval {
                value: Box::new(value(Value::SingleQuotedString(text))),
                leading_field: None,
                leading_precision: None,
                last_field: None,
                fractional_seconds_precision: None,
            })
        };
    }
}

/// The text of a literal, or of one that is an interval.
fn literal_of(offset: &Expr) -> Option<&str> {
    match offset {
        Expr::Cast { expr, data_type: DataType::Interval { .. }, .. } | Expr::Nested(expr) => literal_of(expr),
        Expr::Interval(interval) => string(&interval.value),
        Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) if folded_parts(name) == ["interval"] => {
            match list.args.first() {
                Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(text))) => string(text),
                _ => None,
            }
        }
        other => string(other),
    }
}

/// Puts the parts of the window that a specification names in it. [`Kind::Windowing`] where it has the part itself, or the window has a frame;
/// [`Kind::UndefinedObject`] where there is no such window.
fn inherit(spec: &mut WindowSpec, known: &[NamedWindowDefinition]) -> Result<()> {
    let Some(name) = spec.window_name.as_ref().map(folded) else { return Ok(()) };
    let base = match known.iter().find(|NamedWindowDefinition(known, _)| folded(known) == name) {
        Some(NamedWindowDefinition(_, NamedWindowExpr::WindowSpec(base))) => base,
        Some(_) => return Ok(()),
        None => return Err(Error::new(Kind::UndefinedObject, format!("window \"{name}\" does not exist"))),
    };
    let refused = |message: String| Err(Error::new(Kind::Windowing, message));
    if !spec.partition_by.is_empty() {
        return refused(format!("cannot override PARTITION BY clause of window \"{name}\""));
    }
    if !spec.order_by.is_empty() && !base.order_by.is_empty() {
        return refused(format!("cannot override ORDER BY clause of window \"{name}\""));
    }
    if base.window_frame.is_some() {
        return refused(format!("cannot copy window \"{name}\" because it has a frame clause"));
    }
    spec.window_name = None;
    spec.partition_by.clone_from(&base.partition_by);
    if spec.order_by.is_empty() {
        spec.order_by.clone_from(&base.order_by);
    }
    Ok(())
}

/// [`Kind::Unsupported`] for a sample of a table, of which all rows would come.
pub fn sampled(factor: &TableFactor) -> Result<()> {
    let (TableFactor::Table { sample, .. } | TableFactor::Derived { sample, .. }) = factor else { return Ok(()) };
    if sample.is_none() {
        return Ok(());
    }
    Err(Error::new(Kind::Unsupported, "TABLESAMPLE is not supported")
        .with_hint("Filter by random() < 0.01 for one in a hundred rows."))
}
