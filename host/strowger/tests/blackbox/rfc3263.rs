//! RFC 3263: names are located by DNS, and where one server fails the next one is tried.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;

use crate::support::{Request, Router, Setup};

/// A name server of these tests: `two.test` has two SIP servers by UDP, of which nobody is at the first one.
struct Names {
    socket: UdpSocket,
    /// Ports of the two servers.
    ports: [u16; 2],
}

/// Types of RFC 1035 §3.2.2 and RFC 2782.
const A: u16 = 1;
const SRV: u16 = 33;

impl Names {
    /// A socket that answers from [`Names::serve`] on.
    fn bind() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let address = socket.local_addr().expect("an address");
        (socket, address)
    }

    /// Serves until the test's process ends.
    fn serve(socket: UdpSocket, ports: [u16; 2]) {
        let names = Names { socket, ports };
        thread::spawn(move || names.run());
    }

    fn run(&self) {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            if let Some(answer) = self.answer(&buffer[..length]) {
                let _ = self.socket.send_to(&answer, from);
            }
        }
    }

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
        let known = name.ends_with("two.test.");
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
        match (name, kind) {
            ("_sip._udp.two.test.", SRV) => (0..2).map(|n| self.service(n)).collect(),
            ("a.two.test." | "b.two.test.", A) => vec![Ipv4Addr::LOCALHOST.octets().to_vec()],
            _ => Vec::new(),
        }
    }

    /// RFC 2782: priority, weight, port, target.
    fn service(&self, n: usize) -> Vec<u8> {
        let mut data = vec![0, n as u8 + 1, 0, 0];
        data.extend(self.ports[n].to_be_bytes());
        for label in [["a", "b"][n], "two", "test"] {
            data.push(label.len() as u8);
            data.extend(label.as_bytes());
        }
        data.push(0);
        data
    }
}

/// §4.2 and §4.3. The answer of the second server must find its way, too.
#[test]
fn the_second_server_of_a_name_is_tried_and_its_answer_comes_back() {
    // A port where nobody is: it was free a moment ago.
    let nobody = UdpSocket::bind("127.0.0.1:0").expect("a socket").local_addr().expect("an address").port();
    let (socket, dns) = Names::bind();
    let router = Router::with(Setup { dns: Some(dns), ..Setup::default() });
    let (caller, second) = (router.phone("alice"), router.peer());
    Names::serve(socket, [nobody, second.port()]);
    for method in ["INVITE", "MESSAGE"] {
        let sent = Request::new(method, "alice", "sip:bob@two.test");
        caller.send(&sent);
        let came = second.expect(method);
        assert_eq!(came.uri(), "sip:bob@two.test");
        second.answer(&came, 486, "b", "");
        if method == "INVITE" {
            second.expect("ACK");
        }
        let answered = caller.final_response();
        assert_eq!(answered.status(), 486, "{}", answered.text());
        if method == "INVITE" {
            caller.send(&sent.follow_up("ACK", answered.tag("To")));
        }
    }
}

/// §4: who has no address cannot be reached, and the caller is told.
#[test]
fn a_name_that_does_not_exist_is_a_404() {
    let (socket, dns) = Names::bind();
    Names::serve(socket, [9, 9]);
    let router = Router::with(Setup { dns: Some(dns), ..Setup::default() });
    let caller = router.phone("alice");
    assert_eq!(caller.ask(&Request::new("MESSAGE", "alice", "sip:bob@nowhere.test")).status(), 404);
    // a transport that nobody here speaks
    let sctp = Request::new("MESSAGE", "alice", "sip:bob@192.0.2.1;transport=sctp");
    assert_eq!(caller.ask(&sctp).status(), 502);
}
