//! What all sessions of an engine share: the catalogs, the snapshots, the threads, the memory pool, and the list of sessions.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use datafusion::execution::FunctionRegistry;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::optimizer::{Analyzer, AnalyzerRule};
use datafusion::prelude::SessionConfig;

use super::Options;
use super::advisory::AdvisoryLocks;
use super::booleans::Booleans;
use super::casts::Texts;
use super::choices::Choices;
use super::filtered::Filtered;
use super::functions::{Types, Unknowns};
use super::grouped::Grouped;
use super::history::History;
use super::marks::{self, Marks};
use super::multiset::Counted;
use super::numeric::{self, Literals, Settle};
use super::operators::Operators;
use super::proven::{self, Proven};
use super::rejecting::Rejecting;
use super::remembered::Remembered;
use super::resolve::SEARCH_PATH_SCHEMA;
use super::runtime::Cpu;
use super::session::Inner;
use super::spill::Spill;
use super::strict::Strict;
use super::unknown::Unknown;
use super::vectors::Vectors;
use crate::catalog::Catalogs;
use crate::error::{Error, Kind, Result};
use crate::snapshot::Snapshots;

/// How many of the largest consumers an out-of-memory error names.
const NAMED_CONSUMERS: usize = 3;

/// The engine's parts, behind one pointer.
pub struct Shared {
    pub catalogs: Arc<Catalogs>,
    pub snapshots: Arc<Snapshots>,
    pub cpu: Cpu,
    pub started: SystemTime,
    pub statement_timeout: Duration,
    /// Functions, rules and options that every session starts from.
    pub base: SessionState,
    pub locks: AdvisoryLocks,
    pub remembered: Remembered,
    pub history: History,
    sessions: Mutex<BTreeMap<i32, Weak<Inner>>>,
    next_id: AtomicI32,
    _spill: Spill,
}

impl Shared {
    /// The parts of an engine with these options.
    pub fn new(options: &Options, cpu: Cpu, catalogs: Arc<Catalogs>, snapshots: Arc<Snapshots>) -> Result<Self> {
        let spill = Spill::open(&options.cache)?;
        let runtime = runtime_env(options, &spill)?;
        let mut rules: Vec<Arc<dyn AnalyzerRule + Send + Sync>> = vec![
            Arc::new(Grouped),
            Arc::new(Choices),
            Arc::new(Unknowns),
            Arc::new(Booleans),
            Arc::new(Settle),
            Arc::new(Strict),
        ];
        rules.extend(Analyzer::new().rules);
        rules.push(Arc::new(Counted));
        let builder = SessionStateBuilder::new()
            .with_config(config(options))
            .with_runtime_env(runtime)
            // Before DataFusion's own, which make structs of what stands for a number, and take operators of other types.
            .with_expr_planners(vec![Arc::new(Literals), Arc::new(Vectors), Arc::new(Operators::new())])
            .with_default_features()
            .with_query_planner(Arc::new(Proven(super::apply::Planner)))
            .with_type_planner(Arc::new(Types))
            .with_analyzer_rules(rules)
            .with_optimizer_rules(super::keyed::rules());
        let mut base = builder.with_physical_optimizer_rules(super::yielding::rules()).build();
        base.add_analyzer_rule(Arc::new(Vectors));
        base.add_analyzer_rule(Arc::new(Rejecting));
        base.add_analyzer_rule(Arc::new(Texts));
        base.add_analyzer_rule(Arc::new(Marks));
        base.add_analyzer_rule(Arc::new(Filtered));
        super::functions::register_shared(&mut base)
            .and_then(|()| super::apply::register(&mut base))
            .and_then(|()| numeric::register(&mut base))
            .and_then(|()| base.register_udf(marks::make_array()).map(drop))
            .and_then(|()| base.register_udf(super::coalesce::function()).map(drop))
            .and_then(|()| base.register_udf(super::apart::function()).map(drop))
            .and_then(|()| base.register_expr_planner(Arc::new(Unknown)))
            .and_then(|()| super::functions::register_datetime(&mut base))
            .map_err(|e| super::failure::from_datafusion(e, ""))?;
        Ok(Self {
            catalogs,
            snapshots,
            cpu,
            started: SystemTime::now(),
            statement_timeout: options.statement_timeout,
            base,
            locks: AdvisoryLocks::default(),
            history: History::default(),
            remembered: Remembered::new(options.result_cache),
            sessions: Mutex::default(),
            next_id: AtomicI32::new(1),
            _spill: spill,
        })
    }

    /// A number for a new session: its process id, as PostgreSQL's clients know it.
    pub fn new_id(&self) -> i32 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Lists a session until it is dropped.
    pub fn list(&self, id: i32, session: &Arc<Inner>) {
        self.listed().insert(id, Arc::downgrade(session));
    }

    /// Takes a session off the list, and its locks from it.
    pub fn unlist(&self, id: i32) {
        self.locks.end_session(id);
        self.listed().remove(&id);
    }

    /// The sessions, by their id.
    pub fn sessions(&self) -> Vec<Arc<Inner>> {
        self.listed().values().filter_map(Weak::upgrade).collect()
    }

    /// The session of an id.
    pub fn session(&self, id: i32) -> Option<Arc<Inner>> {
        self.listed().get(&id).and_then(Weak::upgrade)
    }

    fn listed(&self) -> std::sync::MutexGuard<'_, BTreeMap<i32, Weak<Inner>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory that is shared fairly among what can spill, and a folder to spill to.
fn runtime_env(options: &Options, spill: &Spill) -> Result<Arc<RuntimeEnv>> {
    let named = std::num::NonZeroUsize::new(NAMED_CONSUMERS).expect("more than none");
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(TrackConsumersPool::new(FairSpillPool::new(options.memory), named)))
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![spill.path().to_owned()])),
        )
        .build_arc()
        .map_err(|e| Error::new(Kind::Config, format!("the query runtime can't be set up: {e}")))
}

/// DataFusion's options, none of which a client can reach.
fn config(options: &Options) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(options.threads.max(1))
        .with_information_schema(false)
        .with_default_catalog_and_schema("", SEARCH_PATH_SCHEMA)
        .with_create_default_catalog_and_schema(false);
    let o = config.options_mut();
    o.sql_parser.dialect = datafusion::common::config::Dialect::PostgreSQL;
    o.sql_parser.collect_spans = true;
    // PostgreSQL: NULLs stand last in ascending order and first in descending.
    o.sql_parser.default_null_ordering = "nulls_max".to_owned();
    o.execution.parquet.pushdown_filters = true;
    o.execution.parquet.reorder_filters = true;
    o.execution.collect_statistics = true;
    o.execution.skip_physical_aggregate_schema_check = proven::UNCHECKED;
    config
}
