//! Quoted constants that stand for a truth value: `WHERE 't'`, `a AND 'off'`, `CASE WHEN 'yes'`. They are of no type yet, and conditions are
//! boolean.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, JoinConstraint, JoinOperator, Select, UnaryOperator, Value,
};

use super::ast::{bare, string, value};

/// The conditions of a select.
pub fn of_select(select: &mut Select) {
    select.selection.iter_mut().chain(&mut select.having).for_each(read);
    for join in select.from.iter_mut().flat_map(|table| &mut table.joins) {
        use JoinOperator as J;
        if let J::Join(on) | J::Inner(on) | J::Left(on) | J::LeftOuter(on) | J::Right(on) | J::RightOuter(on) | J::FullOuter(on) =
            &mut join.join_operator
            && let JoinConstraint::On(condition) = on
        {
            read(condition);
        }
    }
}

/// The operands of an expression that are conditions.
pub fn operands(expr: &mut Expr) {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
            [left, right].into_iter().for_each(|e| read(e))
        }
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => read(expr),
        Expr::Case { operand: None, conditions, .. } => conditions.iter_mut().for_each(|when| read(&mut when.condition)),
        _ => {}
    }
}

fn read(condition: &mut Expr) {
    if string(bare(condition)).is_some() {
        let literal = Box::new(std::mem::replace(condition, value(Value::Null)));
        let data_type = DataType::Boolean;
        *condition = Expr::Cast { kind: CastKind::Cast, expr: literal, data_type, array: false, format: None };
    }
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn constants_are_truth_values_where_conditions_stand() {
        for (sql, want) in [
            ("select 1 as a where 't'", "SELECT 1 AS a WHERE CAST('t' AS BOOLEAN)"),
            ("select 1 as a from t join u on ('on')", "SELECT 1 AS a FROM t JOIN u ON CAST(('on') AS BOOLEAN)"),
            ("select not 'f' or x = 'y' as a", "SELECT NOT CAST('f' AS BOOLEAN) OR x = 'y' AS a"),
            ("select case when 't' then 'a' end as a", "SELECT CASE WHEN CAST('t' AS BOOLEAN) THEN 'a' END AS a"),
            ("select case x when 't' then 'a' end as a", "SELECT CASE x WHEN 't' THEN 'a' END AS a"),
        ] {
            assert_eq!(rewritten(sql), want, "{sql}");
        }
    }
}
