//! `pg_catalog`: which rows its tables have. Their columns stand in [`super::virtual_table::relations`]; a table that PostgreSQL has
//! and that is not named here is empty.

mod attributes;
mod builtin;
mod classes;
mod comments;
mod constraints;
mod depends;
mod geometries;
mod indexes;
mod namespaces;
mod object_name;
pub mod roles;
mod sessions;
pub mod settings;
pub mod types;
mod zones;

pub use attributes::{columns_of, is_required, known_columns};
pub use builtin::{Row, listing};
pub use classes::{distinct, tables, tables_of_schemas};
pub use constraints::{ForeignKeyRow, KeyRow, declaring, definition as constraint_definition, foreign_keys, primary_keys};
pub use indexes::{
    by_name as index_by_name, by_oid as index_by_oid, definition as index_definition, of_table as index_of,
    table_of as index_table,
};
pub use namespaces::{FIRST_DATABASE, Namespace, namespaces};

use super::virtual_table::Source;

/// The oid of the role that owns everything; its name is the session's user.
pub const OWNER: u32 = 10;

/// Whether a relation of `pg_catalog` never has a row.
pub fn is_empty(name: &str) -> bool {
    matches!(source(name), Source::Empty) && super::virtual_table::relations::of("pg_catalog").iter().any(|r| r.name == name)
}

/// The rows of a relation of `pg_catalog`.
pub fn source(name: &str) -> Source {
    match name {
        "geometry_columns" => Source::Described(|env, pins| Box::pin(geometries::geometry_columns(env, pins))),
        "spatial_ref_sys" => Source::Listed(geometries::spatial_ref_sys),
        "pg_aggregate" => Source::Listed(builtin::pg_aggregate),
        "pg_am" => Source::Listed(builtin::pg_am),
        "pg_amop" => Source::Listed(builtin::pg_amop),
        "pg_amproc" => Source::Listed(builtin::pg_amproc),
        "pg_attribute" => Source::Described(|env, pins| Box::pin(attributes::pg_attribute(env, pins))),
        "pg_auth_members" => Source::Listed(builtin::pg_auth_members),
        "pg_cast" => Source::Listed(builtin::pg_cast),
        "pg_class" => Source::Listed(classes::pg_class),
        "pg_collation" => Source::Listed(builtin::pg_collation),
        "pg_constraint" => Source::Described(|env, pins| Box::pin(constraints::pg_constraint(env, pins))),
        "pg_conversion" => Source::Listed(builtin::pg_conversion),
        "pg_cursors" => Source::Listed(sessions::pg_cursors),
        "pg_database" => Source::Listed(namespaces::pg_database),
        "pg_depend" => Source::Described(|env, pins| Box::pin(depends::pg_depend(env, pins))),
        "pg_description" => Source::Described(|env, pins| Box::pin(comments::pg_description(env, pins))),
        "pg_group" => Source::Listed(roles::pg_group),
        "pg_index" => Source::Listed(indexes::pg_index),
        "pg_indexes" => Source::Listed(indexes::pg_indexes),
        "pg_language" => Source::Listed(builtin::pg_language),
        "pg_locks" => Source::Listed(sessions::pg_locks),
        "pg_namespace" => Source::Listed(namespaces::pg_namespace),
        "pg_opclass" => Source::Listed(builtin::pg_opclass),
        "pg_operator" => Source::Listed(builtin::pg_operator),
        "pg_opfamily" => Source::Listed(builtin::pg_opfamily),
        "pg_prepared_statements" => Source::Listed(sessions::pg_prepared_statements),
        "pg_proc" => Source::Listed(builtin::pg_proc),
        "pg_range" => Source::Listed(builtin::pg_range),
        "pg_authid" => Source::Listed(roles::pg_authid),
        "pg_roles" => Source::Listed(roles::pg_roles),
        "pg_settings" => Source::Listed(settings::pg_settings),
        "pg_stat_activity" => Source::Listed(sessions::pg_stat_activity),
        "pg_stat_all_indexes" | "pg_stat_user_indexes" | "pg_statio_all_indexes" | "pg_statio_user_indexes" => {
            Source::Listed(indexes::pg_stat_user_indexes)
        }
        "pg_stat_all_tables" | "pg_stat_user_tables" | "pg_statio_all_tables" | "pg_statio_user_tables" => {
            Source::Listed(classes::pg_stat_user_tables)
        }
        "pg_stat_gssapi" => Source::Listed(sessions::pg_stat_gssapi),
        "pg_stat_database" => Source::Listed(sessions::pg_stat_database),
        "pg_stat_ssl" => Source::Listed(sessions::pg_stat_ssl),
        "pg_tables" => Source::Listed(classes::pg_tables),
        "pg_tablespace" => Source::Listed(roles::pg_tablespace),
        "pg_timezone_names" => Source::Listed(zones::pg_timezone_names),
        "pg_ts_config" => Source::Listed(builtin::pg_ts_config),
        "pg_ts_config_map" => Source::Listed(builtin::pg_ts_config_map),
        "pg_ts_dict" => Source::Listed(builtin::pg_ts_dict),
        "pg_ts_parser" => Source::Listed(builtin::pg_ts_parser),
        "pg_ts_template" => Source::Listed(builtin::pg_ts_template),
        "pg_type" => Source::Listed(types::pg_type),
        "pg_user" | "pg_shadow" => Source::Listed(roles::pg_user),
        "pg_views" => Source::Listed(classes::pg_views),
        _ => Source::Empty,
    }
}
