//! Bounds on a statement's text, checked on its tokens before anything is parsed: DataFusion overflows its stack on long flat
//! chains and plans for minutes on wide ones, where neither its recursion limit nor a cancel can reach.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, Query, Statement, Visit, Visitor};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Error, Kind, Result};

/// The longest query string, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// How deep brackets and parentheses may nest.
const MAX_NESTING: usize = 100;
/// Operators (`+`, `AND`, `||`, `::`, ...) of one statement.
const MAX_OPERATORS: usize = 2_000;
/// Joined relations, `UNION`s and the like of one statement.
const MAX_JOINS: usize = 200;
/// Tables of one statement, those of a `WITH` query as often as it is named.
const MAX_RELATIONS: usize = 1_000;

/// [`Kind::TooComplex`] when a statement of the query string is larger than what is planned; else how deep parsing may recurse, about:
/// chains count as well as nesting.
pub fn check(tokens: &[TokenWithSpan]) -> Result<usize> {
    let (mut depth, mut operators, mut joins) = (0_usize, 0_usize, 0_usize);
    let mut deepest = 0;
    for token in tokens {
        match &token.token {
            Token::SemiColon => (depth, operators, joins) = (0, 0, 0),
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
            Token::Word(word) => match word.keyword {
                Keyword::AND | Keyword::OR | Keyword::NOT | Keyword::LIKE | Keyword::ILIKE | Keyword::IS => operators += 1,
                Keyword::JOIN | Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT => joins += 1,
                _ => {}
            },
            Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::Mod
            | Token::Eq
            | Token::Neq
            | Token::Lt
            | Token::Gt
            | Token::LtEq
            | Token::GtEq
            | Token::StringConcat
            | Token::DoubleColon
            | Token::Caret
            | Token::Pipe
            | Token::Ampersand => operators += 1,
            _ => {}
        }
        deepest = deepest.max(depth + operators + joins);
        over(depth, MAX_NESTING, "levels of nesting")?;
        over(operators, MAX_OPERATORS, "operators")?;
        over(joins, MAX_JOINS, "joins and set operations")?;
    }
    Ok(deepest)
}

/// [`Kind::TooComplex`] when a query reads more than [`MAX_RELATIONS`], each `WITH` query counted as often as it is named: it is planned
/// as often, so that one doubled forty times would be planned until the memory is full.
pub fn check_relations(query: &Statement) -> Result<()> {
    let mut count = Relations::default();
    match query.visit(&mut count) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => over(usize::MAX, MAX_RELATIONS, "tables, WITH queries counted as often as they are named"),
    }
}

/// Counts what each query reads, from the inside out.
#[derive(Default)]
struct Relations {
    /// The queries that the walk is in, the outermost first.
    open: Vec<OpenQuery>,
    /// The names that `WITH` gave so far, and how much each reads; the later of one name hides the earlier.
    named: Vec<(String, usize)>,
}

struct OpenQuery {
    reads: usize,
    /// The name when it is one of a `WITH`, which is read where it is named.
    name: Option<String>,
    /// The names of its own `WITH`, in order, of those that the walk has yet to come to; it comes to them before anything else.
    with: VecDeque<String>,
    /// How many names were known before.
    outer_names: usize,
}

impl Visitor for Relations {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let name = self.open.last_mut().and_then(|outer| outer.with.pop_front());
        let with = query.with.iter().flat_map(|w| &w.cte_tables).map(|t| t.alias.name.value.to_lowercase()).collect();
        self.open.push(OpenQuery { reads: 0, name, with, outer_names: self.named.len() });
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = relation.to_string().replace('"', "").to_lowercase();
        let reads = self.named.iter().rev().find(|(known, _)| *known == name).map_or(1, |(_, reads)| *reads);
        self.add(reads)
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        let Some(closed) = self.open.pop() else { return ControlFlow::Continue(()) };
        self.named.truncate(closed.outer_names);
        match closed.name {
            Some(name) => {
                self.named.push((name, closed.reads.max(1)));
                ControlFlow::Continue(())
            }
            None => self.add(closed.reads),
        }
    }
}

impl Relations {
    fn add(&mut self, more: usize) -> ControlFlow<()> {
        let Some(query) = self.open.last_mut() else { return ControlFlow::Continue(()) };
        query.reads += more;
        if query.reads > MAX_RELATIONS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn over(count: usize, max: usize, what: &str) -> Result<()> {
    if count <= max {
        return Ok(());
    }
    Err(Error::new(Kind::TooComplex, format!("the statement has more than {max} {what}"))
        .with_hint("Use IN (...) or VALUES for long lists, or several statements."))
}

/// [`Kind::TooComplex`] when the text is longer than [`MAX_BYTES`].
pub fn check_length(sql: &str) -> Result<()> {
    if sql.len() <= MAX_BYTES {
        return Ok(());
    }
    Err(Error::new(Kind::TooComplex, format!("the query string has {} bytes; at most {MAX_BYTES} are taken", sql.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::sql::sqlparser::{dialect::PostgreSqlDialect, parser::Parser, tokenizer::Tokenizer};

    #[test]
    fn what_overflows_the_planner_is_refused_before_it() {
        let check = |sql: &str| {
            let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().expect(sql);
            check(&tokens).map(|_| ()).map_err(|e| e.kind())
        };
        assert_eq!(check("select 1 + 2 where a = 1 and b = 2"), Ok(()));
        assert_eq!(check(&format!("select {}1", "1+".repeat(10_000))), Err(Kind::TooComplex));
        assert_eq!(check(&format!("select 1 where {}true", "true or ".repeat(50_000))), Err(Kind::TooComplex));
        assert_eq!(check(&format!("select {}1", "(".repeat(2_000))), Err(Kind::TooComplex));
        assert_eq!(check(&format!("select 1 {}", "union all select 1 ".repeat(3_000))), Err(Kind::TooComplex));
        assert_eq!(check(&format!("select 1 where 1 in ({}1)", "1,".repeat(50_000))), Ok(()));
        assert_eq!(check(&"select 1 + 1;".repeat(5_000)), Ok(()));
    }

    #[test]
    fn with_queries_count_as_often_as_they_are_named() {
        let doubled = |times: usize| {
            let steps: String = (1..=times).map(|i| format!(", c{i} as (select a.x from c{} a, C{} b)", i - 1, i - 1)).collect();
            format!("with c0 as (select 1 x){steps} select count(*) from c{times}")
        };
        let check = |sql: &str| {
            let parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect(sql);
            check_relations(&parsed[0]).map_err(|e| e.kind())
        };
        assert_eq!(check(&doubled(9)), Ok(()));
        assert_eq!(check(&doubled(40)), Err(Kind::TooComplex));
        assert_eq!(check("with r as (select 1 n union all select n + 1 from r) select * from r a, r b"), Ok(()));
        // A name that is hidden is the inner one's.
        let hidden = doubled(9).replace("select count(*)", "select (with c9 as (select 1) select count(*) from c9, c9 x, c9 y)");
        assert_eq!(check(&hidden), Ok(()));
        let lists = format!("select 1 from t{}", ", t".repeat(2_000));
        assert_eq!(check(&lists), Err(Kind::TooComplex));
    }
}
