//! The server's certificate and key, and the authorities of its clients' certificates, from PEM files to what a handshake needs. A file
//! that does not load is an error: there is no way from here to plain text.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoClientAuth, NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{CipherSuite, ProtocolVersion, RootCertStore, ServerConfig, ServerConnection};
use x509_certificate::X509Certificate;

use super::link::ALPN;
use crate::error::{Error, Kind, Result};
use crate::table;

/// The files of TLS, each in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate and those between it and its authority, in this order.
    pub certificate: PathBuf,
    /// The certificate's private key (PKCS #8, PKCS #1 or SEC 1), without a passphrase.
    pub key: PathBuf,
    /// Authorities whose certificates clients may show.
    pub client_ca: Option<PathBuf>,
}

/// TLS as it was last loaded.
#[derive(Debug)]
pub(super) struct Tls {
    files: TlsFiles,
    loaded: RwLock<Arc<Loaded>>,
}

/// One reading of the files.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) config: Arc<ServerConfig>,
    /// What SCRAM's channel binding `tls-server-end-point` is of (RFC 5929, section 4.1); `None` when the certificate's signature
    /// has no hash of its own.
    pub(super) end_point: Option<Vec<u8>>,
}

impl Tls {
    /// Loads the files. [`Kind::Config`] with the file, what is wrong with it and the remedy.
    pub(super) fn load(files: TlsFiles) -> Result<Self> {
        let loaded = RwLock::new(Arc::new(Loaded::of(&files)?));
        Ok(Self { files, loaded })
    }

    /// What the next handshake uses.
    pub(super) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Loads the files again; on an error all stays as it was.
    pub(super) fn reload(&self) -> Result<()> {
        let new = Arc::new(Loaded::of(&self.files)?);
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

impl Loaded {
    fn of(files: &TlsFiles) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let chain = certificates(&files.certificate, "certificate")?;
        let unreadable = |e: &dyn std::fmt::Display| {
            let message = format!("the TLS certificate {} can't be read: {e}", files.certificate.display());
            config(message, "It must be an X.509 certificate; `openssl x509 -in FILE -noout -text` shows one.")
        };
        let first = chain.first().ok_or_else(|| unreadable(&"it holds none"))?;
        let certificate = X509Certificate::from_der(first).map_err(|e| unreadable(&e))?;
        let end_point = end_point(&certificate, first);
        let key = private_key(&files.key)?;
        // Compared here and not by rustls, which takes no certificate of version 1, as `openssl x509 -req` makes them.
        if key.public_key().is_some_and(|public| !public.ends_with(&certificate.public_key_data())) {
            let message =
                format!("the TLS key {} does not belong to the certificate {}", files.key.display(), files.certificate.display());
            let hint = "Name the key that the certificate was made for; in a chain the server's certificate stands first.";
            return Err(config(message, hint));
        }
        let verifier = match &files.client_ca {
            Some(path) => client_verifier(path, &provider)?,
            None => Arc::new(NoClientAuth),
        };
        let resolver = SingleCertAndKey::from(CertifiedKey::new(chain, key));
        let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13, &TLS12]);
        let builder = builder.map_err(|e| Error::new(Kind::Internal, format!("TLS can't be set up: {e}")))?;
        let mut config = builder.with_client_cert_verifier(verifier).with_cert_resolver(Arc::new(resolver));
        config.alpn_protocols = vec![ALPN.to_vec()];
        // As PostgreSQL: connections last, and a resumed session would not show the client's certificate anew.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { config: Arc::new(config), end_point })
    }
}

/// The hash of a certificate by its own signature's hash, SHA-256 in place of MD5 and SHA-1.
fn end_point(certificate: &X509Certificate, der: &[u8]) -> Option<Vec<u8>> {
    let algorithm = certificate.signature_signature_algorithm_oid().to_string();
    Some(match algorithm.as_str() {
        // RSA with MD5, SHA-1 and SHA-256; ECDSA with SHA-1 and SHA-256; DSA with SHA-1 and SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2"
        | "1.2.840.10040.4.3"
        | "2.16.840.1.101.3.4.3.2" => Sha256::digest(der).to_vec(),
        "1.2.840.113549.1.1.14" | "1.2.840.10045.4.3.1" => Sha224::digest(der).to_vec(),
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Sha384::digest(der).to_vec(),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Sha512::digest(der).to_vec(),
        // Ed25519 has no hash, and clients differ over RSASSA-PSS: without binding all of them come in.
        _ => return None,
    })
}

/// The common name of a client's certificate; `None` without one, or with a zero byte in it.
pub(super) fn common_name(certificate: &[u8]) -> Option<String> {
    let certificate = X509Certificate::from_der(certificate).ok()?;
    certificate.subject_common_name().filter(|name| !name.contains('\0'))
}

fn client_verifier(path: &Path, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    let unusable = |e: &dyn std::fmt::Display| {
        let message = format!("the TLS client authorities of {} can't be used: {e}", path.display());
        config(message, "It must hold the X.509 certificates (version 3) of authorities.")
    };
    for certificate in certificates(path, "client authority")? {
        roots.add(certificate).map_err(|e| unusable(&e))?;
    }
    // Who must show a certificate is known once the user is.
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).allow_unauthenticated();
    verifier.build().map_err(|e| unusable(&e))
}

/// The certificates of a file, one at least.
fn certificates(path: &Path, what: &str) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = read(path, what)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|e| {
        let message = format!("the TLS {what} {} is damaged: {e}", path.display());
        config(message, "Between its BEGIN and END lines stands base64; copy the file anew.")
    })?;
    if found.is_empty() {
        let message = format!("{} holds no TLS {what}", path.display());
        return Err(config(message, "It must be PEM, with a line -----BEGIN CERTIFICATE-----."));
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<Arc<dyn SigningKey>> {
    let bytes = read(path, "key")?;
    let holds = |text: &[u8]| memchr::memmem::find(&bytes, text).is_some();
    if holds(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || holds(b"Proc-Type: 4,ENCRYPTED") {
        let message = format!("the TLS key {} is protected by a passphrase", path.display());
        return Err(config(message, "`openssl pkey -in FILE -out PLAIN` writes one without; chmod 600 keeps it secret."));
    }
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|e| match e {
        tokio_rustls::rustls::pki_types::pem::Error::NoItemsFound => {
            config(format!("{} holds no TLS key", path.display()), "It must be PEM, with a line -----BEGIN PRIVATE KEY-----.")
        }
        e => {
            let message = format!("the TLS key {} is damaged: {e}", path.display());
            config(message, "Between its BEGIN and END lines stands base64; copy the file anew.")
        }
    })?;
    if is_open_to_others(path) {
        tracing::warn!("the TLS key {} can be read by every user of this machine; chmod 600 keeps it secret", path.display());
    }
    ring::sign::any_supported_type(&key).map_err(|e| {
        let message = format!("the TLS key {} can't be used: {e}", path.display());
        config(message, "RSA keys of 2048 bits and more, ECDSA keys on P-256 and P-384, and Ed25519 keys are taken.")
    })
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| {
        let message = format!("can't read the TLS {what} {}: {e}", path.display());
        config(message, "Name a PEM file that the server's user may read.").caused_by(e)
    })
}

fn config(message: String, hint: &str) -> Error {
    Error::new(Kind::Config, message).with_hint(hint)
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()) & 0o007 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}
/// What was agreed on, in OpenSSL's words; `None` before the handshake.
pub(super) fn told(connection: &ServerConnection) -> Option<table::Tls> {
    let version = match connection.protocol_version()? {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        _ => "TLSv1.3",
    };
    let (cipher, bits) = match connection.negotiated_cipher_suite()?.suite() {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => ("TLS_AES_128_GCM_SHA256", 128),
        CipherSuite::TLS13_AES_256_GCM_SHA384 => ("TLS_AES_256_GCM_SHA384", 256),
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => ("TLS_CHACHA20_POLY1305_SHA256", 256),
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => ("ECDHE-ECDSA-AES128-GCM-SHA256", 128),
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => ("ECDHE-ECDSA-AES256-GCM-SHA384", 256),
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => ("ECDHE-ECDSA-CHACHA20-POLY1305", 256),
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => ("ECDHE-RSA-AES128-GCM-SHA256", 128),
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => ("ECDHE-RSA-AES256-GCM-SHA384", 256),
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => ("ECDHE-RSA-CHACHA20-POLY1305", 256),
        _ => return None,
    };
    Some(table::Tls { version, cipher, bits })
}
