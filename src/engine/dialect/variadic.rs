//! `f(VARIADIC array)`: functions of any number of arguments, given in an array. Each has a form that takes one.

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName};

use super::ast::{argument_of, folded_parts};
use crate::error::{Error, Kind, Result};

/// The call that the grammar makes of `VARIADIC array`.
pub const VARIADIC: &str = "stoa_variadic";

/// The functions, with the arguments in front of the array.
const FUNCTIONS: [(&str, usize); 13] = [
    ("concat", 0),
    ("concat_ws", 1),
    ("format", 1),
    ("json_build_array", 0),
    ("json_build_object", 0),
    ("json_extract_path", 1),
    ("json_extract_path_text", 1),
    ("jsonb_build_array", 0),
    ("jsonb_build_object", 0),
    ("jsonb_extract_path", 1),
    ("jsonb_extract_path_text", 1),
    ("num_nonnulls", 0),
    ("num_nulls", 0),
];

/// `concat(VARIADIC a)` becomes `concat_of(a)`.
pub fn gathered(expr: &mut Expr) -> Result<()> {
    let Expr::Function(f) = expr else { return Ok(()) };
    let FunctionArguments::List(list) = &mut f.args else { return Ok(()) };
    let array = match list.args.last() {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(last))) => argument_of(last, VARIADIC).cloned(),
        Some(_) | None => None,
    };
    let (Some(array), Some(name)) = (array, folded_parts(&f.name).pop()) else { return Ok(()) };
    if name == VARIADIC || !FUNCTIONS.contains(&(name.as_str(), list.args.len() - 1)) {
        let error = Error::new(Kind::Unsupported, format!("VARIADIC is not supported for {name}()"));
        return Err(error.with_hint("Give the elements one by one."));
    }
    list.args.pop();
    list.args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(array)));
    f.name = ObjectName::from(vec![Ident::new(format!("{name}_of"))]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn arrays_of_arguments_are_given_to_forms_that_take_them() {
        for (sql, want) in [
            ("select concat_ws(',', stoa_variadic(a)) as x from t", "SELECT concat_ws_of(',', a) AS x FROM t"),
            ("select lower(stoa_variadic(a)) from t", "Unsupported: VARIADIC is not supported for lower()"),
        ] {
            assert_eq!(rewritten(sql), want);
        }
    }
}
