//! Groups: `ROLLUP` and `CUBE` within `GROUPING SETS`, and `HAVING` of the one group that there is without `GROUP BY`.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Select, Value,
};

use super::ast::{call, folded_parts, value};

/// Sets of one `CUBE`; PostgreSQL takes 12 columns.
const MAX_CUBE: usize = 12;

/// `GROUPING SETS (a, ROLLUP (b, c))` as `GROUPING SETS (a, (b, c), (b), ())`.
pub fn expand(select: &mut Select) {
    let GroupByExpr::Expressions(exprs, _) = &mut select.group_by else { return };
    for expr in exprs {
        match expr {
            Expr::GroupingSets(sets) => {
                *sets = std::mem::take(sets).into_iter().flat_map(expanded).map(once).collect();
            }
            // DataFusion takes a column that is named twice for two of one name.
            Expr::Rollup(parts) if names_twice(parts) => {
                let sets = rollup(parts).into_iter().map(once).collect();
                *expr = Expr::GroupingSets(sets);
            }
            Expr::Cube(parts) if names_twice(parts) && parts.len() <= MAX_CUBE => {
                let sets = cube(parts).into_iter().map(once).collect();
                *expr = Expr::GroupingSets(sets);
            }
            _ => {}
        }
    }
}

fn names_twice(parts: &[Vec<Expr>]) -> bool {
    let all: Vec<&Expr> = parts.iter().flatten().collect();
    all.iter().enumerate().any(|(n, expr)| all[..n].contains(expr))
}

/// A set, each of its columns once.
fn once(set: Vec<Expr>) -> Vec<Expr> {
    set.into_iter().fold(Vec::new(), |mut set, expr| {
        if !set.contains(&expr) {
            set.push(expr);
        }
        set
    })
}

/// All parts, all but the last, and so on to none.
fn rollup(parts: &[Vec<Expr>]) -> Vec<Vec<Expr>> {
    (0..=parts.len()).rev().map(|n| parts[..n].concat()).collect()
}

/// Each choice of the parts.
fn cube(parts: &[Vec<Expr>]) -> Vec<Vec<Expr>> {
    let chosen = |bits: usize| parts.iter().enumerate().filter(move |(i, _)| bits & (1 << i) == 0);
    (0..1_usize << parts.len()).map(|bits| chosen(bits).flat_map(|(_, part)| part.clone()).collect()).collect()
}

fn expanded(set: Vec<Expr>) -> Vec<Vec<Expr>> {
    let [Expr::Function(f)] = set.as_slice() else { return vec![set] };
    let FunctionArguments::List(list) = &f.args else { return vec![set] };
    let of = |arg: &FunctionArg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Tuple(columns))) => Some(columns.clone()),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(column)) => Some(vec![column.clone()]),
        _ => None,
    };
    let Some(parts) = list.args.iter().map(of).collect::<Option<Vec<_>>>() else { return vec![set] };
    match folded_parts(&f.name).as_slice() {
        [name] if name == "rollup" => rollup(&parts),
        [name] if name == "cube" && parts.len() <= MAX_CUBE => cube(&parts),
        _ => vec![set],
    }
}

/// `HAVING c` without `GROUP BY` is of one group also where nothing is aggregated.
pub fn one_group(select: &mut Select) {
    let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    if !ungrouped {
        return;
    }
    if let Some(condition) = select.having.take() {
        let zero = value(Value::Number("0".to_owned(), false));
        let any = Expr::BinaryOp {
            left: Box::new(call("count", vec![value(Value::Number("1".to_owned(), false))])),
            op: BinaryOperator::GtEq,
            right: Box::new(zero),
        };
        let (left, right) = (Box::new(Expr::Nested(Box::new(condition))), Box::new(any));
        select.having = Some(Expr::BinaryOp { left, op: BinaryOperator::And, right });
    }
}
