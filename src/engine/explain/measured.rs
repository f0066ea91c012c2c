//! What an operator did, out of DataFusion's metrics: rows, time, bytes read, what was skipped, what was spilled.

use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};

/// What one operator did, over all its partitions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Measured {
    pub rows: usize,
    /// Milliseconds on the clock until its first row could come, its inputs' time included.
    pub startup: f64,
    /// Milliseconds on the clock, its inputs' time included, as PostgreSQL's `Actual Total Time` is meant. Partitions run side by side, so
    /// each of n counts an nth.
    pub total: f64,
    /// Milliseconds of its own, added up over its partitions.
    pub own: f64,
    /// Bytes that a scan read of its files.
    pub bytes: Option<usize>,
    /// Row groups of the files that a scan's filter was asked about.
    pub row_groups: Option<Parts>,
    /// Data pages of the files that a scan's filter was asked about.
    pub pages: Option<Parts>,
    /// Files, or ranges of files, that a scan's filter was asked about.
    pub files: Option<Parts>,
    /// Rows that a scan's filter left out while it decoded.
    pub removed: Option<usize>,
    pub spilled: Option<Spilled>,
    /// The most bytes that it held, where it keeps count.
    pub memory: Option<usize>,
}

/// Parts of what is scanned: those that were read, and those that statistics let skip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub read: usize,
    pub skipped: usize,
}

/// What went to disk and was read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spilled {
    pub files: usize,
    pub bytes: usize,
    pub rows: usize,
}

impl Measured {
    /// What an operator of `lanes` partitions did over `inputs`; `waits` when it gives nothing before it has read all of them.
    pub fn of(metrics: &MetricsSet, lanes: usize, waits: bool, inputs: &[Option<&Self>]) -> Self {
        let mut told = Self { rows: metrics.output_rows().unwrap_or_default(), ..Self::default() };
        let (mut nanos, mut decoding) = (0, 0);
        let (mut by_statistics, mut skipped_later) = (None::<Parts>, 0);
        let mut spilled = Spilled::default();
        for metric in metrics.iter() {
            let value = metric.value();
            let name = value.name();
            match value {
                MetricValue::ElapsedCompute(time) => nanos += time.value(),
                MetricValue::Time { time, .. } if name == "time_elapsed_processing" => decoding += time.value(),
                MetricValue::SpillCount(count) => spilled.files += count.value(),
                MetricValue::SpilledBytes(count) => spilled.bytes += count.value(),
                MetricValue::SpilledRows(count) => spilled.rows += count.value(),
                MetricValue::PeakMemoryUsage { gauge, .. } => *told.memory.get_or_insert_default() += gauge.value(),
                MetricValue::Gauge { gauge, .. } if name == "peak_mem_used" => {
                    *told.memory.get_or_insert_default() += gauge.value();
                }
                MetricValue::Count { count, .. } => match name {
                    "bytes_scanned" => *told.bytes.get_or_insert_default() += count.value(),
                    "pushdown_rows_pruned" => *told.removed.get_or_insert_default() += count.value(),
                    "row_groups_pruned_dynamic_filter" => skipped_later += count.value(),
                    _ => (),
                },
                MetricValue::PruningMetrics { pruning_metrics, .. } => {
                    let parts = Parts { read: pruning_metrics.matched(), skipped: pruning_metrics.pruned() };
                    match name {
                        "row_groups_pruned_statistics" => by_statistics.get_or_insert_default().add(parts),
                        "row_groups_pruned_bloom_filter" | "limit_pruned_row_groups" => skipped_later += parts.skipped,
                        "page_index_pages_pruned" => told.pages.get_or_insert_default().add(parts),
                        "files_ranges_pruned_statistics" => told.files.get_or_insert_default().add(parts),
                        _ => (),
                    }
                }
                _ => (),
            }
        }
        // What one step of a scan skips, the step before it had let through.
        told.row_groups = by_statistics.map(|parts| {
            let all = parts.read + parts.skipped;
            let skipped = (parts.skipped + skipped_later).min(all);
            Parts { read: all - skipped, skipped }
        });
        told.spilled = (spilled != Spilled::default()).then_some(spilled);
        // A decoder's time is counted apart from the scan's where the file's format has it so.
        told.own = nanos.max(decoding) as f64 / 1e6;
        let ran = || inputs.iter().flatten();
        let below: f64 = ran().map(|input| input.total).sum();
        told.total = below + told.own / lanes.max(1) as f64;
        told.startup = if waits { told.total } else { ran().map(|input| input.startup).fold(0.0, f64::max) };
        told
    }
}

impl Measured {
    /// What an operator did that hands on the rows of this one.
    pub fn handed_on(&self) -> Self {
        Self { rows: self.rows, startup: self.startup, total: self.total, ..Self::default() }
    }
}

impl Parts {
    fn add(&mut self, more: Self) {
        self.read += more.read;
        self.skipped += more.skipped;
    }
}

#[cfg(test)]
mod tests {
    use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, MetricType};

    use super::*;

    #[test]
    fn partitions_run_side_by_side_and_inputs_are_included() {
        let set = ExecutionPlanMetricsSet::new();
        for partition in 0..2 {
            MetricBuilder::new(&set).output_rows(partition).add(5);
            MetricBuilder::new(&set).elapsed_compute(partition).add_duration(std::time::Duration::from_millis(4));
            MetricBuilder::new(&set).counter("bytes_scanned", partition).add(100);
            MetricBuilder::new(&set).spilled_bytes(partition).add(7);
        }
        let input = Measured { total: 1.0, startup: 0.5, ..Measured::default() };
        let told = Measured::of(&set.clone_inner(), 2, false, &[Some(&input), None]);
        assert_eq!((told.rows, told.own, told.total, told.startup), (10, 8.0, 5.0, 0.5));
        assert_eq!((told.bytes, told.spilled), (Some(200), Some(Spilled { files: 0, bytes: 14, rows: 0 })));
        assert_eq!(Measured::of(&set.clone_inner(), 2, true, &[Some(&input)]).startup, 5.0);
    }

    #[test]
    fn a_row_group_is_counted_once() {
        let set = ExecutionPlanMetricsSet::new();
        let pruned = |name: &'static str, read, skipped| {
            let metric = MetricBuilder::new(&set).with_type(MetricType::Summary).pruning_metrics(name, 0);
            metric.add_matched(read);
            metric.add_pruned(skipped);
        };
        pruned("row_groups_pruned_statistics", 6, 4);
        pruned("row_groups_pruned_bloom_filter", 5, 1);
        pruned("page_index_pages_pruned", 3, 2);
        let told = Measured::of(&set.clone_inner(), 1, false, &[]);
        assert_eq!(told.row_groups, Some(Parts { read: 5, skipped: 5 }));
        assert_eq!(told.pages, Some(Parts { read: 3, skipped: 2 }));
        assert_eq!((told.bytes, told.spilled), (None, None));
    }
}
