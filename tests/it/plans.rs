//! What reaches the scan: columns and filters of a query over files that are scanned where they stand.

use expect_test::{Expect, expect};

use crate::harness::{Server, root, rows, shared_data};

/// Compares the plan of a query with what is expected; the folder of the real files is `data`.
async fn check(sql: &str, want: Expect) {
    let server = Server::shared();
    let client = server.client("open").await;
    let plan = rows(&client, &format!("explain (costs off) {sql}")).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    let text: String = plan.iter().map(|row| row.join(" ") + "\n").collect();
    // The fixtures name the folder by where they stand, which may be behind a link.
    let beside = root().parent().expect("a folder holds the repository").join("shared/data");
    let text = [shared_data(), beside]
        .iter()
        .filter_map(|d| d.to_str())
        .fold(text, |text, data| text.replace(data.trim_start_matches('/'), "data"));
    want.assert_eq(&text);
}

#[tokio::test]
async fn parquet_reads_only_the_columns_and_row_groups_that_are_asked_for() {
    check(
        "select count(*) from flights13 where carrier = 'UA' and dep_delay > 60",
        expect![[r#"
            ProjectionExec
              expr=[count(Int64(1))@0 as count]
              ->  AggregateExec
                    mode=Final, gby=[], aggr=[count(Int64(1))]
                    ->  CoalescePartitionsExec
                          ->  AggregateExec
                                mode=Partial, gby=[], aggr=[count(Int64(1))]
                                ->  DataSourceExec
                                      file_groups={2 groups: [[data/transport/nycflights13/flights.parquet:0..1340889], [data/transport/nycflights13/flights.parquet:1340889..2681778]]}, file_type=parquet, predicate=carrier@9 = UA AND dep_delay@5 > 60, pruning_predicate=carrier_null_count@2 != row_count@3 AND carrier_min@0 <= UA AND UA <= carrier_max@1 AND dep_delay_null_count@5 != row_count@3 AND dep_delay_max@4 > 60, required_guarantees=[carrier in (UA)]
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_limit_reaches_the_files() {
    check(
        "select day, mode from tfl_journeys limit 3",
        expect![[r#"
            CoalescePartitionsExec
              fetch=3
              ->  DataSourceExec
                    file_groups={2 groups: [[data/transport/london/tfl_small.parquet:0..569870], [data/transport/london/tfl_small.parquet:569870..1139740]]}, projection=[day, mode], limit=3, file_type=parquet
        "#]],
    )
    .await;
}

#[tokio::test]
async fn arrow_reads_only_the_columns_that_are_asked_for() {
    check(
        "select delay from us_flights_arrow_200k where distance > 4000",
        expect![[r#"
            FilterExec
              distance@1 > 4000, projection=[delay@0]
              ->  DataSourceExec
                    file_groups={2 groups: [[data/transport/flights/flights-200k.arrow:0..800432], [data/transport/flights/flights-200k.arrow:800432..1600864]]}, projection=[delay, distance], file_type=arrow
        "#]],
    )
    .await;
}
