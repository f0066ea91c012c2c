//! What a statement holds that an error may be of: its literals, calls, operators, casts and columns, each with its place and the SELECT that it
//! stands in.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DataType, Expr, GroupByExpr, Ident, JoinConstraint, JoinOperator, LimitClause, OrderByKind, Query, Select, SelectItem,
    SetExpr, Spanned, TableFactor, TableWithJoins, Value, Visit, Visitor,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::super::dialect::ast::folded_parts;
use super::Text;
use super::operands::arguments;

/// A part of a statement.
pub struct Part {
    pub what: What,
    pub at: Location,
    /// The nearest SELECT around it, by number.
    select: Option<usize>,
    /// The statement, by number.
    pub statement: usize,
}

/// What it is. What a call or an operator was given is asked for apart: all of a long chain's operands would be its square.
pub enum What {
    /// A quoted constant that is read as another type than text.
    Literal(String),
    Call(Vec<String>),
    /// An operator by PostgreSQL's name for it.
    Operator(String),
    Cast(DataType),
    Column(Vec<Ident>),
    /// What a clause asks a type of, by the name that errors have for it: `WHERE`, `COALESCE`, `UNION`.
    Operand(&'static str),
}

/// What a call, an operator (one side, of a prefix), a cast or a clause was given, and the FROM of the SELECT that it stands in.
#[derive(Default)]
pub struct Given {
    pub exprs: Vec<Expr>,
    pub from: Vec<TableWithJoins>,
}

/// All parts in the order that they are written in.
pub fn parts(text: &Text) -> Vec<Part> {
    Finder::run(text, None).parts
}

/// What the part of this number was given.
pub fn given(text: &Text, number: usize, part: &Part) -> Given {
    Finder::run(text, Some((number, part.select))).given
}

/// Functions that read a text themselves.
const OF_TEXTS: &[&str] = &["to_char", "to_date", "to_number", "to_timestamp"];

/// How a literal below an expression is read.
#[derive(Clone, Copy, PartialEq)]
enum Read {
    AsType,
    AsText,
}

/// A walk over the statements of a text.
pub(super) struct Finder<'a> {
    pub(super) text: &'a Text<'a>,
    parts: Vec<Part>,
    /// The part whose operands are asked for, and its SELECT.
    asked: Option<(usize, Option<usize>)>,
    given: Given,
    statement: usize,
    /// How many SELECTs came so far.
    selects: usize,
    /// The numbers of the SELECTs around.
    around: Vec<usize>,
    /// The number of the SELECT that ended last.
    ended: Option<usize>,
    /// Whether each query around is a UNION or the like.
    sets: Vec<bool>,
    /// How literals are read within each expression around.
    within: Vec<Read>,
}

impl<'a> Finder<'a> {
    fn run(text: &'a Text, asked: Option<(usize, Option<usize>)>) -> Self {
        let mut finder = Self {
            text,
            parts: Vec::new(),
            asked,
            given: Given::default(),
            statement: 0,
            selects: 0,
            around: Vec::new(),
            ended: None,
            sets: Vec::new(),
            within: Vec::new(),
        };
        for (number, statement) in text.statements.iter().enumerate() {
            finder.statement = number;
            let _: ControlFlow<()> = statement.visit(&mut finder);
        }
        finder
    }

    /// A part, and what it was given if that is asked for.
    pub(super) fn add(&mut self, what: What, at: Location, given: impl FnOnce() -> Vec<Expr>) {
        if self.asked.is_some_and(|(part, _)| part == self.parts.len()) {
            self.given.exprs = given();
        }
        self.parts.push(Part { what, at, select: self.around.last().copied(), statement: self.statement });
    }
}

fn is_text(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(v) if matches!(v.value, Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_)))
}

/// What is behind a join's ON.
fn condition(join: &JoinOperator) -> Option<&Expr> {
    match join {
        JoinOperator::Join(JoinConstraint::On(e))
        | JoinOperator::Inner(JoinConstraint::On(e))
        | JoinOperator::Left(JoinConstraint::On(e))
        | JoinOperator::LeftOuter(JoinConstraint::On(e))
        | JoinOperator::Right(JoinConstraint::On(e))
        | JoinOperator::RightOuter(JoinConstraint::On(e))
        | JoinOperator::FullOuter(JoinConstraint::On(e)) => Some(e),
        _ => None,
    }
}

impl Visitor for Finder<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        // The rows of VALUES and the branches of a UNION are of one type.
        let several = match query.body.as_ref() {
            SetExpr::Values(values) => values.rows.iter().flat_map(|row| row.iter()).any(|cell| !is_text(cell)),
            SetExpr::SetOperation { .. } => true,
            _ => false,
        };
        self.within.push(if several { Read::AsType } else { Read::AsText });
        self.sets.push(matches!(query.body.as_ref(), SetExpr::SetOperation { .. }));
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause {
            for count in limit.iter().chain(offset.as_ref().map(|offset| &offset.value)) {
                self.literal(count);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let (Some(OrderByKind::Expressions(by)), SetExpr::Select(_)) =
            (query.order_by.as_ref().map(|order| &order.kind), query.body.as_ref())
        {
            self.around.extend(self.ended);
            for by in by {
                self.operand("ORDER BY", &by.expr);
            }
            self.around.truncate(self.around.len() - usize::from(self.ended.is_some()));
        }
        self.within.pop();
        self.sets.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if self.asked.is_some_and(|(_, within)| within == Some(self.selects)) {
            self.given.from.clone_from(&select.from);
        }
        self.around.push(self.selects);
        self.selects += 1;
        for join in select.from.iter().flat_map(|table| &table.joins) {
            if let Some(condition) = condition(&join.join_operator) {
                self.operand("JOIN/ON", condition);
            }
        }
        for (clause, condition) in [("WHERE", &select.selection), ("HAVING", &select.having)] {
            if let Some(condition) = condition {
                self.operand(clause, condition);
                self.literal(condition);
            }
        }
        if let GroupByExpr::Expressions(by, _) = &select.group_by {
            self.operands("GROUP BY", by);
        }
        let clauses = [(select.distinct.is_some(), "DISTINCT"), (self.sets.last() == Some(&true), "UNION")];
        for (_, clause) in clauses.into_iter().filter(|(is_there, _)| *is_there) {
            for item in &select.projection {
                if let SelectItem::UnnamedExpr(e) | SelectItem::ExprWithAlias { expr: e, .. } = item {
                    self.operand(clause, e);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.ended = self.around.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args: Some(args), .. } = factor
            && let Some(at) = name.0.first().and_then(|part| part.as_ident()).map(|ident| ident.span.start)
        {
            // Of what stands beside it in FROM little is known yet.
            let around = std::mem::take(&mut self.around);
            self.add(What::Call(folded_parts(name)), at, || arguments(&args.args));
            self.around = around;
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
                    self.add(What::Literal(text.clone()), typed.value.span.start, Vec::new);
                }
            }
            Expr::Identifier(name) => self.add(What::Column(vec![name.clone()]), name.span.start, Vec::new),
            Expr::CompoundIdentifier(parts) => self.add(What::Column(parts.clone()), expr.span().start, Vec::new),
            Expr::Function(f) => self.call(f),
            Expr::Cast { kind, expr: from, data_type, .. } => self.cast(kind, from, data_type),
            other => self.operators(other),
        }
        let read = match expr {
            Expr::Cast { data_type: DataType::Text | DataType::Varchar(None), .. } => Read::AsText,
            Expr::Nested(_) => above,
            Expr::Function(f) if folded_parts(&f.name).last().is_some_and(|name| OF_TEXTS.contains(&name.as_str())) => {
                Read::AsText
            }
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
