//! Fields of structs: `(s).f`, and `(list[1]).f`, which DataFusion takes with the field's name as a text only.

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Value};

use super::ast::{folded, value};

/// Names the field of each `.f` by a text. Dots that follow a bare name part table and column and stay.
pub fn access(expr: &mut Expr) {
    let Expr::CompoundFieldAccess { root, access_chain } = expr else { return };
    let mut of_name = matches!(root.as_ref(), Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    for access in access_chain {
        match access {
            AccessExpr::Dot(Expr::Identifier(field)) if !of_name => {
                let name = folded(field);
                *access = AccessExpr::Dot(value(Value::SingleQuotedString(name)));
            }
            AccessExpr::Dot(_) => {}
            AccessExpr::Subscript(_) => of_name = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn fields_are_named_by_texts() {
        for (sql, want) in [
            ("select (s).a from t", "SELECT (s).'a' AS \"a\" FROM t"),
            ("select (s).A, (t.s).\"B\".c from t", "SELECT (s).'a' AS \"a\", (t.s).'B'.'c' AS \"c\" FROM t"),
            ("select (l[1]).a from t", "SELECT (l[1]).'a' AS \"a\" FROM t"),
            ("select t.l[1] from t", "SELECT t.l[1] AS \"l\" FROM t"),
            ("select s['a']['b'] from t", "SELECT s['a']['b'] AS \"s\" FROM t"),
        ] {
            assert_eq!(rewritten(sql), want, "{sql}");
        }
    }
}
