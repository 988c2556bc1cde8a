//! A connection's bytes: as they are, or through TLS. The handshake is a part of the first read or write, so it never
//! keeps the listener from the next connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use crate::metrics::Metrics;

pub enum Wire {
    Plain(TcpStream),
    Shaking(Box<Accept<TcpStream>>, Arc<Metrics>),
    Secured(Box<TlsStream<TcpStream>>),
    /// No hands were shaken.
    Refused,
}

impl Wire {
    pub fn plain(stream: TcpStream) -> Self {
        Self::Plain(stream)
    }

    pub fn secured(tls: &TlsAcceptor, stream: TcpStream, metrics: Arc<Metrics>) -> Self {
        Self::Shaking(Box::new(tls.accept(stream)), metrics)
    }

    pub fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Shaking(..) | Self::Secured(_) => true,
            Self::Refused => false,
        }
    }

    /// What can be read from and written to, once hands are shaken.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Both>>> {
        if let Self::Shaking(accept, metrics) = self {
            match ready!(Pin::new(accept).poll(cx)) {
                Ok(stream) => *self = Self::Secured(Box::new(stream)),
                Err(error) => {
                    metrics.refused_tls.one();
                    *self = Self::Refused;
                    return Poll::Ready(Err(error));
                }
            }
        }
        match self {
            Self::Plain(stream) => Poll::Ready(Ok(Pin::new(stream))),
            Self::Secured(stream) => Poll::Ready(Ok(Pin::new(&mut **stream))),
            Self::Shaking(..) | Self::Refused => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

trait Both: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Both for T {}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(cx))?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(cx))?.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &*self {
            // There is nobody to say farewell to.
            Self::Shaking(..) | Self::Refused => Poll::Ready(Ok(())),
            Self::Plain(_) | Self::Secured(_) => ready!(self.poll_open(cx))?.poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(cx))?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        Wire::is_write_vectored(self)
    }
}
