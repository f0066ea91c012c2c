//! A variant as something that answers queries and tells their plans, whichever engine it is.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::answer::{Answer, Class};
use super::duckdb::DuckDb;
use super::plan::Node;
use super::postgres::{Connection, Server};
use super::tables;
use super::variant::{Engine, Variant};
use crate::engine::{Plain, PlainRows};
use crate::error::{Error, Kind, Result};

/// What all variants share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Options of `stoa serve` for servers of ours: `--NAME=VALUE`.
    pub options: Vec<(String, String)>,
    /// The catalog to ask; the server's first when `None`.
    pub database: Option<String>,
    /// Threads of the engines that are run here.
    pub threads: usize,
}

/// A variant that is up.
pub(super) struct Runner<'a> {
    variant: &'a Variant,
    shared: &'a Shared,
    engine: Running,
}

enum Running {
    Postgres { connection: Box<Connection>, _server: Option<Server> },
    DataFusion(Box<Plain>),
    DuckDb(DuckDb),
}

impl<'a> Runner<'a> {
    /// Starts a variant, or connects to it.
    pub async fn start(variant: &'a Variant, shared: &'a Shared) -> Result<Self> {
        let engine = start(variant, shared, false).await.map_err(|e| e.within(format!("variant {}", variant.name)))?;
        Ok(Self { variant, shared, engine })
    }

    /// A fresh process, or where it is none of ours a fresh connection.
    pub async fn restart(&mut self) -> Result<()> {
        self.engine =
            start(self.variant, self.shared, true).await.map_err(|e| e.within(format!("variant {}", self.variant.name)))?;
        Ok(())
    }

    /// What a query gives.
    pub async fn answer(&mut self, sql: &str) -> Result<Answer> {
        match &mut self.engine {
            Running::Postgres { connection, .. } => connection.answer(sql).await,
            Running::DataFusion(plain) => Ok(typed(plain.rows(sql).await?.0)),
            Running::DuckDb(duckdb) => Ok(duckdb.answer(sql)?.0),
        }
    }

    /// How long a query takes, from asking to its last row.
    pub async fn time(&mut self, sql: &str) -> Result<Duration> {
        match &mut self.engine {
            Running::Postgres { connection, .. } => {
                let began = Instant::now();
                connection.text(sql).await?;
                Ok(began.elapsed())
            }
            Running::DataFusion(plain) => Ok(plain.rows(sql).await?.1),
            Running::DuckDb(duckdb) => Ok(duckdb.answer(sql)?.1),
        }
    }

    /// A query's plan; with `analyze` after a run, with what each operator did.
    pub async fn plan(&mut self, sql: &str, analyze: bool) -> Result<Node> {
        let told = match &mut self.engine {
            Running::Postgres { connection, .. } => {
                let options = if analyze { "ANALYZE, VERBOSE, BUFFERS" } else { "VERBOSE" };
                Node::of_postgres(&connection.explain(options, sql).await?)
            }
            Running::DataFusion(plain) => {
                let text = plain.explain(analyze, sql).await?;
                let document: Json = serde_json::from_str(&text).map_err(|e| Error::new(Kind::Internal, e.to_string()))?;
                Node::of_postgres(&document)
            }
            Running::DuckDb(duckdb) => Node::of_duckdb(&duckdb.explain(analyze, sql)?),
        };
        told.ok_or_else(|| Error::new(Kind::Unsupported, "its EXPLAIN tells no plan in JSON"))
    }

    /// What it calls itself.
    pub async fn version(&mut self) -> Result<String> {
        match &mut self.engine {
            Running::Postgres { connection, .. } => {
                let rows = connection.text("SELECT version()").await?;
                Ok(rows.into_iter().flatten().flatten().next().unwrap_or_default())
            }
            Running::DataFusion(_) => Ok("DataFusion".to_owned()),
            Running::DuckDb(duckdb) => Ok(format!("DuckDB {}", duckdb.version())),
        }
    }
}

async fn start(variant: &Variant, shared: &Shared, again: bool) -> Result<Running> {
    Ok(match &variant.engine {
        Engine::Stoa { program, options, settings } => {
            let program = match program {
                Some(program) => program.clone(),
                None => std::env::current_exe().map_err(Error::from)?,
            };
            let server = server(&program, options, shared, again)?;
            let connection = Box::new(Connection::open(server.url(), settings).await?);
            Running::Postgres { connection, _server: Some(server) }
        }
        Engine::Postgres(url) => Running::Postgres { connection: Box::new(Connection::open(url, &[]).await?), _server: None },
        Engine::DataFusion(folder) => {
            Running::DataFusion(Box::new(Plain::open(&tables::parquet(folder)?, shared.threads).await?))
        }
        Engine::DuckDb(place) => Running::DuckDb(DuckDb::start(place, shared.threads)?),
    })
}

/// A server with a variant's own options in place of those of the same names that all share.
fn server(program: &Path, own: &[(String, String)], shared: &Shared, again: bool) -> Result<Server> {
    let overridden = |name: &str| own.iter().any(|(own, _)| own == name);
    let mut options: Vec<(String, String)> = shared.options.iter().filter(|(name, _)| !overridden(name)).cloned().collect();
    options.extend_from_slice(own);
    Server::start(program, &options, shared.database.as_deref(), again)
}

fn typed(told: PlainRows) -> Answer {
    let columns = told.columns.into_iter().map(|(name, of)| (name, Class::of(&of))).collect();
    Answer { columns, rows: told.rows }
}
