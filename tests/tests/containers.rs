//! The files of the containers agree with the code. That they run is shown by `make test-compose`.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use maestro_tests::nats::nats_server_binary;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every `MAESTRO_…` in a text that `before` stands in front of.
fn settings(text: &str, before: &str) -> BTreeSet<String> {
    let starts = text.match_indices("MAESTRO_").filter(|(at, _)| text[..*at].ends_with(before));
    let name = |at: usize| -> String {
        text[at..].chars().take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_').collect()
    };
    starts.map(|(at, _)| name(at)).filter(|name| !name.ends_with('_')).collect()
}

fn sources(directory: &Path, found: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("ui") && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_example_lists_every_setting_and_no_other() {
    let mut code = String::new();
    for folder in ["bins", "shared"] {
        sources(&root().join(folder), &mut code);
    }
    let mut used = settings(&code, "\"");
    // `secret` makes the second name of the first.
    for name in [
        "MAESTRO_CORE_URL",
        "MAESTRO_WORK_URL",
        "MAESTRO_SPAWNER_URL",
        "MAESTRO_EDGE_URL",
        "MAESTRO_NATS_URL",
        "MAESTRO_STREAM_REPLICAS",
        "MAESTRO_LEDGER_MAX_BYTES",
    ] {
        assert!(used.contains(name), "{name}");
        used.insert(format!("{name}_FILE"));
    }
    used.extend(settings(&read("compose.yaml"), "${"));
    for name in ["install.sh", "configure.sh", "pack.sh"] {
        used.extend(settings(&read(&format!("deploy/{name}")), "${"));
    }
    let listed = settings(&read("compose.env.example"), "");
    let missing: Vec<_> = used.difference(&listed).collect();
    assert!(missing.is_empty(), "compose.env.example does not list {missing:?}");
    let unknown: Vec<_> = listed.difference(&used).collect();
    assert!(unknown.is_empty(), "nothing reads {unknown:?} of compose.env.example");
}

/// A program of a stack has the settings that the stack gives it, and none that were meant for one that stands alone.
#[test]
fn a_stack_hands_on_no_setting_of_a_program_that_stands_alone() {
    let example = read("compose.env.example");
    let alone = example.split("# ---- ").find(|part| part.starts_with("programs that stand alone")).unwrap();
    let program = read("bins/cli/src/up/program.rs");
    let taken = settings(program.split("];").next().unwrap(), "\"");
    // Those of the bridge that `maestro up` gives it as arguments; its names and the ledger's size, which may come from the
    // environment.
    let kept = [
        "MAESTRO_BRIDGE_LISTEN",
        "MAESTRO_BRIDGE_URL",
        "MAESTRO_BRIDGE_ALLOW_HOSTS",
        "MAESTRO_LEDGER_MAX_BYTES",
        "MAESTRO_LEDGER_MAX_BYTES_FILE",
    ];
    let left: Vec<String> = settings(alone, "#")
        .into_iter()
        .filter(|name| !taken.contains(name) && !kept.contains(&name.as_str()))
        .collect();
    assert!(left.is_empty(), "`maestro up` hands on {left:?}");
}

/// One service alone builds each image, and whoever brings a spawner's image of his own keeps it.
#[test]
fn a_build_makes_maestros_own_images_and_no_others() {
    let compose: serde_json::Value = serde_yaml_ng::from_str(&read("compose.yaml")).unwrap();
    let services = compose["services"].as_object().unwrap();
    let merged = |service: &serde_json::Value, key: &str| {
        let of = [&service[key], &service["<<"][key]];
        of.into_iter().find(|value| !value.is_null()).cloned()
    };
    let mut own = BTreeSet::new();
    for (name, service) in services {
        let image = merged(service, "image").unwrap();
        let image = image.as_str().unwrap();
        match merged(service, "build") {
            Some(build) => {
                let target = build["target"].as_str().unwrap();
                assert_eq!(image, format!("${{MAESTRO_IMAGES:-maestro}}-{target}:${{MAESTRO_TAG:-latest}}"), "{name}");
                own.insert(target.to_owned());
            }
            None => {
                let known = "${MAESTRO_IMAGES:-maestro}-spawner:${MAESTRO_TAG:-latest}";
                assert_eq!(image, format!("${{MAESTRO_SPAWNER_IMAGE:-{known}}}"), "{name}");
                let after = &service["depends_on"]["spawner-image"]["condition"];
                assert_eq!(
                    after, "service_completed_successfully",
                    "{name}: a first start would look for the image elsewhere"
                );
            }
        }
    }
    assert_eq!(own, ["bridge", "cli", "nats", "server", "spawner"].map(str::to_owned).into());
}

/// Nothing is published beyond loopback, and every published port can be changed.
#[test]
fn ports_are_published_on_loopback_only() {
    let compose = read("compose.yaml");
    let ports: Vec<_> = compose.lines().map(str::trim).filter(|line| line.starts_with("ports:")).collect();
    assert!(ports.len() >= 5, "{ports:?}");
    for line in ports {
        assert!(line.starts_with("ports: [\"127.0.0.1:${MAESTRO_"), "{line}");
    }
}

/// The images are made from one base, and nothing else is pulled.
#[test]
fn one_base_image_is_enough() {
    let dockerfile = read("Dockerfile");
    let mut stages = BTreeSet::from(["${BASE}"]);
    for line in dockerfile.lines().filter(|line| line.starts_with("FROM ")) {
        let words: Vec<&str> = line.split(' ').collect();
        assert!(stages.contains(words[1]), "{line} pulls another image");
        stages.insert(words[3]);
    }
    assert!(!dockerfile.contains("syntax="), "a frontend would be pulled too");
    for target in ["server", "bridge", "spawner", "cli", "nats"] {
        assert!(stages.contains(target), "no target {target}");
    }
}

/// Runs `init` on directories instead of volumes.
fn init(secrets: &Path, settings: &[(&str, &str)]) -> Output {
    for name in ["own", "nats", "nats-2", "nats-3", "server", "bridge", "spawner", "cli"] {
        std::fs::create_dir_all(secrets.join(name)).unwrap();
    }
    Command::new("bash")
        .arg(root().join("containers/init.sh"))
        .env("MAESTRO_SECRETS", secrets)
        .env("MAESTRO_CERTS", secrets.join("certs"))
        .env("MAESTRO_TEMPLATES", root().join("nats"))
        .envs(settings.iter().copied())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What `init` writes is a configuration that a broker takes, with the paths of these directories.
fn broker_takes(secrets: &Path, name: &str) {
    let file = secrets.join(name).join("nats.conf");
    let text = std::fs::read_to_string(&file).unwrap();
    let here = secrets.join(name).join("here.conf");
    std::fs::write(&here, text.replace("/run/maestro", secrets.join(name).to_str().unwrap())).unwrap();
    let tested = Command::new(nats_server_binary()).arg("-t").arg("-c").arg(&here).output().unwrap();
    assert!(tested.status.success(), "{}", said(&tested));
}

/// Nothing else of Maestro needs the openssl command; the images and Debian with certificate authorities have it.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "written for the images")]
fn init_keeps_passwords_and_turns_tls_on() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    let cluster = ("MAESTRO_PROFILES", "cluster");

    let plain = init(place.path(), &[cluster]);
    assert!(plain.status.success(), "{}", said(&plain));
    let address = file("server/core-url");
    assert!(address.starts_with("nats://core:"), "{address}");
    broker_takes(place.path(), "nats-2");
    assert!(!file("nats-2/nats.conf").contains("tls"));

    let encrypted =
        init(place.path(), &[cluster, ("MAESTRO_NATS_TLS", "1"), ("MAESTRO_NATS_NAMES", "a.example,192.0.2.7")]);
    assert!(encrypted.status.success(), "{}", said(&encrypted));
    assert_eq!(file("server/core-url"), address.replace("nats://", "tls://"), "the passwords are those of before");
    for broker in ["nats", "nats-2", "nats-3"] {
        broker_takes(place.path(), broker);
        assert_eq!(file(&format!("{broker}/nats.conf")).matches("tls {").count(), 2, "clients and routes");
        assert!(!place.path().join(broker).join("authority.key").exists());
    }

    // Certificates of somebody else, for another name or not there.
    let certs = place.path().join("certs");
    std::fs::create_dir(&certs).unwrap();
    std::fs::copy(place.path().join("own/ca.crt"), certs.join("ca.crt")).unwrap();
    for (kind, given) in [("crt", "nats.crt"), ("key", "nats.key"), ("crt", "nats-2.crt"), ("key", "nats-2.key")] {
        std::fs::copy(place.path().join(format!("nats/tls.{kind}")), certs.join(given)).unwrap();
    }
    let foreign = init(place.path(), &[cluster, ("MAESTRO_NATS_TLS", "1")]);
    assert!(!foreign.status.success() && said(&foreign).contains("for the name 'nats-2'"), "{}", said(&foreign));
    std::fs::remove_file(certs.join("nats.key")).unwrap();
    let missing = init(place.path(), &[cluster, ("MAESTRO_NATS_TLS", "1")]);
    assert!(!missing.status.success() && said(&missing).contains("no nats.key"), "{}", said(&missing));

    for settings in [[cluster, ("MAESTRO_NATS_TLS", "yes")], [("MAESTRO_PROFILES", ""), ("MAESTRO_NATS_TLS", "")]] {
        let refused = init(place.path(), &settings);
        assert!(!refused.status.success() && said(&refused).contains("hint:"), "{}", said(&refused));
    }
}
