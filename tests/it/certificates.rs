//! Authorities and certificates for tests of TLS, as files of a directory.

use std::path::{Path, PathBuf};

use pilothouse::domain::host::TlsFiles;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};

/// An authority that signs what it is asked to.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub pem: String,
}

/// What a certificate is for.
pub enum For<'a> {
    /// A server of these names and addresses.
    Server(&'a [&'a str]),
    /// A client.
    Client,
}

impl Authority {
    /// Of this name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate and its key, as PEM.
    pub fn issue(&self, what: &For<'_>) -> (String, String) {
        self.issue_until(what, 2090)
    }

    /// As [`Self::issue`], valid until that year begins.
    pub fn issue_until(&self, what: &For<'_>, year: i32) -> (String, String) {
        let (names, usage) = match what {
            For::Server(names) => (*names, ExtendedKeyUsagePurpose::ServerAuth),
            For::Client => (&[] as &[&str], ExtendedKeyUsagePurpose::ClientAuth),
        };
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![usage];
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// Files beside each other.
pub struct Folder(pub tempfile::TempDir);

impl Folder {
    /// Empty.
    pub fn new() -> Self {
        Self(tempfile::Builder::new().prefix("pilothouse-tls-").tempdir().unwrap())
    }

    /// Where a file is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// `NAME-cert.pem` and `NAME-key.pem`.
    pub fn put_pair(&self, name: &str, (cert, key): &(String, String)) {
        self.put(&format!("{name}-cert.pem"), cert);
        self.put(&format!("{name}-key.pem"), key);
    }

    /// `ca.pem`, with the pair of that name where one is given.
    pub fn files(&self, client: Option<&str>) -> TlsFiles {
        let file = |what: &str| client.map(|name| self.path(&format!("{name}-{what}.pem")));
        TlsFiles {
            ca: Some(self.path("ca.pem")),
            cert: file("cert"),
            key: file("key"),
            ..TlsFiles::default()
        }
    }
}
