//! What the columns of a list mean, and a row's dataset.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::rows::Row;
use super::{cells, is_place};
use crate::descriptor::published::{json, kept, link, resolved, settle};
use crate::descriptor::{AccessRights, Agent, Dataset, Distribution, Extra, License, Period, Place, format};

/// What a column tells, with the names that such columns have, the plainest first.
const ROLES: &[(Role, &[&str])] = &[
    (
        Role::File,
        &[
            "download_url",
            "downloadurl",
            "download_link",
            "download",
            "data_url",
            "file_url",
            "fileurl",
            "resource_url",
            "csv_url",
            "url",
            "link",
            "href",
            "uri",
            "file",
            "path",
            "下载地址",
            "下载链接",
            "数据地址",
            "数据链接",
            "链接",
            "网址",
            "url地址",
            "地址",
            "ダウンロードurl",
        ],
    ),
    (
        Role::Page,
        &[
            "access_url",
            "accessurl",
            "landing_page",
            "landingpage",
            "homepage",
            "home_page",
            "webpage",
            "web_page",
            "website",
            "page",
            "页面",
            "ページurl",
        ],
    ),
    (Role::Identifier, &["id", "identifier", "dataset_id", "uid", "uuid", "guid", "编号", "标识", "データセットid"]),
    (Role::Name, &["name", "slug", "short_name", "dataset_name", "dataset"]),
    (
        Role::Title,
        &[
            "title",
            "label",
            "heading",
            "titre",
            "titulo",
            "titel",
            "标题",
            "名称",
            "数据集名称",
            "资源名称",
            "タイトル",
            "データ名称",
        ],
    ),
    (
        Role::Description,
        &[
            "description",
            "notes",
            "abstract",
            "summary",
            "comment",
            "beschreibung",
            "描述",
            "简介",
            "摘要",
            "说明",
            "説明",
            "概要",
        ],
    ),
    (
        Role::Publisher,
        &[
            "publisher",
            "organization",
            "organisation",
            "organization_name",
            "agency",
            "provider",
            "department",
            "org",
            "owner",
            "source",
            "发布机构",
            "提供单位",
            "提供部门",
            "数据提供方",
            "部门",
            "来源部门",
            "提供者",
            "公開者",
        ],
    ),
    (Role::Contact, &["contact", "contact_name", "contact_point", "maintainer", "联系人"]),
    (Role::Mail, &["contact_email", "maintainer_email", "email", "mail", "邮箱"]),
    (Role::Format, &["format", "file_format", "filetype", "file_type", "格式", "数据格式", "文件格式", "ファイル形式"]),
    (Role::MediaType, &["media_type", "mediatype", "mimetype", "mime_type", "content_type"]),
    (
        Role::Theme,
        &[
            "theme",
            "themes",
            "category",
            "categories",
            "topic",
            "topics",
            "domain",
            "主题",
            "领域",
            "数据领域",
            "分类",
            "类别",
            "分野",
            "テーマ",
        ],
    ),
    (Role::Keywords, &["keywords", "keyword", "tags", "tag", "关键词", "关键字", "标签", "キーワード", "タグ"]),
    (
        Role::Licence,
        &[
            "license",
            "licence",
            "license_id",
            "license_title",
            "license_name",
            "rights_license",
            "许可",
            "许可协议",
            "ライセンス",
        ],
    ),
    (Role::LicenceUrl, &["license_url", "licence_url", "license_link"]),
    (
        Role::Issued,
        &[
            "issued",
            "published",
            "publication_date",
            "release_date",
            "created",
            "date_created",
            "metadatacreated",
            "发布时间",
            "发布日期",
            "公開日",
        ],
    ),
    (
        Role::Modified,
        &[
            "modified",
            "updated",
            "last_modified",
            "last_updated",
            "last_update",
            "date_modified",
            "update_date",
            "更新时间",
            "更新日期",
            "最后更新",
            "更新日",
        ],
    ),
    (
        Role::Frequency,
        &["frequency", "accrual_periodicity", "accrualperiodicity", "update_frequency", "更新频率", "更新周期", "更新頻度"],
    ),
    (Role::Access, &["access_level", "accesslevel", "access_rights", "accessrights", "开放类型", "开放属性", "开放条件"]),
    (Role::Language, &["language", "languages", "lang", "语言"]),
    (
        Role::Place,
        &["spatial", "place", "coverage", "geographic_coverage", "region", "country", "空间范围", "行政区域", "対象地域"],
    ),
    (Role::Time, &["temporal", "temporal_coverage", "time_period", "period", "时间范围"]),
    (Role::Version, &["version"]),
    (Role::Part, &["distribution", "distribution_title", "distribution_name"]),
    (Role::Bytes, &["bytes", "size_bytes", "file_size_bytes", "size"]),
    (Role::Hash, &["sha256", "md5", "hash", "checksum"]),
    (Role::Encoding, &["encoding", "charset", "编码"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    File,
    Page,
    Identifier,
    Name,
    Title,
    Description,
    Publisher,
    Contact,
    Mail,
    Format,
    MediaType,
    Theme,
    Keywords,
    Licence,
    LicenceUrl,
    Issued,
    Modified,
    Frequency,
    Access,
    Language,
    Place,
    Time,
    Version,
    /// What the row's file is called, where each row is a file and several may be of a dataset.
    Part,
    Bytes,
    Hash,
    Encoding,
}

/// A list's columns. Without a header, the first URL of a row is its place and what else stands there its title and description.
#[derive(Default)]
pub(super) struct Columns {
    names: Vec<String>,
    roles: Vec<Option<Role>>,
}

impl Columns {
    /// The columns by their names; `None` when the first row is no header: it holds a URL, or no name of a column is known.
    pub(super) fn of_header(first: &Row) -> Option<Self> {
        let names: Vec<String> = cells(first).map(str::to_owned).collect();
        let known: Vec<String> = names.iter().map(|name| folded(name)).collect();
        let mut roles = vec![None; names.len()];
        for (role, words) in ROLES {
            let place =
                words.iter().find_map(|word| known.iter().position(|name| name == word).filter(|place| roles[*place].is_none()));
            if let Some(place) = place {
                roles[place] = Some(*role);
            }
        }
        // Pages alone are what the list is of.
        if !roles.contains(&Some(Role::File)) && roles.contains(&Some(Role::Page)) {
            roles.iter_mut().filter(|role| **role == Some(Role::Page)).for_each(|role| *role = Some(Role::File));
        }
        let is_header = !names.iter().any(|name| is_place(name)) && roles.iter().any(Option::is_some);
        is_header.then_some(Self { names, roles })
    }

    /// Whether the list has a row for each file of a dataset.
    pub(super) fn are_of_files(&self) -> bool {
        [Role::Identifier, Role::Part].iter().all(|role| self.roles.contains(&Some(*role)))
    }

    /// A row's dataset without its identifier, and by what it may be identified, the best first; the error says why there is none.
    pub(super) fn dataset(&self, row: &Row, place: &Place) -> Result<(Dataset, Vec<String>), String> {
        if self.names.is_empty() {
            return without_header(row, place);
        }
        let cell = |role: Role| {
            let at = self.roles.iter().position(|own| *own == Some(role))?;
            cells(row).nth(at).filter(|cell| !cell.is_empty()).map(str::to_owned)
        };
        let (url, page) = (cell(Role::File), cell(Role::Page));
        let title = cell(Role::Title);
        let name = cell(Role::Name).or_else(|| title.clone());
        let keys: Vec<String> =
            [cell(Role::Identifier), cell(Role::Name), url.clone(), title.clone()].into_iter().flatten().collect();
        if keys.is_empty() {
            return Err("the line has neither a URL nor a name".to_owned());
        }
        let access_rights = cell(Role::Access);
        let understood = access_rights.as_deref().map(|words| AccessRights::of_words(words).unwrap_or(AccessRights::NonPublic));
        let distribution = Distribution {
            declared_format: cell(Role::Format),
            media_type: cell(Role::MediaType),
            bytes: cell(Role::Bytes).and_then(|size| json::count(&Value::String(size))),
            hash: cell(Role::Hash).map(|hash| if hash.len() == 64 { format!("sha256:{hash}") } else { hash }),
            encoding: cell(Role::Encoding),
            ..Distribution::default()
        };
        let mut dataset = described(name, title, url.as_deref(), distribution, place)?;
        if let (Some(part), Some(distribution)) = (cell(Role::Part), dataset.distributions.first_mut()) {
            distribution.name.clone_from(&part);
            distribution.title = Some(part);
        }
        dataset.description = cell(Role::Description);
        dataset.homepage = page.map(|page| resolved(place, &page).unwrap_or(page)).or(dataset.homepage);
        dataset.publisher = cell(Role::Publisher).map(|name| Agent { name, ..Agent::default() });
        let (contact, email) = (cell(Role::Contact), cell(Role::Mail));
        dataset.contact = contact.or_else(|| email.clone()).map(|name| Agent { name, email, homepage: None });
        dataset.themes = parts(cell(Role::Theme).as_deref(), &[';', '；', '|']);
        dataset.keywords = parts(cell(Role::Keywords).as_deref(), &[',', '，', ';', '；', '|', '、']);
        dataset.languages = parts(cell(Role::Language).as_deref(), &[',', ';', '|']);
        dataset.licenses = licences(cell(Role::Licence), cell(Role::LicenceUrl));
        dataset.issued = cell(Role::Issued);
        dataset.modified = cell(Role::Modified);
        dataset.accrual_periodicity = cell(Role::Frequency);
        dataset.access_rights = understood.unwrap_or_default();
        dataset.published_rights = access_rights.filter(|words| words != dataset.access_rights.name());
        dataset.spatial = cell(Role::Place).into_iter().collect();
        dataset.temporal = cell(Role::Time).and_then(|text| Period::of_text(&text)).into_iter().collect();
        dataset.version = cell(Role::Version);
        dataset.extra = kept::of_dataset(self.others(row));
        Ok((dataset, keys))
    }

    /// The cells of columns that the model has no word for.
    fn others(&self, row: &Row) -> Extra {
        let others = cells(row).enumerate().filter(|(i, cell)| !cell.is_empty() && !matches!(self.roles.get(*i), Some(Some(_))));
        let name =
            |i: usize| self.names.get(i).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| format!("column_{}", i + 1));
        others.map(|(i, cell)| (name(i), Value::String(cell.to_owned()))).collect()
    }
}

fn without_header(row: &Row, place: &Place) -> Result<(Dataset, Vec<String>), String> {
    let Some(url) = cells(row).find(|cell| is_place(cell)) else { return Err("the line holds no URL".to_owned()) };
    let mut others = cells(row).filter(|cell| *cell != url && !cell.is_empty()).map(str::to_owned);
    let title = others.next();
    let mut dataset = described(title.clone(), title, Some(url), Distribution::default(), place)?;
    dataset.description = Some(others.collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty());
    Ok((dataset, vec![url.to_owned()]))
}

/// A dataset of one file, or of none where the URL leads to a page: a host, a folder, or what ends as pages do and is not told to be data.
fn described(
    name: Option<String>,
    title: Option<String>,
    url: Option<&str>,
    mut distribution: Distribution,
    place: &Place,
) -> Result<Dataset, String> {
    let mut dataset = Dataset { title, ..Dataset::default() };
    if let Some(url) = url {
        if !is_place(url) && !url.contains(['.', '/']) {
            return Err(format!("\"{url}\" is no URL"));
        }
        link(&mut distribution, place, url);
        let is_told = distribution.declared_format.is_some() || distribution.media_type.is_some();
        if is_page(url) && !is_told {
            let page = distribution.paths.pop().or_else(|| distribution.access_url.take());
            dataset.homepage = page;
        } else {
            settle(&mut distribution);
            let there = distribution.paths.first().or(distribution.access_url.as_ref());
            distribution.name = there.map(|path| format::stem(path).to_owned()).unwrap_or_default();
            dataset.distributions.push(distribution);
        }
    }
    let of_file = || dataset.distributions.first().map(|distribution| distribution.name.clone()).filter(|name| !name.is_empty());
    dataset.name = match name.or_else(of_file) {
        Some(name) => json::short_name(&name),
        None => json::short_name(url.map_or("dataset", |url| url.split_once("://").map_or(url, |(_, rest)| rest))),
    };
    Ok(dataset)
}

/// Whether a URL leads to a page for people.
fn is_page(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let (path, is_asked) = match rest.split_once(['?', '#']) {
        Some((path, _)) => (path, true),
        None => (rest, false),
    };
    let ending = format::lower_ending(path);
    !path.contains('/')
        || path.ends_with('/') && !is_asked
        || matches!(ending.as_str(), "html" | "htm" | "php" | "aspx" | "asp" | "jsp") && !is_asked
}

/// A licence by name or by address.
fn licences(name: Option<String>, url: Option<String>) -> Vec<License> {
    let licence = match (name.as_deref().map(json::licence_of), url) {
        (Some(licence), Some(url)) => Some(License { path: Some(url), ..licence }),
        (Some(licence), None) => Some(licence),
        (None, Some(url)) => Some(json::licence_of(&url)),
        (None, None) => None,
    };
    licence.into_iter().collect()
}

/// The parts of a cell that holds several.
fn parts(cell: Option<&str>, marks: &[char]) -> Vec<String> {
    let Some(cell) = cell else { return Vec::new() };
    cell.split(marks).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A column's name as the table of roles has it.
fn folded(name: &str) -> String {
    let name: String = name.nfkc().collect::<String>().to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.join("_")
}
