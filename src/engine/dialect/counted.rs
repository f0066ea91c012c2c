//! Constants where PostgreSQL counts columns or rows: `ORDER BY 2`, `GROUP BY 1`, `DISTINCT ON (1)`, and what `LIMIT` takes. Told at their place, before
//! DataFusion takes a text for something to sort by.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, LimitClause, OrderByKind, Query, Select, SelectItem, SetExpr, Spanned, Statement, UnaryOperator,
    Value, Visit, Visitor, visit_expressions,
};

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::{placement, stopped};
use crate::engine::failure::position;
use crate::engine::grammar::Grammar;
use crate::error::{Error, Kind, Result};

/// Checks a statement as it was written: [`Kind::InvalidPosition`], [`Kind::Syntax`] for a constant that is no number, [`Kind::Unsupported`] for an
/// expression that a UNION is sorted by.
pub fn check(statement: &Statement, sql: &str) -> Result<()> {
    stopped(statement.visit(&mut Checker { sql, depth: 0 }))
}

struct Checker<'a> {
    sql: &'a str,
    /// How many queries are around.
    depth: usize,
}

impl Checker<'_> {
    fn at(&self, e: Error, expr: &Expr) -> Box<Error> {
        let mut at = position(self.sql, expr.span().start);
        if matches!(expr, Expr::UnaryOp { .. }) {
            // Its place is that of what it stands before.
            let before = at.and_then(|at| self.sql.char_indices().nth(at - 1)).and_then(|(byte, _)| self.sql.get(..byte));
            at = before.and_then(|text| text.rfind('-')).and_then(|byte| self.sql.get(..=byte)).map(|text| text.chars().count());
        }
        Box::new(at.into_iter().fold(e, Error::at))
    }

    /// A constant among what a clause counts; `columns` where it is known how many there are.
    fn counted(&self, clause: &str, expr: &Expr, columns: Option<usize>) -> ControlFlow<Box<Error>> {
        let number = match constant(expr) {
            None => return ControlFlow::Continue(()),
            Some(Constant::Other) => {
                let e = Error::new(Kind::Syntax, format!("non-integer constant in {clause}"));
                return ControlFlow::Break(self.at(e, expr));
            }
            Some(Constant::Whole(number)) => number,
        };
        let is_there = usize::try_from(number).is_ok_and(|n| n > 0 && columns.is_none_or(|all| n <= all));
        if is_there {
            return ControlFlow::Continue(());
        }
        let e = Error::new(Kind::InvalidPosition, format!("{clause} position {number} is not in select list"));
        ControlFlow::Break(self.at(e, expr))
    }

    fn limit(&self, clause: &str, expr: &Expr) -> ControlFlow<Box<Error>> {
        // What a subquery names is its own.
        let has_query = visit_expressions(expr, |inner| match inner {
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        if has_query.is_break() {
            return ControlFlow::Continue(());
        }
        visit_expressions(expr, |inner| {
            let e = match inner {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                    Error::new(Kind::InvalidPosition, format!("argument of {clause} must not contain variables"))
                }
                Expr::Function(f) if placement::is_aggregate(f) => {
                    Error::new(Kind::Grouping, format!("aggregate functions are not allowed in {clause}"))
                }
                _ => return ControlFlow::Continue(()),
            };
            ControlFlow::Break(self.at(e, inner))
        })
    }
}

impl Visitor for Checker<'_> {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        if let Some(OrderByKind::Expressions(by)) = query.order_by.as_ref().map(|order| &order.kind) {
            let columns = columns(&query.body);
            for by in by {
                self.counted("ORDER BY", &by.expr, columns)?;
                let is_named =
                    matches!(by.expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) || constant(&by.expr).is_some();
                if matches!(query.body.as_ref(), SetExpr::SetOperation { .. }) && !is_named {
                    let e = Error::new(Kind::Unsupported, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
                        .with_detail("Only result column names can be used, not expressions or functions.")
                        .with_hint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.");
                    return ControlFlow::Break(self.at(e, &by.expr));
                }
            }
        }
        self.depth += 1;
        // A query within another may name columns of that one.
        if let (1, Some(LimitClause::LimitOffset { limit, offset, .. })) = (self.depth, &query.limit_clause) {
            if let Some(limit) = limit {
                self.limit("LIMIT", limit)?;
            }
            if let Some(offset) = offset {
                self.limit("OFFSET", &offset.value)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        let Expr::InSubquery { expr, subquery, .. } = expr else { return ControlFlow::Continue(()) };
        let asked = match expr.as_ref() {
            Expr::Tuple(row) => row.len(),
            _ => 1,
        };
        let message = match columns(&subquery.body) {
            Some(given) if given > asked => "subquery has too many columns",
            Some(given) if given < asked => "subquery has too few columns",
            Some(_) | None => return ControlFlow::Continue(()),
        };
        let tokens = Tokenizer::new(&Grammar::default(), self.sql).tokenize_with_location().unwrap_or_default();
        let is_in = |token: &Token| matches!(token, Token::Word(word) if word.keyword == Keyword::IN);
        let at = tokens.iter().find(|t| t.span.start >= expr.span().end && is_in(&t.token)).map(|t| t.span.start);
        let at = at.and_then(|at| position(self.sql, at));
        ControlFlow::Break(Box::new(at.into_iter().fold(Error::new(Kind::Syntax, message), Error::at)))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        let columns = listed(select);
        if let GroupByExpr::Expressions(by, _) = &select.group_by {
            by.iter().try_for_each(|expr| self.counted("GROUP BY", expr, columns))?;
        }
        match &select.distinct {
            Some(Distinct::On(on)) => on.iter().try_for_each(|expr| self.counted("DISTINCT ON", expr, columns)),
            Some(Distinct::All | Distinct::Distinct) | None => ControlFlow::Continue(()),
        }
    }
}

enum Constant {
    Whole(i64),
    Other,
}

/// A constant by itself; a minus before a number is of it.
fn constant(expr: &Expr) -> Option<Constant> {
    match expr {
        Expr::Nested(inner) => constant(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match constant(expr)? {
            Constant::Whole(n) => Some(Constant::Whole(-n)),
            Constant::Other => Some(Constant::Other),
        },
        Expr::Value(v) => match &v.value {
            Value::Number(digits, _) => Some(digits.parse::<i32>().map_or(Constant::Other, |n| Constant::Whole(i64::from(n)))),
            Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_) | Value::Boolean(_) | Value::Null => {
                Some(Constant::Other)
            }
            _ => None,
        },
        _ => None,
    }
}

/// How many columns a query gives; `None` where a star stands for some.
fn columns(body: &SetExpr) -> Option<usize> {
    match body {
        SetExpr::Select(select) => listed(select),
        SetExpr::SetOperation { left, .. } => columns(left),
        SetExpr::Query(query) => columns(&query.body),
        SetExpr::Values(values) => values.rows.first().map(|row| row.len()),
        _ => None,
    }
}

fn listed(select: &Select) -> Option<usize> {
    let is_one = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
    select.projection.iter().all(is_one).then_some(select.projection.len())
}
