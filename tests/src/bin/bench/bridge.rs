//! A bridge before the stack of a case, and clients of it.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::{
    ledger::PROJECT,
    stack::{Stack, memory_of, program},
};

const READY_WITHIN: Duration = Duration::from_secs(30);

pub struct Bridge {
    child: Child,
    directory: TempDir,
    listen: String,
}

impl Bridge {
    pub fn start(stack: &Stack) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("maestro-bench-").tempdir()?;
        let ready = directory.path().join("ready");
        let log = directory.path().join("log");
        let child = Command::new(program("maestro-bridge")?)
            .args(["--user", "bench", "--listen", "127.0.0.1:0", "--token-file"])
            .arg(directory.path().join("token"))
            .arg("--ready-file")
            .arg(&ready)
            .env("MAESTRO_CORE_URL", stack.address("core"))
            .env("MAESTRO_WORK_URL", stack.address("core-work"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .context("starting maestro-bridge")?;
        let mut bridge = Self { child, directory, listen: String::new() };
        let began = Instant::now();
        while !ready.exists() {
            if began.elapsed() > READY_WITHIN || bridge.child.try_wait()?.is_some() {
                bail!("maestro-bridge does not serve: {}", fs::read_to_string(&log)?);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let said: Value = serde_json::from_slice(&fs::read(&ready)?)?;
        said["listen"].as_str().context("the ready file says where")?.clone_into(&mut bridge.listen);
        Ok(bridge)
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.listen)
    }

    pub fn token(&self) -> anyhow::Result<String> {
        let file: PathBuf = self.directory.path().join("token");
        Ok(fs::read_to_string(file)?.trim().to_owned())
    }

    /// The bridge's memory, in bytes.
    pub fn memory(&self) -> anyhow::Result<u64> {
        memory_of(self.child.id())
    }

    /// A client that has the project as it is, or what it missed since then.
    pub async fn client(&self, since: Option<(&str, u64)>) -> anyhow::Result<Client> {
        let mut request = format!("ws://{}/ws", self.listen).into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {}", self.token()?).parse()?);
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
        let hello = match since {
            Some((ledger, since)) => {
                json!({ "type": "hello", "version": 1, "project": PROJECT, "ledger": ledger, "since": since })
            }
            None => json!({ "type": "hello", "version": 1, "project": PROJECT }),
        };
        socket.send(Message::text(hello.to_string())).await?;
        let mut client = Client { socket, ledger: String::new(), seq: 0 };
        let welcome: Value = serde_json::from_str(&client.text().await?)?;
        welcome["ledger"].as_str().context("a welcome")?.clone_into(&mut client.ledger);
        match since {
            Some((_, since)) => client.seq = since,
            None => loop {
                let text = client.text().await?;
                if text.starts_with(r#"{"type":"snapshot""#) {
                    let page: Value = serde_json::from_str(&text)?;
                    client.seq = page["seq"].as_u64().context("a page has its sequence")?;
                    if page["last"] == true {
                        break;
                    }
                }
            },
        }
        Ok(client)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub ledger: String,
    pub seq: u64,
}

impl Client {
    async fn text(&mut self) -> anyhow::Result<String> {
        loop {
            if let Message::Text(text) = self.socket.next().await.context("the bridge closed the connection")?? {
                return Ok(text.to_string());
            }
        }
    }

    /// The sequence of the next commit; what else comes is passed over.
    pub async fn commit(&mut self) -> anyhow::Result<u64> {
        loop {
            let Message::Text(text) = self.socket.next().await.context("the bridge closed the connection")?? else {
                continue;
            };
            let Some(rest) = text.strip_prefix(r#"{"type":"commit""#) else { continue };
            // As cheap as can be: a thousand of these read on the machine that is measured.
            let digits = rest.split_once(r#""seq":"#).map_or("", |(_, rest)| rest);
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
            self.seq = digits[..end].parse()?;
            return Ok(self.seq);
        }
    }
}
