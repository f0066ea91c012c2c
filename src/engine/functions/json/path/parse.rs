//! How a path in `jsonb` is written (PostgreSQL's `jsonpath_gram.y` and `jsonpath_scan.l`).

use super::super::value::Json;
use super::node::{Comparison, Method, Node, Path, Step};
use super::number::Operator;
use crate::engine::functions::regexp::{Flags, Regex};
use crate::error::{Error, Kind, Result};

/// How deep a path may nest.
const MAX_DEPTH: usize = 200;

/// The levels that `.**` goes down where nothing else is said.
const ALL_LEVELS: u32 = u32::MAX;

/// The path of a text. [`Kind::Syntax`], [`Kind::Unsupported`] for `datetime()`.
pub fn path(text: &str) -> Result<Path> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let strict = match parser.word() {
        Some("strict") => true,
        Some("lax") => false,
        _ => {
            parser.at = 0;
            false
        }
    };
    let node = parser.or()?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(parser.unexpected());
    }
    Ok(Path { strict, node })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes behind blanks and comments.
    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            match self.rest().strip_prefix("/*").and_then(|inside| inside.find("*/")) {
                Some(end) => self.at += end + 4,
                None => return,
            }
        }
    }

    fn unexpected(&mut self) -> Error {
        self.blanks();
        let rest = self.rest();
        let length = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
        let length = if length == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { length };
        Error::new(
            Kind::Syntax,
            match rest.get(..length).filter(|token| !token.is_empty()) {
                Some(token) => format!("syntax error at or near \"{token}\" of jsonpath input"),
                None => "syntax error at end of jsonpath input".to_owned(),
            },
        )
    }

    /// Goes behind a sign, if it is the next.
    fn takes(&mut self, sign: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    fn expects(&mut self, sign: &str) -> Result<()> {
        if self.takes(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The next word, gone behind.
    fn word(&mut self) -> Option<&'a str> {
        self.blanks();
        let rest = self.rest();
        let length = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).filter(|word| !word.is_empty())
    }

    /// Goes behind these words, if they are the next.
    fn takes_words(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        let found = words.iter().all(|word| self.word().is_some_and(|found| found.eq_ignore_ascii_case(word)));
        if !found {
            self.at = start;
        }
        found
    }

    fn or(&mut self) -> Result<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new(Kind::LimitExceeded, "a path nests too deeply"));
        }
        let mut left = self.and()?;
        while self.takes("||") {
            left = Node::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Node> {
        let mut left = self.not()?;
        while self.takes("&&") {
            left = Node::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Node> {
        self.blanks();
        if self.rest().starts_with('!') && !self.rest().starts_with("!=") {
            self.at += 1;
            self.blanks();
            let of = if self.rest().starts_with('(') {
                self.first()?
            } else if self.takes_words(&["exists"]) {
                self.exists()?
            } else {
                return Err(self.unexpected());
            };
            return Ok(Node::Not(Box::new(of)));
        }
        self.comparison()
    }

    fn exists(&mut self) -> Result<Node> {
        self.expects("(")?;
        let of = self.or()?;
        self.expects(")")?;
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
            if self.takes(sign) {
                return Ok(Node::Compare(comparison, Box::new(left), Box::new(self.sum()?)));
            }
        }
        if self.takes_words(&["starts", "with"]) {
            self.blanks();
            let start = match self.rest().chars().next() {
                Some('"') => Node::Literal(Json::String(self.string()?)),
                Some('$') => self.first()?,
                _ => return Err(self.unexpected()),
            };
            return Ok(Node::StartsWith(Box::new(left), Box::new(start)));
        }
        if self.takes_words(&["like_regex"]) {
            self.blanks();
            let pattern = self.string()?;
            let flags = if self.takes_words(&["flag"]) {
                self.blanks();
                self.string()?
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
            let op = if self.takes("+") {
                Operator::Plus
            } else if self.takes("-") {
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
            let op = if self.takes("*") {
                Operator::Times
            } else if self.takes("/") {
                Operator::Divide
            } else if self.takes("%") {
                Operator::Modulo
            } else {
                return Ok(left);
            };
            left = Node::Calculate(op, Box::new(left), Box::new(self.signed()?));
        }
    }

    fn signed(&mut self) -> Result<Node> {
        let negative = self.takes("-");
        if negative || self.takes("+") {
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
        self.blanks();
        let node = match self.rest().chars().next() {
            Some('(') => {
                self.at += 1;
                let inside = self.or()?;
                self.expects(")")?;
                if self.takes_words(&["is", "unknown"]) {
                    return Ok(Node::IsUnknown(Box::new(inside)));
                }
                inside
            }
            Some('@') => {
                self.at += 1;
                Node::Current
            }
            Some('$') => {
                self.at += 1;
                match self.rest().chars().next() {
                    Some('"') => Node::Variable(self.string()?),
                    Some(c) if is_of_word(c) => Node::Variable(self.word().unwrap_or_default().to_owned()),
                    _ => Node::Root,
                }
            }
            Some('"') => Node::Literal(Json::String(self.string()?)),
            Some(c) if c.is_ascii_digit() || c == '.' => Node::Literal(Json::Number(self.number()?)),
            Some(c) if is_of_word(c) => {
                let start = self.at;
                match self.word() {
                    Some("true") => Node::Literal(Json::Bool(true)),
                    Some("false") => Node::Literal(Json::Bool(false)),
                    Some("null") => Node::Literal(Json::Null),
                    Some("last") => Node::Last,
                    Some("exists") => return self.exists(),
                    _ => {
                        self.at = start;
                        return Err(self.unexpected());
                    }
                }
            }
            _ => return Err(self.unexpected()),
        };
        self.steps(node)
    }

    fn steps(&mut self, mut node: Node) -> Result<Node> {
        loop {
            let step = if self.takes(".**") {
                self.levels()?
            } else if self.takes(".") {
                self.member()?
            } else if self.takes("[") {
                self.subscripts()?
            } else if self.takes("?") {
                self.expects("(")?;
                let condition = self.or()?;
                self.expects(")")?;
                Step::Filter(Box::new(condition))
            } else {
                return Ok(node);
            };
            node = Node::Step(Box::new(node), step);
        }
    }

    fn levels(&mut self) -> Result<Step> {
        if !self.takes("{") {
            return Ok(Step::Within(0, ALL_LEVELS));
        }
        let least = self.level()?;
        let most = if self.takes_words(&["to"]) { self.level()? } else { least };
        self.expects("}")?;
        Ok(Step::Within(least, most))
    }

    fn level(&mut self) -> Result<u32> {
        if self.takes_words(&["last"]) {
            return Ok(ALL_LEVELS);
        }
        match self.word().and_then(|word| word.parse().ok()) {
            Some(level) => Ok(level),
            None => Err(self.unexpected()),
        }
    }

    fn member(&mut self) -> Result<Step> {
        self.blanks();
        if self.takes("*") {
            return Ok(Step::Members);
        }
        if self.rest().starts_with('"') {
            return Ok(Step::Member(self.string()?));
        }
        let start = self.at;
        let Some(name) = self.word().filter(|name| !name.starts_with(|c: char| c.is_ascii_digit())) else {
            self.at = start;
            return Err(self.unexpected());
        };
        if !self.takes("(") {
            return Ok(Step::Member(name.to_owned()));
        }
        if name == "datetime" {
            return Err(Error::new(Kind::Unsupported, "jsonpath item method .datetime() is not supported"));
        }
        let Some(method) = Method::ALL.into_iter().find(|method| method.name() == name) else {
            self.at -= 1;
            return Err(self.unexpected());
        };
        self.expects(")")?;
        Ok(Step::Method(method))
    }

    fn subscripts(&mut self) -> Result<Step> {
        if self.takes("*") {
            self.expects("]")?;
            return Ok(Step::Elements);
        }
        let mut ranges = Vec::new();
        loop {
            let from = self.sum()?;
            let to = if self.takes_words(&["to"]) { Some(self.sum()?) } else { None };
            ranges.push((from, to));
            if !self.takes(",") {
                break;
            }
        }
        self.expects("]")?;
        Ok(Step::Subscripts(ranges))
    }

    fn number(&mut self) -> Result<String> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let digits = |from: usize| bytes.get(from..).map_or(0, |b| b.iter().take_while(|b| b.is_ascii_digit()).count());
        let mut length = digits(0);
        if bytes.get(length) == Some(&b'.') && (length > 0 || digits(1) > 0) {
            length += 1 + digits(length + 1);
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                length += 1 + sign + exponent;
            }
        }
        if length == 0 || rest.get(length..).and_then(|behind| behind.chars().next()).is_some_and(is_of_word) {
            return Err(Error::new(
                Kind::Syntax,
                format!("trailing junk after numeric literal at or near \"{rest}\" of jsonpath input"),
            ));
        }
        self.at += length;
        Ok(super::number::Number::read(rest.get(..length).unwrap_or_default())?.text())
    }

    /// A text in double quotes.
    fn string(&mut self) -> Result<String> {
        self.expects("\"")?;
        let mut text = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((place, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += place + 1;
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, 'b')) => text.push('\u{8}'),
                    Some((_, 'f')) => text.push('\u{c}'),
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'v')) => text.push('\u{b}'),
                    Some((_, 'u')) => {
                        let digits: String = chars.by_ref().take(4).map(|(_, digit)| digit).collect();
                        let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                        text.push(
                            code.ok_or_else(|| Error::new(Kind::Syntax, "invalid Unicode escape value of jsonpath input"))?,
                        );
                    }
                    Some((_, other)) => text.push(other),
                    None => break,
                },
                other => text.push(other),
            }
        }
        Err(Error::new(Kind::Syntax, "unterminated quoted string of jsonpath input"))
    }
}

/// A character of a name, a keyword or a number.
fn is_of_word(c: char) -> bool {
    !c.is_whitespace() && !"?%$.[]{}()|&!=<>@#,*:-+/\"\\".contains(c)
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
