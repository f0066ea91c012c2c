//! One page that needs nothing else: a table of the queries, and for each the plans side by side with each operator's time as a bar. It works
//! without scripts: what is folded is `details`.

use std::fmt::Write;

use super::super::comparison::{Compared, Comparison, Run};
use super::super::difference::Difference;
use super::super::plan::Node;

const STYLE: &str = include_str!("page.css");

/// The page.
pub(in super::super) fn page(comparison: &Comparison) -> String {
    let mut out = String::new();
    let names: Vec<String> = comparison.variants.iter().map(|(name, _)| escaped(name)).collect();
    // Writing to a string never fails.
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>stoa compare: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>Plans of {}</h1>\n",
        names.join(", "),
        names.join(" and ")
    );
    out.push_str("<ul>\n");
    for (name, version) in &comparison.variants {
        let _ = writeln!(out, "<li><b>{}</b>: {}</li>", escaped(name), escaped(version));
    }
    out.push_str("</ul>\n");
    overview(comparison, &mut out);
    for (at, query) in comparison.queries.iter().enumerate() {
        section(comparison, at, query, &mut out);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn overview(comparison: &Comparison, out: &mut String) {
    out.push_str("<table>\n<caption>Times in milliseconds: the median of the hot runs, its spread, and the first run of a process</caption>\n<thead><tr><th scope=\"col\">Query</th>");
    for (at, (name, _)) in comparison.variants.iter().enumerate() {
        let ratio = if at > 0 { "<th scope=\"col\">ratio</th>" } else { "" };
        let name = escaped(name);
        let _ = write!(out, "<th scope=\"col\">{name}, hot</th><th scope=\"col\">{name}, first</th>{ratio}");
    }
    out.push_str("<th scope=\"col\">Answers</th></tr></thead>\n<tbody>\n");
    for (n, query) in comparison.queries.iter().enumerate() {
        let _ = write!(out, "<tr><th scope=\"row\"><a href=\"#q{n}\">{}</a></th>", escaped(&query.query.name));
        for (at, run) in query.runs.iter().enumerate() {
            let hot = run.median().zip(run.spread()).map(|(ms, spread)| format!("{ms:.2} ±{:.0}%", spread * 100.0));
            let cold = run.cold.map(|ms| format!("{ms:.2}"));
            for cell in [hot, cold] {
                let _ = write!(out, "<td>{}</td>", cell.unwrap_or_else(|| "–".to_owned()));
            }
            if at > 0 {
                let ratio = query.ratio(at);
                let class = ratio.map_or("", |r| {
                    if r > 1.1 {
                        "slower"
                    } else if r < 0.9 {
                        "faster"
                    } else {
                        ""
                    }
                });
                let told = ratio.map_or("–".to_owned(), |r| format!("{r:.2}"));
                let _ = write!(out, "<td class=\"{class}\">{told}</td>");
            }
        }
        let verdict = if query.agrees() { "same" } else { "<strong>differ</strong>" };
        let _ = writeln!(out, "<td>{verdict}</td></tr>");
    }
    out.push_str("</tbody>\n</table>\n");
}

fn section(comparison: &Comparison, n: usize, query: &Compared, out: &mut String) {
    let _ = write!(
        out,
        "<section id=\"q{n}\">\n<h2>{}</h2>\n<details><summary>SQL</summary><pre>{}</pre></details>\n",
        escaped(&query.query.name),
        escaped(&query.query.sql)
    );
    out.push_str("<div class=\"plans\">\n");
    // One scale for all plans of a query, so that bars can be compared.
    let most = query.runs.iter().filter_map(|run| run.plan.as_ref()).flat_map(Node::walk).filter_map(|(_, node)| node.millis);
    let most = most.fold(0.0, f64::max);
    for (at, run) in query.runs.iter().enumerate() {
        let _ = writeln!(out, "<article>\n<h3>{}</h3>", escaped(&comparison.variants[at].0));
        for (word, what) in [("Failed", &run.error), ("Another answer", &run.differs)] {
            if let Some(what) = what {
                let _ = writeln!(out, "<p class=\"wrong\">{word}: {}</p>", escaped(what));
            }
        }
        for lost in run.difference.iter().flat_map(|d| &d.lost) {
            let _ = writeln!(out, "<p class=\"wrong\">Lost: {}: {}</p>", escaped(&lost.operator), escaped(&lost.what));
        }
        if let Some(plan) = &run.plan {
            out.push_str("<ol class=\"plan\">\n");
            for (place, (depth, node)) in plan.walk().into_iter().enumerate() {
                operator(node, depth, standing(query, at, run, place), most, out);
            }
            out.push_str("</ol>\n");
        }
        out.push_str("</article>\n");
    }
    out.push_str("</div>\n</section>\n");
}

/// How an operator stands to the other plan: `new`, `moved` or `gone`. The first plan is held against the second.
fn standing(query: &Compared, at: usize, run: &Run, place: usize) -> Option<&'static str> {
    let of: &Difference = if at > 0 { run.difference.as_ref()? } else { query.runs.get(1)?.difference.as_ref()? };
    let moved = of.moved.iter().any(|(a, b)| if at > 0 { *b == place } else { *a == place });
    if moved {
        return Some("moved");
    }
    if at > 0 { of.new.contains(&place).then_some("new") } else { of.gone.contains(&place).then_some("gone") }
}

fn operator(node: &Node, depth: usize, standing: Option<&str>, most: f64, out: &mut String) {
    let _ = write!(out, "<li class=\"{}\" style=\"--depth:{depth}\">", standing.unwrap_or("same"));
    let _ = write!(out, "<b>{}</b>", escaped(&node.title()));
    if let Some(standing) = standing {
        let _ = write!(out, " <i>{standing}</i>");
    }
    if let Some(millis) = node.millis {
        let share = if most > 0.0 { millis / most * 100.0 } else { 0.0 };
        let _ = write!(
            out,
            "<span class=\"bar\"><span style=\"width:{share:.1}%\"></span></span><span class=\"time\">{millis:.3} ms</span>"
        );
    }
    let mut facts = Vec::new();
    match (node.estimated, node.rows) {
        (Some(estimated), Some(rows)) => {
            facts.push(format!("{rows:.0} rows, {estimated:.0} estimated (q-error {:.1})", node.q_error().unwrap_or_default()))
        }
        (None, Some(rows)) => facts.push(format!("{rows:.0} rows")),
        (Some(estimated), None) => facts.push(format!("{estimated:.0} rows estimated")),
        (None, None) => (),
    }
    facts.extend(node.bytes.filter(|bytes| *bytes > 0).map(|bytes| format!("{bytes} bytes read")));
    facts.extend(node.row_groups.map(|(read, skipped)| format!("row groups: {read} read, {skipped} skipped")));
    facts.extend(node.spilled.map(|bytes| format!("{bytes} bytes spilled")));
    facts.extend(node.fetch.map(|rows| format!("stops after {rows} rows")));
    facts.extend((!node.keys.is_empty()).then(|| node.keys.join(", ")));
    facts.extend(
        node.columns
            .as_ref()
            .map(|columns| format!("columns: {}", columns.iter().map(String::as_str).collect::<Vec<_>>().join(", "))),
    );
    facts.extend(node.filters.iter().map(|filter| format!("where {filter}")));
    if !facts.is_empty() {
        let facts: Vec<String> = facts.iter().map(|fact| escaped(fact)).collect();
        let _ = write!(out, "<small>{}</small>", facts.join("<br>"));
    }
    out.push_str("</li>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::example;
    use super::*;

    #[test]
    fn the_page_needs_nothing_else_and_names_what_was_lost() {
        let page = page(&example());
        for outside in ["http://", "https://", "<script", "src=", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("Lost: DataSourceExec city.trips: the filter minutes &gt; 5 does not reach the scan"));
        assert!(page.contains("<i>new</i>"));
        for element in ["section", "article", "ol", "li", "table", "tr", "details", "div"] {
            let count = |text: String| page.matches(&text).count();
            let opened = count(format!("<{element}>")) + count(format!("<{element} "));
            assert_eq!(opened, count(format!("</{element}>")), "{element}");
        }
    }
}
