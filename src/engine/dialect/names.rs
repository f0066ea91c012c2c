//! Names: `pg_catalog.` before functions, operators and relations, keywords that are functions, and `tableoid`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArgumentList, FunctionArguments, Ident, ObjectName, ObjectNamePart, Select, Statement,
    TableFactor, Value, visit_expressions_mut,
};

use super::ast::{call, folded, folded_parts, value};
use crate::table::virtual_table::relations;

/// Functions that SQL writes without parentheses.
const WITHOUT_PARENTHESES: [&str; 6] =
    ["current_catalog", "current_role", "current_schema", "current_user", "session_user", "user"];

/// The names that the statement's `WITH` clauses give.
pub fn common_tables(statement: &Statement) -> Vec<String> {
    let Statement::Query(query) = statement else { return Vec::new() };
    query.with.iter().flat_map(|w| &w.cte_tables).map(|t| folded(&t.alias.name)).collect()
}

/// `pg_catalog.f(x)` is `f(x)`; `CURRENT_USER` is `current_user()`; `COLLATE` is dropped, for there is one collation.
pub fn function(expr: &mut Expr) {
    match expr {
        Expr::Function(f) => {
            if let [schema, _] = f.name.0.as_slice()
                && schema.as_ident().is_some_and(|s| folded(s) == "pg_catalog")
            {
                f.name.0.remove(0);
            }
            let name = folded_parts(&f.name);
            if matches!(f.args, FunctionArguments::None) && name.iter().any(|n| WITHOUT_PARENTHESES.contains(&n.as_str())) {
                f.args = FunctionArguments::List(FunctionArgumentList {
                    duplicate_treatment: None,
                    args: Vec::new(),
                    clauses: Vec::new(),
                });
            }
        }
        Expr::Identifier(ident) if ident.quote_style.is_none() => {
            let name = ident.value.to_lowercase();
            if WITHOUT_PARENTHESES.contains(&name.as_str()) && name != "user" {
                *expr = call(&name, Vec::new());
            }
        }
        Expr::Collate { expr: inner, .. } => {
            let inner = std::mem::replace(&mut **inner, value(Value::Null));
            *expr = inner;
        }
        _ => {}
    }
}

/// `a OPERATOR(pg_catalog.~) b` is `a ~ b`.
pub fn operator(expr: &mut Expr) {
    let Expr::BinaryOp { op, .. } = expr else { return };
    let BinaryOperator::PGCustomBinaryOperator(parts) = op else { return };
    let known = match parts.last().map(String::as_str) {
        Some("~") => BinaryOperator::PGRegexMatch,
        Some("~*") => BinaryOperator::PGRegexIMatch,
        Some("!~") => BinaryOperator::PGRegexNotMatch,
        Some("!~*") => BinaryOperator::PGRegexNotIMatch,
        Some("~~") => BinaryOperator::PGLikeMatch,
        Some("~~*") => BinaryOperator::PGILikeMatch,
        Some("!~~") => BinaryOperator::PGNotLikeMatch,
        Some("!~~*") => BinaryOperator::PGNotILikeMatch,
        Some("=") => BinaryOperator::Eq,
        Some("<>") => BinaryOperator::NotEq,
        Some("<") => BinaryOperator::Lt,
        Some("<=") => BinaryOperator::LtEq,
        Some(">") => BinaryOperator::Gt,
        Some(">=") => BinaryOperator::GtEq,
        Some("+") => BinaryOperator::Plus,
        Some("-") => BinaryOperator::Minus,
        Some("*") => BinaryOperator::Multiply,
        Some("/") => BinaryOperator::Divide,
        Some("||") => BinaryOperator::StringConcat,
        _ => return,
    };
    *op = known;
}

/// `pg_class` is `pg_catalog.pg_class`, which PostgreSQL looks through first, unless `WITH` gives the name.
pub fn system_relation(relation: &mut ObjectName, common_tables: &[String]) {
    let parts = folded_parts(relation);
    let [name] = parts.as_slice() else { return };
    let is_system = name.starts_with("pg_") || ["geometry_columns", "spatial_ref_sys"].contains(&name.as_str());
    if is_system && !common_tables.contains(name) && relations::of("pg_catalog").iter().any(|r| r.name == name) {
        relation.0.insert(0, ObjectNamePart::Identifier(Ident::new("pg_catalog")));
    }
}

/// `c.tableoid` of a system table is that table's oid.
pub fn system_columns(select: &mut Select, common_tables: &[String]) {
    let mut oids = Vec::new();
    for factor in select.from.iter().flat_map(|t| std::iter::once(&t.relation).chain(t.joins.iter().map(|j| &j.relation))) {
        let TableFactor::Table { name, alias, .. } = factor else { continue };
        let mut name = name.clone();
        system_relation(&mut name, common_tables);
        let parts = folded_parts(&name);
        let [schema, table] = parts.as_slice() else { continue };
        if let Some(relation) = relations::of(schema).iter().find(|r| r.name == table) {
            oids.push((alias.as_ref().map_or_else(|| table.clone(), |a| folded(&a.name)), relation.oid));
        }
    }
    if oids.is_empty() {
        return;
    }
    let _: ControlFlow<()> = visit_expressions_mut(select, |expr| {
        if let Expr::CompoundIdentifier(parts) = expr
            && let [table, column] = parts.as_slice()
            && let Some((_, oid)) = oids.iter().find(|(name, _)| *name == folded(table))
        {
            match folded(column).as_str() {
                "tableoid" => *expr = value(Value::Number(oid.to_string(), false)),
                // Nothing changes there: every row is of one transaction.
                "xmin" => *expr = value(Value::Number("1".to_owned(), false)),
                "xmax" | "cmin" | "cmax" => *expr = value(Value::Number("0".to_owned(), false)),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    });
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;
    use expect_test::{Expect, expect};

    fn check(sql: &str, want: Expect) {
        want.assert_eq(&rewritten(sql));
    }

    #[test]
    fn names_are_those_datafusion_knows() {
        check(
            "select pg_catalog.lower(a) AS x from t where a operator(pg_catalog.~) '^(b)$' collate pg_catalog.default",
            expect!["SELECT lower(a) AS x FROM t WHERE a ~ '^(b)$'"],
        );
        check("select current_user as u, current_schema as s", expect!["SELECT current_user() AS u, current_schema() AS s"]);
        check("select l.tableoid as o from pg_language l", expect!["SELECT 2612 AS o FROM pg_catalog.pg_language l"]);
        check(
            "with pg_class as (select 1 as a) select a from pg_class",
            expect!["WITH pg_class AS (SELECT 1 AS a) SELECT a FROM pg_class"],
        );
        check("select a from t for update", expect!["ReadOnly: cannot execute SELECT FOR UPDATE in a read-only transaction"]);
    }
}
