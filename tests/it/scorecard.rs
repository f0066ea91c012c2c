//! `catalog.scorecard` through a client: what is published scores at once, what is measured when it was, and means say how many are known.

use crate::failures::City;
use crate::harness::{Server, lines};

fn city() -> City {
    let city = City::new();
    city.file("stops.csv", "stop,name,opened\n1,North,2001\n2,,2002\nx,South,\n4,West,2004\n");
    let package = r#"{"name": "stops", "id": "urn:stops", "title": "Stops", "theme": "transport", "publisher": {"name": "City"},
        "keywords": ["tram"], "licenses": [{"name": "CC-BY-4.0"}], "accrualPeriodicity": "never",
        "resources": [{"name": "stops", "path": "stops.csv", "format": "csv", "mediatype": "text/csv", "schema": {"fields": [
            {"name": "stop", "type": "integer", "title": "The stop's number"}, {"name": "name", "type": "string"},
            {"name": "opened", "type": "integer"}]}}]}"#;
    city.file("stops.datapackage.json", package);
    city
}

#[tokio::test]
async fn what_is_known_is_scored_and_what_is_not_says_why() {
    let city = city();
    let server = Server::start(city.setup());
    let client = server.client("city").await;
    let ask = async |sql: &str| lines(&client, sql).await;
    let of = |criteria: &str| {
        format!(
            "SELECT criterion, value, score, maximum, weight, reason FROM catalog.scorecard
             WHERE dataset = 'urn:stops' AND criterion IN ({criteria}) ORDER BY criterion"
        )
    };
    let published = "'keywords', 'licence_vocabulary', 'stars', 'freshness', 'spatial', 'column_documentation'";
    assert_eq!(
        ask(&of(published)).await,
        "column_documentation|2 columns unexplained of 3|10.000000000000002|30|30|\n\
         freshness|NEVER|50|50|50|\n\
         keywords|tram|30|30|30|\n\
         licence_vocabulary|1 of 1|10|10|10|\n\
         spatial||0|20|20|\n\
         stars|3|30|50|50|"
    );
    let measured = "'completeness', 'rejects', 'schema_stability', 'download_url_status'";
    assert_eq!(
        ask(&of(measured)).await,
        "completeness||||30|none of its tables was measured yet\n\
         download_url_status||||30|none of its tables was read yet\n\
         rejects||||30|none of its tables was read yet\n\
         schema_stability||||30|none of its tables was read yet"
    );
    ask("SELECT count(*) FROM transport.stops").await;
    ask("SELECT count(*) FROM catalog.profile WHERE schema_name = 'transport' AND table_name = 'stops'").await;
    assert_eq!(
        ask(&of(measured)).await,
        "completeness|3 cells without a value of 12|22.5|30|30|\n\
         download_url_status|1 of 1|30|30|30|\n\
         rejects|1 rejects in rows 4|22.5|30|30|\n\
         schema_stability|0 columns differ of 3|30|30|30|"
    );
    let means = "SELECT publisher, datasets, known, score, maximum FROM catalog.scorecard_publishers WHERE criterion = 'keywords' ORDER BY 1 NULLS LAST";
    assert_eq!(ask(means).await, "City|1|1|30|30\n|1|1|0|30");
    let means =
        "SELECT theme, datasets, known, score FROM catalog.scorecard_themes WHERE theme = 'transport' AND criterion = 'dcat_ap'";
    assert_eq!(ask(means).await, "transport|1|0|");
    let sums =
        "SELECT count(*), sum(weight) FROM catalog.scorecard WHERE dataset = 'urn:stops' AND source LIKE 'data.europa.eu%'";
    assert_eq!(ask(sums).await, "23|405");
}
