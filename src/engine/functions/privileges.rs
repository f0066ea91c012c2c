//! What a role may do. Every published table that a session can see may be read by it, and nothing may be written.

use arrow::array::BooleanArray;
use arrow::datatypes::DataType;
use std::sync::Arc;

use super::native::Native;

/// Privileges that reading needs; all others are writes.
const READING: [&str; 6] = ["SELECT", "USAGE", "CONNECT", "EXECUTE", "MEMBER", "SET"];

pub(super) fn functions() -> Vec<Native> {
    let names = [
        "has_any_column_privilege",
        "has_column_privilege",
        "has_database_privilege",
        "has_foreign_data_wrapper_privilege",
        "has_function_privilege",
        "has_language_privilege",
        "has_parameter_privilege",
        "has_schema_privilege",
        "has_sequence_privilege",
        "has_server_privilege",
        "has_table_privilege",
        "has_tablespace_privilege",
        "has_type_privilege",
        "pg_has_role",
    ];
    let mut functions: Vec<Native> = names
        .into_iter()
        .map(|name| {
            Native::stable(name, &[2, 3, 4], DataType::Boolean, |a| {
                let privileges = a.texts(a.len() - 1)?;
                Ok(Arc::new(privileges.iter().map(|p| p.map(may)).collect::<BooleanArray>()))
            })
        })
        .collect();
    functions.push(Native::stable("row_security_active", &[1], DataType::Boolean, |a| a.same_flag(false)));
    functions
}

/// Whether any privilege of a list such as `SELECT, INSERT` is one that reading needs.
fn may(privileges: &str) -> bool {
    privileges.split(',').any(|p| {
        let p = p.trim().to_uppercase();
        READING.contains(&p.strip_suffix(" WITH GRANT OPTION").map_or(p.as_str(), |_| ""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_allowed_and_writing_is_not() {
        for (privileges, want) in
            [("SELECT", true), ("usage", true), ("insert", false), ("INSERT, SELECT", true), ("SELECT WITH GRANT OPTION", false)]
        {
            assert_eq!(may(privileges), want, "{privileges}");
        }
    }
}
