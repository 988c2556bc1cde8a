//! The broker without the product: an echo behind an export between accounts, and a stream of the ledger's settings in
//! an account of its own.

use std::time::Duration;

use anyhow::Context;
use async_nats::jetstream::{self, stream};
use bytes::Bytes;
use futures::StreamExt;
use maestro_tests::nats::{Flavour, Layout};
use tokio::task::JoinSet;

/// Asked by EDGE, answered in WORK: the way of a command without the server.
pub const ECHO: &str = "maestro.v1.node.raw.echo";
const SECRET: &str = "raw-secret";

/// The product's configuration and, beside its accounts, one for raw appends.
pub fn layout() -> Layout {
    let account =
        format!("accounts {{\n  RAW {{ jetstream: enabled, users: [{{ user: \"raw\", password: \"{SECRET}\" }}] }}\n");
    Layout::new(Flavour::Secured).edit("accounts {", &account)
}

/// An async-nats client as a careful program would set it up.
pub async fn connect(url: &str, user: &str, password: &str) -> anyhow::Result<async_nats::Client> {
    async_nats::ConnectOptions::new()
        .user_and_password(user.to_owned(), password.to_owned())
        .request_timeout(Some(Duration::from_secs(5)))
        .connect(url)
        .await
        .with_context(|| format!("connecting as {user}"))
}

pub async fn connect_raw(url: &str) -> anyhow::Result<async_nats::Client> {
    connect(url, "raw", SECRET).await
}

/// Answers what it is asked, until the set is dropped.
pub async fn echo(client: async_nats::Client) -> anyhow::Result<JoinSet<()>> {
    let mut requests = client.subscribe(ECHO).await?;
    client.flush().await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Some(request) = requests.next().await {
            let Some(reply) = request.reply else { continue };
            if client.publish(reply, request.payload).await.is_err() {
                break;
            }
        }
    });
    Ok(tasks)
}

/// The ledger's stream in the account RAW.
pub async fn stream(client: &async_nats::Client) -> anyhow::Result<jetstream::Context> {
    let context = jetstream::new(client.clone());
    let config = stream::Config {
        name: "RAW".into(),
        subjects: vec!["raw.*".into()],
        storage: stream::StorageType::File,
        compression: Some(stream::Compression::S2),
        discard: stream::DiscardPolicy::New,
        allow_direct: true,
        ..stream::Config::default()
    };
    context.create_stream(config).await.context("the raw stream")?;
    Ok(context)
}

/// One append whose acknowledgement is awaited.
pub async fn append(context: &jetstream::Context, payload: Bytes) -> anyhow::Result<()> {
    context.publish("raw.x", payload).await?.await?;
    Ok(())
}
