//! A listener that accepts so many connections at once; the next ones wait in the system's queue.
//!
//! A connection that gets no answer for long is not asking for one (it dribbles its request, or sends none): it is
//! closed, so that its place is free for others, as is one whose handshake takes that long. So is one that takes nothing. A WebSocket is pinged more often than that.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
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
        Self { listener, places, first_answer: limits.first_answer, silence: limits.silence, tls, metrics }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // The semaphore is never closed.
        let place = self.places.clone().acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
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
    metrics: Arc<Metrics>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Whether nothing was written for too long.
    fn is_silent(&mut self, cx: &mut Context<'_>) -> Option<io::Error> {
        self.patience.as_mut().poll(cx).is_ready().then(|| {
            self.metrics.silent_connections.one();
            io::Error::new(io::ErrorKind::TimedOut, "nothing was asked for, or taken, in time")
        })
    }

    fn written(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Ok(count)) if count > 0 => {
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
