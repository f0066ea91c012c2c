//! What columns of one and of several files prove together, and what is told of them.

use super::*;

#[test]
fn files_that_write_dates_otherwise_share_their_missing_words() {
    let of_files = [&["31/12/2020"][..], &["12/31/2020", "-"], &["NA"]].map(|values| {
        let mut seen = Seen::new(None, Missing::default());
        seen.absorb(cells(&values.iter().map(|v| (CellKind::Plain, *v)).collect::<Vec<_>>()).column(0), false);
        seen
    });
    let mut whole = of_files[0].clone();
    of_files[1..].iter().for_each(|seen| whole.merge(seen));
    let files = of_files.each_ref().map(Some);
    let mut warnings = Vec::new();
    let plan =
        ColumnPlan::decide("c", None, None, Missing::default(), &whole, &files, &mut warnings).expect("nothing is declared");
    assert_eq!(
        warnings,
        ["column c: its files write dates as DD/MM/YYYY and as MM/DD/YYYY; each file is read in its own way; \
          \"NA\", \"-\" are taken as missing, since every other value is a date as DD/MM/YYYY or MM/DD/YYYY"]
    );
    for (file, text, day) in [(0, "31/12/2020", Some(18_627)), (1, "12/31/2020", Some(18_627)), (2, "NA", None)] {
        let cells = Cells { file, ..cells(&[(CellKind::Plain, text)]) };
        let mut rejects = Vec::new();
        let array = plan.convert(&cells, Some(0), &mut rejects);
        let days = array.as_primitive::<arrow::datatypes::Date32Type>();
        assert_eq!((days.iter().next().flatten(), rejects.len()), (day, 0), "{text}");
    }
}

#[test]
fn many_short_dates_show_where_their_year_is() {
    let days = |format: fn(u32) -> String, count: u32| (1..=count).map(format).collect::<Vec<_>>();
    for (texts, want) in [
        (days(|d| format!("{d:02}.03.20"), 13), "2020-03-13 its dates are read as DD.MM.YY"),
        (days(|d| format!("20.03.{d:02}"), 13), "2020-03-13 its dates are read as YY.MM.DD"),
        (days(|d| format!("20/03/{d:02}"), 13), "2020-03-13 its dates are read as YY/MM/DD"),
        (days(|d| format!("{d:02}.03.20"), 12), "stays text"),
        // First days of months, or of years.
        (days(|d| format!("{d:02}.03.01"), 20), "stays text"),
        (days(|d| format!("01.03.{d:02}"), 20), "stays text"),
    ] {
        let values: Vec<(CellKind, &str)> = texts.iter().map(|text| (CellKind::Plain, text.as_str())).collect();
        let cells = self::cells(&values);
        let mut seen = Seen::new(None, Missing::default());
        seen.absorb(cells.column(0), false);
        let mut warnings = Vec::new();
        let plan =
            ColumnPlan::decide("c", None, None, Missing::default(), &seen, &[], &mut warnings).expect("nothing is declared");
        let array = plan.convert(&cells, Some(0), &mut Vec::new());
        let shown = match array.as_primitive_opt::<arrow::datatypes::Date32Type>().and_then(|days| days.value_as_date(12)) {
            Some(day) => format!("{day} {}", warnings.concat()),
            None => warnings.concat(),
        };
        assert!(shown.replace("column c: ", "").starts_with(want), "{texts:?} {shown}");
    }
}

#[test]
fn text_that_was_nearly_something_else_says_why() {
    let days: Vec<String> = (1..=12).map(|day| format!("2020-01-{day:02}")).collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    let with = |more: &[&'static str]| [days.as_slice(), more].concat();
    let odd = |n: usize, kind: &str, text: &str| {
        format!(
            "column c: stays text: {n} of its values are {kind}, and then comes \"{text}\"; declare it as missing, or the type, if it is none"
        )
    };
    let numbers =
        "column c: stays text, since its files write numbers as 1,234.5 and as 1.234,5; declare groupChar and decimalChar";
    let codes: Vec<String> = (100..120).map(|n| n.to_string()).chain(["007".to_owned()]).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let whole: Vec<String> = (1..=12).map(|n| n.to_string()).collect();
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    let among = |few: &str| format!("column c: stays text: 12 of its values are plain numbers, and 1 {few}");
    let buddhist = "column c: stays text, since the years of all its dates are 2400 to 2600, as the Buddhist era counts them, 543 ahead; \
                    declare date if they are of the common era";
    let files: [(&[&[&str]], String); 19] = [
        (&[&["31/01/2566", "28/02/2566"]], buddhist.to_owned()),
        (&[&["31/01/2566"], &["28.02.2566"]], String::new()),
        (&[&["31/01/2566", "28/02/2023"]], String::new()),
        (&[&["2500-12-31"]], String::new()),
        (
            &[&whole, &["1,5"]],
            among("written like 1.234,5 or lists; declare number with groupChar and decimalChar if they are numbers"),
        ),
        (&[&whole, &["99999999999999999999"]], among("beyond what bigint holds; declare number to have them exactly")),
        (&[&whole, &["10000000000000000000"]], among("beyond what bigint holds; declare number to have them exactly")),
        // No type has these exactly.
        (&[&whole, &["1e-400"]], String::new()),
        (&[&whole, &["1234567890123456789012345678901234567890"]], String::new()),
        (&[&with(&["n/k", "x"])], odd(12, "dates", "n/k")),
        (&[&days[..9], &["n/k"]], String::new()),
        (&[&days, &["n/k", "2020-02-01"]], odd(12, "dates", "n/k")),
        (&[&["n/k"], &days, &days], odd(24, "dates", "n/k")),
        (&[&with(&["n/k"]), &["x"]], odd(12, "dates", "n/k")),
        (&[&codes], String::new()),
        (&[&["x", "1", "2"]], String::new()),
        (&[&["1,234.50", "12,345.50"], &["1.234,50", "12.345,50"], &["7"]], numbers.to_owned()),
        (&[&["1,234.50", "12,345.50"], &["1.234,50", "x"]], String::new()),
        (&[&["1,234.50", "12,345.50"], &["7"]], String::new()),
    ];
    for (files, want) in files {
        let seen: Vec<Seen> = files
            .iter()
            .map(|values| {
                let mut seen = Seen::new(None, Missing::default());
                seen.absorb(cells(&values.iter().map(|v| (CellKind::Plain, *v)).collect::<Vec<_>>()).column(0), false);
                seen
            })
            .collect();
        let mut whole = seen[0].clone();
        seen[1..].iter().for_each(|seen| whole.merge(seen));
        let each: Vec<Option<&Seen>> = seen.iter().map(Some).collect();
        let mut warnings = Vec::new();
        ColumnPlan::decide("c", None, None, Missing::default(), &whole, &each, &mut warnings).expect("nothing is declared");
        assert_eq!(warnings.join("; "), want, "{files:?}");
    }
}
