//! Keys of joins that speak of several relations at once: `c JOIN .. ON c.n = a.k + b.i`. DataFusion's rule for cross joins orders the inputs
//! of inner joins anew by their keys, and forgets such a key where the relations of its sides meet after the join that it is of
//! (its `eliminate_cross_join.rs`). What it would forget is a filter of the join here, which it keeps.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Join, LogicalPlan, Operator, and, binary_expr};
use datafusion::optimizer::eliminate_cross_join::EliminateCrossJoin;
use datafusion::optimizer::{Optimizer, OptimizerConfig, OptimizerRule};

/// DataFusion's own rules, with the one for cross joins as it is meant.
pub fn rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let own = |rule: Arc<dyn OptimizerRule + Send + Sync>| {
        if rule.name() == EliminateCrossJoin::new().name() { Arc::new(Keyed::default()) as _ } else { rule }
    };
    Optimizer::new().rules.into_iter().map(own).collect()
}

#[derive(Debug, Default)]
struct Keyed(EliminateCrossJoin);

impl OptimizerRule for Keyed {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let keys = wide_keys(&plan)?;
        if keys.is_empty() {
            return self.0.rewrite(plan, config);
        }
        let done = self.0.rewrite(plan.clone(), config)?;
        let kept = wide_keys(&done.data)?;
        let forgotten: BTreeSet<&String> = keys.iter().filter(|key| !kept.contains(*key)).collect();
        if forgotten.is_empty() {
            return Ok(done);
        }
        self.0.rewrite(filtered(plan, &forgotten)?, config)
    }
}

/// The keys of inner joins of which one side speaks of more than one column.
fn wide_keys(plan: &LogicalPlan) -> Result<BTreeSet<String>> {
    let mut keys = BTreeSet::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::Join(Join { join_type: JoinType::Inner, on, .. }) = node {
            keys.extend(on.iter().filter(|(left, right)| is_wide(left) || is_wide(right)).map(shown));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(keys)
}

fn is_wide(side: &Expr) -> bool {
    side.column_refs().len() > 1
}

/// A key whichever of its sides stands first.
fn shown((left, right): &(Expr, Expr)) -> String {
    let (left, right) = (left.to_string(), right.to_string());
    if left < right { format!("{left} = {right}") } else { format!("{right} = {left}") }
}

/// The plan with these keys as filters of their joins.
fn filtered(plan: LogicalPlan, keys: &BTreeSet<&String>) -> Result<LogicalPlan> {
    let moved = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Join(mut join) if join.join_type == JoinType::Inner => {
            let (moved, kept): (Vec<_>, Vec<_>) = join.on.into_iter().partition(|key| keys.contains(&shown(key)));
            join.on = kept;
            let changed = !moved.is_empty();
            let equal = match join.null_equality {
                NullEquality::NullEqualsNothing => Operator::Eq,
                NullEquality::NullEqualsNull => Operator::IsNotDistinctFrom,
            };
            join.filter = moved.into_iter().map(|(left, right)| binary_expr(left, equal, right)).chain(join.filter).reduce(and);
            let node = LogicalPlan::Join(join);
            Ok(if changed { Transformed::yes(node) } else { Transformed::no(node) })
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(moved.data)
}
