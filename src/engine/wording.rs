//! DataFusion's plan errors are only told apart by their words: those that a client meets, in PostgreSQL's. Typed errors and places are `failure`'s.

use super::failure::{cast, first_line, out_of_memory};
use crate::error::{Error, Kind};
use crate::table::pg_type::PgType;

/// What stands in a message of DataFusion, and what PostgreSQL says.
const SAID: &[(&str, Kind, &str)] = &[
    (
        "SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
        Kind::InvalidPosition,
        "SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
    ),
    (
        "For SELECT DISTINCT, ORDER BY expressions",
        Kind::InvalidPosition,
        "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
    ),
    (
        "to grouping function is not in grouping columns",
        Kind::Grouping,
        "arguments to GROUPING must be grouping expressions of the associated query level",
    ),
    ("Aggregate functions are not allowed in the WHERE clause", Kind::Grouping, "aggregate functions are not allowed in WHERE"),
    (
        "RANGE requires exactly one ORDER BY column",
        Kind::Windowing,
        "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column",
    ),
    ("NTILE requires a positive integer", Kind::InvalidNtile, "argument of ntile must be greater than zero"),
    ("can't be 0 for function generate_series", Kind::InvalidParameter, "step size cannot equal zero"),
    ("Aggregate function calls cannot be nested", Kind::Grouping, "aggregate function calls cannot be nested"),
    (
        "In an aggregate with DISTINCT, ORDER BY expressions must appear in argument list",
        Kind::InvalidPosition,
        "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list",
    ),
    ("Inconsistent data length across values list", Kind::Syntax, "VALUES lists must all be the same length"),
    ("LIMIT must be >= 0", Kind::InvalidLimit, "LIMIT must not be negative"),
    ("OFFSET must be >=0", Kind::InvalidOffset, "OFFSET must not be negative"),
    ("Too many columns! The subquery should only return one column", Kind::Syntax, "subquery must return only one column"),
    (
        "Scalar subquery returned more than one row",
        Kind::Cardinality,
        "more than one row returned by a subquery used as an expression",
    ),
    ("UNION queries have different number of columns", Kind::Syntax, "each UNION query must have the same number of columns"),
    (
        "INTERSECT queries have different number of columns",
        Kind::Syntax,
        "each INTERSECT query must have the same number of columns",
    ),
    ("is not Struct, Map, or Null", Kind::UndefinedColumn, "column does not exist: what stands before the dot has no fields"),
    ("EXCEPT queries have different number of columns", Kind::Syntax, "each EXCEPT query must have the same number of columns"),
];

/// The remedy that PostgreSQL names for an operator or a function of other types.
const CASTS: &str = "You might need to add explicit type casts.";

/// The remedy for a function that there is not.
pub const FUNCTION_HINT: &str =
    "No function matches the given name and argument types. You might need to add explicit type casts.";

/// The error of a message.
pub fn by_words(message: &str) -> Error {
    let message = first_line(message);
    let plain = message.strip_prefix("Error during planning: ").unwrap_or(&message);
    // What a function of ours says of its arguments' types comes in DataFusion's words around it.
    if let Some((_, ours)) = plain.split_once("user-defined coercion failed with: External error: ")
        && let Some((missing, _)) = ours.split_once(" does not exist")
    {
        let e = Error::new(Kind::UndefinedFunction, format!("{missing} does not exist"));
        return e.with_hint(format!("No function matches the given name and argument types. {CASTS}"));
    }
    if let Some((_, rest)) = plain.split_once("Function '")
        && let Some((name, _)) = rest.split_once("' user-defined coercion failed")
    {
        let e = Error::new(Kind::UndefinedFunction, format!("function {name} does not exist"));
        return e.with_hint(FUNCTION_HINT);
    }
    if plain.contains("Invalid escape character in LIKE expression") {
        let hint = "Escape string must be empty or one character.";
        return Error::new(Kind::InvalidEscape, "invalid escape string").with_hint(hint);
    }
    if let Some(parts) = plain.strip_prefix("compound identifier: [").and_then(|rest| rest.strip_suffix(']')) {
        let name = parts.split(", ").map(|part| part.trim_matches('"')).collect::<Vec<_>>().join(".");
        return Error::new(Kind::Syntax, format!("improper qualified name (too many dotted names): {name}"));
    }
    if let Some((_, kind, said)) = SAID.iter().find(|(words, ..)| plain.contains(words)) {
        return Error::new(*kind, *said);
    }
    if let Some(e) = undefined(plain).or_else(|| of_operator(plain)).or_else(|| of_types(plain)).or_else(|| grouping(plain)) {
        return e;
    }
    let kind = if plain.contains("Cannot cast") || plain.contains("cannot cast") {
        return cast(plain);
    } else if plain.contains("Cannot coerce") || plain.contains("coercion") || plain.contains("No function matches") {
        Kind::DatatypeMismatch
    } else if plain.contains("Divide by zero") || plain.contains("division by zero") {
        return Error::new(Kind::DivisionByZero, "division by zero");
    } else if plain.contains("overflow") {
        Kind::OutOfRange
    } else if plain.contains("Error parsing timestamp") {
        Kind::InvalidDatetime
    } else if plain.contains("not supported") || plain.contains("not implemented") || plain.contains("Unsupported") {
        Kind::Unsupported
    } else if plain.contains("Resources exhausted") {
        return out_of_memory(plain);
    } else {
        Kind::InvalidParameter
    };
    Error::new(kind, plain.to_owned())
}

/// Names of which there is nothing, or two.
fn undefined(plain: &str) -> Option<Error> {
    let quoted = |prefix: &str| plain.strip_prefix(prefix).and_then(|rest| rest.split('\'').next());
    if let Some(name) = quoted("Invalid function '").or_else(|| quoted("table function '")) {
        let e = Error::new(Kind::UndefinedFunction, format!("function {name} does not exist"));
        return Some(e.with_hint(format!("No function matches the given name and argument types. {CASTS}")));
    }
    if let Some(name) = plain.strip_prefix("table '").and_then(|rest| rest.strip_suffix("' not found")) {
        return Some(Error::new(Kind::UndefinedTable, format!("relation \"{name}\" does not exist")));
    }
    if let Some(name) = plain.strip_prefix("Invalid qualifier ") {
        return Some(Error::new(Kind::UndefinedTable, format!("missing FROM-clause entry for table \"{name}\"")));
    }
    if let Some(name) = plain.strip_prefix("The window ").and_then(|rest| rest.strip_suffix(" is not defined!")) {
        return Some(Error::new(Kind::UndefinedObject, format!("window \"{name}\" does not exist")));
    }
    if let Some(name) = plain.strip_prefix("Unsupported SQL type ") {
        let name = name.split('(').next().unwrap_or(name);
        return Some(Error::new(Kind::UndefinedObject, format!("type \"{name}\" does not exist")));
    }
    if plain.starts_with("WITH query name") && plain.ends_with("specified more than once") {
        return Some(Error::new(Kind::DuplicateAlias, plain));
    }
    if let Some((_, rest)) = plain.split_once("Order by column out of bounds, specified: ") {
        return Some(no_position("ORDER BY", rest));
    }
    plain.split_once("Cannot find column with position ").map(|(_, rest)| no_position("GROUP BY", rest))
}

/// Types that an operator, a function or a clause does not take.
fn of_types(plain: &str) -> Option<Error> {
    let operation = |rest: &str| {
        let mut words = split(rest.trim_end_matches(" to valid types"), ' ');
        let (right, op) = (words.pop()?.to_owned(), words.pop()?.to_owned());
        Some((words.join(" "), op, right))
    };
    let before = [
        "Cannot coerce arithmetic expression ",
        "Cannot infer common argument type for comparison operation ",
        "Cannot infer common string type for string concat operation ",
        "Cannot get result type for arithmetic operation ",
    ];
    if let Some((left, op, right)) = before.iter().find_map(|prefix| operation(plain.split_once(prefix)?.1)) {
        let op = match op.as_str() {
            "!=" => "<>",
            "FROM" => "=",
            other => other,
        };
        let left = left.split(" IS ").next().unwrap_or(&left);
        let message = format!("operator does not exist: {} {op} {}", sql_type(left), sql_type(&right));
        let hint = format!("No operator matches the given name and argument types. {CASTS}");
        return Some(Error::new(Kind::UndefinedFunction, message).with_hint(hint));
    }
    if let Some((_, rest)) = plain.split_once("Cannot infer common argument type for logical boolean operation ") {
        let (left, op, right) = operation(rest)?;
        let other = if left == "Boolean" { right } else { left };
        return Some(not_boolean(&op, &other));
    }
    let after = |words: &str| plain.split_once(words).map(|(_, rest)| rest.trim_end_matches('.'));
    if plain.starts_with("Cannot create filter with non-boolean predicate") {
        return Some(not_boolean("WHERE", plain.rsplit_once(" returning ")?.1));
    }
    if let Some(other) = after("Join condition must be boolean type, but got ") {
        return Some(not_boolean("JOIN/ON", other));
    }
    if let Some(other) = after("'NOT' requires a boolean expression, got ") {
        return Some(not_boolean("NOT", other));
    }
    if let Some(rest) = after("Incompatible inputs for Union: Previous inputs were of type ") {
        let (one, rest) = rest.split_once(", but got incompatible type ")?;
        let other = rest.split(" on column").next()?;
        let message = format!("UNION types {} and {} cannot be matched", sql_type(one), sql_type(other));
        return Some(Error::new(Kind::DatatypeMismatch, message));
    }
    let call = plain.split_once("No function matches the given name and argument types '")?.1.split('\'').next()?;
    let (name, types) = call.split_once('(')?;
    // A text is a quoted constant here, most likely; what is one by a cast is a view.
    let named = |t: &&str| match *t {
        "Null" | "Utf8" => "unknown".to_owned(),
        other => sql_type(other),
    };
    let types: Vec<String> = split(types.strip_suffix(')')?, ',').iter().map(named).collect();
    let name = if name == "character_length" { "length" } else { name };
    let hint = format!("No function matches the given name and argument types. {CASTS}");
    Some(Error::new(Kind::UndefinedFunction, format!("function {name}({}) does not exist", types.join(", "))).with_hint(hint))
}

/// An operator that nothing is planned for; what it was given is not told (`?`).
pub fn of_operator(plain: &str) -> Option<Error> {
    let written = |op: &str| {
        Some(match op {
            "PGOverlap" => "&&".to_owned(),
            "AtArrow" => "@>".to_owned(),
            "ArrowAt" => "<@".to_owned(),
            "Question" => "?".to_owned(),
            "Spaceship" => "<=>".to_owned(),
            other => other.strip_prefix("Custom(\"")?.strip_suffix("\")")?.to_owned(),
        })
    };
    let shown = if let Some(op) = plain.strip_prefix("Unsupported binary operator: ") {
        format!("? {} ?", written(op)?)
    } else if let Some((op, _)) = plain.strip_prefix("Unary operator '").and_then(|rest| rest.split_once("' only supports ")) {
        format!("{op} ?")
    } else {
        return None;
    };
    Some(Error::new(Kind::UndefinedFunction, format!("operator does not exist: {shown}")))
}

/// A column that stands beside a group.
fn grouping(plain: &str) -> Option<Error> {
    if !plain.contains("must appear in the GROUP BY") && !plain.contains("must be part of the GROUP BY") {
        return None;
    }
    let column = plain.split_once("column \"").and_then(|(_, rest)| rest.split('"').next());
    let column = column.or_else(|| plain.split_once("references: ").and_then(|(_, rest)| rest.split(" must").next()));
    let column = column.unwrap_or("?").split(", ").next().unwrap_or("?");
    // A table is told by its name alone.
    let column = column.rmatch_indices('.').nth(1).map_or(column, |(dot, _)| &column[dot + 1..]);
    let message = format!("column \"{column}\" must appear in the GROUP BY clause or be used in an aggregate function");
    Some(Error::new(Kind::Grouping, message))
}

fn not_boolean(clause: &str, other: &str) -> Error {
    let message = format!("argument of {clause} must be type boolean, not type {}", sql_type(other));
    Error::new(Kind::DatatypeMismatch, message)
}

/// PostgreSQL's words for a position that the select list does not have; `rest` begins with it.
fn no_position(clause: &str, rest: &str) -> Error {
    let position: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Error::new(Kind::InvalidPosition, format!("{clause} position {position} is not in select list"))
}

/// `Int64, Decimal128(10, 2)` apart, or what else stands between types.
fn split(types: &str, between: char) -> Vec<&str> {
    let (mut all, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in types.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if c == between && depth == 0 => {
                all.extend(types.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    all.extend(types.get(start..));
    all.into_iter().map(str::trim).filter(|t| !t.is_empty()).collect()
}

/// PostgreSQL's name of a type that DataFusion names in Arrow's words.
pub fn sql_type(arrow: &str) -> String {
    arrow.parse().map_or_else(|_| arrow.to_owned(), |arrow| PgType::of(&arrow).sql_name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_postgresqls() {
        for (said, kind, want) in [
            (
                "Cannot coerce arithmetic expression Int64 + Boolean to valid types",
                Kind::UndefinedFunction,
                "operator does not exist: bigint + boolean",
            ),
            (
                "Cannot infer common argument type for comparison operation Date32 = Decimal128(10, 2)",
                Kind::UndefinedFunction,
                "operator does not exist: date = numeric",
            ),
            (
                "Function 'upper' requires String. No function matches the given name and argument types 'upper(Int32, Decimal128(3, 1))'. You might",
                Kind::UndefinedFunction,
                "function upper(integer, numeric) does not exist",
            ),
            (
                "Cannot create filter with non-boolean predicate 't.x' returning Int64",
                Kind::DatatypeMismatch,
                "argument of WHERE must be type boolean, not type bigint",
            ),
            (
                "Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column \"t.b\" must appear in the GROUP BY clause or must be part of",
                Kind::Grouping,
                "column \"t.b\" must appear in the GROUP BY clause or be used in an aggregate function",
            ),
            ("Unsupported SQL type foo(3)", Kind::UndefinedObject, "type \"foo\" does not exist"),
        ] {
            let e = by_words(said);
            assert_eq!((e.kind(), e.message()), (kind, want), "{said}");
        }
    }
}
