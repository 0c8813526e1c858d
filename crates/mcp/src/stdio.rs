//! stdin and stdout as the transport, without a thread between them and the loop where the system
//! allows it: pipes on Linux, and the Unix sockets that Node-based clients hand to their children.
//! The reader tells when the client has gone, so that calls under way can be cancelled and settled.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rmcp::RoleServer;
use rmcp::model::JsonRpcMessage;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

/// What the loop reads from.
pub(crate) type Reader = Watched<Box<dyn AsyncRead + Send + Unpin>>;
/// What the loop writes to.
pub(crate) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// The longest message: two images of 20 MB in base64 and the text around them.
pub(crate) const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// Opens stdin and stdout. `gone` is cancelled when stdin ends.
pub(crate) fn open(gone: CancellationToken) -> (Reader, Writer) {
    #[cfg(unix)]
    if let Some((reader, writer)) = sockets() {
        return (Watched { reader: Box::new(reader), gone }, Box::new(writer));
    }
    let (reader, writer) = rmcp::transport::io::stdio_pipes();
    (Watched { reader: Box::new(reader), gone }, Box::new(writer))
}

/// Both standard streams as Unix sockets, where both are.
#[cfg(unix)]
fn sockets() -> Option<(tokio::net::UnixStream, tokio::net::UnixStream)> {
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::fs::FileTypeExt;

    let socket = |fd: OwnedFd| {
        let file = std::fs::File::from(fd);
        if !file.metadata().ok()?.file_type().is_socket() {
            return None;
        }
        let stream = std::os::unix::net::UnixStream::from(OwnedFd::from(file));
        stream.set_nonblocking(true).ok()?;
        Some(stream)
    };
    let stdin = socket(io::stdin().as_fd().try_clone_to_owned().ok()?)?;
    let Some(stdout) = socket(io::stdout().as_fd().try_clone_to_owned().ok()?) else {
        // The flag belongs to the socket, not to our copy of it.
        let _ = stdin.set_nonblocking(false);
        return None;
    };
    Some((tokio::net::UnixStream::from_std(stdin).ok()?, tokio::net::UnixStream::from_std(stdout).ok()?))
}

/// A reader that tells when its other end has closed.
pub(crate) struct Watched<R> {
    reader: R,
    gone: CancellationToken,
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (before, room) = (buf.filled().len(), buf.remaining());
        let poll = Pin::new(&mut this.reader).poll_read(cx, buf);
        let ended = match &poll {
            Poll::Ready(Ok(())) => room > 0 && buf.filled().len() == before,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if ended {
            this.gone.cancel();
        }
        poll
    }
}

/// A transport that hands on nothing before the first request: a notification that arrives early, such
/// as a cancellation of what was never asked, would otherwise end the session before it began.
pub(crate) struct FromFirstRequest<T> {
    inner: T,
    begun: bool,
}

impl<T> FromFirstRequest<T> {
    pub(crate) const fn new(inner: T) -> Self {
        Self { inner, begun: false }
    }
}

impl<T: Transport<RoleServer>> Transport<RoleServer> for FromFirstRequest<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            let message = self.inner.receive().await?;
            self.begun |= matches!(message, JsonRpcMessage::Request(_));
            if self.begun {
                return Some(message);
            }
            tracing::warn!("a message before the first request was dropped");
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn the_end_of_the_input_is_told_and_only_the_end() {
        let gone = CancellationToken::new();
        let (mut client, server) = tokio::io::duplex(64);
        let mut reader = Watched { reader: server, gone: gone.clone() };
        client.write_all(b"{}\n").await.unwrap();
        let mut line = [0; 3];
        reader.read_exact(&mut line).await.unwrap();
        assert!(!gone.is_cancelled(), "the client is still there");
        drop(client);
        assert_eq!(reader.read(&mut line).await.unwrap(), 0);
        assert!(gone.is_cancelled());
    }
}
