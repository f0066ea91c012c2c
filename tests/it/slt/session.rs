//! One session over a bare socket, for sqllogictest: each record in one protocol, with its values as text or in binary.

use std::net::SocketAddr;

use sqllogictest::{DB, DBOutput, DefaultColumnType};

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
    oid: u32,
    binary: bool,
}

impl Session {
    /// Connects as `tester`, read-only.
    pub fn open(address: SocketAddr, engine: &'static str, mode: Mode) -> Self {
        let mut raw = Raw::open(address);
        let read_only = ("options", "-c default_transaction_read_only=on");
        raw.packet(&startup(3 << 16, &[("user", "tester"), ("database", "open"), read_only]));
        let said = raw.until_ready();
        assert!(error(&said, 'C').is_none(), "{:?}", error(&said, 'M'));
        let mut session = Self { raw, engine, mode, zone: String::new() };
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
        fail(&said)?;
        Ok(said)
    }

    /// What Describe says of a statement.
    fn prepare(&mut self, sql: &str) -> Result<Vec<Message>, Failure> {
        let parse = [text(""), text(sql), vec![0, 0]].concat();
        self.raw.packet(&[message(b'P', &parse), message(b'D', b"S\0"), message(b'S', &[])].concat());
        let said = self.raw.until_ready();
        fail(&said)?;
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
        // Of several statements in one string, the last that gives rows.
        let Some(described) = said.iter().rposition(|(kind, _)| *kind == 'T') else { return Ok(DBOutput::StatementComplete(0)) };
        let columns = columns(&said[described..=described]);
        let rows = said[described..].iter().filter(|(kind, _)| *kind == 'D').map(|(_, body)| self.row(body, &columns)).collect();
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Text; columns.len()], rows })
    }

    fn engine_name(&self) -> &str {
        self.engine
    }

    fn error_sql_state(e: &Failure) -> Option<String> {
        Some(e.state.clone())
    }
}

fn fail(said: &[Message]) -> Result<(), Failure> {
    match error(said, 'C') {
        Some(state) => Err(Failure { state, message: error(said, 'M').unwrap_or_default() }),
        None => Ok(()),
    }
}

/// The columns of a RowDescription among the messages; none when there is none.
fn columns(said: &[Message]) -> Vec<Column> {
    let Some((_, body)) = said.iter().find(|(kind, _)| *kind == 'T') else { return Vec::new() };
    let count = u16::from_be_bytes([body[0], body[1]]);
    let mut rest = &body[2..];
    let mut columns = Vec::new();
    for _ in 0..count {
        let name = rest.iter().position(|b| *b == 0).expect("a name ends");
        let field = &rest[name + 1..name + 19];
        let oid = u32::from_be_bytes(field[6..10].try_into().expect("four bytes"));
        columns.push(Column { oid, binary: field[17] == 1 });
        rest = &rest[name + 19..];
    }
    columns
}
