//! Small pieces of syntax trees that several rules make or look for.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName, ObjectNamePart,
    OrderByKind, Query, Select, SetExpr, Value, ValueWithSpan,
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

/// Gives each select of a query, with what it is ordered by: that is of no branch of a UNION.
pub fn each_select(query: &mut Query, mut change: impl FnMut(&mut Select, &mut [&mut Expr])) {
    let by: &mut [_] = match query.order_by.as_mut().map(|by| &mut by.kind) {
        Some(OrderByKind::Expressions(by)) => by,
        Some(OrderByKind::All(_)) | None => &mut [],
    };
    let mut by: Vec<&mut Expr> = by.iter_mut().map(|term| &mut term.expr).collect();
    match query.body.as_mut() {
        SetExpr::Select(select) => change(select, &mut by),
        body => each_branch(body, &mut change),
    }
}

fn each_branch(body: &mut SetExpr, change: &mut impl FnMut(&mut Select, &mut [&mut Expr])) {
    match body {
        SetExpr::Select(select) => change(select, &mut []),
        SetExpr::SetOperation { left, right, .. } => {
            each_branch(left, change);
            each_branch(right, change);
        }
        _ => {}
    }
}
