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

/// Names with dots between them, and fields of fields.
const MAX_PARTS: usize = 100;
/// How much the parser may read again, in tokens: see [`Brackets`].
const MAX_READ_AGAIN: usize = 1 << 22;

/// [`Kind::TooComplex`] when a statement of the query string is larger than what is planned; else how deep parsing may recurse, about:
/// chains count as well as nesting.
pub fn check(tokens: &[TokenWithSpan]) -> Result<usize> {
    let (mut brackets, mut operators, mut joins, mut parts) = (Brackets::default(), 0_usize, 0_usize, 0_usize);
    let mut deepest = 0;
    for token in tokens.iter().map(|t| &t.token).filter(|t| !matches!(t, Token::Whitespace(_))) {
        brackets.read(token);
        match token {
            Token::SemiColon => (operators, joins) = (0, 0),
            Token::Word(word) => match word.keyword {
                Keyword::JOIN | Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT => joins += 1,
                keyword => operators += usize::from(is_operator_word(keyword)),
            },
            other => operators += usize::from(is_operator(other)),
        }
        parts = match token {
            Token::Period => parts + 1,
            Token::Word(_) => parts,
            _ => 0,
        };
        deepest = deepest.max(brackets.open.len() + operators + joins);
        over(brackets.open.len(), MAX_NESTING, "levels of nesting")?;
        over(operators, MAX_OPERATORS, "operators")?;
        over(joins, MAX_JOINS, "joins and set operations")?;
        over(parts, MAX_PARTS, "parts of a name")?;
        if brackets.tries > 1 && brackets.tries.saturating_mul(tokens.len()) > MAX_READ_AGAIN {
            return Err(Error::new(
                Kind::TooComplex,
                "the statement has too many doubled parentheses around queries within each other",
            )
            .with_hint("Write ((SELECT ...)) as (SELECT ...), or name the queries with WITH."));
        }
    }
    Ok(deepest)
}

fn is_operator_word(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::AND
            | Keyword::OR
            | Keyword::NOT
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::REGEXP
            | Keyword::RLIKE
            | Keyword::IS
            | Keyword::NOTNULL
            | Keyword::IN
            | Keyword::BETWEEN
            | Keyword::OVERLAPS
            | Keyword::OPERATOR
            | Keyword::COLLATE
            | Keyword::AT
            | Keyword::XOR
            | Keyword::DIV
    )
}

/// Whether a token makes an expression deeper. What is none is listed, for sqlparser has operators that nobody thinks of, and a chain
/// of any of them overflows the stack.
fn is_operator(token: &Token) -> bool {
    !matches!(
        token,
        Token::EOF
            | Token::Whitespace(_)
            | Token::Word(_)
            | Token::Number(..)
            | Token::Char(_)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::SingleQuotedByteStringLiteral(_)
            | Token::Placeholder(_)
            | Token::Comma
            | Token::Period
            | Token::Colon
            | Token::SemiColon
            | Token::Assignment
            | Token::RArrow
            | Token::LParen
            | Token::RParen
            | Token::RBracket
            | Token::LBrace
            | Token::RBrace
    )
}

/// The open brackets, and how often the parser may read what is within. Of `((SELECT` it finds out by trying whether the outer parenthesis
/// is a query's, a join's or a list's, so that such pairs within each other double its work each time.
#[derive(Default)]
struct Brackets {
    /// For each open one, how often what is within may be read.
    open: Vec<usize>,
    /// How many parentheses were opened just now, one behind the other.
    run: usize,
    /// How often the token may be read.
    tries: usize,
}

impl Brackets {
    fn read(&mut self, token: &Token) {
        let run = std::mem::take(&mut self.run);
        match token {
            Token::SemiColon => self.open.clear(),
            Token::LParen | Token::LBracket => {
                self.open.push(self.open.last().copied().unwrap_or(1));
                self.run = if *token == Token::LParen { run + 1 } else { 0 };
            }
            Token::RParen | Token::RBracket => drop(self.open.pop()),
            Token::Word(word) if matches!(word.keyword, Keyword::SELECT | Keyword::WITH | Keyword::VALUES | Keyword::TABLE) => {
                let within = self.open.len().saturating_sub(run);
                self.open[within..].iter_mut().for_each(|tries| *tries = tries.saturating_mul(run));
            }
            _ => {}
        }
        self.tries = self.open.last().copied().unwrap_or(1);
    }
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
        // Operators that are seldom thought of: a chain of them ended the process.
        for operator in ["->", "->>", "@>", "~", "#", "<<", "&&", "!", "[1]", "in (1)", "collate x", "at time zone 'x'", ".a"] {
            let chain = format!("select a {}", format!("{operator} 'b' ").repeat(50_000));
            assert_eq!(check(&chain.replace(".a 'b'", ".a")), Err(Kind::TooComplex), "{operator}");
        }
        assert_eq!(check(&format!("select {}1", "s.t.a, ".repeat(5_000))), Ok(()));
    }

    #[test]
    fn what_the_parser_would_read_again_and_again_is_refused() {
        let check = |sql: &str| {
            let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().expect(sql);
            check(&tokens).map(|_| ()).map_err(|e| e.kind())
        };
        let nested =
            |open: &str, times: usize, close: &str| format!("select 1 from {}t{}", open.repeat(times), close.repeat(times));
        assert_eq!(check(&nested("((select * from ", 10, ") x)")), Ok(()));
        assert_eq!(check(&nested("(select * from ", 60, ") x")), Ok(()));
        assert_eq!(check(&nested("((select * from ", 24, ") x)")), Err(Kind::TooComplex));
        assert_eq!(check(&nested("((select 1) union (select * from ", 24, ") x)")), Err(Kind::TooComplex));
        assert_eq!(check(&nested("((((((select * from ", 12, ")))))) x")), Err(Kind::TooComplex));
        // Parentheses alone are read once.
        assert_eq!(check(&format!("select {}1{}", "(".repeat(90), ")".repeat(90))), Ok(()));
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
