//! A plan as a tree of operators, whichever engine made it: read from PostgreSQL's `EXPLAIN (FORMAT JSON)`, which Stoa writes too, and from
//! DuckDB's profile.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// One operator and what it reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Node {
    pub family: Family,
    /// What its engine calls it.
    pub operator: String,
    /// The table of a scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The conditions that it applies, each on its own; a join's too.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub filters: BTreeSet<String>,
    /// The columns that a scan gives; `None` where its engine does not say, and for other operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<BTreeSet<String>>,
    /// The rows after which it stops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetch: Option<u64>,
    /// What it groups or sorts by, or how it joins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<f64>,
    /// Milliseconds of its own on the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub millis: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_groups: Option<(u64, u64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spilled: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Node>,
}

/// What operators of different engines have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Family {
    Scan,
    Join,
    Group,
    Sort,
    Limit,
    Window,
    Filter,
    Project,
    Append,
    /// What moves rows between threads, or keeps them for later.
    Exchange,
    #[default]
    Other,
}

impl Family {
    /// By a name of PostgreSQL's, DataFusion's or DuckDB's.
    fn of(name: &str) -> Self {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| plain.contains(word));
        if has(&["join", "nestedloop", "crossproduct"]) {
            Self::Join
        } else if has(&["scan", "datasourceexec", "readparquet", "readcsv"]) {
            Self::Scan
        } else if has(&["window"]) {
            Self::Window
        } else if has(&["aggregate", "groupby", "unique", "distinct"]) || plain == "group" {
            Self::Group
        } else if has(&["sortpreservingmerge", "gather", "coalesce", "repartition", "materialize", "memoize"])
            || ["hash", "ctescan", "bufferexec"].contains(&plain.as_str())
        {
            Self::Exchange
        } else if has(&["sort", "topn", "orderby"]) {
            Self::Sort
        } else if has(&["limit"]) {
            Self::Limit
        } else if has(&["filter"]) {
            Self::Filter
        } else if has(&["projection"]) || plain == "result" {
            Self::Project
        } else if has(&["append", "union"]) {
            Self::Append
        } else {
            Self::Other
        }
    }
}

impl Node {
    /// The plan in what `EXPLAIN (FORMAT JSON)` of PostgreSQL's form gives. `None` when there is none in it.
    pub fn of_postgres(document: &Json) -> Option<Self> {
        let plan = document.get(0).unwrap_or(document).get("Plan")?.as_object()?;
        Some(postgres(plan))
    }

    /// The plan in DuckDB's `EXPLAIN (ANALYZE, FORMAT JSON)`, of version 2 or an older one, or its `EXPLAIN (FORMAT JSON)`.
    pub fn of_duckdb(document: &Json) -> Option<Self> {
        let root = document.get(0).unwrap_or(document);
        let mut root = root.get("operator").and_then(|all| all.get(0)).unwrap_or(root).as_object()?;
        // The query itself, and EXPLAIN, stand above the plan as operators.
        loop {
            let name = duckdb_name(root);
            let only = root.get("children").and_then(Json::as_array).filter(|c| c.len() == 1).and_then(|c| c[0].as_object());
            match only {
                Some(input) if ["", "QUERY", "EXPLAIN_ANALYZE", "RESULT_COLLECTOR"].contains(&name) => root = input,
                _ => return Some(duckdb(root)),
            }
        }
    }

    /// Every operator with its depth, each before its inputs.
    pub fn walk(&self) -> Vec<(usize, &Self)> {
        fn down<'a>(node: &'a Node, depth: usize, out: &mut Vec<(usize, &'a Node)>) {
            out.push((depth, node));
            node.inputs.iter().for_each(|input| down(input, depth + 1, out));
        }
        let mut out = Vec::new();
        down(self, 0, &mut out);
        out
    }

    /// The plan without what is of one run or of the data's sizes: its shape.
    pub fn shape(&self) -> Self {
        Self {
            family: self.family,
            operator: self.operator.clone(),
            table: self.table.clone(),
            filters: self.filters.clone(),
            columns: self.columns.clone(),
            fetch: self.fetch,
            keys: self.keys.clone(),
            inputs: self.inputs.iter().map(Self::shape).collect(),
            ..Self::default()
        }
    }

    /// The largest error of its operators' estimates.
    pub fn worst_q_error(&self) -> Option<f64> {
        self.walk().into_iter().filter_map(|(_, node)| node.q_error()).reduce(f64::max)
    }

    /// The bytes that its scans read; `None` where none tells.
    pub fn bytes_read(&self) -> Option<u64> {
        let scans = self.walk().into_iter().filter(|(_, node)| node.family == Family::Scan);
        scans.filter_map(|(_, node)| node.bytes).reduce(|a, b| a + b)
    }

    /// The tables that it reads, in order, each as often as it is read.
    pub fn tables(&self) -> Vec<&str> {
        let mut tables: Vec<&str> = self.walk().into_iter().filter_map(|(_, node)| node.table.as_deref()).collect();
        tables.sort_unstable();
        tables
    }

    /// By how many times the estimate of its rows is off, either way: 1 is exact. `None` where one of the two is unknown.
    pub fn q_error(&self) -> Option<f64> {
        // No rows count as one, as is usual: a ratio to nothing says nothing.
        let (estimated, rows) = (self.estimated?.max(1.0), self.rows?.max(1.0));
        Some((estimated / rows).max(rows / estimated))
    }

    /// The operator in a few words: what it is, and of what.
    pub fn title(&self) -> String {
        match &self.table {
            Some(table) => format!("{} {table}", self.operator),
            None if self.family == Family::Join => format!("{} of {}", self.operator, self.tables().join(", ")),
            None => self.operator.clone(),
        }
    }
}

fn postgres(told: &Map<String, Json>) -> Node {
    let text = |key: &str| told.get(key).and_then(Json::as_str);
    let number = |key: &str| told.get(key).and_then(Json::as_f64);
    let whole = |key: &str| told.get(key).and_then(Json::as_u64);
    let kind = text("Node Type").unwrap_or_default();
    let operator = text("Operator").unwrap_or(kind);
    let inputs: Vec<Node> =
        told.get("Plans").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object).map(postgres).collect();
    let loops = number("Actual Loops").unwrap_or(1.0);
    let family = Family::of(operator);
    let conditions = ["Filter", "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter"];
    let filters = conditions.iter().filter_map(|key| text(key)).flat_map(conjuncts).collect();
    let columns = told.get("Output").filter(|_| family == Family::Scan).map(|output| texts(Some(output)).into_iter().collect());
    let mut keys = ["Sort Key", "Group Key"].iter().flat_map(|key| texts(told.get(*key))).collect::<Vec<_>>();
    keys.extend(["Join Type", "Partial Mode"].iter().filter_map(|key| text(key)).map(str::to_owned));
    // Stoa says what an operator itself took; PostgreSQL's time includes its inputs'.
    let all = |node: &Map<String, Json>| {
        let number = |key: &str| node.get(key).and_then(Json::as_f64);
        Some(number("Actual Total Time")? * number("Actual Loops").unwrap_or(1.0))
    };
    let below: f64 =
        told.get("Plans").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object).filter_map(all).sum();
    Node {
        family,
        operator: operator.to_owned(),
        table: text("Relation Name")
            .map(|table| told.get("Schema").and_then(Json::as_str).map_or_else(|| table.to_owned(), |s| format!("{s}.{table}"))),
        filters,
        columns,
        fetch: whole("Fetch"),
        keys,
        // Both are of one loop.
        estimated: number("Plan Rows").map(|rows| rows * loops),
        rows: number("Actual Rows").map(|rows| rows * loops),
        millis: all(told).map(|all| (all - below).max(0.0)),
        bytes: whole("Bytes Read").or_else(|| Some((whole("Shared Hit Blocks")? + whole("Shared Read Blocks")?) * 8192)),
        row_groups: whole("Row Groups Read").zip(whole("Row Groups Skipped")),
        spilled: whole("Spilled Bytes").or_else(|| whole("Temp Written Blocks").map(|pages| pages * 8192)).filter(|b| *b > 0),
        inputs,
    }
}

fn duckdb_name(told: &Map<String, Json>) -> &str {
    ["operator_name", "operator_type", "name", "type"]
        .iter()
        .find_map(|key| told.get(*key).and_then(Json::as_str))
        .unwrap_or_default()
        .trim()
}

fn duckdb(told: &Map<String, Json>) -> Node {
    let number = |key: &str| told.get(key).and_then(Json::as_f64);
    let name = duckdb_name(told);
    let extra = told.get("extra_info").and_then(Json::as_object);
    let extra = |key: &str| extra.and_then(|extra| extra.get(key));
    let estimated = match extra("Estimated Cardinality") {
        Some(Json::String(text)) => text.trim_start_matches('~').parse().ok(),
        Some(other) => other.as_f64(),
        None => None,
    };
    let family = Family::of(name);
    let filters = ["Filters", "Conditions", "Expression"].iter().flat_map(|key| texts(extra(key))).flat_map(|f| conjuncts(&f));
    Node {
        family,
        operator: name.to_owned(),
        table: extra("Table").and_then(Json::as_str).map(|table| {
            // The database's name is of no interest.
            let parts: Vec<&str> = table.split('.').collect();
            parts[parts.len().saturating_sub(2)..].join(".")
        }),
        filters: filters.collect(),
        columns: extra("Projections").filter(|_| family == Family::Scan).map(|all| texts(Some(all)).into_iter().collect()),
        keys: ["Groups", "Order By", "Join Type"].iter().flat_map(|key| texts(extra(key))).collect(),
        estimated,
        rows: number("operator_cardinality").or_else(|| number("intermediate_rows")),
        // Added up over its threads.
        millis: number("operator_timing").or_else(|| number("timing")).map(|seconds| seconds * 1000.0),
        inputs: told
            .get("children")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_object)
            .map(duckdb)
            .collect(),
        ..Node::default()
    }
}

/// A text, or a list of texts.
fn texts(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::String(text)) => vec![text.clone()],
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Some(Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_)) | None => Vec::new(),
    }
}

/// The conditions that an AND outside of inner parentheses joins, without parentheses around them.
fn conjuncts(condition: &str) -> Vec<String> {
    let condition = within_parentheses(condition.trim());
    let (mut depth, mut in_text, mut from, mut parts) = (0_i32, false, 0, Vec::new());
    for (at, c) in condition.char_indices() {
        match c {
            '\'' => in_text = !in_text,
            '(' if !in_text => depth += 1,
            ')' if !in_text => depth -= 1,
            ' ' if depth == 0 && !in_text && condition[at..].starts_with(" AND ") => {
                parts.push(&condition[from..at]);
                from = at + " AND ".len();
            }
            _ => (),
        }
    }
    parts.push(&condition[from..]);
    parts.into_iter().map(|part| within_parentheses(part.trim()).to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The text without one pair of parentheses around all of it.
fn within_parentheses(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) else { return text };
    let mut depth = 0_i32;
    for c in inner.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth < 0 {
            return text;
        }
    }
    inner
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_stand_each_on_its_own() {
        for (condition, want) in [
            ("((a > 1) AND (b = 'x AND y'))", vec!["a > 1", "b = 'x AND y'"]),
            ("(a > 1)", vec!["a > 1"]),
            ("(a = 1 OR b = 2) AND c", vec!["a = 1 OR b = 2", "c"]),
            ("(a) AND (b)", vec!["a", "b"]),
            ("", vec![]),
        ] {
            assert_eq!(conjuncts(condition), want, "{condition}");
        }
    }

    #[test]
    fn postgres_time_is_made_an_operators_own() {
        let plan = json!([{"Plan": {"Node Type": "Hash Join", "Hash Cond": "(a.x = b.x)", "Join Type": "Inner",
            "Actual Total Time": 9.0, "Actual Rows": 5, "Actual Loops": 2, "Plan Rows": 40, "Plans": [
            {"Node Type": "Index Scan", "Relation Name": "a", "Schema": "s", "Actual Total Time": 3.0, "Actual Loops": 2,
             "Actual Rows": 1, "Plan Rows": 1, "Shared Hit Blocks": 1, "Shared Read Blocks": 2, "Output": ["x", "y"]},
            {"Node Type": "Hash"}]}}]);
        let plan = Node::of_postgres(&plan).expect("a plan");
        assert_eq!((plan.millis, plan.rows, plan.q_error()), (Some(12.0), Some(10.0), Some(8.0)));
        let scan = &plan.inputs[0];
        assert_eq!((scan.table.as_deref(), scan.millis, scan.bytes), (Some("s.a"), Some(6.0), Some(3 * 8192)));
        assert_eq!((plan.family, scan.family, plan.inputs[1].family), (Family::Join, Family::Scan, Family::Exchange));
        assert_eq!(plan.title(), "Hash Join of s.a");
    }

    #[test]
    fn duckdbs_wrapping_is_taken_off() {
        let plan = json!({"query_name": "select", "children": [{"operator_type": "EXPLAIN_ANALYZE", "children": [
            {"operator_name": "HASH_GROUP_BY", "operator_timing": 0.002, "operator_cardinality": 3, "children": [
            {"operator_name": "TABLE_SCAN", "extra_info": {"Table": "trips", "Filters": "minutes>5 AND fare<2", "Projections": ["a", "b"],
             "Estimated Cardinality": "20"}, "operator_cardinality": 10, "children": []}]}]}]});
        let plan = Node::of_duckdb(&plan).expect("a plan");
        assert_eq!((plan.family, plan.millis), (Family::Group, Some(2.0)));
        let scan = &plan.inputs[0];
        assert_eq!((scan.table.as_deref(), scan.q_error(), scan.filters.len()), (Some("trips"), Some(2.0), 2));
        let plan = json!({"io": {}, "operator": [{"type": "RESULT_COLLECTOR", "timing": 0.0, "children": [
            {"type": "EXPLAIN_ANALYZE", "children": [{"type": "TABLE_SCAN", "timing": 0.001, "intermediate_rows": 4,
             "extra_info": {"Table": "memory.main.t"}}]}]}]});
        let plan = Node::of_duckdb(&plan).expect("a plan");
        assert_eq!((plan.table.as_deref(), plan.millis, plan.rows), (Some("main.t"), Some(1.0), Some(4.0)));
    }
}
