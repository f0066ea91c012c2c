//! The syntax of dates and times that stands for function calls: `extract`, `AT TIME ZONE`, `OVERLAPS`, interval literals with their
//! fields, types with digits of seconds, and `make_interval` with names.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, IntervalFields, Query, SetExpr,
    TypedString, Value, Values,
};

use super::ast::{bare, call, folded, folded_parts, string, value};
use super::rows;

/// The parameters of `make_interval`, in order.
const PARTS: [&str; 7] = ["years", "months", "weeks", "days", "hours", "mins", "secs"];

/// An interval's fields, the largest first, each a bit.
const FIELDS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];

/// Rewrites `OVERLAPS`, before its rows are values.
pub fn overlaps(expr: &mut Expr) {
    if let Expr::BinaryOp { left, op: BinaryOperator::Overlaps, right } = expr
        && let (Some(first), Some(second)) = (rows::fields(left), rows::fields(right))
        && first.len() == 2
        && second.len() == 2
    {
        *expr = call("overlaps", first.into_iter().chain(second).collect());
    }
}

/// Rewrites one expression.
pub fn functions(expr: &mut Expr) {
    match expr {
        Expr::Extract { field, expr: source, .. } => {
            let name = field.to_string().trim_matches(['"', '\'']).to_lowercase();
            let source = take(source);
            *expr = call("extract", vec![text(name), source]);
        }
        Expr::AtTimeZone { timestamp, time_zone } => {
            let (moment, zone) = (take(timestamp), take(time_zone));
            *expr = call("timezone", vec![zone, moment]);
        }
        Expr::Interval(interval) => {
            let bit = |name: String| FIELDS.iter().position(|f| *f == name.to_lowercase());
            let first = interval.leading_field.as_ref().and_then(|f| bit(f.to_string()));
            let last = interval.last_field.as_ref().and_then(|f| bit(f.to_string())).or(first);
            let fields = first.zip(last).map(|(first, last)| (first..=last).map(|i| 1 << i).sum::<i64>());
            let digits = interval.fractional_seconds_precision.or(interval.leading_precision);
            let inner = take(&mut interval.value);
            *expr = restricted(inner, fields, digits);
        }
        Expr::TypedString(TypedString { data_type, value: literal, .. }) => {
            if let Some((plain, digits, fields)) = modified(data_type) {
                let literal =
                    Expr::TypedString(TypedString { data_type: plain.clone(), value: literal.clone(), uses_odbc_syntax: false });
                *expr = with_digits(literal, &plain, digits, fields);
            }
        }
        Expr::Cast { expr: inner, data_type, kind, .. } => {
            if let Some((plain, digits, fields)) = modified(data_type) {
                let inner = Box::new(take(inner));
                let kind = if *kind == CastKind::TryCast { CastKind::TryCast } else { CastKind::Cast };
                let cast = Expr::Cast { kind, expr: inner, data_type: plain.clone(), array: false, format: None };
                *expr = with_digits(cast, &plain, digits, fields);
            }
        }
        Expr::Function(f) if folded_parts(&f.name) == ["make_interval"] => {
            if let FunctionArguments::List(list) = &mut f.args {
                positions(&mut list.args);
            }
        }
        _ => {}
    }
}

/// Literals in quotes in a column of `VALUES` are read as the dates, times or intervals in its other rows.
pub fn values(query: &mut Query) {
    let SetExpr::Values(Values { rows, .. }) = query.body.as_mut() else { return };
    let width = rows.first().map_or(0, |row| row.content.len());
    for column in 0..width {
        let known = rows.iter().filter_map(|row| row.content.get(column)).find_map(temporal);
        let Some(data_type) = known else { continue };
        for expr in rows.iter_mut().filter_map(|row| row.content.get_mut(column)) {
            if string(expr).is_some() {
                let literal = Box::new(take(expr));
                *expr = Expr::Cast {
                    kind: CastKind::DoubleColon,
                    expr: literal,
                    data_type: data_type.clone(),
                    array: false,
                    format: None,
                };
            }
        }
    }
}

/// The type of dates, times or intervals that a literal says it is of.
fn temporal(expr: &Expr) -> Option<DataType> {
    match bare(expr) {
        Expr::TypedString(TypedString { data_type, .. }) | Expr::Cast { data_type, .. } => {
            let is =
                matches!(data_type, DataType::Date | DataType::Timestamp(..) | DataType::Time(..) | DataType::Interval { .. });
            is.then(|| data_type.clone())
        }
        Expr::Function(f) if folded_parts(&f.name) == ["interval"] => Some(DataType::Interval { fields: None, precision: None }),
        _ => None,
    }
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, value(Value::Null))
}

fn text(text: String) -> Expr {
    value(Value::SingleQuotedString(text))
}

fn number(n: i64) -> Expr {
    if n < 0 { text(n.to_string()) } else { value(Value::Number(n.to_string(), false)) }
}

/// `interval(value, fields, digits)`, or a plain cast where nothing is restricted.
fn restricted(inner: Expr, fields: Option<i64>, digits: Option<u64>) -> Expr {
    let digits = digits.and_then(|d| i64::try_from(d).ok());
    call("interval", vec![inner, number(fields.unwrap_or(63)), number(digits.unwrap_or(6))])
}

/// A type without its digits of seconds and fields of intervals, and those.
fn modified(data_type: &DataType) -> Option<(DataType, Option<u64>, Option<i64>)> {
    Some(match data_type {
        DataType::Timestamp(Some(digits), zone) => (DataType::Timestamp(None, *zone), Some(*digits), None),
        DataType::Time(Some(digits), zone) => (DataType::Time(None, *zone), Some(*digits), None),
        DataType::Interval { fields, precision } if fields.is_some() || precision.is_some() => {
            let plain = DataType::Interval { fields: None, precision: None };
            (plain, *precision, fields.as_ref().map(bits))
        }
        _ => return None,
    })
}

fn bits(fields: &IntervalFields) -> i64 {
    let words = fields.to_string().to_lowercase();
    let mut found = words.split(" to ").filter_map(|word| FIELDS.iter().position(|f| *f == word));
    let first = found.next().unwrap_or(0);
    let last = found.next().unwrap_or(first);
    (first..=last).map(|i| 1 << i).sum()
}

fn with_digits(cast: Expr, plain: &DataType, digits: Option<u64>, fields: Option<i64>) -> Expr {
    let seconds = number(digits.and_then(|d| i64::try_from(d).ok()).unwrap_or(6));
    match plain {
        DataType::Interval { .. } => restricted(cast, fields, digits),
        DataType::Time(..) => call("time", vec![cast, seconds]),
        DataType::Timestamp(_, zone)
            if zone.to_string().to_lowercase().contains("tz") || zone.to_string().to_lowercase().contains("with time") =>
        {
            call("timestamptz", vec![cast, seconds])
        }
        _ => call("timestamp", vec![cast, seconds]),
    }
}

/// Named arguments in their places, zeros in those between.
fn positions(args: &mut Vec<FunctionArg>) {
    if !args.iter().any(|a| matches!(a, FunctionArg::Named { .. } | FunctionArg::ExprNamed { .. })) {
        return;
    }
    let zero = || FunctionArg::Unnamed(FunctionArgExpr::Expr(number(0)));
    let mut placed: Vec<FunctionArg> = std::iter::repeat_with(zero).take(PARTS.len()).collect();
    for (i, arg) in args.iter().enumerate() {
        let (place, given) = match arg {
            FunctionArg::Named { name, arg, .. } => (PARTS.iter().position(|p| *p == folded(name)), arg.clone()),
            FunctionArg::ExprNamed { name: Expr::Identifier(name), arg, .. } => {
                (PARTS.iter().position(|p| *p == folded(name)), arg.clone())
            }
            FunctionArg::Unnamed(arg) => (Some(i), arg.clone()),
            FunctionArg::ExprNamed { .. } => return,
        };
        // A name that there is none of stays, and is refused where functions are looked up.
        let Some(slot) = place.and_then(|place| placed.get_mut(place)) else { return };
        *slot = FunctionArg::Unnamed(given);
    }
    *args = placed;
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn syntax_becomes_calls() {
        for (sql, want) in [
            ("select extract(year from a) as x", "SELECT extract('year', a) AS x"),
            ("select a at time zone 'UTC' as x", "SELECT timezone('UTC', a) AS x"),
            ("select interval '1-2' year to month as x", "SELECT interval('1-2', 3, 6) AS x"),
            ("select a::timestamp(0) as x", "SELECT timestamp(CAST(a AS TIMESTAMP), 0) AS x"),
            ("select make_interval(days => 3) as x", "SELECT make_interval(0, 0, 0, 3, 0, 0, 0) AS x"),
        ] {
            assert_eq!(rewritten(sql), want);
        }
    }
}
