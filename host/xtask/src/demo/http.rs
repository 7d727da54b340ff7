//! One HTTP request to the router's admin address: enough of HTTP/1.1 to ask it on loopback, and to give it a plugin.

use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);
/// For an answer to what may have to be compiled first.
const COMPILING: Duration = Duration::from_secs(60);
const MOST_BYTES: u64 = 4 << 20;

/// The body of a 200 to `GET path`; any other answer is an error that carries it.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<String> {
    body_of(path, ask(address, "GET", path, &[], PATIENCE)?)
}

/// The body of a 200 to `POST path` with this body; any other answer is an error that carries it.
pub(crate) fn post(address: SocketAddr, path: &str, body: &[u8]) -> Result<String> {
    body_of(path, ask(address, "POST", path, body, COMPILING)?)
}

fn body_of(path: &str, (status, body): (u16, String)) -> Result<String> {
    match status {
        200 => Ok(body),
        status => bail!("{path} answered {status}: {}", body.trim()),
    }
}

fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &[u8],
    patience: Duration,
) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).with_context(|| address.to_string())?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.take(MOST_BYTES).read_to_end(&mut answer)?;
    read(&String::from_utf8_lossy(&answer))
}

fn read(answer: &str) -> Result<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer without a head")?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .context("an answer without a status")?;
    let chunked =
        head.lines().any(|line| line.to_ascii_lowercase().replace(' ', "") == "transfer-encoding:chunked");
    Ok((status, if chunked { unchunk(body) } else { body.to_owned() }))
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        whole.push_str(chunk);
        body = rest[size..].strip_prefix("\r\n").unwrap_or("");
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whole_and_in_chunks() {
        let whole = read("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy").expect("read");
        assert_eq!(whole, (503, "busy".to_owned()));
        let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(read(chunks).expect("read"), (200, "abcde".to_owned()));
        assert!(read("nonsense").is_err());
    }
}
