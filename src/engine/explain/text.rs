//! A plan as PostgreSQL writes one for people: a line an operator, an arrow before each input.

use std::fmt::Write;

use super::measured::{Measured, Parts};
use super::node::{Node, PAGE};
use super::{Options, Took, is_summed_up, millis};

/// The lines of a plan, and the times of planning and running.
pub(super) fn lines(node: &Node, options: Options, took: Took) -> Vec<String> {
    let mut lines = Vec::new();
    operator(node, 0, options, &mut lines);
    if let (true, Some(kept)) = (options.analyze, took.kept) {
        lines.push(format!("Result Cache: Hit (rows={} bytes={})", kept.rows, kept.bytes));
    }
    if is_summed_up(options) {
        lines.push(format!("Planning Time: {:.3} ms", millis(took.planning)));
    }
    if is_summed_up(options) && options.analyze {
        lines.push(format!("Execution Time: {:.3} ms", millis(took.running)));
    }
    lines
}

fn operator(node: &Node, depth: usize, options: Options, out: &mut Vec<String>) {
    let mut line = match depth {
        0 => String::new(),
        _ => format!("{}->  ", " ".repeat(6 * depth - 4)),
    };
    line.push_str(&node.name);
    // Writing to a string never fails.
    if options.costs {
        let _ = write!(line, "  (cost={:.2}..{:.2} rows={:.0} width={})", node.startup, node.total, node.rows, node.width);
    }
    let ran = node.measured.as_ref().filter(|_| options.analyze);
    if let Some(ran) = ran {
        let time = if options.timing { format!("time={:.3}..{:.3} ", ran.startup, ran.total) } else { String::new() };
        let _ = write!(line, " (actual {time}rows={} loops=1)", ran.rows);
    }
    out.push(line);
    let mut below = |text: String| out.push(format!("{}{text}", " ".repeat(6 * depth + 2)));
    if !node.details.is_empty() {
        below(node.details.clone());
    }
    for text in ran.map(|ran| told(ran, options)).unwrap_or_default() {
        below(text);
    }
    for input in &node.inputs {
        operator(input, depth + 1, options, out);
    }
}

/// What an operator read, skipped and spilled.
fn told(ran: &Measured, options: Options) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(removed) = ran.removed.filter(|removed| *removed > 0) {
        lines.push(format!("Rows Removed by Filter: {removed}"));
    }
    let parts = [("Files", ran.files), ("Row Groups", ran.row_groups), ("Pages", ran.pages)];
    for (name, Parts { read, skipped }) in parts.into_iter().filter_map(|(name, parts)| Some((name, parts?))) {
        if skipped > 0 {
            lines.push(format!("{name}: {read} read, {skipped} skipped"));
        }
    }
    if let Some(bytes) = ran.bytes {
        lines.push(format!("Read: {bytes} bytes"));
    }
    if let Some(spilled) = ran.spilled {
        lines.push(format!("Spilled: {} bytes, {} rows in {} files", spilled.bytes, spilled.rows, spilled.files));
    }
    if options.buffers {
        let read = ran.bytes.filter(|bytes| *bytes > 0).map(|bytes| format!("shared read={}", bytes.div_ceil(PAGE)));
        let written = ran.spilled.map(|spilled| format!("temp written={}", spilled.bytes.div_ceil(PAGE)));
        let both: Vec<String> = read.into_iter().chain(written).collect();
        if !both.is_empty() {
            lines.push(format!("Buffers: {}", both.join(", ")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::measured::Spilled;
    use super::*;

    const OPTIONS: Options = Options::PLAIN;

    fn node(name: &str, details: &str, inputs: Vec<Node>) -> Node {
        let measured = Some(Measured { rows: 3, total: 0.5, ..Measured::default() });
        let (name, details) = (name.to_owned(), details.to_owned());
        Node { name, details, total: 1.25, rows: 25.0, width: 12, measured, inputs, ..Node::default() }
    }

    fn told_of(node: &Node, options: Options) -> Vec<String> {
        let mut lines = Vec::new();
        operator(node, 0, options, &mut lines);
        lines
    }

    #[test]
    fn estimates_stand_where_postgres_fdw_reads_them() {
        let node = node("A", "by=a", vec![node("B", "", vec![node("C", "of=c", vec![])])]);
        assert_eq!(
            told_of(&node, OPTIONS),
            [
                "A  (cost=0.00..1.25 rows=25 width=12)",
                "  by=a",
                "  ->  B  (cost=0.00..1.25 rows=25 width=12)",
                "        ->  C  (cost=0.00..1.25 rows=25 width=12)",
                "              of=c",
            ]
        );
        let without = Options { costs: false, analyze: true, timing: false, ..OPTIONS };
        assert_eq!(told_of(&node, without)[0], "A (actual rows=3 loops=1)");
    }

    #[test]
    fn a_scan_tells_what_it_read_and_skipped() {
        let mut scan = node("S", "", vec![]);
        scan.measured = Some(Measured {
            rows: 3,
            bytes: Some(20_000),
            removed: Some(7),
            row_groups: Some(Parts { read: 1, skipped: 4 }),
            pages: Some(Parts { read: 5, skipped: 0 }),
            spilled: Some(Spilled { files: 2, bytes: 9000, rows: 10 }),
            ..Measured::default()
        });
        let options = Options { analyze: true, costs: false, timing: false, buffers: true, ..OPTIONS };
        assert_eq!(
            told_of(&scan, options),
            [
                "S (actual rows=3 loops=1)",
                "  Rows Removed by Filter: 7",
                "  Row Groups: 1 read, 4 skipped",
                "  Read: 20000 bytes",
                "  Spilled: 9000 bytes, 10 rows in 2 files",
                "  Buffers: shared read=3, temp written=2",
            ]
        );
    }
}
