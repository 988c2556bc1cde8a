//! The bridge's certificate: read at the start, and again when its file changes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{anyhow, bail};
use tokio::sync::watch;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::config::TlsFiles;

/// How often it is looked whether a new certificate is there.
const LOOK: Duration = Duration::from_secs(2);

/// What connections are secured with now.
pub struct Certificates {
    files: TlsFiles,
    read: Option<Age>,
    current: watch::Sender<TlsAcceptor>,
}

type Age = (SystemTime, SystemTime);

impl Certificates {
    /// # Errors
    /// A sentence that names the file and what is wrong with it: missing, unreadable, no PEM, or another certificate's key.
    pub fn open(files: TlsFiles) -> anyhow::Result<Self> {
        let read = age(&files);
        let current = watch::Sender::new(load(&files)?);
        Ok(Self { files, read, current })
    }

    /// For whoever secures connections.
    pub fn current(&self) -> watch::Receiver<TlsAcceptor> {
        self.current.subscribe()
    }

    /// Takes a renewed certificate; one that is no good is named in the log, and the one before it serves on.
    pub async fn follow(mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let now = age(&self.files);
            if now == self.read || now.is_none() {
                continue;
            }
            match load(&self.files) {
                Ok(acceptor) => {
                    self.current.send_replace(acceptor);
                    tracing::info!("the certificate was renewed");
                }
                Err(cause) => tracing::warn!(cause = format!("{cause:#}"), "the new certificate is not taken"),
            }
            self.read = now;
        }
    }
}

/// When the two were written; `None` when that cannot be told now.
fn age(files: &TlsFiles) -> Option<Age> {
    let written = |path: &Path| std::fs::metadata(path).and_then(|about| about.modified()).ok();
    written(&files.certificate).zip(written(&files.key))
}

fn load(files: &TlsFiles) -> anyhow::Result<TlsAcceptor> {
    let (certificate, key) = (&files.certificate, &files.key);
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| wrong(error, "--tls-cert", certificate, "certificate"))?;
    if chain.is_empty() {
        bail!("invalid_config: --tls-cert {}: there is no certificate in it; PEM is expected", certificate.display());
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(error, "--tls-key", key, "private key"))?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, secret).map_err(|error| match error {
        Error::InconsistentKeys(_) => anyhow!(
            "invalid_config: the key of {} is not that of the certificate in {}; pass the pair that was made together",
            key.display(),
            certificate.display()
        ),
        other => anyhow!("invalid_config: {} with {}: {other}", certificate.display(), key.display()),
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// For a client beside the bridge that reads the same certificate: this one is trusted and no other, whatever names and
/// dates are in it.
///
/// # Errors
/// As when it is opened to serve.
pub fn own(files: &TlsFiles) -> anyhow::Result<TlsConnector> {
    let certificate = CertificateDer::from_pem_file(&files.certificate)
        .map_err(|error| wrong(error, "--tls-cert", &files.certificate, "certificate"))?;
    let provider = Arc::new(ring::default_provider());
    let pinned = Arc::new(Pinned { certificate, provider: provider.clone() });
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = builder.dangerous().with_custom_certificate_verifier(pinned).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Trusts one certificate; that the other side has its key is verified as ever.
#[derive(Debug)]
struct Pinned {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *end_entity == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn wrong(error: pem::Error, option: &str, path: &Path, what: &str) -> anyhow::Error {
    let place = || format!("invalid_config: {option} {}", path.display());
    match error {
        pem::Error::Io(cause) => anyhow::Error::from(cause).context(place()),
        pem::Error::NoItemsFound => anyhow!("{}: there is no {what} in it; PEM is expected", place()),
        other => anyhow::Error::from(other).context(place()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_certificate_is_said() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let empty = file("empty.pem", "");
        let torn = file("torn.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
        let missing = directory.path().join("none.pem");
        let said = |certificate: &Path, key: &Path| {
            let files = TlsFiles { certificate: certificate.to_owned(), key: key.to_owned() };
            format!("{:#}", Certificates::open(files).err().unwrap())
        };
        for (certificate, key, words) in [
            (&missing, &empty, ["invalid_config: --tls-cert", "none.pem: No such file"]),
            (&empty, &empty, ["--tls-cert", "empty.pem: there is no certificate in it"]),
            (&torn, &empty, ["--tls-cert", "torn.pem"]),
        ] {
            let said = said(certificate, key);
            assert!(words.iter().all(|word| said.contains(word)), "{said}");
        }
    }
}
