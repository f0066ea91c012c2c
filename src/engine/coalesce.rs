//! `coalesce` of arrays: a quoted constant beside them is one too.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::functions::core::coalesce;
use datafusion::logical_expr::ScalarUDF;

use super::wrapped;

/// DataFusion's function, which takes texts beside arrays; their cast reads them.
pub fn function() -> Arc<ScalarUDF> {
    wrapped::scalar(coalesce(), Coalesce)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Coalesce;

impl wrapped::Scalar for Coalesce {
    fn coerce_types(&self, of: &ScalarUDF, types: &[DataType]) -> Result<Vec<DataType>> {
        let list = types.iter().find(|t| matches!(t, DataType::List(_)));
        match list {
            Some(list) if types.iter().all(|t| t == list || t.is_string() || t.is_null()) => Ok(vec![list.clone(); types.len()]),
            _ => of.inner().coerce_types(types),
        }
    }
}
