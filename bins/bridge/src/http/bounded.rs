//! A listener that holds so many connections at once. When all places are taken, whoever has been here longest without
//! having shown that it may enter makes room for the next one: so a crowd that asks for nothing, or for what anybody may
//! have, keeps nobody out.
//!
//! A connection that gets no answer for long is not asking for one (it dribbles its request, or sends none): it is
//! closed, so that its place is free for others, as is one whose handshake takes that long. So is one that takes
//! nothing. A WebSocket is pinged more often than that.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;

use super::wire::Wire;
use crate::config::Limits;
use crate::metrics::Metrics;

pub struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
    first_answer: Duration,
    silence: Duration,
    tls: Option<watch::Receiver<TlsAcceptor>>,
    metrics: Arc<Metrics>,
    /// Ways to tell a connection of somebody unknown that its place is needed; as many as places at most.
    unknown: VecDeque<oneshot::Sender<()>>,
}

/// Whether somebody who may enter uses a connection.
#[derive(Clone, Debug, Default)]
pub struct Guest(Arc<AtomicBool>);

impl Guest {
    /// From its next answer on the connection keeps its place.
    pub fn is_let_in(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Bounded>> for Guest {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        stream.io().guest.clone()
    }
}

impl Bounded {
    /// `tls`: what connections that come from now on speak, if they do.
    pub fn new(
        listener: TcpListener,
        limits: &Limits,
        tls: Option<watch::Receiver<TlsAcceptor>>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let places = Arc::new(Semaphore::new(limits.connections));
        Self {
            listener,
            places,
            first_answer: limits.first_answer,
            silence: limits.silence,
            tls,
            metrics,
            unknown: VecDeque::new(),
        }
    }

    /// A place for one more.
    async fn place(&mut self) -> Option<OwnedSemaphorePermit> {
        if self.places.available_permits() == 0 {
            // Those that were let in, or are gone, do not listen any more.
            while let Some(oldest) = self.unknown.pop_front() {
                if oldest.send(()).is_ok() {
                    break;
                }
            }
        }
        // The semaphore is never closed.
        self.places.clone().acquire_owned().await.ok()
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let place = self.place().await;
        let (needed, told) = oneshot::channel();
        if self.unknown.len() > self.places.available_permits() + 64 {
            self.unknown.retain(|waiting| !waiting.is_closed());
        }
        self.unknown.push_back(needed);
        // Frames are small and awaited; a socket that cannot be told so is only slower.
        let _ = stream.set_nodelay(true);
        let wire = match &self.tls {
            Some(tls) => Wire::secured(&tls.borrow(), stream, self.metrics.clone()),
            None => Wire::plain(stream),
        };
        let connection = Connection {
            wire,
            patience: Box::pin(tokio::time::sleep(self.first_answer)),
            silence: self.silence,
            needed: Some(told),
            guest: Guest::default(),
            metrics: self.metrics.clone(),
            _place: place,
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that gives its place back when it ends.
pub struct Connection {
    wire: Wire,
    /// Runs out when nothing was written for so long.
    patience: Pin<Box<Sleep>>,
    silence: Duration,
    /// Until it is let in: says that its place is needed.
    needed: Option<oneshot::Receiver<()>>,
    guest: Guest,
    metrics: Arc<Metrics>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Whether nothing was written for too long.
    fn is_silent(&mut self, cx: &mut Context<'_>) -> Option<io::Error> {
        let needed = self.needed.as_mut().is_some_and(|needed| Pin::new(needed).poll(cx).is_ready());
        (needed || self.patience.as_mut().poll(cx).is_ready()).then(|| {
            self.needed = None;
            self.metrics.silent_connections.one();
            io::Error::new(io::ErrorKind::TimedOut, "nothing was asked for, or taken, in time")
        })
    }

    fn written(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Ok(count)) if count > 0 => {
                if self.guest.0.load(Ordering::Relaxed) {
                    self.needed = None;
                }
                let next = Instant::now() + self.silence;
                self.patience.as_mut().reset(next);
                outcome
            }
            // It takes nothing.
            Poll::Pending => self.is_silent(cx).map_or(Poll::Pending, |error| Poll::Ready(Err(error))),
            Poll::Ready(_) => outcome,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.is_silent(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.wire).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.wire).poll_write(cx, buf);
        self.written(cx, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.wire).poll_write_vectored(cx, bufs);
        self.written(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::extract::ConnectInfo;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;
    use tokio::time::timeout;

    use super::*;

    const PLACES: usize = 4;

    /// Serves on a few places, and lets everybody in or nobody.
    async fn serve(lets_in: bool) -> SocketAddr {
        let limits = Limits { connections: PLACES, ..Limits::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounded = Bounded::new(listener, &limits, None, Arc::default());
        let answer = move |ConnectInfo(guest): ConnectInfo<Guest>| async move {
            if lets_in {
                guest.is_let_in();
            }
            "here"
        };
        let service = Router::new().route("/", get(answer)).into_make_service_with_connect_info::<Guest>();
        // Ends with the test's runtime.
        tokio::spawn(async move { axum::serve(bounded, service).await });
        address
    }

    /// One request; the connection stays open.
    async fn ask(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"here") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "closed");
        }
        stream
    }

    #[tokio::test]
    async fn who_was_answered_and_is_unknown_makes_room_and_a_guest_does_not() {
        let open = serve(false).await;
        let mut strangers = Vec::new();
        for _ in 0..=PLACES {
            strangers.push(timeout(Duration::from_secs(10), ask(open)).await.expect("there is a place"));
        }
        let full = serve(true).await;
        let mut guests = Vec::new();
        for _ in 0..PLACES {
            guests.push(ask(full).await);
        }
        let mut another = Box::pin(ask(full));
        assert!(timeout(Duration::from_millis(200), &mut another).await.is_err(), "a guest was sent away");
        guests.pop();
        timeout(Duration::from_secs(10), another).await.expect("a guest left its place");
    }
}
