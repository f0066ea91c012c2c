//! The sheets of a workbook as tables: which distributions may be split, and into what. How a workbook is listed is the caller's to know.

use super::{Distribution, Format, SheetChoice};

/// Whether the distribution is one workbook whose sheets may each be a table: nothing is said of them yet.
pub fn may_be_split(distribution: &Distribution) -> bool {
    let of_one = distribution.dialect.sheet.is_none() && distribution.schema.columns.is_empty();
    distribution.format == Some(Format::Workbook) && distribution.paths.len() == 1 && of_one
}

/// A distribution for each of the sheets of the workbook that `whole` is. `alone`: it is its dataset's only one, and the parts need no
/// name but their own. A single sheet leaves the distribution as it is.
pub fn split(whole: &Distribution, alone: bool, sheets: &[String]) -> Vec<Distribution> {
    if sheets.len() < 2 {
        return vec![whole.clone()];
    }
    let part = |sheet: &String| {
        let mut part = Distribution {
            title: Some(match &whole.title {
                Some(title) => format!("{title}: {sheet}"),
                None => sheet.clone(),
            }),
            name: if alone { sheet.clone() } else { format!("{} {sheet}", whole.name) },
            // What is said of the whole file is not true of its parts.
            bytes: None,
            ..whole.clone()
        };
        part.dialect.sheet = Some(SheetChoice::Name(sheet.clone()));
        part
    };
    sheets.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::{Column, Schema};

    #[test]
    fn sheets_become_distributions() {
        let whole = Distribution {
            name: "trips".into(),
            title: Some("Trips".into()),
            paths: vec!["/d/trips.xlsx".into()],
            format: Some(Format::Workbook),
            bytes: Some(9),
            ..Distribution::default()
        };
        assert!(may_be_split(&whole));
        let sheets = ["Per Day".to_owned(), "Notes".to_owned()];
        let show = |alone| {
            let shown = |d: Distribution| format!("{} {:?} {:?} {:?}", d.name, d.title, d.dialect.sheet, d.bytes);
            split(&whole, alone, &sheets).into_iter().map(shown).collect::<Vec<_>>().join("; ")
        };
        let part = |name: &str, sheet: &str| format!("{name} Some(\"Trips: {sheet}\") Some(Name({sheet:?})) None");
        assert_eq!(show(true), [part("Per Day", "Per Day"), part("Notes", "Notes")].join("; "));
        assert_eq!(show(false), [part("trips Per Day", "Per Day"), part("trips Notes", "Notes")].join("; "));
        assert_eq!(split(&whole, true, &sheets[..1]), std::slice::from_ref(&whole));
        let declared = Schema { columns: vec![Column::default()], ..Schema::default() };
        assert!(!may_be_split(&Distribution { schema: declared, ..whole.clone() }));
        assert!(!may_be_split(&Distribution { format: Some(Format::Csv), ..whole }));
    }
}
