//! How a function with PostgreSQL's overloads is written: a name, the argument types it takes, what it gives, and a kernel over columns.
//! An argument that none of them takes is PostgreSQL's error 42883. What the functions do stands in the folders of their families.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, ListArray, StringViewArray};
use arrow::array::{BinaryBuilder, StringViewBuilder};
use arrow::buffer::NullBuffer;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type};
use arrow::util::display::FormatOptions;
use datafusion::common::ScalarValue;
use datafusion::common::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::native::outward;
use crate::error::{Error, Kind};
use crate::snapshot::field_key;
use crate::table::pg_type::{self, PgType};
use crate::table::pg_value::Style;

/// What an argument may be. A text stands for any of them, for a literal's type is not known before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Type {
    Text,
    /// `bytea`; a text is read as one.
    Bytes,
    /// A whole number.
    Int,
    /// Any number.
    Number,
    Bool,
    /// `json` or `jsonb`, which are texts.
    Json,
    /// An array; a text is read as one.
    List,
    Any,
}

/// What a function gives.
#[derive(Clone, Copy)]
pub(in crate::engine) enum Gives {
    Text,
    Bytes,
    Int4,
    Int8,
    Bool,
    Texts,
    /// A text that is shown as this type.
    Logical(&'static PgType),
    /// Follows from the arguments.
    Of(fn(&[FieldRef]) -> Result<FieldRef>),
}

type Kernel = fn(&Call) -> Result<ArrayRef>;

/// A scalar function of ours. Two are equal when their names are: there is one of a name.
pub(in crate::engine) struct Function {
    name: &'static str,
    aliases: Vec<String>,
    overloads: &'static [&'static [Type]],
    /// Whether the last type of an overload stands for any number of arguments, none included.
    variadic: bool,
    gives: Gives,
    signature: Signature,
    kernel: Kernel,
}

/// A call's arguments, columns of one length, with what they are.
pub(in crate::engine) struct Call {
    pub arrays: Vec<ArrayRef>,
    pub fields: Vec<FieldRef>,
    pub rows: usize,
    /// What the call gives.
    pub gives: FieldRef,
    pub config: Arc<ConfigOptions>,
}

impl Function {
    /// A function whose answer follows from its arguments.
    pub fn new(name: &'static str, overloads: &'static [&'static [Type]], gives: Gives, kernel: Kernel) -> Self {
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { name, aliases: Vec::new(), overloads, variadic: false, gives, signature, kernel }
    }

    /// The same of which the last argument may come any number of times.
    pub fn variadic(mut self) -> Self {
        self.variadic = true;
        self
    }

    /// The same whose answer is another one for each row.
    pub fn volatile(mut self) -> Self {
        self.signature = Signature::user_defined(Volatility::Volatile);
        self
    }

    /// The same under further names.
    pub fn also(mut self, names: &[&str]) -> Self {
        self.aliases.extend(names.iter().map(|n| (*n).to_owned()));
        self
    }

    /// The types of an overload for this many arguments.
    fn expanded(&self, overload: &[Type], count: usize) -> Option<Vec<Type>> {
        if !self.variadic {
            return (overload.len() == count).then(|| overload.to_vec());
        }
        let (last, first) = overload.split_last()?;
        let rest = count.checked_sub(first.len())?;
        Some(first.iter().copied().chain(std::iter::repeat_n(*last, rest)).collect())
    }

    /// The types that a call with this many arguments asks for: of the first overload that has as many.
    pub fn parameter(&self, count: usize, index: usize) -> Option<DataType> {
        let types = self.overloads.iter().find_map(|overload| self.expanded(overload, count))?;
        match types.get(index)? {
            Type::Int => Some(DataType::Int32),
            Type::Number => Some(DataType::Float64),
            Type::Bool => Some(DataType::Boolean),
            Type::Bytes => Some(DataType::Binary),
            Type::Text | Type::Json | Type::List | Type::Any => None,
        }
    }
}

impl Type {
    fn takes(self, given: &DataType) -> bool {
        let is_text = given.is_string() || *given == DataType::Null;
        match self {
            Self::Any => true,
            // What has fields is JSON wherever it is shown.
            Self::Json => is_text || matches!(given, DataType::Struct(_) | DataType::Map(..)),
            Self::Text => is_text || matches!(given, DataType::Dictionary(_, v) if v.is_string()),
            Self::Bytes => is_text || given.is_binary(),
            Self::Int => given.is_integer() || is_text,
            Self::Number => given.is_numeric() || is_text,
            Self::Bool => *given == DataType::Boolean || is_text,
            Self::List => is_list(given) || is_text,
        }
    }
}

impl Gives {
    fn field(self, name: &str, fields: &[FieldRef]) -> Result<FieldRef> {
        let plain = |data_type| Ok(Arc::new(Field::new(name, data_type, true)));
        match self {
            Self::Text => plain(DataType::Utf8View),
            Self::Bytes => plain(DataType::Binary),
            Self::Int4 => plain(DataType::Int32),
            Self::Int8 => plain(DataType::Int64),
            Self::Bool => plain(DataType::Boolean),
            Self::Texts => plain(list_of(DataType::Utf8View)),
            Self::Logical(pg) => Ok(logical(name, pg)),
            Self::Of(of) => of(fields),
        }
    }
}

/// A field of texts that are shown as another type.
pub(in crate::engine) fn logical(name: &str, pg: &PgType) -> FieldRef {
    let metadata = [(field_key::LOGICAL.to_owned(), pg.name.to_owned())].into();
    Arc::new(Field::new(name, DataType::Utf8View, true).with_metadata(metadata))
}

/// Whether a field holds `json` or `jsonb`.
pub(in crate::engine) fn is_json(field: &Field) -> bool {
    let pg = PgType::of_field(field);
    field.data_type().is_string() && (*pg == pg_type::JSON || *pg == pg_type::JSONB)
}

pub(in crate::engine) fn is_list(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::List(_)
            | DataType::LargeList(_)
            | DataType::FixedSizeList(..)
            | DataType::ListView(_)
            | DataType::LargeListView(_)
    )
}

/// The type of a list's elements.
pub(in crate::engine) fn element(data_type: &DataType) -> Option<&FieldRef> {
    match data_type {
        DataType::List(e)
        | DataType::LargeList(e)
        | DataType::FixedSizeList(e, _)
        | DataType::ListView(e)
        | DataType::LargeListView(e) => Some(e),
        _ => None,
    }
}

pub(in crate::engine) fn list_of(element: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(element, true)))
}

/// `function f(integer) does not exist`, with PostgreSQL's hint.
pub(in crate::engine) fn undefined(name: &str, fields: &[FieldRef]) -> Error {
    let types: Vec<&str> = fields.iter().map(|f| shown_type(f)).collect();
    Error::new(Kind::UndefinedFunction, format!("function {name}({}) does not exist", types.join(", ")))
        .with_hint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

/// A type as PostgreSQL's errors name it; a literal's is not known.
pub(in crate::engine) fn shown_type(field: &Field) -> &'static str {
    match field.data_type() {
        DataType::Null => "unknown",
        DataType::Utf8 if !field.metadata().contains_key(field_key::LOGICAL) => "unknown",
        _ => PgType::of_field(field).sql_name,
    }
}

/// An error of the caller's value (22023).
pub(in crate::engine) fn invalid(message: impl Into<String>) -> datafusion::error::DataFusionError {
    outward(Error::new(Kind::InvalidParameter, message))
}

/// A value that does not fit is an error, never a NULL.
const STRICT: CastOptions<'static> = CastOptions { safe: false, format_options: FormatOptions::new() };

impl Call {
    /// How many arguments there are.
    pub fn len(&self) -> usize {
        self.arrays.len()
    }

    fn cast(&self, i: usize, to: &DataType) -> Result<ArrayRef> {
        Ok(cast_with_options(&self.arrays[i], to, &STRICT)?)
    }

    /// An argument as texts.
    pub fn texts(&self, i: usize) -> Result<StringViewArray> {
        Ok(self.cast(i, &DataType::Utf8View)?.as_string_view().clone())
    }

    /// An argument as whole numbers.
    pub fn ints(&self, i: usize) -> Result<Int64Array> {
        Ok(self.cast(i, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
    }

    /// An argument as doubles.
    pub fn floats(&self, i: usize) -> Result<Float64Array> {
        Ok(self.cast(i, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
    }

    /// An argument as booleans.
    pub fn bools(&self, i: usize) -> Result<BooleanArray> {
        Ok(self.cast(i, &DataType::Boolean)?.as_boolean().clone())
    }

    /// An argument as bytes; texts are read as `bytea`'s input is.
    pub fn bytes(&self, i: usize) -> Result<BinaryArray> {
        if self.arrays[i].data_type().is_string() {
            let mut out = BinaryBuilder::new();
            for text in &self.texts(i)? {
                match text {
                    Some(text) => out.append_value(super::text::bytea(text).map_err(outward)?),
                    None => out.append_null(),
                }
            }
            return Ok(out.finish());
        }
        Ok(self.cast(i, &DataType::Binary)?.as_binary::<i32>().clone())
    }

    /// An argument as lists; texts are read as arrays of texts.
    pub fn lists(&self, i: usize) -> Result<ListArray> {
        let array = &self.arrays[i];
        match array.data_type() {
            DataType::List(_) => Ok(array.as_list::<i32>().clone()),
            DataType::Null => Ok(cast_with_options(array, &list_of(DataType::Null), &STRICT)?.as_list::<i32>().clone()),
            t if t.is_string() => super::array::read::texts(&self.texts(i)?),
            t => {
                let item = element(t).map_or(DataType::Null, |e| e.data_type().clone());
                Ok(self.cast(i, &list_of(item))?.as_list::<i32>().clone())
            }
        }
    }

    /// How values are written as text in this session.
    pub fn style(&self) -> Style {
        Style::from_settings(|name| if name == "TimeZone" { self.config.execution.time_zone.clone() } else { None })
    }

    /// Whether the argument is `jsonb`, by what is known of it.
    pub fn is_jsonb(&self, i: usize) -> bool {
        *PgType::of_field(&self.fields[i]) == pg_type::JSONB
    }

    /// The rows none of whose arguments is NULL; `None` when all are.
    pub fn known(&self) -> Option<NullBuffer> {
        let nulls = self.arrays.iter().map(|a| a.logical_nulls());
        nulls.fold(None, |all, one| NullBuffer::union(all.as_ref(), one.as_ref()))
    }

    /// A text for each row none of whose arguments is NULL, written into a buffer; `false` gives NULL.
    pub fn write_texts(&self, mut write: impl FnMut(usize, &mut String) -> Result<bool>) -> Result<ArrayRef> {
        let known = self.known();
        let mut out = StringViewBuilder::with_capacity(self.rows);
        let mut text = String::new();
        for row in 0..self.rows {
            text.clear();
            if known.as_ref().is_none_or(|k| k.is_valid(row)) && write(row, &mut text)? {
                out.append_value(&text);
            } else {
                out.append_null();
            }
        }
        Ok(Arc::new(out.finish()))
    }

    /// The same for bytes.
    pub fn write_bytes(&self, mut write: impl FnMut(usize, &mut Vec<u8>) -> Result<bool>) -> Result<ArrayRef> {
        let known = self.known();
        let mut out = BinaryBuilder::new();
        let mut bytes = Vec::new();
        for row in 0..self.rows {
            bytes.clear();
            if known.as_ref().is_none_or(|k| k.is_valid(row)) && write(row, &mut bytes)? {
                out.append_value(&bytes);
            } else {
                out.append_null();
            }
        }
        Ok(Arc::new(out.finish()))
    }

    /// A value of a row none of whose arguments is NULL, collected into an array.
    pub fn collect<T, A: Array + FromIterator<Option<T>> + 'static>(
        &self,
        mut value: impl FnMut(usize) -> Result<Option<T>>,
    ) -> Result<ArrayRef> {
        let known = self.known();
        let rows = (0..self.rows).map(|row| if known.as_ref().is_none_or(|k| k.is_valid(row)) { value(row) } else { Ok(None) });
        Ok(Arc::new(rows.collect::<Result<A>>()?))
    }
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

    /// Any: what is given is looked at where the fields are known.
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let fields: Vec<FieldRef> = types.iter().map(|t| Arc::new(Field::new("", t.clone(), true))).collect();
        Ok(self.gives.field(self.name, &fields)?.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let fields = args.arg_fields;
        let fits = |overload: &&&[Type]| {
            let types = self.expanded(overload, fields.len());
            types.is_some_and(|types| types.iter().zip(fields).all(|(t, f)| t.takes(f.data_type())))
        };
        if !self.overloads.iter().any(|o| fits(&o)) {
            return Err(outward(undefined(self.name, fields)));
        }
        self.gives.field(self.name, fields)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let volatile = self.signature.volatility == Volatility::Volatile;
        let rows = if constant && !volatile { 1 } else { args.number_rows };
        let arrays = args.args.iter().map(|a| a.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let answer = (self.kernel)(&Call {
            arrays,
            fields: args.arg_fields,
            rows,
            gives: args.return_field,
            config: args.config_options,
        })?;
        if constant && !volatile {
            // A list made into a scalar otherwise forgets what its elements are.
            return Ok(ColumnarValue::Scalar(match answer.as_list_opt::<i32>() {
                Some(list) => ScalarValue::List(Arc::new(list.slice(0, 1))),
                None => ScalarValue::try_from_array(&answer, 0)?,
            }));
        }
        Ok(ColumnarValue::Array(answer))
    }
}
