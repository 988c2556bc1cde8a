//! Broker addresses: `nats://user:password@host:port`, with the credentials taken out at once.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Where a broker listens. Credentials given in the text are kept beside the address, never in it,
/// and never in `Debug` or `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    scheme: String,
    authority: String,
    credentials: Option<(String, String)>,
}

/// The text is no broker address.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AddressError {
    /// The scheme is neither `nats` nor `tls`.
    #[error("scheme `{0}` is not known: an address starts with nats:// or tls://")]
    Scheme(String),
    /// Nothing stands where the host belongs.
    #[error("the address has no host")]
    NoHost,
    /// The part after the last colon is no port.
    #[error("`{0}` is not a port")]
    Port(String),
    /// A `%` in user or password is not followed by two hexadecimal digits.
    #[error("the credentials in the address are not percent-encoded correctly")]
    Escape,
}

impl Address {
    /// User and password, when the text carried them.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        self.credentials.as_ref().map(|(user, password)| (user.as_str(), password.as_str()))
    }

    /// Whether the scheme asks for TLS.
    pub fn wants_tls(&self) -> bool {
        self.scheme == "tls"
    }

    /// Host and port, as in `127.0.0.1:4222`.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.trim().split_once("://").unwrap_or(("nats", text.trim()));
        if scheme != "nats" && scheme != "tls" {
            return Err(AddressError::Scheme(scheme.to_owned()));
        }
        let rest = rest.trim_end_matches('/');
        let (credentials, authority) = match rest.rsplit_once('@') {
            Some((user_info, authority)) => {
                let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
                (Some((unescape(user)?, unescape(password)?)), authority)
            }
            None => (None, rest),
        };
        let authority = with_port(authority)?;
        Ok(Self { scheme: scheme.to_owned(), authority, credentials })
    }
}

fn with_port(authority: &str) -> Result<String, AddressError> {
    let after_host = authority.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match authority[after_host..].rfind(':') {
        Some(colon) => (&authority[..after_host + colon], &authority[after_host + colon + 1..]),
        None => (authority, "4222"),
    };
    if host.is_empty() || host.contains(['/', ' ', '?', '#']) {
        return Err(AddressError::NoHost);
    }
    let port: u16 = port.parse().map_err(|_| AddressError::Port(port.to_owned()))?;
    Ok(format!("{host}:{port}"))
}

fn unescape(text: &str) -> Result<String, AddressError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let digits = tail.get(..2).ok_or(AddressError::Escape)?;
            let digits = std::str::from_utf8(digits).map_err(|_| AddressError::Escape)?;
            bytes.push(u8::from_str_radix(digits, 16).map_err(|_| AddressError::Escape)?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).map_err(|_| AddressError::Escape)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_split_off_and_never_shown() {
        let address: Address = "nats://edge:p%40ss:word@127.0.0.1:4333".parse().unwrap();
        assert_eq!(address.credentials(), Some(("edge", "p@ss:word")));
        assert_eq!(address.to_string(), "nats://127.0.0.1:4333");
        assert!(!format!("{address:?}").contains("ss:word"));
    }

    #[test]
    fn the_port_has_a_default_and_ipv6_is_understood() {
        assert_eq!("localhost".parse::<Address>().unwrap().to_string(), "nats://localhost:4222");
        assert_eq!("tls://[::1]:99".parse::<Address>().unwrap().to_string(), "tls://[::1]:99");
        assert_eq!("[::1]".parse::<Address>().unwrap().authority(), "[::1]:4222");
    }

    #[test]
    fn nonsense_is_named() {
        assert_eq!("http://x".parse::<Address>(), Err(AddressError::Scheme("http".into())));
        assert_eq!("nats://".parse::<Address>(), Err(AddressError::NoHost));
        assert_eq!("nats://h:port".parse::<Address>(), Err(AddressError::Port("port".into())));
        assert_eq!("nats://u:%zz@h".parse::<Address>(), Err(AddressError::Escape));
    }
}
