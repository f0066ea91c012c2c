//! The logical operator: a plan that is run for each row of its input.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::{Column, DFSchema, DFSchemaRef};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Extension, JoinType, LogicalPlan, UserDefinedLogicalNodeCore, build_join_schema};

use super::bind;

/// What the subquery adds to a row of the input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Gives {
    /// A column with the value of its only row, NULL when there is none.
    Value { name: String },
    /// Its rows, each beside the input's; `or_nulls` when there are none.
    Rows { or_nulls: bool },
}

/// Runs `subquery` for each row of `input`, with the values of the columns that it refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Apply {
    input: LogicalPlan,
    subquery: Arc<LogicalPlan>,
    outer: Vec<Column>,
    gives: Gives,
    schema: DFSchemaRef,
}

impl Apply {
    /// The plan of an apply.
    pub fn plan(input: LogicalPlan, subquery: LogicalPlan, gives: Gives) -> Result<LogicalPlan> {
        let outer = bind::outer_columns(&subquery, Some(input.schema()))?;
        let schema = schema(&input, &subquery, &gives)?;
        let apply = Self { input, subquery: Arc::new(subquery), outer, gives, schema };
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
        bind::outer_columns(&self.subquery, None).is_ok_and(|all| all.len() == self.outer.len())
    }

    /// The same with another plan of the same columns.
    pub fn with_subquery(&self, subquery: LogicalPlan) -> Self {
        Self { subquery: Arc::new(subquery), ..self.clone() }
    }

    /// The input's columns that the subquery refers to, with their places.
    pub fn outer(&self) -> Result<Vec<(Column, usize)>> {
        let place = |column: &Column| Ok((column.clone(), self.input.schema().index_of_column(column)?));
        self.outer.iter().map(place).collect()
    }

    /// What each row is given.
    pub fn gives(&self) -> &Gives {
        &self.gives
    }
}

fn schema(input: &LogicalPlan, subquery: &LogicalPlan, gives: &Gives) -> Result<DFSchemaRef> {
    match gives {
        Gives::Value { name } => {
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
