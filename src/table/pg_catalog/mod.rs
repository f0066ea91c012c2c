//! `pg_catalog`: which rows its tables have. Their columns stand in [`super::virtual_table::relations`]; a table that PostgreSQL has
//! and that is not named here is empty.

mod attributes;
mod classes;
mod comments;
mod constants;
mod constraints;
mod namespaces;
mod sessions;
pub mod types;

pub use attributes::{columns_of, known_columns};
pub use classes::{tables, tables_of_schemas};
pub use constraints::{ForeignKeyRow, KeyRow, definition as constraint_definition, foreign_keys, primary_keys};
pub use namespaces::{Namespace, namespaces};

use super::virtual_table::Source;

/// The oid of the role that owns everything; its name is the session's user.
pub const OWNER: u32 = 10;

/// The rows of a relation of `pg_catalog`.
pub fn source(name: &str) -> Source {
    match name {
        "pg_class" => Source::Listed(classes::pg_class),
        "pg_tables" => Source::Listed(classes::pg_tables),
        "pg_views" => Source::Listed(classes::pg_views),
        "pg_stat_user_tables" => Source::Listed(classes::pg_stat_user_tables),
        "pg_attribute" => Source::Described(|env, pins| Box::pin(attributes::pg_attribute(env, pins))),
        "pg_namespace" => Source::Listed(namespaces::pg_namespace),
        "pg_database" => Source::Listed(namespaces::pg_database),
        "pg_description" => Source::Described(|env, pins| Box::pin(comments::pg_description(env, pins))),
        "pg_constraint" => Source::Described(|env, pins| Box::pin(constraints::pg_constraint(env, pins))),
        "pg_type" => Source::Listed(types::pg_type),
        "pg_proc" => Source::Listed(types::pg_proc),
        "pg_am" => Source::Listed(constants::pg_am),
        "pg_collation" => Source::Listed(constants::pg_collation),
        "pg_language" => Source::Listed(constants::pg_language),
        "pg_tablespace" => Source::Listed(constants::pg_tablespace),
        "pg_roles" | "pg_authid" => Source::Listed(constants::pg_roles),
        "pg_user" | "pg_shadow" => Source::Listed(constants::pg_user),
        "pg_settings" => Source::Listed(sessions::pg_settings),
        "pg_stat_activity" => Source::Listed(sessions::pg_stat_activity),
        _ => Source::Empty,
    }
}
