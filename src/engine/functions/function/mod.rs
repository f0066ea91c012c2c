//! How a scalar function of ours is written: a name, PostgreSQL's overloads, what each gives, and a kernel over columns. Which overload a
//! call means is [`types`]' to say, what a kernel is handed is in [`call`] and [`column`]; what the functions do stands in the folders of their families.

mod call;
mod column;
mod session;
mod types;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, make_array, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use crate::error::{Error, Kind};

pub(in crate::engine) use call::Call;
pub(in crate::engine) use column::{Column, Ranges};
pub(in crate::engine) use session::SessionValues;
pub(in crate::engine) use types::{
    Given, Gives, Type, choose, element, is_json, is_list, list_of, logical, logical_list, shown_type, undefined, whole,
};

/// What an overload does: gives a column of its type, one value for each row of the call.
pub(in crate::engine) type Kernel = Arc<dyn Fn(&Call) -> Result<ArrayRef> + Send + Sync>;

/// The range of a function's last argument for which it gives a literal.
pub(in crate::engine) type Preimage = fn(&str, &[Expr], &Expr, &SimplifyContext) -> PreimageResult;

/// One of a function's forms, as tables of them are written.
pub(in crate::engine) struct Overload {
    pub takes: &'static [Type],
    pub gives: Gives,
    pub body: fn(&Call) -> Result<ArrayRef>,
}

/// A form with its kernel.
#[derive(Clone)]
struct Form {
    takes: &'static [Type],
    gives: Gives,
    kernel: Kernel,
}

/// A scalar function. Two are equal when their names are: there is one of a name.
#[derive(Clone)]
pub(in crate::engine) struct Function {
    name: &'static str,
    aliases: Vec<String>,
    forms: Vec<Form>,
    /// Whether the last type of a form stands for any number of arguments, none included.
    variadic: bool,
    signature: Signature,
    preimage: Option<Preimage>,
}

impl Function {
    /// A function whose forms give the same by one kernel, and whose answer follows from its arguments and the session's styles.
    pub fn new(
        name: &'static str,
        takes: &'static [&'static [Type]],
        gives: Gives,
        kernel: impl Fn(&Call) -> Result<ArrayRef> + Send + Sync + 'static,
    ) -> Self {
        let kernel: Kernel = Arc::new(kernel);
        let form = |takes: &&'static [Type]| Form { takes, gives, kernel: Arc::clone(&kernel) };
        Self::of(name, takes.iter().map(form).collect())
    }

    /// A function of these forms.
    pub fn overloaded(name: &'static str, overloads: &'static [Overload]) -> Self {
        let form = |o: &Overload| Form { takes: o.takes, gives: o.gives, kernel: Arc::new(o.body) };
        Self::of(name, overloads.iter().map(form).collect())
    }

    fn of(name: &'static str, forms: Vec<Form>) -> Self {
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { name, aliases: Vec::new(), forms, variadic: false, signature, preimage: None }
    }

    /// The same of which the last argument may come any number of times.
    pub fn variadic(mut self) -> Self {
        self.variadic = true;
        self
    }

    /// The same whose answer is the session's or the catalog's, and holds for the statement.
    pub fn stable(mut self) -> Self {
        self.signature = Signature::user_defined(Volatility::Stable);
        self
    }

    /// The same that does something, or whose answer is another one for each row.
    pub fn volatile(mut self) -> Self {
        self.signature = Signature::user_defined(Volatility::Volatile);
        self
    }

    /// The same under further names.
    pub fn also(mut self, names: &[&str]) -> Self {
        self.aliases.extend(names.iter().map(|n| (*n).to_owned()));
        self
    }

    /// The same of which filters become ranges.
    pub fn with_preimage(mut self, preimage: Preimage) -> Self {
        self.preimage = Some(preimage);
        self
    }

    /// The function's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The types of a form for this many arguments.
    fn expanded(&self, takes: &'static [Type], count: usize) -> Option<Vec<Type>> {
        if !self.variadic {
            return (takes.len() == count).then(|| takes.to_vec());
        }
        let (last, first) = takes.split_last()?;
        let rest = count.checked_sub(first.len())?;
        Some(first.iter().copied().chain(std::iter::repeat_n(*last, rest)).collect())
    }

    /// The form that a call means, with the types of its arguments; `None` where there is none.
    fn chosen(&self, given: &[Given]) -> Option<(&Form, Vec<Type>)> {
        let forms = self.forms.iter().enumerate();
        let candidates: Vec<_> = forms.filter_map(|(n, f)| Some((self.expanded(f.takes, given.len())?, n))).collect();
        let (types, n) = candidates.get(choose(candidates.iter().map(|(types, _)| types.as_slice()), given)?)?;
        Some((&self.forms[*n], types.clone()))
    }

    /// The type that a parameter without one is read as in a call of these arguments.
    pub fn parameter(&self, given: &[Given], index: usize) -> Option<DataType> {
        let (_, types) = self.chosen(given)?;
        types.get(index)?.of_parameter()
    }

    /// The function with its argument types, as PostgreSQL's error of one that does not exist.
    fn undefined(&self, fields: &[FieldRef]) -> DataFusionError {
        outward(undefined(self.name, fields))
    }
}

/// An error of ours on its way through DataFusion.
pub(in crate::engine) fn outward(e: Error) -> DataFusionError {
    DataFusionError::External(Box::new(e))
}

/// An error of the caller's value (22023).
pub(in crate::engine) fn invalid(message: impl Into<String>) -> DataFusionError {
    outward(Error::new(Kind::InvalidParameter, message))
}

/// The same values with a type of the same layout, such as moments with their zone's name.
fn conformed(array: ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    if array.data_type() == wanted {
        return Ok(array);
    }
    if array.data_type().is_null() {
        return Ok(new_null_array(wanted, array.len()));
    }
    let width = array.data_type().primitive_width();
    if width.is_none() || width != wanted.primitive_width() {
        return Ok(arrow::compute::cast(&array, wanted)?);
    }
    Ok(make_array(array.to_data().into_builder().data_type(wanted.clone()).build()?))
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Function").field(&self.name).finish()
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// What the session's zone and styles read is cast where it is planned; all else a kernel reads as it comes.
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let fields: Vec<FieldRef> = types.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        let given: Vec<Given> = types.iter().map(Given::of_type).collect();
        let (_, chosen) = self.chosen(&given).ok_or_else(|| self.undefined(&fields))?;
        Ok(chosen.iter().zip(types).map(|(t, given)| t.coerced(given)).collect())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let fields: Vec<FieldRef> = types.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        let given: Vec<Given> = types.iter().map(Given::of_type).collect();
        let (form, _) = self.chosen(&given).ok_or_else(|| self.undefined(&fields))?;
        Ok(form.gives.field(self.name, &fields, &vec![None; fields.len()])?.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let fields = args.arg_fields;
        let given: Vec<Given> = fields.iter().map(|f| Given::of_field(f)).collect();
        let (form, _) = self.chosen(&given).ok_or_else(|| self.undefined(fields))?;
        form.gives.field(self.name, fields, args.scalar_arguments)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let given: Vec<Given> = args.arg_fields.iter().map(|f| Given::of_field(f)).collect();
        let (form, _) = self.chosen(&given).ok_or_else(|| self.undefined(&args.arg_fields))?;
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let each_row = self.signature.volatility == Volatility::Volatile;
        let wanted = Arc::clone(&args.return_field);
        let rows = if constant && !each_row { 1 } else { args.number_rows };
        let answer = conformed((form.kernel)(&Call::new(args, rows)?)?, wanted.data_type())?;
        if constant && !each_row {
            // A list made into a scalar otherwise forgets what its elements are.
            return Ok(ColumnarValue::Scalar(match answer.as_list_opt::<i32>() {
                Some(list) => ScalarValue::List(Arc::new(list.slice(0, 1))),
                None => ScalarValue::try_from_array(&answer, 0)?,
            }));
        }
        Ok(ColumnarValue::Array(answer))
    }

    fn preimage(&self, args: &[Expr], literal: &Expr, info: &SimplifyContext) -> Result<PreimageResult> {
        Ok(self.preimage.map_or(PreimageResult::None, |of| of(self.name, args, literal, info)))
    }
}
