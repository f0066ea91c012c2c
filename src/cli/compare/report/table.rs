//! The terminal's table: a line a query, and the means below.

use unicode_width::UnicodeWidthStr;

use super::super::comparison::{Compared, Comparison};

/// A line for each query, the variants' means, and what differs in words.
pub(in super::super) fn text(comparison: &Comparison) -> String {
    let timed = comparison.queries.iter().any(|q| q.runs.iter().any(|run| !run.hot.is_empty()));
    let several = comparison.variants.len() > 1;
    let mut rows = vec![head(comparison, timed)];
    rows.extend(comparison.queries.iter().map(|query| row(query, timed, several)));
    if timed && several {
        let mut means = vec!["geometric mean".to_owned()];
        for variant in 0..comparison.variants.len() {
            let (hot, cold) = comparison.means(variant);
            means.push(cold.map(|r| format!("x{r:.2}")).unwrap_or_default());
            means.push(hot.map(|r| format!("x{r:.2}")).unwrap_or_default());
            if variant > 0 {
                means.push(String::new());
            }
        }
        rows.push(means);
    }
    let mut out = aligned(&rows);
    for query in &comparison.queries {
        for (run, (name, _)) in query.runs.iter().zip(&comparison.variants) {
            let first = query.runs.first().and_then(|run| run.plan.as_ref());
            let words = run.difference.as_ref().filter(|d| !d.lost.is_empty()).zip(first.zip(run.plan.as_ref()));
            let lost = words.map(|(difference, (a, b))| format!("plan: {}", difference.in_words(a, b)));
            for what in
                [run.error.clone(), run.differs.as_ref().map(|d| format!("another answer: {d}")), lost].into_iter().flatten()
            {
                out.push_str(&format!("{} on {name}: {what}\n", query.query.name));
            }
        }
    }
    out
}

fn head(comparison: &Comparison, timed: bool) -> Vec<String> {
    let mut head = vec!["query".to_owned()];
    for (at, (name, _)) in comparison.variants.iter().enumerate() {
        if timed {
            head.extend([format!("{name} cold"), format!("{name} hot ms")]);
            if at > 0 {
                head.push("ratio".to_owned());
            }
        }
    }
    head.extend(["rows", "answers", "plans", "q-error", "bytes"].map(str::to_owned));
    head
}

fn row(query: &Compared, timed: bool, several: bool) -> Vec<String> {
    let mut row = vec![query.query.name.clone()];
    for (at, run) in query.runs.iter().enumerate() {
        if timed {
            row.push(run.cold.map(|ms| format!("{ms:.1}")).unwrap_or_else(|| "-".to_owned()));
            let hot = run.median().zip(run.spread());
            row.push(hot.map(|(ms, spread)| format!("{ms:.2} ±{:.0}%", spread * 100.0)).unwrap_or_else(|| "-".to_owned()));
            if at > 0 {
                row.push(query.ratio(at).map(|r| format!("x{r:.2}")).unwrap_or_else(|| "-".to_owned()));
            }
        }
    }
    let first = query.runs.first();
    row.push(first.map(|run| run.answer.rows.len().to_string()).unwrap_or_default());
    row.push(match (query.agrees(), several) {
        (true, true) => "same".to_owned(),
        (true, false) => "given".to_owned(),
        (false, _) if query.runs.iter().any(|run| run.error.is_some()) => "failed".to_owned(),
        (false, _) => "DIFFER".to_owned(),
    });
    row.push(plans(query));
    row.push(
        first.and_then(|run| run.plan.as_ref()?.worst_q_error()).map(|q| format!("{q:.1}")).unwrap_or_else(|| "-".to_owned()),
    );
    row.push(first.and_then(|run| run.plan.as_ref()?.bytes_read()).map(size).unwrap_or_else(|| "-".to_owned()));
    row
}

/// How the plans of the other variants differ from the first one's.
fn plans(query: &Compared) -> String {
    let each = query.runs.iter().filter_map(|run| run.difference.as_ref()).map(|d| {
        if d.is_none() {
            return "same".to_owned();
        }
        let counts = [(d.lost.len(), "lost"), (d.moved.len(), "moved"), (d.gone.len(), "gone"), (d.new.len(), "new")];
        let told: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        told.join(" ")
    });
    let each: Vec<String> = each.collect();
    if each.is_empty() { "-".to_owned() } else { each.join(" | ") }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// The rows in columns: the first to the left, numbers to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|c| rows.iter().filter_map(|row| row.get(c)).map(|cell| cell.width()).max().unwrap_or_default())
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let blanks = " ".repeat(width - cell.width());
            line.push_str(&if at == 0 { format!("{cell}{blanks}") } else { format!("  {blanks}{cell}") });
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::super::tests::example;
    use super::*;

    #[test]
    fn a_line_a_query() {
        expect![[r#"
            query           old cold  old hot ms  new cold  new hot ms  ratio  rows  answers         plans  q-error   bytes
            counts              10.0    2.00 ±0%       5.0    1.00 ±0%  x0.50     1     same          same      2.0  1234 B
            filtered            10.0    4.00 ±0%      20.0    8.00 ±0%  x2.00     1     same  1 lost 1 new      1.0   20 kB
            geometric mean     x1.00       x1.00     x1.00       x1.00
            filtered on new: plan: DataSourceExec city.trips: the filter minutes > 5 does not reach the scan; new: FilterExec
        "#]]
        .assert_eq(&text(&example()));
    }
}
