//! Patterns of `to_char`. Those of numbers go to a function of ours. Those of dates, such as `YYYY-MM-DD`, become chrono's, which
//! DataFusion takes; one that chrono has no word for is refused, never printed wrongly.

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Value};

use super::ast::{folded_parts, string, value};
use crate::error::{Error, Kind, Result};

/// PostgreSQL's template patterns with chrono's (table 9.27 of PostgreSQL 15's manual), the longer before their beginnings.
const PATTERNS: [(&str, &str); 28] = [
    ("FMMonth", "%B"),
    ("FMDay", "%A"),
    ("FMHH24", "%-H"),
    ("FMHH12", "%-I"),
    ("FMDDD", "%-j"),
    ("FMMM", "%-m"),
    ("FMDD", "%-d"),
    ("FMMI", "%-M"),
    ("FMSS", "%-S"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("YYYY", "%Y"),
    ("IYYY", "%G"),
    ("DDD", "%j"),
    ("Mon", "%b"),
    ("HH", "%I"),
    ("YY", "%y"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("MI", "%M"),
    ("SS", "%S"),
    ("MS", "%3f"),
    ("US", "%6f"),
    ("IW", "%V"),
    ("ID", "%u"),
    ("Dy", "%a"),
    ("AM", "%p"),
    ("PM", "%p"),
];

/// PostgreSQL's patterns that chrono has no word for and that begin as one of the above does.
const OTHERS: [&str; 4] = ["Month", "SSSS", "FMSSSS", "IDDD"];

/// Translates the literal pattern of `to_char`, `to_date` and `to_timestamp`. [`Kind::Unsupported`] when it can't be.
pub fn translate(expr: &mut Expr) -> Result<()> {
    let Expr::Function(f) = expr else { return Ok(()) };
    let name = folded_parts(&f.name);
    if !["to_char", "to_date", "to_timestamp"].iter().any(|n| name == [*n]) {
        return Ok(());
    }
    let FunctionArguments::List(list) = &mut f.args else { return Ok(()) };
    let [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(pattern))] = list.args.as_mut_slice() else { return Ok(()) };
    if name == ["to_char"] && string(pattern).is_some_and(is_number) {
        f.name = ObjectName::from(vec![Ident::new("number_to_char")]);
    } else if let Some(text) = string(pattern).filter(|text| !text.contains('%')) {
        *pattern = value(Value::SingleQuotedString(chrono(text)?));
    }
    Ok(())
}

/// Whether a pattern is one of numbers: digits with at least one `9` or `0`, groups, a point, `FM` in front.
fn is_number(pattern: &str) -> bool {
    let digits = pattern.strip_prefix("FM").unwrap_or(pattern);
    let points = digits.matches('.').count();
    digits.contains(['9', '0']) && points <= 1 && digits.chars().all(|c| matches!(c, '9' | '0' | ',' | '.'))
}

fn chrono(pattern: &str) -> Result<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let known = PATTERNS.iter().find(|(word, _)| begins(rest, word));
        if let Some((word, chrono)) = known.filter(|_| !OTHERS.iter().any(|other| begins(rest, other))) {
            out.push_str(chrono);
            rest = &rest[word.len()..];
        } else if let Some((literal, after)) = rest.strip_prefix('"').and_then(|r| r.split_once('"')) {
            out.push_str(literal);
            rest = after;
        } else if first.is_ascii_alphanumeric() && first != 'T' {
            let error = Error::new(Kind::Unsupported, format!("the pattern \"{pattern}\" is not supported from \"{rest}\" on"));
            return Err(error.with_hint(
                "Known: YYYY YY MM Mon DD DDD HH24 HH12 MI SS MS US AM Dy IYYY IW ID, FM before them, FMMonth, FMDay.",
            ));
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    Ok(out)
}

/// Whether a pattern begins with this word. The case counts only for words whose output it changes.
fn begins(pattern: &str, word: &str) -> bool {
    let is_numeric = !["FMMonth", "FMDay", "Month", "Mon", "Dy", "AM", "PM"].contains(&word);
    pattern.starts_with(word) || (is_numeric && pattern.get(..word.len()).is_some_and(|p| p.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;
    use super::chrono;

    #[test]
    fn patterns_become_chrono_s() {
        for (pattern, want) in [
            ("YYYY-MM-DD HH24:MI:SS.MS", "%Y-%m-%d %H:%M:%S.%3f"),
            ("FMDD. FMMonth YYYY", "%-d. %B %Y"),
            ("YYYY-MM-DDTHH24:MI", "%Y-%m-%dT%H:%M"),
            ("yyyy-mm-dd", "%Y-%m-%d"),
            ("IYYY-\"W\"IW", "%G-W%V"),
            ("999,999.00", "the pattern \"999,999.00\" is not supported from \"999,999.00\" on"),
            ("SSSS", "the pattern \"SSSS\" is not supported from \"SSSS\" on"),
            ("IYYY-IDDD", "the pattern \"IYYY-IDDD\" is not supported from \"IDDD\" on"),
            ("Month", "the pattern \"Month\" is not supported from \"Month\" on"),
        ] {
            assert_eq!(chrono(pattern).unwrap_or_else(|e| e.to_string()), want, "{pattern}");
        }
        assert_eq!(rewritten("select to_char(a, 'YYYY') as y from t"), "SELECT to_char(a, '%Y') AS y FROM t");
    }
}
