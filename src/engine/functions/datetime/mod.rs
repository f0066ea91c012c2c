//! PostgreSQL's functions, operators and casts of dates, times and intervals. Single values are computed in
//! [`pg_time`](crate::table::pg_time); here they are columns, in the session's zone and styles.

mod aggregates;
mod arithmetic;
mod casts;
mod clock;
mod fields;
mod format;
mod function;
mod make;
mod operators;
mod preimage;
mod rules;
mod series;
mod trunc;
mod types;

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;

pub use rules::Unknowns;
pub use types::Types;

use crate::table::pg_time::{Reader, Zone};
use crate::table::pg_value::Style;
use crate::table::virtual_table::SystemEnv;

/// What the session's functions depend on: its zone and styles when the statement was planned, and its clock.
pub struct Times {
    env: Arc<SystemEnv>,
    style: Style,
}

impl Times {
    fn new(env: &Arc<SystemEnv>) -> Arc<Self> {
        Arc::new(Self { env: Arc::clone(env), style: Style::from_settings(|name| env.facts.setting(name)) })
    }

    fn zone(&self) -> Zone {
        self.style.zone()
    }

    /// When the transaction began, in microseconds.
    fn now(&self) -> i64 {
        self.env.facts.transaction_started()
    }

    /// How texts are read.
    fn reader(&self) -> Reader {
        Reader { zone: self.style.zone(), order: self.style.order(), now: self.now() }
    }
}

/// Registers functions, operators and casts for one session.
pub fn register(state: &mut SessionState, env: &Arc<SystemEnv>) -> Result<()> {
    let times = Times::new(env);
    let families = [
        arithmetic::functions(&times),
        casts::functions(&times),
        clock::functions(&times),
        fields::functions(&times),
        format::functions(&times),
        make::functions(&times),
        trunc::functions(&times),
    ];
    for function in families.into_iter().flatten() {
        state.register_udf(function)?;
    }
    state.register_expr_planner(Arc::new(operators::Operators::new(&times)))?;
    state.add_analyzer_rule(Arc::new(rules::Casts::new(&times)));
    aggregates::register(state)?;
    series::register(state, &times)
}
