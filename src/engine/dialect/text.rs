//! SQL's own syntax for functions of texts, patterns and casts, which become calls of ours: `SUBSTRING(.. FROM ..)`, `SIMILAR TO`,
//! `IS NORMALIZED`, `LIKE ANY (..)`, `::char(3)`, `::jsonb`.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, CharacterLength, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments,
    Subscript, TrimWhereField, UnaryOperator, Value, ValueWithSpan,
};

use super::ast::{bare, call, folded_parts, value};
use crate::engine::functions::{COMPARE_ALL, COMPARE_ANY};

/// Rewrites one expression whose parts are rewritten.
pub fn syntax(expr: &mut Expr) {
    let taken = std::mem::replace(expr, value(Value::Null));
    *expr = match taken {
        Expr::Substring { expr: text, substring_from, substring_for, shorthand, .. } => {
            let one = || Box::new(value(Value::Number("1".to_owned(), false)));
            let mut arguments = vec![*text, *substring_from.unwrap_or_else(one)];
            arguments.extend(substring_for.map(|length| *length));
            call(if shorthand { "substr" } else { "substring" }, arguments)
        }
        Expr::Position { expr: part, r#in: whole } => call("position", vec![*whole, *part]),
        Expr::Overlay { expr: text, overlay_what, overlay_from, overlay_for } => {
            let mut arguments = vec![*text, *overlay_what, *overlay_from];
            arguments.extend(overlay_for.map(|length| *length));
            call("overlay", arguments)
        }
        Expr::Trim { trim_where, trim_what, expr: text, trim_characters } => {
            let name = match trim_where {
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
                Some(TrimWhereField::Both) | None => "btrim",
            };
            let set = trim_what.map(|set| *set).or_else(|| trim_characters.and_then(|mut c| c.pop()));
            call(name, std::iter::once(*text).chain(set).collect())
        }
        Expr::SimilarTo { negated, expr: text, pattern, escape_char } => {
            let escape = escape_char.map(|e| value(e.value));
            negate(negated, call("similar_to", [*text, *pattern].into_iter().chain(escape).collect()))
        }
        Expr::IsNormalized { expr: text, form, negated } => {
            let form = form.map(|form| value(Value::SingleQuotedString(form.to_string())));
            negate(negated, call("is_normalized", std::iter::once(*text).chain(form).collect()))
        }
        Expr::Like { negated, any, expr: text, pattern, escape_char } => {
            many(Matching { op: "~~", negated, any, text, pattern, escape_char }, |m| Expr::Like {
                negated: m.negated,
                any: m.any,
                expr: m.text,
                pattern: m.pattern,
                escape_char: m.escape_char,
            })
        }
        Expr::ILike { negated, any, expr: text, pattern, escape_char } => {
            many(Matching { op: "~~*", negated, any, text, pattern, escape_char }, |m| Expr::ILike {
                negated: m.negated,
                any: m.any,
                expr: m.text,
                pattern: m.pattern,
                escape_char: m.escape_char,
            })
        }
        subquery @ (Expr::AnyOp { .. } | Expr::AllOp { .. }) if is_of_subquery(&subquery) => subquery,
        Expr::AnyOp { left, compare_op, right, is_some } => match (pattern_operator(&compare_op), comparison(&compare_op)) {
            (Some(op), _) => matched("match_any", op, *left, *right),
            (None, Some(op)) => matched(COMPARE_ANY, op, *left, *right),
            (None, None) => Expr::AnyOp { left, compare_op, right, is_some },
        },
        Expr::AllOp { left, compare_op, right } => match (pattern_operator(&compare_op), comparison(&compare_op)) {
            (Some(op), _) => matched("match_all", op, *left, *right),
            (None, Some(op)) => matched(COMPARE_ALL, op, *left, *right),
            (None, None) => Expr::AllOp { left, compare_op, right },
        },
        Expr::Cast { expr: inner, data_type: DataType::Text, .. } if is_padded(&inner) => call("rtrim", vec![*inner]),
        Expr::Cast { kind, expr: inner, data_type, array, format } => match of_type(&data_type, &inner) {
            Some(name) => read(name, *inner, &data_type),
            None => Expr::Cast { kind, expr: inner, data_type, array, format },
        },
        Expr::TypedString(typed) if of_type(&typed.data_type, &value(Value::Null)).is_some() => {
            let text = value(typed.value.value);
            of_type(&typed.data_type, &text).map_or(value(Value::Null), |name| read(name, text, &typed.data_type))
        }
        Expr::Value(ValueWithSpan { value: Value::UnicodeStringLiteral(text) | Value::NationalStringLiteral(text), .. }) => {
            value(Value::SingleQuotedString(text))
        }
        // A row, where none of what is done with its fields took it apart.
        Expr::Tuple(fields) if fields.len() > 1 => call("together", fields),
        Expr::Function(f) if folded_parts(&f.name) == ["row"] => match super::rows::fields(&Expr::Function(f.clone())) {
            Some(fields) => call("together", fields),
            None => call("together", Vec::new()),
        },
        Expr::Function(f) => super::json::function(f),
        whole @ (Expr::Subquery(_) | Expr::Case { .. }) => super::json::kept(whole),
        Expr::CompoundFieldAccess { root, mut access_chain } => {
            for access in &mut access_chain {
                if let AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, .. }) = access {
                    // What is left out is the array's own bound, which an empty text stands for.
                    for bound in [lower_bound, upper_bound] {
                        bound.get_or_insert_with(|| value(Value::SingleQuotedString(String::new())));
                    }
                }
            }
            Expr::CompoundFieldAccess { root, access_chain }
        }
        other => other,
    };
}

/// Whether it is `char(n)`, whose blanks a cast to text leaves out.
fn is_padded(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Function(f) if folded_parts(&f.name) == ["text_to_bpchar"])
}

fn negate(negated: bool, expr: Expr) -> Expr {
    if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) } } else { expr }
}

/// A `LIKE` and what it is made of.
struct Matching {
    op: &'static str,
    negated: bool,
    any: bool,
    text: Box<Expr>,
    pattern: Box<Expr>,
    escape_char: Option<ValueWithSpan>,
}

/// `LIKE ANY (array)` and `LIKE ALL (array)`, which the parser takes for a call of `all`.
fn many(m: Matching, plain: fn(Matching) -> Expr) -> Expr {
    let op = if m.negated { format!("!{}", m.op) } else { m.op.to_owned() };
    if m.any {
        return matched("match_any", &op, *m.text, *m.pattern);
    }
    if let Some(patterns) = all_of(&m.pattern) {
        return matched("match_all", &op, *m.text, patterns);
    }
    plain(m)
}

fn all_of(pattern: &Expr) -> Option<Expr> {
    let Expr::Function(f) = pattern else { return None };
    let FunctionArguments::List(list) = &f.args else { return None };
    match (folded_parts(&f.name).as_slice(), list.args.as_slice()) {
        ([all], [FunctionArg::Unnamed(FunctionArgExpr::Expr(patterns))]) if all == "all" => Some(patterns.clone()),
        _ => None,
    }
}

fn matched(name: &str, op: &str, text: Expr, patterns: Expr) -> Expr {
    let patterns = match patterns {
        Expr::Nested(inner) => *inner,
        other => other,
    };
    call(name, vec![value(Value::SingleQuotedString(op.to_owned())), text, patterns])
}

/// Whether it is `ANY` or `ALL` of a subquery.
fn is_of_subquery(expr: &Expr) -> bool {
    let (Expr::AnyOp { right, .. } | Expr::AllOp { right, .. }) = expr else { return false };
    matches!(bare(right), Expr::Subquery(_))
}

fn comparison(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "<>",
        BinaryOperator::Lt => "<",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Gt => ">",
        BinaryOperator::GtEq => ">=",
        _ => return None,
    })
}

fn pattern_operator(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::PGRegexMatch => "~",
        BinaryOperator::PGRegexIMatch => "~*",
        BinaryOperator::PGRegexNotMatch => "!~",
        BinaryOperator::PGRegexNotIMatch => "!~*",
        BinaryOperator::PGLikeMatch => "~~",
        BinaryOperator::PGILikeMatch => "~~*",
        BinaryOperator::PGNotLikeMatch => "!~~",
        BinaryOperator::PGNotILikeMatch => "!~~*",
        _ => return None,
    })
}

/// The function that reads a text as a type DataFusion has no word for.
pub(super) fn of_type(data_type: &DataType, inner: &Expr) -> Option<&'static str> {
    let found = reader(data_type)?;
    // Whatever else a parameter is cast to is read where it is bound.
    let again = ["text_to_json", "text_to_jsonb", "text_to_uuid", "text_to_bpchar", "text_to_varchar"];
    (!is_placeholder(inner) || again.contains(&found)).then_some(found)
}

fn reader(data_type: &DataType) -> Option<&'static str> {
    Some(match data_type {
        DataType::JSON => "text_to_json",
        DataType::JSONB => "text_to_jsonb",
        DataType::Uuid => "text_to_uuid",
        DataType::Character(_) | DataType::Char(_) => "text_to_bpchar",
        DataType::Varchar(Some(_)) | DataType::CharacterVarying(Some(_)) | DataType::CharVarying(Some(_)) => "text_to_varchar",
        DataType::Custom(name, _) => match folded_parts(name).last()?.as_str() {
            "json" => "text_to_json",
            "jsonb" => "text_to_jsonb",
            "uuid" => "text_to_uuid",
            "geometry" => "text_to_geometry",
            "box3d" | "box2d" => "text_to_box",
            _ => return None,
        },
        _ => return None,
    })
}

pub(super) fn read(name: &str, inner: Expr, data_type: &DataType) -> Expr {
    let length = match data_type {
        DataType::Character(length) | DataType::Char(length) => Some(characters(length.as_ref()).unwrap_or(1)),
        DataType::Varchar(length) | DataType::CharacterVarying(length) | DataType::CharVarying(length) => {
            characters(length.as_ref())
        }
        _ => None,
    };
    let as_it_is = is_placeholder(&inner);
    let cast = |expr, data_type| Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None };
    let Some(length) = length else {
        // A parameter is of the type that it is cast to, unless its client declared another one.
        let inner = if as_it_is { cast(inner, data_type.clone()) } else { inner };
        // What is said to be a `jsonb` is not read once more.
        let inner = if as_it_is && name == "text_to_jsonb" { call("text_to_json", vec![inner]) } else { inner };
        let read = call(name, vec![inner]);
        // `geometry(Point, 4326)`.
        return match data_type {
            DataType::Custom(_, modifiers) if name == "text_to_geometry" && modifiers.len() == 2 => {
                call("st_setsrid", vec![read, value(Value::Number(modifiers[1].clone(), false))])
            }
            _ => read,
        };
    };
    let text = cast(inner, if as_it_is { data_type.clone() } else { DataType::Text });
    call(name, vec![text, value(Value::Number(length.to_string(), false))])
}

fn is_placeholder(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(ValueWithSpan { value: Value::Placeholder(_), .. }))
}

fn characters(length: Option<&CharacterLength>) -> Option<u64> {
    match length? {
        CharacterLength::IntegerLength { length, .. } => Some(*length),
        CharacterLength::Max => None,
    }
}

/// The type that a call in a cast's place reads, as PostgreSQL names a column after it.
pub fn cast_name(function: &str) -> Option<&'static str> {
    Some(match function {
        "text_to_json" => "json",
        "text_to_jsonb" => "jsonb",
        "text_to_uuid" => "uuid",
        "text_to_bpchar" => "bpchar",
        "text_to_varchar" => "varchar",
        "text_to_geometry" => "geometry",
        "text_to_box" => "box3d",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn syntax_becomes_calls() {
        for (sql, want) in [
            ("select substring(a from 'x') as b from t", "SELECT substring(a, 'x') AS b FROM t"),
            ("select substring(a for 2) as b from t", "SELECT substring(a, 1, 2) AS b FROM t"),
            ("select position('x' in a) as b from t", "SELECT position(a, 'x') AS b FROM t"),
            ("select trim(leading 'x' from a) from t", "SELECT ltrim(a, 'x') AS \"ltrim\" FROM t"),
            ("select a not similar to 'x' as b from t", "SELECT NOT similar_to(a, 'x') AS b FROM t"),
            ("select a like any (array['x']) as b from t", "SELECT match_any('~~', a, ARRAY['x']) AS b FROM t"),
            ("select a ~ any (b) as b from t", "SELECT match_any('~', a, b) AS b FROM t"),
            (
                "select '1'::jsonb, a::char(3) from t",
                "SELECT text_to_jsonb('1') AS \"jsonb\", text_to_bpchar(CAST(a AS TEXT), 3) AS \"a\" FROM t",
            ),
        ] {
            assert_eq!(rewritten(sql), want, "{sql}");
        }
    }
}
