//! The form of a recursive query (`WITH RECURSIVE`): a part that does not name it, UNION, and a part that names it once. Another one has no end, or no
//! meaning.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Cte, Expr, JoinOperator, ObjectName, Query, Select, SelectItem, SetExpr, SetOperator, Spanned, Statement, TableFactor,
    TableWithJoins, Visit, Visitor,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::ast::{folded, folded_parts};
use super::{own, placement, stopped};
use crate::engine::failure::position;
use crate::error::{Error, Kind, Result};

/// [`Kind::InvalidRecursion`] at its place.
pub fn check(statement: &Statement, sql: &str) -> Result<()> {
    stopped(statement.visit(&mut Checker { sql }))
}

struct Checker<'a> {
    sql: &'a str,
}

impl Visitor for Checker<'_> {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let Some(with) = query.with.as_ref().filter(|with| with.recursive) else { return ControlFlow::Continue(()) };
        match with.cte_tables.iter().find_map(wrong) {
            Some((message, at)) => {
                let e = Error::new(Kind::InvalidRecursion, message);
                ControlFlow::Break(Box::new(position(self.sql, at).into_iter().fold(e, Error::at)))
            }
            None => ControlFlow::Continue(()),
        }
    }
}

/// What is wrong with a query that names itself, and where.
fn wrong(cte: &Cte) -> Option<(String, Location)> {
    let name = folded(&cte.alias.name);
    named(cte.query.as_ref(), &name).first()?;
    let reference =
        |within: &str, at: Location| Some((format!("recursive reference to query \"{name}\" must not appear {within}"), at));
    let SetExpr::SetOperation { op: SetOperator::Union, left, right, .. } = cte.query.body.as_ref() else {
        let form = format!("recursive query \"{name}\" does not have the form non-recursive-term UNION [ALL] recursive-term");
        return Some((form, cte.alias.name.span.start));
    };
    if let Some(at) = named(left.as_ref(), &name).first() {
        return reference("within its non-recursive term", *at);
    }
    let SetExpr::Select(select) = right.as_ref() else { return None };
    if let Some(at) = optional(select, &name) {
        return reference("within an outer join", at);
    }
    let (all, direct) = (named(select.as_ref(), &name), direct(select, &name));
    if let Some(at) = in_expressions(select, &name) {
        return reference("within a subquery", at);
    }
    if all.len() > 1 && direct > 1 {
        return reference("more than once", *all.get(1)?);
    }
    let at = select.projection.iter().find_map(aggregate)?;
    Some(("aggregate functions are not allowed in a recursive query's recursive term".to_owned(), at))
}

/// Where a relation is named.
fn named(within: &impl Visit, name: &str) -> Vec<Location> {
    struct Names<'a>(&'a str, Vec<Location>);
    impl Visitor for Names<'_> {
        type Break = ();
        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            if folded_parts(relation) == [self.0] {
                self.1.push(relation.span().start);
            }
            ControlFlow::Continue(())
        }
    }
    let mut names = Names(name, Vec::new());
    let _: ControlFlow<()> = within.visit(&mut names);
    names.1
}

fn is_it(factor: &TableFactor, name: &str) -> bool {
    matches!(factor, TableFactor::Table { name: table, args: None, .. } if folded_parts(table) == [name])
}

/// How often FROM names it, not counting subqueries.
fn direct(select: &Select, name: &str) -> usize {
    let joined = |t: &TableWithJoins| {
        usize::from(is_it(&t.relation, name)) + t.joins.iter().filter(|join| is_it(&join.relation, name)).count()
    };
    select.from.iter().map(joined).sum()
}

/// Where it is a side of an outer join that may be missing.
fn optional(select: &Select, name: &str) -> Option<Location> {
    use JoinOperator as J;
    select.from.iter().find_map(|table| {
        let mut before = vec![&table.relation];
        for join in &table.joins {
            let (left, right) = match &join.join_operator {
                J::Left(_) | J::LeftOuter(_) => (false, true),
                J::Right(_) | J::RightOuter(_) => (true, false),
                J::FullOuter(_) => (true, true),
                _ => (false, false),
            };
            let lost = before.iter().copied().filter(|_| left).chain(Some(&join.relation).filter(|_| right));
            if let Some(factor) = lost.into_iter().find(|factor| is_it(factor, name)) {
                return Some(factor.span().start);
            }
            before.push(&join.relation);
        }
        None
    })
}

/// Where a subquery of an expression names it.
fn in_expressions(select: &Select, name: &str) -> Option<Location> {
    let items = select.projection.iter().flat_map(|item| named(item, name));
    let conditions = select.selection.iter().chain(&select.having).flat_map(|e| named(e, name));
    items.chain(conditions).next()
}

/// The first aggregate that is no subquery's.
fn aggregate(item: &SelectItem) -> Option<Location> {
    let found = own::each(item, |expr| match expr {
        Expr::Function(f) if placement::is_aggregate(f) => ControlFlow::Break(f.name.span().start),
        _ => ControlFlow::Continue(()),
    });
    found.break_value()
}
