//! The `TableProvider` of virtual tables: a scan asks its source for rows when it runs, and gives them batch by batch.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

use super::scan::SystemScan;
use super::{Pins, Relation, Rows, SystemEnv};
use crate::catalog::Wanted;
use crate::error;

/// Where a virtual table's rows come from.
#[derive(Clone, Copy)]
pub enum Source {
    /// Nowhere: PostgreSQL has the table, Stoa has nothing to put into it.
    Empty,
    /// The index and the session, at once.
    Listed(fn(&SystemEnv, &Pins) -> error::Result<Rows>),
    /// The same, and perhaps a first touch of a table.
    Described(for<'a> fn(&'a SystemEnv, &'a Pins) -> BoxFuture<'a, error::Result<Rows>>),
    /// Files of any length: rows are read as they are asked for, and not beyond a scan that ends early.
    Streamed(fn(Arc<SystemEnv>, &Pins) -> BoxStream<'static, error::Result<Rows>>),
}

/// A system relation as one session sees it.
pub struct VirtualTable {
    relation: &'static Relation,
    source: Source,
    env: Arc<SystemEnv>,
}

impl VirtualTable {
    /// The table of a relation whose rows come from `source`.
    pub fn new(relation: &'static Relation, source: Source, env: Arc<SystemEnv>) -> Self {
        Self { relation, source, env }
    }

    /// `pg_class.oid`.
    pub fn oid(&self) -> u32 {
        self.relation.oid
    }
}

impl std::fmt::Debug for VirtualTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("VirtualTable").field(&self.relation.name).finish()
    }
}

#[async_trait]
impl TableProvider for VirtualTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.relation.arrow)
    }

    fn table_type(&self) -> TableType {
        if self.relation.kind == 'v' { TableType::View } else { TableType::Base }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.relation.arrow.project(columns)?),
            None => Arc::clone(&self.relation.arrow),
        };
        let pins = Pins::of(filters);
        let estimate = estimate(self.relation, &self.env, &pins);
        let mut scan = SystemScan::new(self.relation.name, self.source, Arc::clone(&self.env), pins, schema);
        (scan.estimate, scan.limit) = (estimate, limit);
        Ok(Arc::new(scan))
    }
}

/// About how many rows a relation has, for the order of joins: what is pinned to few values is read first.
fn estimate(relation: &Relation, env: &SystemEnv, pins: &Pins) -> usize {
    /// Columns whose values have a row each, or a few.
    const KEYS: [&str; 13] = [
        "oid",
        "relname",
        "nspname",
        "typname",
        "proname",
        "conname",
        "constraint_name",
        "indrelid",
        "indexrelid",
        "conrelid",
        "attrelid",
        "table_name",
        "schema_name",
    ];
    let themes = env.catalogs.themes(&env.database).unwrap_or_default();
    let tables: usize = themes.iter().map(|t| t.tables).sum();
    let (few, of_table) = match relation.name {
        "pg_namespace" | "schemata" => (4 + themes.len(), 0),
        "pg_class" | "tables" => (300, 2),
        "pg_attribute" | "columns" => (3_000, 20),
        "pg_description" => (0, 10),
        "pg_type" => (600, 2),
        "pg_index"
        | "pg_indexes"
        | "pg_constraint"
        | "pg_tables"
        | "pg_stat_user_tables"
        | "pg_stat_all_tables"
        | "table_constraints"
        | "key_column_usage"
        | "constraint_column_usage"
        | "referential_constraints" => (100, 1),
        "pg_proc" => (3_000, 0),
        _ => (100, 0),
    };
    let of_value = if relation.name == "pg_attribute" || relation.name == "columns" { 20 } else { 1 };
    // Of those that begin alike there may be many, but few among all.
    let of_pin = |wanted: &Wanted| wanted.texts.len() + wanted.starts.len() * (1 + tables / 100);
    let pinned = KEYS.iter().filter_map(|column| pins.wanted(column).map(of_pin)).min();
    pinned.map_or(few + tables * of_table, |values| values * of_value)
}
