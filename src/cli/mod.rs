//! The terminal: `stoa serve`, `stoa query`, `stoa shell` and `stoa inspect` as people meet them. What is served, and how the server talks to its
//! clients, is handed in by `main`; the Postgres protocol is unknown here.

pub mod report;

pub mod format;
pub mod output;

mod interrupt;
mod progress;
mod run;

pub mod inspect;
pub mod query;
pub mod serve;
pub mod shell;

/// The user's name at this machine, as psql would send it; `stoa` where the environment has none.
fn user() -> String {
    ["USER", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "stoa".into())
}
