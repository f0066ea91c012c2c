//! What counts as "no value" in a column: what its descriptor declares, else the words that it proved to be codes.

use super::token::Tokens;
use crate::descriptor::{Column, MissingValue};

/// What databases write for NULL in text (PostgreSQL's COPY, MySQL's OUTFILE): missing in every column of which nothing is declared.
const SQL_NULL: &str = "\\N";

/// What counts as "no value".
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::snapshot) struct Missing {
    /// As declared; the empty text when nothing is.
    pub(super) declared: Option<Vec<MissingValue>>,
    /// The words that the column proved to be codes.
    pub(super) tokens: Tokens,
}

impl Missing {
    /// What the descriptor says: the column's own values above the schema's, and the dialect's sequence beside either.
    pub(in crate::snapshot) fn declared(
        column: Option<&Column>,
        schema: Option<&[MissingValue]>,
        sequence: Option<&str>,
    ) -> Self {
        let values = column.and_then(|c| c.missing_values.as_deref()).or(schema);
        let mut declared = values.map(<[MissingValue]>::to_vec);
        if let Some(sequence) = sequence {
            let codes = declared.get_or_insert_with(|| vec![MissingValue::default()]);
            codes.push(MissingValue { value: sequence.to_owned(), label: None });
        }
        Self { declared, tokens: Tokens::default() }
    }

    /// The declared codes with their labels, as Data Package v2 prints them; `None` when none is declared.
    pub(super) fn json(&self) -> Option<String> {
        let code = |code: &MissingValue| match &code.label {
            Some(label) => serde_json::json!({"value": code.value, "label": label}),
            None => serde_json::json!(code.value),
        };
        self.declared.as_ref().map(|codes| serde_json::Value::from_iter(codes.iter().map(code)).to_string())
    }

    pub(super) fn is_declared(&self) -> bool {
        self.declared.is_some()
    }

    pub(super) fn has(&self, text: &str) -> bool {
        match &self.declared {
            Some(codes) => codes.iter().any(|code| code.value == text),
            None => text.is_empty() || text == SQL_NULL || self.tokens.has(text),
        }
    }
}
