//! What went wrong with TLS in words that help: which file, whose certificate, and what mends it.

use std::io;
use std::path::Path;

use chrono::DateTime;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription as Alert, CertificateError, Error};

use crate::domain::host::TlsFiles;

/// What is wrong, and what mends it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub(super) cause: String,
    pub(super) mend: String,
}

fn fault(cause: String, mend: impl Into<String>) -> Fault {
    Fault { cause, mend: mend.into() }
}

impl Fault {
    pub(super) fn other(why: &str) -> Self {
        fault(format!("TLS: {why}"), "pilothouse doctor")
    }

    pub(super) fn bad_name(name: &str) -> Self {
        fault(
            format!("`{name}` is no name that a certificate can carry"),
            "set server_name in its [hosts.NAME.tls]",
        )
    }

    pub(super) fn unreadable(what: &str, path: &Path, error: &io::Error) -> Self {
        let path = path.display();
        let mend = match error.kind() {
            io::ErrorKind::PermissionDenied => format!("ls -l {path}; it must be yours to read"),
            _ => format!(
                "put it there, or name the right file: DOCKER_CERT_PATH, or tls in its [hosts.NAME] (ls -l {path})"
            ),
        };
        fault(format!("cannot read {what} {path}: {error}"), mend)
    }

    pub(super) fn no_pem(what: &str, path: &Path, section: &str) -> Self {
        let path = path.display();
        fault(
            format!("{what} {path} has no section `BEGIN {section}`: is it the right file, in PEM?"),
            format!("head -n 1 {path}"),
        )
    }

    pub(super) fn broken(what: &str, path: &Path, why: &str) -> Self {
        let path = path.display();
        fault(
            format!("{what} {path} cannot be used: {why}"),
            format!("openssl x509 -noout -text -in {path}")
                .replace("x509", if what == "the key" { "pkey" } else { "x509" }),
        )
    }

    pub(super) fn encrypted(path: &Path) -> Self {
        let path = path.display();
        fault(
            format!("the key {path} is encrypted; it is wanted without a passphrase, as by docker"),
            format!("(umask 077; openssl pkey -in {path} -out {path}.plain), and name that as the key"),
        )
    }

    pub(super) fn half(cert: Option<&Path>, key: Option<&Path>) -> Self {
        let (has, lacks) = match (cert, key) {
            (Some(path), _) => (format!("the certificate {}", path.display()), "its key"),
            (_, Some(path)) => (format!("the key {}", path.display()), "its certificate"),
            (None, None) => ("nothing".to_owned(), "both"),
        };
        fault(
            format!("{has} is there without {lacks}; they come together"),
            "put cert.pem and key.pem side by side",
        )
    }

    pub(super) fn mismatch(cert: &Path, key: &Path) -> Self {
        let (cert, key) = (cert.display(), key.display());
        fault(
            format!("the key {key} does not belong to the certificate {cert}"),
            format!("compare: openssl x509 -noout -pubkey -in {cert}; openssl pkey -pubout -in {key}"),
        )
    }

    pub(super) fn unusable(cert: &Path, key: &Path, error: &Error) -> Self {
        fault(
            format!(
                "the certificate {} with the key {} cannot be used: {error}",
                cert.display(),
                key.display()
            ),
            format!(
                "make the key anew: RSA of 2048 bits or more, P-256, P-384 or Ed25519 (openssl pkey -noout -text -in {})",
                key.display()
            ),
        )
    }

    pub(super) fn no_authorities() -> Self {
        fault(
            "no CA is named, and this machine knows none".to_owned(),
            "set ca in its [hosts.NAME.tls], or install ca-certificates",
        )
    }
}

/// Who may have signed the engine's certificate.
fn authority(files: &TlsFiles) -> String {
    match &files.ca {
        Some(path) => format!("the CA of {}", path.display()),
        None => "any CA this machine knows, and no ca is set".to_owned(),
    }
}

/// The handshake failed.
pub(super) fn of_handshake(error: &io::Error, to: &str, files: &TlsFiles) -> Fault {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidCertificate(why)) => of_certificate(why, to, files),
        Some(Error::InvalidMessage(_)) => fault(
            "what answers there speaks no TLS; plain HTTP, perhaps".to_owned(),
            "is it the right port (with TLS it is mostly 2376)? Else start the engine with --tlsverify",
        ),
        Some(Error::PeerIncompatible(why)) => fault(
            format!("the engine speaks no TLS that is safe: {why:?}"),
            "update the engine: TLS 1.2 or 1.3 is needed",
        ),
        Some(alert) => of_alert(alert, to, files).unwrap_or_else(|| Fault::other(&alert.to_string())),
        None => match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => fault(
                "it closed the connection during the TLS handshake".to_owned(),
                format!("openssl s_client -connect {to}"),
            ),
            _ => fault(format!("TLS handshake: {error}"), format!("openssl s_client -connect {to}")),
        },
    }
}

fn of_certificate(why: &CertificateError, to: &str, files: &TlsFiles) -> Fault {
    let show = format!("openssl s_client -connect {to} -showcerts");
    let named = match why {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            let cause = format!("the engine's certificate is not signed by {}", authority(files));
            fault(cause, format!("get the ca.pem that signed it and set it as ca; look: {show}"))
        }
        CertificateError::ExpiredContext { not_after, .. } => fault(
            format!("the engine's certificate expired on {}", day(*not_after)),
            "renew it on the host and restart the engine; is the clock here right?",
        ),
        CertificateError::Expired => fault(
            "the engine's certificate has expired".to_owned(),
            "renew it on the host and restart the engine",
        ),
        CertificateError::NotValidYetContext { not_before, .. } => fault(
            format!("the engine's certificate is valid only from {} on", day(*not_before)),
            "set the clocks right: sudo timedatectl set-ntp true, on both machines",
        ),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let wanted = expected.to_str();
            let names = presented.iter().map(|name| plain(name)).collect::<Vec<_>>();
            let (has, mend) = match names.first() {
                Some(first) => (
                    format!("it is for {}", names.join(", ")),
                    format!(
                        "use that name in the address, or set server_name = \"{first}\" in its [hosts.NAME.tls]"
                    ),
                ),
                None => (
                    "it carries no name at all (a subject alone does not count)".to_owned(),
                    format!("issue it anew with subjectAltName = {wanted}"),
                ),
            };
            fault(format!("the engine's certificate is not for {wanted}: {has}"), mend)
        }
        CertificateError::InvalidPurposeContext { .. } | CertificateError::InvalidPurpose => fault(
            "the engine shows a certificate that is not for servers".to_owned(),
            "issue it anew with extendedKeyUsage = serverAuth",
        ),
        CertificateError::Revoked => {
            fault("the engine's certificate was revoked".to_owned(), "ask its owner")
        }
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => fault(
            "the engine shows the certificate of a CA as its own".to_owned(),
            "issue one for the engine that is signed by the CA, with CA:FALSE",
        ),
        other => fault(format!("the engine's certificate cannot be trusted: {other}"), show),
    };
    if files.is_lax {
        let cause =
            format!("{}; that it should not be verified was asked for, but here it always is", named.cause);
        return Fault { cause, ..named };
    }
    named
}

/// The engine's word on our certificate; `None` for an error that is none.
pub(super) fn of_alert(error: &Error, to: &str, files: &TlsFiles) -> Option<Fault> {
    let Error::AlertReceived(alert) = error else { return None };
    let Some(cert) = &files.cert else {
        return Some(match alert {
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::HandshakeFailure
            | Alert::NoCertificate => fault(
                "the engine wants a client certificate, and none is set".to_owned(),
                "cert.pem and key.pem in DOCKER_CERT_PATH, or cert and key in its [hosts.NAME.tls]",
            ),
            other => fault(
                format!("the engine broke off TLS: {other:?}"),
                format!("openssl s_client -connect {to}"),
            ),
        });
    };
    let cert = cert.display();
    let look = format!("openssl x509 -noout -issuer -enddate -ext extendedKeyUsage -in {cert}");
    Some(match alert {
        Alert::CertificateExpired => {
            fault(format!("the engine refused our certificate {cert}: it has expired"), look)
        }
        Alert::UnknownCA => fault(
            format!(
                "the engine refused our certificate {cert}: it is not signed by the CA that the engine trusts"
            ),
            look,
        ),
        Alert::CertificateRevoked => {
            fault(format!("the engine refused our certificate {cert}: it was revoked"), look)
        }
        Alert::BadCertificate
        | Alert::CertificateUnknown
        | Alert::UnsupportedCertificate
        | Alert::AccessDenied => fault(
            format!(
                "the engine refused our certificate {cert}: expired, not for clients, or not signed by the CA that it trusts"
            ),
            look,
        ),
        other => fault(
            format!("the engine broke off TLS: {other:?}"),
            format!("openssl s_client -connect {to} -cert {cert}"),
        ),
    })
}

fn day(at: UnixTime) -> String {
    let at = i64::try_from(at.as_secs()).ok().and_then(|secs| DateTime::from_timestamp(secs, 0));
    at.map_or_else(|| "an unknown day".to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
}

/// `DnsName("a")` of rustls as `a`; from a certificate of others.
fn plain(name: &str) -> String {
    let inner = name.split_once('(').map_or(name, |(_, rest)| rest.trim_end_matches(')'));
    crate::config::problem::shown(inner.trim_matches('"'))
}
