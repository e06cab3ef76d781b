//! From the operator's files to the terms of a connection. What is wrong is said by file; nothing a file holds is shown.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::fault::Fault;
use crate::domain::host::TlsFiles;

/// More than any certificate, chain or bundle of authorities takes.
const MAX_BYTES: u64 = 4 << 20;

/// The terms, with `ring` as everywhere in this program.
pub(super) fn config(files: &TlsFiles) -> Result<ClientConfig, Fault> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Fault::other(&error.to_string()))?;
    let builder = builder.with_root_certificates(roots(files.ca.as_deref())?);
    let (cert, key) = match (&files.cert, &files.key) {
        (Some(cert), Some(key)) => (cert, key),
        (None, None) => return Ok(builder.with_no_client_auth()),
        (cert, _) => return Err(Fault::half(cert.as_deref(), files.key.as_deref())),
    };
    let chain = certificates("the certificate", cert)?;
    let secret = private_key(key)?;
    builder.with_client_auth_cert(chain, secret).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => Fault::mismatch(cert, key),
        other => Fault::unusable(cert, key, &other),
    })
}

/// The authorities an engine's certificate may be signed by: those of the file, or the machine's own.
fn roots(ca: Option<&Path>) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        return if roots.is_empty() { Err(Fault::no_authorities()) } else { Ok(roots) };
    };
    for certificate in certificates("the CA certificate", path)? {
        roots
            .add(certificate)
            .map_err(|error| Fault::broken("the CA certificate", path, &error.to_string()))?;
    }
    Ok(roots)
}

fn certificates(what: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let bytes = read(what, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(all) if all.is_empty() => Err(Fault::no_pem(what, path, "CERTIFICATE")),
        Ok(all) => Ok(all),
        // Its words may quote the file.
        Err(_) => Err(Fault::broken(what, path, "a PEM section is cut off or damaged")),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Fault> {
    const WHAT: &str = "the key";
    let bytes = zeroize::Zeroizing::new(read(WHAT, path)?);
    let holds = |mark: &str| memchr::memmem::find(&bytes, mark.as_bytes()).is_some();
    if holds("BEGIN ENCRYPTED PRIVATE KEY") || holds("Proc-Type: 4,ENCRYPTED") {
        return Err(Fault::encrypted(path));
    }
    if holds("BEGIN OPENSSH PRIVATE KEY") {
        return Err(Fault::broken(WHAT, path, "it is a key of SSH, not one of TLS"));
    }
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => Ok(key),
        Err(rustls::pki_types::pem::Error::NoItemsFound) => Err(Fault::no_pem(WHAT, path, "PRIVATE KEY")),
        Err(_) => Err(Fault::broken(WHAT, path, "a PEM section is cut off or damaged")),
    }
}

fn read(what: &str, path: &Path) -> Result<Vec<u8>, Fault> {
    let unreadable = |error: &std::io::Error| Fault::unreadable(what, path, error);
    // A pipe would hang.
    let meta = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !meta.is_file() {
        return Err(Fault::broken(what, path, "it is no file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Fault::broken(what, path, "it is larger than 4 MiB"));
    }
    Ok(bytes)
}
