//! Which moments a function gives one answer for, so that a filter such as `date_trunc('month', t) = ..` or `extract(year from t) = 2020`
//! becomes a range of `t`, which prunes files and row groups.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::interval_arithmetic::Interval as Bounds;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::SimplifyContext;

use super::fields::Field;
use super::trunc::{truncated, truncated_in};
use crate::engine::functions::function::{SessionValues, Type as T};
use crate::table::pg_time::calendar::{date, day_of, is_finite};
use crate::table::pg_time::{DAY, Interval, Unit, Zone};

/// The range of a call's last argument for which it gives `literal`.
pub fn of(name: &str, args: &[Expr], literal: &Expr, info: &SimplifyContext) -> PreimageResult {
    range(name, args, literal, info).unwrap_or(PreimageResult::None)
}

fn range(name: &str, args: &[Expr], literal: &Expr, info: &SimplifyContext) -> Option<PreimageResult> {
    let (first, of) = match args {
        [of] => (None, of),
        [first, of] => (Some(first), of),
        _ => return None,
    };
    let source = T::temporal(&info.get_data_type(of).ok()?)?;
    let zone = match source {
        T::Timestamptz => Some(SessionValues::of(info.config_options())?.zone()),
        _ => None,
    };
    let (low, high) = match (name, source) {
        ("date_trunc", T::Timestamp | T::Timestamptz) => {
            let Field::Of(unit) = Field::named(first?.as_literal()?.try_as_str()??)? else { return None };
            let ScalarValue::TimestampMicrosecond(Some(start), _) = literal.as_literal()? else { return None };
            // What is no start of such a range is nobody's answer; that is left to the comparison.
            if !is_finite(*start) || cut(unit, *start, zone)? != *start {
                return None;
            }
            let end = step(unit)?;
            (*start, zone.map_or_else(|| end.after(*start), |zone| end.after_in(*start, zone)).ok()?)
        }
        ("extract" | "date_part", T::Timestamp | T::Timestamptz | T::Date) => {
            if Field::named(first?.as_literal()?.try_as_str()??)? != Field::Of(Unit::Year) {
                return None;
            }
            let year = year_of(literal.as_literal()?)?;
            let start = |year: i64| {
                let local = day_of(year, 1, 1).checked_mul(DAY)?;
                Some(zone.map_or(local, |zone| zone.moment(local)))
            };
            (start(year)?, start(year + 1)?)
        }
        ("date", T::Timestamp | T::Timestamptz) => {
            let ScalarValue::Date32(Some(day)) = literal.as_literal()? else { return None };
            let start = |day: i64| {
                date(day)?;
                let local = day.checked_mul(DAY)?;
                Some(zone.map_or(local, |zone| zone.moment(local)))
            };
            (start(i64::from(*day))?, start(i64::from(*day) + 1)?)
        }
        _ => return None,
    };
    let bounds = Bounds::try_new(bound(source, low)?, bound(source, high)?).ok()?;
    Some(PreimageResult::Range { expr: of.clone(), interval: Box::new(bounds) })
}

fn bound(source: T, micros: i64) -> Option<ScalarValue> {
    Some(match source {
        T::Date => ScalarValue::Date32(date(micros.div_euclid(DAY))),
        T::Timestamp => ScalarValue::TimestampMicrosecond(Some(micros), None),
        T::Timestamptz => ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())),
        _ => return None,
    })
}

fn cut(unit: Unit, at: i64, zone: Option<Zone>) -> Option<i64> {
    zone.map_or_else(|| truncated(unit, at), |zone| truncated_in(unit, at, zone))
}

/// A unit's length. Hours of a day on which clocks change are left alone, as are centuries, whose first year is 1.
fn step(unit: Unit) -> Option<Interval> {
    let of = |months, days| Interval { months, days, micros: 0 };
    Some(match unit {
        Unit::Day => of(0, 1),
        Unit::Week => of(0, 7),
        Unit::Month => of(1, 0),
        Unit::Quarter => of(3, 0),
        Unit::Year => of(12, 0),
        _ => return None,
    })
}

/// A year of 1 to 9999 that a literal names.
fn year_of(literal: &ScalarValue) -> Option<i64> {
    let year = match literal {
        ScalarValue::Decimal128(Some(n), _, scale) => {
            let unit = 10i128.checked_pow(u32::try_from(*scale).ok()?)?;
            (n % unit == 0).then_some(n / unit).and_then(|n| i64::try_from(n).ok())?
        }
        ScalarValue::Float64(Some(n)) if n.fract() == 0.0 => *n as i64,
        ScalarValue::Int64(Some(n)) => *n,
        _ => return None,
    };
    (1..=9999).contains(&year).then_some(year)
}
