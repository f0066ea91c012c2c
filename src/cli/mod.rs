//! The terminal: `stoa serve`, `stoa query`, `stoa shell`, `stoa refresh`, `stoa prune`, `stoa inspect`, `stoa user`, `stoa catalog` and
//! `stoa compare` as people meet them. What is served, and how the server talks to its clients, is handed in by `main`; `compare` alone is
//! a client of such servers.

pub mod report;

pub mod format;
pub mod output;

mod interrupt;
mod progress;
mod run;

pub mod catalog;
pub mod compare;
pub mod export;
pub mod inspect;
pub mod prune;
pub mod query;
pub mod refresh;
pub mod serve;
pub mod shell;
pub mod show;
pub mod user;

use crate::name::quoted;

/// The user's name at this machine, as psql would send it; `stoa` where the environment has none.
fn user_name() -> String {
    ["USER", "USERNAME"]
        .iter()
        .find_map(|variable| std::env::var(variable).ok().filter(|name| !name.is_empty()))
        .unwrap_or_else(|| "stoa".into())
}

/// Whether a name as typed means this table: its schema, or `schema.table`. In SQL's quotes or not; as a table is found by SQL, case
/// does not matter without them.
fn means(name: &str, schema: &str, table: &str) -> bool {
    let is = |text: &str| {
        let full = [schema.to_owned(), format!("{schema}.{table}")];
        let sql = [quoted(schema), format!("{}.{}", quoted(schema), quoted(table))];
        full.iter().chain(&sql).any(|n| n == text)
    };
    is(name) || is(&name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::means;

    #[test]
    fn a_name_means_a_table_or_a_theme() {
        for (name, want) in [
            ("transport", true),
            ("Transport.Trips", true),
            ("transport.trips", true),
            ("\"transport\".trips", false),
            ("trips", false),
            ("transport.trip", false),
        ] {
            assert_eq!(means(name, "transport", "trips"), want, "{name}");
        }
        assert!(means("transport.\"a b\"", "transport", "a b") && means("transport.a b", "transport", "a b"));
    }
}
