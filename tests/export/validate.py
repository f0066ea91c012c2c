"""Validates exported catalogs by the standards' own schemas, as far as packages of Python bring them: validate.py FORMAT FILE...

Each line of the answer tells what is wrong with which file; the exit status is 1 where something is, else 0.
"""

import csv
import importlib.util
import json
import pathlib
import sys

import jsonschema

HERE = pathlib.Path(__file__).parent
MOST = 10


def installed(package, *path):
    """A file of an installed package, which need not be able to run."""
    top, *inner = package.split(".")
    spec = importlib.util.find_spec(top)
    return pathlib.Path(next(iter(spec.submodule_search_locations))).joinpath(*inner, *path)


def schema_faults(document, schema):
    kind = jsonschema.validators.validator_for(schema)
    checker = kind(schema, format_checker=kind.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message[:300]}" for error in checker.iter_errors(document)]


def dcat_us(path):
    """The schema of data.json 1.1 for other than federal agencies."""
    folder = installed("ckanext.datajson", "pod_schema", "non-federal-v1.1")
    document = json.loads(path.read_text())
    dataset = json.loads((folder / "dataset-non-federal.json").read_text())
    faults = []
    catalog = json.loads((folder / "catalog.json").read_text())
    # Each dataset is checked by itself, as the catalog's schema would, which says where.
    catalog["properties"]["dataset"]["items"] = {}
    faults += schema_faults(document, catalog)
    for record in document["dataset"]:
        faults += [f"{record.get('identifier')} {fault}" for fault in schema_faults(record, dataset)]
    return faults


def datapackage(path):
    """The profile of Data Package 1, which 2 leaves valid."""
    profile = json.loads(installed("datapackage", "profiles", "data-package.json").read_text())
    return schema_faults(json.loads(path.read_text()), profile)


def ckan(path):
    document = json.loads(path.read_text())
    faults = schema_faults(document, json.loads((HERE / "ckan.json").read_text()))
    packages = document["result"]["results"]
    if document["result"]["count"] != len(packages):
        faults.append("the count is another one")
    return faults


def shacl_faults(graph, shapes):
    import pyshacl

    conforms, _, text = pyshacl.validate(graph, shacl_graph=shapes, inference="none", advanced=False)
    return [] if conforms else [line.strip() for line in text.splitlines() if line.startswith(("\tMessage", "\tFocus", "\tResult Path"))] or [text]


def dcat_ap(path):
    import rdflib

    syntax = "json-ld" if path.read_bytes()[:1] == b"{" else "turtle"
    graph = rdflib.Graph().parse(str(path), format=syntax)
    return shacl_faults(graph, rdflib.Graph().parse(str(HERE / "dcat-ap.ttl"), format="turtle"))


# Properties that are younger than the shapes that pyshacl brings (2021).
YOUNGER = {"http://schema.org/sha256"}


def schema_org(path):
    """schema.org's SHACL shapes, and that no name is used which it does not have."""
    import rdflib
    from rdflib.namespace import RDF, RDFS

    document = json.loads(path.read_text())
    # The context is not fetched: names are schema.org's, but for those that the document declares.
    document["@context"] = [{"@vocab": "http://schema.org/"}] + [c for c in document["@context"] if isinstance(c, dict)]
    graph = rdflib.Graph().parse(data=json.dumps(document), format="json-ld")
    shapes = rdflib.Graph().parse(str(installed("pyshacl", "assets", "schema.ttl")), format="turtle")
    schema = rdflib.Namespace("http://schema.org/")
    known = {path for path in shapes.objects(None, rdflib.URIRef("http://www.w3.org/ns/shacl#path"))}
    classes = set(shapes.subjects(RDF.type, RDFS.Class))
    faults = [f"{name} is no property of schema.org" for name in set(graph.predicates()) if name.startswith(schema) and name not in known and str(name) not in YOUNGER]
    faults += [f"{name} is no class of schema.org" for name in set(graph.objects(None, RDF.type)) if name not in classes]
    for kind, demanded in [("DataCatalog", ["name", "dataset"]), ("Dataset", ["name", "description"]), ("DataDownload", [])]:
        for node in graph.subjects(RDF.type, schema[kind]):
            faults += [f"{kind} {graph.value(node, schema.identifier)} has no {name}" for name in demanded if graph.value(node, schema[name]) is None]
    for download in graph.subjects(RDF.type, schema.DataDownload):
        if graph.value(download, schema.contentUrl) is None and graph.value(download, schema.url) is None:
            faults.append("a DataDownload has neither a contentUrl nor a url")
    return faults


def table(path):
    """RFC 4180: as many cells in each row as the header has, and an identifier in each."""
    csv.field_size_limit(1 << 30)
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file, strict=True)
    faults = [f"row {i} has {len(row)} cells of {len(header)}" for i, row in enumerate(rows) if len(row) != len(header)]
    at = header.index("identifier")
    return faults + [f"row {i} has no identifier" for i, row in enumerate(rows) if not row[at:at + 1] or not row[at]]


CHECKS = {
    "dcat-ap": dcat_ap,
    "dcat-us": dcat_us,
    "datapackage": datapackage,
    "ckan": ckan,
    "schema-org": schema_org,
    "csv": table,
}


def main(kind, *files):
    wrong = 0
    for file in files:
        try:
            faults = CHECKS[kind](pathlib.Path(file))
        except Exception as e:  # What can't be read is not valid.
            faults = [f"can't be read: {type(e).__name__}: {e}"]
        wrong += len(faults)
        for fault in faults[:MOST]:
            print(f"{file}: {fault}")
        if len(faults) > MOST:
            print(f"{file}: and {len(faults) - MOST} more")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
