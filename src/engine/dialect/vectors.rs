//! What the columns of `pg_catalog` need that no other table's do, known by their names: `int2vector` and `oidvector` count from 0 and
//! are written without braces, `regproc` shows a function's name, a flag is compared with `'t'`.

use std::collections::HashSet;
use std::sync::LazyLock;

use datafusion::sql::sqlparser::ast::{AccessExpr, BinaryOperator, DataType, Expr, Ident, Subscript, Value};

use super::ast::{argument_of, bare, call, folded, string, value};
use crate::table::pg_type::{self, PgType};
use crate::table::virtual_table::relations;

/// The names that a test on a column's type finds; those that another column of the catalog has with another type are left out.
fn names_of(of_type: impl Fn(&PgType) -> bool) -> HashSet<&'static str> {
    let all = || relations::of("pg_catalog").iter().flat_map(|r| &r.columns);
    let others: HashSet<&str> = all().filter(|c| !of_type(c.pg_type)).map(|c| c.name).collect();
    all().filter(|c| of_type(c.pg_type) && !others.contains(c.name)).map(|c| c.name).collect()
}

static VECTORS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| names_of(PgType::is_vector));
static FUNCTIONS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| names_of(|t| *t == pg_type::REGPROC));
static FLAGS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| names_of(|t| *t == pg_type::BOOL));

/// The name of the column that an expression is.
fn column(expr: &Expr) -> Option<String> {
    match bare(expr) {
        Expr::Identifier(ident) => Some(folded(ident)),
        Expr::CompoundIdentifier(parts) => parts.last().map(folded),
        _ => None,
    }
}

fn is_vector(ident: &Ident) -> bool {
    VECTORS.contains(folded(ident).as_str())
}

/// The number of the first element of an array: 0 for a vector of the catalog, else 1.
pub fn first(array: &Expr) -> i64 {
    let is_vector = column(array).is_some_and(|name| VECTORS.contains(name.as_str()));
    i64::from(!is_vector)
}

/// Rewrites what is done with such a column.
pub fn rewrite(expr: &mut Expr) {
    match expr {
        Expr::Cast { expr: inner, data_type, .. } if is_text(data_type) => {
            let Some(name) = column(inner) else { return };
            let show = match name.as_str() {
                name if VECTORS.contains(name) => "vector_text",
                name if FUNCTIONS.contains(name) => "regproc_name",
                _ => return,
            };
            let inner = std::mem::replace(&mut **inner, value(Value::Null));
            *expr = call(show, vec![inner]);
        }
        Expr::CompoundFieldAccess { root, access_chain } => {
            let mut of_vector = column(root).is_some_and(|name| VECTORS.contains(name.as_str()));
            for access in access_chain {
                match access {
                    AccessExpr::Dot(Expr::Identifier(name)) => of_vector = is_vector(name),
                    AccessExpr::Subscript(Subscript::Index { index }) if of_vector => {
                        let one = value(Value::Number("1".to_owned(), false));
                        let from_0 = std::mem::replace(index, value(Value::Null));
                        let from_0 = Expr::Nested(Box::new(from_0));
                        *index = Expr::BinaryOp { left: Box::new(from_0), op: BinaryOperator::Plus, right: Box::new(one) };
                        of_vector = false;
                    }
                    AccessExpr::Dot(_) | AccessExpr::Subscript(_) => of_vector = false,
                }
            }
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::NotEq, right } => {
            for (flag, word) in [(&*left, &mut *right)] {
                if column(flag).is_some_and(|name| FLAGS.contains(name.as_str()))
                    && let Some(truth) = string(word).and_then(truth)
                {
                    **word = value(Value::Boolean(truth));
                }
            }
        }
        _ => {}
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Text | DataType::Varchar(_) | DataType::CharacterVarying(_))
}

fn truth(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// What a cast of such a column or of a `reg*` type shows: the argument names the column of a select list.
pub fn shown(expr: &Expr) -> Option<&Expr> {
    SHOW.iter().find_map(|name| argument_of(expr, name))
}

/// The functions that casts are rewritten to.
const SHOW: [&str; 12] = [
    "regclass_name",
    "regcollation_name",
    "regconfig_name",
    "regdictionary_name",
    "regnamespace_name",
    "regoper_name",
    "regoperator_name",
    "regproc_name",
    "regprocedure_name",
    "regrole_name",
    "regtype_name",
    "vector_text",
];

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn columns_of_the_catalog_are_what_they_are_in_postgresql() {
        for (sql, want) in [
            ("select i.indkey::text from pg_index i", "SELECT vector_text(i.indkey) AS \"indkey\" FROM pg_catalog.pg_index i"),
            (
                "select t.typinput::text from pg_type t",
                "SELECT regproc_name(t.typinput) AS \"typinput\" FROM pg_catalog.pg_type t",
            ),
            ("select 1 as a from t where i.indkey[0] = 1", "SELECT 1 AS a FROM t WHERE i.indkey[(0) + 1] = 1"),
            ("select 1 as a from t where i.conkey[1] = 1", "SELECT 1 AS a FROM t WHERE i.conkey[1] = 1"),
            ("select 1 as a from t where indisprimary = 't'", "SELECT 1 AS a FROM t WHERE indisprimary = true"),
        ] {
            assert_eq!(rewritten(sql), want, "{sql}");
        }
    }
}
