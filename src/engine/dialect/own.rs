//! Walks over the expressions that are a query's own: those of queries within a node are left out.

use std::marker::PhantomData;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Query, Visit, VisitMut, Visitor, VisitorMut};

/// Looks at the expressions of a node, each before its parts.
pub fn each<B>(node: &impl Visit, look: impl FnMut(&Expr) -> ControlFlow<B>) -> ControlFlow<B> {
    node.visit(&mut Each { depth: 0, look, stop: PhantomData })
}

/// Changes the expressions of a node, each before its parts.
pub fn change<B>(node: &mut impl VisitMut, change: impl FnMut(&mut Expr) -> ControlFlow<B>) -> ControlFlow<B> {
    node.visit(&mut Change { depth: 0, before: change, after: |_: &mut Expr| ControlFlow::Continue(()), stop: PhantomData })
}

/// Changes the expressions of a node, each after its parts.
pub fn change_after(node: &mut impl VisitMut, mut change: impl FnMut(&mut Expr)) {
    let after = |expr: &mut Expr| {
        change(expr);
        ControlFlow::Continue(())
    };
    let before = |_: &mut Expr| ControlFlow::Continue(());
    let _: ControlFlow<()> = node.visit(&mut Change { depth: 0, before, after, stop: PhantomData });
}

struct Each<F, B> {
    /// How many queries of the node are around.
    depth: usize,
    look: F,
    stop: PhantomData<B>,
}

impl<B, F: FnMut(&Expr) -> ControlFlow<B>> Visitor for Each<F, B> {
    type Break = B;

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<B> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<B> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<B> {
        if self.depth == 0 { (self.look)(expr) } else { ControlFlow::Continue(()) }
    }
}

struct Change<P, Q, B> {
    /// How many queries of the node are around.
    depth: usize,
    before: P,
    after: Q,
    stop: PhantomData<B>,
}

impl<B, P, Q> VisitorMut for Change<P, Q, B>
where
    P: FnMut(&mut Expr) -> ControlFlow<B>,
    Q: FnMut(&mut Expr) -> ControlFlow<B>,
{
    type Break = B;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<B> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<B> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<B> {
        if self.depth == 0 { (self.before)(expr) } else { ControlFlow::Continue(()) }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<B> {
        if self.depth == 0 { (self.after)(expr) } else { ControlFlow::Continue(()) }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;

    #[test]
    fn those_of_queries_within_are_left_out() {
        let sql = "f(a, (SELECT g(b)), EXISTS (SELECT c), h(d))";
        let mut expr = Parser::new(&PostgreSqlDialect {}).try_with_sql(sql).expect(sql).parse_expr().expect(sql);
        let mut seen = Vec::new();
        let _: ControlFlow<()> = each(&expr, |expr| {
            seen.push(expr.to_string());
            ControlFlow::Continue(())
        });
        assert_eq!(seen[1..], ["a", "(SELECT g(b))", "EXISTS (SELECT c)", "h(d)", "d"]);
        let mut after = Vec::new();
        change_after(&mut expr, |expr| after.push(expr.to_string()));
        assert_eq!(after, ["a", "(SELECT g(b))", "EXISTS (SELECT c)", "d", "h(d)", sql]);
    }
}
