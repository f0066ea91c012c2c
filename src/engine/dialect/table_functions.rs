//! Functions in `FROM`: an alias of one that gives single values is also its column's name, as in
//! `FROM generate_series(1, 3) s WHERE s > 1`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, ObjectNamePart, SelectItem, SetExpr, TableAlias,
    TableAliasColumnDef, TableFactor, visit_expressions,
};

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::ast::{call, folded, folded_parts};
use crate::name::{self, Keyword};
use crate::table::pg_catalog::types::Function;

/// Table functions of one column.
const SINGLE: [&str; 2] = ["generate_series", "unnest"];

/// The catalog's functions that give rows of what is never there, privileges that were granted, options, partitions, each with the
/// columns that it has.
const NOTHING: [(&str, &str); 6] = [
    ("pg_available_extension_versions", "''::name AS name, '' AS version"),
    ("pg_available_extensions", "''::name AS name, '' AS default_version, '' AS comment"),
    ("aclexplode", "0::oid AS grantor, 0::oid AS grantee, '' AS privilege_type, false AS is_grantable"),
    ("pg_options_to_table", "'' AS option_name, '' AS option_value"),
    ("pg_partition_ancestors", "0::oid AS relid"),
    ("pg_partition_tree", "0::oid AS relid, 0::oid AS parentrelid, false AS isleaf, 0 AS level"),
];

/// The oid of `record`: what gives one has columns of its own.
const RECORD: &str = "2249";

/// The functions that give what a view of the catalog shows.
const VIEWS: [(&str, &str); 8] = [
    ("pg_config", "pg_config"),
    ("pg_cursor", "pg_cursors"),
    ("pg_lock_status", "pg_locks"),
    ("pg_prepared_statement", "pg_prepared_statements"),
    ("pg_show_all_settings", "pg_settings"),
    ("pg_stat_get_activity", "pg_stat_activity"),
    ("pg_timezone_abbrevs", "pg_timezone_abbrevs"),
    ("pg_timezone_names", "pg_timezone_names"),
];

/// A function of the catalog in `FROM`: `pg_show_all_settings()` is `pg_settings`, `pg_get_keywords()` and `ts_token_type(parser)` are the
/// words themselves, and one that gives a single value, such as `current_schema()`, is a row of it.
pub fn of_catalog(factor: &mut TableFactor) {
    let TableFactor::Table { name, alias, args: args @ Some(_), with_ordinality: false, .. } = factor else { return };
    let Some(function) = folded_parts(name).pop() else { return };
    if let Some((_, view)) = VIEWS.iter().find(|(name, _)| *name == function) {
        *name = ObjectName::from(vec![Ident::new("pg_catalog"), Ident::new(*view)]);
        *args = None;
        return;
    }
    let sql = match function.as_str() {
        "pg_get_keywords" => keywords(),
        "ts_token_type" => tokens(),
        name => {
            return if gives_one_value(name) {
                of_one_value(factor)
            };
        }
    };
    let parsed = Parser::new(&PostgreSqlDialect {}).try_with_sql(&sql).and_then(|mut p| p.parse_query());
    let Ok(subquery) = parsed else { return };
    let alias =
        alias.take().or_else(|| Some(TableAlias { explicit: true, name: Ident::new(function), columns: Vec::new(), at: None }));
    *factor = TableFactor::Derived { lateral: false, subquery, alias, sample: None };
}

/// Whether every function of PostgreSQL's of this name gives one value.
fn gives_one_value(name: &str) -> bool {
    let is_plain = |f: Function| {
        let modes = f.text("proargmodes");
        f.text("proretset") == "f"
            && f.text("prokind") == "f"
            && f.text("prorettype") != RECORD
            && !modes.contains(['o', 't', 'b'])
    };
    let mut all = Function::named(name).peekable();
    all.peek().is_some() && all.all(is_plain)
}

/// `f(x) AS a` becomes `(SELECT f(x) AS a) AS a`, which may ask for columns of what stands before it.
fn of_one_value(factor: &mut TableFactor) {
    let TableFactor::Table { name, alias, args: Some(args), .. } = factor else { return };
    let Some(function) = name.0.last().and_then(ObjectNamePart::as_ident).cloned() else { return };
    let mut alias =
        alias.take().unwrap_or_else(|| TableAlias { explicit: true, name: function.clone(), columns: Vec::new(), at: None });
    let parsed = Parser::new(&PostgreSqlDialect {}).try_with_sql("SELECT f() AS f").and_then(|mut p| p.parse_query());
    let Ok(mut subquery) = parsed else { return };
    if let SetExpr::Select(select) = subquery.body.as_mut()
        && let [SelectItem::ExprWithAlias { expr: Expr::Function(call), alias: column }] = select.projection.as_mut_slice()
        && let FunctionArguments::List(list) = &mut call.args
    {
        call.name = ObjectName::from(vec![function]);
        list.args = std::mem::take(&mut args.args);
        *column = alias.columns.pop().map_or_else(|| alias.name.clone(), |c| c.name);
    }
    let is_column = |e: &Expr| matches!(e, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. });
    let refers = |e: &Expr| if is_column(e) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let lateral = visit_expressions(&subquery, refers).is_break();
    *factor = TableFactor::Derived { lateral, subquery, alias: Some(alias), sample: None };
}

/// What PostgreSQL's one parser of texts tells apart, from 1 on.
const TOKENS: [(&str, &str); 23] = [
    ("asciiword", "Word, all ASCII"),
    ("word", "Word, all letters"),
    ("numword", "Word, letters and digits"),
    ("email", "Email address"),
    ("url", "URL"),
    ("host", "Host"),
    ("sfloat", "Scientific notation"),
    ("version", "Version number"),
    ("hword_numpart", "Hyphenated word part, letters and digits"),
    ("hword_part", "Hyphenated word part, all letters"),
    ("hword_asciipart", "Hyphenated word part, all ASCII"),
    ("blank", "Space symbols"),
    ("tag", "XML tag"),
    ("protocol", "Protocol head"),
    ("numhword", "Hyphenated word, letters and digits"),
    ("asciihword", "Hyphenated word, all ASCII"),
    ("hword", "Hyphenated word, all letters"),
    ("url_path", "URL path"),
    ("file", "File or path name"),
    ("float", "Decimal notation"),
    ("int", "Signed integer"),
    ("uint", "Unsigned integer"),
    ("entity", "XML entity"),
];

/// The kinds of tokens as a query.
fn tokens() -> String {
    let rows: Vec<String> = (1..).zip(TOKENS).map(|(n, (alias, told))| format!("({n},'{alias}','{told}')")).collect();
    format!("SELECT * FROM (VALUES {}) AS t(tokid, alias, description)", rows.join(","))
}

/// PostgreSQL's keywords as a query.
fn keywords() -> String {
    let mut rows = Vec::new();
    for Keyword { word, class, is_label, .. } in name::keywords() {
        let meaning = match class {
            'C' => "unreserved (cannot be function or type name)",
            'R' => "reserved",
            'T' => "reserved (can be function or type name)",
            _ => "unreserved",
        };
        let label = if is_label { "can be bare label" } else { "requires AS" };
        rows.push(format!("('{word}','{class}',{is_label},'{meaning}','{label}')"));
    }
    rows.sort_unstable();
    format!("SELECT * FROM (VALUES {}) AS k(word, catcode, barelabel, catdesc, baredesc)", rows.join(","))
}

/// One of these functions in `FROM` becomes no rows of its columns, whatever it is asked of: also a column of the query around.
pub fn nothing(factor: &mut TableFactor) {
    let (name, alias, ordinality) = match factor {
        TableFactor::Table { name, alias, args: Some(_), with_ordinality, .. } => (name, alias, *with_ordinality),
        TableFactor::Function { name, alias, with_ordinality, .. } => (name, alias, *with_ordinality),
        _ => return,
    };
    let Some(function) = folded_parts(name).pop() else { return };
    let Some((_, columns)) = NOTHING.iter().find(|(name, _)| *name == function) else { return };
    let ordinality = if ordinality { ", 0::bigint AS ordinality" } else { "" };
    let sql = format!("SELECT {columns}{ordinality} WHERE false");
    let parsed = Parser::new(&PostgreSqlDialect {}).try_with_sql(&sql).and_then(|mut p| p.parse_query());
    let Ok(subquery) = parsed else { return };
    let alias =
        alias.take().or_else(|| Some(TableAlias { explicit: true, name: Ident::new(function), columns: Vec::new(), at: None }));
    *factor = TableFactor::Derived { lateral: false, subquery, alias, sample: None };
}

/// Gives the column of a single-valued table function its table's alias; `pg_catalog.unnest(..)` becomes `unnest(..)`.
pub fn name(factor: &mut TableFactor) {
    if let TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } = factor {
        if let [schema, _] = name.0.as_slice()
            && schema.as_ident().is_some_and(|s| folded(s) == "pg_catalog")
        {
            name.0.remove(0);
        }
        let parts = folded_parts(name);
        if parts == ["unnest"] {
            let array_exprs: Vec<Expr> = args
                .args
                .iter()
                .filter_map(|a| match a {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(call("array_flat", vec![e.clone()])),
                    _ => None,
                })
                .collect();
            let alias = alias.take();
            let with_ordinality = *with_ordinality;
            *factor = TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_offset_alias: None, with_ordinality };
        }
    }
    let (alias, single) = match factor {
        TableFactor::Table { name, alias, args: Some(_), .. } => {
            let single = name.0.last().and_then(ObjectNamePart::as_ident).is_some_and(|n| SINGLE.contains(&folded(n).as_str()));
            (alias, single)
        }
        TableFactor::UNNEST { alias, array_exprs, with_ordinality: false, .. } => (alias, array_exprs.len() == 1),
        _ => return,
    };
    if let Some(alias) = alias
        && single
        && alias.columns.is_empty()
    {
        alias.columns.push(TableAliasColumnDef { name: alias.name.clone(), data_type: None });
    }
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn the_alias_names_the_column() {
        let asked = "select a.grantee from t, aclexplode(t.acl) a";
        assert_eq!(
            rewritten(asked),
            "SELECT a.grantee FROM t, (SELECT 0::oid AS grantor, 0::oid AS grantee, '' AS privilege_type, \
             false AS is_grantable WHERE false) a"
        );
        assert_eq!(rewritten("select s from pg_catalog.generate_series(1, 3) s"), "SELECT s FROM generate_series(1, 3) s (s)");
    }

    #[test]
    fn a_value_is_a_row() {
        for (sql, want) in [
            ("select * from upper('a')", "SELECT * FROM (SELECT upper('a') AS upper) AS upper"),
            ("select s from pg_catalog.upper('a') s", "SELECT s FROM (SELECT upper('a') AS s) s"),
            ("select * from upper('a') as s(b)", "SELECT * FROM (SELECT upper('a') AS b) AS s"),
            ("select * from t, upper(t.a) s", "SELECT * FROM t, LATERAL (SELECT upper(t.a) AS s) s"),
        ] {
            assert_eq!(rewritten(sql), want);
        }
    }
}
