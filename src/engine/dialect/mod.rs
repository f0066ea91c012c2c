//! PostgreSQL's SQL made plannable: rewrites of a parsed statement, one family a file, each equal in meaning to what it replaces.
//! Which statements are admitted and how they are planned is not decided here.

pub(super) mod ast;

mod aggregates;
mod ambiguous;
mod apart;
mod arrays;
mod beside;
mod bytea;
mod casts;
mod columns;
mod conditions;
mod counted;
mod datetime;
mod fields;
mod groups;
pub(super) mod joins;
mod json;
mod like;
mod names;
mod order;
mod own;
mod placement;
mod queries;
mod recursive;
mod rows;
mod sets;
mod subqueries;
mod table_functions;
mod text;
mod truth;
pub(super) mod variadic;
mod wildcards;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DataType, Expr, Function, ObjectName, Query, Select, SetExpr, Statement, TableFactor, VisitMut, VisitorMut, WindowType,
};

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use crate::error::{Error, Kind, Result};
use crate::table::pg_type::PgType;

pub use columns::{numbered, shown_name};
pub use names::{common_tables, operator_named};

/// PostgreSQL's rules of what may stand where, of a statement as it was written, each broken one told at its place.
pub fn check(statement: &Statement, sql: &str) -> Result<()> {
    placement::check(statement, sql)?;
    counted::check(statement, sql)?;
    ambiguous::check(statement, sql)?;
    recursive::check(statement, sql)
}

/// Rewrites a statement in place. [`Kind::ReadOnly`] for row locks, [`Kind::InvalidText`] for a `bytea` literal that is none.
///
/// Unnamed expressions get the name that PostgreSQL gives them; where two columns of one list would have the same name, what follows
/// the first carries a mark that [`shown_name`] removes.
pub fn rewrite(statement: &mut Statement) -> Result<()> {
    if let Statement::Query(query) = statement {
        order::of_outermost(query);
    }
    let mut rewriter = Rewriter { common_tables: names::common_tables(statement) };
    stopped(statement.visit(&mut rewriter))?;
    if let Statement::Query(query) = statement {
        casts::of_outermost(query);
    }
    if let Statement::Query(query) = statement
        && query.order_by.is_none()
        && let SetExpr::Select(select) = query.body.as_mut()
    {
        columns::beside_wildcard(select);
    }
    Ok(())
}

struct Rewriter {
    /// Names that `WITH` gives: they hide system tables.
    common_tables: Vec<String>,
}

impl VisitorMut for Rewriter {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        order::once(query);
        order::by_input(query);
        joins::enclose(query);
        if query.locks.is_empty() {
            return flow(queries::windows_in_order(query).and_then(|()| queries::counts(query)));
        }
        let error = Error::new(Kind::ReadOnly, "cannot execute SELECT FOR UPDATE in a read-only transaction");
        ControlFlow::Break(Box::new(error.with_hint("Leave out FOR UPDATE or FOR SHARE: nothing here changes under a query.")))
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        json::values(query);
        datetime::values(query);
        apart::name(query);
        beside::name(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        names::system_columns(select, &self.common_tables);
        sets::alias_of_column(select);
        aggregates::rows(select);
        subqueries::exists_in_list(select);
        groups::expand(select);
        groups::one_group(select);
        flow(queries::windows(select).and_then(|()| rows::filter(select)))
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        wildcards::qualify(select);
        conditions::of_select(select);
        queries::frames(select);
        casts::show_names(select);
        columns::name(select);
        ControlFlow::Continue(())
    }

    fn post_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<Self::Break> {
        names::system_relation(relation, &self.common_tables);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        sets::relation(factor);
        table_functions::name(factor);
        table_functions::nothing(factor);
        table_functions::of_catalog(factor);
        flow(queries::sampled(factor))
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        // Before their parts are: these look at whole subqueries as written.
        subqueries::of_nothing(expr, &self.common_tables);
        subqueries::outside_walk(expr);
        arrays::of_subquery(expr);
        truth::set_aside(expr);
        datetime::overlaps(expr);
        flow(rows::compare(expr))
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        truth::put_back(expr);
        truth::told(expr);
        conditions::operands(expr);
        fields::access(expr);
        datetime::functions(expr);
        names::function(expr);
        names::operator(expr);
        arrays::fill(expr);
        arrays::of_columns(expr);
        let array = arrays::literals(expr);
        text::syntax(expr);
        casts::cast(expr);
        subqueries::one_row(expr);
        like::escape(expr);
        aggregates::gather(expr);
        sets::unfold(expr);
        if let Expr::Function(Function { over: Some(WindowType::WindowSpec(window)), .. }) = expr {
            queries::frame(window);
        }
        match array.and_then(|()| bytea::literal(expr)).and_then(|()| variadic::gathered(expr)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }
}

/// A PostgreSQL type in sqlparser's words.
pub fn type_named(pg: &PgType) -> Option<DataType> {
    Parser::new(&PostgreSqlDialect {}).try_with_sql(pg.sql_name).ok()?.parse_data_type().ok()
}

/// The error that stopped a visitor.
fn stopped(flow: ControlFlow<Box<Error>>) -> Result<()> {
    flow.break_value().map_or(Ok(()), |error| Err(*error))
}

/// What a visitor is told of a rewriting.
fn flow(result: Result<()>) -> ControlFlow<Box<Error>> {
    result.map_or_else(|e| ControlFlow::Break(Box::new(e)), |()| ControlFlow::Continue(()))
}

#[cfg(test)]
pub(super) fn rewritten(sql: &str) -> String {
    let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect(sql);
    match rewrite(&mut statements[0]) {
        Ok(()) => statements[0].to_string(),
        Err(e) => format!("{:?}: {e}", e.kind()),
    }
}
