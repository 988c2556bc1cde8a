//! What can be seen on this host without a broker.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use maestro_runtime::{Home, StackFile};
use maestro_wire::ErrorBody;

use super::Check;
use crate::context::Context;
use crate::up::binary::{Binaries, version};
use crate::up::dashboard;
use crate::up::preflight::{LEAST_FREE, SCARCE, free_bytes};
use crate::up::stack::{BRIDGE, NATS, SERVER, SPAWNER};

/// `elsewhere`: the broker is not one of this home, so its programs need not be here.
pub fn binaries(ctx: &Context, elsewhere: bool) -> Vec<Check> {
    let away = |name: &str, error: &ErrorBody| {
        if elsewhere {
            Check::ok(name, format!("not needed, the stack is elsewhere: {}", error.message))
        } else {
            Check::error(name, error)
        }
    };
    let own = env!("CARGO_PKG_VERSION");
    let binaries = match Binaries::new(&ctx.environment) {
        Ok(binaries) => binaries,
        Err(error) => return vec![Check::error("maestro", &error)],
    };
    let mut checks = vec![Check::ok("maestro", format!("{own}, {}", binaries.own().display()))];
    for name in [SERVER, SPAWNER, BRIDGE] {
        checks.push(match binaries.program(name) {
            Ok(path) => match version(&path) {
                Some(found) if found == own => Check::ok(name, format!("{found}, {}", path.display())),
                Some(found) => {
                    Check::warn(name, format!("{found} beside maestro {own}: {}", path.display())).then("make build")
                }
                None => Check::fail(name, format!("`{} --version` says no version", path.display())).then("make build"),
            },
            Err(error) => away(name, &error),
        });
    }
    checks.push(match binaries.nats_server() {
        Ok(path) => Check::ok(NATS, format!("{}, {}", version(&path).unwrap_or_default(), path.display())),
        Err(error) => away(NATS, &error),
    });
    checks
}

pub fn home(home: &Home, elsewhere: bool) -> Vec<Check> {
    let root = home.root();
    if !root.is_dir() && elsewhere {
        return vec![Check::ok("home", format!("{} is not there yet", root.display()))];
    }
    if !root.is_dir() {
        return vec![Check::warn("home", format!("{} is not there yet", root.display())).then("maestro up")];
    }
    let private = |path: &Path| mode(path).is_none_or(|mode| mode & 0o077 == 0);
    let mut checks = Vec::new();
    for path in [root.to_path_buf(), home.credentials(), home.token(), home.nats().join("accounts.conf")] {
        if !private(&path) {
            let text = format!("{} can be read by others (mode {:o})", path.display(), mode(&path).unwrap_or_default());
            checks.push(Check::fail("home", text).then(format!("chmod go= {}", path.display())));
        }
    }
    if checks.is_empty() {
        checks.push(Check::ok("home", format!("{}, for its owner only", root.display())));
    }
    checks
}

fn mode(path: &Path) -> Option<u32> {
    path.metadata().ok().map(|metadata| metadata.permissions().mode() & 0o777)
}

pub fn disk(home: &Home) -> Check {
    if !home.root().is_dir() {
        return Check::ok("disk", "nothing stored yet");
    }
    let look = format!("du -sh {}/*", home.root().display());
    match free_bytes(home) {
        Ok(free) if free < LEAST_FREE => {
            Check::fail("disk", format!("{} MiB free: the ledger soon takes nothing", free >> 20)).then(look)
        }
        Ok(free) if free < SCARCE => Check::warn("disk", format!("{} MiB free", free >> 20)).then(look),
        Ok(free) => Check::ok("disk", format!("{} GiB free", free >> 30)),
        Err(error) => Check::warn("disk", format!("free space is not known: {error}")),
    }
}

pub fn stack(home: &Home, stack: Option<&StackFile>, elsewhere: bool) -> Check {
    match stack {
        Some(stack) => match stack.missing().as_slice() {
            [] => {
                let dashboard = stack.bridge_url.as_deref().unwrap_or("no dashboard");
                Check::ok("stack", format!("{} programs, {dashboard}", stack.processes.len()))
            }
            [first, ..] => {
                let away = stack.missing().join(", ");
                let text = format!("{} of {} programs serve; not: {away}", stack.processes.len(), stack.planned.len());
                Check::fail("stack", text).then(format!("maestro logs {first}"))
            }
        },
        None if elsewhere => Check::ok("stack", "none in this home; the broker was named"),
        None if home.stack().exists() => {
            Check::fail("stack", "`maestro up` of this home was killed; the next one cleans up")
                .then("maestro up --detach")
        }
        None => Check::fail("stack", format!("none runs in {}", home.root().display())).then("maestro up --detach"),
    }
}

/// Whether the page of a running stack is of use.
pub async fn dashboard(stack: &StackFile) -> Check {
    let logs = format!("maestro logs {BRIDGE}");
    let Some(url) = stack.bridge_url.as_deref() else {
        return Check::fail("dashboard", "it does not serve").then(logs);
    };
    match dashboard::ready(url.trim_start_matches("http://")).await {
        Ok(()) => Check::ok("dashboard", format!("{url}, follows the ledger")),
        Err(why) => Check::fail("dashboard", format!("{url}: {why}")).then(logs),
    }
}

/// Only asked while no stack of this home runs: then the usual ports should be free.
pub fn ports() -> Vec<Check> {
    let taken = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_err();
    let ports = [(7372, "--port"), (7373, "--bridge-port")];
    let checks = ports.iter().filter(|(port, _)| taken(port)).map(|(port, flag)| {
        Check::warn("ports", format!("another program has port {port}"))
            .then(format!("maestro up {flag} {}", port + 100))
    });
    let checks: Vec<Check> = checks.collect();
    if checks.is_empty() { vec![Check::ok("ports", "7372 and 7373 are free")] } else { checks }
}
