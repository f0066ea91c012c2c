//! PostgreSQL's functions, operators and casts of dates, times and intervals. Single values are computed in
//! [`pg_time`](crate::table::pg_time); here they are columns, in the session's zone and styles.

mod aggregates;
mod arithmetic;
mod casts;
mod clock;
mod fields;
mod format;
mod make;
mod operators;
mod preimage;
mod rules;
mod series;
mod trunc;
mod types;

use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;

pub use rules::Unknowns;
pub use types::Types;

use super::function::Function;

pub fn functions() -> Vec<Function> {
    let families = [
        arithmetic::functions(),
        casts::functions(),
        clock::functions(),
        fields::functions(),
        format::functions(),
        make::functions(),
        trunc::functions(),
    ];
    families.into_iter().flatten().collect()
}

/// Registers operators, casts, and what goes on to DataFusion's functions of other types: after those.
pub fn register(state: &mut SessionState) -> Result<()> {
    state.register_expr_planner(std::sync::Arc::new(operators::Operators))?;
    state.add_analyzer_rule(std::sync::Arc::new(rules::Casts));
    aggregates::register(state)?;
    series::register(state)
}
