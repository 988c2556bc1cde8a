//! A broker that speaks TLS only: servers, spawner, agents and the command line trust the authority that
//! `MAESTRO_NATS_CA_FILE` names, and nobody talks to a broker that cannot show who it is.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::path::{Path, PathBuf};

use maestro_tests::cluster::{Cli, Said};
use maestro_tests::nats::{Flavour, Layout, NatsServer};
use maestro_tests::program::Program;
use maestro_tests::stack::program;
use rcgen::{CertifiedKey, generate_simple_self_signed};

const CA: &str = "MAESTRO_NATS_CA_FILE";

/// A certificate for this host, its own authority, and its key.
fn certificate(directory: &Path, name: &str) -> (PathBuf, PathBuf) {
    let files = (directory.join(format!("{name}.crt")), directory.join(format!("{name}.key")));
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(&files.0, cert.pem()).unwrap();
    std::fs::write(&files.1, signing_key.serialize_pem()).unwrap();
    files
}

fn start(name: &str, directory: &Path, variables: &[(&str, &str)]) -> Program {
    let program = Program::new(directory, name, name);
    let data = program.data().display().to_string();
    let mut program =
        variables.iter().fold(program.arguments(&["--data", &data]), |p, (name, value)| p.variable(name, value));
    program.launch();
    program.await_ready();
    program
}

#[test]
fn everybody_checks_whom_they_talk_to() {
    let place = tempfile::Builder::new().prefix("maestro-tls-").tempdir().unwrap();
    let (certificate_file, key) = certificate(place.path(), "broker");
    let (foreign, _) = certificate(place.path(), "foreign");
    let tls = format!(
        "tls {{ cert_file: \"{}\", key_file: \"{}\" }}\ninclude 'accounts.conf'",
        certificate_file.display(),
        key.display()
    );
    let nats = NatsServer::with(Layout::new(Flavour::Secured).edit("include 'accounts.conf'", &tls));
    let url = |user: &str| format!("tls://{user}:{}@127.0.0.1:{}", nats.password(user), nats.port());
    let (core, work, spawner, edge) = (url("core"), url("core-work"), url("spawner"), url("edge"));
    let ca = certificate_file.to_str().unwrap();
    // As docs/hosts.md says for a host that joins.
    let file = |name: &str, address: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, format!("{address}\n")).unwrap();
        path.display().to_string()
    };
    let (spawner_file, edge_file) = (file("spawner-url", &spawner), file("edge-url", &edge));
    let _programs = [
        start("maestro-server", place.path(), &[("MAESTRO_CORE_URL", &core), ("MAESTRO_WORK_URL", &work), (CA, ca)]),
        start(
            "maestro-spawner",
            place.path(),
            &[("MAESTRO_NATS_URL_FILE", &spawner_file), ("MAESTRO_EDGE_URL_FILE", &edge_file), (CA, ca)],
        ),
    ];

    let ann = Cli::new(&edge, "ann").with(CA, ca);
    let done = |said: &Said| assert_eq!(said.code, 0, "{said:?}");
    done(&ann.run(&["project", "create", "web"]));
    done(&ann.run(&["task", "create", "Encrypt"]));
    // The agent has the authority from the environment of its spawner.
    let maestro = program("maestro");
    let script = format!("{0} task start && {0} task complete --summary sealed", maestro.display());
    done(&ann.run(&["session", "spawn", "--task", "t1", "--agent", "shell", "--prompt", &script]));
    let waited = ann.run(&["wait", "t1", "--timeout", "60s"]);
    done(&waited);
    assert_eq!(ann.run(&["task", "get", "t1"]).document()["data"]["summary"], "sealed");

    // Another authority, none, or no encryption: nothing is said to it, and why is said.
    let plain = edge.replace("tls://", "nats://");
    for (address, authority) in [(&edge, foreign.to_str().unwrap()), (&edge, ""), (&plain, ca)] {
        let said = Cli::new(address, "ann").with(CA, authority).run(&["--timeout", "3s", "task", "list"]);
        let document = said.document();
        assert_eq!((said.code, &document["error"]), (6, &"connection_refused".into()), "{document}");
        let message = document["message"].as_str().unwrap();
        assert!(message.contains("TLS"), "{message}");
    }
    let missing = Cli::new(&edge, "ann").with(CA, "/nowhere/ca.pem").run(&["task", "list"]);
    assert_eq!(missing.code, 6, "{missing:?}");
}
