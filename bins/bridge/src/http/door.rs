//! Where a request may come from: the page's own name in `Host` (a rebound DNS name is another) and, from
//! browsers, the page's own origin.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use maestro_wire::{ErrorBody, ErrorCode};

use super::refuse;

/// The names under which this bridge is known.
#[derive(Debug)]
pub struct Door {
    names: Vec<String>,
    port: u16,
    tls: bool,
}

/// Why a request does not come in.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was sent to another name.
    Host(String),
    /// A page from elsewhere sent it.
    Origin(String),
}

impl Door {
    /// `tls`: the bridge speaks it itself; otherwise a proxy before it may.
    pub fn new(listen: SocketAddr, names: &[String], tls: bool) -> Self {
        let names = std::iter::once(listen.to_string()).chain(names.iter().cloned());
        Self { names: names.map(|name| name.to_ascii_lowercase()).collect(), port: listen.port(), tls }
    }

    /// The cookie's name: cookies do not tell ports apart, several stacks on one host do.
    pub fn cookie(&self) -> String {
        // Browsers take a name with this prefix over TLS only, and only for this very host.
        let prefix = if self.tls { "__Host-" } else { "" };
        format!("{prefix}maestro_{}", self.port)
    }

    /// The `Set-Cookie` line that makes a browser known for `age` seconds.
    pub fn set_cookie(&self, secret: &str, age: u64) -> String {
        let secure = if self.tls { "; Secure" } else { "" };
        format!("{}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}", self.cookie())
    }

    /// # Errors
    /// When the host is not ours, or a browser says that another origin sends a request that changes something.
    pub fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = text(headers, header::HOST).unwrap_or_default().to_ascii_lowercase();
        if !self.is_ours(&host) {
            return Err(Refusal::Host(host));
        }
        let upgrade = headers.contains_key(header::UPGRADE);
        if let Some(origin) = text(headers, header::ORIGIN)
            && (upgrade || *method != Method::GET)
        {
            let origin = origin.to_ascii_lowercase();
            let plain = origin.strip_prefix("http://").filter(|_| !self.tls);
            let of = plain.or_else(|| origin.strip_prefix("https://"));
            if of != Some(host.as_str()) {
                return Err(Refusal::Origin(origin));
            }
        }
        Ok(())
    }

    fn is_ours(&self, host: &str) -> bool {
        self.names.iter().any(|name| name == host) || is_loopback(host)
    }
}

/// `localhost`, `127.0.0.1` or `[::1]` with any port: forwarded ports are fine, foreign names are not.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        Some(_) | None => host,
    };
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    // A header that is no text is as good as a wrong one.
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

impl Refusal {
    pub fn into_response(self) -> Response {
        match self {
            Self::Host(host) => {
                tracing::info!(host, "refused a foreign host name");
                let text = format!("this page is not known as '{}'", shorten(&host));
                let error = ErrorBody::new(ErrorCode::NotPermitted, text)
                    .suggest("use the address that `maestro up` prints, or start the bridge with --allow-host");
                refuse(StatusCode::FORBIDDEN, error)
            }
            Self::Origin(origin) => {
                tracing::info!(origin, "refused a foreign origin");
                let text = format!("a page of '{}' may not do this", shorten(&origin));
                refuse(StatusCode::FORBIDDEN, ErrorBody::new(ErrorCode::NotPermitted, text))
            }
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: Method, pairs: &[(&str, &str)]) -> Result<(), Refusal> {
        let door = Door::new("127.0.0.1:7373".parse().unwrap(), &["Maestro.example".to_owned()], false);
        headers_checked(&door, method, pairs)
    }

    fn headers_checked(door: &Door, method: Method, pairs: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap());
        }
        door.check(&method, &headers)
    }

    #[test]
    fn only_our_own_names_are_hosts() {
        for host in ["127.0.0.1:7373", "localhost:7373", "LOCALHOST:9000", "[::1]:7373", "localhost", "maestro.example"]
        {
            assert_eq!(check(Method::GET, &[("host", host)]), Ok(()), "{host}");
        }
        for host in ["evil.example:7373", "", "localhost.evil.example", "127.0.0.1.nip.io:7373", "10.0.0.1:7373"] {
            assert_eq!(check(Method::GET, &[("host", host)]), Err(Refusal::Host(host.into())), "{host}");
        }
        assert!(check(Method::GET, &[]).is_err());
    }

    #[test]
    fn only_our_own_origin_changes_things_or_opens_a_socket() {
        let ws =
            |origin| check(Method::GET, &[("host", "localhost:7373"), ("upgrade", "websocket"), ("origin", origin)]);
        assert_eq!(ws("http://localhost:7373"), Ok(()));
        for origin in ["http://localhost:8000", "http://127.0.0.1:7373", "https://evil.example", "null"] {
            assert_eq!(ws(origin), Err(Refusal::Origin(origin.into())));
        }
        let post = |origin| check(Method::POST, &[("host", "localhost:7373"), ("origin", origin)]);
        assert_eq!(post("http://localhost:7373"), Ok(()));
        assert!(post("http://evil.example").is_err());
    }

    #[test]
    fn with_tls_only_pages_that_came_over_it_are_our_own_and_the_cookie_stays_on_it() {
        let door = Door::new("127.0.0.1:7373".parse().unwrap(), &[], true);
        let ws = |origin| {
            let pairs = [("host", "localhost:7373"), ("upgrade", "websocket"), ("origin", origin)];
            headers_checked(&door, Method::GET, &pairs)
        };
        assert_eq!(ws("https://localhost:7373"), Ok(()));
        assert!(ws("http://localhost:7373").is_err());
        assert_eq!(
            door.set_cookie("x", 9),
            "__Host-maestro_7373=x; Path=/; Max-Age=9; HttpOnly; SameSite=Strict; Secure"
        );
    }
}
