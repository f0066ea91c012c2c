//! Functions in words: `pg_get_function_arguments` and its kin, and the statement that would make one. What functions there are is
//! PostgreSQL's list, `pg_proc`.

use std::sync::Arc;

use arrow::array::StringViewArray;

use super::definitions::format_type;
use super::function::{Function as Scalar, Gives, Type::*};
use crate::name::quoted;
use crate::table::pg_catalog::types::Function;

/// `pg_proc`'s word for NULL in the list.
const NULL: &str = "\\N";

/// An argument of a function.
struct Argument {
    /// `i`, `o`, `b`, `v` or `t`.
    mode: char,
    name: String,
    data_type: String,
    default: Option<String>,
}

pub(super) fn functions() -> Vec<Scalar> {
    let of_oid = |name, f: fn(Function) -> Option<String>| {
        Scalar::new(name, &[&[Oid]], Gives::Text, move |a| a.named_by(0, |oid| Function::by_oid(oid).and_then(f))).stable()
    };
    vec![
        of_oid("pg_get_function_arguments", |f| Some(listed(&arguments(f), true, true))),
        of_oid("pg_get_function_identity_arguments", |f| Some(listed(&arguments(f), false, true))),
        of_oid("pg_get_function_result", result),
        of_oid("pg_get_functiondef", definition),
        Scalar::new("pg_get_function_arg_default", &[&[Oid, Int]], Gives::Text, |a| {
            let (oids, numbers) = (a.oids(0)?, a.ints(1)?);
            let defaults = oids.into_iter().zip(numbers.iter()).map(|(oid, n)| {
                let function = Function::by_oid(oid?)?;
                arguments(function).into_iter().nth(usize::try_from(n?).ok()?.checked_sub(1)?)?.default
            });
            Ok(Arc::new(defaults.collect::<StringViewArray>()))
        })
        .stable(),
    ]
}

/// A list such as `{a,"b c",""}` without its quotes; none for NULL.
fn items(text: &str) -> Vec<String> {
    let Some(inner) = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) else { return Vec::new() };
    inner.split(',').map(|item| item.trim_matches('"').to_owned()).collect()
}

fn arguments(f: Function) -> Vec<Argument> {
    let all = items(f.text("proallargtypes"));
    let types: Vec<u32> =
        if all.is_empty() { f.arguments() } else { all.iter().map(|oid| oid.parse().unwrap_or_default()).collect() };
    let (modes, names) = (items(f.text("proargmodes")), items(f.text("proargnames")));
    let mut arguments: Vec<Argument> = types
        .into_iter()
        .enumerate()
        .map(|(i, t)| Argument {
            mode: modes.get(i).and_then(|m| m.chars().next()).unwrap_or('i'),
            name: names.get(i).cloned().unwrap_or_default(),
            data_type: format_type(t, None),
            default: None,
        })
        .collect();
    let defaults = f.text("proargdefaults");
    if defaults != NULL {
        // The defaults are those of the last input arguments.
        let defaults: Vec<String> = top_level(defaults);
        let inputs: Vec<&mut Argument> = arguments.iter_mut().filter(|a| matches!(a.mode, 'i' | 'b' | 'v')).collect();
        let first = inputs.len().saturating_sub(defaults.len());
        for (argument, default) in inputs.into_iter().skip(first).zip(defaults) {
            argument.default = Some(default);
        }
    }
    arguments
}

/// The expressions of a list, which commas in parentheses and in quotes do not part.
fn top_level(list: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut in_text) = (Vec::new(), String::new(), 0, false);
    for c in list.chars() {
        match c {
            '\'' => in_text = !in_text,
            '(' | '[' if !in_text => depth += 1,
            ')' | ']' if !in_text => depth -= 1,
            ',' if !in_text && depth == 0 => {
                parts.push(std::mem::take(&mut part).trim().to_owned());
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part.trim().to_owned());
    parts
}

/// The arguments as they stand in parentheses; the columns of a table that is returned are not among them.
fn listed(arguments: &[Argument], with_defaults: bool, with_outputs: bool) -> String {
    let shown = arguments.iter().filter(|a| a.mode != 't' && (with_outputs || a.mode != 'o')).map(|a| {
        let mode = match a.mode {
            'o' => "OUT ",
            'b' => "INOUT ",
            'v' => "VARIADIC ",
            _ => "",
        };
        let name = if a.name.is_empty() { String::new() } else { format!("{} ", quoted(&a.name)) };
        let default = match &a.default {
            Some(default) if with_defaults => format!(" DEFAULT {default}"),
            Some(_) | None => String::new(),
        };
        format!("{mode}{name}{}{default}", a.data_type)
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn result(f: Function) -> Option<String> {
    if f.text("prokind") == "p" {
        return None;
    }
    let columns: Vec<String> =
        arguments(f).into_iter().filter(|a| a.mode == 't').map(|a| format!("{} {}", quoted(&a.name), a.data_type)).collect();
    if !columns.is_empty() {
        return Some(format!("TABLE({})", columns.join(", ")));
    }
    let set = if f.text("proretset") == "t" { "SETOF " } else { "" };
    Some(format!("{set}{}", format_type(f.text("prorettype").parse().ok()?, None)))
}

/// `CREATE OR REPLACE FUNCTION` as psql's `\sf` shows it.
fn definition(f: Function) -> Option<String> {
    if f.text("prokind") == "a" {
        return None;
    }
    let language = match f.text("prolang") {
        "12" => "internal",
        "13" => "c",
        _ => "sql",
    };
    let mut how = Vec::new();
    if f.text("prokind") == "w" {
        how.push("WINDOW".to_owned());
    }
    match f.text("provolatile") {
        "i" => how.push("IMMUTABLE".to_owned()),
        "s" => how.push("STABLE".to_owned()),
        _ => {}
    }
    match f.text("proparallel") {
        "s" => how.push("PARALLEL SAFE".to_owned()),
        "r" => how.push("PARALLEL RESTRICTED".to_owned()),
        _ => {}
    }
    if f.text("proisstrict") == "t" {
        how.push("STRICT".to_owned());
    }
    if f.text("proleakproof") == "t" {
        how.push("LEAKPROOF".to_owned());
    }
    let usual_cost = if matches!(language, "internal" | "c") { "1" } else { "100" };
    if f.text("procost") != usual_cost {
        how.push(format!("COST {}", f.text("procost")));
    }
    if f.text("prorows") != "0" && f.text("prorows") != "1000" {
        how.push(format!("ROWS {}", f.text("prorows")));
    }
    let support: u32 = f.text("prosupport").parse().unwrap_or_default();
    if let Some(support) = Function::by_oid(support) {
        how.push(format!("SUPPORT {}", support.name()));
    }
    let how = if how.is_empty() { String::new() } else { format!(" {}\n", how.join(" ")) };
    Some(format!(
        "CREATE OR REPLACE FUNCTION pg_catalog.{}({})\n RETURNS {}\n LANGUAGE {language}\n{how}AS $function${}$function$\n",
        quoted(f.name()),
        listed(&arguments(f), true, true),
        result(f)?,
        f.text("prosrc"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_as_postgresql_tells_them() {
        let named = |name| Function::named(name).next().expect(name);
        assert_eq!(listed(&arguments(named("lpad")), true, true), "text, integer, text");
        assert_eq!(listed(&arguments(named("make_interval")), true, true).split(", ").next(), Some("years integer DEFAULT 0"));
        assert_eq!(listed(&arguments(named("concat_ws")), true, true), "text, VARIADIC \"any\"");
        let unnested: Vec<_> = Function::named("unnest").filter_map(result).collect();
        for of in ["SETOF anyelement", "SETOF anyrange"] {
            assert!(unnested.iter().any(|told| told == of), "{of}: {unnested:?}");
        }
        assert_eq!(top_level("'{}'::text[], f(1, 2), ','"), ["'{}'::text[]", "f(1, 2)", "','"]);
    }
}
