//! Addresses of repositories: what of them may be shown, and what may stand on a command line, which everybody on a host
//! can read.

/// A text as it may be shown: every address in it without user and password.
pub(crate) fn without_secret(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find("://") {
        let (scheme, behind) = rest.split_at(place + 3);
        let (_, host) = user_of(behind);
        shown.push_str(scheme);
        let end = authority(host);
        shown.push_str(&host[..end]);
        rest = &host[end..];
    }
    shown.push_str(rest);
    shown
}

/// An address with a password, in two.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Parted {
    /// Without the password; the user stays.
    pub address: String,
    /// Scheme, user, password and host: a line as `git credential-store` reads it.
    pub credential: String,
}

/// `None`: there is no password in it, or none that git would use.
pub(super) fn parted(url: &str) -> Option<Parted> {
    let (scheme, behind) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let (user, host) = user_of(behind);
    let (name, _) = user?.split_once(':')?;
    let address = if name.is_empty() { format!("{scheme}://{host}") } else { format!("{scheme}://{name}@{host}") };
    let host = &host[..authority(host)];
    let scheme = scheme.to_ascii_lowercase();
    Some(Parted { address, credential: format!("{scheme}://{}@{host}", user?.replace('@', "%40")) })
}

/// What stands before the `@`, if anything does, and what behind it.
fn user_of(behind: &str) -> (Option<&str>, &str) {
    match behind[..authority(behind)].rfind('@') {
        Some(place) => (Some(&behind[..place]), &behind[place + 1..]),
        None => (None, behind),
    }
}

/// Where an address's part with the host ends, in a text.
fn authority(behind: &str) -> usize {
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '\'' | '"');
    behind.find(ends).unwrap_or(behind.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_told() {
        assert_eq!(without_secret("https://u:p@h.example/x/y.git"), "https://h.example/x/y.git");
        assert_eq!(without_secret("https://u:p@q@h.example"), "https://h.example");
        assert_eq!(without_secret("https://h.example/x@y"), "https://h.example/x@y");
        assert_eq!(without_secret("git@h.example:x/y.git"), "git@h.example:x/y.git");
        assert_eq!(without_secret("/srv/x.git"), "/srv/x.git");
        assert_eq!(
            without_secret("fatal: 'http://u:p@a/b' and \"ftp://v:q@c\": no\nssh://w@d/e"),
            "fatal: 'http://a/b' and \"ftp://c\": no\nssh://d/e"
        );
    }

    #[test]
    fn an_address_and_its_password_go_apart() {
        let both = |url: &str| parted(url).map(|parted| (parted.address, parted.credential));
        let some = |address: &str, credential: &str| Some((address.to_owned(), credential.to_owned()));
        assert_eq!(
            both("https://ann:s%40e@h:8443/x.git"),
            some("https://ann@h:8443/x.git", "https://ann:s%40e@h:8443")
        );
        assert_eq!(both("http://a:p@q@h/x"), some("http://a@h/x", "http://a:p%40q@h"));
        assert_eq!(both("HTTP://:token@h/x"), some("HTTP://h/x", "http://:token@h"));
        for url in
            ["https://ann@h/x", "https://h/a:b@c", "ssh://ann:p@h/x", "git@h:x.git", "/srv/x.git", "file:///srv/x"]
        {
            assert_eq!(both(url), None, "{url}");
        }
    }
}
