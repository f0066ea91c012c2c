//! The types that functions take and give, and which of a function's overloads a call means (PostgreSQL's "Function Type Resolution").

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::error::Result;

use crate::error::{Error, Kind};
use crate::snapshot::field_key;
use crate::table::pg_type::{self, PgType};

/// What an argument may be. A quoted constant stands for any of them, for its type is not known before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::engine) enum Type {
    Text,
    /// `bytea`; a constant is read as one.
    Bytes,
    /// A whole number.
    Int,
    /// Any number, as it comes.
    Number,
    /// `double precision`, and what is read as one.
    Float,
    Bool,
    /// `json` or `jsonb`, which are texts.
    Json,
    /// An array; a text is read as one.
    List,
    /// The number of an object of the catalog.
    Oid,
    /// The same of a relation, or its name.
    Regclass,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Interval,
    Any,
}

/// What a function gives.
#[derive(Clone, Copy)]
pub(in crate::engine) enum Gives {
    Text,
    Bytes,
    Int4,
    Int8,
    Float,
    Bool,
    Oid,
    Texts,
    /// A date, a time or an interval.
    Temporal(Type),
    /// A text that is shown as this type.
    Logical(&'static PgType),
    /// Follows from the arguments.
    Of(fn(&[FieldRef]) -> Result<FieldRef>),
    /// Follows from the arguments and those of them that are constants.
    OfConstants(fn(&[FieldRef], &[Option<&ScalarValue>]) -> Result<FieldRef>),
}

/// What an argument is, as far as the choice of an overload asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Given {
    /// A quoted constant, a NULL, or a parameter without a type.
    Unknown,
    Text,
    Json,
    Bytes,
    Int,
    Decimal,
    Float,
    Bool,
    List,
    Row,
    Temporal(Type),
    /// What only functions of any type take: `uuid`, `inet`.
    Other,
}

impl Type {
    /// The temporal type of an Arrow type.
    pub fn temporal(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Timestamp(_, None) => Self::Timestamp,
            DataType::Timestamp(_, Some(_)) => Self::Timestamptz,
            DataType::Interval(_) | DataType::Duration(_) => Self::Interval,
            DataType::Dictionary(_, value) => Self::temporal(value)?,
            _ => return None,
        })
    }

    /// The type that values of an Arrow type are cast from and to.
    pub fn of(data_type: &DataType) -> Option<Self> {
        Self::temporal(data_type).or(match Given::of_type(data_type) {
            Given::Unknown if data_type.is_null() => None,
            Given::Unknown | Given::Text => Some(Self::Text),
            Given::Int => Some(Self::Int),
            Given::Decimal | Given::Float => Some(Self::Float),
            Given::Bool => Some(Self::Bool),
            Given::Json | Given::Bytes | Given::List | Given::Row | Given::Temporal(_) | Given::Other => None,
        })
    }

    /// The Arrow type of dates, times and intervals: microseconds throughout, whose range is PostgreSQL's.
    pub fn of_temporal(self) -> Option<DataType> {
        Some(match self {
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            Self::Text
            | Self::Bytes
            | Self::Int
            | Self::Number
            | Self::Float
            | Self::Bool
            | Self::Json
            | Self::List
            | Self::Oid
            | Self::Regclass
            | Self::Any => return None,
        })
    }

    /// The type that an argument is cast to where the call is planned.
    pub(super) fn coerced(self, given: &DataType) -> DataType {
        self.of_temporal().unwrap_or_else(|| given.clone())
    }

    /// The type of a parameter that stands for it; `None` where that is not one type.
    pub fn of_parameter(self) -> Option<DataType> {
        match self {
            Self::Int => Some(DataType::Int32),
            Self::Number | Self::Float => Some(DataType::Float64),
            Self::Bool => Some(DataType::Boolean),
            Self::Bytes => Some(DataType::Binary),
            Self::Oid => Some(DataType::Int64),
            Self::Date | Self::Time | Self::Timestamp | Self::Timestamptz | Self::Interval => self.of_temporal(),
            Self::Text | Self::Json | Self::List | Self::Regclass | Self::Any => None,
        }
    }

    /// `typcategory`.
    fn category(self) -> char {
        match self {
            Self::Text => 'S',
            Self::Bytes | Self::Json => 'U',
            Self::Int | Self::Number | Self::Float | Self::Oid | Self::Regclass => 'N',
            Self::Bool => 'B',
            Self::List => 'A',
            Self::Date | Self::Time | Self::Timestamp | Self::Timestamptz => 'D',
            Self::Interval => 'T',
            Self::Any => 'P',
        }
    }

    /// `typispreferred`.
    fn is_preferred(self) -> bool {
        matches!(self, Self::Text | Self::Float | Self::Oid | Self::Bool | Self::Timestamptz | Self::Interval)
    }

    /// Whether it takes such an argument, and whether as it is.
    fn takes(self, given: Given) -> Option<bool> {
        use Given as G;
        let exactly = match (self, given) {
            (Self::Any, _) => false,
            (_, G::Unknown) => false,
            (Self::Text, G::Text) | (Self::Json, G::Json) | (Self::Bytes, G::Bytes) | (Self::Bool, G::Bool) => true,
            (Self::List, G::List) | (Self::Int, G::Int) | (Self::Number, G::Int | G::Decimal | G::Float) => true,
            (Self::Float, G::Float) => true,
            (Self::Float, G::Int | G::Decimal) | (Self::Oid | Self::Regclass, G::Int) => false,
            // What has fields is JSON wherever it is shown; and texts that are read where their type got lost.
            (Self::Json, G::Row | G::Text) | (Self::Text, G::Json) | (Self::List | Self::Regclass, G::Text) => false,
            (wanted, G::Temporal(given)) if wanted == given => true,
            (Self::Timestamp | Self::Timestamptz, G::Temporal(Self::Date))
            | (Self::Timestamptz, G::Temporal(Self::Timestamp))
            | (Self::Interval, G::Temporal(Self::Time)) => false,
            _ => return None,
        };
        Some(exactly)
    }
}

impl Given {
    /// What a field's values are.
    pub fn of_field(field: &Field) -> Self {
        let pg = PgType::of_field(field);
        match field.data_type() {
            DataType::Null => Self::Unknown,
            DataType::Utf8 if !field.metadata().contains_key(field_key::LOGICAL) => Self::Unknown,
            t if t.is_string() && (*pg == pg_type::JSON || *pg == pg_type::JSONB) => Self::Json,
            t if t.is_string() && !matches!(pg.category, 'S' | 'Z') => Self::Other,
            t => Self::of_type(t),
        }
    }

    /// The same as far as an Arrow type tells.
    pub fn of_type(data_type: &DataType) -> Self {
        match data_type {
            DataType::Null | DataType::Utf8 => Self::Unknown,
            t if t.is_string() => Self::Text,
            t if t.is_binary() => Self::Bytes,
            t if t.is_integer() => Self::Int,
            t if t.is_decimal() => Self::Decimal,
            t if t.is_floating() => Self::Float,
            t if is_list(t) => Self::List,
            DataType::Boolean => Self::Bool,
            DataType::Struct(_) | DataType::Map(..) => Self::Row,
            DataType::Dictionary(_, value) => match Self::of_type(value) {
                // A column of it is no constant.
                Self::Unknown => Self::Text,
                known => known,
            },
            t => Type::temporal(t).map_or(Self::Other, Self::Temporal),
        }
    }
}

/// The place of the candidate that a call with such arguments means; of those that are as good as each other the first.
pub(in crate::engine) fn choose<'a>(candidates: impl Iterator<Item = &'a [Type]>, given: &[Given]) -> Option<usize> {
    let known = |types: &[Type]| types.iter().zip(given).map(|(t, g)| t.takes(*g)).collect::<Option<Vec<_>>>();
    let fits = |(n, types): (usize, &'a [Type])| {
        let exact = (types.len() == given.len()).then(|| known(types))??;
        Some((n, types, exact.into_iter().filter(|e| *e).count()))
    };
    let mut left: Vec<(usize, &[Type], usize)> = candidates.enumerate().filter_map(fits).collect();
    let most = left.iter().map(|(_, _, exact)| *exact).max()?;
    left.retain(|(_, _, exact)| *exact == most);
    let preferred = |types: &[Type]| {
        let known = types.iter().zip(given).filter(|(_, g)| **g != Given::Unknown);
        known.filter(|(t, g)| t.is_preferred() || t.takes(**g) == Some(true)).count()
    };
    let most = left.iter().map(|(_, types, _)| preferred(types)).max()?;
    left.retain(|(_, types, _)| preferred(types) == most);
    for (i, _) in given.iter().enumerate().filter(|(_, g)| **g == Given::Unknown) {
        let is_text = |types: &[Type]| types.get(i) == Some(&Type::Text);
        if left.iter().any(|(_, types, _)| is_text(types)) {
            left.retain(|(_, types, _)| is_text(types));
            continue;
        }
        let category = left.first().and_then(|(_, types, _)| types.get(i)).map(|t| t.category());
        let same = |types: &[Type]| types.get(i).map(|t| t.category()) == category;
        let is_preferred = |types: &[Type]| types.get(i).is_some_and(|t| t.is_preferred());
        if left.iter().all(|(_, types, _)| same(types)) && left.iter().any(|(_, types, _)| is_preferred(types)) {
            left.retain(|(_, types, _)| is_preferred(types));
        }
    }
    left.first().map(|(n, _, _)| *n)
}

impl Gives {
    /// Whether it is this type, of those that constants are cast to.
    pub fn is(&self, wanted: Type) -> bool {
        match self {
            Self::Temporal(t) => *t == wanted,
            Self::Text => wanted == Type::Text,
            Self::Bool => wanted == Type::Bool,
            Self::Bytes | Self::Int4 | Self::Int8 | Self::Float | Self::Oid | Self::Texts => false,
            Self::Logical(_) | Self::Of(_) | Self::OfConstants(_) => false,
        }
    }

    /// The field of a call's result.
    pub(super) fn field(&self, name: &str, fields: &[FieldRef], constants: &[Option<&ScalarValue>]) -> Result<FieldRef> {
        let data_type = match self {
            Self::Text => DataType::Utf8View,
            Self::Bytes => DataType::Binary,
            Self::Int4 => DataType::Int32,
            Self::Int8 => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Oid => DataType::UInt32,
            Self::Texts => list_of(DataType::Utf8View),
            Self::Temporal(t) => t.of_temporal().unwrap_or(DataType::Null),
            Self::Logical(pg) => return Ok(logical(name, pg)),
            Self::Of(of) => return of(fields),
            Self::OfConstants(of) => return of(fields, constants),
        };
        Ok(Arc::new(Field::new(name, data_type, true)))
    }
}

/// A constant as a whole number.
pub(in crate::engine) fn whole(constant: &ScalarValue) -> Option<i64> {
    match constant.cast_to(&DataType::Int64) {
        Ok(ScalarValue::Int64(n)) => n,
        Ok(_) | Err(_) => None,
    }
}

/// A field of texts that are shown as another type.
pub(in crate::engine) fn logical(name: &str, pg: &PgType) -> FieldRef {
    let metadata = [(field_key::LOGICAL.to_owned(), pg.name.to_owned())].into();
    Arc::new(Field::new(name, DataType::Utf8View, true).with_metadata(metadata))
}

/// A field of arrays of texts that are shown as this array type.
pub(in crate::engine) fn logical_list(pg: &PgType) -> FieldRef {
    let metadata = [(field_key::LOGICAL.to_owned(), pg.name.to_owned())].into();
    Arc::new(Field::new("", list_of(DataType::Utf8View), true).with_metadata(metadata))
}

/// Whether a field holds `json` or `jsonb`.
pub(in crate::engine) fn is_json(field: &Field) -> bool {
    Given::of_field(field) == Given::Json
}

pub(in crate::engine) fn is_list(data_type: &DataType) -> bool {
    element(data_type).is_some()
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

/// A type as PostgreSQL's errors name it; a constant's is not known.
pub(in crate::engine) fn shown_type(field: &Field) -> &'static str {
    match Given::of_field(field) {
        Given::Unknown => "unknown",
        _ => PgType::of_field(field).sql_name,
    }
}

#[cfg(test)]
mod tests {
    use super::Given as G;
    use super::Type::{Any, Date, Float, Int, Interval, Number, Text, Time, Timestamp, Timestamptz};
    use super::{Type, choose};

    #[test]
    fn overloads_are_chosen_as_postgresql_chooses() {
        const MOMENTS: &[&[Type]] = &[&[Timestamp, Timestamp], &[Timestamptz, Timestamptz]];
        const PLUS: &[&[Type]] = &[&[Date, Int], &[Date, Interval], &[Timestamp, Interval], &[Timestamptz, Interval]];
        const TEXT_OR_NUMBER: &[&[Type]] = &[&[Number], &[Text]];
        for (overloads, given, want) in [
            (MOMENTS, vec![G::Unknown, G::Unknown], Some(1)),
            (MOMENTS, vec![G::Temporal(Timestamp), G::Unknown], Some(0)),
            (MOMENTS, vec![G::Temporal(Date), G::Temporal(Date)], Some(1)),
            (MOMENTS, vec![G::Int, G::Unknown], None),
            (MOMENTS, vec![G::Unknown], None),
            (PLUS, vec![G::Temporal(Date), G::Int], Some(0)),
            (PLUS, vec![G::Temporal(Date), G::Temporal(Interval)], Some(1)),
            (PLUS, vec![G::Temporal(Timestamp), G::Unknown], Some(2)),
            (TEXT_OR_NUMBER, vec![G::Unknown], Some(1)),
            (TEXT_OR_NUMBER, vec![G::Decimal], Some(0)),
            (TEXT_OR_NUMBER, vec![G::Other], None),
            (&[&[Time], &[Any]], vec![G::Other], Some(1)),
            (&[&[Float], &[Int]], vec![G::Int], Some(1)),
        ] {
            assert_eq!(choose(overloads.iter().copied(), &given), want, "{overloads:?} {given:?}");
        }
    }
}
