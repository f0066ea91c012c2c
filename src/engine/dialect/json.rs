//! JSON in places where DataFusion forgets that a text is one: literals that `jsonb_*` functions take, `coalesce`, `CASE` and subqueries
//! that give JSON, rows of `VALUES`.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
    Parens, Query, SelectItem, SetExpr, Value, ValueWithSpan,
};

use super::ast::{call, folded_parts, string, value};
use super::text::cast_name;

/// Functions named `json..` whose first argument is no JSON.
const OTHERS: [&str; 5] = ["object", "build_object", "build_array", "agg", "object_agg"];

/// Reads what a function takes for JSON, and says that what it gives is.
pub fn function(mut f: Function) -> Expr {
    let name = folded_parts(&f.name).pop().unwrap_or_default();
    if let FunctionArguments::List(list) = &mut f.args {
        let of = name.strip_prefix("jsonb_").map(|rest| (rest, "text_to_jsonb"));
        let of = of.or_else(|| name.strip_prefix("json_").map(|rest| (rest, "text_to_json")));
        if let Some((rest, read)) = of
            && !OTHERS.contains(&rest)
            && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) = list.args.first_mut()
            && string(first).is_some()
        {
            *first = call(read, vec![first.clone()]);
        }
        if name == "normalize"
            && let [_, FunctionArg::Unnamed(FunctionArgExpr::Expr(form))] = list.args.as_mut_slice()
            && let Expr::Identifier(word) = &*form
        {
            *form = value(Value::SingleQuotedString(word.value.clone()));
        }
        if ["row_to_json", "to_json", "to_jsonb", "json_agg", "jsonb_agg"].contains(&name.as_str())
            && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(row))) = list.args.first_mut()
        {
            match row {
                // Its fields are f1, f2, ..
                Expr::Function(of) if folded_parts(&of.name) == ["row"] => {
                    of.name = ObjectName::from(vec![Ident::new("together")])
                }
                Expr::Tuple(values) => *row = call("together", std::mem::take(values)),
                _ => {}
            }
        }
    }
    if name == "coalesce" {
        empty_arrays(&mut f);
    }
    if ["coalesce", "nullif", "greatest", "least"].contains(&name.as_str()) { kept(Expr::Function(f)) } else { Expr::Function(f) }
}

/// `'{}'` beside an array is an empty one.
fn empty_arrays(f: &mut Function) {
    const ARRAYS: [&str; 7] =
        ["array_agg", "string_to_array", "regexp_split_to_array", "regexp_match", "array_remove", "array_cat", "array_append"];
    let FunctionArguments::List(list) = &mut f.args else { return };
    let is_array = |a: &FunctionArg| match a {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(f))) => {
            folded_parts(&f.name).last().is_some_and(|n| ARRAYS.contains(&n.as_str()))
        }
        FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => {
            matches!(e, Expr::Array(_)) || matches!(e, Expr::Cast { data_type: DataType::Array(_), .. })
        }
        _ => false,
    };
    if !list.args.iter().any(is_array) {
        return;
    }
    for argument in &mut list.args {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) = argument
            && string(e).is_some_and(|text| text.trim() == "{}")
        {
            *e = call("make_array", Vec::new());
        }
    }
}

/// An expression that gives JSON, with its type said again.
pub fn kept(expr: Expr) -> Expr {
    match kind(&expr) {
        Some(read) => call(read, vec![expr]),
        None => expr,
    }
}

/// The function that says that an expression is JSON, when it is by its form.
fn kind(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::Nested(inner) => kind(inner),
        Expr::Function(f) => {
            let name = folded_parts(&f.name).pop()?;
            let FunctionArguments::List(list) = &f.args else { return None };
            let argument = |a: &FunctionArg| match a {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => kind(e),
                _ => None,
            };
            match name.as_str() {
                "coalesce" | "nullif" | "greatest" | "least" => list.args.iter().find_map(argument),
                "text_to_json" | "to_json" | "row_to_json" | "array_to_json" | "json_agg" | "json_object_agg"
                | "json_build_object" | "json_build_array" | "json_object" | "json_strip_nulls" | "json_extract_path" => {
                    Some("text_to_json")
                }
                "text_to_jsonb" | "to_jsonb" | "jsonb_agg" | "jsonb_object_agg" | "jsonb_build_object" | "jsonb_build_array"
                | "jsonb_object" | "jsonb_set" | "jsonb_insert" | "jsonb_strip_nulls" | "jsonb_extract_path" => {
                    Some("text_to_jsonb")
                }
                _ => None,
            }
        }
        Expr::BinaryOp { left, op: BinaryOperator::Arrow | BinaryOperator::HashArrow | BinaryOperator::Minus, .. } => kind(left),
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } => {
            [left, right].into_iter().find_map(|e| kind(e).filter(|k| *k == "text_to_jsonb"))
        }
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().map(|c| &c.result).chain(else_result.as_deref()).find_map(kind)
        }
        Expr::Subquery(query) => match query.body.as_ref() {
            SetExpr::Select(select) => match select.projection.as_slice() {
                [SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. }] => kind(e),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Literals in `VALUES` are of the type that a cast in another row gives their column.
pub fn values(query: &mut Query) {
    let SetExpr::Values(values) = query.body.as_mut() else { return };
    let width = values.rows.first().map_or(0, |row| row.len());
    for column in 0..width {
        if of_several_texts(&mut values.rows, column) {
            continue;
        }
        let read = values.rows.iter().find_map(|row| match row.get(column) {
            Some(Expr::Function(f)) => folded_parts(&f.name).pop().filter(|n| cast_name(n).is_some() && is_of_one(f)),
            _ => None,
        });
        let Some(read) = read else {
            cast_alike(&mut values.rows, column);
            continue;
        };
        for row in &mut values.rows {
            if let Some(literal) = row.get_mut(column)
                && (string(literal).is_some() || matches!(literal, Expr::Value(ValueWithSpan { value: Value::Null, .. })))
            {
                *literal = call(&read, vec![literal.clone()]);
            }
        }
    }
}

/// Whether some of a column are marked as texts of another kind than the rest: they meet in `text`.
fn of_several_texts(rows: &mut [Parens<Vec<Expr>>], column: usize) -> bool {
    let cells = || rows.iter().filter_map(|row| row.get(column)).filter(|e| !matches!(e, Expr::Value(_)));
    let kinds: Vec<Option<String>> = cells().map(text_kind).collect();
    if kinds.iter().all(Option::is_none) || kinds.windows(2).all(|pair| pair[0] == pair[1]) {
        return false;
    }
    for cell in rows.iter_mut().filter_map(|row| row.get_mut(column)).filter(|e| text_kind(e).is_some()) {
        let left = Box::new(std::mem::replace(cell, value(Value::Null)));
        let right = Box::new(value(Value::SingleQuotedString(String::new())));
        *cell = Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right };
    }
    true
}

/// The type of texts, other than `text`, that an expression is cast to.
fn text_kind(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Function(f) => folded_parts(&f.name).pop().filter(|n| n == "text_to_varchar" || n == "text_to_bpchar"),
        Expr::Cast { data_type: DataType::Varchar(_), .. } => Some("varchar".to_owned()),
        Expr::Cast { data_type: DataType::Custom(name, _), .. } => folded_parts(name).pop().filter(|n| n == "name"),
        _ => None,
    }
}

/// Constants of a column are of the type that one is cast to, where Arrow has no word for it.
fn cast_alike(rows: &mut [Parens<Vec<Expr>>], column: usize) {
    let to = rows.iter().find_map(|row| match row.get(column) {
        Some(Expr::Cast { data_type, .. }) if matches!(data_type, DataType::Custom(..) | DataType::Varchar(_)) => {
            Some(data_type.clone())
        }
        _ => None,
    });
    let Some(to) = to else { return };
    for row in rows {
        if let Some(constant) = row.get_mut(column)
            && matches!(constant, Expr::Value(_))
        {
            let expr = Box::new(constant.clone());
            *constant = Expr::Cast { kind: CastKind::Cast, expr, data_type: to.clone(), array: false, format: None };
        }
    }
}

fn is_of_one(f: &Function) -> bool {
    matches!(&f.args, FunctionArguments::List(list) if list.args.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn what_is_json_stays_json() {
        for (sql, want) in [
            ("select jsonb_typeof('1') as t", "SELECT jsonb_typeof(text_to_jsonb('1')) AS t"),
            ("select coalesce(to_json(a), '[]') as j from t", "SELECT text_to_json(coalesce(to_json(a), '[]')) AS j FROM t"),
            ("values ('1'::jsonb), ('2')", "VALUES (text_to_jsonb('1')), (text_to_jsonb('2'))"),
            ("select row_to_json(row(1, 2)) as j", "SELECT row_to_json(together(1, 2)) AS j"),
        ] {
            assert_eq!(rewritten(sql), want, "{sql}");
        }
    }
}
