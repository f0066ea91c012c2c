//! Names in `ORDER BY` and `DISTINCT ON` that several columns of the list have: an error unless those are the same. DataFusion would take
//! the first.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, OrderByKind, Query, Select, SelectItem, SetExpr, Spanned, Statement, Visit, Visitor,
};

use super::ast::{bare, folded};
use super::columns::figure;
use super::stopped;
use crate::engine::failure::position;
use crate::error::{Error, Kind, Result};

/// Checks a statement as it was written. [`Kind::AmbiguousColumn`], at the place of the name.
pub fn check(statement: &Statement, sql: &str) -> Result<()> {
    stopped(statement.visit(&mut Checker { sql }))
}

struct Checker<'a> {
    sql: &'a str,
}

impl Checker<'_> {
    fn names(&self, clause: &str, by: &Expr, select: &Select) -> ControlFlow<Box<Error>> {
        let Expr::Identifier(name) = bare(by) else { return ControlFlow::Continue(()) };
        let name = folded(name);
        let mut named = select.projection.iter().filter_map(|item| match item {
            SelectItem::UnnamedExpr(expr) if figure(expr).as_ref() == Some(&name) => Some(expr),
            SelectItem::ExprWithAlias { expr, alias } if folded(alias) == name => Some(expr),
            _ => None,
        });
        let Some(first) = named.next() else { return ControlFlow::Continue(()) };
        if named.all(|other| is_same(first, other)) {
            return ControlFlow::Continue(());
        }
        let e = Error::new(Kind::AmbiguousColumn, format!("{clause} \"{name}\" is ambiguous"));
        ControlFlow::Break(Box::new(position(self.sql, by.span().start).into_iter().fold(e, Error::at)))
    }
}

/// Whether two expressions may be one: of a column with a qualifier and one without nobody here knows.
fn is_same(one: &Expr, other: &Expr) -> bool {
    match (bare(one), bare(other)) {
        (Expr::Identifier(name), Expr::CompoundIdentifier(parts)) | (Expr::CompoundIdentifier(parts), Expr::Identifier(name)) => {
            parts.last().map(folded) == Some(folded(name))
        }
        (one, other) => one == other,
    }
}

/// The select whose list names a query's columns.
fn first(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::SetOperation { left, .. } => first(left),
        SetExpr::Query(query) => first(&query.body),
        _ => None,
    }
}

impl Visitor for Checker<'_> {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let Some(select) = first(&query.body) else { return ControlFlow::Continue(()) };
        if let (SetExpr::Select(_), Some(Distinct::On(on))) = (query.body.as_ref(), &select.distinct) {
            on.iter().try_for_each(|by| self.names("DISTINCT ON", by, select))?;
        }
        match query.order_by.as_ref().map(|by| &by.kind) {
            Some(OrderByKind::Expressions(by)) => by.iter().try_for_each(|term| self.names("ORDER BY", &term.expr, select)),
            Some(OrderByKind::All(_)) | None => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;
    use crate::engine::grammar::Grammar;

    #[test]
    fn names_of_several_columns_are_refused_unless_those_are_the_same() {
        for (sql, want) in [
            ("select a.x, b.x from a, b order by x", Some(("ORDER BY \"x\" is ambiguous", Some(36)))),
            ("select a.x, x from a order by x", None),
            ("select x + 1 as a, (x + 1) as a from t order by a desc", None),
            ("select x as a, y as a from t order by abs(a)", None),
            ("select distinct on (x) a.x, b.x from a, b", Some(("DISTINCT ON \"x\" is ambiguous", Some(21)))),
            ("select x, y as x from t union select 1, 2 order by x", Some(("ORDER BY \"x\" is ambiguous", Some(52)))),
        ] {
            let statement = Parser::parse_sql(&Grammar::default(), sql).expect(sql).remove(0);
            let e = check(&statement, sql).err();
            assert_eq!(e.as_ref().map(|e| (e.message(), e.position())), want, "{sql}");
        }
    }
}
