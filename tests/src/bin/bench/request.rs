//! The least that a program can do: connect with async-nats, ask once, end. Measured beside `maestro task get`.

use std::{process::ExitCode, time::Duration};

use async_nats::{ConnectOptions, ReconnectToServer};

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(ask())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

async fn ask() -> anyhow::Result<()> {
    let url = std::env::var("BENCH_URL")?;
    let subject = std::env::var("BENCH_SUBJECT")?;
    let password = std::env::var("BENCH_PASSWORD")?;
    let client = ConnectOptions::new()
        .user_and_password("edge".to_owned(), password)
        .request_timeout(Some(Duration::from_secs(5)))
        .reconnect_to_server_callback(|servers, _| async move {
            let next = servers.first()?;
            Some(ReconnectToServer { addr: next.addr.clone(), delay: Some(Duration::ZERO) })
        })
        .connect(url)
        .await?;
    client.request(subject, vec![b'x'; 120].into()).await?;
    Ok(())
}
