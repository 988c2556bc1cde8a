//! A user's name from a login name.

const LONGEST: usize = 32;

/// The name under which a login acts: lower-cased, every other character than `a-z`, `0-9` and `-` a
/// dash, `[a-z0-9][a-z0-9-]{0,31}`. What would read as a session (`s7`) or as the system itself gets `u-`
/// in front; an empty login is `user`.
pub fn user_name(login: &str) -> String {
    let mapped: String = login
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
        .collect();
    let name: String = mapped.trim_matches('-').chars().take(LONGEST).collect();
    let name = name.trim_end_matches('-');
    if name.is_empty() {
        "user".to_owned()
    } else if name == "system" || is_session(name) {
        format!("u-{name}").chars().take(LONGEST).collect()
    } else {
        name.to_owned()
    }
}

fn is_session(name: &str) -> bool {
    name.strip_prefix('s').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_become_names() {
        for (login, name) in [
            ("Jane.Doe", "jane-doe"),
            ("CORP\\jane", "corp-jane"),
            ("s7", "u-s7"),
            ("system", "u-system"),
            ("", "user"),
            ("---", "user"),
            ("süß", "s--"),
            ("s", "s"),
            ("s7x", "s7x"),
        ] {
            assert_eq!(user_name(login), name.trim_end_matches('-'), "{login}");
        }
        assert_eq!(user_name(&"x".repeat(50)).len(), 32);
        assert_eq!(user_name(&format!("s{}", "1".repeat(50))).len(), 32);
    }
}
