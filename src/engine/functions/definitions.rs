//! How things are defined, in words: types by `format_type`, owners, encodings, keys, indexes and functions. There are no rules,
//! triggers, defaults or partitions to tell of.

use std::sync::Arc;

use arrow::array::StringArray;
use arrow::datatypes::DataType;
use datafusion::error::Result;

use super::catalog_lookup::Lookup;
use super::native::{Arguments, Native, outward};
use super::signatures;
use crate::table::pg_catalog::{constraint_definition, index_by_oid, index_definition, roles, types};
use crate::table::pg_type::PgType;
use crate::table::virtual_table::SystemEnv;

/// Functions that answer null, with how many arguments they take.
const WITHOUT_ANSWER: [(&str, &[usize]); 12] = [
    ("pg_partition_ancestors", &[1]),
    ("pg_get_viewdef", &[1, 2]),
    ("pg_get_ruledef", &[1, 2]),
    ("pg_get_triggerdef", &[1, 2]),
    ("pg_get_partkeydef", &[1]),
    ("pg_get_partition_constraintdef", &[1]),
    ("pg_get_statisticsobjdef", &[1]),
    ("pg_get_statisticsobjdef_columns", &[1]),
    ("pg_get_function_sqlbody", &[1]),
    ("pg_get_serial_sequence", &[2]),
    ("pg_tablespace_location", &[1]),
    ("pg_collation_actual_version", &[1]),
];

/// What PostgreSQL counts of a table's use and Stoa does not: nothing happened, as far as is known.
const NOT_COUNTED: [(&str, &[usize]); 16] = [
    ("pg_stat_get_numscans", &[1]),
    ("pg_stat_get_tuples_returned", &[1]),
    ("pg_stat_get_tuples_fetched", &[1]),
    ("pg_stat_get_tuples_inserted", &[1]),
    ("pg_stat_get_tuples_updated", &[1]),
    ("pg_stat_get_tuples_deleted", &[1]),
    ("pg_stat_get_tuples_hot_updated", &[1]),
    ("pg_stat_get_live_tuples", &[1]),
    ("pg_stat_get_dead_tuples", &[1]),
    ("pg_stat_get_blocks_fetched", &[1]),
    ("pg_stat_get_blocks_hit", &[1]),
    ("pg_stat_get_vacuum_count", &[1]),
    ("pg_stat_get_analyze_count", &[1]),
    ("pg_stat_get_db_xact_commit", &[1]),
    ("pg_stat_get_db_xact_rollback", &[1]),
    ("pg_stat_get_db_numbackends", &[1]),
];

/// PostgreSQL's encodings by their numbers.
const ENCODINGS: [&str; 42] = [
    "SQL_ASCII",
    "EUC_JP",
    "EUC_CN",
    "EUC_KR",
    "EUC_TW",
    "EUC_JIS_2004",
    "UTF8",
    "MULE_INTERNAL",
    "LATIN1",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "LATIN10",
    "WIN1256",
    "WIN1258",
    "WIN866",
    "WIN874",
    "KOI8R",
    "WIN1251",
    "WIN1252",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "WIN1250",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1257",
    "KOI8U",
    "SJIS",
    "BIG5",
    "GBK",
    "UHC",
    "GB18030",
    "JOHAB",
    "SHIFT_JIS_2004",
];

pub(super) fn functions(env: &Arc<SystemEnv>) -> Vec<Native> {
    let (users_env, keys_env, types_env, indexes_env) = (Arc::clone(env), Arc::clone(env), Arc::clone(env), Arc::clone(env));
    let mut functions = vec![
        Native::stable("format_type", &[2], DataType::Utf8, move |a| {
            let (numbers, modifiers) = (a.numbers(0)?, a.numbers(1)?);
            let lookup = Lookup::new(&types_env, 1).map_err(outward)?;
            let shown =
                numbers.into_iter().zip(modifiers).map(|(t, modifier)| Some(shown(&lookup, u32::try_from(t?).ok()?, modifier)));
            Ok(Arc::new(shown.collect::<StringArray>()))
        }),
        Native::stable("pg_get_userbyid", &[1], DataType::Utf8, move |a| {
            a.map_numbers(0, |oid| {
                let name = u32::try_from(oid).ok().and_then(|oid| roles::name_of(&users_env, oid));
                Some(name.unwrap_or_else(|| format!("unknown (OID={oid})")))
            })
        }),
        Native::stable("pg_get_constraintdef", &[1, 2], DataType::Utf8, move |a| {
            let definition = |oid: Option<i64>| match oid.and_then(|oid| u32::try_from(oid).ok()) {
                Some(oid) => constraint_definition(&keys_env, oid).map_err(outward),
                None => Ok(None),
            };
            Ok(Arc::new(a.numbers(0)?.into_iter().map(definition).collect::<Result<StringArray>>()?))
        }),
        Native::stable("pg_get_indexdef", &[1, 3], DataType::Utf8, move |a| index(&indexes_env, a)),
        // What stands in such a column is shown as it is kept.
        Native::pure("pg_get_expr", &[2, 3], DataType::Utf8, |a| Ok(Arc::new(a.texts(0)?))),
        Native::pure("pg_encoding_to_char", &[1], DataType::Utf8, |a| {
            a.map_numbers(0, |n| {
                Some(usize::try_from(n).ok().and_then(|n| ENCODINGS.get(n)).copied().unwrap_or_default().to_owned())
            })
        }),
        Native::pure("pg_char_to_encoding", &[1], DataType::Int32, |a| {
            let codes = a.texts(0)?.iter().map(|name| name.map(encoding)).collect::<arrow::array::Int32Array>();
            Ok(Arc::new(codes))
        }),
    ];
    functions.extend(signatures::functions());
    functions.extend(NOT_COUNTED.map(|(name, arguments)| {
        Native::stable(name, arguments, DataType::Int64, |a| Ok(Arc::new(arrow::array::Int64Array::from(vec![0; a.rows]))))
    }));
    functions.push(Native::stable("pg_column_is_updatable", &[3], DataType::Boolean, |a| a.same_flag(false)));
    functions.push(Native::stable("pg_relation_is_updatable", &[2], DataType::Int32, |a| {
        Ok(Arc::new(arrow::array::Int32Array::from(vec![0; a.rows])))
    }));
    functions
        .extend(WITHOUT_ANSWER.map(|(name, arguments)| Native::stable(name, arguments, DataType::Utf8, |a| a.same_text(None))));
    functions
}

/// The number of an encoding whose name is written in any case and with any marks; -1 where there is none.
fn encoding(name: &str) -> i32 {
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect::<String>();
    let wanted = match plain(name).as_str() {
        "UNICODE" => "UTF8".to_owned(),
        other => other.to_owned(),
    };
    (0..).zip(ENCODINGS).find(|(_, e)| plain(e) == wanted).map_or(-1, |(n, _)| n)
}

fn index(env: &SystemEnv, a: &Arguments) -> Result<arrow::array::ArrayRef> {
    let oids = a.numbers(0)?;
    let columns = if a.len() > 1 { a.numbers(1)? } else { vec![Some(0); oids.len()] };
    let pretty = if a.len() > 2 { Some(a.booleans(2)?) } else { None };
    let definitions = oids.into_iter().zip(columns).enumerate().map(|(i, (oid, column))| {
        let Some(oid) = oid.and_then(|oid| u32::try_from(oid).ok()) else { return Ok(None) };
        let Some((table, index)) = index_by_oid(env, oid)? else { return Ok(None) };
        let pretty = pretty.as_ref().is_some_and(|p| p.value(i.min(p.len() - 1)));
        let qualified = !pretty || !env.is_visible(&table.schema, &table.name)?;
        Ok(index_definition(&table, &index, usize::try_from(column.unwrap_or_default()).unwrap_or_default(), qualified))
    });
    Ok(Arc::new(definitions.collect::<crate::error::Result<StringArray>>().map_err(outward)?))
}

/// A type in SQL's words, also the row type of a table.
pub(super) fn shown(lookup: &Lookup<'_>, oid: u32, modifier: Option<i64>) -> String {
    match types::table_of_row_type(oid) {
        Some((table, array)) => match lookup.relation(table) {
            Some(_) => format!("{}{}", lookup.regclass(table), if array { "[]" } else { "" }),
            None => "???".to_owned(),
        },
        None => format_type(oid, modifier),
    }
}

/// A type in SQL's words: `numeric(10,2)`, `bigint[]`. `None` says that nothing is known of a modifier, -1 that there is none.
pub(super) fn format_type(oid: u32, modifier: Option<i64>) -> String {
    if let Some(element) = types::element_of(oid) {
        return format!("{}[]", format_type(element, modifier));
    }
    let name = match (PgType::by_oid(oid), types::name_of(oid)) {
        (_, Some("bpchar")) if modifier == Some(-1) => "bpchar",
        (Some(t), _) => t.sql_name,
        (None, Some("timetz")) => "time with time zone",
        (None, Some("bit")) if modifier == Some(-1) => "\"bit\"",
        (None, Some("bit")) => "bit",
        (None, Some("varbit")) => "bit varying",
        (None, Some("any")) => "\"any\"",
        (None, Some(name)) if types::schema_of(oid) != Some(PG_CATALOG) => return format!("information_schema.{name}"),
        (None, Some(name)) => name,
        (None, None) if oid == 0 => "-",
        (None, None) => "???",
    };
    match (name, modifier.filter(|m| *m >= 0)) {
        ("numeric", Some(m)) if m >= 4 => {
            // The scale is of 11 bits with a sign.
            let scale = (((m - 4) & 0x7ff) ^ 1024) - 1024;
            format!("numeric({},{scale})", ((m - 4) >> 16) & 0xffff)
        }
        ("character varying" | "character", Some(m)) if m >= 4 => format!("{name}({})", m - 4),
        ("bit" | "bit varying", Some(m)) => format!("{name}({m})"),
        ("interval", Some(m)) if m & 0xffff != 0xffff => format!("interval({})", m & 0xffff),
        (name, Some(m)) if name.contains("time zone") => match name.split_once(' ') {
            Some((word, rest)) => format!("{word}({m}) {rest}"),
            None => name.to_owned(),
        },
        _ => name.to_owned(),
    }
}

/// The schema of all types but those of `information_schema`.
const PG_CATALOG: u32 = 11;

#[cfg(test)]
mod tests {
    use super::{encoding, format_type};

    #[test]
    fn types_are_named_as_postgresql_names_them() {
        for (oid, modifier, want) in [
            (20, None, "bigint"),
            (1016, Some(-1), "bigint[]"),
            (1700, Some(655_366), "numeric(10,2)"),
            (1043, Some(24), "character varying(20)"),
            (1184, Some(-1), "timestamp with time zone"),
            (1184, Some(3), "timestamp(3) with time zone"),
            (1042, Some(-1), "bpchar"),
            (1042, None, "character"),
            (18, Some(-1), "\"char\""),
            (13_226, Some(-1), "information_schema.sql_identifier"),
            (22, None, "int2vector"),
            (0, None, "-"),
            (999_999, None, "???"),
        ] {
            assert_eq!(format_type(oid, modifier), want);
        }
        assert_eq!((encoding("utf-8"), encoding("latin1"), encoding("klingon")), (6, 8, -1));
    }
}
