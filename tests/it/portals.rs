//! Portals that are harvested through their interfaces, of which only the address is given: the kind is found out, the list is read page by
//! page, and the tables answer.

use serde_json::{Value, json};

use crate::harness::shared_data;
use crate::harvest::{asked, stoa};
use crate::process::Launch;
use crate::server::{Quirk, Server};

/// A portal: its kind, where its list is, and the pages.
type Portal = (&'static str, &'static str, Vec<(&'static str, Value)>);

/// Where each interface has its list, the pages by what their addresses end with, and how many datasets a page has.
fn portals(web: &Server) -> Vec<Portal> {
    let file = web.url("transport/nycflights13/airlines.csv");
    let package = |name: &str| {
        json!({"id": format!("id-{name}"), "name": name, "title": name, "groups": [{"name": "transport", "title": "Transport"}],
            "resources": [{"id": "r", "name": name, "format": "CSV", "url": file}]})
    };
    let found = |packages: Vec<Value>| json!({"success": true, "result": {"count": 3, "results": packages}});
    let entry = |id: &str, name: &str| {
        json!({"resource": {"id": id, "name": name, "type": "dataset", "columns_name": ["carrier"], "columns_field_name": ["carrier"],
            "columns_datatype": ["Text"]}, "classification": {"domain_category": "Transport"}, "metadata": {}, "permalink": web.url(&format!("d/{id}"))})
    };
    let jeu = |slug: &str| {
        json!({"id": format!("id-{slug}"), "slug": slug, "title": slug, "frequency": "daily",
            "resources": [{"id": "r", "title": slug, "format": "csv", "url": file}]})
    };
    let next = web.url("api/1/datasets/?page=2");
    let exported = |id: &str| {
        json!({"dataset_id": id, "has_records": true, "fields": [{"name": "carrier", "type": "text"}],
            "metas": {"default": {"title": id, "theme": ["Transport"]}}})
    };
    vec![
        (
            "ckan",
            "api/3/action/package_search",
            vec![
                ("?sort=id+asc&rows=1000&start=0", found(vec![package("trams"), package("buses")])),
                ("?sort=id+asc&rows=1000&start=2", found(vec![package("ferries")])),
            ],
        ),
        (
            "socrata",
            "api/catalog/v1",
            vec![
                (
                    "?domains=127.0.0.1&search_context=127.0.0.1&order=dataset_id&limit=1000&offset=0",
                    json!({"results": [entry("aaaa-0001", "Trams"), entry("aaaa-0002", "Buses")], "resultSetSize": 3}),
                ),
                (
                    "?domains=127.0.0.1&search_context=127.0.0.1&order=dataset_id&limit=1000&offset=2",
                    json!({"results": [entry("aaaa-0003", "Ferries")], "resultSetSize": 3}),
                ),
            ],
        ),
        (
            "udata",
            "api/1/datasets/",
            vec![
                (
                    "?sort=created&page=1&page_size=100",
                    json!({"data": [jeu("trams"), jeu("buses")], "next_page": next, "total": 3}),
                ),
                ("?page=2", json!({"data": [jeu("ferries")], "next_page": null, "total": 3})),
            ],
        ),
        (
            "opendatasoft",
            "api/explore/v2.1/catalog/datasets",
            vec![
                ("?limit=100&offset=0", json!({"total_count": 3, "results": [exported("trams"), exported("buses")]})),
                ("?limit=100&offset=2", json!({"total_count": 3, "results": [exported("ferries")]})),
            ],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_is_known_by_its_address_and_read_page_by_page() {
    let (state, folder) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let mut webs = Vec::new();
    for n in 0..4 {
        let web = Server::start(shared_data()).await;
        let (kind, list, pages) = portals(&web).swap_remove(n);
        let list = list.trim_end_matches('/');
        for (query, page) in pages {
            web.put(&format!("{list}{query}"), page.to_string());
        }
        // As interfaces are: made when asked, of a length that is not known before.
        web.quirk(list, Quirk::NoLength);
        web.quirk(list, Quirk::NoValidators);
        web.put("api/views/aaaa-0003/rows.csv", "carrier,name\nAA,Ferry\n");
        web.put("api/explore/v2.1/catalog/datasets/ferries/exports/csv", "carrier;name\nAA;Ferry\n");
        let (ok, told) = stoa(state.path(), &["add", kind, &web.url("")]).await;
        assert!(ok && told.starts_with(&format!("{kind}: 3 datasets, 3 tables (3 added")), "{told}");
        let (ok, told) = stoa(state.path(), &["refresh", kind]).await;
        assert!(ok && told.starts_with(&format!("{kind}: 3 datasets, 3 tables (0 added, 0 changed, 3 unchanged")), "{told}");
        webs.push((kind, web));
    }
    let server = Launch::new(folder.path(), state.path()).start();
    for (kind, _) in &webs {
        let sql = "select distribution.schema_name || '.' || distribution.table_name, dataset.title from catalog.distributions distribution
                   join catalog.datasets dataset on dataset.identifier = distribution.dataset where lower(dataset.title) = 'ferries'";
        let told = asked(&server, kind, sql).await;
        let (table, _) = told.trim_end().split_once('|').unwrap_or_else(|| panic!("{kind}: {told}"));
        let rows = asked(&server, kind, &format!("select count(*) from {table} where carrier = 'AA'")).await;
        // A notice of the first touch follows.
        assert!(rows.starts_with("1\n"), "{kind}: {table}: {rows}");
    }
}
