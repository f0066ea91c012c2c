//! How things are defined, in words: types by `format_type`, owners, encodings, keys, indexes and functions. There are no rules,
//! triggers, defaults or partitions to tell of.

use std::sync::Arc;

use arrow::array::StringViewArray;
use arrow::datatypes::{Int32Type, Int64Type, UInt32Type};
use datafusion::error::Result;

use super::catalog_lookup::Lookup;
use super::function::{Call, Function, Gives, Type, Type::*, outward};
use super::signatures;
use crate::name::quoted;
use crate::table::geometry::Kind;
use crate::table::pg_catalog::{constraint_definition, index_by_oid, index_definition, roles, types};
use crate::table::pg_type::{self, PgType};
use crate::table::virtual_table::relations;

/// Functions that answer null, with how many arguments they take.
const WITHOUT_ANSWER: [(&str, &[&[Type]]); 10] = [
    ("pg_get_ruledef", &[&[Oid], &[Oid, Any]]),
    ("pg_get_triggerdef", &[&[Oid], &[Oid, Any]]),
    ("pg_get_partkeydef", &[&[Oid]]),
    ("pg_get_partition_constraintdef", &[&[Oid]]),
    ("pg_get_statisticsobjdef", &[&[Oid]]),
    ("pg_get_statisticsobjdef_columns", &[&[Oid]]),
    ("pg_get_function_sqlbody", &[&[Oid]]),
    ("pg_get_serial_sequence", &[&[Text, Text]]),
    ("pg_tablespace_location", &[&[Oid]]),
    ("pg_collation_actual_version", &[&[Oid]]),
];

/// What PostgreSQL counts of a table's use and Stoa does not: nothing happened, as far as is known.
const NOT_COUNTED: [&str; 16] = [
    "pg_stat_get_numscans",
    "pg_stat_get_tuples_returned",
    "pg_stat_get_tuples_fetched",
    "pg_stat_get_tuples_inserted",
    "pg_stat_get_tuples_updated",
    "pg_stat_get_tuples_deleted",
    "pg_stat_get_tuples_hot_updated",
    "pg_stat_get_live_tuples",
    "pg_stat_get_dead_tuples",
    "pg_stat_get_blocks_fetched",
    "pg_stat_get_blocks_hit",
    "pg_stat_get_vacuum_count",
    "pg_stat_get_analyze_count",
    "pg_stat_get_db_xact_commit",
    "pg_stat_get_db_xact_rollback",
    "pg_stat_get_db_numbackends",
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

const NAME: Gives = Gives::Logical(&pg_type::NAME);

pub(super) fn functions() -> Vec<Function> {
    let mut functions = vec![
        Function::new("format_type", &[&[Oid, Int]], Gives::Text, |a| {
            let (numbers, modifiers) = (a.oids(0)?, a.ints(1)?);
            let lookup = Lookup::new(a.env()?, 1).map_err(outward)?;
            let shown = numbers.into_iter().zip(modifiers.iter()).map(|(t, modifier)| Some(shown(&lookup, t?, modifier)));
            Ok(Arc::new(shown.collect::<StringViewArray>()))
        })
        .stable(),
        Function::new("pg_get_userbyid", &[&[Oid]], NAME, |a| {
            let env = a.env()?;
            a.named_by(0, |oid| Some(roles::name_of(env, oid).unwrap_or_else(|| format!("unknown (OID={oid})"))))
        })
        .stable(),
        Function::new("pg_get_constraintdef", &[&[Oid], &[Oid, Bool]], Gives::Text, |a| {
            let env = a.env()?;
            let definition = |oid: Option<u32>| match oid {
                Some(oid) => constraint_definition(env, oid).map_err(outward),
                None => Ok(None),
            };
            Ok(Arc::new(a.oids(0)?.into_iter().map(definition).collect::<Result<StringViewArray>>()?))
        })
        .stable(),
        Function::new("pg_get_viewdef", &[&[Oid], &[Oid, Any]], Gives::Text, |a| a.named_by(0, view)).stable(),
        Function::new("pg_get_indexdef", &[&[Oid], &[Oid, Int, Bool]], Gives::Text, index).stable(),
        // What stands in such a column is shown as it is kept.
        Function::new("pg_get_expr", &[&[Any, Oid], &[Any, Oid, Bool]], Gives::Text, |a| a.texts(0)?.into_array()),
        Function::new("pg_encoding_to_char", &[&[Int]], NAME, |a| {
            let numbers = a.ints(0)?;
            let name = |n: i64| usize::try_from(n).ok().and_then(|n| ENCODINGS.get(n)).copied().unwrap_or_default();
            Ok(Arc::new(numbers.iter().map(|n| n.map(name)).collect::<StringViewArray>()))
        }),
        Function::new("pg_char_to_encoding", &[&[Text]], Gives::Int4, |a| {
            let names = a.texts(0)?;
            Ok(Arc::new(names.iter().map(|name| name.map(encoding)).collect::<arrow::array::Int32Array>()))
        }),
        Function::new("pg_column_is_updatable", &[&[Regclass, Int, Bool]], Gives::Bool, |a| a.same_flag(false)).stable(),
        Function::new("pg_relation_is_updatable", &[&[Regclass, Bool]], Gives::Int4, |a| a.same::<Int32Type>(Some(0))).stable(),
    ];
    functions.extend(signatures::functions());
    functions
        .extend(NOT_COUNTED.map(|name| Function::new(name, &[&[Oid]], Gives::Int8, |a| a.same::<Int64Type>(Some(0))).stable()));
    functions.push(Function::new("pg_partition_ancestors", &[&[Oid]], Gives::Oid, |a| a.same::<UInt32Type>(None)).stable());
    functions.extend(WITHOUT_ANSWER.map(|(name, takes)| Function::new(name, takes, Gives::Text, |a| a.same_text(None)).stable()));
    functions
}

/// What a view of the system's is of, for a restored dump: its columns and no rows, as what it shows is made when it is asked for.
fn view(oid: u32) -> Option<String> {
    let relation = relations::by_oid(oid).filter(|relation| relation.kind == 'v')?;
    let column = |c: &relations::Column| format!("NULL::{} AS {}", c.pg_type.sql_name, quoted(c.name));
    let columns: Vec<String> = relation.columns.iter().map(column).collect();
    Some(format!(" SELECT {}\n  WHERE false;", columns.join(",\n    ")))
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

fn index(a: &Call) -> Result<arrow::array::ArrayRef> {
    let (env, oids) = (a.env()?, a.oids(0)?);
    let (columns, pretty) = if a.len() > 2 { (Some(a.ints(1)?), Some(a.bools(2)?)) } else { (None, None) };
    let definitions = oids.into_iter().enumerate().map(|(row, oid)| {
        let Some(oid) = oid else { return Ok(None) };
        let Some((table, index)) = index_by_oid(env, oid)? else { return Ok(None) };
        let pretty = pretty.as_ref().and_then(|p| p.get(row)) == Some(true);
        let column = columns.as_ref().and_then(|c| c.get(row)).and_then(|c| usize::try_from(c).ok()).unwrap_or_default();
        let qualified = !pretty || !env.is_visible(&table.schema, &table.name)?;
        Ok(index_definition(&table, &index, column, qualified))
    });
    Ok(Arc::new(definitions.collect::<crate::error::Result<StringViewArray>>().map_err(outward)?))
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
        ("geometry", Some(m)) => {
            let kind = Kind::of_code((m as u32 & 0xfc) >> 2).map_or("Geometry", Kind::name);
            format!("geometry({kind},{})", m >> 8)
        }
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
