//! The private nats-server: its users, its configuration, where it listens.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use maestro_client::{Client, Mode, Options, connect};
use maestro_runtime::{Credentials, Home, render, write_secret};
use maestro_wire::{ErrorBody, ErrorCode};
use rand::RngExt as _;

const LAPTOP: &str = include_str!("../../../../nats/laptop.conf");
const ACCOUNTS: &str = include_str!("../../../../nats/accounts.conf");

/// The static users with the placeholder of each one's password.
const USERS: [(&str, &str); 4] = [
    ("core", "core_password"),
    ("core-work", "core_work_password"),
    ("spawner", "spawner_password"),
    ("edge", "edge_password"),
];

/// The passwords of this home: those that are there, and new ones for users that have none.
pub fn credentials(home: &Home) -> Result<Credentials, ErrorBody> {
    let path = home.credentials();
    let read = Credentials::read(&path).map_err(|error| config_error(&error.to_string()).suggest(error.hint()))?;
    let mut credentials = read.unwrap_or_default();
    let mut new = false;
    for (user, _) in USERS {
        if credentials.password(user).is_none() {
            credentials.passwords.insert(user.to_owned(), secret());
            new = true;
        }
    }
    if new {
        credentials.write(&path).map_err(|error| config_error(&error.to_string()).suggest(error.hint()))?;
    }
    Ok(credentials)
}

/// The bridge's token, made once.
pub fn token(home: &Home) -> Result<(), ErrorBody> {
    let path = home.token();
    let there = std::fs::read_to_string(&path).is_ok_and(|text| !text.trim().is_empty());
    if there {
        return Ok(());
    }
    write_secret(&path, secret().as_bytes()).map_err(|error| config_error(&format!("`{}`: {error}", path.display())))
}

/// Writes `nats.conf` and `accounts.conf`; port 0 lets the broker take a free one.
pub fn configure(home: &Home, credentials: &Credentials, port: u16) -> Result<(), ErrorBody> {
    let directory = home.nats();
    let store = directory.join("store");
    let store = store.to_str().ok_or_else(|| config_error(&format!("`{}` is not Unicode", store.display())))?;
    let main = BTreeMap::from([
        ("server_name", "maestro".to_owned()),
        ("host", "127.0.0.1".to_owned()),
        ("port", if port == 0 { "-1".to_owned() } else { port.to_string() }),
        ("monitor_port", "0".to_owned()),
        ("store_dir", store.to_owned()),
    ]);
    let accounts: BTreeMap<_, _> =
        USERS.iter().map(|&(user, name)| (name, credentials.password(user).unwrap_or_default().to_owned())).collect();
    for (file, template, values) in [("nats.conf", LAPTOP, main), ("accounts.conf", ACCOUNTS, accounts)] {
        let text = render(template, &values).map_err(|error| config_error(&format!("{file}: {error}")))?;
        let path = directory.join(file);
        write_secret(&path, text.as_bytes())
            .map_err(|error| config_error(&format!("`{}`: {error}", path.display())))?;
    }
    Ok(())
}

/// The port of a nats-server that listens, from the file that it writes; `None` before that.
pub fn listening_port(ports_file: &Path) -> Option<u16> {
    let text = std::fs::read_to_string(ports_file).ok()?;
    let ports: serde_json::Value = serde_json::from_str(&text).ok()?;
    ports["nats"][0].as_str()?.rsplit(':').next()?.parse().ok()
}

/// The address for one user. Passwords are letters and digits, so nothing needs escaping.
pub fn address(credentials: &Credentials, user: &str, port: u16) -> String {
    format!("nats://{user}:{}@127.0.0.1:{port}", credentials.password(user).unwrap_or_default())
}

/// Connects as one user, trying for as long as the mode is patient.
pub async fn connect_as(address: &str, mode: Mode) -> Result<Client, ErrorBody> {
    let mut options = Options::new(address, mode).map_err(|error| config_error(&error.to_string()))?;
    options.name = "maestro-up".to_owned();
    Ok(connect(options).await?)
}

fn secret() -> String {
    let bytes: [u8; 24] = rand::rng().random();
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn config_error(text: &str) -> ErrorBody {
    ErrorBody::new(ErrorCode::InvalidConfig, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_private_and_the_passwords_stay() {
        let root = std::env::temp_dir().join(format!("maestro-broker-{}", std::process::id()));
        let home = Home::resolve(Some(&root), &maestro_runtime::Environment::from_lookup(|_| None)).unwrap();
        home.create().unwrap();
        let first = credentials(&home).unwrap();
        assert_eq!(credentials(&home).unwrap(), first);
        configure(&home, &first, 0).unwrap();
        let accounts = std::fs::read_to_string(home.nats().join("accounts.conf")).unwrap();
        assert!(accounts.contains(first.password("edge").unwrap()) && !accounts.contains("{{"));
        assert!(std::fs::read_to_string(home.nats().join("nats.conf")).unwrap().contains("port: -1"));
        token(&home).unwrap();
        let token_text = std::fs::read_to_string(home.token()).unwrap();
        token(&home).unwrap();
        assert_eq!(std::fs::read_to_string(home.token()).unwrap(), token_text);
        std::fs::remove_dir_all(root).unwrap();
    }
}
