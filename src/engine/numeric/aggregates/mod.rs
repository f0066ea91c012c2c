//! `sum`, `avg`, `variance` and `stddev` of whole numbers and decimals, exact and of PostgreSQL's types; of all other types they are
//! DataFusion's. How the totals are kept is `totals`' business.

mod floats;
mod keeping;
mod pairs;
mod totals;

use std::sync::Arc;

use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, Field, FieldRef, i256};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};

use self::totals::{GroupTotals, Total, Wide};
use super::{decimal, types};
use crate::table::pg_value::{ShownScale, Special};

/// Puts these in place of DataFusion's.
pub fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    let all: [(&[&'static str], Statistic); 6] = [
        (&["sum"], Statistic::Sum),
        (&["avg"], Statistic::Average),
        (&["var_samp", "variance"], Statistic::Deviation { sample: true, root: false }),
        (&["var_pop"], Statistic::Deviation { sample: false, root: false }),
        (&["stddev_samp", "stddev"], Statistic::Deviation { sample: true, root: true }),
        (&["stddev_pop"], Statistic::Deviation { sample: false, root: true }),
    ];
    for (names, statistic) in all {
        let floats = registry.udaf(names[0])?;
        for name in names {
            registry.register_udaf(Arc::new(AggregateUDF::from(Exact::new(name, statistic, Arc::clone(&floats)))))?;
        }
    }
    pairs::register(registry)?;
    keeping::register(registry)
}

/// What is made of the totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Statistic {
    Sum,
    Average,
    /// The variance, of a sample or of all; or its root.
    Deviation {
        sample: bool,
        root: bool,
    },
}

/// An aggregate over numbers.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Exact {
    name: &'static str,
    statistic: Statistic,
    /// DataFusion's, for what is no whole number or decimal.
    inexact: Arc<AggregateUDF>,
    signature: Signature,
}

impl Exact {
    fn new(name: &'static str, statistic: Statistic, inexact: Arc<AggregateUDF>) -> Self {
        Self { name, statistic, inexact, signature: Signature::user_defined(Volatility::Immutable) }
    }

    fn result(&self, argument: &Field) -> Result<Option<Field>> {
        let Some(data_type) = types::plain(argument.data_type()) else { return Ok(None) };
        let (shown, least) = types::shown(argument);
        let sum = match &data_type {
            DataType::Int16 | DataType::Int32 => DataType::Int64,
            DataType::Int64 => DataType::Decimal128(types::WIDE, 0),
            DataType::Decimal128(_, scale) => DataType::Decimal128(types::WIDE, *scale),
            DataType::Decimal256(_, scale) => DataType::Decimal256(types::WIDEST, *scale),
            _ => return Ok(None),
        };
        Ok(Some(match self.statistic {
            Statistic::Sum => {
                let field = Field::new(self.name, sum, true);
                match shown {
                    Some(shown) => shown.mark(field),
                    None => field,
                }
            }
            Statistic::Average => {
                let quotient = types::quotient(self.name, argument, &Field::new("", DataType::Int64, true));
                match ShownScale::of(&quotient) {
                    Some(ShownScale::Quotient { least, .. }) => ShownScale::Mean { least }.mark(quotient),
                    Some(_) | None => quotient,
                }
            }
            Statistic::Deviation { root, .. } => {
                let field = Field::new(self.name, DataType::Decimal256(types::WIDEST, types::QUOTIENT_SCALE), true);
                let least = if shown.is_some() { 0 } else { 2 * least };
                ShownScale::Deviation { least, root }.mark(field)
            }
        }))
    }

    fn argument<'a>(&self, fields: &'a [FieldRef]) -> Result<&'a FieldRef> {
        fields.first().ok_or_else(|| DataFusionError::Plan(format!("{} wants an argument", self.name)))
    }

    /// The totals' scale, and whether 128 bits hold their values; `None` for DataFusion's types.
    fn exact(argument: &Field) -> Option<(i32, bool)> {
        match argument.data_type() {
            DataType::Int16 | DataType::Int32 | DataType::Int64 => Some((0, true)),
            DataType::Decimal128(_, scale) => Some((i32::from(*scale), true)),
            DataType::Decimal256(_, scale) => Some((i32::from(*scale), false)),
            _ => None,
        }
    }

    fn plan(&self, args: &AccumulatorArgs<'_>, scale: i32) -> Plan {
        Plan { statistic: self.statistic, scale, result: args.return_type().clone(), shown: ShownScale::of(&args.return_field) }
    }
}

impl AggregateUDFImpl for Exact {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        if let [argument] = arguments
            && let Some(plain) = types::plain(argument).filter(|t| Self::exact(&Field::new("", t.clone(), true)).is_some())
        {
            return Ok(vec![plain]);
        }
        let fields: Vec<FieldRef> = arguments.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        Ok(fields_with_udf(&fields, self.inexact.as_ref())?.iter().map(|f| f.data_type().clone()).collect())
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let fields: Vec<FieldRef> = arguments.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        Ok(self.return_field(&fields)?.data_type().clone())
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        match self.result(self.argument(fields)?)? {
            Some(field) => Ok(Arc::new(field)),
            None => {
                let coerced = fields_with_udf(fields, self.inexact.as_ref())?;
                self.inexact.return_field(&coerced)
            }
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        match Self::exact(self.argument(args.expr_fields)?) {
            Some((scale, true)) => Ok(Box::new(Total::<i128>::new(self.plan(&args, scale), args.is_distinct))),
            Some((scale, false)) => Ok(Box::new(Total::<i256>::new(self.plan(&args, scale), args.is_distinct))),
            None if !args.is_distinct && *self.argument(args.expr_fields)?.data_type() == DataType::Float64 => {
                Ok(Box::new(floats::InOrder::new(self.statistic)))
            }
            None => self.inexact.accumulator(args),
        }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        match Self::exact(self.argument(args.expr_fields)?) {
            Some(_) => self.accumulator(args),
            None if *self.argument(args.expr_fields)?.data_type() == DataType::Float64 => {
                Ok(Box::new(floats::Frame::new(self.statistic)))
            }
            None => self.inexact.create_sliding_accumulator(args),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let Some((scale, narrow)) = Self::exact(self.argument(args.input_fields)?) else {
            return self.inexact.state_fields(args);
        };
        let sum = if narrow { i128::data_type(scale) } else { i256::data_type(scale) };
        let field = |part: &str, data_type: DataType| Arc::new(Field::new(format!("{}[{part}]", args.name), data_type, true));
        if args.is_distinct {
            return Ok(vec![field("distinct", DataType::List(Arc::new(Field::new_list_field(sum, true))))]);
        }
        let mut fields = vec![field("sum", sum), field("count", DataType::UInt64)];
        if matches!(self.statistic, Statistic::Deviation { .. }) {
            fields.push(field("squares", i256::data_type(0)));
        }
        Ok(fields)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        match args.expr_fields.first().and_then(|f| Self::exact(f)) {
            Some(_) => !args.is_distinct,
            None => self.inexact.groups_accumulator_supported(args),
        }
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        match Self::exact(self.argument(args.expr_fields)?) {
            Some((scale, true)) => Ok(Box::new(GroupTotals::<i128>::new(self.plan(&args, scale)))),
            Some((scale, false)) => Ok(Box::new(GroupTotals::<i256>::new(self.plan(&args, scale)))),
            None => self.inexact.create_groups_accumulator(args),
        }
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        ScalarValue::try_from(data_type)
    }
}

/// What comes of totals.
#[derive(Clone, Debug)]
struct Plan {
    statistic: Statistic,
    /// That of the values, and of their sum.
    scale: i32,
    result: DataType,
    shown: Option<ShownScale>,
}

impl Plan {
    fn has_squares(&self) -> bool {
        matches!(self.statistic, Statistic::Deviation { .. })
    }

    /// The scale that results are kept at.
    fn result_scale(&self) -> i32 {
        types::decimal(&self.result).map_or(0, |(_, scale)| i32::from(scale))
    }

    /// The result of so many values; `None` for NULL.
    fn result(&self, sum: i256, squares: i256, count: u64) -> Result<Option<i256>> {
        let n = i256::from_i128(i128::from(count));
        if count == 0 {
            return Ok(None);
        }
        let least = match self.shown {
            Some(ShownScale::Mean { least } | ShownScale::Deviation { least, .. }) => least,
            Some(_) | None => self.scale,
        };
        if Special::of(sum).is_some() {
            return Ok(match self.statistic {
                Statistic::Sum | Statistic::Average => Some(sum),
                Statistic::Deviation { sample: true, .. } if count == 1 => None,
                Statistic::Deviation { .. } => Some(Special::NotANumber.value()),
            });
        }
        let result = match self.statistic {
            Statistic::Sum => Some(sum),
            Statistic::Average => decimal::quotient((sum, self.scale), (n, 0), least, self.result_scale()),
            Statistic::Deviation { sample: true, .. } if count == 1 => return Ok(None),
            Statistic::Deviation { sample, root } => {
                let by = if sample { n.checked_sub(i256::ONE) } else { Some(n) }.and_then(|by| n.checked_mul(by));
                decimal::deviation((sum, squares), n, by, self.scale, least, self.result_scale(), root)
            }
        };
        result.map(Some).ok_or_else(types::too_long)
    }

    /// Results as the array they are given as.
    fn array(&self, results: Vec<Option<i256>>) -> Result<arrow::array::ArrayRef> {
        use arrow::array::PrimitiveArray;
        let has_specials = matches!(self.result, DataType::Decimal256(..));
        let too_large = |v: &Option<i256>, limit: i256| {
            v.is_some_and(|v| if Special::of(v).is_some() { !has_specials } else { v.wrapping_abs() >= limit })
        };
        let limit = decimal::power_of_ten(types::decimal(&self.result).map_or(0, |(p, _)| i32::from(p))).unwrap_or(i256::MAX);
        Ok(match &self.result {
            DataType::Int64 => {
                let whole = |v: Option<i256>| {
                    v.map(|v| v.to_i128().and_then(|v| i64::try_from(v).ok()).ok_or_else(|| types::out_of_range("bigint")))
                        .transpose()
                };
                Arc::new(results.into_iter().map(whole).collect::<Result<PrimitiveArray<arrow::datatypes::Int64Type>>>()?)
            }
            _ if results.iter().any(|v| too_large(v, limit)) => return Err(types::too_long()),
            DataType::Decimal128(..) => {
                let narrow = results.into_iter().map(|v| v.and_then(i256::to_i128));
                Arc::new(narrow.collect::<PrimitiveArray<Decimal128Type>>().with_data_type(self.result.clone()))
            }
            _ => Arc::new(results.into_iter().collect::<PrimitiveArray<Decimal256Type>>().with_data_type(self.result.clone())),
        })
    }
}
