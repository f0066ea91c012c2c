//! `stoa catalog export`: the catalog's own facts, as typed.

use std::path::PathBuf;

use clap::Args;

use super::value;
use crate::cli::export::Options;
use crate::descriptor::Agent;
use crate::descriptor::export::{About, Endpoint, Format, Syntax};
use crate::error::{Error, Kind, Result};

#[derive(Clone, Debug, Args)]
pub(super) struct RawExport {
    /// Which catalog [default: the first]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// As what: dcat-ap, dcat-us, datapackage, ckan, schema-org or csv
    #[arg(long, value_name = "FORMAT")]
    pub format: String,
    /// How DCAT-AP is written: turtle or json-ld [default: turtle]
    #[arg(long, value_name = "SYNTAX")]
    pub syntax: Option<String>,
    /// The file to write, which appears when it is complete; for datapackage a folder [default: standard output]
    #[arg(short, long, value_name = "FILE|DIR")]
    pub output: Option<PathBuf>,
    /// Where the catalog's tables are asked, such as postgres://data.example.org:5432/city
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// What the catalog is called [default: its name]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// What it is
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Who publishes it, and each dataset of which no publisher is told [default: its title]
    #[arg(long, value_name = "NAME")]
    pub publisher: Option<String>,
    /// Whom to ask about datasets of which nobody is told, as "NAME <MAIL>"
    #[arg(long, value_name = "NAME <MAIL>")]
    pub contact: Option<String>,
    /// The page that shows it to people
    #[arg(long, value_name = "URL")]
    pub homepage: Option<String>,
}

const SYNTAXES: &str = "turtle or json-ld";
const ENDPOINTS: &str = "a URL of PostgreSQL without a password, such as postgres://data.example.org:5432/city";
const CONTACTS: &str = "a name, an address of mail in angle brackets, or both";

pub(super) fn options(raw: RawExport) -> Result<Options> {
    let syntax = raw.syntax.map(|text| value::parse("--syntax", &text, Syntax::of_name, SYNTAXES)).transpose()?;
    let format = match (value::parse("--format", &raw.format, Format::of_name, Format::NAMES)?, syntax) {
        (Format::DcatAp(own), syntax) => Format::DcatAp(syntax.unwrap_or(own)),
        (format @ (Format::DcatUs | Format::DataPackage | Format::Ckan | Format::SchemaOrg | Format::Csv), None) => format,
        (Format::DcatUs | Format::DataPackage | Format::Ckan | Format::SchemaOrg | Format::Csv, Some(_)) => {
            let error = Error::new(Kind::Config, format!("--syntax says nothing of --format {}", raw.format));
            return Err(error.with_hint("It chooses how dcat-ap is written."));
        }
    };
    let endpoint = raw.endpoint.map(|text| value::parse("--endpoint", &text, endpoint, ENDPOINTS)).transpose()?;
    let contact = raw.contact.map(|text| value::parse("--contact", &text, contact, CONTACTS)).transpose()?;
    let about = About {
        title: raw.title.unwrap_or_default(),
        description: raw.description.unwrap_or_default(),
        publisher: Agent { name: raw.publisher.unwrap_or_default(), ..Agent::default() },
        contact,
        homepage: raw.homepage,
        endpoint,
    };
    Ok(Options { catalog: raw.name, format, output: raw.output, about })
}

/// What is published is read by all: a password has no place in it.
fn endpoint(text: &str) -> Option<Endpoint> {
    let url = url::Url::parse(text).ok()?;
    let is_endpoint = matches!(url.scheme(), "postgres" | "postgresql") && url.has_host() && url.password().is_none();
    is_endpoint.then(|| Endpoint { url: text.to_owned() })
}

fn contact(text: &str) -> Option<Agent> {
    let (name, rest) = text.split_once('<').unwrap_or((text, ""));
    let email = Some(rest.trim().trim_end_matches('>').trim()).filter(|email| !email.is_empty());
    if email.is_some_and(|email| !email.contains('@')) || !rest.is_empty() && !rest.trim_end().ends_with('>') {
        return None;
    }
    let name = Some(name.trim()).filter(|name| !name.is_empty()).or(email)?;
    Some(Agent { name: name.to_owned(), email: email.map(str::to_owned), homepage: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_and_endpoints_are_told_from_other_texts() {
        let agent = |text: &str| contact(text).map(|agent| (agent.name, agent.email));
        let both = |name: &str, email: Option<&str>| Some((name.to_owned(), email.map(str::to_owned)));
        assert_eq!(agent("Open Data <open@example.org>"), both("Open Data", Some("open@example.org")));
        assert_eq!(agent("<open@example.org>"), both("open@example.org", Some("open@example.org")));
        assert_eq!(agent("Open Data"), both("Open Data", None));
        assert_eq!((agent(""), agent("a <b>"), agent("a <b@c")), (None, None, None));
        for (text, is_one) in [
            ("postgres://data.example.org:5432/city", true),
            ("postgresql://data.example.org", true),
            ("postgres://me:secret@data.example.org/city", false),
            ("https://data.example.org", false),
            ("data.example.org", false),
        ] {
            assert_eq!(endpoint(text).is_some(), is_one, "{text}");
        }
    }
}
