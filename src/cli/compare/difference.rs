//! Two plans, operator by operator: which are the same, which moved, which only one of them has, and what a scan no longer takes over.

use std::collections::BTreeMap;

use super::plan::{Family, Node};

/// How two plans differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Difference {
    /// Operators in pairs: their places among [`Node::walk`] of either.
    pub matched: Vec<(usize, usize)>,
    /// The pairs whose operator stands elsewhere: above others, or beneath others.
    pub moved: Vec<(usize, usize)>,
    /// Operators of the first plan alone, and of the second alone.
    pub gone: Vec<usize>,
    pub new: Vec<usize>,
    /// What scans of the second plan do not take over any more, one thing each.
    pub lost: Vec<Lost>,
}

/// What a scan no longer takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    /// The scan.
    pub operator: String,
    /// What was lost, in words.
    pub what: String,
}

impl Difference {
    pub fn of(first: &Node, second: &Node) -> Self {
        let (left, right) = (first.walk(), second.walk());
        let mut told = Self::default();
        let (mut free_left, mut free_right) = (vec![true; left.len()], vec![true; right.len()]);
        // First those that are the same over the same tables, in the order in which they stand; then those that went elsewhere.
        let same = |a: &Node, b: &Node| a.family == b.family && a.tables() == b.tables();
        for (a, b) in longest(&left, &right, same) {
            (free_left[a], free_right[b]) = (false, false);
            told.matched.push((a, b));
        }
        let alike: [fn(&Node, &Node) -> bool; 2] = [
            |a, b| a.family == b.family && a.tables() == b.tables(),
            |a, b| a.family == b.family && a.operator == b.operator && a.keys == b.keys && a.filters == b.filters,
        ];
        for alike in alike {
            for (a, (_, node)) in left.iter().enumerate() {
                let pair = (0..right.len()).find(|b| free_left[a] && free_right[*b] && alike(node, right[*b].1));
                if let Some(b) = pair {
                    (free_left[a], free_right[b]) = (false, false);
                    told.matched.push((a, b));
                    told.moved.push((a, b));
                }
            }
        }
        told.matched.sort_unstable();
        told.gone = (0..left.len()).filter(|a| free_left[*a]).collect();
        told.new = (0..right.len()).filter(|b| free_right[*b]).collect();
        told.lost = lost(first, second);
        told
    }

    /// Whether the plans have the same operators in the same places, and the scans take over what they did.
    pub fn is_none(&self) -> bool {
        self.moved.is_empty() && self.gone.is_empty() && self.new.is_empty() && self.lost.is_empty()
    }

    /// What is different, in one line; nothing when nothing is.
    pub fn in_words(&self, first: &Node, second: &Node) -> String {
        let (left, right) = (first.walk(), second.walk());
        let titles = |places: &[usize], of: &[(usize, &Node)]| {
            places.iter().filter_map(|at| of.get(*at)).map(|(_, node)| node.title()).collect::<Vec<_>>().join(", ")
        };
        let moved: Vec<usize> = self.moved.iter().map(|(_, b)| *b).collect();
        let mut parts: Vec<String> = self.lost.iter().map(|lost| format!("{}: {}", lost.operator, lost.what)).collect();
        for (word, what) in
            [("moved", titles(&moved, &right)), ("gone", titles(&self.gone, &left)), ("new", titles(&self.new, &right))]
        {
            if !what.is_empty() {
                parts.push(format!("{word}: {what}"));
            }
        }
        parts.join("; ")
    }
}

/// The longest sequence of pairs that stand in the same order in both.
fn longest(left: &[(usize, &Node)], right: &[(usize, &Node)], same: impl Fn(&Node, &Node) -> bool) -> Vec<(usize, usize)> {
    let mut length = vec![vec![0_u32; right.len() + 1]; left.len() + 1];
    for a in (0..left.len()).rev() {
        for b in (0..right.len()).rev() {
            length[a][b] =
                if same(left[a].1, right[b].1) { length[a + 1][b + 1] + 1 } else { length[a + 1][b].max(length[a][b + 1]) };
        }
    }
    let (mut a, mut b, mut pairs) = (0, 0, Vec::new());
    while a < left.len() && b < right.len() {
        if same(left[a].1, right[b].1) && length[a][b] == length[a + 1][b + 1] + 1 {
            pairs.push((a, b));
            (a, b) = (a + 1, b + 1);
        } else if length[a + 1][b] >= length[a][b + 1] {
            a += 1;
        } else {
            b += 1;
        }
    }
    pairs
}

/// What the scans of `now` do not take over that those of `before` did: filters, the choice of columns, a limit; or a whole scan that is
/// read more often.
fn lost(before: &Node, now: &Node) -> Vec<Lost> {
    let (before, now) = (scans(before), scans(now));
    let mut lost = Vec::new();
    for (table, old) in &before {
        let Some(new) = now.get(table) else { continue };
        // A table that is read twice is read by scans that may change places: each goes with the one that is most like it.
        let mut free: Vec<&&Node> = new.iter().collect();
        for scan in old {
            let Some(at) = (0..free.len()).min_by_key(|at| missing(scan, free[*at]).len()) else { continue };
            let found = free.remove(at);
            let operator = scan.title();
            lost.extend(missing(scan, found).into_iter().map(|what| Lost { operator: operator.clone(), what }));
        }
        for more in free {
            lost.push(Lost { operator: more.title(), what: format!("{table} is read {} times, not {}", new.len(), old.len()) });
        }
    }
    lost
}

fn scans(plan: &Node) -> BTreeMap<&str, Vec<&Node>> {
    let mut by_table = BTreeMap::<&str, Vec<&Node>>::new();
    for (_, node) in plan.walk() {
        if let (Family::Scan, Some(table)) = (node.family, &node.table) {
            by_table.entry(table).or_default().push(node);
        }
    }
    by_table
}

/// What one scan took over and another of the same table does not.
fn missing(before: &Node, now: &Node) -> Vec<String> {
    let mut what: Vec<String> =
        before.filters.difference(&now.filters).map(|filter| format!("the filter {filter} does not reach the scan")).collect();
    if let (Some(old), Some(new)) = (&before.columns, &now.columns) {
        let more: Vec<&str> = new.difference(old).map(String::as_str).collect();
        if !more.is_empty() {
            what.push(format!("columns are read that were not: {}", more.join(", ")));
        }
    }
    if let Some(rows) = before.fetch.filter(|_| now.fetch.is_none()) {
        what.push(format!("the limit of {rows} rows does not reach the scan"));
    }
    what
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn scan(table: &str, filters: &[&str], columns: &[&str]) -> Node {
        let all = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<BTreeSet<String>>();
        let (filters, columns) = (all(filters), Some(all(columns)));
        Node {
            family: Family::Scan,
            operator: "DataSourceExec".into(),
            table: Some(table.into()),
            filters,
            columns,
            ..Node::default()
        }
    }

    fn over(family: Family, operator: &str, inputs: Vec<Node>) -> Node {
        Node { family, operator: operator.into(), inputs, ..Node::default() }
    }

    fn told(first: &Node, second: &Node) -> Vec<String> {
        Difference::of(first, second).lost.into_iter().map(|l| format!("{}: {}", l.operator, l.what)).collect()
    }

    #[test]
    fn a_plan_is_like_itself() {
        let plan = over(
            Family::Sort,
            "SortExec",
            vec![over(Family::Join, "HashJoinExec", vec![scan("a", &["x > 1"], &["x"]), scan("b", &[], &["y"])])],
        );
        let difference = Difference::of(&plan, &plan);
        assert!(difference.is_none());
        assert_eq!(difference.matched, [(0, 0), (1, 1), (2, 2), (3, 3)]);
    }

    #[test]
    fn a_lost_pushdown_is_named() {
        let before = scan("trips", &["minutes > 5", "fare < 2"], &["fare"]);
        let now = over(Family::Filter, "FilterExec", vec![scan("trips", &["fare < 2"], &["fare", "minutes"])]);
        assert_eq!(
            told(&before, &now),
            [
                "DataSourceExec trips: the filter minutes > 5 does not reach the scan",
                "DataSourceExec trips: columns are read that were not: minutes"
            ]
        );
        assert_eq!(told(&now, &before), Vec::<String>::new());
        let limited = Node { fetch: Some(3), ..scan("trips", &[], &["fare"]) };
        assert_eq!(
            told(&limited, &scan("trips", &[], &["fare"])),
            ["DataSourceExec trips: the limit of 3 rows does not reach the scan"]
        );
    }

    #[test]
    fn scans_of_one_table_may_change_places() {
        let (a, b) = (scan("t", &["x = 1"], &["x"]), scan("t", &["x = 2"], &["x"]));
        let first = over(Family::Join, "HashJoinExec", vec![a.clone(), b.clone()]);
        let second = over(Family::Join, "HashJoinExec", vec![b.clone(), a.clone()]);
        assert_eq!(told(&first, &second), Vec::<String>::new());
        let third = over(Family::Join, "HashJoinExec", vec![first.clone(), a]);
        assert_eq!(told(&first, &third), ["DataSourceExec t: t is read 3 times, not 2"]);
    }

    #[test]
    fn joins_in_another_order_have_moved_or_are_new() {
        let join = |l, r| over(Family::Join, "HashJoinExec", vec![l, r]);
        let first = join(join(scan("a", &[], &[]), scan("b", &[], &[])), scan("c", &[], &[]));
        let second = join(scan("a", &[], &[]), join(scan("b", &[], &[]), scan("c", &[], &[])));
        let difference = Difference::of(&first, &second);
        assert_eq!((difference.gone.len(), difference.new.len()), (0, 0));
        assert_eq!(difference.moved.len(), 1, "{difference:?}");
        assert!(difference.lost.is_empty());
    }
}
