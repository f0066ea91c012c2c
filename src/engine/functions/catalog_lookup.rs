//! What the catalog says of an oid or a name: visibility, comments, `regclass` in both directions.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, ListBuilder, StringArray, StringBuilder, UInt32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, UInt32Type};
use datafusion::error::Result;

use super::native::{Arguments, Native, outward};
use crate::catalog::TableEntry;
use crate::engine::identifiers;
use crate::error::{self, Error, Kind};
use crate::name::{nearest, quoted};
use crate::table::pg_catalog::{namespaces, types};
use crate::table::virtual_table::{SystemEnv, relations};

/// From how many oids on the whole list of tables is read once instead of one table at a time.
const MANY_OIDS: usize = 32;

pub(super) fn functions(env: &Arc<SystemEnv>) -> Vec<Native> {
    type OfNumber = fn(&Lookup, u32) -> Option<String>;
    let named = |name, arguments: &'static [usize], f: OfNumber| {
        let env = Arc::clone(env);
        Native::stable(name, arguments, DataType::Utf8, move |a| {
            let numbers = a.numbers(0)?;
            let lookup = Lookup::new(&env, numbers.len()).map_err(outward)?;
            let texts = numbers.into_iter().map(|n| n.and_then(|n| u32::try_from(n).ok()).and_then(|n| f(&lookup, n)));
            Ok(Arc::new(texts.collect::<StringArray>()))
        })
    };
    let parsed = |name, strict: bool, f: fn(&SystemEnv, &str) -> error::Result<Option<u32>>, what: &'static str| {
        let env = Arc::clone(env);
        Native::stable(name, &[1], DataType::UInt32, move |a| {
            let oids = a.texts(0)?.iter().map(|text| oid_of(&env, text, strict, f, what)).collect::<Result<UInt32Array>>()?;
            Ok(Arc::new(oids) as ArrayRef)
        })
    };
    let (visible_env, object_env, column_env, roles_env) = (Arc::clone(env), Arc::clone(env), Arc::clone(env), Arc::clone(env));
    let mut functions = vec![
        Native::stable("pg_table_is_visible", &[1], DataType::Boolean, move |a| table_is_visible(&visible_env, a)),
        Native::stable("obj_description", &[1, 2], DataType::Utf8, move |a| obj_description(&object_env, a)),
        Native::stable("col_description", &[2], DataType::Utf8, move |a| col_description(&column_env, a)),
        Native::stable("shobj_description", &[2], DataType::Utf8, |a| a.same_text(None)),
        Native::stable("role_names", &[1], role_list(), move |a| role_names(&roles_env, a)),
        named("regclass_name", &[1], |lookup, oid| Some(lookup.regclass(oid))),
        named("regnamespace_name", &[1], |lookup, oid| Some(lookup.schema_name(oid))),
        named("regproc_name", &[1], |_, oid| Some(regproc(oid))),
        parsed("to_regclass_oid", true, regclass_oid, "relation"),
        parsed("to_regclass", false, regclass_oid, "relation"),
        parsed("to_regtype_oid", true, regtype_oid, "type"),
        parsed("to_regtype", false, regtype_oid, "type"),
        parsed("to_regnamespace_oid", true, regnamespace_oid, "schema"),
        parsed("to_regnamespace", false, regnamespace_oid, "schema"),
        parsed("to_regproc_oid", true, regproc_oid, "function"),
        parsed("to_regrole_oid", true, regrole_oid, "role"),
    ];
    let always = [
        "pg_type_is_visible",
        "pg_function_is_visible",
        "pg_operator_is_visible",
        "pg_opclass_is_visible",
        "pg_opfamily_is_visible",
        "pg_collation_is_visible",
        "pg_conversion_is_visible",
        "pg_statistics_obj_is_visible",
        "pg_ts_config_is_visible",
        "pg_ts_dict_is_visible",
        "pg_ts_parser_is_visible",
        "pg_ts_template_is_visible",
        "pg_relation_is_publishable",
    ];
    functions.extend(always.map(|name| Native::stable(name, &[1], DataType::Boolean, |a| a.same_flag(true))));
    functions
}

/// Tables by oid: read one at a time for a few oids, all at once for many.
struct Lookup<'a> {
    env: &'a SystemEnv,
    all: Option<HashMap<u32, Arc<TableEntry>>>,
    visible: Vec<String>,
}

impl<'a> Lookup<'a> {
    fn new(env: &'a SystemEnv, oids: usize) -> error::Result<Self> {
        let all = if oids > MANY_OIDS {
            Some(env.catalogs.tables(&env.database, None)?.into_iter().map(|t| (t.oid, t)).collect())
        } else {
            None
        };
        Ok(Self { env, all, visible: env.visible_schemas()? })
    }

    fn table(&self, oid: u32) -> Option<Arc<TableEntry>> {
        match &self.all {
            Some(all) => all.get(&oid).map(Arc::clone),
            None => self.env.catalogs.table_by_oid(&self.env.database, oid).ok().flatten(),
        }
    }

    /// The schema and name of a relation.
    fn relation(&self, oid: u32) -> Option<(String, String)> {
        if let Some(r) = relations::by_oid(oid) {
            return Some((r.schema.to_owned(), r.name.to_owned()));
        }
        self.table(oid).map(|t| (t.schema.clone(), t.name.clone()))
    }

    /// Whether the name alone finds the relation: its schema is on the path, and no earlier one has the same name.
    fn is_visible(&self, oid: u32) -> Option<bool> {
        let (schema, name) = self.relation(oid)?;
        let Some(place) = self.visible.iter().position(|s| *s == schema) else { return Some(false) };
        Some(!self.visible[..place].iter().any(|earlier| self.exists(earlier, &name)))
    }

    fn exists(&self, schema: &str, name: &str) -> bool {
        relations::of(schema).iter().any(|r| r.name == name)
            || self.env.catalogs.table(&self.env.database, schema, name).is_ok_and(|t| t.is_some())
    }

    /// What `regclass` shows: the name, with its schema when it is not visible, the number when there is no such relation.
    fn regclass(&self, oid: u32) -> String {
        match self.relation(oid) {
            None if oid == 0 => "-".to_owned(),
            None => oid.to_string(),
            Some((_, name)) if self.is_visible(oid) == Some(true) => quoted(&name),
            Some((schema, name)) => format!("{}.{}", quoted(&schema), quoted(&name)),
        }
    }

    fn schema_name(&self, oid: u32) -> String {
        let found = namespaces(self.env).ok().and_then(|all| all.into_iter().find(|n| n.oid == oid));
        found.map_or_else(|| oid.to_string(), |n| quoted(&n.name))
    }
}

fn table_is_visible(env: &SystemEnv, a: &Arguments) -> Result<ArrayRef> {
    let oids = a.numbers(0)?;
    let lookup = Lookup::new(env, oids.len()).map_err(outward)?;
    let visible = oids.into_iter().map(|oid| oid.and_then(|oid| lookup.is_visible(u32::try_from(oid).ok()?)));
    Ok(Arc::new(visible.collect::<BooleanArray>()))
}

fn obj_description(env: &SystemEnv, a: &Arguments) -> Result<ArrayRef> {
    let oids = a.numbers(0)?;
    let classes: Vec<Option<String>> = match a.len() {
        1 => vec![Some("pg_class".to_owned()); oids.len()],
        _ => a.texts(1)?.iter().map(|t| t.map(str::to_owned)).collect(),
    };
    let lookup = Lookup::new(env, oids.len()).map_err(outward)?;
    let schemas = namespaces(env).map_err(outward)?;
    let comments = oids.into_iter().zip(classes).map(|(oid, class)| {
        let oid = u32::try_from(oid?).ok()?;
        match class?.as_str() {
            "pg_class" => lookup.table(oid)?.comment(),
            "pg_namespace" => schemas.iter().find(|n| n.oid == oid)?.title.clone(),
            _ => None,
        }
    });
    Ok(Arc::new(comments.collect::<StringArray>()))
}

fn col_description(env: &SystemEnv, a: &Arguments) -> Result<ArrayRef> {
    let (oids, numbers) = (a.numbers(0)?, a.numbers(1)?);
    let lookup = Lookup::new(env, oids.len()).map_err(outward)?;
    let comments = oids.into_iter().zip(numbers).map(|(oid, number)| {
        let table = lookup.table(u32::try_from(oid?).ok()?)?;
        let place = usize::try_from(number?).ok()?.checked_sub(1)?;
        crate::table::pg_catalog::known_columns(&table).get(place)?.comment.clone()
    });
    Ok(Arc::new(comments.collect::<StringArray>()))
}

fn role_list() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))
}

/// The names of the roles in an array of oids.
fn role_names(env: &SystemEnv, a: &Arguments) -> Result<ArrayRef> {
    let oids = cast(a.array(0), &DataType::List(Arc::new(Field::new_list_field(DataType::UInt32, true))))?;
    let mut names = ListBuilder::new(StringBuilder::new());
    let roles = env.roles();
    for list in oids.as_list::<i32>().iter() {
        let within =
            |role: u32| list.as_ref().is_some_and(|l| l.as_primitive::<UInt32Type>().iter().any(|oid| oid == Some(role)));
        names.append_value(roles.iter().filter(|(oid, _)| within(*oid)).map(|(_, name)| Some(name)));
    }
    Ok(Arc::new(names.finish()))
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
    let error = Error::new(kind, format!("{what} \"{text}\" does not exist"));
    let tables = if what == "relation" { env.catalogs.tables(&env.database, None).unwrap_or_default() } else { Vec::new() };
    let wrong = text.rsplit('.').next().unwrap_or(text);
    match nearest(wrong, tables.iter().map(|t| t.name.as_str())) {
        Some(near) => error.with_hint(format!("Perhaps you meant \"{near}\".")),
        None => error,
    }
}

/// The parts of `name`, `schema.name` or `database.schema.name`.
fn parts(text: &str) -> Vec<String> {
    identifiers::split(text, '.')
}

fn regclass_oid(env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    let mut parts = parts(text);
    let Some(name) = parts.pop() else { return Ok(None) };
    let schemas = match parts.pop() {
        Some(schema) => vec![schema],
        None => env.visible_schemas()?,
    };
    for schema in schemas {
        if let Some(r) = relations::of(&schema).iter().find(|r| r.name == name) {
            return Ok(Some(r.oid));
        }
        if let Some(table) = env.catalogs.table(&env.database, &schema, &name)? {
            return Ok(Some(table.oid));
        }
    }
    Ok(None)
}

fn regtype_oid(_env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    let text = text.trim().to_lowercase();
    let text = text.strip_prefix("pg_catalog.").unwrap_or(&text);
    let (element, is_array) = text.strip_suffix("[]").map_or((text, false), |e| (e, true));
    let element = element.split('(').next().unwrap_or(element).trim();
    let alias = match element {
        "int" => "int4",
        "float" | "double" => "float8",
        "decimal" => "numeric",
        "string" => "text",
        "\"char\"" => "char",
        "char" => "bpchar",
        other => other,
    };
    let found = types::oid_of(alias).or_else(|| crate::table::pg_type::PgType::by_name(alias).map(|t| t.oid));
    Ok(if is_array { found.and_then(types::name_of).and_then(|n| types::oid_of(&format!("_{n}"))) } else { found })
}

fn regnamespace_oid(env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    let name = parts(text).pop().unwrap_or_default();
    Ok(namespaces(env)?.into_iter().find(|n| n.name == name).map(|n| n.oid))
}

fn regproc_oid(_env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    let name = parts(text.split('(').next().unwrap_or(text)).pop().unwrap_or_default();
    Ok(types::function(|f| f.name == name).map(|f| f.oid))
}

fn regrole_oid(env: &SystemEnv, text: &str) -> error::Result<Option<u32>> {
    let wanted = parts(text);
    Ok(env.roles().into_iter().find(|(_, name)| wanted == [name.as_str()]).map(|(oid, _)| oid))
}

fn regproc(oid: u32) -> String {
    match types::function(|f| f.oid == oid) {
        Some(f) => f.name.to_owned(),
        None if oid == 0 => "-".to_owned(),
        None => oid.to_string(),
    }
}
