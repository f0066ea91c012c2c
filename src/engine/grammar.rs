//! PostgreSQL's grammar as it is parsed here: sqlparser's, but for one rule that takes exponential time, and with SQL's versions of tables
//! where a statement asks for one. What a parsed statement means is not decided here.

mod binding;
mod quantified;

use std::any::TypeId;
use std::cell::Cell;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};
use datafusion::sql::sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::dialect::ast::call;
use super::dialect::variadic::VARIADIC;

/// sqlparser's [`PostgreSqlDialect`], except that an argument's name in `f(name => value)` is an identifier, as PostgreSQL has it
/// (`func_arg_expr`), and not any expression: to find out, sqlparser parses each argument twice, and so a call in twenty calls
/// a million times.
#[derive(Debug)]
pub struct Grammar {
    /// Whether `FOR SYSTEM_TIME AS OF` may stand behind a table (SQL:2011). sqlparser then takes other products' forms too, and for their
    /// sake no bare alias named `at`, `before` or `changes`: so only where it is needed.
    pub versions: bool,
    /// How many more steps of an expression may be parsed. Of `position(`, `substring(` and others sqlparser tries one form, then
    /// another, so that twenty within each other are read a million times.
    steps_left: Cell<usize>,
}

/// Keywords that are no names of columns without AS before them (`pg_get_keywords()`, those that are no bare labels).
const NO_LABELS: [Keyword; 40] = [
    Keyword::ARRAY,
    Keyword::AS,
    Keyword::CHAR,
    Keyword::CHARACTER,
    Keyword::CREATE,
    Keyword::DAY,
    Keyword::EXCEPT,
    Keyword::FETCH,
    Keyword::FILTER,
    Keyword::FOR,
    Keyword::FROM,
    Keyword::GRANT,
    Keyword::GROUP,
    Keyword::HAVING,
    Keyword::HOUR,
    Keyword::INTERSECT,
    Keyword::INTO,
    Keyword::LIMIT,
    Keyword::MINUTE,
    Keyword::MONTH,
    Keyword::NOTNULL,
    Keyword::OFFSET,
    Keyword::ON,
    Keyword::ORDER,
    Keyword::OVER,
    Keyword::OVERLAPS,
    Keyword::PRECISION,
    Keyword::RETURNING,
    Keyword::SECOND,
    Keyword::TO,
    Keyword::UNION,
    Keyword::VARYING,
    Keyword::WHERE,
    Keyword::WINDOW,
    Keyword::WITH,
    Keyword::WITHIN,
    Keyword::WITHOUT,
    Keyword::YEAR,
    // What sqlparser looks for behind an expression.
    Keyword::END,
    Keyword::EXCLUDE,
];

/// Steps for each token; a statement that is read once takes about one.
const STEPS_A_TOKEN: usize = 16;

/// Steps of any statement.
const STEPS: usize = 50_000;

impl Default for Grammar {
    /// For texts of our own: no versions, and no bound.
    fn default() -> Self {
        Self { versions: false, steps_left: Cell::new(usize::MAX) }
    }
}

impl Grammar {
    /// The grammar for these tokens: tables have versions when `FOR SYSTEM_TIME` stands there. Text that takes far more steps than
    /// it has tokens fails as if it were nested too deeply, the one error that ends the parser's tries.
    pub fn of(tokens: &[TokenWithSpan]) -> Self {
        let is =
            |token: &Token, keyword: Keyword| matches!(token, Token::Word(w) if w.keyword == keyword && w.quote_style.is_none());
        let words: Vec<&Token> = tokens.iter().map(|t| &t.token).filter(|t| !matches!(t, Token::Whitespace(_))).collect();
        Self {
            versions: words.windows(2).any(|pair| is(pair[0], Keyword::FOR) && is(pair[1], Keyword::SYSTEM_TIME)),
            steps_left: Cell::new(STEPS + words.len() * STEPS_A_TOKEN),
        }
    }
}

impl Grammar {
    /// What stands behind `BETWEEN SYMMETRIC`: between them in the one order or in the other.
    fn symmetric(&self, parser: &mut Parser, expr: &Expr, negated: bool) -> Result<Expr, ParserError> {
        let precedence = self.prec_value(Precedence::Between);
        let low = parser.parse_subexpr(precedence)?;
        parser.expect_keyword(Keyword::AND)?;
        let high = parser.parse_subexpr(precedence)?;
        let between = |low: &Expr, high: &Expr| {
            let (expr, low, high) = (Box::new(expr.clone()), Box::new(low.clone()), Box::new(high.clone()));
            Box::new(Expr::Between { expr, negated: false, low, high })
        };
        let (left, right) = (between(&low, &high), between(&high, &low));
        let either = Expr::Nested(Box::new(Expr::BinaryOp { left, op: BinaryOperator::Or, right }));
        Ok(if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(either) } } else { either })
    }
}

fn is_isnull(parser: &Parser) -> bool {
    matches!(&parser.peek_token_ref().token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case("isnull"))
}

impl Dialect for Grammar {
    fn dialect(&self) -> TypeId {
        // Where the parser asks which dialect it is, it is PostgreSQL's.
        TypeId::of::<PostgreSqlDialect>()
    }

    fn supports_named_fn_args_with_expr_name(&self) -> bool {
        false
    }

    fn supports_table_versioning(&self) -> bool {
        self.versions
    }

    fn is_column_alias(&self, keyword: &Keyword, _parser: &mut Parser) -> bool {
        !NO_LABELS.contains(keyword)
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        PostgreSqlDialect {}.identifier_quote_style(identifier)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_identifier_part(ch)
    }

    fn supports_unicode_string_literal(&self) -> bool {
        PostgreSqlDialect {}.supports_unicode_string_literal()
    }

    fn is_reserved_for_identifier(&self, kw: Keyword) -> bool {
        // Of an error in a form of its own sqlparser makes another try with the word as a name, unless it may be none.
        self.steps_left.get() == 0 || PostgreSqlDialect {}.is_reserved_for_identifier(kw)
    }

    fn is_custom_operator_part(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_custom_operator_part(ch)
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        match self.steps_left.get().checked_sub(1) {
            Some(left) => self.steps_left.set(left),
            None => return Some(Err(ParserError::RecursionLimitExceeded)),
        }
        if is_isnull(parser) {
            return Some(Ok(self.prec_value(Precedence::Is)));
        }
        if let Some(precedence) = binding::between(&parser.peek_token_ref().token) {
            return Some(Ok(precedence));
        }
        PostgreSqlDialect {}.get_next_precedence(parser)
    }

    /// An operator before its operand, or `VARIADIC array`, as a call that the dialect makes something of.
    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        if let Some((op, precedence)) = binding::prefix(&parser.peek_token_ref().token) {
            parser.advance_token();
            return Some(parser.parse_subexpr(precedence).map(|expr| Expr::UnaryOp { op, expr: Box::new(expr) }));
        }
        let Token::Word(word) = &parser.peek_token_ref().token else { return None };
        if word.quote_style.is_some() || !word.value.eq_ignore_ascii_case("variadic") {
            return None;
        }
        parser.advance_token();
        Some(parser.parse_expr().map(|array| call(VARIADIC, vec![array])))
    }

    /// `f(name := value)`.
    fn supports_named_fn_args_with_assignment_operator(&self) -> bool {
        true
    }

    /// `a ISNULL`, `a IS [NOT] DISTINCT FROM b`, `a [NOT] BETWEEN SYMMETRIC b AND c` and `a OPERATOR(pg_catalog.=) ANY (b)`.
    fn parse_infix(&self, parser: &mut Parser, expr: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        if let Some(compared) = quantified::comparison(parser, expr, precedence) {
            return Some(compared);
        }
        if is_isnull(parser) {
            parser.advance_token();
            return Some(Ok(Expr::IsNull(Box::new(expr.clone()))));
        }
        // sqlparser would take `a IS DISTINCT FROM b AND c` for `a IS DISTINCT FROM (b AND c)`.
        for (negated, words) in [
            (false, &[Keyword::IS, Keyword::DISTINCT, Keyword::FROM][..]),
            (true, &[Keyword::IS, Keyword::NOT, Keyword::DISTINCT, Keyword::FROM][..]),
        ] {
            if parser.parse_keywords(words) {
                let left = Box::new(expr.clone());
                let right = parser.parse_subexpr(self.prec_value(Precedence::Is)).map(Box::new);
                return Some(right.map(|right| match negated {
                    true => Expr::IsNotDistinctFrom(left, right),
                    false => Expr::IsDistinctFrom(left, right),
                }));
            }
        }
        for (negated, words) in [
            (false, &[Keyword::BETWEEN, Keyword::SYMMETRIC][..]),
            (true, &[Keyword::NOT, Keyword::BETWEEN, Keyword::SYMMETRIC][..]),
        ] {
            if parser.parse_keywords(words) {
                return Some(self.symmetric(parser, expr, negated));
            }
        }
        None
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        PostgreSqlDialect {}.supports_filter_during_aggregation()
    }

    fn supports_group_by_expr(&self) -> bool {
        PostgreSqlDialect {}.supports_group_by_expr()
    }

    fn prec_value(&self, prec: Precedence) -> u8 {
        PostgreSqlDialect {}.prec_value(prec)
    }

    fn allow_extract_custom(&self) -> bool {
        PostgreSqlDialect {}.allow_extract_custom()
    }

    fn allow_extract_single_quotes(&self) -> bool {
        PostgreSqlDialect {}.allow_extract_single_quotes()
    }

    fn supports_create_index_with_clause(&self) -> bool {
        PostgreSqlDialect {}.supports_create_index_with_clause()
    }

    fn supports_explain_with_utility_options(&self) -> bool {
        PostgreSqlDialect {}.supports_explain_with_utility_options()
    }

    fn supports_listen_notify(&self) -> bool {
        PostgreSqlDialect {}.supports_listen_notify()
    }

    fn supports_factorial_operator(&self) -> bool {
        PostgreSqlDialect {}.supports_factorial_operator()
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        PostgreSqlDialect {}.supports_bitwise_shift_operators()
    }

    fn supports_comment_on(&self) -> bool {
        PostgreSqlDialect {}.supports_comment_on()
    }

    fn supports_load_extension(&self) -> bool {
        PostgreSqlDialect {}.supports_load_extension()
    }

    fn supports_named_fn_args_with_colon_operator(&self) -> bool {
        PostgreSqlDialect {}.supports_named_fn_args_with_colon_operator()
    }

    fn supports_empty_projections(&self) -> bool {
        PostgreSqlDialect {}.supports_empty_projections()
    }

    fn supports_nested_comments(&self) -> bool {
        PostgreSqlDialect {}.supports_nested_comments()
    }

    fn supports_string_escape_constant(&self) -> bool {
        PostgreSqlDialect {}.supports_string_escape_constant()
    }

    fn supports_numeric_literal_underscores(&self) -> bool {
        PostgreSqlDialect {}.supports_numeric_literal_underscores()
    }

    fn supports_array_typedef_with_brackets(&self) -> bool {
        PostgreSqlDialect {}.supports_array_typedef_with_brackets()
    }

    fn supports_geometric_types(&self) -> bool {
        PostgreSqlDialect {}.supports_geometric_types()
    }

    fn supports_set_names(&self) -> bool {
        PostgreSqlDialect {}.supports_set_names()
    }

    fn supports_alter_column_type_using(&self) -> bool {
        PostgreSqlDialect {}.supports_alter_column_type_using()
    }

    fn supports_notnull_operator(&self) -> bool {
        PostgreSqlDialect {}.supports_notnull_operator()
    }

    fn supports_interval_options(&self) -> bool {
        PostgreSqlDialect {}.supports_interval_options()
    }

    fn supports_insert_table_alias(&self) -> bool {
        PostgreSqlDialect {}.supports_insert_table_alias()
    }

    fn supports_create_table_like_parenthesized(&self) -> bool {
        PostgreSqlDialect {}.supports_create_table_like_parenthesized()
    }

    fn supports_select_wildcard_with_alias(&self) -> bool {
        false
    }

    fn supports_comma_separated_trim(&self) -> bool {
        PostgreSqlDialect {}.supports_comma_separated_trim()
    }

    fn supports_xml_expressions(&self) -> bool {
        PostgreSqlDialect {}.supports_xml_expressions()
    }

    fn supports_comment_optimizer_hint(&self) -> bool {
        PostgreSqlDialect {}.supports_comment_optimizer_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use datafusion::sql::sqlparser::tokenizer::Tokenizer;

    use super::*;

    #[test]
    fn nested_calls_take_linear_time() {
        let sql = format!("select {}1{}", "abs(".repeat(40), ")".repeat(40));
        let started = Instant::now();
        Parser::parse_sql(&Grammar::default(), &sql).expect("parses");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }

    #[test]
    fn what_is_tried_again_and_again_is_given_up() {
        // Without an end to the tries, those that do not parse take longer than anyone waits.
        let nested = |open: &str, times: usize| format!("select {}'a'{}", open.repeat(times), ")".repeat(times));
        for (sql, parses) in [
            (nested("position(", 5), true),
            (nested("position(", 40), false),
            (nested("substring(", 40), true),
            (nested("substring(", 40).replace("'a'", "'a' x"), false),
            (format!("select 1 where {}", "1 in ((select 1 where ".repeat(24)), false),
        ] {
            let tokens = Tokenizer::new(&Grammar::default(), &sql).tokenize_with_location().expect("tokens");
            let parsed = Parser::new(&Grammar::of(&tokens)).with_tokens_with_locations(tokens).parse_statements();
            assert_eq!(parsed.is_ok(), parses, "{sql}");
        }
    }

    #[test]
    fn named_arguments_and_postgres_operators_parse() {
        for sql in ["select make_interval(days => 1, hours := 2)", "select a ->> 'b' from t where a @> '{}'::jsonb and b !~* 'x'"]
        {
            let ours = Parser::parse_sql(&Grammar::default(), sql).expect(sql);
            assert_eq!(ours[0].to_string(), Parser::parse_sql(&PostgreSqlDialect {}, sql).expect(sql)[0].to_string());
        }
    }
}
