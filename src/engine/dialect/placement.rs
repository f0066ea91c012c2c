//! Where aggregates and window functions may stand: PostgreSQL's rules of analysis, told at the place of what breaks
//! them. DataFusion has other words for some, and takes the rest.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, GroupByExpr,
    JoinConstraint, JoinOperator, ObjectNamePart, Select, Statement, Visit, Visitor, WindowFrameBound, WindowSpec, WindowType,
};
use datafusion::sql::sqlparser::tokenizer::{Location, Span};

use super::ast::folded_parts;
use super::subqueries::{is_outer, own_names};
use super::{own, stopped};
use crate::engine::failure::position;
use crate::engine::syntax;
use crate::error::{Error, Kind, Result};

/// PostgreSQL 15's aggregates, and `any_value` of a later one.
const AGGREGATES: &[&str] = &[
    "any_value",
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "every",
    "json_agg",
    "json_object_agg",
    "jsonb_agg",
    "jsonb_object_agg",
    "max",
    "min",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "sum",
    "var_pop",
    "var_samp",
    "variance",
];

/// Those with `WITHIN GROUP`.
const ORDERED: &[&str] = &["mode", "percentile_cont", "percentile_disc"];

/// Window functions that are no aggregates; the first four are with `WITHIN GROUP`.
const WINDOWS: &[&str] = &[
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "row_number",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
];

/// Checks a statement as it was written. [`Kind::Grouping`], [`Kind::Windowing`], [`Kind::WrongObject`], each at its place.
pub fn check(statement: &Statement, sql: &str) -> Result<()> {
    stopped(statement.visit(&mut Checker { sql }))
}

struct Checker<'a> {
    sql: &'a str,
}

/// An error with where it is.
type Found = Option<(Error, Location)>;

impl Checker<'_> {
    fn flow(&self, found: Found) -> ControlFlow<Box<Error>> {
        match found {
            None => ControlFlow::Continue(()),
            Some((e, at)) => ControlFlow::Break(Box::new(position(self.sql, at).into_iter().fold(e, Error::at))),
        }
    }
}

impl Visitor for Checker<'_> {
    type Break = Box<Error>;

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        match syntax::refused(select, self.sql) {
            Some(e) => ControlFlow::Break(Box::new(e)),
            None => self.flow(clauses(select)),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        match expr {
            Expr::Function(f) => self.flow(call(f)),
            other => match syntax::reserved(other, self.sql) {
                Some(e) => ControlFlow::Break(Box::new(e)),
                None => ControlFlow::Continue(()),
            },
        }
    }
}

/// What a call is.
#[derive(Clone, Copy, PartialEq)]
enum Is {
    Aggregate,
    Window,
    Neither,
}

fn is(f: &Function) -> Is {
    let names = folded_parts(&f.name);
    let Some(name) = names.last().map(String::as_str) else { return Is::Neither };
    if f.over.is_some() {
        Is::Window
    } else if AGGREGATES.contains(&name)
        || ORDERED.contains(&name)
        || (WINDOWS[..4].contains(&name) && !f.within_group.is_empty())
    {
        Is::Aggregate
    } else {
        Is::Neither
    }
}

/// Whether a call is an aggregate's.
pub(super) fn is_aggregate(f: &Function) -> bool {
    is(f) == Is::Aggregate
}

fn at(f: &Function) -> Location {
    f.name.0.first().and_then(ObjectNamePart::as_ident).map_or(Span::empty().start, |ident| ident.span.start)
}

/// The calls in a node, those of subqueries in it left out.
fn calls(node: &impl Visit) -> Vec<Function> {
    let mut found = Vec::new();
    let _: ControlFlow<()> = own::each(node, |expr| {
        if let Expr::Function(f) = expr {
            found.push(f.clone());
        }
        ControlFlow::Continue(())
    });
    found
}

/// The clauses of a SELECT in which neither may stand.
fn clauses(select: &Select) -> Found {
    let own = own_names(select);
    let neither = |node: &Expr, clause: &str| {
        calls(node).iter().find_map(|f| match is(f) {
            Is::Aggregate if !is_of_outer(f, &own) => {
                Some((Error::new(Kind::Grouping, format!("aggregate functions are not allowed in {clause}")), at(f)))
            }
            Is::Window => Some((Error::new(Kind::Windowing, format!("window functions are not allowed in {clause}")), at(f))),
            Is::Aggregate | Is::Neither => None,
        })
    };
    let joins = select.from.iter().flat_map(|t| &t.joins);
    let mut conditions = joins.filter_map(|join| condition(&join.join_operator));
    let windows = |node: &Expr| {
        let window = calls(node).into_iter().find(|f| is(f) == Is::Window)?;
        Some((Error::new(Kind::Windowing, "window functions are not allowed in HAVING"), at(&window)))
    };
    conditions
        .find_map(|on| neither(on, "JOIN conditions"))
        .or_else(|| select.selection.as_ref().and_then(|e| neither(e, "WHERE")))
        .or_else(|| match &select.group_by {
            GroupByExpr::Expressions(by, _) => by.iter().find_map(|e| neither(e, "GROUP BY")),
            GroupByExpr::All(_) => None,
        })
        .or_else(|| select.having.as_ref().and_then(windows))
}

fn condition(join: &JoinOperator) -> Option<&Expr> {
    use JoinOperator as J;
    match join {
        J::Join(on) | J::Inner(on) | J::Left(on) | J::LeftOuter(on) | J::Right(on) | J::RightOuter(on) | J::FullOuter(on) => {
            match on {
                JoinConstraint::On(e) => Some(e),
                JoinConstraint::Using(_) | JoinConstraint::Natural | JoinConstraint::None => None,
            }
        }
        _ => None,
    }
}

/// Whether an aggregate is of the query around: all its columns are.
fn is_of_outer(f: &Function, own: &HashSet<String>) -> bool {
    let FunctionArguments::List(list) = &f.args else { return false };
    let mut outer = false;
    for arg in &list.args {
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) = arg else { continue };
        match is_outer(e, own) {
            Some(true) => outer = true,
            Some(false) => return false,
            None => {}
        }
    }
    outer
}

/// A call by itself.
fn call(f: &Function) -> Found {
    let names = folded_parts(&f.name);
    let [.., name] = names.as_slice() else { return None };
    let name = name.as_str();
    let kind = is(f);
    let wrong = |message: String| Some((Error::new(Kind::WrongObject, message), at(f)));
    if WINDOWS.contains(&name) && f.over.is_none() && f.within_group.is_empty() {
        return wrong(format!("window function {name} requires an OVER clause"));
    }
    let is_aggregate = AGGREGATES.contains(&name) || ORDERED.contains(&name);
    let is_known = is_aggregate || WINDOWS.contains(&name);
    if f.over.is_some() && !is_known && is_function(name) {
        return wrong(format!("OVER specified, but {name} is not a window function nor an aggregate function"));
    }
    if f.filter.is_some() && !is_known && is_function(name) {
        return wrong(format!("FILTER specified, but {name} is not an aggregate function"));
    }
    if let FunctionArguments::List(list) = &f.args {
        let is_distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let is_ordered = list.clauses.iter().any(|c| matches!(c, FunctionArgumentClause::OrderBy(_)));
        if is_distinct && f.over.is_some() {
            let e = Error::new(Kind::Unsupported, "DISTINCT is not implemented for window functions");
            return Some((e, at(f)));
        }
        if (is_distinct || is_ordered) && !is_known && is_function(name) {
            let word = if is_distinct { "DISTINCT" } else { "ORDER BY" };
            return wrong(format!("{word} specified, but {name} is not an aggregate function"));
        }
        if name == "count" && list.args.is_empty() {
            return wrong("count(*) must be used to call a parameterless aggregate function".to_owned());
        }
    }
    match kind {
        Is::Aggregate => within_aggregate(f),
        Is::Window => within_window(f),
        Is::Neither => None,
    }
}

/// Whether there is such a function, so that it is none of that name that is missing.
fn is_function(name: &str) -> bool {
    static LIBRARY: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let all = datafusion::functions::all_default_functions();
        all.iter().flat_map(|f| std::iter::once(f.name().to_owned()).chain(f.aliases().iter().cloned())).collect()
    });
    LIBRARY.contains(name) || crate::engine::functions::named(name).is_some()
}

fn within_aggregate(f: &Function) -> Found {
    calls(&f.args).into_iter().find_map(|inner| {
        let message = match is(&inner) {
            Is::Aggregate => "aggregate function calls cannot be nested",
            Is::Window => "aggregate function calls cannot contain window function calls",
            Is::Neither => return None,
        };
        Some((Error::new(Kind::Grouping, message), at(&inner)))
    })
}

fn within_window(f: &Function) -> Found {
    let window = |node: Vec<Function>| node.into_iter().find(|inner| is(inner) == Is::Window);
    if let Some(inner) = window(calls(&f.args)) {
        return Some((Error::new(Kind::Windowing, "window function calls cannot be nested"), at(&inner)));
    }
    let Some(WindowType::WindowSpec(spec)) = &f.over else { return None };
    if let Some(inner) = window(calls(spec)) {
        return Some((Error::new(Kind::Windowing, "window functions are not allowed in window definitions"), at(&inner)));
    }
    frame(spec).map(|message| (Error::new(Kind::Windowing, message), Location::empty()))
}

/// What is wrong with the bounds of a frame.
fn frame(spec: &WindowSpec) -> Option<&'static str> {
    use WindowFrameBound as B;
    let frame = spec.window_frame.as_ref()?;
    let end = frame.end_bound.as_ref().unwrap_or(&B::CurrentRow);
    match (&frame.start_bound, end) {
        (B::Following(None), _) => Some("frame start cannot be UNBOUNDED FOLLOWING"),
        (_, B::Preceding(None)) => Some("frame end cannot be UNBOUNDED PRECEDING"),
        (B::CurrentRow, B::Preceding(_)) => Some("frame starting from current row cannot have preceding rows"),
        (B::Following(_), B::CurrentRow | B::Preceding(_)) => {
            Some("frame starting from following row cannot have preceding rows")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;
    use crate::engine::grammar::Grammar;

    #[test]
    fn what_stands_where_it_may_not_is_told_at_its_place() {
        for (sql, want) in [
            (
                "select 1 from t where sum(a) > 1",
                Some((Kind::Grouping, "aggregate functions are not allowed in WHERE", Some(23))),
            ),
            ("select 1 from t where a > (select sum(b) from u)", None),
            ("select sum(count(*)) over () from t group by a", None),
            ("select sum(count(*)) from t", Some((Kind::Grouping, "aggregate function calls cannot be nested", Some(12)))),
            (
                "select 1 from t having row_number() over () = 1",
                Some((Kind::Windowing, "window functions are not allowed in HAVING", Some(24))),
            ),
            ("select rank() from t", Some((Kind::WrongObject, "window function rank requires an OVER clause", Some(8)))),
            ("select rank(1) within group (order by a) from t", None),
            ("select 1 from t having exists (select 1 from u where u.a = max(t.b))", None),
        ] {
            let statement = Parser::parse_sql(&Grammar::default(), sql).expect(sql).remove(0);
            let e = check(&statement, sql).err();
            let got = e.as_ref().map(|e| (e.kind(), e.message(), e.position()));
            assert_eq!(got, want, "{sql}");
        }
    }
}
