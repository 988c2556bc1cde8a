//! The dashboard's address with a one-time code, asked of the bridge over the loopback interface.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const WITHIN: Duration = Duration::from_secs(2);
const LARGEST: u64 = 64 * 1024;

/// `http://127.0.0.1:7373/?code=…`; without the code when the bridge gives none.
pub async fn address(listen: &str, token_file: &Path) -> String {
    let code = tokio::time::timeout(WITHIN, code(listen, token_file)).await;
    match code {
        Ok(Ok(Some(code))) => format!("http://{listen}/?code={code}"),
        Ok(Ok(None)) | Ok(Err(_)) | Err(_) => format!("http://{listen}/"),
    }
}

/// Whether the bridge follows the ledger, as it says itself.
///
/// # Errors
/// A sentence: it does not answer, or what it answers instead.
pub async fn ready(listen: &str) -> Result<(), String> {
    match tokio::time::timeout(WITHIN, ask(listen, "GET /readyz", "")).await {
        Ok(Ok(answer)) if answer.starts_with(b"HTTP/1.1 200 ") => Ok(()),
        Ok(Ok(answer)) if answer.starts_with(b"HTTP/1.1 503 ") => Err("it does not follow the ledger".to_owned()),
        Ok(Ok(_)) => Err("another program answers there".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", WITHIN.as_secs())),
    }
}

async fn code(listen: &str, token_file: &Path) -> std::io::Result<Option<String>> {
    let token = tokio::fs::read_to_string(token_file).await?;
    let headers = format!("Authorization: Bearer {}\r\nContent-Length: 0\r\n", token.trim());
    let answer = ask(listen, "POST /api/code", &headers).await?;
    Ok(read_code(&String::from_utf8_lossy(&answer)))
}

/// One request, and everything that is answered. `headers`: whole lines, each with its end.
async fn ask(listen: &str, what: &str, headers: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(listen).await?;
    let request = format!("{what} HTTP/1.1\r\nHost: {listen}\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LARGEST).read_to_end(&mut answer).await?;
    Ok(answer)
}

fn read_code(answer: &str) -> Option<String> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    if head.split(' ').nth(1)? != "200" {
        return None;
    }
    let body: serde_json::Value = serde_json::from_str(body.trim()).ok()?;
    let code = body["code"].as_str()?;
    code.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_and_nothing_else() {
        let answer = |status: &str, body: &str| format!("HTTP/1.1 {status}\r\ncontent-length: 1\r\n\r\n{body}");
        assert_eq!(read_code(&answer("200 OK", r#"{"code":"ab-1"}"#)), Some("ab-1".to_owned()));
        assert_eq!(read_code(&answer("404 Not Found", "")), None);
        assert_eq!(read_code(&answer("200 OK", r#"{"code":"a&b"}"#)), None);
        assert_eq!(read_code("nonsense"), None);
    }
}
