//! A listener that holds so many connections at once. When all places are taken, whoever has waited longest without
//! having been answered anything makes room for the next one: so a crowd that asks for nothing keeps nobody out.
//!
//! A connection that gets no answer for long is not asking for one (it dribbles its request, or sends none): it is
//! closed, so that its place is free for others, as is one whose handshake takes that long. So is one that takes
//! nothing. A WebSocket is pinged more often than that.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
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
    /// Ways to tell a connection that was answered nothing yet that its place is needed; as many as places at most.
    unanswered: VecDeque<oneshot::Sender<()>>,
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
            unanswered: VecDeque::new(),
        }
    }

    /// A place for one more.
    async fn place(&mut self) -> Option<OwnedSemaphorePermit> {
        if self.places.available_permits() == 0 {
            // Those that were answered, or are gone, do not listen any more.
            while let Some(oldest) = self.unanswered.pop_front() {
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
        if self.unanswered.len() > self.places.available_permits() + 64 {
            self.unanswered.retain(|waiting| !waiting.is_closed());
        }
        self.unanswered.push_back(needed);
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
    /// Until it is answered something: says that its place is needed.
    needed: Option<oneshot::Receiver<()>>,
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
                self.needed = None;
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
