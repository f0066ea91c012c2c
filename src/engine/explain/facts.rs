//! What an operator is, in the words of PostgreSQL's JSON: the relation of a scan, its columns and filter, the conditions of a join, the
//! keys of a sort or a group.

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::expressions::DynamicFilterPhysicalExpr;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{PhysicalExpr, PhysicalExprRef, PhysicalSortExpr, split_conjunction};
use datafusion::physical_expr_common::physical_expr::fmt_sql;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;

/// Facts of one operator, where it has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The schema and the table of a scan; a file's name stands for what is scanned where it was published.
    pub relation: Option<(Option<String>, String)>,
    /// What a filter, or a scan, leaves out. A filter that a join or a sort above fills in while it runs is `dynamic(columns)`.
    pub filter: Option<String>,
    /// The columns that a scan reads or any operator gives.
    pub output: Vec<String>,
    /// The rows after which it stops.
    pub fetch: Option<usize>,
    pub join_type: Option<&'static str>,
    /// The equalities that a join looks rows up by.
    pub condition: Option<String>,
    /// What a join asks beyond that.
    pub join_filter: Option<String>,
    /// PostgreSQL's `Partial Mode` of a group.
    pub partial: Option<&'static str>,
    pub group_key: Vec<String>,
    pub sort_key: Vec<String>,
}

impl Facts {
    pub fn of(plan: &Arc<dyn ExecutionPlan>) -> Self {
        let output = plan.schema().fields().iter().map(|f| f.name().clone()).collect();
        let mut facts = Self { output, fetch: plan.fetch(), ..Self::default() };
        if let Some(scan) = plan.downcast_ref::<DataSourceExec>() {
            if let Some(config) = scan.data_source().downcast_ref::<FileScanConfig>() {
                let first = config.file_groups.iter().flat_map(|group| group.iter()).next();
                facts.relation = first.map(|file| relation(file.object_meta.location.as_ref()));
                facts.filter = config.file_source().filter().map(|filter| conjunction(&filter));
            }
        } else if let Some(filter) = plan.downcast_ref::<FilterExec>() {
            facts.filter = Some(conjunction(filter.predicate()));
        } else if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
            facts.joins(*join.join_type(), join.on(), join.filter());
        } else if let Some(join) = plan.downcast_ref::<SortMergeJoinExec>() {
            facts.joins(join.join_type(), join.on(), join.filter().as_ref());
        } else if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
            facts.joins(*join.join_type(), &[], join.filter());
        } else if let Some(group) = plan.downcast_ref::<AggregateExec>() {
            facts.partial = Some(match group.mode() {
                AggregateMode::Partial | AggregateMode::PartialReduce => "Partial",
                AggregateMode::Final | AggregateMode::FinalPartitioned => "Finalize",
                AggregateMode::Single | AggregateMode::SinglePartitioned => "Simple",
            });
            facts.group_key = group.group_expr().expr().iter().map(|(expr, _)| fmt_sql(expr.as_ref()).to_string()).collect();
        } else if let Some(sort) = plan.downcast_ref::<SortExec>() {
            facts.sort_key = sort.expr().iter().map(key).collect();
        } else if let Some(merge) = plan.downcast_ref::<SortPreservingMergeExec>() {
            facts.sort_key = merge.expr().iter().map(key).collect();
        }
        facts
    }

    fn joins(&mut self, kind: JoinType, on: &[(PhysicalExprRef, PhysicalExprRef)], filter: Option<&JoinFilter>) {
        self.join_type = Some(match kind {
            JoinType::Inner => "Inner",
            JoinType::Left => "Left",
            JoinType::Right => "Right",
            JoinType::Full => "Full",
            JoinType::LeftSemi | JoinType::RightSemi => "Semi",
            JoinType::LeftAnti | JoinType::RightAnti => "Anti",
            JoinType::LeftMark | JoinType::RightMark => "Mark",
        });
        let equal: Vec<String> = on.iter().map(|(a, b)| format!("{} = {}", fmt_sql(a.as_ref()), fmt_sql(b.as_ref()))).collect();
        self.condition = (!equal.is_empty()).then(|| all_of(&equal));
        self.join_filter = filter.map(|filter| conjunction(filter.expression()));
    }
}

/// Each condition in parentheses, as PostgreSQL writes them.
fn all_of(conditions: &[String]) -> String {
    let each: Vec<String> = conditions.iter().map(|c| format!("({c})")).collect();
    if each.len() > 1 { format!("({})", each.join(" AND ")) } else { each.concat() }
}

fn conjunction(filter: &Arc<dyn PhysicalExpr>) -> String {
    let mut conditions: Vec<String> = split_conjunction(filter)
        .into_iter()
        .map(|condition| match condition.downcast_ref::<DynamicFilterPhysicalExpr>() {
            Some(_) => {
                let mut columns: Vec<String> = collect_columns(condition).iter().map(|c| c.name().to_owned()).collect();
                columns.sort();
                format!("dynamic({})", columns.join(", "))
            }
            None => fmt_sql(condition.as_ref()).to_string(),
        })
        .collect();
    conditions.dedup();
    all_of(&conditions)
}

fn key(key: &PhysicalSortExpr) -> String {
    let (descending, nulls_first) = (key.options.descending, key.options.nulls_first);
    let mut told = fmt_sql(key.expr.as_ref()).to_string();
    if descending {
        told.push_str(" DESC");
    }
    // PostgreSQL leaves out what is so unless told.
    if nulls_first != descending {
        told.push_str(if nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
    }
    told
}

/// The schema and table that an object of a state belongs to (`snapshots/CATALOG/SCHEMA/TABLE/ID/FILE`), or the name of a published file.
fn relation(location: &str) -> (Option<String>, String) {
    let below = location.rsplit_once("/snapshots/").map(|(_, below)| below).or_else(|| location.strip_prefix("snapshots/"));
    let parts: Vec<&str> = below.unwrap_or_default().split('/').collect();
    if let [_, schema, table, _, _, ..] = parts.as_slice() {
        return (Some((*schema).to_owned()), (*table).to_owned());
    }
    (None, location.rsplit('/').next().unwrap_or(location).to_owned())
}

#[cfg(test)]
mod tests {
    use datafusion::common::ScalarValue;
    use datafusion::logical_expr::Operator;
    use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};

    use super::*;

    #[test]
    fn a_scan_is_of_a_table_or_a_file() {
        let table = |schema: &str, table: &str| (Some(schema.to_owned()), table.to_owned());
        assert_eq!(relation("srv/state/snapshots/city/transport/trips/01/part-0.parquet"), table("transport", "trips"));
        assert_eq!(relation("snapshots/city/transport/trips/01/part-0.parquet"), table("transport", "trips"));
        assert_eq!(relation("data/flights.parquet"), (None, "flights.parquet".to_owned()));
    }

    #[test]
    fn a_filter_is_told_condition_by_condition() {
        let column = |name: &str, at| Arc::new(Column::new(name, at)) as Arc<dyn PhysicalExpr>;
        let more = |expr, than| {
            let than = Arc::new(Literal::new(ScalarValue::Int64(Some(than))));
            Arc::new(BinaryExpr::new(expr, Operator::Gt, than)) as Arc<dyn PhysicalExpr>
        };
        assert_eq!(conjunction(&more(column("a", 3), 1)), "(a > 1)");
        let open = Arc::new(Literal::new(ScalarValue::Boolean(Some(true))));
        let dynamic = Arc::new(DynamicFilterPhysicalExpr::new(vec![column("k", 1), column("b", 2)], open));
        let both = Arc::new(BinaryExpr::new(more(column("a", 0), 1), Operator::And, dynamic)) as Arc<dyn PhysicalExpr>;
        assert_eq!(conjunction(&both), "((a > 1) AND (dynamic(b, k)))");
    }
}
