//! Packages of other languages, pinned and installed below `target/`: npm by a lock file, pip by hashes.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `target/<name>` with the packages of `<own>/package-lock.json` in `node_modules`; `None`, said loudly, when that cannot
/// be done. Tests of several programs may ask at once.
///
/// # Panics
/// When the lock file is not there or `target/` cannot be written.
pub fn node(own: &Path, name: &str) -> Option<PathBuf> {
    install(own, name, &["package.json", "package-lock.json", ".npmrc"], |there| {
        let words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        succeeds(Command::new("npm").args(words).current_dir(there))
    })
}

/// `target/<name>` with a virtual environment `venv` that has what `<own>/requirements.txt` lists.
///
/// # Panics
/// As [`node`].
pub fn python(own: &Path, name: &str) -> Option<PathBuf> {
    install(own, name, &["requirements.txt"], |there| {
        let words = ["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r"];
        succeeds(Command::new("python3").args(["-m", "venv", "--clear", "venv"]).current_dir(there))
            && succeeds(
                Command::new("venv/bin/python3")
                    .args(words)
                    .arg("requirements.txt")
                    .current_dir(there)
                    .env_remove("PYTHONPATH"),
            )
    })
}

fn install(own: &Path, name: &str, files: &[&str], run: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let there = target().join(name);
    fs::create_dir_all(&there).expect("target/ is writable");
    let lock = fs::File::create(there.join(".lock")).expect("target/ is writable");
    lock.lock().expect("a file can be locked");
    let wanted = |file: &str| fs::read(own.join(file)).expect("the list of packages is there");
    let done = there.join(".installed");
    let same = |file: &&str| fs::read(there.join(file)).is_ok_and(|known| known == wanted(file));
    if done.is_file() && files.iter().all(same) {
        return Some(there);
    }
    let _ = fs::remove_file(&done);
    for file in files {
        fs::write(there.join(file), wanted(file)).expect("target/ is writable");
    }
    if run(&there) {
        fs::write(done, "").expect("target/ is writable");
        return Some(there);
    }
    let line = format!("SKIPPED: the packages of {} cannot be installed\n", own.display());
    let _ = std::io::stderr().write_all(line.as_bytes());
    None
}

/// `target/`, where `target/<profile>/deps/<test>` is what runs.
fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    test.ancestors().nth(3).expect("tests lie in target/<profile>/deps").to_path_buf()
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}
