//! Where a request may come from: the page's own name in `Host` (a rebound DNS name is another) and, from
//! browsers, the page's own origin.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::Response;
use maestro_wire::{ErrorBody, ErrorCode};

use super::refuse;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

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

    /// Whether a browser sent this over TLS, here or at a proxy before us. A proxy may say so; browsers say it too, as they
    /// send `Sec-Fetch-…` over TLS and to their own machine only (W3C Fetch Metadata, 2).
    pub fn is_secured(&self, headers: &HeaderMap) -> bool {
        let forwarded =
            text(headers, FORWARDED_PROTO).is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"));
        self.tls || forwarded || (!is_local(&host(headers)) && headers.contains_key(FETCH_SITE))
    }

    /// The cookie's name: cookies do not tell ports apart, several stacks on one host do.
    fn cookie(&self, secured: bool) -> String {
        // Browsers take a name with this prefix over TLS only, and only for this very host.
        let prefix = if secured { "__Host-" } else { "" };
        format!("{prefix}maestro_{}", self.port)
    }

    /// Whether a browser's cookie of this name is ours. Where a proxy may speak TLS, some came in without it.
    pub fn is_cookie(&self, name: &str) -> bool {
        name == self.cookie(true) || (!self.tls && name == self.cookie(false))
    }

    /// The `Set-Cookie` line that makes a browser known for `age` seconds.
    pub fn set_cookie(&self, headers: &HeaderMap, secret: &str, age: u64) -> String {
        let secured = self.is_secured(headers);
        let secure = if secured { "; Secure" } else { "" };
        format!("{}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}", self.cookie(secured))
    }

    /// # Errors
    /// When the host is not ours, or a browser says that another origin sends a request that changes something.
    pub fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = host(headers);
        if !self.is_ours(&host) {
            return Err(Refusal::Host(host));
        }
        let upgrade = headers.contains_key(header::UPGRADE);
        if let Some(origin) = text(headers, header::ORIGIN)
            && (upgrade || *method != Method::GET)
        {
            let origin = origin.to_ascii_lowercase();
            let plain = origin.strip_prefix("http://").filter(|_| !self.wants_tls(headers, &host));
            let of = plain.or_else(|| origin.strip_prefix("https://"));
            if of != Some(host.as_str()) {
                return Err(Refusal::Origin(origin));
            }
        }
        Ok(())
    }

    /// Whether only a page that came over TLS is our own: where this request did, or the cookie that it brings.
    fn wants_tls(&self, headers: &HeaderMap, host: &str) -> bool {
        let secured = self.cookie(true);
        // Browsers send a cookie of TLS to their own machine without it, too.
        self.is_secured(headers) || (!is_local(host) && cookies(headers).any(|(name, _)| name == secured))
    }

    fn is_ours(&self, host: &str) -> bool {
        self.names.iter().any(|name| name == host) || is_loopback(host)
    }
}

/// Whether a browser trusts this name without TLS, since it is its own machine.
fn is_local(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    is_loopback(host) || name.ends_with(".localhost")
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

/// The names and values of all cookies that a browser sent.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

fn host(headers: &HeaderMap) -> String {
    text(headers, header::HOST).unwrap_or_default().to_ascii_lowercase()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
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

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
        pairs.collect()
    }

    fn headers_checked(door: &Door, method: Method, pairs: &[(&str, &str)]) -> Result<(), Refusal> {
        door.check(&method, &headers(pairs))
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
            door.set_cookie(&HeaderMap::new(), "x", 9),
            "__Host-maestro_7373=x; Path=/; Max-Age=9; HttpOnly; SameSite=Strict; Secure"
        );
    }

    #[test]
    fn behind_a_proxy_with_tls_the_cookie_stays_on_it_and_elsewhere_it_comes_in_the_clear() {
        let door = Door::new("127.0.0.1:7373".parse().unwrap(), &["maestro.example".to_owned()], false);
        let is_secure = |pairs: &[(&str, &str)]| {
            let line = door.set_cookie(&headers(pairs), "x", 9);
            assert_eq!(line.starts_with("__Host-maestro_7373="), line.ends_with("; Secure"), "{line}");
            line.ends_with("; Secure")
        };
        let (name, own) = (("host", "maestro.example"), ("host", "localhost:7373"));
        let fetch = ("sec-fetch-site", "none");
        assert!(is_secure(&[name, ("x-forwarded-proto", "https")]), "the proxy says so");
        assert!(is_secure(&[name, fetch]), "the browser shows it");
        assert!(is_secure(&[name, fetch, ("x-forwarded-proto", "http")]), "of two proxies the first speaks TLS");
        assert!(!is_secure(&[name]), "a name of a network of one's own, without TLS");
        for local in ["localhost:7373", "127.0.0.1:7373", "[::1]:7373", "maestro.localhost:7373"] {
            assert!(!is_secure(&[("host", local), fetch]), "{local}");
        }
        assert!(door.is_cookie("maestro_7373") && door.is_cookie("__Host-maestro_7373"));

        let socket = |host, origin, more: &[(&str, &str)]| {
            let pairs = [&[host, ("upgrade", "websocket"), ("origin", origin)], more].concat();
            headers_checked(&door, Method::GET, &pairs).is_ok()
        };
        let cookie = ("cookie", "a=b; __Host-maestro_7373=x");
        assert!(socket(name, "http://maestro.example", &[("cookie", "maestro_7373=x")]));
        for (origin, fits) in [("http://maestro.example", false), ("https://maestro.example", true)] {
            assert_eq!(socket(name, origin, &[cookie]), fits, "{origin}");
            assert_eq!(socket(name, origin, &[("x-forwarded-proto", "https")]), fits, "{origin}");
        }
        assert!(socket(own, "http://localhost:7373", &[cookie]));
    }
}
