//! A variant behind a Postgres endpoint: a connection that asks, and where it is ours the server that it asks.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::answer::{Answer, Class};
use crate::error::{Error, Kind, Result};

/// Variables that a server of ours must not heed: it listens where it is told, to this process alone.
const OF_SERVERS: &[&str] = &[
    "STOA_LISTEN",
    "STOA_USERS",
    "STOA_AUTH",
    "STOA_TLS",
    "STOA_TLS_CERT",
    "STOA_TLS_KEY",
    "STOA_TLS_CLIENT_CA",
    "STOA_CLIENT_CERT",
];

/// A server of ours; it ends with this value.
pub(super) struct Server {
    child: Child,
    /// How to connect to it.
    url: String,
}

impl Server {
    /// Starts `program serve` with these options and waits until it listens. What it says on standard error goes to ours, unless it is `quiet`:
    /// one that is started again has said it.
    pub fn start(program: &Path, options: &[(String, String)], database: Option<&str>, quiet: bool) -> Result<Self> {
        let failed = |what: String| {
            Error::new(Kind::Config, format!("{} serve did not start{what}", program.display()))
                .with_hint("What it said stands above.")
        };
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        command.args(options.iter().map(|(name, value)| format!("--{name}={value}")));
        OF_SERVERS.iter().for_each(|name| {
            command.env_remove(name);
        });
        // Queries are to be run, not remembered; an option of the variant's own says otherwise. Older versions have no such option.
        command.env("STOA_RESULT_CACHE", "0");
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(if quiet { Stdio::null() } else { Stdio::inherit() });
        let mut child = command.spawn().map_err(|e| failed(format!(": {e}")))?;
        let lines = child.stdout.as_mut().map(|out| BufReader::new(out).lines());
        let line = lines.and_then(|mut lines| lines.find_map(|line| line.ok().filter(|line| line.starts_with("psql "))));
        let mut server = Self { child, url: String::new() };
        let word = |option: &str| {
            let mut words = line.as_deref().unwrap_or_default().split_whitespace();
            words.find(|word| *word == option).and_then(|_| words.next()).map(str::to_owned)
        };
        let port = word("-p").ok_or_else(|| failed(String::new()))?;
        let database =
            database.map(str::to_owned).or_else(|| word("-d")).ok_or_else(|| failed(": it serves no catalog".to_owned()))?;
        server.url = format!("postgres://stoa@127.0.0.1:{port}/{database}");
        Ok(server)
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is only read from: nothing is lost with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What moves the bytes of a connection while its client waits.
type Driver = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>;

/// An open connection.
pub(super) struct Connection {
    client: Client,
    driver: Driver,
}

impl Connection {
    /// Connects, without TLS, and makes these settings. [`Kind::Config`] names an address that does not answer.
    pub async fn open(url: &str, settings: &[(String, String)]) -> Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.map_err(|e| {
            Error::new(Kind::Config, format!("can't connect to {}: {}", without_password(url), told(&e))).caused_by(e)
        })?;
        let mut opened = Self { client, driver: Box::pin(connection) };
        for (name, value) in settings {
            opened.text(&format!("SET {name} = '{}'", value.replace('\'', "''"))).await?;
        }
        Ok(opened)
    }

    /// The rows of a statement as text; the types of its columns are not known here.
    pub async fn text(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        let asked = self.client.simple_query(sql);
        let messages = driven(&mut self.driver, asked).await?;
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()),
            _ => None,
        };
        Ok(messages.into_iter().filter_map(row).collect())
    }

    /// The columns of a query.
    pub async fn columns(&mut self, sql: &str) -> Result<Vec<(String, Class)>> {
        let prepared = driven(&mut self.driver, self.client.prepare(sql)).await?;
        Ok(prepared.columns().iter().map(|c| (c.name().to_owned(), Class::of(c.type_().name()))).collect())
    }

    /// The answer of a query, with its types.
    pub async fn answer(&mut self, sql: &str) -> Result<Answer> {
        Ok(Answer { columns: self.columns(sql).await?, rows: self.text(sql).await? })
    }

    /// What EXPLAIN with these options says of a query.
    pub async fn explain(&mut self, options: &str, sql: &str) -> Result<Json> {
        let rows = self.text(&format!("EXPLAIN ({options}, FORMAT JSON) {sql}")).await?;
        let lines: Vec<String> = rows.into_iter().flatten().flatten().collect();
        serde_json::from_str(&lines.join("\n"))
            .map_err(|e| Error::new(Kind::Unsupported, format!("its EXPLAIN (FORMAT JSON) is no JSON: {e}")))
    }
}

/// Waits for an answer while the connection is served.
async fn driven<T>(driver: &mut Driver, asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T> {
    let failed = |e: tokio_postgres::Error| Error::new(Kind::SourceUnreachable, told(&e)).caused_by(e);
    tokio::select! {
        biased;
        answered = asked => answered.map_err(failed),
        ended = driver => match ended {
            Ok(()) => Err(Error::new(Kind::SourceUnreachable, "the server closed the connection")),
            Err(e) => Err(failed(e)),
        },
    }
}

/// The server's own words, or what went wrong on the way.
fn told(e: &tokio_postgres::Error) -> String {
    match e.as_db_error() {
        Some(said) => format!("{}: {}", said.code().code(), said.message()),
        None => std::error::Error::source(e).map_or_else(|| e.to_string(), |cause| format!("{e}: {cause}")),
    }
}

/// A URL as it may be shown.
fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if parsed.password().is_some() => {
            // A Postgres URL has a host, and takes it.
            let _ = parsed.set_password(Some("..."));
            parsed.to_string()
        }
        Ok(_) => url.to_owned(),
        Err(_) => "the endpoint".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        assert_eq!(without_password("postgres://me:secret@h:5432/d"), "postgres://me:...@h:5432/d");
        assert_eq!(without_password("postgres://me@h/d"), "postgres://me@h/d");
    }
}
