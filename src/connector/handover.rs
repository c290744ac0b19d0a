//! A new connection takes the place of one that works, to show the broker another certificate, and
//! without a moment in which nobody is there.
//!
//! Our broker lets a newer connection of an identity replace the older one. So the new one is made up
//! to its CONNECTED, and if that fails the old one stays. Then nothing more is sent by the old one,
//! and the broker says that it has handled all that was. All subscriptions go out on the new one at
//! once: with the first of them the broker ends the old one, and what it had sent by that is read to
//! its end. A broker of others would deliver twice, and keeps its connections.

use std::time::Duration;

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, timeout, timeout_at},
};

use super::{
    Server, classify,
    dial::{Stream, dial},
    link::Link,
    problem::{Problem, Stage},
    session::Session,
};

/// A session without subscriptions, on a stream of its own.
pub(super) struct Successor {
    session: Session,
    stream: Box<dyn Stream>,
}

/// Makes the new connection, however often that has to be tried.
pub(super) async fn succeed(server: Server, mut session: Session, within: Duration) -> Successor {
    loop {
        match open(&server, &mut session, within).await {
            Ok(stream) => return Successor { session, stream },
            Err(problem) => {
                tracing::warn!(
                    "cannot connect anew, and stays connected as before: {problem}; next attempt in {}",
                    humantime::format_duration(PAUSE)
                );
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn open(
    server: &Server,
    session: &mut Session,
    within: Duration,
) -> Result<Box<dyn Stream>, Problem> {
    let until = Instant::now() + within;
    let broken = |error| classify::stream(&error, server.tls.as_ref());
    let late = |_| Problem::Timeout {
        stage: Stage::Session,
        after: within,
    };
    let mut stream = dial(server, until, within).await?;
    session.connect(&server.user, &server.password, until.into_std(), within);
    let mut chunk = BytesMut::with_capacity(CHUNK);
    while !session.is_open() {
        let talking = async {
            write(session, &mut stream).await?;
            stream.read_buf(&mut chunk).await
        };
        let read = timeout_at(until, talking).await.map_err(late)?;
        if read.map_err(broken)? == 0 {
            return Err(session.handle_end());
        }
        session.handle_bytes(now(), &chunk)?;
        chunk.clear();
    }
    Ok(stream)
}

/// Writes all that a session has to say, as one piece.
async fn write(session: &mut Session, stream: &mut Box<dyn Stream>) -> std::io::Result<()> {
    let mut bytes = BytesMut::new();
    while let Some(next) = session.poll_transmit(now()) {
        bytes.extend_from_slice(&next);
    }
    stream.write_all(&bytes).await?;
    stream.flush().await
}

impl Link {
    /// Puts the successor in the place of the session, whose stream is `old`, and gives its stream.
    pub(super) async fn hand_over(
        &mut self,
        server: &Server,
        successor: Successor,
        mut old: impl tokio::io::AsyncRead + Unpin,
    ) -> Result<Box<dyn Stream>, Problem> {
        let Successor {
            session,
            mut stream,
        } = successor;
        let mut before = std::mem::replace(&mut self.session, session);
        self.session.take_over(&before);
        timeout(PATIENCE, write(&mut self.session, &mut stream))
            .await
            .unwrap_or_else(|late| Err(late.into()))
            .map_err(|error| classify::stream(&error, server.tls.as_ref()))?;
        let until = Instant::now() + PATIENCE;
        let mut chunk = BytesMut::with_capacity(CHUNK);
        let mut ended = false;
        loop {
            while let Some(event) = before.poll_event(now()) {
                let event = self.opened(event, server, &mut true);
                if self.tell(event).await.is_none() {
                    return Ok(stream);
                }
            }
            if ended {
                return Ok(stream);
            }
            let read = timeout_at(until, old.read_buf(&mut chunk)).await;
            ended = !matches!(read, Ok(Ok(1..))) || before.handle_bytes(now(), &chunk).is_err();
            chunk.clear();
        }
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// Bytes read at once.
const CHUNK: usize = 8 * 1024;

/// How long a broker that works may take to let the new connection in the place of the old one.
const PATIENCE: Duration = Duration::from_secs(10);

/// From one attempt to the next.
const PAUSE: Duration = Duration::from_mins(1);
