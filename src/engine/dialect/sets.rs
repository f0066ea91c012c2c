//! Functions that give rows: DataFusion's and ours give their values as one array, which `unnest` unfolds, in a select list and in `FROM`.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query, Select, SelectItem, SetExpr, Statement,
    TableAlias, TableAliasColumnDef, TableFactor, Value, ValueWithSpan, visit_expressions, visit_expressions_mut,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::ast::{argument_of, call, folded, folded_parts, value};
use crate::engine::grammar::Grammar;
use crate::engine::rows_from;

/// Functions that give rows, with the name of their column where that is not their own.
const SETS: [(&str, Option<&str>); 16] = [
    ("expanded_array", None),
    ("generate_series", None),
    ("numeric_series", None),
    ("generate_subscripts", None),
    ("regexp_matches", None),
    ("regexp_split_to_table", None),
    ("string_to_table", None),
    ("json_object_keys", None),
    ("jsonb_object_keys", None),
    ("jsonb_path_query", None),
    ("json_array_elements", Some("value")),
    ("jsonb_array_elements", Some("value")),
    ("json_array_elements_text", Some("value")),
    ("jsonb_array_elements_text", Some("value")),
    ("pg_listening_channels", None),
    ("unnest", None),
];

/// Functions that give rows of a key and a value.
const PAIRS: [&str; 4] = ["json_each", "jsonb_each", "json_each_text", "jsonb_each_text"];

/// `generate_series(a, b)` becomes `unnest(generate_series(a, b))`, and so with every function that gives rows.
pub fn unfold(expr: &mut Expr) {
    let Expr::Function(f) = expr else { return };
    let names = folded_parts(&f.name);
    if names == ["information_schema", "_pg_expandarray"] {
        let FunctionArguments::List(list) = &f.args else { return };
        *expr = call("unnest", vec![call("expanded_array", arguments(&list.args))]);
        return;
    }
    let [name] = names.as_slice() else { return };
    let FunctionArguments::List(list) = &f.args else { return };
    if name == rows_from::MARK {
        if let Some(function) = arguments(&list.args).pop() {
            // One that gives a single value gives a single row.
            let gives_rows = argument_of(&function, "unnest").is_some();
            *expr = if gives_rows { function } else { call("unnest", vec![call("make_array", vec![function])]) };
        }
        return;
    }
    if name == "unnest" {
        // All dimensions are unfolded.
        if let [FunctionArg::Unnamed(FunctionArgExpr::Expr(array))] = list.args.as_slice()
            && argument_of(array, "array_flat").is_none()
            && argument_of(array, "expanded_array").is_none()
        {
            *expr = call("unnest", vec![call("array_flat", flattened(array))]);
        }
        return;
    }
    if SETS.iter().any(|(set, _)| set == name) || PAIRS.contains(&name.as_str()) {
        let arguments: Vec<Expr> = arguments(&list.args);
        let array = match name.as_str() {
            "generate_series" if arguments.iter().any(is_decimal) => call("numeric_series", arguments),
            "string_to_table" => call("string_to_array", arguments),
            _ => std::mem::replace(expr, value(Value::Null)),
        };
        *expr = call("unnest", vec![array]);
    }
}

/// An array and, where there is a subquery in it, what tells it from another one: DataFusion takes two columns that are unfolded for one when
/// they are shown alike, and it shows every subquery alike.
fn flattened(array: &Expr) -> Vec<Expr> {
    let is_subquery = |e: &Expr| matches!(e, Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. });
    let within = visit_expressions(array, |e| if is_subquery(e) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
    if within.is_continue() {
        return vec![array.clone()];
    }
    let mut text = DefaultHasher::new();
    array.to_string().hash(&mut text);
    vec![array.clone(), value(Value::SingleQuotedString(format!("{:016x}", text.finish())))]
}

/// The function under an `unnest` that this module wrote.
pub fn unfolded(expr: &Expr) -> Option<String> {
    let Expr::Function(f) = argument_of(expr, "unnest")? else { return None };
    let name = folded_parts(&f.name).pop()?;
    match name.as_str() {
        "numeric_series" => Some("generate_series".to_owned()),
        "string_to_array" => Some("string_to_table".to_owned()),
        "expanded_array" => Some("_pg_expandarray".to_owned()),
        _ => (SETS.iter().any(|(set, _)| *set == name) || PAIRS.contains(&name.as_str())).then_some(name),
    }
}

fn arguments(args: &[FunctionArg]) -> Vec<Expr> {
    let each = |a: &FunctionArg| match a {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e.clone()),
        _ => None,
    };
    args.iter().filter_map(each).collect()
}

fn is_decimal(expr: &Expr) -> bool {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(n, _), .. }) => n.contains('.'),
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => is_decimal(expr),
        Expr::Cast { data_type, .. } => matches!(data_type, DataType::Numeric(_) | DataType::Decimal(_) | DataType::Dec(_)),
        _ => false,
    }
}

fn is_placeholder(expr: &Expr) -> bool {
    match expr {
        Expr::Value(ValueWithSpan { value, .. }) => matches!(value, Value::Placeholder(_)),
        Expr::Cast { expr, .. } | Expr::Nested(expr) => is_placeholder(expr),
        _ => false,
    }
}

/// Whether an expression has a value only when the statement runs: that of a subquery, or of a setting.
fn is_asked(expr: &Expr) -> bool {
    let found: ControlFlow<()> = visit_expressions(expr, |expr| match expr {
        Expr::Subquery(_) => ControlFlow::Break(()),
        Expr::Function(f) if folded_parts(&f.name).last().is_some_and(|name| name == "current_setting") => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// Whether an expression names a column, or may.
pub(super) fn names_column(expr: &Expr) -> bool {
    let found: ControlFlow<()> = visit_expressions(expr, |expr| match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// `f(x) AS t (a)` in `FROM` becomes `LATERAL (SELECT f(x) AS a) AS t (a)`; with ordinality the rows are numbered. What DataFusion has a
/// table function for, and can plan, stays.
pub fn relation(factor: &mut TableFactor) {
    let (name, args, with_ordinality) = match factor {
        TableFactor::Table { name, args: Some(args), with_ordinality, .. } => (name, &args.args, *with_ordinality),
        TableFactor::Function { name, args, with_ordinality, .. } => (name, &*args, *with_ordinality),
        TableFactor::UNNEST { array_exprs, with_ordinality, alias, .. }
            if *with_ordinality || array_exprs.iter().any(names_column) =>
        {
            if let Some(lateral) = lateral("unnest", array_exprs, *with_ordinality, alias.as_ref()) {
                *factor = lateral;
            }
            return;
        }
        TableFactor::UNNEST { array_exprs, .. } => {
            // All dimensions are unfolded.
            for array in array_exprs {
                if argument_of(array, "array_flat").is_none() {
                    *array = call("array_flat", vec![array.clone()]);
                }
            }
            return;
        }
        _ => return,
    };
    let mut parts = folded_parts(name);
    let Some(function) = parts.pop() else { return };
    let values = arguments(args);
    if parts == ["catalog"] && FINDERS.contains(&function.as_str()) {
        if let TableFactor::Table { alias, .. } = &*factor
            && let Some(found) = finder(&function, &values, alias.as_ref())
        {
            *factor = found;
        }
        return;
    }
    let ours = match function.as_str() {
        "generate_series" => {
            matches!(factor, TableFactor::Function { .. })
                || with_ordinality
                || values.iter().any(|v| is_decimal(v) || is_placeholder(v) || names_column(v) || is_asked(v))
        }
        "unnest" => with_ordinality || values.iter().any(names_column),
        other => SETS.iter().any(|(set, _)| *set == other) || PAIRS.contains(&other) || scalar(other),
    };
    if let TableFactor::Table { alias, .. } = &*factor
        && let Some(rows) = alias.as_ref().and_then(|alias| records(&function, &values, alias))
    {
        *factor = rows;
        return;
    }
    if function == "generate_series"
        && !ours
        && let TableFactor::Table { alias: alias @ None, .. } = factor
    {
        *alias = Some(TableAlias { explicit: true, name: Ident::new("generate_series"), columns: Vec::new(), at: None });
    }
    let (alias, function) = match factor {
        TableFactor::Table { alias, .. } | TableFactor::Function { alias, .. } if ours => (alias.clone(), function),
        _ => return,
    };
    if let Some(lateral) = lateral(&function, &values, with_ordinality, alias.as_ref()) {
        *factor = lateral;
    }
}

/// Functions of the schema `catalog`: each is the relation of its name, whose column `query` is the argument.
const FINDERS: &[&str] = &["search", "facets", "related"];

/// `catalog.search(words)` as the relation's rows for these words.
fn finder(function: &str, values: &[Expr], alias: Option<&TableAlias>) -> Option<TableFactor> {
    let [words] = values else { return None };
    let mut query = parsed(&format!("SELECT * FROM catalog.{function} WHERE query = NULL"))?;
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let Some(Expr::BinaryOp { right, .. }) = &mut select.selection else { return None };
    **right = words.clone();
    let named = TableAlias { explicit: true, name: Ident::new(function), columns: Vec::new(), at: None };
    let alias = Some(alias.cloned().unwrap_or(named));
    Some(TableFactor::Derived { lateral: false, subquery: query, alias, sample: None })
}

fn lateral(function: &str, values: &[Expr], with_ordinality: bool, alias: Option<&TableAlias>) -> Option<TableFactor> {
    let pairs = PAIRS.contains(&function);
    let template = match (pairs, with_ordinality) {
        (false, false) => "SELECT 1",
        (false, true) => "SELECT *, row_number() OVER () AS ordinality FROM (SELECT 1) AS rows",
        (true, false) => "SELECT pair['key'] AS key, pair['value'] AS value FROM (SELECT 1) AS rows",
        (true, true) => {
            "SELECT pair['key'] AS key, pair['value'] AS value, row_number() OVER () AS ordinality FROM (SELECT 1) AS rows"
        }
    };
    let mut query = parsed(template)?;
    let mut inner = query.as_mut();
    if pairs || with_ordinality {
        let SetExpr::Select(select) = inner.body.as_mut() else { return None };
        let TableFactor::Derived { subquery, .. } = &mut select.from.first_mut()?.relation else { return None };
        inner = subquery.as_mut();
    }
    let SetExpr::Select(select) = inner.body.as_mut() else { return None };
    let item = |n: usize, expr: Expr| SelectItem::ExprWithAlias {
        expr,
        alias: Ident::new(if pairs {
            "pair".to_owned()
        } else if n == 0 {
            "value".to_owned()
        } else {
            format!("value{n}")
        }),
    };
    select.projection = if function == "unnest" {
        values.iter().enumerate().map(|(n, array)| item(n, call("unnest", vec![array.clone()]))).collect()
    } else {
        vec![item(0, call(function, values.to_vec()))]
    };
    let columns = if pairs { 2 } else { select.projection.len() };
    let named = || TableAlias { explicit: true, name: Ident::with_quote('"', function), columns: Vec::new(), at: None };
    let mut alias = alias.cloned().unwrap_or_else(named);
    let own = SETS.iter().find(|(set, _)| *set == function).and_then(|(_, column)| *column);
    let defaults = |n: usize, alias: &TableAlias| match (pairs, n) {
        (true, 0) => Ident::new("key"),
        (true, _) => Ident::new("value"),
        (false, _) if columns > 1 => Ident::new("unnest"),
        (false, _) => own.map_or_else(|| alias.name.clone(), Ident::new),
    };
    for n in alias.columns.len()..columns {
        let name = defaults(n, &alias);
        alias.columns.push(TableAliasColumnDef { name, data_type: None });
    }
    if with_ordinality && alias.columns.len() == columns {
        alias.columns.push(TableAliasColumnDef { name: Ident::new("ordinality"), data_type: None });
    }
    Some(TableFactor::Derived { lateral: true, subquery: query, alias: Some(alias), sample: None })
}

/// The alias of a function whose column has a name of its own stands for the column: `x ->> 'a'` of `json_array_elements(j) x`.
pub fn alias_of_column(select: &mut Select) {
    let factors = select.from.iter().flat_map(|t| std::iter::once(&t.relation).chain(t.joins.iter().map(|j| &j.relation)));
    let own: Vec<(String, &str)> = factors
        .filter_map(|factor| {
            let (TableFactor::Table { name, alias: Some(alias), args: Some(_), .. }
            | TableFactor::Function { name, alias: Some(alias), .. }) = factor
            else {
                return None;
            };
            let function = folded_parts(name).pop()?;
            let (_, column) = SETS.iter().find(|(set, _)| *set == function)?;
            (alias.columns.is_empty()).then_some((folded(&alias.name), (*column)?))
        })
        .collect();
    if own.is_empty() {
        return;
    }
    let _: ControlFlow<()> = visit_expressions_mut(select, |expr| {
        if let Expr::Identifier(name) = expr
            && let Some((_, column)) = own.iter().find(|(alias, _)| *alias == folded(name))
        {
            *expr = Expr::CompoundIdentifier(vec![name.clone(), Ident::new(*column)]);
        }
        ControlFlow::Continue(())
    });
}

/// Whether a function gives one value, which in `FROM` is a row.
fn scalar(function: &str) -> bool {
    function != "unnest" && crate::engine::functions::named(function).is_some()
}

/// `json_to_recordset(j) AS t (a int, b text)` becomes a select of the members by their names.
fn records(function: &str, values: &[Expr], alias: &TableAlias) -> Option<TableFactor> {
    let [json] = values else { return None };
    let rows = match function {
        "json_to_recordset" | "jsonb_to_recordset" => {
            // Unfolded when the walk comes to it.
            call(&format!("{}_array_elements", function.split('_').next()?), vec![json.clone()])
        }
        "json_to_record" | "jsonb_to_record" => json.clone(),
        _ => return None,
    };
    let mut query = parsed("SELECT 1 FROM (SELECT 1) AS rows")?;
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let TableFactor::Derived { subquery, .. } = &mut select.from.first_mut()?.relation else { return None };
    let SetExpr::Select(inner) = subquery.body.as_mut() else { return None };
    inner.projection = vec![SelectItem::ExprWithAlias { expr: rows, alias: Ident::new("member") }];
    select.projection = alias
        .columns
        .iter()
        .map(|column| {
            let key = value(Value::SingleQuotedString(folded(&column.name)));
            let data_type = column.data_type.clone()?;
            let is_json = data_type.to_string().to_lowercase().starts_with("json");
            let get = if is_json { "json_member" } else { "json_member_text" };
            let member = call(get, vec![Expr::Identifier(Ident::new("member")), key]);
            let expr = Expr::Cast {
                kind: datafusion::sql::sqlparser::ast::CastKind::DoubleColon,
                expr: Box::new(member),
                data_type,
                array: false,
                format: None,
            };
            Some(SelectItem::ExprWithAlias { expr, alias: column.name.clone() })
        })
        .collect::<Option<_>>()?;
    let mut alias = alias.clone();
    for column in &mut alias.columns {
        column.data_type = None;
    }
    Some(TableFactor::Derived { lateral: true, subquery: query, alias: Some(alias), sample: None })
}

fn parsed(template: &str) -> Option<Box<Query>> {
    match Parser::parse_sql(&Grammar::default(), template).ok()?.pop()? {
        Statement::Query(query) => Some(query),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn sets_become_rows() {
        for (sql, want) in [
            ("select generate_series(1, 3) as n", "SELECT unnest(generate_series(1, 3)) AS n"),
            ("select generate_series(1.5, 3) as n", "SELECT unnest(numeric_series(1.5, 3)) AS n"),
            ("select string_to_table(a, ',') from t", "SELECT unnest(string_to_array(a, ',')) AS \"string_to_table\" FROM t"),
            ("select unnest(a) as n from t", "SELECT unnest(array_flat(a)) AS n FROM t"),
            ("select n from generate_series(1, 3) n", "SELECT n FROM generate_series(1, 3) n (n)"),
            (
                "select * from jsonb_array_elements_text('[1]')",
                "SELECT * FROM LATERAL (SELECT unnest(jsonb_array_elements_text(text_to_jsonb('[1]'))) AS value) AS \"jsonb_array_elements_text\" (value)",
            ),
            ("select x from json_object_keys(j) x", "SELECT x FROM LATERAL (SELECT unnest(json_object_keys(j)) AS value) x (x)"),
        ] {
            assert_eq!(rewritten(sql), want, "{sql}");
        }
    }
}
