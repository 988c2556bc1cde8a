//! Where each setting comes from.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::path::Path;
use std::time::Duration;

use maestro_runtime::{Config, ConfigError, ConfigFile, Environment, Key, Origin, OutputMode, Partial};

fn environment(pairs: &'static [(&'static str, &'static str)]) -> Environment {
    Environment::from_lookup(move |name| {
        pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

fn resolve(flags: Partial, env: &'static [(&'static str, &'static str)], file: ConfigFile) -> Config {
    let environment = Partial::from_environment(&environment(env)).unwrap();
    let file = Partial::from_file(&file, Path::new("/h/config.toml")).unwrap();
    let stack = Partial::from_stack("nats://stack:1".to_owned(), Path::new("/h/stack.json"));
    flags.or(environment).or(file).or(stack).resolve()
}

#[test]
fn flags_win_over_environment_over_file_over_stack_over_defaults() {
    let file = ConfigFile {
        server: Some("nats://file:1".into()),
        retries: Some(9),
        output_mode: Some("json".into()),
        ..ConfigFile::default()
    };
    let env: &[_] = &[("MAESTRO_NATS_URL", "nats://env:1"), ("MAESTRO_RETRIES", "7")];
    let all = resolve(Partial::from_flags(Some("nats://flag:1".into()), None, None), env, file.clone());
    assert_eq!(all.server.unwrap().origin, Origin::Flag);
    let environment = resolve(Partial::default(), env, file.clone());
    assert_eq!(environment.server.unwrap().value, "nats://env:1");
    assert_eq!(environment.retries.value, 7);
    assert_eq!(environment.output_mode.value, OutputMode::Json);
    assert_eq!(environment.retry_delay.origin, Origin::Default);
    assert_eq!(resolve(Partial::default(), &[], file).server.unwrap().value, "nats://file:1");
    let stack = resolve(Partial::default(), &[], ConfigFile::default());
    assert_eq!(stack.server.unwrap().origin, Origin::Stack("/h/stack.json".into()));
}

#[test]
fn listing_names_origins_and_hides_passwords() {
    let env: &[_] = &[("MAESTRO_NATS_URL", "nats://edge:hidden@h:1"), ("MAESTRO_RETRY_DELAY", "50")];
    let config = resolve(Partial::default(), env, ConfigFile::default());
    assert_eq!(config.retry_delay.value, Duration::from_millis(50));
    let listed = config.list();
    assert_eq!(listed.len(), Key::ALL.len());
    assert_eq!(listed[0].value.as_deref(), Some("nats://edge:***@h:1"));
    assert_eq!(listed[0].origin.to_string(), "environment MAESTRO_NATS_URL");
    assert_eq!(config.get(Key::DefaultProject).value, None);
}

#[test]
fn nonsense_is_named_with_its_origin() {
    let error = Partial::from_environment(&environment(&[("MAESTRO_OUTPUT", "xml")])).unwrap_err();
    assert!(error.to_string().contains("environment MAESTRO_OUTPUT"), "{error}");
    assert_eq!("colour".parse::<Key>(), Err(ConfigError::UnknownKey("colour".into())));
    assert_eq!("DEFAULTPROJECT".parse::<Key>(), Ok(Key::DefaultProject));
}
