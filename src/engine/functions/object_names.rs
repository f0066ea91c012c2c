//! Names of objects as oids and oids as names: the `reg*` types, `to_reg*`, and what `regclass` shows.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray, StructArray, UInt32Array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;

use super::catalog_lookup::Lookup;
use super::definitions::{format_type, shown as shown_type};
use super::function::{Function, Gives, Type::*, outward};
use crate::engine::type_names::{self, Written};
use crate::error::{self, Error, Kind};
use crate::name::{identifiers, nearest, quoted};
use crate::table::pg_catalog::{index_by_name, listing, namespaces, roles, types};
use crate::table::pg_type::{self, PgType};
use crate::table::virtual_table::{SystemEnv, relations};

type OfNumber = fn(&Lookup<'_>, &SystemEnv, u32) -> Option<String>;
type OfName = fn(&SystemEnv, &str) -> error::Result<Option<u32>>;

pub(super) fn functions() -> Vec<Function> {
    let named = |name, f: OfNumber| {
        Function::new(name, &[&[Oid]], Gives::Text, move |a| {
            let (env, numbers) = (a.env()?, a.oids(0)?);
            let lookup = Lookup::new(env, numbers.len()).map_err(outward)?;
            let texts = numbers.into_iter().map(|n| n.and_then(|n| f(&lookup, env, n)));
            Ok(Arc::new(texts.collect::<StringViewArray>()))
        })
        .stable()
    };
    let shown = |name, f: OfNumber, of: fn(&[FieldRef]) -> Result<FieldRef>| {
        Function::new(name, &[&[Oid]], Gives::Of(of), move |a| {
            let (env, numbers) = (a.env()?, a.oids(0)?);
            let lookup = Lookup::new(env, numbers.len()).map_err(outward)?;
            let texts: StringViewArray = numbers.iter().map(|n| n.and_then(|n| f(&lookup, env, n))).collect();
            let nulls = texts.nulls().cloned();
            let parts: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(numbers)), Arc::new(texts)];
            Ok(Arc::new(StructArray::try_new(pg_type::object_parts(), parts, nulls)?))
        })
        .stable()
    };
    let parsed = |name, strict: bool, f: OfName, what: &'static str| {
        Function::new(name, &[&[Text], &[Oid]], Gives::Oid, move |a| {
            let (env, texts) = (a.env()?, a.texts(0)?);
            let oids = texts.iter().map(|text| oid_of(env, text, strict, f, what)).collect::<Result<UInt32Array>>()?;
            Ok(Arc::new(oids) as ArrayRef)
        })
        .stable()
    };
    let both: [(&str, &str, OfName, &str); 11] = [
        ("to_regclass", "to_regclass_oid", regclass_oid, "relation"),
        ("to_regtype", "to_regtype_oid", regtype_oid, "type"),
        ("to_regnamespace", "to_regnamespace_oid", regnamespace_oid, "schema"),
        ("to_regproc", "to_regproc_oid", regproc_oid, "function"),
        ("to_regprocedure", "to_regprocedure_oid", regprocedure_oid, "function"),
        ("to_regrole", "to_regrole_oid", regrole_oid, "role"),
        ("to_regoper", "to_regoper_oid", regoper_oid, "operator"),
        ("to_regoperator", "to_regoperator_oid", regoper_oid, "operator"),
        ("to_regcollation", "to_regcollation_oid", |_, name| Ok(listed("pg_collation", "collname", name)), "collation"),
        ("to_regconfig", "to_regconfig_oid", |_, name| Ok(listed("pg_ts_config", "cfgname", name)), "text search configuration"),
        (
            "to_regdictionary",
            "to_regdictionary_oid",
            |_, name| Ok(listed("pg_ts_dict", "dictname", name)),
            "text search dictionary",
        ),
    ];
    let mut functions = vec![
        named("regtype_name", |lookup, _, oid| Some(shown_type(lookup, oid, None))),
        named("regclass_name", |lookup, _, oid| Some(lookup.regclass(oid))),
        named("regnamespace_name", |lookup, _, oid| Some(lookup.schema_name(oid))),
        named("regproc_name", |_, _, oid| Some(types::shown_function(oid))),
        named("regprocedure_name", |_, _, oid| Some(regprocedure(oid))),
        named("regrole_name", role),
        named("regoper_name", |_, _, oid| Some(name_in("pg_operator", "oprname", oid))),
        named("regoperator_name", |_, _, oid| Some(regoperator(oid))),
        named("regcollation_name", |_, _, oid| Some(name_in("pg_collation", "collname", oid))),
        named("regconfig_name", |_, _, oid| Some(name_in("pg_ts_config", "cfgname", oid))),
        named("regdictionary_name", |_, _, oid| Some(name_in("pg_ts_dict", "dictname", oid))),
    ];
    // The same beside the oid, for what is shown to clients.
    functions.extend([
        shown("regclass_shown", |lookup, _, oid| Some(lookup.regclass(oid)), |_| Ok(object(&pg_type::REGCLASS))),
        shown("regnamespace_shown", |lookup, _, oid| Some(lookup.schema_name(oid)), |_| Ok(object(&pg_type::REGNAMESPACE))),
        shown("regproc_shown", |_, _, oid| Some(types::shown_function(oid)), |_| Ok(object(&pg_type::REGPROC))),
        shown("regprocedure_shown", |_, _, oid| Some(regprocedure(oid)), |_| Ok(object(&pg_type::REGPROCEDURE))),
        shown("regrole_shown", role, |_| Ok(object(&pg_type::REGROLE))),
        shown("regtype_shown", |lookup, _, oid| Some(shown_type(lookup, oid, None)), |_| Ok(object(&pg_type::REGTYPE))),
    ]);
    for (lenient, strict, f, what) in both {
        functions.extend([parsed(lenient, false, f, what), parsed(strict, true, f, what)]);
    }
    functions
}

fn role(_: &Lookup<'_>, env: &SystemEnv, oid: u32) -> Option<String> {
    Some(roles::name_of(env, oid).map_or_else(|| number(oid), |name| quoted(&name)))
}

/// The field of an object's oid with its name.
fn object(pg: &'static PgType) -> FieldRef {
    Arc::new(pg_type::marked(Field::new("", DataType::Struct(pg_type::object_parts()), true), pg))
}

/// The oid of the relation that a text names.
pub(super) fn relation(env: &SystemEnv, text: Option<&str>) -> Result<Option<u32>> {
    oid_of(env, text, true, regclass_oid, "relation")
}

/// The oid that a text names: digits as they are, `-` for none. With `strict`, an unknown name is an error.
fn oid_of(
    env: &SystemEnv,
    text: Option<&str>,
    strict: bool,
    find: fn(&SystemEnv, &str) -> error::Result<Option<u32>>,
    what: &str,
) -> Result<Option<u32>> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(oid) = text.parse() {
        return Ok(Some(oid));
    }
    if text == "-" {
        return Ok(Some(0));
    }
    match find(env, text).map_err(outward)? {
        None if strict => Err(outward(unknown(env, text, what))),
        found => Ok(found),
    }
}

fn unknown(env: &SystemEnv, text: &str, what: &str) -> Error {
    let kind = match what {
        "relation" => Kind::UndefinedTable,
        "schema" => Kind::UndefinedSchema,
        "function" => Kind::UndefinedFunction,
        _ => Kind::UndefinedObject,
    };
    let names = match what {
        "function" | "operator" => vec![text.to_owned()],
        "type" => type_names::read(text).map_or_else(|| vec![text.to_owned()], |written| written.parts()),
        _ => parts(text),
    };
    if let [schema, _] = names.as_slice()
        && namespaces(env).is_ok_and(|known| known.iter().all(|n| n.name != *schema))
    {
        return Error::new(Kind::UndefinedSchema, format!("schema \"{schema}\" does not exist"));
    }
    let error = Error::new(kind, format!("{what} \"{}\" does not exist", names.join(".")));
    let wrong = text.rsplit('.').next().unwrap_or(text);
    let listed = if what == "relation" { env.catalogs.names_like(&env.database, wrong).unwrap_or_default() } else { Vec::new() };
    match nearest(wrong, listed.iter().map(|(_, name)| name.as_str())) {
        Some(near) => error.with_hint(format!("Perhaps you meant \"{near}\".")),
        None => error,
    }
}

/// The name of an object of the system's own; `None` where it is said to stand in another schema.
fn system_name(text: &str) -> Option<String> {
    let mut parts = parts(text);
    let name = parts.pop()?;
    parts.pop().is_none_or(|schema| schema == "pg_catalog").then_some(name)
}

/// The parts of `name`, `schema.name` or `database.schema.name`.
fn parts(text: &str) -> Vec<String> {
    identifiers::split(text, '.')
}

pub(super) fn regclass_oid(env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    let mut parts = parts(text);
    let Some(name) = parts.pop() else { return Ok(None) };
    relation_named(env, parts.pop(), &name)
}

fn relation_named(env: &SystemEnv, schema: Option<String>, name: &str) -> error::Result<Option<u32>> {
    let schemas = match schema {
        Some(schema) => vec![schema],
        None => env.visible_schemas()?,
    };
    for schema in schemas {
        if let Some(r) = relations::of(&schema).iter().find(|r| r.name == name) {
            return Ok(Some(r.oid));
        }
        if let Some(table) = env.catalogs.table(&env.database, &schema, name)? {
            return Ok(Some(table.oid));
        }
        if let Some(index) = index_by_name(env, &schema, name)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

pub(super) fn regtype_oid(env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    let Some(Written { schema, name, is_array }) = type_names::read(text) else { return Ok(None) };
    let known = types::oid_of(&name).or_else(|| PgType::by_name(&name).filter(|t| t.name == name).map(|t| t.oid));
    if let Some(known) = known {
        let found = match &schema {
            None => true,
            Some(schema) => namespaces(env)?.iter().any(|n| n.name == *schema && Some(n.oid) == types::schema_of(known)),
        };
        if found {
            return Ok(if is_array { types::name_of(known).and_then(|n| types::oid_of(&format!("_{n}"))) } else { Some(known) });
        }
    }
    let table = relation_named(env, schema, &name)?.filter(|oid| *oid >= 16_384);
    Ok(table.map(|table| if is_array { types::row_array(table) } else { types::row_type(table) }))
}

pub(super) fn regnamespace_oid(env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    let name = parts(text).pop().unwrap_or_default();
    Ok(namespaces(env)?.into_iter().find(|n| n.name == name).map(|n| n.oid))
}

fn regproc_oid(_env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    let name = system_name(text).unwrap_or_default();
    let mut found = types::Function::named(&name);
    let Some(first) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        return Err(Error::new(Kind::AmbiguousFunction, format!("more than one function named \"{text}\"")));
    }
    Ok(Some(first.oid()))
}

/// `name(type, type)`.
pub(super) fn regprocedure_oid(env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    let Some((name, rest)) = text.split_once('(') else {
        return Err(Error::new(Kind::InvalidText, "expected a left parenthesis"));
    };
    let name = system_name(name).unwrap_or_default();
    let mut wanted = Vec::new();
    for written in rest.trim_end().trim_end_matches(')').split(',').map(str::trim).filter(|t| !t.is_empty()) {
        match regtype_oid(env, written)? {
            Some(oid) => wanted.push(oid),
            None => return Err(Error::new(Kind::UndefinedObject, format!("type \"{written}\" does not exist"))),
        }
    }
    Ok(types::Function::named(&name).find(|f| f.arguments() == wanted).map(|f| f.oid()))
}

fn regrole_oid(env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    Ok(parts(text).pop().and_then(|name| roles::oid_of(env, &name)))
}

/// An operator by its name, or with its types in parentheses.
fn regoper_oid(env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    let (name, types) = text.split_once('(').map_or((text, None), |(name, types)| (name, Some(types)));
    let name = name.rsplit('.').next().unwrap_or(name).trim();
    let Some(operators) = listing("pg_operator") else { return Ok(None) };
    let mut wanted = Vec::new();
    for written in types.into_iter().flat_map(|t| t.trim_end_matches(')').split(',')) {
        let none = written.trim().eq_ignore_ascii_case("none");
        wanted.push(if none { 0 } else { regtype_oid(env, written)?.unwrap_or_default() });
    }
    let fits = |row: &&crate::table::pg_catalog::Row| {
        operators.text(row, "oprname") == name
            && (wanted.is_empty() || wanted == [operators.number(row, "oprleft"), operators.number(row, "oprright")])
    };
    Ok(operators.rows().find(fits).map(|row| operators.number(row, "oid")))
}

/// The oid of a built-in object whose name stands in `column`.
fn listed(catalog: &str, column: &str, text: &str) -> Option<u32> {
    let name = system_name(text)?;
    let listing = listing(catalog)?;
    listing.rows().find(|row| listing.text(row, column) == name).map(|row| listing.number(row, "oid"))
}

/// The name of a built-in object.
fn name_in(catalog: &str, column: &str, oid: u32) -> String {
    let found = listing(catalog).and_then(|l| l.rows().find(|row| l.number(row, "oid") == oid).map(|row| l.text(row, column)));
    found.map_or_else(|| number(oid), |name| if catalog == "pg_operator" { name.to_owned() } else { quoted(name) })
}

/// An operator's name with the types on its sides.
fn regoperator(oid: u32) -> String {
    let found = listing("pg_operator").and_then(|l| l.rows().find(|row| l.number(row, "oid") == oid).map(|row| (l, row)));
    let Some((operators, row)) = found else { return number(oid) };
    let side = |column| match operators.number(row, column) {
        0 => "NONE".to_owned(),
        oid => format_type(oid, None),
    };
    format!("{}({},{})", operators.text(row, "oprname"), side("oprleft"), side("oprright"))
}

fn number(oid: u32) -> String {
    if oid == 0 { "-".to_owned() } else { oid.to_string() }
}

/// A function's name with the types of its arguments.
fn regprocedure(oid: u32) -> String {
    let Some(function) = types::Function::by_oid(oid) else { return number(oid) };
    let arguments: Vec<String> = function.arguments().into_iter().map(|t| format_type(t, None)).collect();
    format!("{}({})", quoted(function.name()), arguments.join(","))
}
