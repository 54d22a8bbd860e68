//! A server for HTTPS on this machine. Clients trust its certificate only if `SSL_CERT_FILE` names
//! it.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::support::read_request;

/// Answers requests until the test ends.
pub(crate) struct TlsServer {
    pub(crate) url: String,
    /// Its certificate, as PEM.
    pub(crate) certificate: PathBuf,
}

impl TlsServer {
    /// Answers each request with the body that a function makes of the head.
    pub(crate) fn start(
        folder: &Path,
        answer: impl Fn(&[String]) -> String + Send + 'static,
    ) -> Self {
        Self::start_for(folder, None, answer)
    }

    /// If a certificate is given, answers only clients with its key.
    pub(crate) fn start_for(
        folder: &Path,
        client: Option<&Certificate>,
        answer: impl Fn(&[String]) -> String + Send + 'static,
    ) -> Self {
        // No two servers have the same issuer.
        let own = Certificate::make(&folder.to_string_lossy());
        let certificate = folder.join("certificate.pem");
        std::fs::write(&certificate, &own.certificate).expect("is written");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("versions");
        let config = match client {
            None => config.with_no_client_auth(),
            Some(client) => {
                let mut roots = RootCertStore::empty();
                roots.add(client.der.clone()).expect("a certificate");
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                config.with_client_cert_verifier(verifier.expect("an authority"))
            }
        };
        let key = PrivatePkcs8KeyDer::from(own.key.serialize_der());
        let config = config.with_single_cert(vec![own.der], key.into()).expect("fits");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("https://localhost:{}", listener.local_addr().expect("bound").port());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).expect("is set up");
                let stream = StreamOwned::new(connection, stream.expect("a connection"));
                // A client that does not trust the certificate breaks off.
                let _broken_off = serve(stream, &answer);
            }
        });
        Self { url, certificate }
    }
}

/// A certificate for `localhost`, signed by itself.
pub(crate) struct Certificate {
    /// As PEM.
    pub(crate) certificate: String,
    pub(crate) key: KeyPair,
    der: CertificateDer<'static>,
}

impl Certificate {
    pub(crate) fn make(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        parameters.distinguished_name.push(DnType::CommonName, name);
        let signed = parameters.self_signed(&key).expect("is signed");
        Self { certificate: signed.pem(), der: signed.der().clone(), key }
    }
}

fn serve(stream: impl Read + Write, answer: impl Fn(&[String]) -> String) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (head, _) = read_request(&mut stream)?;
    let body = answer(&head);
    let length = body.len();
    let out = stream.get_mut();
    write!(out, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")?;
    out.flush()
}
