//! How things are defined, in words: types by `format_type`, owners, encodings; and the `pg_get_*` functions, which have nothing to
//! say but of keys: tables have no defaults, rules, indexes or triggers.

use std::sync::Arc;

use arrow::array::StringArray;
use arrow::datatypes::DataType;
use datafusion::error::Result;

use super::native::{Native, outward};
use crate::table::pg_catalog::{constraint_definition, types};
use crate::table::pg_type::PgType;
use crate::table::virtual_table::SystemEnv;

/// Functions that answer null, with how many arguments they take.
const WITHOUT_ANSWER: [(&str, &[usize]); 17] = [
    ("pg_get_expr", &[2, 3]),
    ("pg_get_indexdef", &[1, 2, 3]),
    ("pg_get_viewdef", &[1, 2]),
    ("pg_get_ruledef", &[1, 2]),
    ("pg_get_triggerdef", &[1, 2]),
    ("pg_get_partkeydef", &[1]),
    ("pg_get_partition_constraintdef", &[1]),
    ("pg_get_statisticsobjdef", &[1]),
    ("pg_get_statisticsobjdef_columns", &[1]),
    ("pg_get_functiondef", &[1]),
    ("pg_get_function_result", &[1]),
    ("pg_get_function_arguments", &[1]),
    ("pg_get_function_identity_arguments", &[1]),
    ("pg_get_function_sqlbody", &[1]),
    ("pg_get_serial_sequence", &[2]),
    ("pg_tablespace_location", &[1]),
    ("pg_collation_actual_version", &[1]),
];

pub(super) fn functions(env: &Arc<SystemEnv>) -> Vec<Native> {
    let (roles_env, keys_env) = (Arc::clone(env), Arc::clone(env));
    let mut functions = vec![
        Native::pure("format_type", &[2], DataType::Utf8, |a| {
            let (types, modifiers) = (a.numbers(0)?, a.numbers(1)?);
            let shown =
                types.into_iter().zip(modifiers).map(|(t, modifier)| Some(format_type(u32::try_from(t?).ok()?, modifier)));
            Ok(Arc::new(shown.collect::<StringArray>()))
        }),
        Native::stable("pg_get_userbyid", &[1], DataType::Utf8, move |a| {
            let roles = roles_env.roles();
            a.map_numbers(0, |oid| {
                let role = roles.iter().find(|(known, _)| i64::from(*known) == oid);
                Some(role.map_or_else(|| format!("unknown (OID={oid})"), |(_, name)| name.clone()))
            })
        }),
        Native::stable("pg_get_constraintdef", &[1, 2], DataType::Utf8, move |a| {
            let definition = |oid: Option<i64>| match oid.and_then(|oid| u32::try_from(oid).ok()) {
                Some(oid) => constraint_definition(&keys_env, oid).map_err(outward),
                None => Ok(None),
            };
            Ok(Arc::new(a.numbers(0)?.into_iter().map(definition).collect::<Result<StringArray>>()?))
        }),
        Native::pure("pg_encoding_to_char", &[1], DataType::Utf8, |a| {
            a.map_numbers(0, |encoding| Some(if encoding == 6 { "UTF8" } else { "" }.to_owned()))
        }),
        Native::pure("pg_char_to_encoding", &[1], DataType::Int32, |a| {
            let codes =
                a.texts(0)?.iter().map(|name| name.map(|n| if n.eq_ignore_ascii_case("utf8") { 6 } else { -1 })).collect();
            let codes: arrow::array::Int32Array = codes;
            Ok(Arc::new(codes))
        }),
    ];
    functions
        .extend(WITHOUT_ANSWER.map(|(name, arguments)| Native::stable(name, arguments, DataType::Utf8, |a| a.same_text(None))));
    functions
}

/// A type in SQL's words: `numeric(10,2)`, `bigint[]`. A modifier of -1 is none.
fn format_type(oid: u32, modifier: Option<i64>) -> String {
    if let Some(element) = types::element_of(oid) {
        return format!("{}[]", format_type(element, modifier));
    }
    let name = match (PgType::by_oid(oid), types::name_of(oid)) {
        (Some(t), _) => t.sql_name,
        (None, Some("timetz")) => "time with time zone",
        (None, Some("bit")) => "bit",
        (None, Some("varbit")) => "bit varying",
        (None, Some(name)) => name,
        (None, None) if oid == 0 => "-",
        (None, None) => "???",
    };
    match (name, modifier.filter(|m| *m >= 4)) {
        ("numeric", Some(m)) => format!("numeric({},{})", (m - 4) >> 16, (m - 4) & 0xffff),
        ("character varying" | "character", Some(m)) => format!("{name}({})", m - 4),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::format_type;

    #[test]
    fn types_are_named_as_postgresql_names_them() {
        for (oid, modifier, want) in [
            (20, None, "bigint"),
            (1016, Some(-1), "bigint[]"),
            (1700, Some(655_366), "numeric(10,2)"),
            (1043, Some(24), "character varying(20)"),
            (1184, Some(-1), "timestamp with time zone"),
            (18, Some(-1), "\"char\""),
            (0, None, "-"),
            (999_999, None, "???"),
        ] {
            assert_eq!(format_type(oid, modifier), want);
        }
    }
}
