//! Casts to types that DataFusion has no word for: `oid`, `name`, `"char"`, `json`, `pg_catalog.text`; and the `reg*` types, which are
//! an oid where they are compared and a name where they are shown.

use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, BinaryOperator, CastKind, DataType, Expr, GroupByExpr, Ident, Query, Select, SelectItem, SetExpr, Value,
    ValueWithSpan,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::ast::{argument_of, bare, call, folded_parts, string, value};
use crate::engine::grammar::Grammar;

/// The object identifier types with the function that reads a name and the one that shows an oid.
const REG_TYPES: [(&str, &str, &str); 11] = [
    ("regclass", "to_regclass_oid", "regclass_name"),
    ("regcollation", "to_regcollation_oid", "regcollation_name"),
    ("regconfig", "to_regconfig_oid", "regconfig_name"),
    ("regdictionary", "to_regdictionary_oid", "regdictionary_name"),
    ("regnamespace", "to_regnamespace_oid", "regnamespace_name"),
    ("regoper", "to_regoper_oid", "regoper_name"),
    ("regoperator", "to_regoperator_oid", "regoperator_name"),
    ("regproc", "to_regproc_oid", "regproc_name"),
    ("regprocedure", "to_regprocedure_oid", "regprocedure_name"),
    ("regrole", "to_regrole_oid", "regrole_name"),
    ("regtype", "to_regtype_oid", "regtype_name"),
];

/// Those that clients are told.
const OBJECTS: [&str; 6] = ["regclass", "regnamespace", "regproc", "regprocedure", "regrole", "regtype"];

/// Types that are called as functions of one value.
const CALLED: [&str; 11] = ["bool", "bpchar", "float4", "float8", "int2", "int4", "int8", "name", "oid", "regclass", "text"];

/// The digits of a number that a float has none of: beyond its largest, or so near to zero that it would be zero.
fn lost(inner: &Expr, data_type: &DataType) -> Option<String> {
    let Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) = inner else { return None };
    // What is only too small or too large for `real` is a number in between, and told there.
    let is_float = matches!(
        data_type,
        DataType::Real | DataType::Float4 | DataType::Float8 | DataType::Double(_) | DataType::DoublePrecision
    );
    let as_float: f64 = digits.parse().ok().filter(|_| is_float)?;
    let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !mantissa.contains(|c: char| matches!(c, '1'..='9'));
    (as_float.is_infinite() || as_float == 0.0 && !is_zero).then(|| digits.clone())
}

/// `float8(x)` is `x::float8`.
fn called(expr: &Expr) -> Option<Expr> {
    let name = CALLED.iter().find(|name| argument_of(expr, name).is_some())?;
    let argument = Box::new(argument_of(expr, name)?.clone());
    let data_type = Parser::new(&Grammar::default()).try_with_sql(name).and_then(|mut parser| parser.parse_data_type()).ok()?;
    Some(Expr::Cast { kind: CastKind::DoubleColon, expr: argument, data_type, array: false, format: None })
}

/// Rewrites casts, and comparisons of what a cast gave.
pub fn cast(expr: &mut Expr) {
    if matches!(expr, Expr::Function(_))
        && let Some(written) = called(expr)
    {
        *expr = written;
    }
    match expr {
        Expr::Cast { expr: inner, data_type, .. } => {
            if let Some(character) = character(inner, data_type) {
                **inner = value(Value::SingleQuotedString(character));
            }
            // Read as a text, it is the error that it should be.
            if let Some(number) = lost(inner, data_type) {
                **inner = value(Value::SingleQuotedString(number));
            }
            if let Some(named) = named_array(inner, data_type) {
                *expr = named;
                return;
            }
            if let Some(names) = reg_array(data_type) {
                let inner = std::mem::replace(&mut **inner, value(Value::Null));
                *expr = call(names, vec![inner]);
                return;
            }
            if let Some(reg) = reg_type(data_type) {
                let inner = std::mem::replace(&mut **inner, value(Value::Null));
                *expr = to_reg(inner, reg);
                return;
            }
            let is_text = matches!(known(data_type), DataType::Text);
            let is_oid = matches!(data_type, DataType::Custom(name, _) if folded_parts(name).last().is_some_and(|n| n == "oid"));
            let is_number =
                is_oid || matches!(known(data_type), DataType::IntUnsigned(_) | DataType::Int(_) | DataType::BigInt(_));
            if let Some((_, _, show)) = shown(inner)
                && is_text
            {
                let name = std::mem::replace(&mut **inner, value(Value::Null));
                // The cast stays: a text is no object that is shown by name.
                **inner = if argument_of(&name, show).is_some() { name } else { call(show, vec![name]) };
                *data_type = known(data_type);
                return;
            }
            if is_number && let Some(oid) = oid_inside(inner) {
                **inner = oid;
            }
            *data_type = known(data_type);
        }
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Eq | BinaryOperator::NotEq | BinaryOperator::Lt | BinaryOperator::Gt,
            right,
        } => {
            // A name that is compared with an oid or a name read as one is compared by oid.
            let by_oid = |e: &Expr| oid_inside(e).is_some() || read_name(e) || matches!(bare(e), Expr::CompoundIdentifier(_));
            if by_oid(left) && by_oid(right) {
                for side in [left, right] {
                    if let Some(oid) = oid_inside(side) {
                        **side = oid;
                    }
                }
            }
        }
        _ => {}
    }
}

/// An oid that a select list shows as `regclass` is shown by name.
pub fn show_names(select: &mut Select) {
    for item in &mut select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { continue };
        let shown = REG_TYPES.iter().find(|(_, read, _)| argument_of(expr, read).is_some());
        if let Some((reg, _, show)) = shown {
            let name = std::mem::replace(expr, value(Value::Null));
            let named = show_call(show, name);
            *item = match std::mem::replace(item, SelectItem::UnnamedExpr(value(Value::Null))) {
                SelectItem::ExprWithAlias { alias, .. } => SelectItem::ExprWithAlias { expr: named, alias },
                _ => SelectItem::ExprWithAlias { expr: named, alias: Ident::new(*reg) },
            };
        }
    }
}

/// What the outermost list shows by name stays an oid beside: clients are told its type. Not where its rows are compared with each other.
pub fn of_outermost(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let is_grouped = select.having.is_some() || !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    if is_grouped || select.distinct.is_some() {
        return;
    }
    for item in &mut select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { continue };
        let found = OBJECTS.iter().find_map(|reg| {
            let (_, _, show) = REG_TYPES.iter().find(|(name, _, _)| name == reg)?;
            Some((reg, argument_of(expr, show)?.clone()))
        });
        if let Some((reg, oid)) = found {
            *expr = call(&format!("{reg}_shown"), vec![oid]);
        }
    }
}

/// The type that DataFusion plans in place of PostgreSQL's.
pub fn known(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Custom(name, _) => {
            let mut parts = folded_parts(name);
            match parts.pop().as_deref() {
                Some("cid" | "regrole") => DataType::IntUnsigned(None),
                Some("int2" | "smallint") => DataType::SmallInt(None),
                Some("int4" | "integer" | "cardinal_number") => DataType::Int(None),
                Some("int8" | "bigint") => DataType::BigInt(None),
                Some("float4") => DataType::Real,
                Some("float8") => DataType::DoublePrecision,
                Some("bool") => DataType::Boolean,
                Some(
                    "text" | "char" | "bpchar" | "varchar" | "unknown" | "inet" | "cidr" | "xml" | "citext" | "sql_identifier"
                    | "character_data" | "yes_or_no" | "pg_node_tree" | "jsonpath" | "regexp",
                ) => DataType::Text,
                _ => data_type.clone(),
            }
        }
        DataType::Dec(digits) => DataType::Decimal(*digits),
        DataType::Character(n) | DataType::CharacterVarying(n) | DataType::CharVarying(n) => DataType::Varchar(*n),
        // The length that is written counts for nothing.
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => {
            DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(known(element)), None))
        }
        other => other.clone(),
    }
}

fn reg_type(data_type: &DataType) -> Option<&'static (&'static str, &'static str, &'static str)> {
    let name = match data_type {
        DataType::Regclass => "regclass".to_owned(),
        DataType::Custom(name, _) => folded_parts(name).pop()?,
        _ => return None,
    };
    REG_TYPES.iter().find(|(reg, _, _)| *reg == name)
}

/// Whether an expression gives a text, as far as it can be told without types.
fn makes_text(expr: &Expr) -> bool {
    const TEXTS: [&str; 9] =
        ["format", "quote_ident", "concat", "concat_ws", "lower", "upper", "replace", "trim", "pg_get_serial_sequence"];
    match bare(expr) {
        Expr::Function(f) => folded_parts(&f.name).last().is_some_and(|name| TEXTS.contains(&name.as_str())),
        Expr::BinaryOp { op: BinaryOperator::StringConcat, .. } => true,
        _ => false,
    }
}

/// The character of a number that is written as `65::"char"`, which is a byte.
fn character(inner: &Expr, data_type: &DataType) -> Option<String> {
    let DataType::Custom(name, _) = data_type else { return None };
    let is_byte =
        matches!(name.0.as_slice(), [part] if part.as_ident().is_some_and(|i| i.value == "char" && i.quote_style.is_some()));
    let Expr::Value(ValueWithSpan { value: Value::Number(number, _), .. }) = bare(inner) else { return None };
    let byte = number.to_string().parse::<u8>().ok().filter(|n| is_byte && (1..128).contains(n))?;
    Some(char::from(byte).to_string())
}

/// `ARRAY['a', 'b']::regnamespace[]`: the oids of these names.
fn named_array(inner: &Expr, data_type: &DataType) -> Option<Expr> {
    let DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) = data_type else { return None };
    let (_, read, _) = reg_type(element)?;
    let Expr::Array(array) = bare(inner) else { return None };
    let mut array = array.clone();
    for name in &mut array.elem {
        string(name)?;
        *name = call(read, vec![name.clone()]);
    }
    (!array.elem.is_empty()).then_some(Expr::Array(array))
}

/// The function that shows an array of oids as one of names, for `regtype[]` and `regproc[]`.
fn reg_array(data_type: &DataType) -> Option<&'static str> {
    let DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) = data_type else { return None };
    match reg_type(element)?.0 {
        "regtype" => Some("regtype_names"),
        "regproc" | "regprocedure" => Some("regproc_names"),
        _ => None,
    }
}

fn to_reg(inner: Expr, (_, read, show): &(&str, &str, &str)) -> Expr {
    let is_text = makes_text(&inner)
        || string(&inner).is_some()
        || matches!(inner, Expr::Value(ValueWithSpan { value: Value::Placeholder(_), .. }));
    if is_text || matches!(&inner, Expr::Cast { data_type: DataType::Text, .. }) {
        return call(read, vec![inner]);
    }
    show_call(show, inner)
}

fn show_call(show: &str, oid: Expr) -> Expr {
    call(show, vec![oid])
}

/// The `reg*` type that the expression was cast to.
fn shown(expr: &Expr) -> Option<&'static (&'static str, &'static str, &'static str)> {
    REG_TYPES.iter().find(|(_, read, show)| argument_of(expr, read).is_some() || argument_of(expr, show).is_some())
}

fn read_name(expr: &Expr) -> bool {
    REG_TYPES.iter().any(|(_, read, _)| argument_of(expr, read).is_some())
}

/// The oid under a name that is shown.
fn oid_inside(expr: &Expr) -> Option<Expr> {
    REG_TYPES.iter().find_map(|(_, _, show)| argument_of(expr, show)).cloned()
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;
    use expect_test::{Expect, expect};

    fn check(sql: &str, want: Expect) {
        want.assert_eq(&rewritten(sql));
    }

    #[test]
    fn oids_and_names_are_told_apart_by_their_place() {
        check(
            "select a as a from t where t.x = 'pg_class'::regclass",
            expect!["SELECT a AS a FROM t WHERE t.x = to_regclass_oid('pg_class')"],
        );
        check(
            "select 'a.b'::pg_catalog.regclass::pg_catalog.oid as o",
            expect!["SELECT to_regclass_oid('a.b')::pg_catalog.oid AS o"],
        );
        check("select 'a.b'::regclass", expect!["SELECT regclass_shown(to_regclass_oid('a.b')) AS regclass"]);
        check("select c.oid::regclass::text as n from t c", expect!["SELECT regclass_name(c.oid)::TEXT AS n FROM t c"]);
        check("select x::name as a, y::\"char\" as b", expect!["SELECT x::name AS a, y::TEXT AS b"]);
    }
}
