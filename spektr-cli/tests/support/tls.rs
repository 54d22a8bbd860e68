//! A server for HTTPS on this machine, with a certificate that nobody knows unless
//! `SSL_CERT_FILE` names it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Answers requests until the test ends.
pub(crate) struct TlsServer {
    pub(crate) url: String,
    /// Its certificate, as PEM.
    pub(crate) certificate: PathBuf,
}

impl TlsServer {
    /// Answers with what a function makes of the head of a request: a body.
    pub(crate) fn start(
        folder: &Path,
        answer: impl Fn(&[String]) -> String + Send + 'static,
    ) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        // No two have the same issuer.
        let issuer = folder.to_string_lossy();
        parameters.distinguished_name.push(DnType::CommonName, issuer.as_ref());
        let signed = parameters.self_signed(&key).expect("is signed");
        let certificate = folder.join("certificate.pem");
        std::fs::write(&certificate, signed.pem()).expect("is written");
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![signed.der().clone()], key.into())
            .expect("fits");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("https://localhost:{}", listener.local_addr().expect("bound").port());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).expect("is set up");
                let stream = StreamOwned::new(connection, stream.expect("a connection"));
                // Whoever does not trust the certificate breaks off.
                let _broken_off = serve(stream, &answer);
            }
        });
        Self { url, certificate }
    }
}

fn serve(stream: impl Read + Write, answer: impl Fn(&[String]) -> String) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
    stream.read_exact(&mut body)?;
    let body = answer(&head);
    let length = body.len();
    let out = stream.get_mut();
    write!(out, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")?;
    out.flush()
}
