//! Where an operator ends: sqlparser takes `x>-1` for an operator `>-`. PostgreSQL's ends before signs, unless there is one of `~!@#%^&|`?` in it.

use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::grammar::Grammar;

/// Characters with which an operator may end in a sign.
const KEEPING: [char; 10] = ['~', '!', '@', '#', '%', '^', '&', '|', '`', '?'];

/// The tokens with the signs behind operators by themselves, each at its place.
pub fn apart(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(|token| name(token).is_some()) {
        return tokens;
    }
    tokens.into_iter().flat_map(split).collect()
}

/// An operator without the signs that are none of it.
fn name(token: &TokenWithSpan) -> Option<&str> {
    let Token::CustomBinaryOperator(text) = &token.token else { return None };
    let name = match text.trim_end_matches(['+', '-']) {
        // One sign is an operator itself.
        "" => text.get(..1)?,
        name => name,
    };
    (name.len() < text.len() && !name.contains(KEEPING)).then_some(name)
}

fn split(token: TokenWithSpan) -> Vec<TokenWithSpan> {
    let (Some(name), Token::CustomBinaryOperator(text)) = (name(&token), &token.token) else { return vec![token] };
    let start = token.span.start;
    // Operators are of ASCII, and in one line.
    let at = |byte: usize| Location::new(start.line, start.column + byte as u64);
    let Ok(known) = Tokenizer::new(&Grammar::default(), name).tokenize() else { return vec![token] };
    let operator = known.into_iter().map(|token| TokenWithSpan { token, span: Span::new(start, at(name.len())) });
    let signs = text.bytes().enumerate().skip(name.len()).map(|(byte, sign)| TokenWithSpan {
        token: if sign == b'-' { Token::Minus } else { Token::Plus },
        span: Span::new(at(byte), at(byte + 1)),
    });
    operator.chain(signs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_behind_operators_stand_apart() {
        for (sql, want) in [
            ("x>-1", "x > - 1"),
            ("x>=+1", "x >= + 1"),
            ("x<>-y", "x <> - y"),
            ("a->-1", "a -> - 1"),
            ("a->>-1", "a ->> - 1"),
            ("a-+1", "a - + 1"),
            ("a->'b'", "a -> 'b'"),
            ("a>1", "a > 1"),
        ] {
            let tokens = Tokenizer::new(&Grammar::default(), sql).tokenize_with_location().expect(sql);
            let got: Vec<String> = apart(tokens).iter().map(|token| token.token.to_string()).collect();
            assert_eq!(got.join(" "), want, "{sql}");
        }
        let tokens = Tokenizer::new(&Grammar::default(), "x>=-1").tokenize_with_location().expect("tokens");
        let places: Vec<u64> = apart(tokens).iter().map(|token| token.span.start.column).collect();
        assert_eq!(places, [1, 2, 4, 5]);
    }
}
