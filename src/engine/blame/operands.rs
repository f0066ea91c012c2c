//! What each kind of expression adds to the parts that an error may be of: its operator, or its name, with its place and what it was given.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, DataType, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentClause, FunctionArguments, Spanned, UnaryOperator, Value, WindowType,
};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::super::dialect::ast::folded_parts;
use super::found::{Finder, What};
use super::tokens::{self, after, between, start, token_after, token_before, word_before};

impl Finder<'_> {
    /// An operator between two sides, as one of `written`.
    pub(super) fn operator(&mut self, left: &Expr, op: &str, written: &[&str], right: &Expr) {
        if let Some(at) = between(self.text, left.span(), written, right.span()) {
            self.add(What::Operator(op.to_owned()), at, || vec![left.clone(), right.clone()]);
        }
    }

    /// What a clause asks the type of.
    pub(super) fn operand(&mut self, clause: &'static str, expr: &Expr) {
        let at = start(self.text, expr);
        if at.line > 0 {
            self.add(What::Operand(clause), at, || vec![expr.clone()]);
        }
    }

    /// The same of several.
    pub(super) fn operands(&mut self, clause: &'static str, exprs: &[Expr]) {
        for expr in exprs {
            self.operand(clause, expr);
        }
    }

    /// Operators, and expressions that ask for a type as clauses do.
    pub(super) fn operators(&mut self, expr: &Expr) {
        match expr {
            Expr::BinaryOp { left, op: op @ (BinaryOperator::And | BinaryOperator::Or), right } => {
                let clause = if *op == BinaryOperator::And { "AND" } else { "OR" };
                self.operand(clause, left);
                self.operand(clause, right);
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.operand("NOT", expr),
            Expr::Case { operand, conditions, else_result, .. } => {
                for when in conditions.iter().filter(|_| operand.is_none()) {
                    self.operand("CASE/WHEN", &when.condition);
                }
                // In PostgreSQL's order.
                for result in else_result.iter().map(AsRef::as_ref).chain(conditions.iter().map(|when| &when.result)) {
                    self.operand("CASE", result);
                }
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                if let Some(at) = after(self.text, left.span().end, "is") {
                    self.add(What::Operator("=".to_owned()), at, || vec![left.as_ref().clone(), right.as_ref().clone()]);
                }
            }
            Expr::Array(array) => self.operands("ARRAY", &array.elem),
            Expr::CompoundFieldAccess { root, access_chain }
                if matches!(access_chain.first(), Some(AccessExpr::Subscript(_))) =>
            {
                self.operand("SUBSCRIPT", root);
            }
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
                    self.add(What::Operator(name.to_owned()), at, || vec![expr.as_ref().clone(), item.clone()]);
                }
            }
            Expr::Between { expr, low, high, negated } => {
                let names = if *negated { ["<", ">"] } else { [">=", "<="] };
                let word = if *negated { "not" } else { "between" };
                let Some(at) = after(self.text, expr.span().end, word) else { return };
                for (name, bound) in names.into_iter().zip([low, high]) {
                    self.add(What::Operator(name.to_owned()), at, || vec![expr.as_ref().clone(), bound.as_ref().clone()]);
                }
            }
            Expr::Like { negated, expr, pattern, .. } => self.like(if *negated { "!~~" } else { "~~" }, *negated, expr, pattern),
            Expr::ILike { negated, expr, pattern, .. } => {
                self.like(if *negated { "!~~*" } else { "~~*" }, *negated, expr, pattern);
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let word = if *negated { "not" } else { "in" };
                let name = if *negated { "<>" } else { "=" };
                if let Some(at) = after(self.text, expr.span().end, word) {
                    let sides = || vec![expr.as_ref().clone(), Expr::Subquery(subquery.clone())];
                    self.add(What::Operator(name.to_owned()), at, sides);
                }
            }
            Expr::AnyOp { left, compare_op, right, .. } | Expr::AllOp { left, compare_op, right } => {
                let written = compare_op.to_string();
                let Some(at) = token_after(self.text, left.span().end, &[written.as_str()]) else { return };
                self.add(What::Operator(written), at, || vec![left.as_ref().clone(), right.as_ref().clone()]);
            }
            Expr::UnaryOp { op, expr } => {
                let written = op.to_string();
                if let Some(at) = token_before(self.text, expr.span().start, &written) {
                    self.add(What::Operator(written), at, || vec![expr.as_ref().clone()]);
                }
            }
            _ => {}
        }
    }

    /// A quoted constant.
    pub(super) fn literal(&mut self, expr: &Expr) {
        if let Expr::Value(v) = expr
            && let Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) = &v.value
        {
            self.add(What::Literal(text.clone()), v.span.start, Vec::new);
        }
    }

    /// `extract(field FROM ..)`, which is a call.
    pub(super) fn extract(&mut self, field: String, from: &Expr) {
        if let Some(at) = word_before(self.text, from.span().start, "extract") {
            let name = vec!["pg_catalog".to_owned(), "extract".to_owned()];
            let field = Expr::Value(Value::SingleQuotedString(field).into());
            self.add(What::Call(name), at, || vec![field, from.clone()]);
        }
    }

    fn like(&mut self, name: &str, negated: bool, left: &Expr, right: &Expr) {
        let words: &[&str] = if negated { &["not"] } else { &["like", "ilike"] };
        if let Some(at) = words.iter().find_map(|word| after(self.text, left.span().end, word)) {
            self.add(What::Operator(name.to_owned()), at, || vec![left.clone(), right.clone()]);
        }
    }

    /// A cast, by `::` or by CAST.
    pub(super) fn cast(&mut self, kind: &CastKind, from: &Expr, to: &DataType) {
        let at = match kind {
            CastKind::DoubleColon => {
                let (mut inner, mut within) = (from, 0);
                while let Expr::Cast { kind: CastKind::DoubleColon, expr, .. } = inner {
                    (inner, within) = (expr, within + 1);
                }
                let behind = tokens::from(self.text, inner.span().end).iter().filter(|t| t.token == Token::DoubleColon);
                behind.map(|t| t.span.start).nth(within)
            }
            _ => word_before(self.text, from.span().start, "cast"),
        };
        if let Some(at) = at {
            self.add(What::Cast(to.clone()), at, || vec![from.clone()]);
        }
    }

    /// A call, and what its clauses ask a type of.
    pub(super) fn call(&mut self, f: &Function) {
        let Some(at) = f.name.0.first().and_then(|part| part.as_ident()).map(|ident| ident.span.start) else { return };
        let given = || {
            let mut all = match &f.args {
                FunctionArguments::List(list) => arguments(&list.args),
                FunctionArguments::None | FunctionArguments::Subquery(_) => Vec::new(),
            };
            all.extend(f.within_group.iter().map(|by| by.expr.clone()));
            all
        };
        let name = folded_parts(&f.name);
        let clause = match name.last().map(String::as_str) {
            Some("coalesce") => Some("COALESCE"),
            Some("greatest") => Some("GREATEST"),
            Some("least") => Some("LEAST"),
            Some(_) | None => None,
        };
        if let Some(clause) = clause {
            self.operands(clause, &given());
        }
        if name.last().is_some_and(|last| last == "nullif") {
            self.add(What::Operator("=".to_owned()), at, given);
        }
        if let FunctionArguments::List(list) = &f.args {
            if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) {
                self.operands("DISTINCT", &given());
            }
            for clause in &list.clauses {
                if let FunctionArgumentClause::OrderBy(by) = clause {
                    by.iter().for_each(|by| self.operand("ORDER BY", &by.expr));
                }
            }
        }
        if let Some(WindowType::WindowSpec(window)) = &f.over {
            self.operands("GROUP BY", &window.partition_by);
            window.order_by.iter().for_each(|by| self.operand("ORDER BY", &by.expr));
        }
        if let Some(filter) = &f.filter {
            self.operand("FILTER", filter);
        }
        self.add(What::Call(name), at, given);
    }
}

/// What a call was given.
pub(super) fn arguments(args: &[FunctionArg]) -> Vec<Expr> {
    let each = |arg: &FunctionArg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) | FunctionArg::Named { arg: FunctionArgExpr::Expr(e), .. } => {
            Some(e.clone())
        }
        _ => None,
    };
    args.iter().filter_map(each).collect()
}
