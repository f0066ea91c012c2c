//! `LIKE ... ESCAPE`: DataFusion knows the backslash alone, so another character's patterns are rewritten to it.

use datafusion::sql::sqlparser::ast::{Expr, Value, ValueWithSpan};

use super::ast::{call, value};

/// Stands for a doubled escape character while the single ones are replaced; no pattern holds it.
const DOUBLED: &str = "\u{1}";

/// `x LIKE p ESCAPE '/'` becomes a LIKE whose pattern escapes with the backslash; `ESCAPE ''` escapes nothing.
pub fn escape(expr: &mut Expr) {
    let (Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. }) = expr else { return };
    let escape = match escape_char {
        Some(ValueWithSpan { value: Value::SingleQuotedString(c) | Value::EscapedStringLiteral(c), .. })
            if c != "\\" && c.chars().count() <= 1 =>
        {
            std::mem::take(c)
        }
        _ => return,
    };
    *escape_char = None;
    let text = |t: &str| value(Value::SingleQuotedString(t.to_owned()));
    let replace = |e: Expr, from: &str, to: &str| call("replace", vec![e, text(from), text(to)]);
    let mut new = replace(std::mem::replace(&mut **pattern, value(Value::Null)), "\\", "\\\\");
    if !escape.is_empty() {
        new = replace(new, &escape.repeat(2), DOUBLED);
        new = replace(new, &escape, "\\");
        new = replace(new, DOUBLED, &escape);
    }
    **pattern = new;
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn another_escape_character_becomes_the_backslash() {
        assert_eq!(
            rewritten("select a from t where a like '\\' escape ''"),
            "SELECT a FROM t WHERE a LIKE replace('\\', '\\', '\\\\')"
        );
        assert_eq!(rewritten("select a from t where a like b escape '\\'"), "SELECT a FROM t WHERE a LIKE b ESCAPE '\\'");
        let slash = rewritten("select a from t where a like b escape '/'").replace('\u{1}', "#");
        let want = "replace(replace(replace(replace(b, '\\', '\\\\'), '//', '#'), '/', '\\'), '#', '/')";
        assert_eq!(slash, format!("SELECT a FROM t WHERE a LIKE {want}"));
    }
}
