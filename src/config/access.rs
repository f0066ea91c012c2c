//! Who is let in, from what was typed: which options of TLS, passwords and certificates need which others.

use super::raw::RawServe;
use super::value::{self, refused};
use crate::error::{Error, Kind, Result};
use crate::wire::{Access, ClientCertificate, Method, TlsFiles};

/// What `--tls` takes.
const TLS: &str = "prefer (TLS for those who ask), require (sessions in plain text are refused) or off";
/// What `--auth` takes.
const AUTH: &str = "trust (nobody is asked), scram (a password) or cert (a client certificate whose common name is the role)";
/// What `--client-cert` takes.
const CLIENT_CERT: &str = "optional, verify-ca (a good one must be shown) or verify-full (and its common name must be the role)";

/// `--tls`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tls {
    Off,
    Prefer,
    Require,
}

pub(super) fn access(raw: &RawServe) -> Result<Access> {
    let (tls, require_tls) = tls(raw)?;
    let asked = raw.client_cert.as_deref().unwrap_or("optional");
    let client_certificate = value::parse("--client-cert", asked, client_certificate, CLIENT_CERT)?;
    let has_authority = tls.as_ref().is_some_and(|files| files.client_ca.is_some());
    let needs_authority = |what: &str| {
        let hint = "Name the authority of your clients' certificates, and --tls-cert and --tls-key.";
        Err(needs(what, "--tls-client-ca", hint))
    };
    if client_certificate != ClientCertificate::Optional && !has_authority {
        return needs_authority(&format!("--client-cert {asked}"));
    }
    let method = match &raw.auth {
        Some(text) => value::parse("--auth", text, method, AUTH)?,
        None if raw.users.is_some() => Method::Scram,
        None => Method::Trust,
    };
    match method {
        Method::Scram if raw.users.is_none() => {
            return Err(needs("--auth scram", "--users", "`stoa user add NAME --users FILE` makes a file of roles."));
        }
        Method::Certificate if !has_authority => return needs_authority("--auth cert"),
        Method::Scram | Method::Certificate | Method::Trust => {}
    }
    Ok(Access { method, trust_remote: raw.trust_remote, users: raw.users.clone(), tls, require_tls, client_certificate })
}

/// The files of TLS, and whether it must be spoken.
fn tls(raw: &RawServe) -> Result<(Option<TlsFiles>, bool)> {
    let typed = raw.tls.as_deref().map(|text| value::parse("--tls", text, tls_use, TLS)).transpose()?;
    if typed == Some(Tls::Off) {
        return Ok((None, false));
    }
    let pair = "A certificate and its key go together, each a PEM file.";
    match (&raw.tls_cert, &raw.tls_key) {
        (Some(certificate), Some(key)) => {
            let (certificate, key) = (certificate.clone(), key.clone());
            Ok((Some(TlsFiles { certificate, key, client_ca: raw.tls_client_ca.clone() }), typed == Some(Tls::Require)))
        }
        (Some(_), None) => Err(needs("--tls-cert", "--tls-key", pair)),
        (None, Some(_)) => Err(needs("--tls-key", "--tls-cert", pair)),
        (None, None) if typed.is_some() => {
            Err(needs(&format!("--tls {}", raw.tls.as_deref().unwrap_or_default()), "--tls-cert and --tls-key", pair))
        }
        (None, None) if raw.tls_client_ca.is_some() => Err(needs("--tls-client-ca", "--tls-cert and --tls-key", pair)),
        (None, None) => Ok((None, false)),
    }
}

fn tls_use(text: &str) -> Option<Tls> {
    match text {
        "off" => Some(Tls::Off),
        "prefer" => Some(Tls::Prefer),
        "require" => Some(Tls::Require),
        _ => None,
    }
}

fn method(text: &str) -> Option<Method> {
    match text {
        "trust" => Some(Method::Trust),
        "scram" | "scram-sha-256" => Some(Method::Scram),
        "cert" => Some(Method::Certificate),
        _ => None,
    }
}

fn client_certificate(text: &str) -> Option<ClientCertificate> {
    match text {
        "optional" => Some(ClientCertificate::Optional),
        "verify-ca" => Some(ClientCertificate::Verified),
        "verify-full" => Some(ClientCertificate::OfRole),
        _ => None,
    }
}

fn needs(what: &str, other: &str, hint: &str) -> Error {
    Error::new(Kind::Config, format!("{what} needs {other}")).with_hint(hint.to_owned())
}

/// How long a login may take.
pub(super) fn authentication_timeout(text: &str) -> Result<std::time::Duration> {
    let taken = "a duration from 1ms to 10min, such as 30s";
    let read = |text: &str| value::duration(text).filter(|d| (1..=600_000).contains(&d.as_millis()));
    read(text).ok_or_else(|| refused("--auth-timeout", text, taken))
}
