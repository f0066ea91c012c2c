//! SQL behaviour lives in `tests/sql/*.slt`: each file runs through the wire over the fixture catalog.

use async_trait::async_trait;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};
use tokio_postgres::{Client, SimpleQueryMessage};

use crate::harness::{Server, root};

/// One connection, asked in the simple protocol: values arrive in their text form, which is what the files hold.
struct Wire(Client);

#[async_trait]
impl AsyncDB for Wire {
    type Error = tokio_postgres::Error;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Self::Error> {
        let messages = self.0.simple_query(sql).await?;
        let mut columns = 0;
        let mut rows = Vec::new();
        for message in messages {
            match message {
                SimpleQueryMessage::RowDescription(described) => columns = described.len(),
                SimpleQueryMessage::Row(row) => {
                    columns = row.len();
                    let shown = |i| row.get(i).map_or("NULL", |v: &str| if v.is_empty() { "(empty)" } else { v }).to_owned();
                    rows.push((0..row.len()).map(shown).collect());
                }
                _ => {}
            }
        }
        if columns == 0 {
            return Ok(DBOutput::StatementComplete(0));
        }
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Text; columns], rows })
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &str {
        "stoa"
    }

    fn error_sql_state(e: &Self::Error) -> Option<String> {
        e.code().map(|c| c.code().to_owned())
    }
}

#[tokio::test]
async fn every_file_holds() {
    let mut files: Vec<_> = std::fs::read_dir(root().join("tests/sql"))
        .expect("the folder of .slt files")
        .map(|f| f.expect("a file").path())
        .filter(|p| p.extension().is_some_and(|e| e == "slt"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no .slt file found");
    for file in files {
        let mut runner = Runner::new(|| async { Ok(Wire(Server::shared().client("open").await)) });
        runner.run_file_async(&file).await.unwrap_or_else(|e| panic!("{}", e.display(true)));
    }
}
