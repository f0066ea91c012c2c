//! `IS TRUE` and its kin, which DataFusion plans with other nullability than it runs them (a DISTINCT over one fails), and takes for what no outer
//! join's NULLs get past (rows are lost).

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{BinaryOperator, CaseWhen, Expr, UnaryOperator, Value};

use super::ast::value;

/// `x IS TRUE` is `NOT CASE WHEN x THEN false ELSE true END`, and so on.
pub fn told(expr: &mut Expr) {
    let (inner, of, negated) = match expr {
        Expr::IsTrue(x) => (x, true, false),
        Expr::IsNotTrue(x) => (x, true, true),
        Expr::IsFalse(x) => (x, false, false),
        Expr::IsNotFalse(x) => (x, false, true),
        Expr::IsUnknown(x) => {
            *expr = Expr::IsNull(Box::new(std::mem::replace(&mut **x, value(Value::Null))));
            return;
        }
        Expr::IsNotUnknown(x) => {
            *expr = Expr::IsNotNull(Box::new(std::mem::replace(&mut **x, value(Value::Null))));
            return;
        }
        _ => return,
    };
    let x = Box::new(Expr::Nested(Box::new(std::mem::replace(&mut **inner, value(Value::Null)))));
    // `AND true` wants a truth value.
    let condition = Expr::BinaryOp { left: x, op: BinaryOperator::And, right: Box::new(value(Value::Boolean(true))) };
    let not = |expr: Expr| Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) };
    let condition = if of { condition } else { not(Expr::Nested(Box::new(condition))) };
    let case = Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result: value(Value::Boolean(negated)) }],
        else_result: Some(Box::new(value(Value::Boolean(!negated)))),
    };
    *expr = not(case);
}

/// The subquery of `x = ANY (SELECT ..)` is no value: it stands aside while values are looked for.
pub fn set_aside(expr: &mut Expr) {
    if let Expr::AnyOp { right, .. } | Expr::AllOp { right, .. } = expr
        && let Expr::Subquery(query) = &mut **right
    {
        let subquery = query.clone();
        **right = Expr::Exists { subquery, negated: false };
    }
}

/// It is back.
pub fn put_back(expr: &mut Expr) {
    if let Expr::AnyOp { right, .. } | Expr::AllOp { right, .. } = expr
        && let Expr::Exists { subquery, negated: false } = &mut **right
    {
        let query = subquery.clone();
        **right = Expr::Subquery(query);
    }
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn truth_is_told_by_cases() {
        for (sql, want) in [
            ("select 1 as x where a is true", "SELECT 1 AS x WHERE NOT CASE WHEN (a) AND true THEN false ELSE true END"),
            (
                "select 1 as x where a is not false",
                "SELECT 1 AS x WHERE NOT CASE WHEN NOT ((a) AND true) THEN true ELSE false END",
            ),
            ("select 1 as x where a is not unknown", "SELECT 1 AS x WHERE a IS NOT NULL"),
            (
                "select 1 as x from t where a = any (select b from u where u.c = t.c)",
                "SELECT 1 AS x FROM t WHERE a = ANY(SELECT b FROM u WHERE u.c = t.c)",
            ),
        ] {
            assert_eq!(rewritten(sql), want, "{sql}");
        }
    }
}
