//! Row values: comparisons of rows are comparisons of their fields, from left to right, with SQL's NULLs; rows from a subquery are its
//! columns.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query, Select, SelectItem,
    SetExpr, Statement, TableAlias, TableAliasColumnDef, TableFactor, UnaryOperator, Value,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::ast::{bare, folded_parts, value};
use crate::engine::grammar::Grammar;
use crate::error::{Error, Kind, Result};

/// Stands in the names that a subquery's columns are given.
const MARK: char = '\u{1}';

/// Rewrites a comparison of rows. [`Kind::Syntax`] when they are not of the same length.
pub fn compare(expr: &mut Expr) -> Result<()> {
    match expr {
        Expr::BinaryOp { left, op, right } if compares(op) => {
            let Some(fields) = fields(left) else { return Ok(()) };
            if let Expr::Subquery(query) = bare(right) {
                let holds = compared(&fields, op.clone(), &names(fields.len()))?;
                if let Some(holds) = scalar(holds, query.as_ref().clone(), fields.len()) {
                    *expr = holds;
                }
            } else if let Some(others) = self::fields(right) {
                *expr = compared(&fields, op.clone(), &others)?;
            }
        }
        Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
            let (Some(left), Some(right)) = (fields(left), fields(right)) else { return Ok(()) };
            same_length(&left, &right)?;
            let distinct = matches!(expr, Expr::IsDistinctFrom(..));
            let pairs = left.into_iter().zip(right).map(|(a, b)| match distinct {
                true => Expr::IsDistinctFrom(Box::new(a), Box::new(b)),
                false => Expr::IsNotDistinctFrom(Box::new(a), Box::new(b)),
            });
            *expr = joined(pairs, if distinct { BinaryOperator::Or } else { BinaryOperator::And });
        }
        Expr::IsNull(row) => {
            let Some(fields) = fields(row) else { return Ok(()) };
            *expr = joined(fields.into_iter().map(|f| Expr::IsNull(Box::new(f))), BinaryOperator::And);
        }
        Expr::IsNotNull(row) => {
            let Some(fields) = fields(row) else { return Ok(()) };
            *expr = joined(fields.into_iter().map(|f| Expr::IsNotNull(Box::new(f))), BinaryOperator::And);
        }
        Expr::InList { expr: row, list, negated } => {
            let Some(fields) = fields(row) else { return Ok(()) };
            let Some(rows) = list.iter().map(self::fields).collect::<Option<Vec<_>>>() else { return Ok(()) };
            let equal = rows.iter().map(|other| compared(&fields, BinaryOperator::Eq, other)).collect::<Result<Vec<_>>>()?;
            let negated = *negated;
            *expr = negated_if(negated, joined(equal.into_iter(), BinaryOperator::Or));
        }
        Expr::InSubquery { expr: row, subquery, negated } => {
            let Some(fields) = fields(row) else { return Ok(()) };
            let equal = compared(&fields, BinaryOperator::Eq, &names(fields.len()))?;
            let rows = || subquery.as_ref().clone();
            // True for any; else unknown for any that is; else false.
            let unknown = exists(Expr::IsNull(Box::new(equal.clone())), rows(), fields.len());
            let (Some(any), Some(unknown)) = (exists(equal, rows(), fields.len()), unknown) else { return Ok(()) };
            let when = |condition, result| CaseWhen { condition, result: value(result) };
            let verdict = Expr::Case {
                case_token: AttachedToken::empty(),
                end_token: AttachedToken::empty(),
                operand: None,
                conditions: vec![when(any, Value::Boolean(true)), when(unknown, Value::Null)],
                else_result: Some(Box::new(value(Value::Boolean(false)))),
            };
            let negated = *negated;
            // Equal to true, and of the name of a comparison.
            let (left, right) = (Box::new(verdict), Box::new(value(Value::Boolean(true))));
            *expr = negated_if(negated, nested(Expr::BinaryOp { left, op: BinaryOperator::Eq, right }));
        }
        _ => {}
    }
    Ok(())
}

/// In a filter a row that is in a subquery is one that there is: DataFusion joins that.
pub fn filter(select: &mut Select) -> Result<()> {
    let Some(condition) = &mut select.selection else { return Ok(()) };
    conjuncts(condition, &mut |term| {
        let Expr::InSubquery { expr: row, subquery, negated: false } = term else { return Ok(()) };
        let Some(fields) = fields(row) else { return Ok(()) };
        let equal = compared(&fields, BinaryOperator::Eq, &names(fields.len()))?;
        if let Some(any) = exists(equal, subquery.as_ref().clone(), fields.len()) {
            *term = any;
        }
        Ok(())
    })
}

fn conjuncts(expr: &mut Expr, each: &mut impl FnMut(&mut Expr) -> Result<()>) -> Result<()> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left, each)?;
            conjuncts(right, each)
        }
        Expr::Nested(inner) => conjuncts(inner, each),
        other => each(other),
    }
}

fn compares(op: &BinaryOperator) -> bool {
    use BinaryOperator as B;
    matches!(op, B::Eq | B::NotEq | B::Lt | B::LtEq | B::Gt | B::GtEq)
}

/// The fields of `(a, b)` or `ROW(a, b)`.
pub fn fields(expr: &Expr) -> Option<Vec<Expr>> {
    match bare(expr) {
        Expr::Tuple(fields) => Some(fields.clone()),
        Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) if folded_parts(name) == ["row"] => {
            let field = |arg: &FunctionArg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e.clone()),
                _ => None,
            };
            list.args.iter().map(field).collect::<Option<Vec<_>>>().filter(|fields| !fields.is_empty())
        }
        _ => None,
    }
}

fn same_length(left: &[Expr], right: &[Expr]) -> Result<()> {
    if left.len() == right.len() {
        return Ok(());
    }
    Err(Error::new(Kind::Syntax, "unequal number of entries in row expressions"))
}

/// `(a, b) < (c, d)` is `a < c OR (a = c AND b < d)`.
fn compared(left: &[Expr], op: BinaryOperator, right: &[Expr]) -> Result<Expr> {
    same_length(left, right)?;
    let binary = |a: &Expr, op: &BinaryOperator, b: &Expr| {
        nested(Expr::BinaryOp { left: Box::new(a.clone()), op: op.clone(), right: Box::new(b.clone()) })
    };
    let strict = match op {
        BinaryOperator::Lt | BinaryOperator::LtEq => BinaryOperator::Lt,
        BinaryOperator::Gt | BinaryOperator::GtEq => BinaryOperator::Gt,
        _ => {
            let by = if op == BinaryOperator::NotEq { BinaryOperator::Or } else { BinaryOperator::And };
            return Ok(joined(left.iter().zip(right).map(|(a, b)| binary(a, &op, b)), by));
        }
    };
    let mut pairs = left.iter().zip(right).rev();
    let Some((a, b)) = pairs.next() else { return Ok(value(Value::Null)) };
    let last = binary(a, &op, b);
    Ok(pairs.fold(last, |rest, (a, b)| {
        let equal = binary(&binary(a, &BinaryOperator::Eq, b), &BinaryOperator::And, &rest);
        binary(&binary(a, &strict, b), &BinaryOperator::Or, &equal)
    }))
}

fn joined(terms: impl Iterator<Item = Expr>, op: BinaryOperator) -> Expr {
    let all = terms.reduce(|a, b| Expr::BinaryOp { left: Box::new(a), op: op.clone(), right: Box::new(b) });
    nested(all.unwrap_or_else(|| value(Value::Boolean(op == BinaryOperator::And))))
}

fn nested(expr: Expr) -> Expr {
    match expr {
        nested @ Expr::Nested(_) => nested,
        other => Expr::Nested(Box::new(other)),
    }
}

fn negated_if(negated: bool, expr: Expr) -> Expr {
    if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) } } else { expr }
}

fn name(i: usize) -> Ident {
    Ident::with_quote('"', format!("{MARK}{i}"))
}

fn names(count: usize) -> Vec<Expr> {
    (0..count).map(|i| Expr::Identifier(name(i))).collect()
}

/// `EXISTS (SELECT 1 FROM (query) AS rows (..) WHERE condition)`.
fn exists(condition: Expr, query: Query, columns: usize) -> Option<Expr> {
    let subquery = over(query, columns, |select| select.selection = Some(condition))?;
    Some(Expr::Exists { subquery: Box::new(subquery), negated: false })
}

/// `(SELECT item FROM (query) AS rows (..))`.
fn scalar(item: Expr, query: Query, columns: usize) -> Option<Expr> {
    let subquery = over(query, columns, |select| select.projection = vec![SelectItem::UnnamedExpr(item)])?;
    Some(Expr::Subquery(Box::new(subquery)))
}

/// A query over another one, whose columns are numbered.
fn over(query: Query, columns: usize, fill: impl FnOnce(&mut Select)) -> Option<Query> {
    let Some(Statement::Query(mut outer)) = Parser::parse_sql(&Grammar::default(), "SELECT 1 FROM t").ok()?.pop() else {
        return None;
    };
    let SetExpr::Select(select) = outer.body.as_mut() else { return None };
    let columns = (0..columns).map(|i| TableAliasColumnDef { name: name(i), data_type: None }).collect();
    let alias = TableAlias { explicit: true, name: Ident::with_quote('"', format!("{MARK}rows")), columns, at: None };
    select.from.first_mut()?.relation =
        TableFactor::Derived { lateral: false, subquery: Box::new(query), alias: Some(alias), sample: None };
    fill(select);
    Some(*outer)
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn rows_are_compared_field_by_field() {
        for (sql, want) in [
            ("select 1 as x where (a, b) < (1, 2)", "SELECT 1 AS x WHERE ((a < 1) OR ((a = 1) AND (b < 2)))"),
            ("select 1 as x where (a, b) <> row(1, 2)", "SELECT 1 AS x WHERE ((a <> 1) OR (b <> 2))"),
            (
                "select 1 as x where (a, b) in ((1, 2), (3, 4))",
                "SELECT 1 AS x WHERE (((a = 1) AND (b = 2)) OR ((a = 3) AND (b = 4)))",
            ),
            ("select 1 as x where row(a, b) is null", "SELECT 1 AS x WHERE (a IS NULL AND b IS NULL)"),
            ("select (1, 2) = (1, 2, 3)", "Syntax: unequal number of entries in row expressions"),
        ] {
            assert_eq!(rewritten(sql), want, "{sql}");
        }
    }
}
