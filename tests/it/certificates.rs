//! Certificates for tests: an authority, the server's and clients', in files of a folder that goes with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SignatureAlgorithm};
use stoa::wire::TlsFiles;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

/// An authority, and a folder with `ca.crt` and, for each name, `NAME.crt` and `NAME.key`.
pub struct Certificates {
    folder: tempfile::TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Certificates {
    /// With a certificate of the server, which is `localhost` and 127.0.0.1.
    pub fn new() -> Self {
        Self::of_authority(&rcgen::PKCS_ECDSA_P256_SHA256)
    }

    /// The same with an authority that signs by this algorithm.
    pub fn of_authority(algorithm: &'static SignatureAlgorithm) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut params = named("tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate_for(algorithm).expect("a key")).expect("an authority");
        std::fs::write(folder.path().join("ca.crt"), authority.pem()).expect("written");
        let these = Self { folder, authority };
        these.issue("server", &rcgen::PKCS_ECDSA_P256_SHA256);
        these
    }

    /// A certificate of this name, and its key.
    pub fn issue(&self, name: &str, algorithm: &'static SignatureAlgorithm) -> Certificate {
        let key = KeyPair::generate_for(algorithm).expect("a key");
        let certificate = named(name).signed_by(&key, &self.authority).expect("a certificate");
        self.write(&format!("{name}.crt"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
        certificate
    }

    /// Writes a file that its owner alone may read, as libpq wants keys.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("written");
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("it is ours");
        path
    }

    /// Where a file stands.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's files, and the authority for its clients.
    pub fn files(&self) -> TlsFiles {
        let [certificate, key, authority] = ["server.crt", "server.key", "ca.crt"].map(|name| self.path(name));
        TlsFiles { certificate, key, client_ca: Some(authority) }
    }

    /// A client that believes the authority and names these protocols.
    pub fn client(&self, protocols: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.authority.der().to_vec())).expect("an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("TLS 1.2 and 1.3");
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("names");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
