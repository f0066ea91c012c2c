//! One session over a bare socket, for sqllogictest: each record in one protocol, with its values as text or in binary.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use sqllogictest::{DB, DBOutput, DefaultColumnType};

use super::beside::Answer;
use super::decode;
use crate::raw::{Message, Raw, error, message, startup, text};

/// How a record is asked, and how its values come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The simple protocol.
    Simple,
    /// The extended protocol, with values as text.
    Text,
    /// The extended protocol, with values in binary where the test can read them.
    Binary,
}

impl Mode {
    /// The label of records that are of this mode.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }
}

/// A connection.
pub struct Session {
    raw: Raw,
    engine: &'static str,
    mode: Mode,
    /// The value of the setting `TimeZone`, which the server tells.
    zone: String,
    /// Where the last answer is put.
    last: Arc<Mutex<Option<Answer>>>,
}

/// An error as `SQLSTATE: message`.
#[derive(Debug)]
pub struct Failure {
    state: String,
    message: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.state, self.message)
    }
}

impl std::error::Error for Failure {}

/// A column of a RowDescription.
struct Column {
    name: String,
    oid: u32,
    modifier: i32,
    binary: bool,
}

impl Session {
    /// Connects as `tester`, read-only; each answer is put into `last`.
    pub fn open(address: SocketAddr, engine: &'static str, mode: Mode, last: Arc<Mutex<Option<Answer>>>) -> Self {
        let mut raw = Raw::open(address);
        let read_only = ("options", "-c default_transaction_read_only=on");
        raw.packet(&startup(3 << 16, &[("user", "tester"), ("database", "open"), read_only]));
        let said = raw.until_ready();
        assert!(error(&said, 'C').is_none(), "{:?}", error(&said, 'M'));
        let mut session = Self { raw, engine, mode, zone: String::new(), last };
        session.note_zone(&said);
        session
    }

    fn ask(&mut self, sql: &str) -> Result<Vec<Message>, Failure> {
        let said = match self.mode {
            Mode::Simple => self.raw.query(sql),
            Mode::Text => self.extended(sql, &[])?,
            Mode::Binary => {
                let described = self.prepare(sql)?;
                let formats: Vec<bool> = columns(&described).iter().map(|c| decode::knows(c.oid)).collect();
                self.extended(sql, &formats)?
            }
        };
        self.note_zone(&said);
        self.fail(&said)?;
        Ok(said)
    }

    fn note(&self, answer: Answer) {
        *self.last.lock().expect("nobody panics while it is held") = Some(answer);
    }

    /// The error among the messages.
    fn fail(&self, said: &[Message]) -> Result<(), Failure> {
        let Some(state) = error(said, 'C') else { return Ok(()) };
        self.note(Answer::of_error(said));
        Err(Failure { state, message: error(said, 'M').unwrap_or_default() })
    }

    /// What Describe says of a statement.
    fn prepare(&mut self, sql: &str) -> Result<Vec<Message>, Failure> {
        let parse = [text(""), text(sql), vec![0, 0]].concat();
        self.raw.packet(&[message(b'P', &parse), message(b'D', b"S\0"), message(b'S', &[])].concat());
        let said = self.raw.until_ready();
        self.fail(&said)?;
        Ok(said)
    }

    /// Parses, binds, describes and runs a statement, with these columns in binary.
    fn extended(&mut self, sql: &str, binary: &[bool]) -> Result<Vec<Message>, Failure> {
        let parse = [text(""), text(sql), vec![0, 0]].concat();
        let mut bind = vec![0; 6];
        bind.extend((binary.len() as u16).to_be_bytes());
        bind.extend(binary.iter().flat_map(|b| u16::from(*b).to_be_bytes()));
        let execute = vec![0; 5];
        let parts =
            [message(b'P', &parse), message(b'B', &bind), message(b'D', b"P\0"), message(b'E', &execute), message(b'S', &[])];
        self.raw.packet(&parts.concat());
        Ok(self.raw.until_ready())
    }

    fn note_zone(&mut self, said: &[Message]) {
        for (_, body) in said.iter().filter(|(kind, _)| *kind == 'S') {
            if let [b"TimeZone", zone, ..] = body.split(|b| *b == 0).collect::<Vec<_>>().as_slice() {
                self.zone = String::from_utf8_lossy(zone).into_owned();
            }
        }
    }

    /// A row's values as text, each on one line.
    fn row(&self, body: &[u8], columns: &[Column]) -> Vec<String> {
        let mut rest = &body[2..];
        let mut values = Vec::new();
        for column in columns {
            let length = i32::from_be_bytes(rest[..4].try_into().expect("a length"));
            rest = &rest[4..];
            let Ok(length) = usize::try_from(length) else {
                values.push("NULL".to_owned());
                continue;
            };
            let (bytes, after) = rest.split_at(length);
            rest = after;
            let shown = match column.binary {
                true => decode::text(column.oid, bytes, &self.zone)
                    .unwrap_or_else(|| format!("(not of type {}: {bytes:02x?})", column.oid)),
                false => String::from_utf8_lossy(bytes).into_owned(),
            };
            values.push(if shown.is_empty() { "(empty)".to_owned() } else { shown.replace('\n', "\\n") });
        }
        values
    }
}

impl DB for Session {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let said = self.ask(sql)?;
        let tag = said.iter().rfind(|(kind, _)| *kind == 'C').map(|(_, body)| String::from_utf8_lossy(body).into_owned());
        let mut answer = Answer { tag: tag.unwrap_or_default(), ..Answer::default() };
        // Of several statements in one string, the last that gives rows.
        let described = said.iter().rposition(|(kind, _)| *kind == 'T');
        let output = described.map_or(DBOutput::StatementComplete(0), |described| {
            let columns = columns(&said[described..=described]);
            let data = said[described..].iter().filter(|(kind, _)| *kind == 'D');
            let rows: Vec<Vec<String>> = data.map(|(_, body)| self.row(body, &columns)).collect();
            answer.columns = columns.iter().map(|c| format!("{}:{}:{}", c.name, c.oid, c.modifier)).collect();
            answer.rows = rows.iter().map(|row| row.join("|")).collect();
            DBOutput::Rows { types: vec![DefaultColumnType::Text; columns.len()], rows }
        });
        self.note(answer);
        Ok(output)
    }

    fn engine_name(&self) -> &str {
        self.engine
    }

    fn error_sql_state(e: &Failure) -> Option<String> {
        Some(e.state.clone())
    }
}

/// The columns of a RowDescription among the messages; none when there is none.
fn columns(said: &[Message]) -> Vec<Column> {
    let Some((_, body)) = said.iter().find(|(kind, _)| *kind == 'T') else { return Vec::new() };
    let count = u16::from_be_bytes([body[0], body[1]]);
    let mut rest = &body[2..];
    let mut columns = Vec::new();
    for _ in 0..count {
        let end = rest.iter().position(|b| *b == 0).expect("a name ends");
        let field = &rest[end + 1..end + 19];
        let four = |at: usize| field[at..at + 4].try_into().expect("four bytes");
        let name = String::from_utf8_lossy(&rest[..end]).into_owned();
        columns.push(Column {
            name,
            oid: u32::from_be_bytes(four(6)),
            modifier: i32::from_be_bytes(four(12)),
            binary: field[17] == 1,
        });
        rest = &rest[end + 19..];
    }
    columns
}
