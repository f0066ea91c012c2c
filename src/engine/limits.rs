//! Bounds on a statement's text, checked on its tokens before anything is parsed: DataFusion overflows its stack on long flat
//! chains and plans for minutes on wide ones, where neither its recursion limit nor a cancel can reach.

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

/// [`Kind::TooComplex`] when a statement of the query string is larger than what is planned.
pub fn check(tokens: &[TokenWithSpan]) -> Result<()> {
    let (mut depth, mut operators, mut joins) = (0_usize, 0_usize, 0_usize);
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
        over(depth, MAX_NESTING, "levels of nesting")?;
        over(operators, MAX_OPERATORS, "operators")?;
        over(joins, MAX_JOINS, "joins and set operations")?;
    }
    Ok(())
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
    use datafusion::sql::sqlparser::{dialect::PostgreSqlDialect, tokenizer::Tokenizer};

    #[test]
    fn what_overflows_the_planner_is_refused_before_it() {
        let check = |sql: &str| {
            let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().expect(sql);
            check(&tokens).map_err(|e| e.kind())
        };
        assert_eq!(check("select 1 + 2 where a = 1 and b = 2"), Ok(()));
        assert_eq!(check(&format!("select {}1", "1+".repeat(10_000))), Err(Kind::TooComplex));
        assert_eq!(check(&format!("select 1 where {}true", "true or ".repeat(50_000))), Err(Kind::TooComplex));
        assert_eq!(check(&format!("select {}1", "(".repeat(2_000))), Err(Kind::TooComplex));
        assert_eq!(check(&format!("select 1 {}", "union all select 1 ".repeat(3_000))), Err(Kind::TooComplex));
        assert_eq!(check(&format!("select 1 where 1 in ({}1)", "1,".repeat(50_000))), Ok(()));
        assert_eq!(check(&"select 1 + 1;".repeat(5_000)), Ok(()));
    }
}
