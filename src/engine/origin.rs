//! Where a result's columns come from: the table and the column that RowDescription tells of one that is a table's own, through
//! joins, subqueries, sorting and grouping, as PostgreSQL does. Computed columns and those of set operations have no origin.

use arrow::datatypes::Field;
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Expr, Join, JoinType, LogicalPlan};

use crate::table::SnapshotTable;
use crate::table::virtual_table::VirtualTable;

/// Metadata of a result's field: the oid of its table and the number of its column in it, with a space between them.
const KEY: &str = "stoa.origin";

/// A table's column: its oid, and `pg_attribute.attnum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    pub table: u32,
    pub column: i16,
}

impl Origin {
    /// The origin that a result's field tells; `None` for a computed one.
    pub fn of_field(field: &Field) -> Option<Self> {
        let (table, column) = field.metadata().get(KEY)?.split_once(' ')?;
        Some(Self { table: table.parse().ok()?, column: column.parse().ok()? })
    }

    /// The field with this told.
    pub(super) fn mark(self, mut field: Field) -> Field {
        field.metadata_mut().insert(KEY.to_owned(), format!("{} {}", self.table, self.column));
        field
    }

    /// Where the column at `index` of what `plan` gives comes from.
    pub(super) fn of_column(plan: &LogicalPlan, index: usize) -> Option<Self> {
        // Plans are as deep as statements may be nested, and are walked on threads with stacks for that.
        match plan {
            LogicalPlan::TableScan(scan) => {
                let provider = source_as_provider(&scan.source).ok()?;
                let published = provider.downcast_ref::<SnapshotTable>().map(|table| table.entry().oid);
                let table = published.or_else(|| provider.downcast_ref::<VirtualTable>().map(VirtualTable::oid))?;
                let column = scan.projection.as_ref().map_or(Some(index), |kept| kept.get(index).copied())?;
                Some(Self { table, column: i16::try_from(column + 1).ok()? })
            }
            LogicalPlan::Projection(projection) => Self::of_expr(projection.expr.get(index)?, &projection.input),
            LogicalPlan::Aggregate(aggregate) => Self::of_expr(aggregate.group_expr.get(index)?, &aggregate.input),
            LogicalPlan::Window(window) if index < window.input.schema().fields().len() => Self::of_column(&window.input, index),
            LogicalPlan::Join(join) => Self::of_joined(join, index),
            LogicalPlan::SubqueryAlias(alias) => Self::of_column(&alias.input, index),
            LogicalPlan::Subquery(subquery) => Self::of_column(&subquery.subquery, index),
            LogicalPlan::Filter(filter) => Self::of_column(&filter.input, index),
            LogicalPlan::Sort(sort) => Self::of_column(&sort.input, index),
            LogicalPlan::Limit(limit) => Self::of_column(&limit.input, index),
            LogicalPlan::Repartition(repartition) => Self::of_column(&repartition.input, index),
            LogicalPlan::Distinct(distinct) => match distinct {
                datafusion::logical_expr::Distinct::All(input) => Self::of_column(input, index),
                datafusion::logical_expr::Distinct::On(on) => Self::of_expr(on.select_expr.get(index)?, &on.input),
            },
            LogicalPlan::Window(_)
            | LogicalPlan::Union(_)
            | LogicalPlan::EmptyRelation(_)
            | LogicalPlan::Statement(_)
            | LogicalPlan::Values(_)
            | LogicalPlan::Explain(_)
            | LogicalPlan::Analyze(_)
            | LogicalPlan::Extension(_)
            | LogicalPlan::Dml(_)
            | LogicalPlan::Ddl(_)
            | LogicalPlan::Copy(_)
            | LogicalPlan::DescribeTable(_)
            | LogicalPlan::Unnest(_)
            | LogicalPlan::RecursiveQuery(_) => None,
        }
    }

    fn of_expr(expr: &Expr, input: &LogicalPlan) -> Option<Self> {
        match expr {
            Expr::Column(column) => Self::of_column(input, input.schema().maybe_index_of_column(column)?),
            Expr::Alias(alias) => Self::of_expr(&alias.expr, input),
            _ => None,
        }
    }

    fn of_joined(join: &Join, index: usize) -> Option<Self> {
        let left = join.left.schema().fields().len();
        match join.join_type {
            JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => match index.checked_sub(left) {
                None => Self::of_column(&join.left, index),
                Some(of_right) => Self::of_column(&join.right, of_right),
            },
            JoinType::LeftSemi | JoinType::LeftAnti => Self::of_column(&join.left, index),
            JoinType::RightSemi | JoinType::RightAnti => Self::of_column(&join.right, index),
            // The optimizer's own.
            JoinType::LeftMark | JoinType::RightMark => None,
        }
    }
}
