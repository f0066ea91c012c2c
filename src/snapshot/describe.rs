//! Describing: a snapshot's columns as a descriptor would declare them. Whether reading the files by it gives the same table is the
//! caller's to try.

use arrow::datatypes::{DataType, IntervalUnit, Schema};

use super::field_key;
use crate::descriptor::{Column, ColumnKind};

/// The columns of the files, each with the type it was read as where a descriptor has a word for it, else as `any`. What Stoa adds to
/// a table (`_source_file` and the like) is left out.
pub fn columns(schema: &Schema) -> Vec<Column> {
    let fields = schema.fields().iter().filter(|f| !f.metadata().contains_key(field_key::HIDDEN));
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| {
        let words = field.metadata().get(field_key::WORDS).and_then(|words| words.split_once(' '));
        let (true_values, false_values) = words.map(|(yes, no)| (writings(yes), writings(no))).unwrap_or_default();
        Column {
            name: field.name().clone(),
            unit: field.metadata().get(field_key::UNIT).cloned(),
            kind: if field.metadata().contains_key(field_key::LOGICAL) { ColumnKind::Any } else { kind(field.data_type()) },
            true_values,
            false_values,
            ..Column::default()
        }
    };
    fields.map(column).collect()
}

/// The ways in which a word in lower case is written: a descriptor's words are taken to the letter. (A stranger mixture of cases makes rejects,
/// by which the caller sees that the declaration does not fit.)
fn writings(word: &str) -> Vec<String> {
    let first = word.chars().next().map_or_else(String::new, |c| c.to_ascii_uppercase().to_string());
    let mut all = vec![word.to_owned(), first + word.get(1..).unwrap_or_default(), word.to_ascii_uppercase()];
    all.dedup();
    all
}

fn kind(data_type: &DataType) -> ColumnKind {
    match data_type {
        DataType::Utf8View => ColumnKind::String,
        DataType::Boolean => ColumnKind::Boolean,
        DataType::Int64 => ColumnKind::Integer,
        DataType::Float64 | DataType::Decimal128(..) => ColumnKind::Number,
        DataType::Date32 => ColumnKind::Date,
        DataType::Timestamp(..) => ColumnKind::Datetime,
        DataType::Time64(_) => ColumnKind::Time,
        DataType::Duration(_) | DataType::Interval(IntervalUnit::YearMonth) => ColumnKind::Duration,
        // Other types have no word, or one that says more than the type does.
        _ => ColumnKind::Any,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use arrow::datatypes::{Field, TimeUnit};

    use super::*;

    #[test]
    fn columns_are_declared_as_they_were_read() {
        let json = HashMap::from([(field_key::LOGICAL.to_owned(), "json".to_owned())]);
        let unit = HashMap::from([(field_key::UNIT.to_owned(), "µg".to_owned())]);
        let schema = Schema::new(vec![
            Field::new("a", DataType::Int64, true).with_metadata(unit),
            Field::new("b", DataType::Timestamp(TimeUnit::Microsecond, None), true),
            Field::new("c", DataType::Utf8View, true).with_metadata(json),
            Field::new("d", DataType::Binary, true),
            Field::new("e", DataType::Boolean, true).with_metadata([(field_key::WORDS.to_owned(), "y n".to_owned())].into()),
            Field::new("f", DataType::Duration(TimeUnit::Microsecond), true),
            Field::new("_source_file", DataType::Utf8View, false)
                .with_metadata([(field_key::HIDDEN.to_owned(), "_source_file".to_owned())].into()),
        ]);
        let shown: Vec<_> = columns(&schema).into_iter().map(|c| (c.name, c.kind, c.unit)).collect();
        assert_eq!(
            shown,
            [
                ("a".to_owned(), ColumnKind::Integer, Some("µg".to_owned())),
                ("b".to_owned(), ColumnKind::Datetime, None),
                ("c".to_owned(), ColumnKind::Any, None),
                ("d".to_owned(), ColumnKind::Any, None),
                ("e".to_owned(), ColumnKind::Boolean, None),
                ("f".to_owned(), ColumnKind::Duration, None),
            ]
        );
        let words = &columns(&schema)[4];
        assert_eq!((words.true_values.join(" "), words.false_values.join(" ")), ("y Y".to_owned(), "n N".to_owned()));
        assert_eq!(writings("yes"), ["yes", "Yes", "YES"]);
    }
}
