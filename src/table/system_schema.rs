//! The schemas that every database has beside its themes, put together: name -> schema, name -> table. What stands in the tables
//! is told by the module of each schema.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::Result;

use super::virtual_table::{Relation, Source, SystemEnv, VirtualTable, relations};
use super::{catalog_schema, information_schema, pg_catalog};

/// The names of the system schemas.
pub const NAMES: [&str; 4] = ["pg_catalog", "catalog", "system", "information_schema"];

/// The system schema of this name as one session sees it; `None` when there is none.
pub fn system_schema(name: &str, env: Arc<SystemEnv>) -> Option<Arc<dyn SchemaProvider>> {
    let name = NAMES.into_iter().find(|n| *n == name)?;
    Some(Arc::new(SystemSchema { name, env }))
}

#[derive(Debug)]
struct SystemSchema {
    name: &'static str,
    env: Arc<SystemEnv>,
}

impl SystemSchema {
    fn relation(&self, name: &str) -> Option<&'static Relation> {
        relations::of(self.name).iter().find(|r| r.name == name)
    }

    fn source(&self, relation: &Relation) -> Source {
        match self.name {
            "pg_catalog" => pg_catalog::source(relation.name),
            "information_schema" => information_schema::source(relation.name),
            "catalog" => catalog_schema::source(relation.name),
            _ => catalog_schema::system_source(relation.name),
        }
    }
}

#[async_trait]
impl SchemaProvider for SystemSchema {
    fn table_names(&self) -> Vec<String> {
        relations::of(self.name).iter().map(|r| r.name.to_owned()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(self.relation(name).map(|relation| {
            Arc::new(VirtualTable::new(relation, self.source(relation), Arc::clone(&self.env))) as Arc<dyn TableProvider>
        }))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.relation(name).is_some()
    }
}
