//! Paths in `jsonb` (SQL/JSON's `jsonpath`): the functions `jsonb_path_*` and the operators `@?` and `@@`. How a path is written is `parse`'s, what it
//! finds `run`'s. `datetime()` is not known.

mod node;
mod number;
mod parse;
mod run;
mod scan;

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, ListBuilder, StringViewArray, StringViewBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::error::Result;

use self::node::Path;
use self::run::Run;
use super::value::Json;
use super::{JSONB, Jsons};
use crate::engine::functions::function::{Call, Column, Function, Gives, Type, Type::*, logical, outward};
use crate::error::{Error, Kind};
use crate::table::pg_type;

const FORMS: &[&[Type]] = &[&[Json, Text], &[Json, Text, Json], &[Json, Text, Json, Bool]];

pub(super) fn functions() -> Vec<Function> {
    let lists = Gives::Of(|_| {
        let list = Field::new("", DataType::List(logical("item", &pg_type::JSONB)), true);
        Ok(Arc::new(pg_type::marked(list, pg_type::JSONB.array_type())))
    });
    vec![
        Function::new("jsonb_path_exists", FORMS, Gives::Bool, |call| flags(call, false, exists)).also(&["jsonb_path_exists_tz"]),
        Function::new("jsonb_path_match", FORMS, Gives::Bool, |call| flags(call, false, matches)).also(&["jsonb_path_match_tz"]),
        Function::new("jsonb_path_exists_opr", &[&[Json, Text]], Gives::Bool, |call| flags(call, true, exists)),
        Function::new("jsonb_path_match_opr", &[&[Json, Text]], Gives::Bool, |call| flags(call, true, matches)),
        Function::new("jsonb_path_query_first", FORMS, JSONB, |call| texts(call, first)).also(&["jsonb_path_query_first_tz"]),
        Function::new("jsonb_path_query_array", FORMS, JSONB, |call| texts(call, array)).also(&["jsonb_path_query_array_tz"]),
        // The rows in an array, which the dialect unfolds.
        Function::new("jsonb_path_query", FORMS, lists, rows).also(&["jsonb_path_query_tz"]),
    ]
}

/// The paths of a call, of which one that stands for all rows is read once.
struct Paths {
    texts: Column<StringViewArray>,
    constant: Option<Path>,
}

impl Paths {
    fn of(call: &Call) -> Result<Self> {
        let texts = call.texts(1)?;
        let constant = texts.constant().map(parse::path).transpose().map_err(outward)?;
        Ok(Self { texts, constant })
    }
}

/// Calls `f` with what the path of each row finds; what can't be found is NULL where the call is silent.
fn each<T>(
    call: &Call,
    silent: bool,
    row: usize,
    of: &Given,
    f: fn(&Path, &Run) -> crate::error::Result<T>,
) -> Result<Option<T>> {
    let own;
    let path = match &of.paths.constant {
        Some(path) => path,
        None => {
            own = parse::path(of.paths.texts.value(row)).map_err(outward)?;
            &own
        }
    };
    let target = of.targets.at(row)?;
    let variables = of.variables.as_ref().map(|variables| variables.at(row)).transpose()?;
    if variables.as_deref().is_some_and(|variables| !matches!(variables, Json::Object(_))) {
        let e = Error::new(Kind::InvalidParameter, "\"vars\" argument is not an object");
        return Err(outward(e.with_detail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.")));
    }
    let silent = silent || (call.len() > 3 && call.bools(3)?.value(row));
    match f(path, &Run::new(&target, variables.as_deref(), path.strict)) {
        Ok(found) => Ok(Some(found)),
        Err(e) if silent && is_of_path(e.kind()) => Ok(None),
        Err(e) => Err(outward(e)),
    }
}

/// The arguments of a call.
struct Given {
    targets: Jsons,
    paths: Paths,
    variables: Option<Jsons>,
}

impl Given {
    fn of(call: &Call) -> Result<Self> {
        let variables = if call.len() > 2 { Some(Jsons::of(call, 2)?) } else { None };
        Ok(Self { targets: Jsons::of(call, 0)?, paths: Paths::of(call)?, variables })
    }
}

/// Whether a kind of error is of what a path looks for, and not of the path.
fn is_of_path(kind: Kind) -> bool {
    [
        Kind::JsonMember,
        Kind::JsonArray,
        Kind::JsonObject,
        Kind::JsonSubscript,
        Kind::JsonSingle,
        Kind::JsonNumber,
        Kind::DivisionByZero,
        Kind::OutOfRange,
    ]
    .contains(&kind)
}

type OfRow<T> = fn(&Path, &Run) -> crate::error::Result<T>;

fn flags(call: &Call, silent: bool, f: OfRow<Option<bool>>) -> Result<ArrayRef> {
    let given = Given::of(call)?;
    call.collect::<bool, BooleanArray>(|row| Ok(each(call, silent, row, &given, f)?.flatten()))
}

fn texts(call: &Call, f: OfRow<Option<Json>>) -> Result<ArrayRef> {
    let given = Given::of(call)?;
    call.write_texts(|row, out| {
        let found = each(call, false, row, &given, f)?.flatten();
        if let Some(found) = &found {
            found.write(out);
        }
        Ok(found.is_some())
    })
}

fn rows(call: &Call) -> Result<ArrayRef> {
    let (given, known) = (Given::of(call)?, call.known());
    let field = match call.gives.data_type() {
        DataType::List(item) => Arc::clone(item),
        _ => logical("item", &pg_type::JSONB),
    };
    let mut out = ListBuilder::new(StringViewBuilder::new()).with_field(field);
    for row in 0..call.rows {
        let is_known = known.as_ref().is_none_or(|known| known.is_valid(row));
        if is_known {
            for found in each(call, false, row, &given, |path, run| run.all(path))?.unwrap_or_default() {
                let mut text = String::new();
                found.write(&mut text);
                out.values().append_value(text);
            }
        }
        out.append(is_known);
    }
    Ok(Arc::new(out.finish()))
}

fn exists(path: &Path, run: &Run) -> crate::error::Result<Option<bool>> {
    Ok(Some(!run.all(path)?.is_empty()))
}

fn matches(path: &Path, run: &Run) -> crate::error::Result<Option<bool>> {
    match run.all(path)?.as_slice() {
        [Json::Bool(is_true)] => Ok(Some(*is_true)),
        [Json::Null] => Ok(None),
        _ => Err(Error::new(Kind::JsonSingle, "single boolean result is expected")),
    }
}

fn first(path: &Path, run: &Run) -> crate::error::Result<Option<Json>> {
    Ok(run.all(path)?.into_iter().next())
}

fn array(path: &Path, run: &Run) -> crate::error::Result<Option<Json>> {
    Ok(Some(Json::Array(run.all(path)?)))
}
