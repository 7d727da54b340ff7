//! A name server (RFC 1035) of a few services: each name has SIP servers by UDP on loopback, at the same ports.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;

/// Not serving yet: its address has to be known before the servers' ports are.
pub struct Names {
    socket: UdpSocket,
}

/// What it knows.
struct Zone {
    names: Vec<String>,
    ports: Vec<u16>,
}

/// Types of RFC 1035 §3.2.2 and RFC 2782.
const A: u16 = 1;
const SRV: u16 = 33;

impl Names {
    pub fn bind() -> Names {
        Names { socket: UdpSocket::bind("127.0.0.1:0").expect("a socket") }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("an address")
    }

    /// Serves until the test's process ends. The first port is preferred.
    pub fn serve(self, names: &[&str], ports: &[u16]) {
        let zone =
            Zone { names: names.iter().map(|name| format!("{name}.")).collect(), ports: ports.to_vec() };
        thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
                if let Some(answer) = zone.answer(&buffer[..length]) {
                    let _ = self.socket.send_to(&answer, from);
                }
            }
        });
    }
}

impl Zone {
    /// RFC 1035 §4: the header, the question again, and the records.
    fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let (mut name, mut at) = (String::new(), 12);
        while *query.get(at)? > 0 {
            let length = usize::from(query[at]);
            name += &String::from_utf8_lossy(query.get(at + 1..at + 1 + length)?).to_lowercase();
            name.push('.');
            at += 1 + length;
        }
        let kind = u16::from_be_bytes([*query.get(at + 1)?, *query.get(at + 2)?]);
        let question = &query[12..at + 5];
        let records = self.records(&name, kind);
        let mut answer = query[..2].to_vec();
        // an authoritative answer; a name that is not there is NXDOMAIN
        let known = self.names.iter().any(|own| name.ends_with(own.as_str()));
        answer.extend([0x85, if known { 0x80 } else { 0x83 }, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]);
        answer.extend(question);
        for data in records {
            answer.extend([0xC0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1, 0, 0, 0, 60]);
            answer.extend((data.len() as u16).to_be_bytes());
            answer.extend(data);
        }
        Some(answer)
    }

    fn records(&self, name: &str, kind: u16) -> Vec<Vec<u8>> {
        let is = |prefix: &str| {
            name.strip_prefix(prefix).is_some_and(|rest| self.names.iter().any(|own| own == rest))
        };
        match kind {
            SRV if is("_sip._udp.") => (0..self.ports.len()).map(|n| self.service(n, &name[10..])).collect(),
            A if is("a.") || is("b.") => vec![Ipv4Addr::LOCALHOST.octets().to_vec()],
            _ => Vec::new(),
        }
    }

    /// RFC 2782: priority, weight, port, target. Each server has a name of its own.
    fn service(&self, n: usize, of: &str) -> Vec<u8> {
        let mut data = vec![0, n as u8 + 1, 0, 0];
        data.extend(self.ports[n].to_be_bytes());
        for label in [["a", "b"][n]].into_iter().chain(of.trim_end_matches('.').split('.')) {
            data.push(label.len() as u8);
            data.extend(label.as_bytes());
        }
        data.push(0);
        data
    }
}
