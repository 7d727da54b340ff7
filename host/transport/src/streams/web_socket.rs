//! SIP over WebSocket, the server's side (RFC 7118 on RFC 6455).
//!
//! ```text
//!  HTTP upgrade ─ no subprotocol `sip` ▶ 400
//!       │
//!       ▼            ┌─ reader ─▶ one message to a WebSocket message, text or binary
//!  established ──────┤              └▶ CRLF CRLF ─▶ outbox       (pings are answered beneath)
//!                    └─ writer ◀─ outbox, pings
//! ```
//! In: an accepted TCP or TLS stream. Out: whole messages. Messages leave as text where they are UTF-8, else as
//! binary; the peer must take both (RFC 7118 §5.1). Not here: being a client, which an element of the network has
//! no use for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header::SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::outbox::{Next, Outgoing};
use super::session::{FAREWELL, Session, WRITE_BATCH};
use super::{CloseReason, StreamLimits};

/// Bytes that a read takes at a time; every connection holds as many.
const READ_SIZE: usize = 4096;

/// Bytes gathered before they are written, unless the outbox is empty.
const WRITE_SIZE: usize = 16 * 1024;

/// Does the HTTP upgrade. The subprotocol `sip` must be among those offered (RFC 7118 §4.1), else the answer is 400.
pub(super) async fn upgrade<S>(stream: S, limits: &StreamLimits) -> Result<WebSocketStream<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_SIZE)
        .write_buffer_size(WRITE_SIZE)
        .max_write_buffer_size(WRITE_SIZE + limits.max_queued_bytes.max(limits.max_message * 2))
        .max_message_size(Some(limits.max_message))
        .max_frame_size(Some(limits.max_message));
    tokio_tungstenite::accept_hdr_async_with_config(stream, choose_subprotocol, Some(config)).await
}

// the error is as large as tungstenite's trait makes it
#[allow(clippy::result_large_err)]
fn choose_subprotocol(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let offered = request
        .headers()
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .find(|token| token.eq_ignore_ascii_case("sip"))
        // as it was offered: browsers compare bytes
        .and_then(|token| HeaderValue::from_str(token).ok());
    match offered {
        Some(token) => {
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, token);
            Ok(response)
        }
        None => {
            let mut refusal =
                ErrorResponse::new(Some("the WebSocket subprotocol must be \"sip\"\n".to_owned()));
            *refusal.status_mut() = StatusCode::BAD_REQUEST;
            Err(refusal)
        }
    }
}

/// Serves the connection until it ends.
pub(super) async fn serve<S>(stream: WebSocketStream<S>, session: Session)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut writer, mut reader) = stream.split();
    let mut batch = VecDeque::new();
    let why = {
        let reading = read_messages(&mut reader, &session);
        let writing = write_messages(&mut writer, &session, &mut batch);
        tokio::pin!(reading, writing);
        tokio::select! {
            why = reading => why,
            why = writing => why,
        }
    };
    session.closed_for_reading(why);
    let _ = timeout(FAREWELL, writer.close()).await;
    session.end(why, batch);
}

async fn read_messages<S>(reader: &mut SplitStream<WebSocketStream<S>>, session: &Session) -> CloseReason
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = session.context.limits;
    // until the first message the peer has less time
    let mut owed = Some(Instant::now());
    let alarm = tokio::time::sleep_until(session.idle_deadline().into());
    tokio::pin!(alarm);
    loop {
        let deadline = || owed.map_or_else(|| session.idle_deadline(), |since| since + limits.message);
        if deadline() < alarm.deadline().into_std() {
            alarm.as_mut().reset(deadline().into());
        }
        let received = tokio::select! {
            biased;
            received = reader.next() => received,
            () = &mut alarm => {
                if deadline() > Instant::now() {
                    alarm.as_mut().reset(deadline().into());
                    continue;
                }
                return if owed.is_some() { CloseReason::SlowMessage } else { CloseReason::Idle };
            }
        };
        session.connection().touch();
        let bytes: Bytes = match received {
            Some(Ok(Message::Text(text))) => text.into(),
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Ok(Message::Close(_))) | None => return CloseReason::Peer,
            Some(Err(error)) => return reason(&error),
        };
        owed = None;
        match bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')) {
            // RFC 7118 §6 leaves the keepalive of RFC 5626 usable
            None if &*bytes == b"\r\n\r\n" => session.answer_keepalive(),
            None => {}
            Some(start) => session.receive(bytes[start..].to_vec()),
        }
    }
}

async fn write_messages<S>(
    writer: &mut SplitSink<WebSocketStream<S>, Message>,
    session: &Session,
    batch: &mut VecDeque<Outgoing>,
) -> CloseReason
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = &session.context.limits;
    let outbox = &session.connection().outbox;
    loop {
        let ping = limits.web_socket_ping;
        let next = async {
            match ping {
                Duration::ZERO => Some(outbox.next(batch, WRITE_BATCH).await),
                // nothing is lost by dropping the wait: messages are moved and the wait ends in one step
                ping => timeout(ping, outbox.next(batch, WRITE_BATCH)).await.ok(),
            }
        };
        let writing = match next.await {
            Some(Next::Finish) => return CloseReason::Local,
            Some(Next::Write) => timeout(limits.write, write_batch(writer, session, batch)).await,
            None => timeout(limits.write, writer.send(Message::Ping(Bytes::new()))).await,
        };
        match writing {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return reason(&error),
            Err(_) => return CloseReason::SlowPeer,
        }
    }
}

async fn write_batch<S>(
    writer: &mut SplitSink<WebSocketStream<S>, Message>,
    session: &Session,
    batch: &mut VecDeque<Outgoing>,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for outgoing in batch.iter() {
        let message = match Utf8Bytes::try_from(outgoing.bytes.clone()) {
            Ok(text) => Message::Text(text),
            Err(_) => Message::Binary(outgoing.bytes.clone()),
        };
        writer.feed(message).await?;
    }
    writer.flush().await?;
    batch.drain(..).for_each(|outgoing| session.wrote(&outgoing));
    Ok(())
}

fn reason(error: &Error) -> CloseReason {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => CloseReason::Peer,
        Error::Io(error) => CloseReason::Io(error.kind()),
        Error::Capacity(_) => CloseReason::TooLarge,
        _ => CloseReason::WebSocket,
    }
}
