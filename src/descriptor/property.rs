//! Reading a JSON object property by property: each is taken once, a wrong one is reported with its JSON pointer, and what
//! is left over is kept as published.

use std::cell::RefCell;

use serde_json::{Map, Value};

use super::{Extra, Problem};

/// The problems of one descriptor, as they are found.
pub(super) struct Report {
    file: String,
    found: RefCell<Vec<Problem>>,
}

impl Report {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), found: RefCell::default() }
    }

    pub(super) fn add(&self, pointer: &str, message: impl Into<String>) {
        let problem = Problem { file: self.file.clone(), pointer: pointer.to_owned(), message: message.into() };
        self.found.borrow_mut().push(problem);
    }

    /// The problems so far, which are no longer held.
    pub(super) fn take(&self) -> Vec<Problem> {
        self.found.take()
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.found.into_inner()
    }
}

/// An object's properties that have not been taken yet, and where it stands.
pub(super) struct Properties<'r> {
    report: &'r Report,
    pointer: String,
    map: Map<String, Value>,
}

impl<'r> Properties<'r> {
    pub(super) fn new(report: &'r Report, pointer: String, map: Map<String, Value>) -> Self {
        Self { report, pointer, map }
    }

    pub(super) fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The JSON pointer of one property (RFC 6901's escapes).
    pub(super) fn pointer_of(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, key.replace('~', "~0").replace('/', "~1"))
    }

    pub(super) fn problem(&self, key: &str, message: impl Into<String>) {
        self.report.add(&self.pointer_of(key), message);
    }

    /// The property's value; `null` is as good as absent.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    /// Whether the property is there and not `null`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|value| !value.is_null())
    }

    /// An object without properties that would stand under `key`.
    pub(super) fn empty(&self, key: &str) -> Properties<'r> {
        Properties::new(self.report, self.pointer_of(key), Map::new())
    }

    /// Puts a property back among those to be kept.
    pub(super) fn keep(&mut self, key: &str, value: Value) {
        self.map.insert(key.to_owned(), value);
    }

    /// What was not taken.
    pub(super) fn rest(self) -> Extra {
        self.map.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    /// A text to the letter, which may be empty.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text),
            other => self.wrong(key, "a text", &other),
        }
    }

    /// A text that says something: a blank one is as good as absent.
    pub(super) fn words(&mut self, key: &str) -> Option<String> {
        self.text(key).filter(|text| !text.trim().is_empty())
    }

    /// The first of several names of one property that has words.
    pub(super) fn words_of(&mut self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.words(key))
    }

    /// A text, or a number's digits as published: some portals number what should be named.
    pub(super) fn label(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text).filter(|text| !text.trim().is_empty()),
            other => self.wrong(key, "a text", &other),
        }
    }

    /// A list of texts; a single text is a list of one.
    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let items = match self.take(key)? {
            Value::String(text) => return Some(vec![text]),
            Value::Array(items) => items,
            other => return self.wrong(key, "a text or a list of texts", &other),
        };
        let texts = items.into_iter().enumerate().filter_map(|(i, item)| match item {
            Value::String(text) => Some(text),
            other => self.wrong(&format!("{key}/{i}"), "a text", &other),
        });
        Some(texts.collect())
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        match self.take(key)? {
            Value::Bool(flag) => Some(flag),
            other => self.wrong(key, "true or false", &other),
        }
    }

    pub(super) fn count(&mut self, key: &str) -> Option<u64> {
        let value = self.take(key)?;
        value.as_u64().or_else(|| self.wrong(key, "a whole number of 0 or more", &value))
    }

    /// 1-based row numbers.
    pub(super) fn rows(&mut self, key: &str) -> Option<Vec<usize>> {
        let value = self.take(key)?;
        let rows = value.as_array().and_then(|items| {
            let row = |item: &Value| item.as_u64().and_then(|row| usize::try_from(row).ok()).filter(|row| *row > 0);
            items.iter().map(row).collect::<Option<Vec<usize>>>()
        });
        rows.or_else(|| self.wrong(key, "a list of row numbers that start at 1", &value))
    }

    /// A single character.
    pub(super) fn character(&mut self, key: &str) -> Option<char> {
        let text = self.text(key)?;
        // A tab is often published as the two characters of its escape.
        let text = if text == "\\t" { "\t" } else { text.as_str() };
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Some(c),
            (Some(_), Some(_)) | (None, _) => {
                self.problem(key, format!("expected a single character, found {text:?}; ignored"));
                None
            }
        }
    }

    pub(super) fn object(&mut self, key: &str) -> Option<Properties<'r>> {
        match self.take(key)? {
            Value::Object(map) => Some(Properties::new(self.report, self.pointer_of(key), map)),
            other => self.wrong(key, "an object", &other),
        }
    }

    /// The objects of a list, each with its place in it; what is no object is reported and left out.
    pub(super) fn objects(&mut self, key: &str) -> Vec<Properties<'r>> {
        let items = match self.take(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => return self.wrong::<Vec<_>>(key, "a list of objects", &other).unwrap_or_default(),
        };
        let pointer = self.pointer_of(key);
        let objects = items.into_iter().enumerate().filter_map(|(i, item)| match item {
            Value::Object(map) => Some(Properties::new(self.report, format!("{pointer}/{i}"), map)),
            other => self.wrong(&format!("{key}/{i}"), "an object", &other),
        });
        objects.collect()
    }

    /// Reports why the whole object is left out. `key` is as in [`Self::wrong`].
    pub(super) fn left_out<T>(&self, key: &str, why: &str) -> Option<T> {
        self.report.add(&format!("{}/{key}", self.pointer), format!("{why}; left out"));
        None
    }

    /// Reports a property of the wrong kind. `key` may be a path of several parts, none of which needs an escape.
    pub(super) fn wrong<T>(&self, key: &str, expected: &str, found: &Value) -> Option<T> {
        self.report.add(&format!("{}/{key}", self.pointer), format!("expected {expected}, found {}; ignored", shown(found)));
        None
    }
}

/// A value as a message can show it: short, and by kind where it is long.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.chars().count() <= 60 => format!("{text:?}"),
        Value::String(_) => "a long text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
