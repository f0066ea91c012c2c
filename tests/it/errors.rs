//! Faulty statements with what PostgreSQL 15 says of each, to the letter and the place: `tests/sql/errors.tsv`, made by asking it over the clients'
//! fixture.

use crate::harness::{Server, Setup, root};
use tokio_postgres::error::ErrorPosition;

#[tokio::test]
async fn errors_are_postgresqls_in_every_field() {
    let catalog = root().join("tests/clients/fixture/catalog");
    let server = Server::start(Setup { catalogs: vec![("catalog", catalog)], ..Setup::default() });
    let table = std::fs::read_to_string(root().join("tests/sql/errors.tsv")).expect("the table");
    let (mut rows, mut wrong) = (0, Vec::new());
    for row in table.lines().filter(|line| !line.starts_with('#')) {
        let fields: [&str; 6] = row.split('\t').collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("six fields: {row}"));
        let [sql, want @ ..] = fields;
        rows += 1;
        let client = server.client("catalog").await;
        let got = match client.simple_query(sql).await {
            Ok(_) => "no error".to_owned(),
            Err(e) => {
                let e = e.as_db_error().unwrap_or_else(|| panic!("{sql}: {e}"));
                let position = match e.position() {
                    Some(ErrorPosition::Original(at)) => at.to_string(),
                    Some(ErrorPosition::Internal { .. }) | None => String::new(),
                };
                let or_none = |text: Option<&str>| text.unwrap_or_default().to_owned();
                [e.code().code().to_owned(), e.message().to_owned(), or_none(e.detail()), or_none(e.hint()), position].join("\t")
            }
        };
        if got != want.join("\t") {
            wrong.push(format!("{sql}\n  wants {}\n  got   {got}", want.join("\t")));
        }
    }
    assert!(rows > 300, "{rows} rows");
    assert!(wrong.is_empty(), "{} of {rows}:\n{}", wrong.len(), wrong.join("\n"));
}
