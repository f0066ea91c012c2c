//! Functions that give a row for each value, in a select list: DataFusion gives their values as one array, or has no such function.

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Value};

use super::ast::{call, folded_parts, value};

/// `generate_series(a, b)` becomes `unnest(generate_series(a, b))`, `generate_subscripts(x, 1)` becomes the same from 1 to the array's
/// length.
pub fn unfold(expr: &mut Expr) {
    let Expr::Function(f) = expr else { return };
    let name = folded_parts(&f.name);
    let FunctionArguments::List(list) = &f.args else { return };
    if name == ["generate_series"] {
        let series = std::mem::replace(expr, value(Value::Null));
        *expr = call("unnest", vec![series]);
    } else if let [name] = name.as_slice()
        && let Some(array) = json_array(name)
        && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(json))] = list.args.as_slice()
    {
        *expr = call("unnest", vec![call(array, vec![json.clone()])]);
    } else if name == ["generate_subscripts"]
        && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(array)), _] = list.args.as_slice()
    {
        let one = value(Value::Number("1".to_owned(), false));
        let length = call("array_length", vec![array.clone()]);
        let zero = value(Value::Number("0".to_owned(), false));
        let series = call("generate_series", vec![one, call("coalesce", vec![length, zero])]);
        *expr = call("unnest", vec![series]);
    }
}

/// The function that gives as one array what `json_array_elements` and its kin give as rows.
pub fn json_array(name: &str) -> Option<&'static str> {
    match name {
        "json_array_elements" | "jsonb_array_elements" => Some("json_elements"),
        "json_array_elements_text" | "jsonb_array_elements_text" => Some("json_elements_text"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::rewritten;

    #[test]
    fn sets_become_rows() {
        for (sql, want) in [
            ("select generate_series(1, 3) as n", "SELECT unnest(generate_series(1, 3)) AS n"),
            (
                "select generate_subscripts(k, 1) as n from t",
                "SELECT unnest(generate_series(1, coalesce(array_length(k), 0))) AS n FROM t",
            ),
            ("select json_array_elements(j) as e from t", "SELECT unnest(json_elements(j)) AS e FROM t"),
            (
                "select * from jsonb_array_elements_text('[1]')",
                "SELECT * FROM UNNEST(json_elements_text('[1]')) AS value (value)",
            ),
            ("select n from generate_series(1, 3) n", "SELECT n FROM generate_series(1, 3) n (n)"),
        ] {
            assert_eq!(rewritten(sql), want, "{sql}");
        }
    }
}
