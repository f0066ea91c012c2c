//! `FROM t FOR SYSTEM_TIME AS OF ...`: which moment or snapshot is meant, and how the planner gets the table as it was then. Which
//! snapshots there are is not known here.

use std::ops::ControlFlow;

use arrow::array::timezone::Tz;
use arrow::compute::kernels::cast_utils::string_to_datetime;
use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use datafusion::common::{DataFusionError, ScalarValue, TableReference};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr as PlannedExpr, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::{
    self, Expr, ObjectNamePart, SelectItem, SetExpr, Spanned, Statement as Ast, TableFactor, TableVersion, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Span;

use super::dialect::ast::{bare, folded, string};
use super::dialect::common_tables;
use super::failure::{from_datafusion, position};
use super::grammar::Grammar;
use crate::error::{Error, Kind, Result};
use crate::snapshot::AsOf;

/// Stands between a table's name and the number of what is asked for; no client can send it (a NUL ends a text in the protocol).
const MARK: char = '\0';

/// The versions that a statement asks for, by their number.
#[derive(Debug, Default)]
pub struct Versions {
    pub asked: Vec<AsOf>,
    /// Whether one of them counts from the time of planning (`now()`), so that a plan is of one run.
    pub of_one_run: bool,
}

impl Versions {
    /// Takes `FOR SYSTEM_TIME AS OF` off every table of a statement and marks the table's name with its number; [`Planner`] and
    /// [`Versions::unmarked`] read the mark. Times without a zone are in `zone`.
    pub async fn take(statement: &mut Ast, state: &SessionState, zone: Tz, sql: &str) -> Result<Self> {
        let mut found = Found { versions: Vec::new(), with: common_tables(statement) };
        if let ControlFlow::Break(e) = statement.visit(&mut found) {
            let (e, span) = *e;
            return Err(place(e, span, sql));
        }
        let mut versions = Self::default();
        for expr in found.versions {
            let span = expr.span();
            let (asked, of_one_run) = evaluate(expr, state, zone, sql).await.map_err(|e| place(e, span, sql))?;
            versions.asked.push(asked);
            versions.of_one_run |= of_one_run;
        }
        Ok(versions)
    }

    /// A table's name without its mark, and which version of it is meant; `None` for one that has no mark of this statement.
    pub fn unmarked<'a>(&self, table: &'a str) -> Option<(&'a str, &AsOf)> {
        let (name, number) = split(table)?;
        Some((name, self.asked.get(number)?))
    }
}

fn split(table: &str) -> Option<(&str, usize)> {
    let (name, number) = table.rsplit_once(MARK)?;
    Some((name, number.parse().ok()?))
}

/// The error with the place of what it is about.
fn place(e: Error, span: Span, sql: &str) -> Error {
    match position(sql, span.start) {
        Some(at) if e.position().is_none() => e.at(at),
        Some(_) | None => e,
    }
}

/// Takes versions off tables, and marks their names.
struct Found {
    versions: Vec<Expr>,
    /// The names that the statement's `WITH` gives.
    with: Vec<String>,
}

impl VisitorMut for Found {
    type Break = Box<(Error, Span)>;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        let span = factor.span();
        let TableFactor::Table { name, args, version, .. } = factor else { return ControlFlow::Continue(()) };
        let Some(asked) = version.take() else { return ControlFlow::Continue(()) };
        let refused =
            |kind: Kind, what: &str, hint: &str| ControlFlow::Break(Box::new((Error::new(kind, what).with_hint(hint), span)));
        let TableVersion::ForSystemTimeAsOf(expr) = asked else {
            let what = "a version of a table is asked for with FOR SYSTEM_TIME AS OF";
            return refused(Kind::Syntax, what, "Write FROM t FOR SYSTEM_TIME AS OF '2026-11-01'.");
        };
        if args.is_some() {
            return refused(Kind::Unsupported, "FOR SYSTEM_TIME AS OF of a function", "A published table has versions.");
        }
        let alone = name.0.len() == 1;
        let Some(ObjectNamePart::Identifier(last)) = name.0.last_mut() else { return ControlFlow::Continue(()) };
        if alone && self.with.contains(&folded(last)) {
            let what = format!("\"{}\" is a WITH query, which has no versions", last.value);
            return refused(Kind::Unsupported, &what, "Write FOR SYSTEM_TIME AS OF behind the tables within it.");
        }
        last.value = format!("{}{MARK}{}", last.value, self.versions.len());
        self.versions.push(expr);
        ControlFlow::Continue(())
    }
}

/// What a constant comes to, and whether it would be another one at another time.
async fn evaluate(expr: Expr, state: &SessionState, zone: Tz, sql: &str) -> Result<(AsOf, bool)> {
    let shown = expr.to_string();
    let refuse = |what: &str| {
        Error::new(Kind::Unsupported, format!("FOR SYSTEM_TIME AS OF takes {what}, not {shown}"))
            .with_hint("Write a time such as '2026-11-01' or TIMESTAMP '2026-11-01 08:00', or a snapshot's id.")
    };
    if shown.contains('$') && matches!(expr, Expr::Value(ref v) if matches!(v.value, ast::Value::Placeholder(_))) {
        return Err(refuse("a constant, since the columns depend on it"));
    }
    if let Some(text) = written_time(&expr) {
        let at = moment(text, zone);
        return at.map(|at| (AsOf::Time(at), false)).ok_or_else(|| {
            Error::new(Kind::InvalidDatetime, format!("invalid input syntax for type timestamp: \"{text}\""))
                .with_hint("Write a time such as '2026-11-01' or '2026-11-01 08:00:00+02'.")
        });
    }
    let mut select = Parser::parse_sql(&Grammar::default(), "SELECT 1").map_err(|e| super::failure::from_parser(&e, sql))?;
    if let Some(Ast::Query(query)) = select.first_mut()
        && let SetExpr::Select(body) = query.body.as_mut()
    {
        body.projection = vec![SelectItem::UnnamedExpr(expr)];
    }
    let Some(select) = select.pop() else { return Err(refuse("a constant")) };
    let failed = |e: DataFusionError| from_datafusion(e, sql);
    // The optimizer works constants out, and writes this moment in place of now().
    let mut state = state.clone();
    state.mark_start_execution();
    let planned = state.statement_to_plan(DfStatement::Statement(Box::new(select))).await.map_err(failed)?;
    let of_one_run = super::plan::is_of_one_run(&planned).map_err(failed)?;
    let worked_out = state.optimize(&planned).map_err(failed)?;
    let LogicalPlan::Projection(projection) = &worked_out else { return Err(refuse("a constant")) };
    let Some(value) = projection.expr.first().and_then(literal) else { return Err(refuse("a constant")) };
    let local = |naive: NaiveDateTime| {
        // A time that a clock shows twice is the earlier; one that it leaps over is no time.
        let at = zone.from_local_datetime(&naive).earliest();
        at.map(|at| at.to_utc()).ok_or_else(|| Error::new(Kind::InvalidDatetime, format!("{naive} is no time in {zone}")))
    };
    let utc = |at: Option<DateTime<Utc>>| at.ok_or_else(|| Error::new(Kind::OutOfRange, format!("{shown} is out of range")));
    let asked = match value {
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) | ScalarValue::LargeUtf8(Some(text)) => {
            moment(text, zone).map_or_else(|| AsOf::Snapshot(text.trim().to_owned()), AsOf::Time)
        }
        ScalarValue::Date32(Some(days)) => {
            let midnight = utc(DateTime::from_timestamp(i64::from(*days) * 86_400, 0))?;
            AsOf::Time(local(midnight.naive_utc())?)
        }
        ScalarValue::TimestampSecond(Some(n), of) => zoned(utc(DateTime::from_timestamp(*n, 0))?, of.is_some(), local)?,
        ScalarValue::TimestampMillisecond(Some(n), of) => zoned(utc(DateTime::from_timestamp_millis(*n))?, of.is_some(), local)?,
        ScalarValue::TimestampMicrosecond(Some(n), of) => zoned(utc(DateTime::from_timestamp_micros(*n))?, of.is_some(), local)?,
        ScalarValue::TimestampNanosecond(Some(n), of) => zoned(DateTime::from_timestamp_nanos(*n), of.is_some(), local)?,
        _ => return Err(refuse("a time or a snapshot's id")),
    };
    Ok((asked, of_one_run))
}

/// The text of a literal that is said to be a time: `TIMESTAMP '...'`, `'...'::date`.
fn written_time(expr: &Expr) -> Option<&str> {
    let is_time =
        |of: &ast::DataType| matches!(of, ast::DataType::Date | ast::DataType::Datetime(_) | ast::DataType::Timestamp(..));
    match expr {
        Expr::TypedString(typed) if is_time(&typed.data_type) => match &typed.value.value {
            ast::Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        Expr::Cast { expr: inner, data_type, .. } if is_time(data_type) => string(bare(inner)),
        Expr::Nested(inner) => written_time(inner),
        _ => None,
    }
}

/// A time as PostgreSQL reads it, in `zone` where it names none; the seconds may be left out.
fn moment(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let without_seconds = text.as_bytes().get(13) == Some(&b':') && text.as_bytes().get(16) != Some(&b':');
    let whole = match text.split_at_checked(16) {
        Some((minute, zone)) if without_seconds => format!("{minute}:00{zone}"),
        Some(_) | None => text.to_owned(),
    };
    string_to_datetime(&zone, &whole).ok().map(|at| at.to_utc())
}

/// A moment: the value itself where it has a zone, else what the clocks of the session's zone show.
fn zoned(at: DateTime<Utc>, has_zone: bool, local: impl Fn(NaiveDateTime) -> Result<DateTime<Utc>>) -> Result<AsOf> {
    Ok(AsOf::Time(if has_zone { at } else { local(at.naive_utc())? }))
}

fn literal(expr: &PlannedExpr) -> Option<&ScalarValue> {
    match expr {
        PlannedExpr::Literal(value, _) => Some(value),
        PlannedExpr::Alias(alias) => literal(&alias.expr),
        _ => None,
    }
}

/// Plans a table with a marked name as a scan of it under its own name, so that `t.a` and `schema.t.a` mean what they mean without a
/// version.
#[derive(Debug)]
pub struct Planner;

impl RelationPlanner for Planner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> datafusion::error::Result<RelationPlanning> {
        let TableFactor::Table { name, alias, args: None, .. } = &relation else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let marked = context.object_name_to_table_reference(name.clone())?;
        let Some((table, _)) = split(marked.table()) else { return Ok(RelationPlanning::Original(Box::new(relation))) };
        let source = context.context_provider().get_table_source(marked.clone())?;
        let name = match (marked.catalog(), marked.schema()) {
            (Some(catalog), Some(schema)) => TableReference::full(catalog, schema, table),
            (None, Some(schema)) => TableReference::partial(schema, table),
            (Some(_), None) | (None, None) => TableReference::bare(table),
        };
        let plan = LogicalPlanBuilder::scan(name, source, None)?.build()?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias.clone()))))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;

    use super::*;

    /// What a statement's versions come to, or why they are refused.
    async fn asked(sql: &str) -> String {
        let zone: Tz = "Asia/Shanghai".parse().expect("a zone");
        let mut grammar = Grammar::default();
        grammar.versions = true;
        let mut ast = Parser::new(&grammar).try_with_sql(sql).and_then(|mut p| p.parse_statement()).expect(sql);
        match Versions::take(&mut ast, &SessionContext::new().state(), zone, sql).await {
            Ok(versions) => {
                let each = versions.asked.iter().map(|asked| match asked {
                    AsOf::Time(_) if versions.of_one_run => "now".to_owned(),
                    AsOf::Time(at) => at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
                    AsOf::Snapshot(id) => format!("id {id}"),
                });
                format!("{} | {}", each.collect::<Vec<_>>().join(", "), ast.to_string().replace(MARK, "@"))
            }
            Err(e) => format!("{:?} at {:?}: {e}", e.kind(), e.position()),
        }
    }

    #[tokio::test]
    async fn times_and_ids_are_told_apart_and_read_in_the_session_s_zone() {
        for (version, want) in [
            ("'2026-11-01'", "2026-10-31T16:00:00Z"),
            ("'2026-11-01 08:00:00'", "2026-11-01T00:00:00Z"),
            ("'2026-11-01T08:00:00.5Z'", "2026-11-01T08:00:00.500Z"),
            ("'2026-11-01 08:00:00+02'", "2026-11-01T06:00:00Z"),
            ("timestamp '2026-11-01 08:00'", "2026-11-01T00:00:00Z"),
            ("('2026-11-01 08:00+00')::timestamptz", "2026-11-01T08:00:00Z"),
            ("'2026-11-01T08:00'", "2026-11-01T00:00:00Z"),
            ("timestamp with time zone '2026-11-01 08:00:00+00'", "2026-11-01T08:00:00Z"),
            ("date '2026-11-01'", "2026-10-31T16:00:00Z"),
            ("now() - interval '1 day'", "now"),
            ("'20261122T052406123456Z-0123abcd'", "id 20261122T052406123456Z-0123abcd"),
        ] {
            let got = asked(&format!("select a from s.t for system_time as of {version} as x, u")).await;
            assert_eq!(got, format!("{want} | SELECT a FROM s.t@0 AS x, u"), "{version}");
        }
    }

    #[tokio::test]
    async fn what_is_no_constant_time_of_a_table_is_refused() {
        for (sql, want) in [
            ("select 1 from t for system_time as of 5", "Unsupported"),
            ("select 1 from t for system_time as of $1", "Unsupported"),
            ("select 1 from t for system_time as of random()", "Unsupported"),
            ("select 1 from t version as of 3", "Syntax"),
            ("select 1 from t for system_time as of date 'soon'", "InvalidDatetime"),
            ("with t as (select 1) select 1 from t for system_time as of '2026-11-01'", "Unsupported"),
        ] {
            let got = asked(sql).await;
            assert!(got.starts_with(want), "{sql}: {got}");
        }
    }
}
