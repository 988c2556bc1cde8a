//! TLS by option: real clients that check the certificate, a real Chromium, renewal, and what is said of a bad pair.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::stack::{Bob, Stack, program};

/// A certificate for this host and its key, in two files.
fn pair(directory: &Path, name: &str) -> (PathBuf, PathBuf) {
    let files = (directory.join(format!("{name}.crt")), directory.join(format!("{name}.key")));
    renew(&files);
    files
}

fn renew((certificate, key): &(PathBuf, PathBuf)) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    fs::write(certificate, cert.pem()).unwrap();
    fs::write(key, signing_key.serialize_pem()).unwrap();
}

/// A client that trusts this certificate and no other.
struct Client {
    host: String,
    connector: TlsConnector,
}

impl Client {
    fn trusting(stack: &Stack, certificate: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { host: stack.host(), connector: TlsConnector::from(Arc::new(config)) }
    }

    async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(&self.host).await?;
        self.connector.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await
    }

    /// The whole answer, as text.
    async fn ask(&self, method: &str, path: &str, header: &str) -> String {
        let mut stream = self.connect().await.unwrap();
        let host = &self.host;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{header}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// The first frame of a socket that a page of `origin` opened with this cookie; or the status of the refusal.
    async fn socket(&self, cookie: &str, origin: &str) -> Result<Value, u16> {
        use futures::{SinkExt as _, StreamExt as _};
        let mut request = format!("wss://{}/ws", self.host).into_client_request().unwrap();
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let opened = tokio_tungstenite::client_async(request, self.connect().await.unwrap()).await;
        let mut socket = match opened {
            Ok((socket, _)) => socket,
            Err(Error::Http(response)) => return Err(response.status().as_u16()),
            Err(other) => panic!("{other}"),
        };
        socket.send(Message::text(r#"{"type":"hello","version":1}"#)).await.unwrap();
        Ok(serde_json::from_str(socket.next().await.unwrap().unwrap().to_text().unwrap()).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_and_a_browser_speak_tls_and_nothing_else_is_heard() {
    let directory = tempfile::tempdir().unwrap();
    let files = pair(directory.path(), "bridge");
    let stack = Stack::start_with(Some(files.clone()));
    Bob::of(&stack).await.project("web").await;
    let client = Client::trusting(&stack, &files.0);
    let bearer = format!("Authorization: Bearer {}", stack.token());

    let answer = client.ask("POST", "/api/code", &bearer).await;
    let code: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let answer = client.ask("GET", &format!("/?code={}", code["code"].as_str().unwrap()), "Accept: */*").await;
    let line = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(line.starts_with("__Host-maestro_") && line.ends_with("; Secure"), "{line}");
    let cookie = line.split(';').next().unwrap();
    let own = format!("https://{}", stack.host());
    assert_eq!(client.socket(cookie, &own).await.unwrap()["type"], "welcome");
    for foreign in [format!("http://{}", stack.host()), "https://evil.example".to_owned(), "null".to_owned()] {
        assert_eq!(client.socket(cookie, &foreign).await, Err(403), "{foreign}");
    }

    // Plain words are no handshake, and a client that does not trust the certificate says nothing.
    let mut plain = TcpStream::connect(stack.host()).await.unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut heard = Vec::new();
    // It may be reset.
    let _ = plain.read_to_end(&mut heard).await;
    assert!(!String::from_utf8_lossy(&heard).contains("HTTP/1.1 200"), "{heard:?}");
    let other = pair(directory.path(), "other");
    assert!(Client::trusting(&stack, &other.0).connect().await.is_err());
    let figures = client.ask("GET", "/metrics", &bearer).await;
    let refused = figures.lines().find_map(|line| line.strip_prefix("maestro_bridge_refused_total{why=\"tls\"} "));
    assert!(refused.is_some_and(|count| count.parse::<u64>().unwrap() >= 1), "{figures}");

    // The program's own questions are asked over TLS too, of the bridge that has this certificate.
    let ask = |part: &str, pair: &(PathBuf, PathBuf)| {
        let mut command = program("maestro-bridge");
        command
            .arg(part)
            .env("MAESTRO_CORE_URL", "nats://core:x@127.0.0.1:1")
            .env("MAESTRO_BRIDGE_LISTEN", stack.host());
        command
            .env("MAESTRO_BRIDGE_TLS_CERT", &pair.0)
            .env("MAESTRO_BRIDGE_TLS_KEY", &pair.1)
            .env("MAESTRO_USER", "ann");
        command
            .env("MAESTRO_HOME", stack.token_file().parent().unwrap())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr))
    };
    let (healthy, said) = ask("health", &files);
    assert!(healthy, "{said}");
    let (told, address) = ask("code", &files);
    assert!(told && address.starts_with(&format!("{own}/?code=")), "{address}");
    let (healthy, said) = ask("health", &other);
    assert!(!healthy, "another certificate is not trusted: {said}");

    let (origin, token, trusted) = (own, stack.token(), files.0.display().to_string());
    let driven = tokio::task::spawn_blocking(move || {
        let trust = [("NODE_EXTRA_CA_CERTS", trusted.as_str())];
        maestro_tests::browser::drive(&origin, &token, "tls.mjs", &trust);
    });
    if let Err(failed) = driven.await {
        std::panic::resume_unwind(failed.into_panic());
    }

    // Half a renewal leaves what was; a whole one is taken without a restart.
    fs::write(&files.1, "torn").unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(client.connect().await.is_ok());
    renew(&files);
    let renewed = Client::trusting(&stack, &files.0);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while renewed.connect().await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "the new certificate is not taken");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[test]
fn a_certificate_that_is_no_good_ends_the_start_with_a_sentence() {
    let directory = tempfile::tempdir().unwrap();
    let one = pair(directory.path(), "one");
    let two = pair(directory.path(), "two");
    let missing = directory.path().join("none.pem");
    let say = |arguments: &[&Path], listen: &str| {
        let mut command = program("maestro-bridge");
        command.args(["--user", "ann", "--listen", listen]).arg("--token-file").arg(directory.path().join("token"));
        command.env("MAESTRO_CORE_URL", "nats://core:x@127.0.0.1:1");
        for (option, value) in ["--tls-cert", "--tls-key"].into_iter().zip(arguments) {
            command.arg(option).arg(value);
        }
        let output = command.output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    for (certificate, key, words) in [
        (&missing, &one.1, "--tls-cert"),
        (&one.0, &missing, "--tls-key"),
        (&one.1, &one.1, "there is no certificate in it"),
        (&one.0, &one.0, "there is no private key in it"),
        (&one.0, &two.1, "is not that of the certificate"),
    ] {
        let said = say(&[certificate, key], "127.0.0.1:0");
        assert!(said.contains("invalid_config") && said.contains(words), "{words}: {said}");
    }
    let alone = say(&[&one.0], "127.0.0.1:0");
    assert!(alone.contains("--tls-key"), "{alone}");
    let open = say(&[], "0.0.0.0:0");
    assert!(open.contains("--tls-cert FILE --tls-key FILE"), "{open}");
}
