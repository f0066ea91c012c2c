//! The JSON of a comparison: every run, every plan, every difference.

use serde_json::{Value as Json, json};

use super::super::comparison::{Compared, Comparison, Run};
use super::super::difference::Difference;
use super::super::plan::Node;

/// The whole of it.
pub(in super::super) fn document(comparison: &Comparison) -> Json {
    let variants: Vec<Json> = comparison
        .variants
        .iter()
        .enumerate()
        .map(|(at, (name, version))| {
            let (hot, cold) = comparison.means(at);
            json!({"name": name, "version": version, "hot_ratio": hot, "cold_ratio": cold})
        })
        .collect();
    json!({"variants": variants, "queries": comparison.queries.iter().map(query).collect::<Vec<_>>()})
}

fn query(compared: &Compared) -> Json {
    let runs = compared.runs.iter().enumerate().map(|(at, one)| run(compared, at, one)).collect::<Vec<_>>();
    json!({
        "name": compared.query.name,
        "sql": compared.query.sql,
        "ordered": compared.ordered,
        "same_answers": compared.agrees(),
        "runs": runs,
    })
}

fn run(compared: &Compared, at: usize, run: &Run) -> Json {
    let first = compared.runs.first().and_then(|first| first.plan.as_ref());
    json!({
        "error": run.error,
        "rows": run.answer.rows.len(),
        "differs": run.differs,
        "cold_ms": run.cold,
        "hot_ms": run.hot,
        "hot_median_ms": run.median(),
        "hot_spread": run.spread(),
        "ratio": compared.ratio(at),
        "bytes_read": run.plan.as_ref().and_then(Node::bytes_read),
        "worst_q_error": run.plan.as_ref().and_then(Node::worst_q_error),
        "plan": run.plan,
        "difference": run.difference.as_ref().zip(first.zip(run.plan.as_ref())).map(|(d, (a, b))| difference(d, a, b)),
    })
}

/// The differences by the operators' titles, and by their places in both plans, each operator before its inputs.
fn difference(of: &Difference, first: &Node, second: &Node) -> Json {
    let (left, right) = (first.walk(), second.walk());
    let title = |plan: &[(usize, &Node)], at: usize| plan.get(at).map(|(_, node)| node.title());
    json!({
        "same": of.is_none(),
        "matched": of.matched,
        "moved": of.moved.iter().map(|(a, b)| json!({"first": a, "second": b, "operator": title(&right, *b)})).collect::<Vec<_>>(),
        "gone": of.gone.iter().map(|a| json!({"first": a, "operator": title(&left, *a)})).collect::<Vec<_>>(),
        "new": of.new.iter().map(|b| json!({"second": b, "operator": title(&right, *b)})).collect::<Vec<_>>(),
        "lost": of.lost.iter().map(|lost| json!({"operator": lost.operator, "what": lost.what})).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::example;
    use super::*;

    #[test]
    fn differences_are_told_with_their_places() {
        let told = document(&example());
        assert_eq!(told["variants"][1]["name"], "new");
        let run = &told["queries"][1]["runs"][1];
        assert_eq!((&run["ratio"], &run["hot_median_ms"]), (&json!(2.0), &json!(8.0)));
        assert_eq!(run["difference"]["lost"][0]["what"], "the filter minutes > 5 does not reach the scan");
        assert_eq!(run["difference"]["new"][0]["operator"], "FilterExec");
    }
}
