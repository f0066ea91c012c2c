//! What a path finds in a value. In lax mode an array is taken for its elements where something else is asked for, a value for an array of it, and
//! what is not there is nothing; in strict mode each of these is an error.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::super::test::order;
use super::super::value::Json;
use super::node::{Comparison, Method, Node, Path, Step};
use super::number::Number;
use crate::error::{Error, Kind, Result};

/// The most values that a path may find, for `.**` multiplies them.
const MAX_FOUND: usize = 10_000_000;

/// A path's look at one value.
pub struct Run<'a> {
    root: &'a Json,
    variables: Option<&'a Json>,
    strict: bool,
}

/// What `@` and `last` stand for at a place of a path.
#[derive(Clone, Copy, Default)]
struct Around<'a> {
    current: Option<&'a Json>,
    last: Option<i64>,
}

type Found<'a> = Vec<Cow<'a, Json>>;

impl<'a> Run<'a> {
    pub fn new(root: &'a Json, variables: Option<&'a Json>, strict: bool) -> Self {
        Self { root, variables, strict }
    }

    /// All that the path finds.
    pub fn all(&self, path: &Path) -> Result<Vec<Json>> {
        Ok(self.items(&path.node, Around::default())?.into_iter().map(Cow::into_owned).collect())
    }

    fn items<'b>(&self, node: &'b Node, around: Around<'b>) -> Result<Found<'b>>
    where
        'a: 'b,
    {
        Ok(match node {
            Node::Root => vec![Cow::Borrowed(self.root)],
            Node::Current => around.current.map(Cow::Borrowed).into_iter().collect(),
            Node::Last => around.last.map(|last| Cow::Owned(Json::Number(last.to_string()))).into_iter().collect(),
            Node::Literal(value) => vec![Cow::Borrowed(value)],
            Node::Variable(name) => match self.variables.and_then(|variables| variables.member(name)) {
                Some(value) => vec![Cow::Borrowed(value)],
                None => {
                    let message = format!("could not find jsonpath variable \"{name}\"");
                    return Err(Error::new(Kind::UndefinedObject, message));
                }
            },
            Node::Step(of, step) => {
                let mut found = Vec::new();
                for item in self.items(of, around)? {
                    self.step(item, step, around, &mut found)?;
                    if found.len() > MAX_FOUND {
                        return Err(Error::new(Kind::LimitExceeded, "a path finds too many values"));
                    }
                }
                found
            }
            Node::Calculate(op, left, right) => {
                let side = |node: &'b Node, which: &str| {
                    let message = format!("{which} operand of jsonpath operator {} is not a single numeric value", op.sign());
                    let items = self.unwrapped(self.items(node, around)?);
                    one_number(&items).map_or_else(|| Err(Error::new(Kind::JsonSingle, message)), Number::read)
                };
                let result = side(left, "left")?.calculate(*op, side(right, "right")?)?;
                vec![Cow::Owned(Json::Number(result.text()))]
            }
            Node::Signed(negative, of) => {
                let sign = if *negative { "-" } else { "+" };
                let mut found = Vec::new();
                for item in self.unwrapped(self.items(of, around)?) {
                    let Json::Number(text) = item.as_ref() else {
                        let message = format!("operand of unary jsonpath operator {sign} is not a numeric value");
                        return Err(Error::new(Kind::JsonNumber, message));
                    };
                    let number = Number::read(text)?;
                    let number = if *negative { number.negated() } else { number };
                    found.push(Cow::Owned(Json::Number(number.text())));
                }
                found
            }
            predicate @ (Node::Compare(..)
            | Node::And(..)
            | Node::Or(..)
            | Node::Not(_)
            | Node::IsUnknown(_)
            | Node::Exists(_)
            | Node::StartsWith(..)
            | Node::Like(..)) => vec![Cow::Owned(self.truth(predicate, around).map_or(Json::Null, Json::Bool))],
        })
    }

    /// Arrays as their elements, in lax mode.
    fn unwrapped<'b>(&self, items: Found<'b>) -> Found<'b> {
        if self.strict {
            return items;
        }
        items.into_iter().flat_map(|item| if matches!(*item, Json::Array(_)) { children(item) } else { vec![item] }).collect()
    }

    /// Adds what a step finds in a value.
    fn step<'b>(&self, item: Cow<'b, Json>, step: &'b Step, around: Around<'b>, found: &mut Found<'b>) -> Result<()>
    where
        'a: 'b,
    {
        let looks_inside = match step {
            Step::Member(_) | Step::Members | Step::Filter(_) => true,
            Step::Method(method) => !matches!(method, Method::Type | Method::Size),
            Step::Elements | Step::Subscripts(_) | Step::Within(..) => false,
        };
        if looks_inside && !self.strict && matches!(*item, Json::Array(_)) {
            return children(item).into_iter().try_for_each(|child| self.own_step(child, step, around, found));
        }
        self.own_step(item, step, around, found)
    }

    fn own_step<'b>(&self, item: Cow<'b, Json>, step: &'b Step, around: Around<'b>, found: &mut Found<'b>) -> Result<()>
    where
        'a: 'b,
    {
        let missing = |kind: Kind, message: String| if self.strict { Err(Error::new(kind, message)) } else { Ok(()) };
        match step {
            Step::Member(key) => match member(item, key) {
                Ok(value) => found.push(value),
                Err(true) => missing(Kind::JsonMember, format!("JSON object does not contain key \"{key}\""))?,
                Err(false) => {
                    missing(Kind::JsonMember, "jsonpath member accessor can only be applied to an object".to_owned())?;
                }
            },
            Step::Members if matches!(*item, Json::Object(_)) => found.extend(children(item)),
            Step::Members => {
                missing(Kind::JsonObject, "jsonpath wildcard member accessor can only be applied to an object".to_owned())?;
            }
            Step::Elements if matches!(*item, Json::Array(_)) => found.extend(children(item)),
            Step::Elements if self.strict => {
                missing(Kind::JsonArray, "jsonpath wildcard array accessor can only be applied to an array".to_owned())?;
            }
            Step::Elements => found.push(item),
            Step::Subscripts(ranges) => self.subscripts(item, ranges, around, found)?,
            Step::Within(least, most) => within(item, 0, *least, *most, found),
            Step::Filter(condition) => {
                if self.truth(condition, Around { current: Some(&item), last: around.last }) == Some(true) {
                    found.push(item);
                }
            }
            Step::Method(method) => self.method(item, *method, found)?,
        }
        Ok(())
    }

    fn subscripts<'b>(
        &self,
        item: Cow<'b, Json>,
        ranges: &'b [(Node, Option<Node>)],
        around: Around<'b>,
        found: &mut Found<'b>,
    ) -> Result<()>
    where
        'a: 'b,
    {
        let is_array = matches!(*item, Json::Array(_));
        if self.strict && !is_array {
            return Err(Error::new(Kind::JsonArray, "jsonpath array accessor can only be applied to an array"));
        }
        let elements = if is_array { children(item) } else { vec![item] };
        let size = i64::try_from(elements.len()).unwrap_or(i64::MAX);
        let around = Around { last: Some(size - 1), ..around };
        let place = |node: &'b Node| {
            let error = |message: &str| Err(Error::new(Kind::JsonSubscript, message));
            let items = self.items(node, around)?;
            let Some(number) = one_number(&items) else {
                return error("jsonpath array subscript is not a single numeric value");
            };
            match Number::read(number)?.place() {
                Some(place) => Ok(place),
                None => error("jsonpath array subscript is out of integer range"),
            }
        };
        for (from, to) in ranges {
            let from = place(from)?;
            let to = to.as_ref().map_or(Ok(from), place)?;
            if self.strict && (from < 0 || from > to || to >= size) {
                return Err(Error::new(Kind::JsonSubscript, "jsonpath array subscript is out of bounds"));
            }
            let range = from.max(0)..=to.min(size - 1);
            found.extend(range.filter_map(|place| elements.get(usize::try_from(place).ok()?).cloned()));
        }
        Ok(())
    }

    fn method<'b>(&self, item: Cow<'b, Json>, method: Method, found: &mut Found<'b>) -> Result<()> {
        let number = |value: Number| Cow::Owned(Json::Number(value.text()));
        let name = method.name();
        match (method, &*item) {
            (Method::Type, value) => found.push(Cow::Owned(Json::String(type_of(value).to_owned()))),
            (Method::Size, Json::Array(all)) => found.push(Cow::Owned(Json::Number(all.len().to_string()))),
            (Method::Size, _) if self.strict => {
                return Err(Error::new(Kind::JsonArray, "jsonpath item method .size() can only be applied to an array"));
            }
            (Method::Size, _) => found.push(Cow::Owned(Json::Number("1".to_owned()))),
            (Method::Double, Json::Number(text) | Json::String(text)) => {
                let is_number = matches!(*item, Json::Number(_));
                let read = text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
                let Some(value) = read else {
                    let what = if is_number {
                        "numeric argument of jsonpath item method .double() is out of range for type double precision"
                    } else {
                        "string argument of jsonpath item method .double() is not a valid representation of a double precision number"
                    };
                    return Err(Error::new(Kind::JsonNumber, what));
                };
                // A number stays as it is written.
                found.push(if is_number { item } else { number(Number::read(&value.to_string())?) });
            }
            (Method::Double, _) => {
                let message = "jsonpath item method .double() can only be applied to a string or numeric value";
                return Err(Error::new(Kind::JsonNumber, message));
            }
            (Method::Ceiling, Json::Number(text)) => found.push(number(Number::read(text)?.whole(true))),
            (Method::Floor, Json::Number(text)) => found.push(number(Number::read(text)?.whole(false))),
            (Method::Abs, Json::Number(text)) => found.push(number(Number::read(text)?.size())),
            (Method::Ceiling | Method::Floor | Method::Abs, _) => {
                let message = format!("jsonpath item method .{name}() can only be applied to a numeric value");
                return Err(Error::new(Kind::JsonNumber, message));
            }
            (Method::KeyValue, Json::Object(members)) => {
                for (key, value) in members {
                    let member = |name: &str, value: Json| (name.to_owned(), value);
                    found.push(Cow::Owned(Json::object(vec![
                        member("id", Json::Number("0".to_owned())),
                        member("key", Json::String(key.clone())),
                        member("value", value.clone()),
                    ])));
                }
            }
            (Method::KeyValue, _) => {
                let message = "jsonpath item method .keyvalue() can only be applied to an object";
                return Err(Error::new(Kind::JsonObject, message));
            }
        }
        Ok(())
    }

    /// Whether a condition holds; `None` where that is unknown, as where something can't be found.
    fn truth<'b>(&self, node: &'b Node, around: Around<'b>) -> Option<bool>
    where
        'a: 'b,
    {
        match node {
            Node::And(left, right) => match (self.truth(left, around), self.truth(right, around)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Node::Or(left, right) => match (self.truth(left, around), self.truth(right, around)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Node::Not(of) => self.truth(of, around).map(|is_true| !is_true),
            Node::IsUnknown(of) => Some(self.truth(of, around).is_none()),
            Node::Exists(of) => self.items(of, around).ok().map(|found| !found.is_empty()),
            Node::Compare(comparison, left, right) => {
                let right = self.unwrapped(self.items(right, around).ok()?);
                self.any(left, around, |item| self.each(&right, |other| comparison.of(item, other)))
            }
            Node::StartsWith(of, start) => {
                let starts = self.items(start, around).ok()?;
                let [start] = starts.as_slice() else { return None };
                self.any(of, around, |item| Some(text_of(item)?.starts_with(text_of(start)?)))
            }
            Node::Like(of, regex) => self.any(of, around, |item| regex.is_match(text_of(item)?).ok()),
            Node::Root
            | Node::Current
            | Node::Last
            | Node::Variable(_)
            | Node::Literal(_)
            | Node::Step(..)
            | Node::Calculate(..)
            | Node::Signed(..) => None,
        }
    }

    fn any<'b>(&self, of: &'b Node, around: Around<'b>, holds: impl Fn(&Json) -> Option<bool>) -> Option<bool>
    where
        'a: 'b,
    {
        let items = self.unwrapped(self.items(of, around).ok()?);
        self.each(&items, holds)
    }

    /// Whether it holds of any: in lax mode of the first that it does, in strict mode only where it is known of all.
    fn each(&self, items: &[Cow<'_, Json>], holds: impl Fn(&Json) -> Option<bool>) -> Option<bool> {
        let (mut any, mut unknown) = (false, false);
        for item in items {
            match holds(item) {
                None if self.strict => return None,
                None => unknown = true,
                Some(true) if !self.strict => return Some(true),
                Some(is_true) => any |= is_true,
            }
        }
        if any { Some(true) } else { (!unknown).then_some(false) }
    }
}

impl Comparison {
    /// `None` where values of such types are not compared.
    fn of(self, left: &Json, right: &Json) -> Option<bool> {
        let order = match (left, right) {
            (Json::Null, Json::Null) => Ordering::Equal,
            (Json::Null, _) | (_, Json::Null) => return Some(self == Self::Other),
            (Json::Bool(_), Json::Bool(_)) | (Json::Number(_), Json::Number(_)) | (Json::String(_), Json::String(_)) => {
                order(left, right)
            }
            (Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) | Json::Object(_), _) => return None,
        };
        Some(match self {
            Self::Equal => order.is_eq(),
            Self::Other => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        })
    }
}

/// The digits of a number that stands alone.
fn one_number<'i>(items: &'i [Cow<'_, Json>]) -> Option<&'i str> {
    let [item] = items else { return None };
    if let Json::Number(digits) = item.as_ref() { Some(digits) } else { None }
}

fn text_of(item: &Json) -> Option<&str> {
    if let Json::String(text) = item { Some(text) } else { None }
}

/// The elements of an array, or the values of an object.
fn children(item: Cow<'_, Json>) -> Found<'_> {
    match item {
        Cow::Borrowed(Json::Array(all)) => all.iter().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Json::Object(members)) => members.iter().map(|(_, value)| Cow::Borrowed(value)).collect(),
        Cow::Owned(Json::Array(all)) => all.into_iter().map(Cow::Owned).collect(),
        Cow::Owned(Json::Object(members)) => members.into_iter().map(|(_, value)| Cow::Owned(value)).collect(),
        Cow::Borrowed(_) | Cow::Owned(_) => Vec::new(),
    }
}

/// The member of a key, or whether it is an object that has none.
fn member<'a>(item: Cow<'a, Json>, key: &str) -> std::result::Result<Cow<'a, Json>, bool> {
    let is_object = matches!(*item, Json::Object(_));
    let found = match item {
        Cow::Borrowed(value) => value.member(key).map(Cow::Borrowed),
        Cow::Owned(value) => value.member(key).cloned().map(Cow::Owned),
    };
    found.ok_or(is_object)
}

/// The values in a value, from so many levels below it to so many.
fn within<'a>(item: Cow<'a, Json>, level: u32, least: u32, most: u32, found: &mut Found<'a>) {
    if level >= least {
        found.push(item.clone());
    }
    if level < most {
        children(item).into_iter().for_each(|child| within(child, level + 1, least, most, found));
    }
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}
