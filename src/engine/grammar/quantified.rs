//! `a OPERATOR(pg_catalog.=) ANY (array)`, as `pg_dump` writes it: sqlparser takes the operators alone there, not their full names.

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use crate::engine::dialect::operator_named;

const QUANTIFIERS: [Keyword; 3] = [Keyword::ANY, Keyword::ALL, Keyword::SOME];

/// The comparison of `left` with any or all of what follows; `None` where no such operator stands before a quantifier.
pub fn comparison(parser: &mut Parser, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
    let is = |place: usize, wanted: &Token| parser.peek_nth_token_ref(place).token == *wanted;
    let is_operator = matches!(&parser.peek_token_ref().token, Token::Word(word) if word.keyword == Keyword::OPERATOR);
    if !is_operator || !is(1, &Token::LParen) {
        return None;
    }
    let place = if is(3, &Token::Period) { 4 } else { 2 };
    let op = operator_named(&parser.peek_nth_token_ref(place).token.to_string())?;
    let is_quantified =
        matches!(&parser.peek_nth_token_ref(place + 2).token, Token::Word(word) if QUANTIFIERS.contains(&word.keyword));
    if !is(place + 1, &Token::RParen) || !is_quantified {
        return None;
    }
    (0..place + 2).for_each(|_| parser.advance_token());
    let (left, is_all) = (Box::new(left.clone()), parser.parse_keyword(Keyword::ALL));
    let is_some = !is_all && parser.parse_keyword(Keyword::SOME);
    if !is_all && !is_some {
        parser.advance_token();
    }
    Some(operand(parser, precedence).map(|right| match is_all {
        true => Expr::AllOp { left, compare_op: op, right: Box::new(right) },
        false => Expr::AnyOp { left, compare_op: op, right: Box::new(right), is_some },
    }))
}

/// A subquery or an array, in parentheses.
fn operand(parser: &mut Parser, precedence: u8) -> Result<Expr, ParserError> {
    parser.expect_token(&Token::LParen)?;
    if parser.peek_one_of_keywords(&[Keyword::SELECT, Keyword::WITH, Keyword::VALUES]).is_some() {
        parser.prev_token();
        return parser.parse_subexpr(precedence);
    }
    let array = parser.parse_expr()?;
    parser.expect_token(&Token::RParen)?;
    Ok(array)
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::parser::Parser;

    use crate::engine::grammar::Grammar;

    #[test]
    fn full_names_of_operators_stand_before_quantifiers() {
        for (sql, want) in [
            ("a OPERATOR(pg_catalog.=) ANY (array['r', 'v']) and b", "a = ANY(ARRAY['r', 'v']) AND b"),
            ("a operator(<>) all (array[1])", "a <> ALL(ARRAY[1])"),
            ("a OPERATOR(pg_catalog.~) some (select b from t)", "a ~ SOME(SELECT b FROM t)"),
            ("a OPERATOR(pg_catalog.=) b", "a OPERATOR(pg_catalog.=) b"),
        ] {
            let parsed = Parser::new(&Grammar::default()).try_with_sql(sql).and_then(|mut p| p.parse_expr()).expect(sql);
            assert_eq!(parsed.to_string(), want, "{sql}");
        }
    }
}
