//! A node between phones, with a script that is a closure: what goes in, what comes out, in order.
#![allow(dead_code, clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use node::{
    ConsultError, Consulted, Decided, Decision, Hook, Hop, Input, Listening, Node, NodeConfig, Output, Relay,
    ReplyDecision, Target, Unsent, Wants,
};
use sip::{Flow, Message, Transport};
use strowger_node as node;
use transaction::{Limits, Time, Timers};

/// What the version that goes on with a call makes of what was kept in it; `None`: that.
pub(crate) type Adopting = Box<dyn FnMut(&node::Adopt) -> Option<dialog::Variables>>;

/// What the script says to a hook about a message.
pub(crate) type Script = Box<dyn FnMut(Hook, &Message) -> Result<Word, ConsultError>>;

/// A decision of either kind.
pub(crate) enum Word {
    Request(Decision),
    Reply(ReplyDecision),
}

/// One message that left.
pub(crate) struct Sent {
    pub to: SocketAddr,
    pub transport: Transport,
    pub flow: Flow,
    /// By which the node knows it where it comes back.
    pub token: u64,
    pub message: Message,
}

impl Sent {
    /// "INVITE" or "200".
    pub(crate) fn what(&self) -> String {
        if self.message.is_request() {
            String::from_utf8_lossy(self.message.method_token()).into()
        } else {
            self.message.status().to_string()
        }
    }
}

pub(crate) struct World {
    pub node: Node,
    pub now: Time,
    pub script: Script,
    pub consulted: Vec<Hook>,
    /// What every search for a next hop finds.
    pub hops: Vec<Hop>,
    /// Why no name is found.
    pub failure: Option<node::LocateFailure>,
    /// Requests of the node's own that have ended: token and status.
    pub concluded: Vec<(u64, u16)>,
    /// What came of requests that a version took: the method, whether inside a dialog, and the final status.
    pub answered: Vec<(sip::Method, bool, u16)>,
    /// Requests that came back here and are awaited by another shard.
    pub returned: Vec<(u8, node::ContextId, Box<str>)>,
    /// The node's own URIs by which each request came that was put before the script.
    pub own_routes: Vec<Vec<String>>,
    /// What goes with the script's next word: the answer's To tag, and requests that follow it.
    pub to_tag: Option<Box<str>>,
    pub follow: Vec<node::Follow>,
    /// The version that decides from now on: its number, and what keeps it alive.
    pub version: (u32, Option<node::Pin>),
    /// What it is known by in Record-Routes.
    pub mark: Option<node::Mark>,
    /// The mark that each consultation came with.
    pub marks: Vec<Option<node::Mark>>,
    /// The version that each consultation had to ask.
    pub pins: Vec<Option<node::Pin>>,
    /// What was kept in the dialog at each consultation.
    pub dialog_variables: Vec<Option<dialog::Variables>>,
    /// What the script's next word keeps in the dialog.
    pub keep: Option<dialog::Variables>,
    /// What `version` makes of a call that it takes over.
    pub adopting: Adopting,
    /// Adoptions are not answered by themselves.
    pub adopts_later: bool,
    /// The dialogs that were to be taken over.
    pub adopts: Vec<node::Adopt>,
    /// Why dialogs have ended, and which version they were pinned to.
    pub ended: Vec<node::Ended>,
}

pub(crate) const NODE: &str = "192.0.2.1:5060";
pub(crate) const ALICE: &str = "192.0.2.10:5060";
pub(crate) const BOB: &str = "192.0.2.20:5060";
pub(crate) const CAROL: &str = "192.0.2.30:5060";

impl World {
    pub(crate) fn new(script: impl FnMut(Hook, &Message) -> Result<Word, ConsultError> + 'static) -> Self {
        Self::with_room(Limits::default(), script)
    }

    /// A node with room for so many transactions.
    pub(crate) fn with_room(
        limits: Limits,
        script: impl FnMut(Hook, &Message) -> Result<Word, ConsultError> + 'static,
    ) -> Self {
        Self::made_of(limits, &[(Transport::Udp, NODE), (Transport::Tcp, NODE)], (0, &Arc::default()), script)
    }

    /// One shard of a host, whose shards await requests together.
    pub(crate) fn of_shard(
        shard: u8,
        returns: &Arc<node::Returns>,
        script: impl FnMut(Hook, &Message) -> Result<Word, ConsultError> + 'static,
    ) -> Self {
        Self::made_of(Limits::default(), &[(Transport::Udp, NODE)], (shard, returns), script)
    }

    /// A node that listens on several addresses.
    pub(crate) fn listening(
        listeners: &[(Transport, &str)],
        script: impl FnMut(Hook, &Message) -> Result<Word, ConsultError> + 'static,
    ) -> Self {
        Self::made_of(Limits::default(), listeners, (0, &Arc::default()), script)
    }

    fn made_of(
        limits: Limits,
        listeners: &[(Transport, &str)],
        (shard, returns): (u8, &Arc<node::Returns>),
        script: impl FnMut(Hook, &Message) -> Result<Word, ConsultError> + 'static,
    ) -> Self {
        let addresses: Vec<(Transport, SocketAddr)> =
            listeners.iter().map(|(transport, address)| (*transport, address.parse().unwrap())).collect();
        let named = |&(transport, address): &(Transport, SocketAddr)| {
            proxy::ListenAddress::new(transport, &address.ip().to_string(), address.port())
        };
        let own = proxy::Own::new(addresses.iter().map(named).collect(), [7; 16]);
        let own = own.with_alias("example.test", None);
        let config = NodeConfig {
            shard,
            seed: [3; 32],
            route_key: [5; 16],
            own: Arc::new(own),
            listening: Listening::new(addresses),
            wall_start_ms: 1_700_000_000_000,
            timers: Timers::default(),
            timer_c: Duration::from_secs(185),
            limits,
            max_dialogs: 1000,
            udp_bytes: 1300,
            proxy_require: Arc::default(),
            returns: Arc::clone(returns),
            server: "".into(),
            nonces: Arc::new(auth::Nonces::new([1; 32], Duration::from_secs(300))),
            retry_after: 5,
        };
        let mut node = Node::new(config);
        node.set_wants(Wants { methods: u32::MAX, in_dialog: false });
        World {
            node,
            now: Time::ZERO,
            script: Box::new(script),
            consulted: Vec::new(),
            hops: Vec::new(),
            failure: None,
            concluded: Vec::new(),
            answered: Vec::new(),
            returned: Vec::new(),
            own_routes: Vec::new(),
            to_tag: None,
            follow: Vec::new(),
            version: (1, None),
            mark: None,
            marks: Vec::new(),
            pins: Vec::new(),
            dialog_variables: Vec::new(),
            keep: None,
            adopting: Box::new(|_| None),
            adopts_later: false,
            adopts: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// A request of the node's own goes out; what leaves.
    pub(crate) fn originate(&mut self, originate: node::Originate) -> Vec<Sent> {
        self.node.handle_input(self.now, Input::Originate(Box::new(originate)));
        self.run()
    }

    /// A message arrives from an address; what leaves.
    pub(crate) fn receive(&mut self, from: &str, text: &str) -> Vec<Sent> {
        let flow =
            Flow { transport: Transport::Udp, listener: 0, connection: 0, remote: from.parse().unwrap() };
        self.receive_by(flow, text)
    }

    /// A message arrives by a flow; what leaves.
    pub(crate) fn receive_by(&mut self, flow: Flow, text: &str) -> Vec<Sent> {
        let bytes = text.replace('\n', "\r\n");
        let message = Message::parse_datagram_from(bytes.as_bytes(), flow.remote).unwrap();
        self.node.handle_input(self.now, Input::Received { flow, message });
        self.run()
    }

    /// A message cannot be delivered: its connection, where it had one, is gone. What leaves instead.
    pub(crate) fn undelivered(&mut self, sent: &Sent) -> Vec<Sent> {
        let bytes = sent.message.bytes().to_vec().into();
        let unsent = (sent.flow.connection != 0).then_some(Unsent { flow: sent.flow, bytes });
        self.node.handle_input(self.now, Input::Undelivered { token: sent.token, unsent });
        self.run()
    }

    /// Time passes; what leaves meanwhile.
    pub(crate) fn pass(&mut self, time: Duration) -> Vec<Sent> {
        let end = self.now + time;
        let mut sent = Vec::new();
        while let Some(due) = self.node.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.node.handle_timeout(self.now);
            sent.extend(self.run());
        }
        self.now = end;
        sent
    }

    /// The version that decides now takes over the dialog that is to be taken over last.
    pub(crate) fn adopt(&mut self) {
        let Some(adopt) = self.adopts.last() else { return };
        let variables = (self.adopting)(adopt).map(Box::new);
        let (version, pin) = self.version.clone();
        let adopted = node::Adopted { id: adopt.id, pin, version, variables };
        self.node.handle_input(self.now, Input::Adopted(Box::new(adopted)));
    }

    pub(crate) fn run(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Transmit { flow, bytes, token, .. } => {
                    let message = Message::parse_datagram(&bytes).expect("what a node sends can be read");
                    sent.push(Sent { to: flow.remote, transport: flow.transport, flow, token, message });
                }
                Output::Consult(node::Consult {
                    id,
                    hook,
                    message,
                    own_routes,
                    pin,
                    mark,
                    dialog_variables,
                    ..
                }) => {
                    self.consulted.push(hook);
                    self.dialog_variables.push(dialog_variables.map(|all| *all));
                    self.pins.push(pin);
                    self.marks.push(mark);
                    let routes = own_routes.iter().flat_map(|routes| routes.iter());
                    self.own_routes.push(routes.map(|route| route.to_string()).collect());
                    let consulted = match (self.script)(hook, &message) {
                        Ok(Word::Request(decision)) => Consulted::Request(Ok(decision)),
                        Ok(Word::Reply(decision)) => Consulted::Reply(Ok(decision)),
                        Err(error) if hook == Hook::Reply => Consulted::Reply(Err(error)),
                        Err(error) => Consulted::Request(Err(error)),
                    };
                    let (to_tag, follow) = (self.to_tag.take(), std::mem::take(&mut self.follow));
                    let (version, pin) = self.version.clone();
                    let mark = self.mark;
                    let bare = Decided::bare(id, consulted);
                    let dialog_variables = self.keep.take().map(Box::new);
                    let decided = Decided { version, pin, mark, to_tag, follow, dialog_variables, ..bare };
                    self.node.handle_input(self.now, Input::Decided(Box::new(decided)));
                }
                Output::Adopt(adopt) => {
                    self.adopts.push(adopt);
                    if !self.adopts_later {
                        self.adopt();
                    }
                }
                Output::Locate { id, .. } => {
                    assert!(!self.hops.is_empty() || self.failure.is_some(), "no names in this test");
                    let hops = self.failure.map_or_else(|| Ok(self.hops.clone()), Err);
                    self.node.handle_input(self.now, Input::Located { id, hops });
                }
                Output::Concluded { token, response } => {
                    self.concluded.push((token, response.status()));
                }
                Output::Returned { shard, context, token } => self.returned.push((shard, context, token)),
                Output::Event(ended) => self.ended.push(ended),
                Output::Answered(answered) => {
                    self.answered.push((answered.method, answered.in_dialog, answered.status))
                }
            }
        }
        sent
    }
}

/// A target of preference `q` in thousandths.
pub(crate) fn target(uri: &str, q: u16) -> Target {
    Target {
        uri: uri.into(),
        route: Vec::new(),
        q,
        flow: None,
        flow_only: false,
        next_hop: None,
        timers: None,
    }
}

/// A script sends it to Bob and stays on the path.
pub(crate) fn to_bob() -> Decision {
    Decision::Relay(Relay {
        targets: vec![target("sip:bob@192.0.2.20:5060", 1000)],
        targets_named: true,
        record_route: true,
        ..Relay::default()
    })
}

/// A world whose script always does.
pub(crate) fn relaying() -> World {
    World::new(|_, _| Ok(Word::Request(to_bob())))
}

/// "INVITE 192.0.2.20:5060" for each message that left.
pub(crate) fn ladder(sent: &[Sent]) -> Vec<String> {
    sent.iter().map(|one| format!("{} {}", one.what(), one.to)).collect()
}

/// A request of Alice's.
pub(crate) fn request(method: &str, uri: &str, cseq: u32, more: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{method}{cseq}\nMax-Forwards: 70\n\
         From: <sip:alice@example.test>;tag=a1\nTo: <sip:bob@example.test>\nCall-ID: call-1\nCSeq: {cseq} {method}\n\
         Contact: <sip:alice@192.0.2.10:5060>\n{more}Content-Length: 0\n\n"
    )
}

/// A response to a request that was received, as a phone makes it.
pub(crate) fn response(to: &Message, status: u16, tag: &str, more: &str) -> String {
    let mut out = Vec::new();
    sip::respond(to.head(), status, "", Some(tag), &mut out, |answer| {
        for line in more.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            answer.header_named(name, value.as_bytes());
        }
    });
    String::from_utf8(out).unwrap().replace("\r\n", "\n")
}
