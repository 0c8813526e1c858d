//! A loopback listener whose connections can be ended from inside: closed as a network closes them,
//! in the middle, with or without a reset.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Ends one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct End(Arc<State>);

#[derive(Debug, Default)]
struct State {
    ended: AtomicBool,
    reset: AtomicBool,
    waker: AtomicWaker,
}

impl End {
    /// From now on the connection is gone. What was written before is still delivered, except that a
    /// reset may overtake it.
    pub(crate) fn now(&self, reset: bool) {
        self.0.reset.store(reset, Ordering::Release);
        self.0.ended.store(true, Ordering::Release);
        self.0.waker.wake();
    }
}

impl Connected<IncomingStream<'_, Loopback>> for End {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Self {
        stream.io().end.clone()
    }
}

/// Accepts connections on 127.0.0.1, without Nagle's delay: a piece of a stream leaves when it is made.
#[derive(Debug)]
pub(crate) struct Loopback(pub(crate) TcpListener);

impl Listener for Loopback {
    type Io = Socket;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Socket, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok((stream, address)) if stream.set_nodelay(true).is_ok() => {
                    return (Socket { stream, end: End::default() }, address);
                }
                // The connection is gone already, or there are too many: others may go on meanwhile.
                Ok(_) | Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    end: End,
}

impl Socket {
    fn check(&self, cx: &Context<'_>) -> io::Result<()> {
        self.end.0.waker.register(cx.waker());
        if self.end.0.ended.load(Ordering::Acquire) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.end.0.reset.load(Ordering::Acquire) {
            // Failing here leaves an ordinary close, and nobody to tell.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
