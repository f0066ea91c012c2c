//! Small pieces of syntax trees that several rules make or look for.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName, ObjectNamePart,
    Value, ValueWithSpan,
};

/// `name(arguments)`.
pub fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// A value as an expression.
pub fn value(value: Value) -> Expr {
    Expr::Value(value.into())
}

/// The text of a string literal.
pub fn string(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(ValueWithSpan {
            value: Value::SingleQuotedString(s) | Value::EscapedStringLiteral(s) | Value::NationalStringLiteral(s),
            ..
        }) => Some(s),
        Expr::Value(ValueWithSpan { value: Value::DollarQuotedString(s), .. }) => Some(&s.value),
        _ => None,
    }
}

/// The expression inside parentheses.
pub fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}

/// An identifier as a lookup reads it: folded unless quoted.
pub fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_ascii_lowercase() }
}

/// The parts of a name as lookups read them.
pub fn folded_parts(name: &ObjectName) -> Vec<String> {
    name.0.iter().filter_map(ObjectNamePart::as_ident).map(folded).collect()
}

/// The only argument's expression of a call of `name`.
pub fn argument_of<'a>(expr: &'a Expr, name: &str) -> Option<&'a Expr> {
    let Expr::Function(f) = bare(expr) else { return None };
    if folded_parts(&f.name) != [name] {
        return None;
    }
    match &f.args {
        FunctionArguments::List(list) => match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(e))] => Some(e),
            _ => None,
        },
        FunctionArguments::None | FunctionArguments::Subquery(_) => None,
    }
}
