//! What a statement holds that an error may be of: its literals, calls, operators, casts and columns, each with its place and the SELECT that it
//! stands in.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, LimitClause,
    Query, Select, SelectItem, SetExpr, Spanned, TableFactor, UnaryOperator, Value, Visit, Visitor,
};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token};

use super::super::dialect::ast::folded_parts;
use super::Text;

/// A part of a statement.
pub struct Part {
    pub what: What,
    pub at: Location,
    /// The nearest SELECT around it, by number.
    pub select: Option<usize>,
    /// The statement, by number.
    pub statement: usize,
}

/// What it is.
pub enum What {
    /// A quoted constant that is read as another type than text.
    Literal(String),
    Call {
        name: Vec<String>,
        arguments: Vec<Expr>,
    },
    /// An operator by PostgreSQL's name for it, and its sides; one side of a prefix.
    Operator {
        name: String,
        sides: Vec<Expr>,
    },
    Cast {
        from: Box<Expr>,
        to: DataType,
    },
    Column(Vec<Ident>),
}

/// All parts in the order that they are written in, and the SELECTs.
pub struct Parts {
    pub all: Vec<Part>,
    pub selects: Vec<Select>,
}

impl Parts {
    pub fn of(text: &Text) -> Self {
        let parts = Self { all: Vec::new(), selects: Vec::new() };
        let mut finder = Finder { text, parts, statement: 0, around: Vec::new(), within: Vec::new() };
        for (number, statement) in text.statements.iter().enumerate() {
            finder.statement = number;
            let _: ControlFlow<()> = statement.visit(&mut finder);
        }
        finder.parts
    }
}

/// How a literal below an expression is read.
#[derive(Clone, Copy, PartialEq)]
enum Read {
    AsType,
    AsText,
}

struct Finder<'a> {
    text: &'a Text<'a>,
    parts: Parts,
    statement: usize,
    /// The numbers of the SELECTs around.
    around: Vec<usize>,
    /// How literals are read within each expression around; `None` where a SELECT's own list begins.
    within: Vec<Read>,
}

impl Finder<'_> {
    fn add(&mut self, what: What, at: Location) {
        self.parts.all.push(Part { what, at, select: self.around.last().copied(), statement: self.statement });
    }

    fn operator(&mut self, left: &Expr, op: &str, written: &[&str], right: &Expr) {
        if let Some(at) = between(self.text, left.span(), written, right.span()) {
            self.add(What::Operator { name: op.to_owned(), sides: vec![left.clone(), right.clone()] }, at);
        }
    }

    fn operators(&mut self, expr: &Expr) {
        match expr {
            Expr::BinaryOp { left, op, right } => {
                let written = op.to_string();
                let name = if *op == BinaryOperator::NotEq { "<>" } else { written.as_str() };
                let spelled: &[&str] = if *op == BinaryOperator::NotEq { &["<>", "!="] } else { &[written.as_str()] };
                self.operator(left, name, spelled, right);
            }
            Expr::InList { expr, list, negated } => {
                let name = if *negated { "<>" } else { "=" };
                let word = if *negated { "not" } else { "in" };
                for item in list {
                    let Some(at) = after(self.text, expr.span().end, word) else { continue };
                    self.add(What::Operator { name: name.to_owned(), sides: vec![expr.as_ref().clone(), item.clone()] }, at);
                }
            }
            Expr::Between { expr, low, high, negated } => {
                let names = if *negated { ["<", ">"] } else { [">=", "<="] };
                let word = if *negated { "not" } else { "between" };
                let Some(at) = after(self.text, expr.span().end, word) else { return };
                for (name, bound) in names.into_iter().zip([low, high]) {
                    let sides = vec![expr.as_ref().clone(), bound.as_ref().clone()];
                    self.add(What::Operator { name: name.to_owned(), sides }, at);
                }
            }
            Expr::Like { negated, expr, pattern, .. } => self.like(if *negated { "!~~" } else { "~~" }, *negated, expr, pattern),
            Expr::ILike { negated, expr, pattern, .. } => {
                self.like(if *negated { "!~~*" } else { "~~*" }, *negated, expr, pattern);
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let word = if *negated { "not" } else { "in" };
                let name = if *negated { "<>" } else { "=" };
                if let Some(at) = after(self.text, expr.span().end, word)
                    && let Some(item) = first_item(subquery)
                {
                    self.add(What::Operator { name: name.to_owned(), sides: vec![expr.as_ref().clone(), item] }, at);
                }
            }
            Expr::AnyOp { left, compare_op, right, .. } | Expr::AllOp { left, compare_op, right } => {
                let written = compare_op.to_string();
                let Some(at) = token_after(self.text, left.span().end, &[written.as_str()]) else { return };
                self.add(What::Operator { name: written, sides: vec![left.as_ref().clone(), right.as_ref().clone()] }, at);
            }
            Expr::UnaryOp { op, expr } if !matches!(op, UnaryOperator::Not) => {
                let written = op.to_string();
                if let Some(at) = token_before(self.text, expr.span().start, &written) {
                    self.add(What::Operator { name: written, sides: vec![expr.as_ref().clone()] }, at);
                }
            }
            _ => {}
        }
    }

    fn literal(&mut self, expr: &Expr) {
        if let Expr::Value(v) = expr
            && let Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) = &v.value
        {
            self.add(What::Literal(text.clone()), v.span.start);
        }
    }

    fn extract(&mut self, field: String, from: &Expr) {
        if let Some(at) = word_before(self.text, from.span().start, "extract") {
            let name = vec!["pg_catalog".to_owned(), "extract".to_owned()];
            let field = Expr::Value(Value::SingleQuotedString(field).into());
            self.add(What::Call { name, arguments: vec![field, from.clone()] }, at);
        }
    }

    fn like(&mut self, name: &str, negated: bool, left: &Expr, right: &Expr) {
        let words: &[&str] = if negated { &["not"] } else { &["like", "ilike"] };
        if let Some(at) = words.iter().find_map(|word| after(self.text, left.span().end, word)) {
            self.add(What::Operator { name: name.to_owned(), sides: vec![left.clone(), right.clone()] }, at);
        }
    }

    fn cast(&mut self, kind: &CastKind, from: &Expr, to: &DataType) {
        let at = match kind {
            CastKind::DoubleColon => token_after(self.text, from.span().end, &["::"]),
            _ => word_before(self.text, from.span().start, "cast"),
        };
        if let Some(at) = at {
            self.add(What::Cast { from: Box::new(from.clone()), to: to.clone() }, at);
        }
    }

    fn call(&mut self, f: &Function) {
        let Some(at) = f.name.0.first().and_then(|part| part.as_ident()).map(|ident| ident.span.start) else { return };
        let arguments = match &f.args {
            FunctionArguments::List(list) => arguments(&list.args),
            FunctionArguments::None | FunctionArguments::Subquery(_) => Vec::new(),
        };
        self.add(What::Call { name: folded_parts(&f.name), arguments }, at);
    }
}

fn arguments(args: &[FunctionArg]) -> Vec<Expr> {
    let each = |arg: &FunctionArg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) | FunctionArg::Named { arg: FunctionArgExpr::Expr(e), .. } => {
            Some(e.clone())
        }
        _ => None,
    };
    args.iter().filter_map(each).collect()
}

/// The item of a subquery of one.
fn first_item(query: &Query) -> Option<Expr> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    match select.projection.first()? {
        SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. } => Some(Expr::Subquery(Box::new(query.clone()))),
        _ => None,
    }
}

impl Visitor for Finder<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        // The rows of VALUES and the branches of a UNION are of one type.
        let several = matches!(query.body.as_ref(), SetExpr::Values(_) | SetExpr::SetOperation { .. });
        self.within.push(if several { Read::AsType } else { Read::AsText });
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause {
            for count in limit.iter().chain(offset.as_ref().map(|offset| &offset.value)) {
                self.literal(count);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.within.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.around.push(self.parts.selects.len());
        self.parts.selects.push(select.clone());
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.around.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args: Some(args), .. } = factor
            && let Some(at) = name.0.first().and_then(|part| part.as_ident()).map(|ident| ident.span.start)
        {
            self.add(What::Call { name: folded_parts(name), arguments: arguments(&args.args) }, at);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let above = self.within.last().copied().unwrap_or(Read::AsText);
        match expr {
            Expr::Value(_) if above == Read::AsType => self.literal(expr),
            Expr::Extract { field, expr, .. } => self.extract(field.to_string().to_lowercase(), expr),
            Expr::TypedString(typed) => {
                if let Value::SingleQuotedString(text) = &typed.value.value {
                    self.add(What::Literal(text.clone()), typed.value.span.start);
                }
            }
            Expr::Identifier(name) => self.add(What::Column(vec![name.clone()]), name.span.start),
            Expr::CompoundIdentifier(parts) => self.add(What::Column(parts.clone()), expr.span().start),
            Expr::Function(f) => self.call(f),
            Expr::Cast { kind, expr: from, data_type, .. } => self.cast(kind, from, data_type),
            other => self.operators(other),
        }
        let read = match expr {
            Expr::Cast { data_type: DataType::Text | DataType::Varchar(None), .. } => Read::AsText,
            Expr::Nested(_) => above,
            _ => Read::AsType,
        };
        self.within.push(read);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.within.pop();
        ControlFlow::Continue(())
    }
}

/// The place of the first of these tokens that stands at or behind a place.
pub fn token_after(text: &Text, from: Location, written: &[&str]) -> Option<Location> {
    let is = |token: &Token| written.iter().any(|w| token.to_string().eq_ignore_ascii_case(w));
    text.tokens.iter().find(|t| t.span.start >= from && is(&t.token)).map(|t| t.span.start)
}

fn token_before(text: &Text, before: Location, written: &str) -> Option<Location> {
    text.tokens.iter().rev().find(|t| t.span.start < before && t.token.to_string() == written).map(|t| t.span.start)
}

fn word_before(text: &Text, before: Location, word: &str) -> Option<Location> {
    text.tokens.iter().rev().find(|t| t.span.start < before && is_word(&t.token, word)).map(|t| t.span.start)
}

fn after(text: &Text, from: Location, word: &str) -> Option<Location> {
    text.tokens.iter().find(|t| t.span.start >= from && is_word(&t.token, word)).map(|t| t.span.start)
}

/// Whether a token is a word of this name.
pub fn is_word(token: &Token, name: &str) -> bool {
    matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case(name))
}

fn between(text: &Text, left: Span, written: &[&str], right: Span) -> Option<Location> {
    token_after(text, left.end, written).filter(|at| right == Span::empty() || *at <= right.start)
}
