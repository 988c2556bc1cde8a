//! Who may enter: the bearer token of programs, the cookie of browsers, the one-time code that becomes a cookie.
//!
//! Secrets are kept as digests and compared in constant time; none is ever logged.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use maestro_runtime::{read_optional, write_secret};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::clock::unix_seconds;

/// How long a code waits for its one use.
pub const CODE_LIFE: Duration = Duration::from_secs(600);
/// How long a browser stays known.
pub const SESSION_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// Codes that wait at once, browsers that are known at once; the oldest makes room.
const CODES: usize = 32;
const SESSIONS: usize = 64;

type Digest = [u8; 32];

/// The door's book.
pub struct Access {
    token: Digest,
    codes: Mutex<VecDeque<(Digest, Instant)>>,
    sessions: Mutex<VecDeque<Session>>,
    sessions_file: PathBuf,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    /// Digest of the cookie's secret, in hexadecimal.
    digest: String,
    /// Seconds since 1970.
    expires: u64,
    /// Digest of the token that the browser signed in under; another token knows it no more. Older files lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Access {
    /// Reads the token, or makes one; knows the browsers again that signed in under it in earlier runs.
    pub fn open(token_file: &Path) -> io::Result<Self> {
        let token = match read_optional(token_file)?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        {
            Some(token) => token,
            None => {
                if let Some(directory) = token_file.parent() {
                    fs::create_dir_all(directory)?;
                }
                let token = secret();
                write_secret(token_file, format!("{token}\n").as_bytes())?;
                token
            }
        };
        let mut name = token_file.file_name().unwrap_or_default().to_owned();
        name.push(".sessions");
        let sessions_file = token_file.with_file_name(name);
        // A file that is not ours or broken costs a new sign-in, nothing else.
        let kept = read_optional(&sessions_file)?.and_then(|text| serde_json::from_str(&text).ok());
        let token = digest(&token);
        let sessions = of_token(kept.unwrap_or_default(), &hex(&token), &sessions_file);
        Ok(Self { token, codes: Mutex::default(), sessions: Mutex::new(sessions), sessions_file })
    }

    /// Whether this is the bearer token.
    pub fn knows_token(&self, token: &str) -> bool {
        same(&digest(token), &self.token)
    }

    /// A new code for one sign-in.
    pub fn new_code(&self) -> String {
        let code = secret();
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        codes.retain(|(_, made)| made.elapsed() < CODE_LIFE);
        if codes.len() >= CODES {
            codes.pop_front();
        }
        codes.push_back((digest(&code), Instant::now()));
        code
    }

    /// Takes a code for a session's secret; a code is taken once.
    pub fn redeem(&self, code: &str) -> io::Result<Option<String>> {
        let wanted = digest(code);
        {
            let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
            codes.retain(|(_, made)| made.elapsed() < CODE_LIFE);
            let Some(at) = codes.iter().position(|(code, _)| same(code, &wanted)) else { return Ok(None) };
            codes.remove(at);
        }
        let secret = secret();
        let expires = unix_seconds() + SESSION_LIFE.as_secs();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|session| session.expires > unix_seconds());
        if sessions.len() >= SESSIONS {
            sessions.pop_front();
        }
        sessions.push_back(Session { digest: hex(&digest(&secret)), expires, token: Some(hex(&self.token)) });
        write_sessions(&self.sessions_file, &sessions)?;
        Ok(Some(secret))
    }

    /// Whether this is the secret of a browser that signed in.
    pub fn knows_session(&self, secret: &str) -> bool {
        let wanted = hex(&digest(secret));
        let now = unix_seconds();
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().any(|s| s.expires > now && same(s.digest.as_bytes(), wanted.as_bytes()))
    }
}

/// The sessions of this token. Those that an older version kept belong to the token that is found with them.
fn of_token(kept: VecDeque<Session>, token: &str, file: &Path) -> VecDeque<Session> {
    let mut changed = false;
    let mut sessions = VecDeque::new();
    for mut session in kept {
        let fits = session.token.as_ref().is_none_or(|theirs| same(theirs.as_bytes(), token.as_bytes()));
        changed |= !fits || session.token.is_none();
        if fits {
            session.token = Some(token.to_owned());
            sessions.push_back(session);
        }
    }
    if changed && let Err(cause) = write_sessions(file, &sessions) {
        // It is tried again at the next sign-in and the next start.
        tracing::warn!(%cause, "the browsers that are known could not be written down");
    }
    sessions
}

fn write_sessions(file: &Path, sessions: &VecDeque<Session>) -> io::Result<()> {
    write_secret(file, &serde_json::to_vec(sessions)?)
}

fn secret() -> String {
    let bytes: [u8; 32] = rand::rng().random();
    hex(&bytes)
}

fn digest(text: &str) -> Digest {
    Sha256::digest(text.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|n| char::from_digit(n.into(), 16)).collect()
}

/// Looks at every byte, whatever the first difference.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && left.iter().zip(right).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_code_is_taken_once_and_the_session_survives_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("home/token");
        let access = Access::open(&path).unwrap();
        let token = fs::read_to_string(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(access.knows_token(token.trim()) && !access.knows_token("") && !access.knows_token("x"));

        let code = access.new_code();
        let secret = access.redeem(&code).unwrap().unwrap();
        assert_eq!(access.redeem(&code).unwrap(), None);
        assert_eq!(access.redeem("").unwrap(), None);
        assert!(access.knows_session(&secret) && !access.knows_session(&code) && !access.knows_session(""));

        let again = Access::open(&path).unwrap();
        assert!(again.knows_token(token.trim()) && again.knows_session(&secret));
        let kept = fs::read_to_string(directory.path().join("home/token.sessions")).unwrap();
        assert!(!kept.contains(&secret), "the secret itself is not kept");
    }

    #[test]
    fn another_token_knows_no_browser_of_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let sign_in = |access: &Access| access.redeem(&access.new_code()).unwrap().unwrap();
        let secret = sign_in(&Access::open(&path).unwrap());
        assert!(Access::open(&path).unwrap().knows_session(&secret));
        fs::remove_file(&path).unwrap();
        let access = Access::open(&path).unwrap();
        assert!(!access.knows_session(&secret));
        let newer = sign_in(&access);
        fs::write(&path, "chosen by hand\n").unwrap();
        let access = Access::open(&path).unwrap();
        assert!(!access.knows_session(&secret) && !access.knows_session(&newer));
        assert_eq!(fs::read_to_string(directory.path().join("token.sessions")).unwrap(), "[]");
    }

    /// A file of a version that did not say under which token a browser signed in.
    #[test]
    fn an_older_file_is_read_and_bound_to_the_token_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let sessions = directory.path().join("token.sessions");
        let expires = unix_seconds() + 60;
        fs::write(&path, "first\n").unwrap();
        let old = format!("[{{\"digest\":\"{}\",\"expires\":{expires}}}]", hex(&digest("secret")));
        fs::write(&sessions, &old).unwrap();
        assert!(Access::open(&path).unwrap().knows_session("secret"));
        // It reads as before to that version: what is new stands beside what it knows.
        let kept: serde_json::Value = serde_json::from_str(&fs::read_to_string(&sessions).unwrap()).unwrap();
        assert_eq!(kept[0]["digest"], hex(&digest("secret")));
        fs::write(&path, "second\n").unwrap();
        assert!(!Access::open(&path).unwrap().knows_session("secret"));
    }

    #[test]
    fn the_books_are_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let access = Access::open(&directory.path().join("token")).unwrap();
        let first = access.new_code();
        for _ in 0..CODES {
            access.new_code();
        }
        assert_eq!(access.redeem(&first).unwrap(), None);
        let oldest = access.redeem(&access.new_code()).unwrap().unwrap();
        for _ in 0..SESSIONS {
            access.redeem(&access.new_code()).unwrap().unwrap();
        }
        assert!(!access.knows_session(&oldest));
    }
}
