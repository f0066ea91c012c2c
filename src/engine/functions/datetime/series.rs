//! `generate_series` of dates and moments in `FROM`.

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::session_state::SessionState;

use super::Times;

pub fn register(_state: &mut SessionState, _times: &Arc<Times>) -> Result<()> {
    Ok(())
}
