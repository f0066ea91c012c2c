//! What a path in `jsonb` is made of.

use super::super::value::Json;
use super::number::Operator;
use crate::engine::functions::regexp::Regex;

/// A path.
pub struct Path {
    pub strict: bool,
    pub node: Node,
}

/// A part of a path.
pub enum Node {
    /// `$`
    Root,
    /// `@`
    Current,
    Last,
    Variable(String),
    Literal(Json),
    Step(Box<Node>, Step),
    Calculate(Operator, Box<Node>, Box<Node>),
    /// `-x`, or `+x`.
    Signed(bool, Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    IsUnknown(Box<Node>),
    Exists(Box<Node>),
    StartsWith(Box<Node>, Box<Node>),
    Like(Box<Node>, Box<Regex>),
}

/// What is taken of a value.
pub enum Step {
    Member(String),
    /// `.*`
    Members,
    /// `[*]`
    Elements,
    /// `[1, 3 to last]`
    Subscripts(Vec<(Node, Option<Node>)>),
    /// `.**{1 to 2}`
    Within(u32, u32),
    Filter(Box<Node>),
    Method(Method),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    Other,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Type,
    Size,
    Double,
    Ceiling,
    Floor,
    Abs,
    KeyValue,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 7] = [Self::Type, Self::Size, Self::Double, Self::Ceiling, Self::Floor, Self::Abs, Self::KeyValue];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Size => "size",
            Self::Double => "double",
            Self::Ceiling => "ceiling",
            Self::Floor => "floor",
            Self::Abs => "abs",
            Self::KeyValue => "keyvalue",
        }
    }
}
