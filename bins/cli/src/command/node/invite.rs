//! `node invite`: how another host joins.

use std::path::PathBuf;

use clap::Args;
use maestro_domain::PoolName;
use maestro_runtime::{Credentials, StackFile};
use maestro_wire::{ErrorBody, ErrorCode};
use serde::Serialize;

use crate::context::Context;
use crate::output::{DIM, Output, WARN, internal, paint};

/// Write an invitation, and print the one line that lets another host run sessions
///
/// The passwords are in the file, which only you can read; nothing that is printed holds one. The other host needs
/// `maestro`, `maestro-spawner` and the agents' own programs. The broker of `maestro up` listens on this host alone, so the
/// line takes the connection there through ssh, and it lasts as long as that. Where something else leads to that broker (a
/// VPN, a forwarded port), --address names it. A broker that listens for others needs no invitation: the other host's
/// spawner has its addresses in MAESTRO_NATS_URL_FILE and MAESTRO_EDGE_URL_FILE (docs/hosts.md).
#[derive(Args, Debug)]
pub struct InviteArgs {
    /// The other host, as ssh knows it
    #[arg(value_name = "HOST", value_parser = host)]
    pub host: String,
    /// What leads the other host to the broker of `maestro up`, as in vpn.example.org:7372 [default: ssh]
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub address: Option<String>,
    /// The pool it joins [default: default]
    #[arg(long)]
    pub pool: Option<PoolName>,
    /// The file to write [default: invite-<host>.json in the home]
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What the other host's spawner reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invitation {
    nats_url: String,
    edge_url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    file: PathBuf,
    /// The line to type here.
    command: String,
    /// What must be so for it to work.
    needs: Vec<String>,
}

pub fn run(args: &InviteArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let home = ctx.home()?;
    let unreadable = |error: maestro_runtime::StackError| {
        ErrorBody::new(ErrorCode::StackNotRunning, error.to_string()).commands(["maestro up", "maestro doctor"])
    };
    let Some(stack) = StackFile::read(&home.stack()).map_err(unreadable)? else {
        let text = format!("no stack runs in {}: only its own host can invite to it", home.root().display());
        return Err(ErrorBody::new(ErrorCode::StackNotRunning, text).commands(["maestro up --detach"]));
    };
    let credentials = Credentials::read(&stack.credentials_file).map_err(unreadable)?;
    let here = stack.nats_url.trim_start_matches("nats://").to_owned();
    let there = args.address.clone().unwrap_or_else(|| here.clone());
    let url = |user: &str| -> Result<String, ErrorBody> {
        let password = credentials.as_ref().and_then(|known| known.password(user));
        let password = password.ok_or_else(|| internal(format!("the home knows no password of '{user}'")))?;
        Ok(format!("nats://{user}:{password}@{there}"))
    };
    let invitation = Invitation { nats_url: url("spawner")?, edge_url: url("edge")? };
    let file = args.output.clone().unwrap_or_else(|| home.root().join(format!("invite-{}.json", args.host)));
    let bytes = serde_json::to_vec(&invitation).map_err(|error| internal(error.to_string()))?;
    maestro_runtime::write_secret(&file, &bytes).map_err(|error| {
        ErrorBody::new(ErrorCode::FileNotFound, format!("{} cannot be written: {error}", file.display()))
            .suggest("name another file with --output")
            .commands(["maestro node invite --help"])
    })?;
    let told = told(args, file, here.rsplit(':').next().unwrap_or("7372"));
    let text = format!(
        "{}\n{}\n{}",
        told.command,
        paint(WARN, format!("{} holds passwords: whoever has it can command every project", told.file.display())),
        told.needs.iter().map(|need| paint(DIM, format!("needs: {need}"))).collect::<Vec<_>>().join("\n")
    );
    Ok(Output::new(&told, move || text))
}

fn told(args: &InviteArgs, file: PathBuf, port: &str) -> Told {
    let host = &args.host;
    let pool = args.pool.as_ref().map_or_else(String::new, |pool| format!(" --pool {pool}"));
    let tunnel = if args.address.is_none() { format!("-R {port}:127.0.0.1:{port} ") } else { String::new() };
    let shown = file.display().to_string();
    let quoted = shlex::try_quote(&shown).map(std::borrow::Cow::into_owned).unwrap_or_else(|_| shown.clone());
    let command = format!(
        "scp -p {quoted} {host}:maestro-invite.json && ssh {tunnel}{host} maestro-spawner --invite maestro-invite.json{pool}"
    );
    let mut needs = vec![
        format!("maestro and maestro-spawner {} on the PATH of {host}", env!("CARGO_PKG_VERSION")),
        format!("the agents' own programs on {host}, logged in there"),
    ];
    match &args.address {
        None => needs.push(format!("port {port} free on {host}; the connection and its sessions' reports last as long as the ssh")),
        Some(address) => needs.push(format!(
            "a broker that listens at {address} and is reached from {host}; without TLS passwords cross the network in the clear"
        )),
    }
    Told { file, command, needs }
}

/// A name that ssh takes and that can be part of a line and of a file's name.
fn host(text: &str) -> Result<String, String> {
    let fits = !text.is_empty()
        && text.len() <= 255
        && !text.starts_with(['-', '.'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@'));
    if fits {
        Ok(text.to_owned())
    } else {
        Err("a host's name is expected, as in build-7 or ann@build-7.example.org".to_owned())
    }
}

fn address(text: &str) -> Result<String, String> {
    let (name, port) = text.rsplit_once(':').ok_or("HOST:PORT is expected")?;
    let named =
        name.starts_with('[') && name.ends_with(']') && name[1..name.len() - 1].parse::<std::net::Ipv6Addr>().is_ok();
    if port.parse::<u16>().is_ok_and(|port| port > 0) && (named || host(name).is_ok_and(|name| !name.contains('@'))) {
        Ok(text.to_owned())
    } else {
        Err("HOST:PORT is expected, as in broker.example.org:7372".to_owned())
    }
}
