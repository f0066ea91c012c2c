//! How strongly operators bind, where sqlparser has it otherwise than PostgreSQL.

use datafusion::sql::sqlparser::ast::UnaryOperator;
use datafusion::sql::sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use datafusion::sql::sqlparser::tokenizer::Token;

/// How strongly a sign binds: as `COLLATE`, the next weaker of the operators that stand behind.
const SIGN: u8 = 120;

/// An operator that may stand before its operand, and how strongly it binds: signs more than `^`, so that `-2 ^ 2` is 4, and all others as between
/// two operands, less than `+`. sqlparser has signs bind as `*` does, and others as `+`.
pub fn prefix(token: &Token) -> Option<(UnaryOperator, u8)> {
    Some(match token {
        Token::Minus => (UnaryOperator::Minus, SIGN),
        Token::Plus => (UnaryOperator::Plus, SIGN),
        Token::Tilde => (UnaryOperator::BitwiseNot, other()),
        Token::AtSign => (UnaryOperator::PGAbs, other()),
        Token::PGSquareRoot => (UnaryOperator::PGSquareRoot, other()),
        Token::PGCubeRoot => (UnaryOperator::PGCubeRoot, other()),
        _ => return None,
    })
}

/// How strongly `~` and its kin bind, which to sqlparser are as LIKE, and to PostgreSQL operators without a rule of their own.
pub fn between(token: &Token) -> Option<u8> {
    let is_match = matches!(
        token,
        Token::Tilde
            | Token::TildeAsterisk
            | Token::ExclamationMarkTilde
            | Token::ExclamationMarkTildeAsterisk
            | Token::DoubleTilde
            | Token::DoubleTildeAsterisk
            | Token::ExclamationMarkDoubleTilde
            | Token::ExclamationMarkDoubleTildeAsterisk
    );
    is_match.then(other)
}

/// What operators have that no rule names.
fn other() -> u8 {
    PostgreSqlDialect {}.prec_value(Precedence::PgOther)
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use datafusion::sql::sqlparser::ast::{Expr, visit_expressions_mut};
    use datafusion::sql::sqlparser::parser::Parser;

    use crate::engine::grammar::Grammar;

    #[test]
    fn operators_bind_as_in_postgres() {
        for (sql, want) in [
            ("- 2 ^ 2", "(- 2) ^ 2"),
            ("2 * - 3 ^ x", "2 * ((- 3) ^ x)"),
            ("- a::int", "- (a::int)"),
            ("- a[1]", "- (a[1])"),
            ("~ 5 + 3", "~ (5 + 3)"),
            ("~ 5 & 3", "(~ 5) & 3"),
            ("@ 3 - 5", "@ (3 - 5)"),
            ("- 1 + 2", "(- 1) + 2"),
            ("t ~ 'a' || 'b'", "(t ~ 'a') || 'b'"),
            ("t ~ 'a' = u !~~ 'b'", "(t ~ 'a') = (u !~~ 'b')"),
        ] {
            let bare = |sql: &str| {
                let mut expr = Parser::new(&Grammar::default()).try_with_sql(sql).and_then(|mut p| p.parse_expr()).expect(sql);
                let _: ControlFlow<()> = visit_expressions_mut(&mut expr, |expr| {
                    while let Expr::Nested(inner) = expr {
                        *expr = inner.as_ref().clone();
                    }
                    ControlFlow::Continue(())
                });
                expr
            };
            assert_eq!(bare(sql), bare(want), "{sql}");
        }
    }
}
