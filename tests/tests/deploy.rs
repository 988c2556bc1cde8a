//! Releases on hosts without containers: packed, installed, and gone back from. systemd is a script here, which notes what
//! it is asked; the programs are scripts that are well or not.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use maestro_tests::nats::nats_server_binary;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn said(output: &Output) -> String {
    [&*output.stdout, &*output.stderr].map(String::from_utf8_lossy).concat()
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A host: a prefix, a directory of unit files, and a systemd.
struct Host {
    place: tempfile::TempDir,
    /// Whose environment is that of every unit.
    process: Child,
}

impl Host {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let bin = place.path().join("bin");
        // Nothing here takes time.
        script(&bin.join("sleep"), "exit 0");
        script(
            &bin.join("systemctl"),
            &format!(
                "cd '{}'\necho \"$*\" >>asked\ncase $1 in\nlist-unit-files) cat enabled; [ -s enabled ] ;;\nlist-units) cat loaded ;;\nshow) cat pid ;;\nesac",
                place.path().display()
            ),
        );
        let process = Command::new("/bin/sleep").arg("600").env_clear().env("MAESTRO_REPLICA", "of the unit").spawn();
        let process = process.unwrap();
        for (name, text) in [("pid", process.id().to_string()), ("enabled", String::new()), ("loaded", String::new())] {
            fs::write(place.path().join(name), text).unwrap();
        }
        Self { place, process }
    }

    /// Another process with the environment of every unit.
    fn runs(&mut self, command: &mut Command) {
        self.end();
        self.process = command.spawn().unwrap();
        let id = self.process.id();
        self.write("pid", &id.to_string());
        let begun = Instant::now();
        // Its first own entry: python's begins otherwise.
        while !fs::read(format!("/proc/{id}/environ")).is_ok_and(|all| all.starts_with(b"MAESTRO_REPLICA=")) {
            assert!(begun.elapsed() < Duration::from_secs(30), "the unit's process does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// An archive as `make dist` makes it; `well` is what its programs say of their health.
    fn pack(&self, version: &str, well: &str) -> PathBuf {
        let target = self.path(&format!("built-{version}-{}", well.len()));
        for program in ["maestro", "maestro-server", "maestro-bridge", "maestro-spawner"] {
            script(
                &target.join("release").join(program),
                &format!("[ \"$1\" = health ] || exec echo {program} {version}\n{well}"),
            );
        }
        script(&target.join("nats/nats-server"), "echo nats-server: v2.15.1");
        let packed =
            Command::new(root().join("deploy/pack.sh")).arg("here").env("CARGO_TARGET_DIR", &target).output().unwrap();
        assert!(packed.status.success(), "{}", said(&packed));
        PathBuf::from(String::from_utf8(packed.stdout).unwrap().trim())
    }

    fn install(&self, archive: &Path, units: &[&str]) -> Output {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        Command::new(root().join("deploy/install.sh"))
            .arg(archive)
            .args(units)
            .env("PATH", path)
            .env("MAESTRO_PREFIX", self.path("opt"))
            .env("MAESTRO_UNITS", self.path("units"))
            .env("MAESTRO_HEALTH_SECONDS", "9")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// What systemd was asked since the last time, of these verbs.
    fn asked(&self, verbs: &[&str]) -> Vec<String> {
        let all = fs::read_to_string(self.path("asked")).unwrap_or_default();
        self.write("asked", "");
        let of = |line: &&str| verbs.iter().any(|verb| line.split(' ').next() == Some(verb));
        all.lines().filter(of).map(str::to_owned).collect()
    }

    fn current(&self) -> Option<String> {
        let link = fs::read_link(self.path("opt/current")).ok()?;
        Some(link.file_name().unwrap().to_str().unwrap().to_owned())
    }

    /// The releases that are here.
    fn releases(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("opt")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "current");
        names.sort();
        names
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.end();
    }
}

const WELL: &str = "[ \"$MAESTRO_REPLICA\" = 'of the unit' ] && [ -z \"$MAESTRO_PREFIX\" ]";
const ILL: &str = "echo 'it takes no requests' >&2; exit 1";

#[test]
fn a_release_replaces_another_if_it_is_well() {
    let host = Host::new();

    // Without any unit it is only put there; nobody who packed it owns it.
    let first = host.pack("1.0.0", WELL);
    let listed = Command::new("tar").args(["--numeric-owner", "-tvzf"]).arg(&first).output().unwrap();
    let listed = said(&listed);
    assert!(listed.lines().count() > 10 && listed.lines().all(|line| line.contains(" 0/0 ")), "{listed}");
    for name in
        ["compose.env.example", "configure.sh", "systemd/maestro-nats.service", "nats/laptop.conf", "docs/systemd.md"]
    {
        assert!(listed.contains(&format!("maestro-1.0.0-here/{name}\n")), "{name}: {listed}");
    }
    let of_somebody = host.path("of-somebody.tar.gz");
    let folder = first.parent().unwrap();
    fs::set_permissions(folder.join("maestro-1.0.0-here/maestro"), fs::Permissions::from_mode(0o775)).unwrap();
    let tar = Command::new("tar")
        .args(["--owner=12345", "--group=12345", "-C"])
        .arg(folder)
        .arg("-czf")
        .arg(&of_somebody)
        .arg("maestro-1.0.0-here")
        .status()
        .unwrap();
    assert!(tar.success());
    let output = host.install(&of_somebody, &[]);
    assert!(
        output.status.success() && said(&output).contains("nothing was started and nothing checked"),
        "{}",
        said(&output)
    );
    assert_eq!(host.current().as_deref(), Some("1.0.0"));
    let own = fs::metadata(host.place.path()).unwrap();
    let program = fs::metadata(host.path("opt/1.0.0/maestro")).unwrap();
    assert_eq!((program.uid(), program.gid(), program.mode() & 0o777), (own.uid(), own.gid(), 0o755));
    let unit = fs::read_to_string(host.path("units/maestro-server.service")).unwrap();
    assert!(unit.contains(&format!("ExecStart={}/current/maestro-server", host.path("opt").display())), "{unit}");
    assert_eq!(host.asked(&["daemon-reload", "restart"]), ["daemon-reload"]);

    // An upgrade that restarts nothing is none.
    let second = host.pack("1.1.0", WELL);
    let output = host.install(&second, &[]);
    assert!(
        !output.status.success() && said(&output).contains("no unit of Maestro is enabled or loaded"),
        "{}",
        said(&output)
    );
    assert_eq!((host.current().as_deref(), host.releases()), (Some("1.0.0"), vec!["1.0.0".to_owned()]));

    // Instances of the template too, in the order in which they need each other; what was changed here stays.
    host.write("enabled", "maestro-bridge.service enabled enabled\nmaestro-spawner@.service enabled enabled\nmaestro-server.service enabled enabled\n");
    host.write("loaded", "maestro-spawner@ann.service loaded active running Maestro's spawner for ann\n");
    host.write("units/maestro-bridge.service", "[Service]\n# ours\n");
    host.asked(&[]);
    let output = host.install(&second, &[]);
    assert!(output.status.success() && said(&output).contains("1.1.0 serves"), "{}", said(&output));
    assert!(said(&output).contains("maestro-bridge.service was changed here and stays"), "{}", said(&output));
    assert_eq!(host.current().as_deref(), Some("1.1.0"));
    let restarted =
        ["server.service", "bridge.service", "spawner@ann.service"].map(|unit| format!("restart maestro-{unit}"));
    assert_eq!(host.asked(&["restart"]), restarted);

    // One that does not serve, although its process runs.
    let output = host.install(&host.pack("1.2.0", ILL), &[]);
    let text = said(&output);
    assert!(
        !output.status.success() && text.contains("it takes no requests") && text.contains("1.1.0 serves again"),
        "{text}"
    );
    assert_eq!(host.current().as_deref(), Some("1.1.0"));
    assert_eq!(host.releases(), ["1.0.0", "1.1.0"]);
    assert_eq!(host.asked(&["restart"])[0], "restart maestro-server.service");

    // The same version built again is another release; the very same archive is not.
    let output = host.install(&host.pack("1.1.0", &format!("# again\n{WELL}")), &[]);
    assert!(output.status.success(), "{}", said(&output));
    let current = host.current().unwrap();
    assert!(current.starts_with("1.1.0-") && host.releases().len() == 3, "{current}");
    let output = host.install(&second, &["maestro-server.service"]);
    assert!(output.status.success() && said(&output).contains("is here already"), "{}", said(&output));
    assert_eq!((host.current().as_deref(), host.releases().len()), (Some("1.1.0"), 3));
}

#[test]
fn what_is_not_well_or_not_whole_leaves_nothing_behind() {
    let host = Host::new();
    let output = host.install(&host.pack("1.0.0", ILL), &["maestro-server.service"]);
    assert!(!output.status.success() && said(&output).contains("it is removed"), "{}", said(&output));
    assert_eq!((host.current(), host.releases()), (None, Vec::new()));
    assert_eq!(fs::read_dir(host.path("units")).unwrap().count(), 0);
    assert_eq!(host.asked(&["stop"]), ["stop maestro-server.service"]);

    // Programs of another system; their exit is what counts, not what follows in a pipe.
    let archive = host.pack("2.0.0", WELL);
    let folder = archive.parent().unwrap();
    script(&folder.join("maestro-2.0.0-here/maestro"), "echo maestro 2.0.0; exit 126");
    let tar = Command::new("tar").arg("-C").arg(folder).arg("-czf").arg(&archive).arg("maestro-2.0.0-here").status();
    assert!(tar.unwrap().success());
    let output = host.install(&archive, &[]);
    assert!(!output.status.success() && said(&output).contains("not what its checksum says"), "{}", said(&output));
    fs::remove_file(format!("{}.sha256", archive.display())).unwrap();
    let output = host.install(&archive, &[]);
    assert!(!output.status.success() && said(&output).contains("does not run here"), "{}", said(&output));
    assert_eq!((host.current(), host.releases()), (None, Vec::new()));
}

#[test]
fn the_settings_of_a_first_installation_fit_together_and_stay() {
    let place = tempfile::tempdir().unwrap();
    let there = place.path().join("etc");
    let configure = || Command::new(root().join("deploy/configure.sh")).arg(&there).output().unwrap();
    let output = configure();
    assert!(output.status.success(), "{}", said(&output));
    let read = |name: &str| fs::read_to_string(there.join(name)).unwrap();
    let names = ["core-url", "work-url", "spawner-url", "edge-url", "nats.conf", "accounts.conf", "bridge.env"];
    let before = names.map(read);
    for (name, user) in
        [("core-url", "core"), ("work-url", "core-work"), ("spawner-url", "spawner"), ("edge-url", "edge")]
    {
        let address = read(name);
        let password = address.trim().strip_prefix(&format!("nats://{user}:")).unwrap().split('@').next().unwrap();
        assert!(password.len() == 48 && read("accounts.conf").contains(password), "{address}");
        assert_eq!(fs::metadata(there.join(name)).unwrap().mode() & 0o777, 0o600);
    }
    let tested = Command::new(nats_server_binary()).arg("-t").arg("-c").arg(there.join("nats.conf")).output().unwrap();
    assert!(tested.status.success(), "{}", said(&tested));

    // What is there stays; what is missing comes back as it was.
    fs::remove_file(there.join("accounts.conf")).unwrap();
    assert!(configure().status.success());
    assert_eq!(names.map(read), before);
    // A new password that the broker does not know is none.
    fs::remove_file(there.join("edge-url")).unwrap();
    let output = configure();
    assert!(!output.status.success() && said(&output).contains("does not know a password"), "{}", said(&output));
}

/// What stands on a command line is read by everybody on the host.
#[test]
fn passwords_are_on_no_command_line() {
    let place = tempfile::tempdir().unwrap();
    let (there, bin, log) = (place.path().join("etc"), place.path().join("bin"), place.path().join("log"));
    for name in ["sed", "grep", "cat", "mv", "od", "tr", "head"] {
        script(
            &bin.join(name),
            &format!("echo \"{name} $*\" >>'{}'\nPATH=${{PATH#*:}} exec {name} \"$@\"", log.display()),
        );
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    // Again, for what reads the passwords that are there.
    for _ in 0..2 {
        let configured =
            Command::new(root().join("deploy/configure.sh")).arg(&there).env("PATH", &path).output().unwrap();
        assert!(configured.status.success(), "{}", said(&configured));
    }
    let accounts = fs::read_to_string(there.join("accounts.conf")).unwrap();
    let quoted: Vec<&str> = accounts.split('"').skip(1).step_by(2).collect();
    let passwords: Vec<&str> = quoted.into_iter().filter(|text| text.len() == 48).collect();
    assert!(passwords.len() >= 4, "{accounts}");
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("\nsed ") && log.contains("\ngrep "), "{log}");
    assert!(!passwords.iter().any(|password| log.contains(password)), "{log}");
}

/// A unit's user can write into the environment of its process what they like.
#[test]
fn what_a_unit_has_in_its_environment_never_runs_as_root() {
    let mut host = Host::new();
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        eprintln!("SKIPPED: only root can look at another user's unit; this test proved nothing");
        return;
    }
    fs::set_permissions(host.place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (evil, ran) = (host.path("evil"), host.path("ran"));
    script(&evil, &format!("id -u >>'{}'", ran.display()));
    fs::write(&ran, "").unwrap();
    fs::set_permissions(&ran, fs::Permissions::from_mode(0o666)).unwrap();
    // Entries as no shell makes them: one without `=` was taken for the command.
    let entries =
        ["MAESTRO_REPLICA=of the unit", &evil.display().to_string(), "LD_PRELOAD=/nowhere.so", "MAESTRO_x =1"];
    let code = "import ctypes, os, sys\nargs = [b'sleep', b'600', None]\n\
                entries = [e.encode() for e in sys.argv[1:]] + [None]\n\
                array = lambda all: (ctypes.c_char_p * len(all))(*all)\n\
                os.setgroups([]); os.setgid(65534); os.setuid(65534)\n\
                ctypes.CDLL(None).execve(b'/bin/sleep', array(args), array(entries))";
    host.runs(Command::new("python3").args(["-c", code]).args(entries));

    let well =
        format!("{WELL} && [ -z \"$LD_PRELOAD\" ] && [ \"$(/usr/bin/id -ru)-$(/usr/bin/id -G)\" = 65534-65534 ]");
    let output = host.install(&host.pack("1.0.0", &well), &["maestro-server.service"]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(fs::read_to_string(&ran).unwrap(), "", "{}", said(&output));
}

/// Each unit waits for what it needs, for ever, and is among those that are installed.
#[test]
fn units_never_give_up() {
    let mut units = 0;
    for entry in fs::read_dir(root().join("deploy/systemd")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "service") {
            let text = fs::read_to_string(&path).unwrap();
            let (unit, service) = text.split_once("[Service]").unwrap();
            assert!(unit.contains("\nStartLimitIntervalSec=0\n"), "{}", path.display());
            assert!(service.contains("\nRestart=always\nRestartSec=2\n"), "{}", path.display());
            units += 1;
        }
    }
    assert_eq!(units, 4);
}
