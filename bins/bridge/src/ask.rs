//! Asking a bridge that runs beside this process: what a container's health check and `maestro-bridge code` do.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::config::Config;
use crate::http::tls;

const PATIENCE: Duration = Duration::from_secs(3);
/// No answer that is asked for here is longer.
const MOST: u64 = 64 << 10;

/// Fine when the bridge at the configured address is ready: it follows the ledger.
///
/// # Errors
/// A sentence that says what it answered instead.
pub async fn health(config: &Config) -> anyhow::Result<()> {
    ask(config, "GET", "/readyz", None).await.map(drop)
}

/// The dashboard's address with a new one-time code, below `url` or the configured address.
///
/// # Errors
/// When the bridge does not answer, or the token is not its own.
pub async fn address_with_code(config: &Config, url: Option<&str>) -> anyhow::Result<String> {
    let path = &config.token_file;
    let token = std::fs::read_to_string(path).with_context(|| format!("the token `{}`", path.display()))?;
    let body = ask(config, "POST", "/api/code", Some(token.trim())).await?;
    let body: serde_json::Value = serde_json::from_str(&body).context("the answer is not JSON")?;
    let code = body["code"].as_str().context("the answer has no code")?;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let own = format!("{scheme}://{}", reachable(config.listen));
    Ok(format!("{}/?code={code}", url.unwrap_or(&own).trim_end_matches('/')))
}

/// One request; the body of a good answer.
async fn ask(config: &Config, method: &str, path: &str, token: Option<&str>) -> anyhow::Result<String> {
    let address = reachable(config.listen);
    let tls = config.tls.as_ref().map(tls::own).transpose()?;
    let asked = async {
        let stream = TcpStream::connect(address).await?;
        let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{authorization}Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        match tls {
            Some(tls) => exchange(tls.connect(address.ip().into(), stream).await?, &head).await,
            None => exchange(stream, &head).await,
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asked).await;
    let answer = answer.with_context(|| format!("no answer from {address}"))?.with_context(|| address.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        bail!("{address} answers `{status}` {body}");
    }
    Ok(body.to_owned())
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, head: &str) -> std::io::Result<String> {
    stream.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(MOST).read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Where something that listens everywhere is reached from the same host.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everywhere_is_reached_on_loopback() {
        for (listen, expected) in
            [("0.0.0.0:7373", "127.0.0.1:7373"), ("[::]:1", "[::1]:1"), ("127.0.0.2:9", "127.0.0.2:9")]
        {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), expected);
        }
    }
}
