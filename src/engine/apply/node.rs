//! The logical operator: a plan that is run for each row of its input.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arrow::datatypes::Field;
use datafusion::common::{Column, DFSchema, DFSchemaRef, internal_datafusion_err};
use datafusion::error::Result;
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::{Expr, Extension, JoinType, LogicalPlan, UserDefinedLogicalNodeCore, build_join_schema};

use super::bind;

/// Numbers what the plans of subqueries name anew.
static NAMES: AtomicU64 = AtomicU64::new(0);

/// A name that nothing else has.
pub fn fresh(what: &str) -> String {
    format!("{what}_{}", NAMES.fetch_add(1, Relaxed))
}

/// What the subquery adds to a row of the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Gives {
    /// A column with the value of its only row, NULL when there is none. With `only_if` it is run for those rows alone of which that
    /// column of the input is true, and the value is NULL for the others.
    Value { name: String, only_if: Option<Column> },
    /// Its rows, each beside the input's; `or_nulls` when there are none.
    Rows { or_nulls: bool },
}

/// Runs `subquery` for each row of `input`, with the values of the columns that it refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Apply {
    input: LogicalPlan,
    subquery: Arc<LogicalPlan>,
    outer: Vec<Column>,
    /// Once the subquery is optimised: the placeholders in it of the outer columns, in their order.
    placeholders: Option<Vec<String>>,
    gives: Gives,
    schema: DFSchemaRef,
}

impl Apply {
    /// The plan of an apply.
    pub fn plan(input: LogicalPlan, subquery: LogicalPlan, gives: Gives) -> Result<LogicalPlan> {
        let outer = bind::outer_columns(&subquery, Some(input.schema()))?;
        let schema = schema(&input, &subquery, &gives)?;
        let apply = Self { input, subquery: Arc::new(subquery), outer, placeholders: None, gives, schema };
        Ok(LogicalPlan::Extension(Extension { node: Arc::new(apply) }))
    }

    /// The apply that a node is.
    pub fn of(node: &LogicalPlan) -> Option<&Self> {
        let LogicalPlan::Extension(extension) = node else { return None };
        extension.node.as_any().downcast_ref()
    }

    /// The plan that is run for each row.
    pub fn subquery(&self) -> &LogicalPlan {
        &self.subquery
    }

    /// The columns that the subquery may refer to.
    pub fn outer_schema(&self) -> &DFSchema {
        self.input.schema()
    }

    /// Whether all that the subquery refers to is of the input.
    pub fn is_bound(&self) -> bool {
        self.is_prepared() || bind::outer_columns(&self.subquery, None).is_ok_and(|all| all.len() == self.outer.len())
    }

    /// Whether the subquery is optimised, with placeholders for what it refers to.
    pub fn is_prepared(&self) -> bool {
        self.placeholders.is_some()
    }

    /// The same with the subquery as `optimize` makes it, once for all rows: with a placeholder in place of each outer column.
    pub fn prepared(&self, optimize: impl FnOnce(&LogicalPlan) -> Result<LogicalPlan>) -> Result<Self> {
        let mut names = Vec::with_capacity(self.outer.len());
        let mut values = Vec::with_capacity(self.outer.len());
        for column in &self.outer {
            let field = self.input.schema().qualified_field_from_column(column)?.1;
            let name = fresh("$outer");
            let placeholder = Placeholder::new_with_field(name.clone(), Some(Arc::clone(field)));
            values.push((column.clone(), Expr::Placeholder(placeholder)));
            names.push(name);
        }
        let subquery = optimize(&bind::bound(self.subquery.as_ref().clone(), &values)?)?;
        Ok(Self { placeholders: Some(names), ..self.with_subquery(subquery) })
    }

    /// The places in the input of the columns that the subquery refers to, with the placeholders that stand for them.
    pub fn placeholders(&self) -> Result<Vec<(String, usize)>> {
        let names = self.placeholders.as_ref().ok_or_else(|| internal_datafusion_err!("a subquery that was not prepared"))?;
        let places = self.outer.iter().map(|column| self.input.schema().index_of_column(column));
        names.iter().cloned().zip(places).map(|(name, place)| Ok((name, place?))).collect()
    }

    /// The place in the input of the column that says of which rows the subquery is run.
    pub fn only_if(&self) -> Result<Option<usize>> {
        match &self.gives {
            Gives::Value { only_if: Some(column), .. } => self.input.schema().index_of_column(column).map(Some),
            Gives::Value { only_if: None, .. } | Gives::Rows { .. } => Ok(None),
        }
    }

    /// The same with another plan of the same columns.
    pub fn with_subquery(&self, subquery: LogicalPlan) -> Self {
        Self { subquery: Arc::new(subquery), ..self.clone() }
    }

    /// What each row is given.
    pub fn gives(&self) -> &Gives {
        &self.gives
    }
}

fn schema(input: &LogicalPlan, subquery: &LogicalPlan, gives: &Gives) -> Result<DFSchemaRef> {
    match gives {
        Gives::Value { name, .. } => {
            let field = subquery.schema().field(0);
            let field = Arc::new(Field::new(name, field.data_type().clone(), true).with_metadata(field.metadata().clone()));
            let fields = input.schema().iter().map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)));
            let fields = fields.chain([(None, field)]).collect();
            Ok(Arc::new(DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?))
        }
        Gives::Rows { or_nulls } => {
            let join = if *or_nulls { JoinType::Left } else { JoinType::Inner };
            Ok(Arc::new(build_join_schema(input.schema(), subquery.schema(), &join)?))
        }
    }
}

impl PartialOrd for Apply {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for Apply {
    fn name(&self) -> &str {
        "Apply"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    /// Filters of the input's own columns come first: of what they leave out the subquery is not asked.
    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.schema.fields().iter().skip(self.input.schema().fields().len()).map(|field| field.name().clone()).collect()
    }

    /// Each row of the input gives one or more: so many of them give at least as many.
    fn supports_limit_pushdown(&self) -> bool {
        match self.gives {
            Gives::Value { .. } => true,
            Gives::Rows { or_nulls } => or_nulls,
        }
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let outer: Vec<String> = self.outer.iter().map(ToString::to_string).collect();
        write!(f, "Apply: for each {}", if outer.is_empty() { "statement".to_owned() } else { outer.join(", ") })
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        let Some(input) = inputs.pop() else { return Ok(self.clone()) };
        let schema = schema(&input, &self.subquery, &self.gives)?;
        Ok(Self { input, schema, ..self.clone() })
    }
}
