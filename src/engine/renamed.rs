//! Tables with fewer column names than columns: the rest keep their own, where DataFusion wants a name for each.

use datafusion::common::DataFusionError;
use datafusion::error::Result;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{TableAlias, TableFactor};

use super::dialect::numbered;
use crate::error::{Error, Kind};

/// Plans them.
#[derive(Debug)]
pub struct Planner;

impl RelationPlanner for Planner {
    fn plan_relation(&self, mut relation: TableFactor, context: &mut dyn RelationPlannerContext) -> Result<RelationPlanning> {
        let (TableFactor::Derived { alias: Some(alias), .. } | TableFactor::Table { alias: Some(alias), args: None, .. }) =
            &mut relation
        else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        if alias.columns.is_empty() {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        }
        let names = std::mem::take(&mut alias.columns);
        let alias = TableAlias { columns: Vec::new(), ..alias.clone() };
        let plan = context.plan(relation)?;
        let columns = plan.schema().columns();
        if names.len() > columns.len() {
            let (has, given) = (columns.len(), names.len());
            let table = context.normalize_ident(alias.name);
            let message = format!("table \"{table}\" has {has} columns available but {given} columns specified");
            return Err(DataFusionError::External(Box::new(Error::new(Kind::InvalidPosition, message))));
        }
        let names: Vec<String> = names.into_iter().map(|column| context.normalize_ident(column.name)).collect();
        // A name that several columns are given is none by which one can be asked for.
        let is_given_twice = |name: &String| names.iter().filter(|other| *other == name).count() > 1;
        let marked = |(place, name): (usize, &String)| if is_given_twice(name) { numbered(name, place) } else { name.clone() };
        let mut names = names.iter().enumerate().map(marked);
        let renamed = columns.into_iter().map(|column| {
            let name = names.next().unwrap_or_else(|| column.name.clone());
            Expr::Column(column).alias(name)
        });
        let renamed: Vec<Expr> = renamed.collect();
        let plan = LogicalPlanBuilder::from(plan).project(renamed)?.build()?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, Some(alias)))))
    }
}
