//! Connects the client to rustls, with certificates that are always verified.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use super::error::OpenError;
use crate::tls::{self, Identity};

/// Makes TLS connections to servers whose name and certificate authority are verified.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Trusts the authorities of a file in PEM format, or those of the operating system.
    /// Presents the client's certificate, if there is one.
    pub(super) fn new(
        root_certificates: Option<&Path>,
        client: Option<ClientFiles<'_>>,
    ) -> Result<Self, OpenError> {
        let failed = |problem, source| OpenError::Certificates { problem, source };
        let certificates = match root_certificates {
            Some(path) => CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(
                |error| failed("sslrootcert is not a file in PEM format", Some(error.into())),
            )?,
            None => tls::system_certificates(),
        };
        let identity = client.map(|files| files.read()).transpose()?;
        let config = tls::trusting(certificates, identity)
            .map_err(|error| failed("TLS cannot be used", Some(error.into())))?
            .ok_or_else(|| failed("the system has none; give a file with sslrootcert", None))?;
        Ok(Self(Arc::new(config)))
    }

    /// Creates a value for connections without TLS.
    pub(super) fn unused() -> Result<Self, OpenError> {
        let config = tls::trusting_nobody().map_err(|error| OpenError::Certificates {
            problem: "TLS cannot be used",
            source: Some(error.into()),
        })?;
        Ok(Self(Arc::new(config)))
    }
}

/// Files in PEM format with a client's certificate and key.
#[derive(Clone, Copy)]
pub(super) struct ClientFiles<'p> {
    pub(super) certificate: &'p Path,
    pub(super) key: &'p Path,
}

impl ClientFiles<'_> {
    fn read(self) -> Result<Identity, OpenError> {
        let failed = |problem| {
            move |error: pem::Error| OpenError::Certificates { problem, source: Some(error.into()) }
        };
        let certificates = CertificateDer::pem_file_iter(self.certificate)
            .and_then(Iterator::collect)
            .map_err(failed("sslcert is not a file in PEM format"))?;
        let key = PrivateKeyDer::from_pem_file(self.key)
            .map_err(failed("sslkey is not a file in PEM format"))?;
        Ok((certificates, key))
    }
}

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type TlsConnect = Handshake;
    type Error = Infallible;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Handshake, Infallible> {
        let connector = TlsConnector::from(Arc::clone(&self.0));
        Ok(Handshake { connector, name: domain.to_owned() })
    }
}

pub(super) struct Handshake {
    connector: TlsConnector,
    // Parsed only when needed: a Unix socket has no name.
    name: String,
}

impl<S> TlsConnect<S> for Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.name).map_err(io::Error::other)?;
            Ok(Stream(Box::new(self.connector.connect(name, stream).await?)))
        })
    }
}

pub(super) struct Stream<S>(Box<tokio_rustls::client::TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }
}
