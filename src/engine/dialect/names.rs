//! Names: `pg_catalog.` before functions, operators and relations, keywords that are functions, and `tableoid`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, Expr, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    ObjectNamePart, Select, SelectItem, Statement, TableFactor, Value, visit_expressions_mut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::ast::{call, folded, folded_parts, value};
use super::type_named;
use crate::table::pg_type;
use crate::table::virtual_table::{Relation, relations};

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
            if let [schema, function] = name.as_slice()
                && schema == "information_schema"
                && function.starts_with("_pg_")
                && function != "_pg_expandarray"
            {
                f.name.0.remove(0);
                return;
            }
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

/// `_pg_truetypid(a.*, t.*)`: the type of the column that is row `a` of `pg_attribute`, or that below it where it is a domain; and its modifier.
fn true_type(expr: &Expr) -> Option<Expr> {
    let Expr::Function(f) = expr else { return None };
    let FunctionArguments::List(list) = &f.args else { return None };
    let [
        FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(column)),
        FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(of)),
    ] = list.args.as_slice()
    else {
        return None;
    };
    let (below, own) = match folded_parts(&f.name).last()?.as_str() {
        "_pg_truetypid" => ("typbasetype", "atttypid"),
        "_pg_truetypmod" => ("typtypmod", "atttypmod"),
        _ => return None,
    };
    let sql = format!("CASE WHEN {of}.typtype = 'd' THEN {of}.{below} ELSE {column}.{own} END");
    Parser::new(&PostgreSqlDialect {}).try_with_sql(&sql).and_then(|mut p| p.parse_expr()).ok()
}

/// `a OPERATOR(pg_catalog.~) b` is `a ~ b`.
pub fn operator(expr: &mut Expr) {
    if let Expr::BinaryOp { op, .. } = expr
        && let BinaryOperator::PGCustomBinaryOperator(parts) = op
        && let Some(known) = parts.last().and_then(|name| operator_named(name))
    {
        *op = known;
    }
}

/// The operator of a name, of those that sqlparser has a word for.
pub fn operator_named(name: &str) -> Option<BinaryOperator> {
    Some(match name {
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "~~*" => BinaryOperator::PGILikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        "!~~*" => BinaryOperator::PGNotILikeMatch,
        "=" => BinaryOperator::Eq,
        "<>" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        "||" => BinaryOperator::StringConcat,
        _ => return None,
    })
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
    let mut system = Vec::new();
    for factor in select.from.iter().flat_map(|t| std::iter::once(&t.relation).chain(t.joins.iter().map(|j| &j.relation))) {
        let TableFactor::Table { name, alias, .. } = factor else { continue };
        let mut name = name.clone();
        system_relation(&mut name, common_tables);
        let parts = folded_parts(&name);
        let [schema, table] = parts.as_slice() else { continue };
        if let Some(relation) = relations::of(schema).iter().find(|r| r.name == table) {
            system.push((alias.as_ref().map_or_else(|| table.clone(), |a| folded(&a.name)), relation));
        }
    }
    if system.is_empty() {
        return;
    }
    let is_alone = matches!(select.from.as_slice(), [only] if only.joins.is_empty());
    let constant = |expr: &Expr| match expr {
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [table, column] => {
                let (_, relation) = system.iter().find(|(name, _)| *name == folded(table))?;
                Some((column.clone(), system_column(&folded(column), relation)?))
            }
            _ => None,
        },
        Expr::Identifier(column) if is_alone => {
            let (_, relation) = system.first()?;
            Some((column.clone(), system_column(&folded(column), relation)?))
        }
        _ => None,
    };
    // What is shown keeps its name.
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) = item
            && let Some(alias) = constant(expr).map(|(alias, _)| alias).or_else(|| age(expr).map(|_| Ident::new("age")))
        {
            let expr = std::mem::replace(expr, value(Value::Null));
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
    }
    let _: ControlFlow<()> = visit_expressions_mut(select, |expr| {
        if let Some((_, constant)) = constant(expr) {
            *expr = constant;
        } else if let Some(of) = age(expr)
            && is_xid(&of)
        {
            *expr = call("xid_age", vec![of]);
        } else if let Some(rewritten) = true_type(expr) {
            *expr = rewritten;
        }
        ControlFlow::Continue(())
    });
}

/// The only argument of `age`.
fn age(expr: &Expr) -> Option<Expr> {
    let Expr::Function(f) = expr else { return None };
    let FunctionArguments::List(list) = &f.args else { return None };
    match (folded_parts(&f.name).last().map(String::as_str), list.args.as_slice()) {
        (Some("age"), [FunctionArg::Unnamed(FunctionArgExpr::Expr(of))]) => Some(of.clone()),
        _ => None,
    }
}

/// Whether it is the number of a transaction: a system column, or one of the catalog that is named after them.
fn is_xid(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Cast { data_type, .. } => return type_named(&pg_type::XID).is_some_and(|xid| xid == *data_type),
        Expr::Identifier(name) => name,
        Expr::CompoundIdentifier(parts) => match parts.last() {
            Some(name) => name,
            None => return false,
        },
        _ => return false,
    };
    let name = folded(name);
    name.ends_with("frozenxid") || name.ends_with("minmxid")
}

/// What a system column of a relation holds in every row. Nothing changes there: all rows are of one transaction.
fn system_column(name: &str, relation: &Relation) -> Option<Expr> {
    if relation.columns.iter().any(|column| column.name == name) {
        return None;
    }
    let (number, of) = match name {
        "tableoid" => (relation.oid, &pg_type::OID),
        "xmin" => (1, &pg_type::XID),
        "xmax" => (0, &pg_type::XID),
        "cmin" | "cmax" => return Some(value(Value::Number("0".to_owned(), false))),
        _ => return None,
    };
    let number = Box::new(value(Value::SingleQuotedString(number.to_string())));
    Some(Expr::Cast { kind: CastKind::DoubleColon, expr: number, data_type: type_named(of)?, array: false, format: None })
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
        check("select l.tableoid as o from pg_language l", expect!["SELECT '2612'::oid AS o FROM pg_catalog.pg_language l"]);
        check(
            "with pg_class as (select 1 as a) select a from pg_class",
            expect!["WITH pg_class AS (SELECT 1 AS a) SELECT a FROM pg_class"],
        );
        check("select a from t for update", expect!["ReadOnly: cannot execute SELECT FOR UPDATE in a read-only transaction"]);
    }
}
