//! A plan as PostgreSQL's `FORMAT JSON` has it, with its keys wherever it has one: what pgAdmin and plan visualisers draw. Keys of our own
//! (`Operator`, `Details`, `Bytes Read`, ..) stand beside them; such tools show what they do not know.

use serde_json::{Map, Value as Json, json};

use super::facts::Facts;
use super::measured::{Measured, Parts};
use super::node::{Node, PAGE};
use super::{Options, Took, is_summed_up, millis};

/// The document: a list of one object with `Plan` and the times.
pub(super) fn document(node: &Node, options: Options, took: Took) -> Json {
    let mut all = Map::new();
    all.insert("Plan".into(), Json::Object(operator(node, None, options)));
    if let (true, Some(kept)) = (options.analyze, took.kept) {
        all.insert("Result Cache".into(), json!({ "Status": "Hit", "Rows": kept.rows, "Bytes": kept.bytes }));
    }
    if is_summed_up(options) {
        all.insert("Planning Time".into(), rounded(millis(took.planning)));
    }
    if options.analyze {
        all.insert("Triggers".into(), json!([]));
    }
    if is_summed_up(options) && options.analyze {
        all.insert("Execution Time".into(), rounded(millis(took.running)));
    }
    json!([all])
}

/// An operator; `place` is what it is to the one above, in PostgreSQL's words.
fn operator(node: &Node, place: Option<&str>, options: Options) -> Map<String, Json> {
    let mut told = Map::new();
    told.insert("Node Type".into(), json!(known_as(&node.name)));
    if let Some(place) = place {
        told.insert("Parent Relationship".into(), json!(place));
    }
    told.insert("Parallel Aware".into(), json!(false));
    told.insert("Async Capable".into(), json!(false));
    told.insert("Operator".into(), json!(node.name));
    facts(&node.facts, options, &mut told);
    if !node.details.is_empty() {
        told.insert("Details".into(), json!(node.details));
    }
    if options.costs {
        told.insert("Startup Cost".into(), rounded(node.startup));
        told.insert("Total Cost".into(), rounded(node.total));
        told.insert("Plan Rows".into(), json!(node.rows.round() as u64));
        told.insert("Plan Width".into(), json!(node.width));
    }
    if let Some(ran) = node.measured.as_ref().filter(|_| options.analyze) {
        measured(ran, node, options, &mut told);
    }
    if !node.inputs.is_empty() {
        let place = |at| match (at, node.inputs.len(), known_as(&node.name)) {
            (_, _, "Append") => "Member",
            (0, _, _) => "Outer",
            (1, 2, _) => "Inner",
            (_, _, _) => "Member",
        };
        let inputs = node.inputs.iter().enumerate();
        let inputs = inputs.map(|(at, input)| Json::Object(operator(input, Some(place(at)), options)));
        told.insert("Plans".into(), inputs.collect());
    }
    told
}

fn facts(facts: &Facts, options: Options, told: &mut Map<String, Json>) {
    let mut insert = |key: &str, value: Option<Json>| {
        if let Some(value) = value {
            told.insert(key.to_owned(), value);
        }
    };
    let list = |list: &[String]| (!list.is_empty()).then(|| json!(list));
    if let Some((schema, table)) = &facts.relation {
        insert("Schema", schema.as_ref().filter(|_| options.verbose).map(|schema| json!(schema)));
        insert("Relation Name", Some(json!(table)));
        insert("Alias", Some(json!(table)));
    }
    // Hash joins and groups are the only ones that there are of either kind.
    insert("Strategy", facts.partial.map(|_| json!(if facts.group_key.is_empty() { "Plain" } else { "Hashed" })));
    insert("Partial Mode", facts.partial.map(|mode| json!(mode)));
    insert("Join Type", facts.join_type.map(|kind| json!(kind)));
    // A scan for count(*) gives no column, and says so.
    let output = list(&facts.output).or_else(|| facts.relation.as_ref().map(|_| json!([])));
    insert("Output", output.filter(|_| options.verbose));
    insert("Sort Key", list(&facts.sort_key));
    insert("Group Key", list(&facts.group_key));
    insert("Hash Cond", facts.condition.as_ref().map(|c| json!(c)));
    insert("Join Filter", facts.join_filter.as_ref().map(|c| json!(c)));
    insert("Filter", facts.filter.as_ref().map(|c| json!(c)));
    insert("Fetch", facts.fetch.map(|rows| json!(rows)));
}

fn measured(ran: &Measured, node: &Node, options: Options, told: &mut Map<String, Json>) {
    if options.timing {
        told.insert("Actual Startup Time".into(), rounded(ran.startup));
        told.insert("Actual Total Time".into(), rounded(ran.total));
    }
    told.insert("Actual Rows".into(), json!(ran.rows));
    told.insert("Actual Loops".into(), json!(1));
    if options.timing {
        told.insert("Own Time".into(), rounded(ran.own));
    }
    let mut insert = |key: &str, value: Option<usize>| {
        if let Some(value) = value {
            told.insert(key.to_owned(), json!(value));
        }
    };
    let parts = [("Files", ran.files), ("Row Groups", ran.row_groups), ("Pages", ran.pages)];
    let removed = match node.inputs.as_slice() {
        // A filter keeps no count; what came in and does not go out was left out.
        [Node { measured: Some(input), .. }] if node.facts.filter.is_some() && node.facts.fetch.is_none() => {
            Some(input.rows.saturating_sub(ran.rows))
        }
        _ => ran.removed,
    };
    insert("Rows Removed by Filter", removed.filter(|_| node.facts.filter.is_some()));
    insert("Bytes Read", ran.bytes);
    for (name, parts) in parts {
        if let Some(Parts { read, skipped }) = parts {
            insert(&format!("{name} Read"), Some(read));
            insert(&format!("{name} Skipped"), Some(skipped));
        }
    }
    insert("Peak Memory Bytes", ran.memory);
    if let Some(spilled) = ran.spilled {
        insert("Spilled Files", Some(spilled.files));
        insert("Spilled Bytes", Some(spilled.bytes));
        insert("Spilled Rows", Some(spilled.rows));
    }
    if options.buffers {
        let pages = |bytes: Option<usize>| Some(bytes.unwrap_or_default().div_ceil(PAGE));
        insert("Shared Read Blocks", pages(ran.bytes));
        insert("Temp Written Blocks", pages(ran.spilled.map(|spilled| spilled.bytes)));
    }
}

fn rounded(number: f64) -> Json {
    json!((number * 1000.0).round() / 1000.0)
}

/// What PostgreSQL calls an operator that does the same.
fn known_as(operator: &str) -> &str {
    match operator {
        "DataSourceExec" => "Seq Scan",
        "AggregateExec" => "Aggregate",
        "HashJoinExec" => "Hash Join",
        "SortMergeJoinExec" => "Merge Join",
        "NestedLoopJoinExec" | "CrossJoinExec" => "Nested Loop",
        "SortExec" => "Sort",
        "GlobalLimitExec" | "LocalLimitExec" => "Limit",
        "UnionExec" | "InterleaveExec" => "Append",
        "WindowAggExec" | "BoundedWindowAggExec" => "WindowAgg",
        "SortPreservingMergeExec" => "Gather Merge",
        "CoalescePartitionsExec" => "Gather",
        "RecursiveQueryExec" => "Recursive Union",
        "PlaceholderRowExec" | "EmptyExec" | "FilterExec" | "ProjectionExec" => "Result",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use expect_test::expect;

    use super::super::{Format, yaml};
    use super::*;

    /// A filter over a scan that ran.
    fn plan() -> Node {
        let scan = Node {
            name: "DataSourceExec".into(),
            facts: Facts {
                relation: Some((Some("transport".into()), "trips".into())),
                filter: Some("(minutes > 5)".into()),
                output: vec!["fare".into(), "minutes".into()],
                ..Facts::default()
            },
            total: 2.5,
            rows: 40.0,
            width: 12,
            measured: Some(Measured {
                rows: 30,
                total: 1.5,
                own: 3.0,
                bytes: Some(9000),
                removed: Some(12),
                row_groups: Some(Parts { read: 1, skipped: 2 }),
                ..Measured::default()
            }),
            ..Node::default()
        };
        let sort = Facts { sort_key: vec!["fare DESC".into()], fetch: Some(3), ..Facts::default() };
        let measured = Some(Measured { rows: 3, startup: 1.75, total: 1.75, own: 0.25, ..Measured::default() });
        Node { name: "SortExec".into(), facts: sort, details: "TopK".into(), measured, inputs: vec![scan], ..Node::default() }
    }

    const OPTIONS: Options =
        Options { analyze: true, verbose: true, costs: false, buffers: true, format: Format::Yaml, ..Options::PLAIN };
    const TOOK: Took = Took { planning: Duration::from_micros(1500), running: Duration::from_micros(2250), kept: None };

    /// The form is that of PostgreSQL 15's own EXPLAIN (FORMAT YAML).
    #[test]
    fn yaml_is_postgresqls() {
        expect![[r#"
            - Plan: 
                Node Type: "Sort"
                Parallel Aware: false
                Async Capable: false
                Operator: "SortExec"
                Sort Key: 
                  - "fare DESC"
                Fetch: 3
                Details: "TopK"
                Actual Startup Time: 1.75
                Actual Total Time: 1.75
                Actual Rows: 3
                Actual Loops: 1
                Own Time: 0.25
                Shared Read Blocks: 0
                Temp Written Blocks: 0
                Plans: 
                  - Node Type: "Seq Scan"
                    Parent Relationship: "Outer"
                    Parallel Aware: false
                    Async Capable: false
                    Operator: "DataSourceExec"
                    Schema: "transport"
                    Relation Name: "trips"
                    Alias: "trips"
                    Output: 
                      - "fare"
                      - "minutes"
                    Filter: "(minutes > 5)"
                    Actual Startup Time: 0.0
                    Actual Total Time: 1.5
                    Actual Rows: 30
                    Actual Loops: 1
                    Own Time: 3.0
                    Rows Removed by Filter: 12
                    Bytes Read: 9000
                    Row Groups Read: 1
                    Row Groups Skipped: 2
                    Shared Read Blocks: 2
                    Temp Written Blocks: 0
              Planning Time: 1.5
              Triggers: 
              Execution Time: 2.25"#]]
        .assert_eq(&yaml::text(&document(&plan(), OPTIONS, TOOK)));
    }

    #[test]
    fn nothing_that_ran_is_told_of_a_plan_that_did_not() {
        let told = document(&plan(), Options { analyze: false, verbose: false, costs: true, ..OPTIONS }, TOOK);
        let scan = &told[0]["Plan"]["Plans"][0];
        assert_eq!((&scan["Total Cost"], &scan["Plan Rows"]), (&json!(2.5), &json!(40)));
        assert!(scan.get("Actual Rows").is_none() && scan.get("Bytes Read").is_none() && scan.get("Output").is_none());
        assert!(told[0].get("Execution Time").is_none() && told[0].get("Triggers").is_none());
    }
}
