//! Arrays as PostgreSQL writes them: `ARRAY(SELECT ..)`, `'{a,b}'::text[]`, `= ANY ('{1,2}')`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Array, ArrayElemTypeDef, BinaryOperator, CastKind, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, Ident, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query, SelectItem, SetExpr, TableFactor,
    TableWithJoins, Value, visit_expressions,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::ast::{argument_of, bare, call, folded, folded_parts, string, value};
use super::casts::known;
use super::columns::figure;
use super::sets::names_column;
use super::subqueries::{is_aggregated, is_grouped};
use super::text::{of_type, read};
use super::{own, sets};
use crate::engine::functions::{Written, array_elements};
use crate::error::Result;

/// `ARRAY(SELECT x FROM t ORDER BY y)` becomes `coalesce((SELECT array_agg(x ORDER BY y) FROM t), make_array())`;
/// `ARRAY(SELECT x FROM unnest(a) x)` is `a`.
pub fn of_subquery(expr: &mut Expr) {
    let Expr::Function(f) = expr else { return };
    if folded_parts(&f.name) != ["array"] {
        return;
    }
    let FunctionArguments::Subquery(query) = &f.args else { return };
    if let Some(array) = unnested(query) {
        *expr = array;
        return;
    }
    if let Some(roles) = roles(query) {
        *expr = call("role_names", vec![roles]);
        return;
    }
    let query = query.clone();
    let rows = if is_plain(&query) { gathered(query) } else { gathered_of(query) };
    if let Some(rows) = rows {
        *expr = call("coalesce", vec![Expr::Subquery(rows), call("make_array", Vec::new())]);
    }
}

/// `ARRAY[a, b]` of columns becomes a call: DataFusion looks for what an array literal names in no query around it.
pub fn of_columns(expr: &mut Expr) {
    if let Expr::Array(array) = expr
        && array.elem.iter().any(names_column)
        && !array.elem.iter().any(has_placeholder)
    {
        *expr = call("make_array", std::mem::take(&mut array.elem));
    }
}

fn has_placeholder(expr: &Expr) -> bool {
    let found: ControlFlow<()> = visit_expressions(expr, |expr| match expr {
        Expr::Value(v) if matches!(v.value, Value::Placeholder(_)) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// Whether the rows of a query are those of its `FROM` and `WHERE`, so that an aggregate may stand in its list.
fn is_plain(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let makes_rows = select.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } => gives_rows(e),
        _ => true,
    });
    let is_cut = query.limit_clause.is_some() || query.fetch.is_some() || query.with.is_some();
    let is_gathered = is_grouped(select) || is_aggregated(select) || select.distinct.is_some() || select.qualify.is_some();
    !is_cut && !is_gathered && !makes_rows
}

/// Whether a function in an expression gives rows.
fn gives_rows(expr: &Expr) -> bool {
    let found = own::each(expr, |expr| {
        let mut unfolded = expr.clone();
        sets::unfold(&mut unfolded);
        if argument_of(&unfolded, "unnest").is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found.is_break()
}

/// `SELECT array_agg(x ORDER BY y) FROM t` of `SELECT x FROM t ORDER BY y`.
fn gathered(mut query: Box<Query>) -> Option<Box<Query>> {
    let by = query.order_by.take();
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let [SelectItem::UnnamedExpr(item) | SelectItem::ExprWithAlias { expr: item, .. }] = select.projection.as_mut_slice() else {
        return None;
    };
    let element = std::mem::replace(item, value(Value::Null));
    let mut aggregate = call("array_agg", vec![element.clone()]);
    if let Some(OrderBy { kind: OrderByKind::Expressions(mut by), .. }) = by
        && let Expr::Function(aggregate) = &mut aggregate
        && let FunctionArguments::List(list) = &mut aggregate.args
    {
        for term in &mut by {
            if is_number(&term.expr) {
                term.expr = element.clone();
            }
        }
        list.clauses.push(FunctionArgumentClause::OrderBy(by));
    }
    *item = aggregate;
    Some(query)
}

/// `SELECT array_agg(element ORDER BY by_1) FROM (SELECT x AS element, y AS by_1 FROM t ORDER BY y LIMIT 2) elements` of what is limited,
/// grouped, made distinct or of several queries.
fn gathered_of(mut query: Box<Query>) -> Option<Box<Query>> {
    let mut keys: Vec<(Expr, OrderByOptions)> = Vec::new();
    let terms = match &query.order_by {
        Some(OrderBy { kind: OrderByKind::Expressions(by), .. }) => by.clone(),
        _ => Vec::new(),
    };
    match query.body.as_mut() {
        SetExpr::Select(select) => {
            let [item] = select.projection.as_mut_slice() else { return None };
            let (element, name) = match item {
                SelectItem::UnnamedExpr(element) => (element.clone(), figure(element)),
                SelectItem::ExprWithAlias { expr, alias } => (expr.clone(), Some(folded(alias))),
                _ => return None,
            };
            let distinct = select.distinct.is_some();
            for (i, term) in terms.into_iter().enumerate() {
                let is_element = is_number(&term.expr)
                    || term.expr == element
                    || matches!(&term.expr, Expr::Identifier(ident) if name.as_deref() == Some(&folded(ident)));
                if is_element || distinct {
                    keys.push((Expr::Identifier(Ident::new("element")), term.options));
                } else {
                    let key = Ident::new(format!("by_{i}"));
                    select.projection.push(SelectItem::ExprWithAlias { expr: term.expr, alias: key.clone() });
                    keys.push((Expr::Identifier(key), term.options));
                }
            }
            if let Some(OrderBy { kind: OrderByKind::Expressions(by), .. }) = &mut query.order_by {
                // By the place in the list: what it is called is another thing now.
                let mut next = 1;
                for (term, (key, _)) in by.iter_mut().zip(&keys) {
                    let is_element = matches!(key, Expr::Identifier(ident) if ident.value == "element");
                    next += usize::from(!is_element);
                    let place = if is_element { 1 } else { next };
                    term.expr = value(Value::Number(place.to_string(), false));
                }
            }
            select.projection[0] = SelectItem::ExprWithAlias { expr: element, alias: Ident::new("element") };
        }
        // Of several queries only the column can be ordered by.
        _ => keys.extend(terms.into_iter().map(|term| (Expr::Identifier(Ident::new("element")), term.options))),
    }
    let shell = "SELECT array_agg(element) FROM (SELECT 1) AS elements (element)";
    let shell = Parser::new(&PostgreSqlDialect {}).try_with_sql(shell).and_then(|mut parser| parser.parse_query());
    let mut shell = shell.ok()?;
    let SetExpr::Select(select) = shell.body.as_mut() else { return None };
    if let [SelectItem::UnnamedExpr(Expr::Function(aggregate))] = select.projection.as_mut_slice()
        && let FunctionArguments::List(list) = &mut aggregate.args
        && !keys.is_empty()
    {
        let by = keys.into_iter().map(|(expr, options)| OrderByExpr { expr, options, with_fill: None });
        list.clauses.push(FunctionArgumentClause::OrderBy(by.collect()));
    }
    if let [TableWithJoins { relation: TableFactor::Derived { subquery, .. }, .. }] = select.from.as_mut_slice() {
        *subquery = query;
    }
    Some(shell)
}

fn is_number(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(v) if matches!(v.value, Value::Number(..)))
}

/// The array that `SELECT x FROM unnest(array) x` unfolds, also where `x` gets a prefix: the arrays concerned (`reloptions`,
/// `evttags`) are always NULL here, and so is what is made of them.
fn unnested(query: &Query) -> Option<Expr> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let [from] = select.from.as_slice() else { return None };
    let array = match &from.relation {
        TableFactor::Table { name, args: Some(args), .. } if folded_parts(name).last().is_some_and(|n| n == "unnest") => {
            args.args.first()?.to_string()
        }
        TableFactor::UNNEST { array_exprs, .. } => array_exprs.first()?.to_string(),
        _ => return None,
    };
    let column = array.rsplit('.').next()?;
    if !["reloptions", "evttags"].contains(&column) {
        return None;
    }
    let mut parts: Vec<Ident> = array.split('.').map(Ident::new).collect();
    if parts.len() == 1 { parts.pop().map(Expr::Identifier) } else { Some(Expr::CompoundIdentifier(parts)) }
}

/// The roles of `SELECT rolname FROM pg_roles WHERE oid = ANY (roles)`: a join on membership, for which DataFusion has no plan.
fn roles(query: &Query) -> Option<Expr> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let ([from], [SelectItem::UnnamedExpr(Expr::Identifier(name))]) = (select.from.as_slice(), select.projection.as_slice())
    else {
        return None;
    };
    let TableFactor::Table { name: table, args: None, .. } = &from.relation else { return None };
    let Some(Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. }) = &select.selection else { return None };
    let is_oid = matches!(left.as_ref(), Expr::Identifier(i) if folded(i) == "oid");
    let from_roles = folded_parts(table).last().is_some_and(|t| t == "pg_roles") && folded(name) == "rolname";
    (is_oid && from_roles).then(|| bare(right).clone())
}

/// `'{a,b}'::text[]` and `= ANY ('{a,b}')` become arrays; `x = '{a}'` compares texts whatever `x` is.
pub fn literals(expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::Cast { expr: inner, data_type: DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)), .. } => {
            if let Some(text) = string(inner) {
                let elements = array_elements(text)?;
                // An array of no elements has its type from the cast alone.
                if elements.is_empty() {
                    **inner = call("make_array", Vec::new());
                } else {
                    let of = innermost(element);
                    let elements = elements.into_iter().map(|e| written(e, &of)).collect();
                    // As a call, so that it is named after its elements' type, where an array that is written out is not.
                    *expr = call("make_array", elements);
                }
            }
        }
        Expr::AnyOp { right, .. } | Expr::AllOp { right, .. } => {
            if let Some(elements) = string(bare(right)).and_then(elements) {
                **right = array(elements);
            }
        }
        Expr::BinaryOp { left, op: op @ (BinaryOperator::Eq | BinaryOperator::NotEq), right } => {
            let is_roles = |e: &Expr| match e {
                Expr::CompoundIdentifier(parts) => parts.last().is_some_and(|p| folded(p) == "polroles"),
                Expr::Identifier(p) => folded(p) == "polroles",
                _ => false,
            };
            if is_roles(left)
                && let Some(elements) = string(right).and_then(elements)
            {
                let roles = std::mem::replace(&mut **left, value(Value::Null));
                let text = call("array_to_string", vec![roles, value(Value::SingleQuotedString(",".to_owned()))]);
                let elements: Vec<String> = elements.into_iter().flatten().collect();
                let want = value(Value::SingleQuotedString(elements.join(",")));
                *expr = Expr::BinaryOp { left: Box::new(text), op: op.clone(), right: Box::new(want) };
            }
        }
        _ => {}
    }
    Ok(())
}

/// `array_fill(x, ARRAY[2, 3])` is an array of two of three.
pub fn fill(expr: &mut Expr) {
    let Expr::Function(f) = expr else { return };
    let FunctionArguments::List(list) = &f.args else { return };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(of)), FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Array(lengths)))] =
        list.args.as_slice()
    else {
        return;
    };
    if folded_parts(&f.name) != ["array_fill"] || lengths.elem.len() < 2 {
        return;
    }
    let of_one = |length: &Expr| Expr::Array(Array { elem: vec![length.clone()], named: true });
    *expr = lengths.elem.iter().rev().fold(of.clone(), |of, length| call("array_fill", vec![of, of_one(length)]));
}

fn array(elements: Vec<Option<String>>) -> Expr {
    let elem = elements.into_iter().map(|e| value(e.map_or(Value::Null, Value::SingleQuotedString))).collect();
    Expr::Array(Array { elem, named: true })
}

/// The type of an array's elements, whatever the number of its dimensions.
fn innermost(element: &DataType) -> DataType {
    match element {
        DataType::Array(ArrayElemTypeDef::SquareBracket(inner, _)) => innermost(inner),
        other => other.clone(),
    }
}

/// The elements of a one-dimensional array's text form; `None` when it is not one.
fn elements(text: &str) -> Option<Vec<Option<String>>> {
    let value = |element| match element {
        Written::Value(value) => Some(value),
        Written::Array(_) => None,
    };
    array_elements(text).ok()?.into_iter().map(value).collect()
}

/// An element as a cast to its type reads it.
fn written(element: Written, of: &DataType) -> Expr {
    match element {
        Written::Value(text) => {
            let literal = value(text.map_or(Value::Null, Value::SingleQuotedString));
            match of_type(of, &literal) {
                Some(name) => read(name, literal, of),
                None => {
                    Expr::Cast { kind: CastKind::Cast, expr: Box::new(literal), data_type: known(of), array: false, format: None }
                }
            }
        }
        Written::Array(elements) => {
            Expr::Array(Array { elem: elements.into_iter().map(|e| written(e, of)).collect(), named: true })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;
    use expect_test::{Expect, expect};

    fn check(sql: &str, want: Expect) {
        want.assert_eq(&rewritten(sql));
    }

    #[test]
    fn arrays_are_written_as_datafusion_reads_them() {
        check(
            "select array(select b.n from b where b.i = a.i order by 1) as x from a",
            expect![
                "SELECT coalesce((SELECT array_agg(b.n ORDER BY b.n) AS \"array_agg\" FROM b WHERE b.i = a.i), make_array()) AS x FROM a"
            ],
        );
        check(
            "select a as a from t where a = any ('{x,y}')",
            expect!["SELECT a AS a FROM t WHERE compare_any('=', a, ARRAY['x', 'y'])"],
        );
        check("select '{1,2}'::int[] as a", expect!["SELECT make_array(CAST('1' AS INT), CAST('2' AS INT)) AS a"]);
    }
}
