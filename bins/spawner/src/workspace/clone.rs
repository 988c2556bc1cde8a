//! Clones of ours: of repositories that this host does not have.

use std::path::Path;

use super::address::{Parted, parted};
use super::git::{Git, GitError, REMOTE};
use super::repository::remove_tree;
use super::trouble::Trouble;

/// Where git is told by whom a password is kept.
const HELPER: &str = "credential.helper";

/// Clones, or fetches what is new. Half a clone is none: it is made beside and then moved.
pub(super) async fn clone(git: &Git, directory: &Path, url: &str) -> Result<(), Trouble> {
    let away = |error: GitError| match error {
        GitError::Cancelled => Trouble::Cancelled,
        error if error.is_disk_full() => Trouble::git(directory)(error),
        error => Trouble::NotHere(format!("{error}; check the project's repository and this host's access to it")),
    };
    let room = directory.parent().unwrap_or(directory);
    std::fs::create_dir_all(room).map_err(|error| Trouble::io(room, &error))?;
    let parted = parted(url);
    let url = parted.as_ref().map_or(url, |parted| parted.address.as_str());
    let kept = keep(directory, parted.as_ref())?;
    if directory.is_dir() {
        git.ask(directory, &["remote", "set-url", "origin", url]).await.map_err(away)?;
        match &kept {
            Kept::By(helper) => drop(git.ask(directory, &["config", HELPER, helper]).await.map_err(away)?),
            // One that stays finds nothing.
            Kept::NoMore => drop(git.ask(directory, &["config", "--unset-all", HELPER]).await),
            Kept::Never => {}
        }
        git.run_for(directory, &["fetch", "--prune", "--quiet", "origin"], REMOTE).await.map_err(away)?;
        return Ok(());
    }
    let part = directory.with_extension("part");
    remove_tree(&part);
    let to = part.to_string_lossy().into_owned();
    let setting = match kept {
        Kept::By(helper) => Some(format!("--config={HELPER}={helper}")),
        Kept::NoMore | Kept::Never => None,
    };
    let mut arguments = vec!["clone", "--quiet", "--no-checkout"];
    arguments.extend(setting.as_deref());
    arguments.extend(["--", url, &to]);
    let cloned = git.run_for(room, &arguments, REMOTE).await;
    if let Err(error) = cloned {
        remove_tree(&part);
        return Err(away(error));
    }
    std::fs::rename(&part, directory).map_err(|error| Trouble::io(directory, &error))
}

/// Where the password of a clone lies.
enum Kept {
    /// There is none, and was none.
    Never,
    /// There is none any more.
    NoMore,
    /// The helper of git that finds it.
    By(String),
}

/// Projects of former versions have passwords in their addresses. On git's command line everybody on the host could read
/// them, so they lie in a file beside the clone.
fn keep(directory: &Path, parted: Option<&Parted>) -> Result<Kept, Trouble> {
    let file = directory.with_extension("credentials");
    match parted {
        Some(parted) => {
            let line = format!("{}\n", parted.credential);
            maestro_runtime::write_secret(&file, line.as_bytes()).map_err(|error| Trouble::io(&file, &error))?;
            Ok(Kept::By(format!("store --file={}", quoted(&file))))
        }
        None => match std::fs::remove_file(&file) {
            Ok(()) => Ok(Kept::NoMore),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Kept::Never),
            Err(error) => Err(Trouble::io(&file, &error)),
        },
    }
}

/// A shell reads it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use base64::Engine;

    use super::super::git::tests::{git, made_by};
    use super::*;

    /// A host of repositories that wants a password.
    fn host(root: &Path, user: &str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let wanted = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(user));
        let root = root.to_path_buf();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A git that goes away is none of the test's concerns.
                let _ = answer(stream, &root, &wanted);
            }
        });
        address
    }

    fn answer(mut stream: TcpStream, root: &Path, wanted: &str) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let (mut may, mut path) = (false, PathBuf::from(root));
        for line in lines {
            let line = line?;
            if line.is_empty() {
                break;
            }
            may |= line.strip_prefix("Authorization: ") == Some(wanted);
        }
        let asked = first.split(' ').nth(1).unwrap_or_default();
        path.push(asked.split('?').next().unwrap_or_default().trim_start_matches('/'));
        let (status, content) = match std::fs::read(path) {
            _ if !may => ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"", Vec::new()),
            Ok(content) => ("200 OK", content),
            Err(_) => ("404 Not Found", Vec::new()),
        };
        let length = content.len();
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
        stream.write_all(&content)
    }

    #[tokio::test]
    async fn a_password_of_former_times_is_used_and_stands_on_no_command_line() {
        let room = tempfile::tempdir().unwrap();
        let push = "git push --quiet ../x.git main; git -C ../x.git update-server-info; git rev-parse HEAD";
        let first = format!("git commit --quiet --allow-empty -m first; {push}");
        made_by(
            room.path(),
            &format!("git init --quiet --bare -b main x.git; git init --quiet -b main one; cd one; {first}"),
        );
        let address = host(room.path(), "ann:s3cret");
        // Git notes here what it starts, with all arguments.
        let (log, settings) = (room.path().join("log"), room.path().join("settings"));
        std::fs::write(&settings, format!("[trace2]\n\teventTarget = {}\n", log.display())).unwrap();
        let git = git(&[("GIT_CONFIG_GLOBAL", settings.to_str().unwrap())]);
        let directory = room.path().join("it's here/web");
        let url = |user: &str| format!("http://{user}{address}/x.git");

        clone(&git, &directory, &url("ann:s3cret@")).await.unwrap();
        let second = made_by(room.path(), &format!("cd one; git commit --quiet --allow-empty -m second; {push}"));
        clone(&git, &directory, &url("ann:s3cret@")).await.unwrap();
        let there = git.commit_of(&directory, "refs/remotes/origin/main").await.unwrap();
        assert_eq!(there, Some(second));
        let config = std::fs::read_to_string(directory.join(".git/config")).unwrap();
        assert!(config.contains(&url("ann@")) && !config.contains("s3cret"), "{config}");
        let file = directory.with_extension("credentials");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.contains("remote-http") && log.contains("credential-store"), "{log}");
        // Git blackens passwords in it.
        assert!(!log.contains("s3cret") && !log.contains("REDACTED"), "{log}");

        let refused = clone(&git, &directory, &url("ann:wr0ng@")).await.unwrap_err().to_string();
        assert!(refused.contains(&url("")) && !refused.contains("wr0ng"), "{refused}");
        clone(&git, &directory, &url("")).await.unwrap_err();
        assert!(!file.exists());
        let config = std::fs::read_to_string(directory.join(".git/config")).unwrap();
        assert!(!config.contains("credential"), "{config}");
    }
}
