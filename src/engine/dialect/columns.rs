//! The names of a select list's columns, as PostgreSQL gives them (FigureColname in its parser): a function's name, a cast
//! column's name, `case`, `?column?`.

use std::collections::HashSet;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, ArrayElemTypeDef, BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Ident, ObjectNamePart, Select, SelectItem, SetExpr, TimezoneInfo,
};

use super::ast::{argument_of, folded, folded_parts, string};
use super::sets::names_column;
use super::sets::unfolded;
use super::text::cast_name;
use crate::engine::apply::{FEW, ONLY};
use crate::engine::functions::{COMPARE_ALL, COMPARE_ANY};
use crate::engine::operators::ROW;

/// Stands before the number that keeps equal names of one list apart; no published or typed name holds it.
pub(super) const MARK: char = '\u{1}';

/// A column's name as clients see it.
pub fn shown_name(name: &str) -> &str {
    name.split(MARK).next().unwrap_or(name)
}

/// The name of a column that stands at a place among others of that name.
pub fn numbered(name: &str, place: usize) -> String {
    format!("{name}{MARK}{place}")
}

/// Names the unnamed columns of a select list, and keeps equal names apart.
pub fn name(select: &mut Select) {
    let has_wildcard =
        select.projection.iter().any(|i| !matches!(i, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. }));
    // What `*` stands for is not known here. Beside it `a::text` gets a mark, for `a` is most likely among its columns; a call
    // keeps the function's name, so that `SELECT x.sum FROM (SELECT *, sum(a) OVER () FROM t) x` finds it.
    let mut taken: HashSet<String> = HashSet::new();
    for (position, item) in select.projection.iter_mut().enumerate() {
        let (wanted, is_column, is_call) = match item {
            SelectItem::UnnamedExpr(expr @ (Expr::Identifier(_) | Expr::CompoundIdentifier(_))) => (figure(expr), true, false),
            SelectItem::UnnamedExpr(expr) => (figure(expr), false, matches!(expr, Expr::Function(_))),
            SelectItem::ExprWithAlias { alias, .. } => (Some(folded(alias)), false, false),
            _ => continue,
        };
        let wanted = wanted.unwrap_or_else(|| "?column?".to_owned());
        let is_new = taken.insert(wanted.clone());
        if is_new && (is_column || matches!(item, SelectItem::ExprWithAlias { .. })) {
            continue;
        }
        let name = if is_new && (is_call || !has_wildcard) { wanted } else { format!("{wanted}{MARK}{position}") };
        let alias = Ident::with_quote('"', name);
        let owned = std::mem::replace(item, SelectItem::UnnamedExpr(Expr::Identifier(Ident::new(""))));
        *item = match owned {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => SelectItem::ExprWithAlias { expr, alias },
            other => other,
        };
    }
}

/// Keeps the columns of the outermost list apart from what `*` stands for beside them: nothing around it looks them up.
pub fn beside_wildcard(select: &mut Select) {
    let is_wildcard = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    if !select.projection.iter().any(is_wildcard) {
        return;
    }
    for (position, item) in select.projection.iter_mut().enumerate() {
        let (expr, name) = match item {
            SelectItem::UnnamedExpr(expr) => (&*expr, figure(expr)),
            SelectItem::ExprWithAlias { expr, alias } => (&*expr, Some(folded(alias))),
            _ => continue,
        };
        let name = name.filter(|name| !name.contains(MARK)).map(|name| format!("{name}{MARK}{position}"));
        if let Some(name) = name {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
        }
    }
}

/// The name that PostgreSQL gives an expression; `None` for `?column?`.
pub(super) fn figure(expr: &Expr) -> Option<String> {
    named(expr).map(|(name, _)| name)
}

/// The name of an expression, and whether it gives way to that of a cast around it: it is that of a type, or of a `CASE`. Each
/// expression is looked at once, however many casts stand around it.
fn named(expr: &Expr) -> Option<(String, bool)> {
    let strong = |name: Option<String>| name.map(|name| (name, false));
    match expr {
        Expr::Identifier(ident) => strong(Some(folded(ident))),
        Expr::CompoundIdentifier(parts) => strong(parts.last().map(folded)),
        Expr::Function(f) => of_call(expr, f),
        // A cast of a column or a call is named after that, any other after its type.
        Expr::Cast { expr, data_type, .. } => Some(of_cast(expr, || type_name(data_type))),
        // What `aggregates` made of a table's name.
        Expr::BinaryOp { left, op: BinaryOperator::PGCustomBinaryOperator(op), .. } if *op == ROW => {
            strong(string(left).map(str::to_owned))
        }
        Expr::TypedString(typed) => Some((type_name(&typed.data_type), true)),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => named(inner),
        Expr::CompoundFieldAccess { root, access_chain } => {
            strong(access_chain.iter().rev().find_map(field)).or_else(|| named(root))
        }
        Expr::Case { else_result, .. } => else_result.as_deref().and_then(named).or_else(|| Some(("case".to_owned(), true))),
        Expr::Subquery(query) => match query.body.as_ref() {
            SetExpr::Select(inner) => match inner.projection.first() {
                // What `subqueries` made of a column.
                Some(SelectItem::UnnamedExpr(expr)) => strong(figure(argument_of(expr, FEW).unwrap_or(expr))),
                Some(SelectItem::ExprWithAlias { alias, .. }) => strong(Some(shown_name(&folded(alias)).to_owned())),
                _ => None,
            },
            _ => None,
        },
        Expr::Exists { negated: false, .. } => strong(Some("exists".to_owned())),
        Expr::Array(_) => strong(Some("array".to_owned())),
        Expr::Extract { .. } => strong(Some("extract".to_owned())),
        Expr::Substring { shorthand: true, .. } => strong(Some("substr".to_owned())),
        Expr::Substring { .. } => strong(Some("substring".to_owned())),
        Expr::Position { .. } => strong(Some("position".to_owned())),
        Expr::Trim { .. } => strong(Some("btrim".to_owned())),
        Expr::Ceil { .. } => strong(Some("ceil".to_owned())),
        Expr::Floor { .. } => strong(Some("floor".to_owned())),
        Expr::Overlay { .. } => strong(Some("overlay".to_owned())),
        Expr::Interval(_) => Some(("interval".to_owned(), true)),
        Expr::AtTimeZone { .. } => strong(Some("timezone".to_owned())),
        _ => None,
    }
}

/// What `text` made of operators, which have no name.
const OPERATORS: [&str; 5] = [COMPARE_ANY, COMPARE_ALL, "match_any", "match_all", "similar_to"];

/// The name of a call: the function's, or that of what the dialect made a call of.
fn of_call(expr: &Expr, f: &Function) -> Option<(String, bool)> {
    let name = folded_parts(&f.name).pop()?;
    if OPERATORS.contains(&name.as_str()) {
        return None;
    }
    let weak = is_type(&name) || name == "make_array";
    // What `sets`, `text` and `aggregates` made of a function's or a cast's name.
    if let Some(name) = unfolded(expr) {
        return Some((name, weak));
    }
    if let Some(of_type) = cast_name(&name) {
        let written = match argument(f) {
            Some(Expr::Cast { expr, data_type: DataType::Text, .. }) => Some(&**expr),
            other => other,
        };
        return Some(written.map_or((of_type.to_owned(), true), |expr| of_cast(expr, || of_type.to_owned())));
    }
    // What `datetime` made of a cast to a type with digits or fields.
    if is_type(&name)
        && let FunctionArguments::List(list) = &f.args
        && list.args.len() > 1
        && let Some(Expr::Cast { expr, .. }) = argument(f)
    {
        return Some(of_cast(expr, || name));
    }
    if let Some(name) = name.strip_suffix("_of") {
        return Some((name.to_owned(), false));
    }
    if let Some(expr) = argument_of(expr, ONLY) {
        return named(expr);
    }
    if is_array_of_subquery(&name, f) {
        return Some(("array".to_owned(), false));
    }
    if folded_parts(&f.name) == ["together"] {
        return Some(("row".to_owned(), false));
    }
    if let (Some(of_type), Some(expr)) = (reg_type(f), argument(f)) {
        return Some(of_cast(expr, || of_type));
    }
    // What `arrays` made of an array of columns, or of a literal that is cast.
    if name == "make_array" {
        if names_column(expr) {
            return Some(("array".to_owned(), false));
        }
        return argument(f).map_or(Some("array".to_owned()), figure).map(|name| (name, true));
    }
    Some((f.name.0.last().and_then(ObjectNamePart::as_ident).map(folded)?, weak))
}

/// What `arrays` made of `ARRAY(SELECT ..)`.
fn is_array_of_subquery(name: &str, f: &Function) -> bool {
    let FunctionArguments::List(list) = &f.args else { return false };
    let is_empty = |last: &FunctionArg| match last {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(last))) => folded_parts(&last.name) == ["make_array"],
        _ => false,
    };
    name == "coalesce" && list.args.len() == 2 && matches!(argument(f), Some(Expr::Subquery(_))) && is_empty(&list.args[1])
}

/// The name of a cast: its argument's, unless that gives way to the type's.
fn of_cast(expr: &Expr, of_type: impl FnOnce() -> String) -> (String, bool) {
    named(expr).filter(|(_, weak)| !weak).unwrap_or_else(|| (of_type(), true))
}

/// The field that an access names; subscripts name none.
fn field(access: &AccessExpr) -> Option<String> {
    match access {
        AccessExpr::Dot(expr) => string(expr).map(str::to_owned).or_else(|| figure(expr)),
        AccessExpr::Subscript(_) => None,
    }
}

/// The first argument of a call.
fn argument(f: &Function) -> Option<&Expr> {
    let FunctionArguments::List(list) = &f.args else { return None };
    match list.args.first() {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(e))) => Some(e),
        _ => None,
    }
}

/// The `reg*` type that `casts` made a call for.
fn reg_type(f: &Function) -> Option<String> {
    let name = folded_parts(&f.name).pop()?;
    let of_name = name.strip_suffix("_name").or_else(|| name.strip_prefix("to_")?.strip_suffix("_oid"))?;
    of_name.starts_with("reg").then(|| of_name.to_owned())
}

/// Whether the name is that of a type of dates and times, which calls stand for where a type has digits or fields.
fn is_type(name: &str) -> bool {
    ["date", "time", "timestamp", "timestamptz", "interval"].contains(&name)
}

/// `pg_type.typname` of a cast's type, after which PostgreSQL names a cast of a constant.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => "int4".to_owned(),
        DataType::BigInt(_) | DataType::Int8(_) => "int8".to_owned(),
        DataType::SmallInt(_) | DataType::Int2(_) => "int2".to_owned(),
        DataType::IntUnsigned(_) => "oid".to_owned(),
        DataType::Double(_) | DataType::DoublePrecision | DataType::Float8 => "float8".to_owned(),
        DataType::Real | DataType::Float4 => "float4".to_owned(),
        DataType::Boolean | DataType::Bool => "bool".to_owned(),
        DataType::Decimal(_) | DataType::Numeric(_) => "numeric".to_owned(),
        DataType::Varchar(_) => "varchar".to_owned(),
        DataType::Interval { .. } => "interval".to_owned(),
        DataType::Timestamp(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => "timestamptz".to_owned(),
        DataType::Time(_, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => "timetz".to_owned(),
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => type_name(element),
        DataType::Custom(name, _) => folded_parts(name).pop().unwrap_or_default(),
        other => other.to_string().to_lowercase().split(['(', ' ', '[']).next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;
    use super::shown_name;
    use expect_test::{Expect, expect};

    fn check(sql: &str, want: Expect) {
        want.assert_eq(&shown(&rewritten(sql)));
    }

    /// The mark made visible.
    fn shown(sql: &str) -> String {
        sql.replace('\u{1}', "#")
    }

    #[test]
    fn columns_are_named_as_postgresql_names_them() {
        check(
            "select count(*), 1, a::int from t",
            expect![[r#"SELECT count(*) AS "count", 1 AS "?column?", a::INT AS "a" FROM t"#]],
        );
        check(
            "select a::timestamp(0), '1'::time(2), a::interval year from t",
            expect![[
                r##"SELECT timestamp(CAST(a AS TIMESTAMP), 0) AS "a", time(CAST('1' AS TIME), 2) AS "time", interval(CAST(a AS INTERVAL), 1, 6) AS "a#2" FROM t"##
            ]],
        );
        check("select null, null", expect![[r##"SELECT NULL AS "?column?", NULL AS "?column?#1""##]]);
        check("select a, lower(a) as a from t", expect![[r##"SELECT a, lower(a) AS "a#1" FROM t"##]]);
        check("select *, a::text from t", expect![[r##"SELECT *, a::TEXT AS "a#1" FROM t"##]]);
        check("select *, sum(a) over () from t", expect![[r##"SELECT *, sum(a) OVER () AS "sum#1" FROM t"##]]);
        // Only in the outermost list: what is around another looks its columns up.
        check(
            "select x.sum from (select *, sum(a) over () from t) x",
            expect![[r#"SELECT x.sum FROM (SELECT *, sum(a) OVER () AS "sum" FROM t) x"#]],
        );
        check("select generate_series(1, 2)", expect![[r#"SELECT unnest(generate_series(1, 2)) AS "generate_series""#]]);
        check("select a.x, b.x from a, b", expect![[r##"SELECT a.x, b.x AS "x#1" FROM a, b"##]]);
        assert_eq!(shown_name("?column?\u{1}1"), "?column?");
    }
}
