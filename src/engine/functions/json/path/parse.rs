//! How a path in `jsonb` is written (PostgreSQL's `jsonpath_gram.y`); what its signs and words are is `scan`'s.

use super::super::value::Json;
use super::node::{Comparison, Method, Node, Path, Step};
use super::number::Operator;
use super::scan::{Scanner, is_of_word};
use crate::engine::functions::regexp::{Flags, Regex};
use crate::error::{Error, Kind, Result};

/// How deep a path may nest.
const MAX_DEPTH: usize = 200;

/// The levels that `.**` goes down where nothing else is said.
const ALL_LEVELS: u32 = u32::MAX;

/// The path of a text. [`Kind::Syntax`], [`Kind::Unsupported`] for `datetime()`.
pub fn path(text: &str) -> Result<Path> {
    let mut parser = Parser { scan: Scanner::new(text), depth: 0 };
    let strict = match parser.scan.word() {
        Some("strict") => true,
        Some("lax") => false,
        _ => {
            parser.scan.at = 0;
            false
        }
    };
    let node = parser.or()?;
    if !parser.scan.is_at_end() {
        return Err(parser.scan.unexpected());
    }
    Ok(Path { strict, node })
}

struct Parser<'a> {
    scan: Scanner<'a>,
    depth: usize,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new(Kind::LimitExceeded, "a path nests too deeply"));
        }
        let mut left = self.and()?;
        while self.scan.takes("||") {
            left = Node::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Node> {
        let mut left = self.not()?;
        while self.scan.takes("&&") {
            left = Node::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Node> {
        self.scan.blanks();
        if self.scan.rest().starts_with('!') && !self.scan.rest().starts_with("!=") {
            self.scan.at += 1;
            self.scan.blanks();
            let of = if self.scan.rest().starts_with('(') {
                self.first()?
            } else if self.scan.takes_words(&["exists"]) {
                self.exists()?
            } else {
                return Err(self.scan.unexpected());
            };
            return Ok(Node::Not(Box::new(of)));
        }
        self.comparison()
    }

    fn exists(&mut self) -> Result<Node> {
        self.scan.expects("(")?;
        let of = self.or()?;
        self.scan.expects(")")?;
        Ok(Node::Exists(Box::new(of)))
    }

    fn comparison(&mut self) -> Result<Node> {
        let left = self.sum()?;
        let signs = [
            ("==", Comparison::Equal),
            ("!=", Comparison::Other),
            ("<>", Comparison::Other),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        for (sign, comparison) in signs {
            if self.scan.takes(sign) {
                return Ok(Node::Compare(comparison, Box::new(left), Box::new(self.sum()?)));
            }
        }
        if self.scan.takes_words(&["starts", "with"]) {
            self.scan.blanks();
            let start = match self.scan.rest().chars().next() {
                Some('"') => Node::Literal(Json::String(self.scan.string()?)),
                Some('$') => self.first()?,
                _ => return Err(self.scan.unexpected()),
            };
            return Ok(Node::StartsWith(Box::new(left), Box::new(start)));
        }
        if self.scan.takes_words(&["like_regex"]) {
            self.scan.blanks();
            let pattern = self.scan.string()?;
            let flags = if self.scan.takes_words(&["flag"]) {
                self.scan.blanks();
                self.scan.string()?
            } else {
                String::new()
            };
            return Ok(Node::Like(Box::new(left), Box::new(regex(&pattern, &flags)?)));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Node> {
        let mut left = self.product()?;
        loop {
            let op = if self.scan.takes("+") {
                Operator::Plus
            } else if self.scan.takes("-") {
                Operator::Minus
            } else {
                return Ok(left);
            };
            left = Node::Calculate(op, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Node> {
        let mut left = self.signed()?;
        loop {
            let op = if self.scan.takes("*") {
                Operator::Times
            } else if self.scan.takes("/") {
                Operator::Divide
            } else if self.scan.takes("%") {
                Operator::Modulo
            } else {
                return Ok(left);
            };
            left = Node::Calculate(op, Box::new(left), Box::new(self.signed()?));
        }
    }

    fn signed(&mut self) -> Result<Node> {
        let negative = self.scan.takes("-");
        if negative || self.scan.takes("+") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(Error::new(Kind::LimitExceeded, "a path nests too deeply"));
            }
            let of = self.signed()?;
            self.depth -= 1;
            return Ok(Node::Signed(negative, Box::new(of)));
        }
        self.first()
    }

    /// A value and what is taken of it.
    fn first(&mut self) -> Result<Node> {
        self.scan.blanks();
        let node = match self.scan.rest().chars().next() {
            Some('(') => {
                self.scan.at += 1;
                let inside = self.or()?;
                self.scan.expects(")")?;
                if self.scan.takes_words(&["is", "unknown"]) {
                    return Ok(Node::IsUnknown(Box::new(inside)));
                }
                inside
            }
            Some('@') => {
                self.scan.at += 1;
                Node::Current
            }
            Some('$') => {
                self.scan.at += 1;
                match self.scan.rest().chars().next() {
                    Some('"') => Node::Variable(self.scan.string()?),
                    Some(c) if is_of_word(c) => Node::Variable(self.scan.word().unwrap_or_default().to_owned()),
                    _ => Node::Root,
                }
            }
            Some('"') => Node::Literal(Json::String(self.scan.string()?)),
            Some(c) if c.is_ascii_digit() || c == '.' => Node::Literal(Json::Number(self.scan.number()?)),
            Some(c) if is_of_word(c) => {
                let start = self.scan.at;
                match self.scan.word() {
                    Some("true") => Node::Literal(Json::Bool(true)),
                    Some("false") => Node::Literal(Json::Bool(false)),
                    Some("null") => Node::Literal(Json::Null),
                    Some("last") => Node::Last,
                    Some("exists") => return self.exists(),
                    _ => {
                        self.scan.at = start;
                        return Err(self.scan.unexpected());
                    }
                }
            }
            _ => return Err(self.scan.unexpected()),
        };
        self.steps(node)
    }

    fn steps(&mut self, mut node: Node) -> Result<Node> {
        loop {
            let step = if self.scan.takes(".**") {
                self.levels()?
            } else if self.scan.takes(".") {
                self.member()?
            } else if self.scan.takes("[") {
                self.subscripts()?
            } else if self.scan.takes("?") {
                self.scan.expects("(")?;
                let condition = self.or()?;
                self.scan.expects(")")?;
                Step::Filter(Box::new(condition))
            } else {
                return Ok(node);
            };
            node = Node::Step(Box::new(node), step);
        }
    }

    fn levels(&mut self) -> Result<Step> {
        if !self.scan.takes("{") {
            return Ok(Step::Within(0, ALL_LEVELS));
        }
        let least = self.level()?;
        let most = if self.scan.takes_words(&["to"]) { self.level()? } else { least };
        self.scan.expects("}")?;
        Ok(Step::Within(least, most))
    }

    fn level(&mut self) -> Result<u32> {
        if self.scan.takes_words(&["last"]) {
            return Ok(ALL_LEVELS);
        }
        match self.scan.word().and_then(|word| word.parse().ok()) {
            Some(level) => Ok(level),
            None => Err(self.scan.unexpected()),
        }
    }

    fn member(&mut self) -> Result<Step> {
        self.scan.blanks();
        if self.scan.takes("*") {
            return Ok(Step::Members);
        }
        if self.scan.rest().starts_with('"') {
            return Ok(Step::Member(self.scan.string()?));
        }
        let start = self.scan.at;
        let Some(name) = self.scan.word().filter(|name| !name.starts_with(|c: char| c.is_ascii_digit())) else {
            self.scan.at = start;
            return Err(self.scan.unexpected());
        };
        if !self.scan.takes("(") {
            return Ok(Step::Member(name.to_owned()));
        }
        if name == "datetime" {
            return Err(Error::new(Kind::Unsupported, "jsonpath item method .datetime() is not supported"));
        }
        let Some(method) = Method::ALL.into_iter().find(|method| method.name() == name) else {
            self.scan.at -= 1;
            return Err(self.scan.unexpected());
        };
        self.scan.expects(")")?;
        Ok(Step::Method(method))
    }

    fn subscripts(&mut self) -> Result<Step> {
        if self.scan.takes("*") {
            self.scan.expects("]")?;
            return Ok(Step::Elements);
        }
        let mut ranges = Vec::new();
        loop {
            let from = self.sum()?;
            let to = if self.scan.takes_words(&["to"]) { Some(self.sum()?) } else { None };
            ranges.push((from, to));
            if !self.scan.takes(",") {
                break;
            }
        }
        self.scan.expects("]")?;
        Ok(Step::Subscripts(ranges))
    }
}

/// A pattern with XQuery's flags.
fn regex(pattern: &str, letters: &str) -> Result<Regex> {
    // Without `s` a point is no line's end.
    let mut flags = Flags { lines: true, ..Flags::default() };
    for letter in letters.chars() {
        match letter {
            'i' => flags.ignore_case = true,
            's' => flags.lines = false,
            'm' => flags.anchors = true,
            'q' => flags.literal = true,
            'x' => {
                let message = "XQuery \"x\" flag (expanded regular expressions) is not implemented";
                return Err(Error::new(Kind::Unsupported, message));
            }
            other => {
                let e = Error::new(Kind::Syntax, "invalid input syntax for type jsonpath");
                let detail = format!("Unrecognized flag character \"{other}\" in LIKE_REGEX predicate.");
                return Err(e.with_detail(detail));
            }
        }
    }
    Regex::new(pattern, flags)
}
