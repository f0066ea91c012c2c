//! The record form of Shanghai's portal for public data: an object a dataset with the names of its fields in English and what they hold
//! mostly in Chinese, in a list of any name.

use std::io::{self, BufRead};

use serde_json::Value;

use super::{Page, Record, Sink, json, kept, link, settle, stream};
use crate::descriptor::property::Properties;
use crate::descriptor::{AccessRights, Agent, Dataset, Distribution, Place};

/// Where the records stand: in a list of its own, in JSON lines, or in an answer of the interface.
const LISTS: &[&[&str]] = &[
    &["data"],
    &["result"],
    &["records"],
    &["rows"],
    &["list"],
    &["dataset"],
    &["datasets"],
    &["data", "list"],
    &["data", "rows"],
    &["data", "records"],
    &["data", "data"],
    &["data", "content"],
    &["result", "data"],
    &["result", "list"],
    &["result", "rows"],
    &["result", "records"],
];

/// Under which names an answer says how many datasets there are.
const TOTALS: &[&str] = &["total", "totalNum", "totalCount", "total_count", "count"];

pub(super) fn read(input: &mut dyn BufRead, file: &str, sink: &mut dyn Sink) -> io::Result<Page> {
    let place = Place::of_file(file);
    let rest = stream::elements(input, file, LISTS, sink, |record, text, sink| match dataset(record, &place, file) {
        Some(dataset) => sink.dataset(dataset, Record { text: text.into(), media_type: "application/json" }),
        None => Ok(()),
    })?;
    // One record may stand alone.
    if !rest.listed && rest.map.contains_key("dataset_name") {
        let report = crate::descriptor::property::Report::new(file);
        let record = Properties::new(&report, String::new(), rest.map);
        if let Some(dataset) = dataset(record, &place, file) {
            sink.dataset(dataset, Record { text: rest.text.into(), media_type: "application/json" })?;
        }
        report.take().into_iter().for_each(|problem| sink.problem(problem));
        return Ok(Page::default());
    }
    let of = |map: &serde_json::Map<String, Value>| TOTALS.iter().find_map(|key| json::count(map.get(*key)?));
    let within = ["data", "result"].iter().find_map(|key| of(rest.map.get(*key)?.as_object()?));
    Ok(Page { total: of(&rest.map).or(within), ..Page::default() })
}

/// A record's dataset; `None`, with the reason reported, when nothing tells which it is.
fn dataset(mut record: Properties<'_>, place: &Place, file: &str) -> Option<Dataset> {
    let title = json::text_of(&mut record, &["dataset_name", "datasetName"]);
    let identifier = json::text_of(&mut record, &["dataset_id", "datasetId", "id"]);
    let Some(identifier) = identifier.or_else(|| title.clone()) else {
        return record.left_out("dataset_name", "the record has neither a \"dataset_name\" nor a \"dataset_id\"");
    };
    let (access_rights, published_rights) = access_rights(&mut record);
    let homepage = json::text_of(&mut record, &["dataset_url", "detail_url", "page_url", "url", "link"]);
    let distributions = distributions(&mut record, place, homepage.as_deref().unwrap_or(file));
    let mut themes = words(&mut record, "data_domain");
    themes.extend(words(&mut record, "cou_theme_cls"));
    Some(Dataset {
        name: json::short_name(title.as_deref().unwrap_or(&identifier)),
        description: json::text_of(&mut record, &["dataset_desc", "dataset_description", "description", "remark"]),
        keywords: ["keyword", "keywords", "data_label", "tags"].iter().flat_map(|key| words(&mut record, key)).collect(),
        publisher: json::text_of(&mut record, &["org_name", "orgName"]).map(|name| Agent { name, ..Agent::default() }),
        accrual_periodicity: json::text(&mut record, "open_rate"),
        issued: json::text_of(&mut record, &["create_date", "createDate"]),
        modified: json::text_of(&mut record, &["update_date", "updateDate"]),
        identifier,
        title,
        homepage,
        themes,
        access_rights,
        published_rights,
        distributions,
        extra: kept::of_dataset(record.rest()),
        ..Dataset::default()
    })
}

/// What is said of access, and what it means. What is not understood is not public.
fn access_rights(record: &mut Properties<'_>) -> (AccessRights, Option<String>) {
    let Some(words) = json::text_of(record, &["open_type", "openType"]) else { return (AccessRights::Public, None) };
    let rights = AccessRights::of_words(&words).unwrap_or_else(|| {
        let known = "无条件开放, 有条件开放 and 不予开放";
        record.problem("open_type", format!("\"{words}\" is none of {known}; taken as NON_PUBLIC"));
        AccessRights::NonPublic
    });
    (rights, Some(words))
}

/// One for each type of file that is offered, at the file's own URL where one is published, else at the page that leads to it.
fn distributions(record: &mut Properties<'_>, place: &Place, page: &str) -> Vec<Distribution> {
    let types = words(record, if record.has("docType") { "docType" } else { "doc_type" });
    let links = words(record, if record.has("download_url") { "download_url" } else { "file_url" });
    // One link leads to the file of one type; a list of links is as long as that of the types.
    let is_matched = links.len() == types.len();
    let of_type = |(i, word): (usize, String)| {
        let mut distribution = Distribution { name: word.to_lowercase(), declared_format: Some(word), ..Distribution::default() };
        if let Some(url) = links.get(i).filter(|_| is_matched) {
            link(&mut distribution, place, url);
        }
        settled(distribution, page)
    };
    let mut distributions: Vec<Distribution> = types.into_iter().enumerate().map(of_type).collect();
    if !is_matched {
        for url in &links {
            let mut distribution =
                Distribution { name: crate::descriptor::format::stem(url).to_owned(), ..Distribution::default() };
            link(&mut distribution, place, url);
            distributions.push(settled(distribution, page));
        }
    }
    distributions
}

/// The page is no file, whatever its types are: it is added when the file's format is settled.
fn settled(mut distribution: Distribution, page: &str) -> Distribution {
    settle(&mut distribution);
    if distribution.paths.is_empty() && distribution.access_url.is_none() {
        distribution.access_url = Some(page.to_owned());
    }
    distribution
}

/// A list of texts, or one text of several with marks between them.
fn words(record: &mut Properties<'_>, key: &str) -> Vec<String> {
    let texts = json::texts(record, key);
    let parts = texts.iter().flat_map(|text| text.split([',', '，', ';', '；', '、', '|']));
    parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use crate::descriptor::published::{Gathered, Standard, detect, read};
    use crate::descriptor::terms::{Frequency, Theme};
    use crate::descriptor::{AccessRights, Format};

    fn gathered(text: &str) -> Gathered {
        let mut sink = Gathered::default();
        read(Standard::Shanghai, &mut text.as_bytes(), "https://data.example.cn/list.json", &mut sink).expect("nothing fails");
        sink
    }

    #[test]
    fn records_are_read_with_what_they_mean() {
        let bytes = include_bytes!("../../../tests/fixtures/catalogs/shanghai/datasets.json");
        let file = "/srv/catalogs/datasets.json";
        assert_eq!(detect(bytes, file), Some(Standard::Shanghai));
        let mut sink = Gathered::default();
        let page = read(Standard::Shanghai, &mut bytes.as_slice(), file, &mut sink).expect("nothing fails");
        let tables = sink.datasets.iter().flat_map(|d| &d.distributions).filter(|d| d.is_table()).count();
        let all: usize = sink.datasets.iter().map(|d| d.distributions.len()).sum();
        assert_eq!((sink.datasets.len(), all, tables, sink.problems.len(), page.total), (4, 7, 1, 2, Some(5)));
        let metro = &sink.datasets[0];
        assert_eq!(metro.title.as_deref(), Some("轨道交通客流量"));
        assert_eq!(metro.themes, ["道路交通", "交通运输"]);
        assert!(metro.themes.iter().all(|theme| Theme::of_words(theme) == Some(Theme::Transport)));
        assert_eq!(metro.publisher.as_ref().map(|agent| agent.name.as_str()), Some("上海申通地铁集团有限公司"));
        assert_eq!((metro.access_rights, metro.published_rights.as_deref()), (AccessRights::Public, Some("无条件开放")));
        assert_eq!(metro.accrual_periodicity.as_deref().and_then(Frequency::of_words).map(|f| f.code), Some("DAILY"));
        let formats: Vec<_> = metro.distributions.iter().map(|d| (d.format, d.paths.len(), d.is_table())).collect();
        assert_eq!(formats, [(Some(Format::Workbook), 0, false), (Some(Format::Csv), 0, false), (None, 0, false)]);
        assert_eq!(metro.extra.get("data_size").and_then(|v| v.as_u64()), Some(36_500));
        assert_eq!(sink.datasets[1].access_rights, AccessRights::Restricted);
        assert_eq!(sink.datasets[2].access_rights, AccessRights::NonPublic);
        assert_eq!(sink.datasets[3].distributions[0].paths, ["https://data.example.cn/files/hospitals.csv"]);
        assert!(sink.problems[0].message.contains("内部共享"), "{}", sink.problems[0]);
        assert_eq!(sink.problems[1].pointer, "/data/list/4/dataset_name");
        assert!(sink.records[0].text.starts_with('{') && sink.records[0].text.contains("\"dataset_name\": \"轨道交通客流量\""));
    }

    #[test]
    fn lists_of_any_form_are_read() {
        let record = r#"{"dataset_name": "公交线路", "open_type": "无条件开放", "docType": "xls,csv"}"#;
        for text in [
            record.to_owned(),
            format!("[{record}]"),
            format!("{record}\n{record}"),
            format!("{{\"data\": [{record}], \"totalNum\": 1}}"),
            format!("{{\"result\": {{\"rows\": [{record}]}}}}"),
        ] {
            let sink = gathered(&text);
            assert!(!sink.datasets.is_empty() && sink.problems.is_empty(), "{text}: {:?}", sink.problems);
            assert_eq!(sink.datasets[0].distributions.len(), 2);
            assert_eq!(sink.datasets[0].distributions[1].access_url.as_deref(), Some("https://data.example.cn/list.json"));
        }
    }
}
