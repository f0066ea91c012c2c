//! Partitions as Hive writes them: folders named `key=value` between a table's folder and its files. What the values mean is not known
//! here.

/// The table's folder of a file (empty when it has none), and the names of the partitions below it that the file stands in, outermost first:
/// the folders next to the file that are named `key=value`.
///
/// ```
/// use stoa::descriptor::partition::split;
///
/// assert_eq!(split("trips/year=2024/month=07/part-0.csv"), ("trips", vec!["year=2024", "month=07"]));
/// assert_eq!(split("year=2024/trips/a=b.csv"), ("year=2024/trips", vec![]));
/// ```
pub fn split(path: &str) -> (&str, Vec<&str>) {
    let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut partitions = Vec::new();
    loop {
        let (above, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        if name.find('=').is_none_or(|at| at == 0) {
            break;
        }
        partitions.push(name);
        folder = above;
    }
    partitions.reverse();
    (folder, partitions)
}
