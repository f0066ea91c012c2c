//! Lists of URLs of any form.

use crate::descriptor::published::{Gathered, Page, Standard, detect, read, shared};
use crate::descriptor::{Dataset, Format};

fn read_bytes(bytes: &[u8], file: &str) -> Gathered {
    let mut sink = Gathered::default();
    read(Standard::UrlList, &mut &*bytes, file, &mut sink).expect("nothing fails");
    sink
}

/// The datasets' names, their files' names and formats, and the problems' places.
fn read_text(text: &str) -> (Vec<Dataset>, Vec<String>) {
    let sink = read_bytes(text.as_bytes(), "https://data.example.org/lists/all.csv");
    (sink.datasets, sink.problems.into_iter().map(|problem| problem.pointer).collect())
}

#[test]
fn a_published_list_of_portals_is_read() {
    // 631 rows by the README, some of whose cells go over several lines.
    let (sink, page) = shared(Standard::UrlList, "dataportals/portals.csv");
    assert_eq!(page, Page::default());
    let messages: Vec<String> = sink.problems.iter().map(ToString::to_string).collect();
    assert_eq!((sink.datasets.len(), sink.problems.len()), (631, 0), "{messages:?}");
    let first = &sink.datasets[0];
    assert_eq!((first.name.as_str(), first.title.as_deref()), ("a2gov_org", Some("Ann Arbor, Michigan")));
    assert_eq!(first.homepage.as_deref(), Some("https://www.a2gov.org/services/data-catalog/"));
    assert_eq!(first.publisher.as_ref().map(|agent| agent.name.as_str()), Some("City of Ann Arbor"));
    assert_eq!(first.languages, ["en"]);
    assert!(first.extra.contains_key("location") && first.distributions.is_empty());
    assert!(sink.records[0].text.starts_with("a2gov_org,\"Ann Arbor, Michigan\",https://"));
    assert_eq!(sink.records[0].media_type, "text/csv");
}

#[test]
fn tables_of_any_delimiter_are_read_by_their_headers() {
    for mark in [",", ";", "\t", "|"] {
        let text = "Title,Download URL,Format,License,Keywords,Update Frequency,Access Level,Owner's note\n\
                    \"Bus, stops\",https://x.org/get?id=1,CSV,cc-by-4.0,bus/stop,daily,public,\"said \"\"so\"\"\"\n\
                    Lines,files/lines.geojson,,,,,restricted public,\n\
                    ,,,,,,,\n"
            .replace(',', mark)
            .replace(&format!("Bus{mark} stops"), "Bus, stops");
        let (datasets, problems) = read_text(&text);
        assert_eq!(problems, Vec::<String>::new(), "{mark}");
        let [stops, lines] = datasets.as_slice() else { panic!("two datasets") };
        assert_eq!((stops.title.as_deref(), stops.name.as_str()), (Some("Bus, stops"), "bus_stops"));
        assert_eq!((stops.identifier.as_str(), stops.accrual_periodicity.as_deref()), ("https://x.org/get?id=1", Some("daily")));
        let file = &stops.distributions[0];
        assert_eq!(
            (file.format, file.is_table(), &file.paths[..]),
            (Some(Format::Csv), true, &["https://x.org/get?id=1".to_owned()][..])
        );
        assert_eq!(stops.extra.get("Owner's note"), Some(&"said \"so\"".into()));
        assert_eq!(lines.distributions[0].paths, ["https://data.example.org/lists/files/lines.geojson"]);
        assert_eq!(
            (lines.distributions[0].format, lines.published_rights.as_deref()),
            (Some(Format::GeoJson), Some("restricted public"))
        );
    }
}

#[test]
fn lines_of_urls_are_read() {
    let (datasets, problems) = read_text(
        "# what we publish\nhttps://x.org/a.csv\n\nhttps://x.org/b,c.parquet The second\nhttps://x.org/\r\nhttps://x.org/a.csv\nnothing\nftp://x.org/d.csv",
    );
    assert_eq!(problems, ["/3", "/4"]);
    let shown: Vec<_> =
        datasets.iter().map(|d| (d.name.as_str(), d.title.as_deref(), d.distributions.first().and_then(|d| d.format))).collect();
    assert_eq!(
        shown,
        [
            ("a", None, Some(Format::Csv)),
            ("the_second", Some("The second"), Some(Format::Parquet)),
            ("x_org", None, None),
            ("d", None, None)
        ]
    );
    assert_eq!(datasets[2].homepage.as_deref(), Some("https://x.org/"));
    // What is not served can still be found.
    assert!(!datasets[3].distributions[0].is_table());
}

#[test]
fn names_in_chinese_and_japanese_are_known() {
    let (datasets, problems) =
        read_text("数据集名称,数据领域,下载地址,格式,更新频率,开放类型\n公交站点,道路交通,https://x.cn/1,CSV,每月,无条件开放\n");
    assert_eq!((problems.len(), datasets.len()), (0, 1));
    assert_eq!((datasets[0].title.as_deref(), &datasets[0].themes[..]), (Some("公交站点"), &["道路交通".to_owned()][..]));
    let (datasets, _) = read_text("タイトル,ダウンロードＵＲＬ,ライセンス\n人口,https://x.jp/pop.xlsx,CC BY 4.0\n");
    assert_eq!((datasets[0].title.as_deref(), datasets[0].distributions[0].format), (Some("人口"), Some(Format::Workbook)));
}

#[test]
fn what_is_wrong_is_told_and_the_rest_is_read() {
    for (bytes, datasets, pointers) in [
        (&b""[..], 0, &[""][..]),
        (b"url\n", 0, &[]),
        (b"url,title\nnone,x\n,\"\n", 0, &["/0"]),
        (b"url,title\n,\"x\n", 1, &["/0"]),
        (b"\xef\xbb\xbfurl,title\nhttps://x.org/a.csv,\"caf\xe9\n", 1, &["/0", "/0"]),
        (b"url,title\nhttps://x.org/a.csv,\"two\nlines\"\nhttps://x.org/b.csv,5\" pipe\n", 2, &[]),
        (b"\0\0\0", 0, &["/0"]),
    ] {
        let sink = read_bytes(bytes, "/srv/list.csv");
        let found: Vec<&str> = sink.problems.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(
            (sink.datasets.len(), &found[..]),
            (datasets, pointers),
            "{:?} {:?}",
            String::from_utf8_lossy(bytes),
            sink.problems
        );
    }
    let long = format!("https://x.org/{}\nhttps://x.org/b.csv\n", "a".repeat(2 << 20));
    let sink = read_bytes(long.as_bytes(), "/srv/list.csv");
    assert_eq!((sink.datasets.len(), sink.problems.len()), (2, 1));
    assert_eq!(detect(b"title;url\na;https://x.org/a.csv\n", "list.csv"), Some(Standard::UrlList));
}
