//! Subqueries that DataFusion would join wrongly: it brings the columns that are compared with outer ones out of the subquery under one
//! qualifier, and takes two of one name (`c.oid = a.attcollation AND t.oid = a.atttypid`) for the same.

use std::collections::BTreeMap;

use datafusion::common::TableReference;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{LogicalPlan, Subquery};

/// Whether two columns of one name and of different relations are compared with outer ones.
pub(super) fn names(subquery: &Subquery) -> bool {
    let mut relations: BTreeMap<String, Option<TableReference>> = BTreeMap::new();
    let mut found = false;
    let walked = subquery.subquery.apply(|node| {
        let LogicalPlan::Filter(filter) = node else { return Ok(TreeNodeRecursion::Continue) };
        for term in split_conjunction(&filter.predicate).into_iter().filter(|term| term.contains_outer()) {
            for column in term.column_refs() {
                let known = relations.entry(column.name.clone()).or_insert_with(|| column.relation.clone());
                found |= *known != column.relation;
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.is_ok() && found
}
