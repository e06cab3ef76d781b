//! What can be wrong between two machines that speak TLS: each is named with its file and what mends it.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use pilothouse::domain::host::TlsFiles;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server that shows this certificate to one client and then says `OK`; gives where it listens.
fn server((cert, key): &(String, String)) -> String {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(cert.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    serve(move |stream| {
        let acceptor = TlsAcceptor::from(Arc::new(config.clone()));
        async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            }
        }
    })
}

/// Serves every client so, on a thread that ends with the process of the tests.
fn serve<F: Future<Output = ()> + Send + 'static>(
    talk: impl Fn(tokio::net::TcpStream) -> F + Send + 'static,
) -> String {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap().to_string()).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream));
            }
        });
    });
    told.recv().unwrap()
}

fn refused(to: &str, files: TlsFiles) -> String {
    refusal(&DockerEngine::over_tls(HostId::new("h"), to, files))
}

/// A folder with the certificate of this authority.
fn folder(authority: &Authority) -> Folder {
    let folder = Folder::new();
    folder.put("ca.pem", &authority.pem);
    folder
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn an_engine_that_another_ca_signed_is_not_believed() {
    let to = server(&Authority::new("another").issue(&For::Server(&["127.0.0.1"])));
    let folder = folder(&Authority::new("ours"));
    let path = folder.path("ca.pem").display().to_string();
    assert_says(&refused(&to, folder.files(None)), &["not signed by the CA of", &path, "openssl s_client"]);
}

#[test]
fn without_a_ca_only_what_this_machine_trusts_is_believed() {
    let to = server(&Authority::new("another").issue(&For::Server(&["127.0.0.1"])));
    let said = refused(&to, TlsFiles::default());
    assert!(said.contains("no ca is set") || said.contains("no CA is named"), "{said}");
}

#[test]
fn nobody_can_ask_not_to_verify() {
    let to = server(&Authority::new("another").issue(&For::Server(&["127.0.0.1"])));
    let folder = folder(&Authority::new("ours"));
    let said = refused(&to, TlsFiles { is_lax: true, ..folder.files(None) });
    assert_says(&said, &["not signed by", "here it always is"]);
}

#[test]
fn the_day_an_engines_certificate_expired_is_told() {
    let authority = Authority::new("ours");
    let to = server(&authority.issue_until(&For::Server(&["127.0.0.1"]), 2002));
    let folder = folder(&authority);
    assert_says(&refused(&to, folder.files(None)), &["expired on 2002-01-01", "renew it on the host"]);
}

#[test]
fn a_certificate_of_another_name_says_whose_it_is() {
    let authority = Authority::new("ours");
    let to = server(&authority.issue(&For::Server(&["engine.test", "10.1.2.3"])));
    let folder = folder(&authority);
    let said = refused(&to, folder.files(None));
    assert_says(
        &said,
        &["not for 127.0.0.1", "it is for engine.test, 10.1.2.3", "server_name = \"engine.test\""],
    );
}

#[test]
fn a_name_that_was_set_is_the_one_that_counts() {
    let authority = Authority::new("ours");
    let to = server(&authority.issue(&For::Server(&["engine.test"])));
    let folder = folder(&authority);
    let files = TlsFiles { server_name: Some("engine.test".to_owned()), ..folder.files(None) };
    let engine = DockerEngine::over_tls(HostId::new("h"), &to, files);
    // It is no engine, but it is believed.
    let error = runtime().block_on(engine.facts()).unwrap_err();
    assert!(matches!(error, EngineError::Broken { .. }), "{error}");
}

#[test]
fn a_certificate_for_clients_is_none_for_an_engine() {
    let authority = Authority::new("ours");
    let to = server(&authority.issue(&For::Client));
    let folder = folder(&authority);
    assert_says(&refused(&to, folder.files(None)), &["not for servers", "serverAuth"]);
}

#[test]
fn files_that_are_missing_or_unreadable_or_no_pem_are_named() {
    let authority = Authority::new("ours");
    let to = server(&authority.issue(&For::Server(&["127.0.0.1"])));
    let folder = folder(&authority);
    folder.put_pair("good", &authority.issue(&For::Client));
    folder.put("plain-cert.pem", "hello s3cr3t");
    folder.put("cut-cert.pem", "-----BEGIN CERTIFICATE-----\ns3cr3t\n");
    let (cert, _) = authority.issue(&For::Client);
    for (name, key) in [
        ("other", authority.issue(&For::Client).1),
        ("locked", "-----BEGIN ENCRYPTED PRIVATE KEY-----\ns3cr3t\n-----END ENCRYPTED PRIVATE KEY-----\n".to_owned()),
        ("old", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\ns3cr3t\n-----END RSA PRIVATE KEY-----\n".to_owned()),
        ("ssh", "-----BEGIN OPENSSH PRIVATE KEY-----\ns3cr3t\n-----END OPENSSH PRIVATE KEY-----\n".to_owned()),
        ("torn", "-----BEGIN PRIVATE KEY-----\n!s3cr3t!\n-----END PRIVATE KEY-----\n".to_owned()),
        ("cert", cert.clone()),
    ] {
        folder.put_pair(name, &(cert.clone(), key));
    }
    let with = |cert: &str, key: &str| TlsFiles {
        cert: Some(folder.path(cert)),
        key: Some(folder.path(key)),
        ..folder.files(None)
    };
    for (files, parts) in [
        (with("gone.pem", "good-key.pem"), ["cannot read the certificate", "gone.pem"]),
        (with("good-cert.pem", "gone.pem"), ["cannot read the key", "gone.pem"]),
        (with(".", "good-key.pem"), ["the certificate", "it is no file"]),
        (with("plain-cert.pem", "good-key.pem"), ["no section `BEGIN CERTIFICATE`", "plain-cert.pem"]),
        (with("cut-cert.pem", "good-key.pem"), ["cut off or damaged", "cut-cert.pem"]),
        (with("good-cert.pem", "torn-key.pem"), ["cut off or damaged", "torn-key.pem"]),
        (with("good-cert.pem", "cert-key.pem"), ["no section `BEGIN PRIVATE KEY`", "cert-key.pem"]),
        (with("other-cert.pem", "other-key.pem"), ["does not belong to the certificate", "other-cert.pem"]),
        (with("locked-cert.pem", "locked-key.pem"), ["is encrypted", "openssl pkey"]),
        (with("old-cert.pem", "old-key.pem"), ["is encrypted", "openssl pkey"]),
        (with("ssh-cert.pem", "ssh-key.pem"), ["a key of SSH", "ssh-key.pem"]),
        (TlsFiles { key: None, ..with("good-cert.pem", "x") }, ["without its key", "good-cert.pem"]),
        (
            TlsFiles { ca: Some(folder.path("gone-ca.pem")), ..with("good-cert.pem", "good-key.pem") },
            ["cannot read the CA", "gone-ca.pem"],
        ),
    ] {
        let said = refused(&to, files);
        assert_says(&said, &parts);
        assert!(!said.contains("s3cr3t"), "{said}");
    }
}

#[test]
fn a_key_that_may_not_be_read_says_so() {
    if rustix::process::geteuid().is_root() {
        eprintln!("skipped: root may read everything");
        return;
    }
    let authority = Authority::new("ours");
    let to = server(&authority.issue(&For::Server(&["127.0.0.1"])));
    let folder = folder(&authority);
    folder.put_pair("client", &authority.issue(&For::Client));
    std::fs::set_permissions(folder.path("client-key.pem"), PermissionsExt::from_mode(0o000)).unwrap();
    assert_says(&refused(&to, folder.files(Some("client"))), &["cannot read the key", "yours to read"]);
}

#[test]
fn a_file_that_was_mended_counts_at_the_next_try() {
    let authority = Authority::new("ours");
    let to = server(&authority.issue(&For::Server(&["127.0.0.1"])));
    let folder = folder(&Authority::new("another"));
    let engine = DockerEngine::over_tls(HostId::new("h"), &to, folder.files(None));
    assert_says(&refusal(&engine), &["not signed by"]);
    folder.put("ca.pem", &authority.pem);
    let error = runtime().block_on(engine.facts()).unwrap_err();
    assert!(matches!(error, EngineError::Broken { .. }), "{error}");
}

#[test]
fn plain_http_where_tls_was_meant_is_named() {
    let to = serve(|mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
    });
    let folder = folder(&Authority::new("ours"));
    assert_says(&refused(&to, folder.files(None)), &["speaks no TLS", "2376"]);
}

#[test]
fn a_port_that_takes_and_never_answers_is_given_up() {
    let to = serve(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    });
    let folder = folder(&Authority::new("ours"));
    assert_says(&refused(&to, folder.files(None)), &["no answer to the TLS handshake within 10 s"]);
}

#[test]
fn a_guarded_engine_says_what_it_has_against_a_client() {
    let Some(guarded) = Guarded::start() else { return };
    let file = |name: &str| guarded.folder.path(name).display().to_string();
    let said = |client| guarded.refusal(guarded.folder.files(client));
    assert_says(&said(None), &["wants a client certificate", "DOCKER_CERT_PATH"]);
    assert_says(
        &said(Some("stranger")),
        &["refused our certificate", &file("stranger-cert.pem"), "openssl x509"],
    );
    assert_says(&said(Some("expired")), &["refused our certificate", &file("expired-cert.pem"), "expired"]);
    let plain = DockerEngine::new(HostId::new("h"), &Address::Tcp(guarded.to()));
    assert_says(&refusal(&plain), &["that port speaks TLS", "DOCKER_TLS_VERIFY=1"]);
}
