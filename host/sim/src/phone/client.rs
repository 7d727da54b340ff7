//! A phone's client transactions: RFC 3261 §17.1, and challenges answered (§22.2, §22.3).
//!
//! In: requests, responses, alarms. Out: the request again over UDP until something comes, ACKs of failures (§17.1.1.3),
//! a first final response handed to whoever sent the request.

use std::time::Duration;

use auth::{Account, Answer};
use sip::{Flow, HeaderId, Message, Transport};

use super::request::Request;
use super::{Alarm, End, GIVE_UP, Phone, RING_OUT, T1, T2, Told, text};

/// Challenges that one request is sent again for.
const MAX_CHALLENGES: u8 = 2;

/// What a request was sent for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Job {
    /// Itself; it may rightly stay without an answer.
    Plain { excused: bool },
    /// To place a call.
    Invite,
    /// To change one.
    Reinvite(End),
    /// To end one.
    Bye,
    /// To cancel one.
    Cancel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Trying,
    Proceeding,
    Done,
}

/// One client transaction.
pub(super) struct Client {
    pub(super) request: Request,
    pub(super) branch: String,
    pub(super) flow: Flow,
    bytes: Vec<u8>,
    interval: Duration,
    state: State,
    job: Job,
    challenges: u8,
}

/// Its name: CANCEL shares the branch of its INVITE.
fn key(branch: &str, method: &str) -> String {
    format!("{branch} {method}")
}

impl Phone {
    /// Sends a request; its branch.
    pub(super) fn start(&mut self, request: Request, flow: Flow, job: Job) -> String {
        let branch = self.new_branch();
        self.start_with(request, flow, job, 0, branch.clone());
        branch
    }

    pub(super) fn start_with(
        &mut self,
        request: Request,
        flow: Flow,
        job: Job,
        challenges: u8,
        branch: String,
    ) {
        let bytes = request.print(&self.via(flow, &branch));
        let key = key(&branch, request.method);
        self.send(flow, bytes.clone());
        if flow.transport == Transport::Udp {
            self.wake_after(T1, Alarm::Resend(key.clone()));
        }
        self.wake_after(GIVE_UP, Alarm::GiveUp(key.clone()));
        let client =
            Client { request, branch, flow, bytes, interval: T1, state: State::Trying, job, challenges };
        self.clients.insert(key, client);
    }

    /// Timers A and E.
    pub(super) fn resend(&mut self, key: String) {
        let Some(client) = self.clients.get_mut(&key) else { return };
        let is_invite = client.request.method == "INVITE";
        client.interval = match client.state {
            State::Trying if is_invite => client.interval * 2,
            State::Trying => (client.interval * 2).min(T2),
            State::Proceeding if !is_invite => T2,
            State::Proceeding | State::Done => return,
        };
        let (flow, bytes, interval) = (client.flow, client.bytes.clone(), client.interval);
        self.send(flow, bytes);
        self.wake_after(interval, Alarm::Resend(key));
    }

    /// Timers B and F; and the patience of a caller who hears it ring.
    pub(super) fn give_up(&mut self, key: &str) {
        let Some(client) = self.clients.get_mut(key) else { return };
        let rings = client.request.method == "INVITE" && client.state == State::Proceeding;
        if client.state == State::Done {
            return;
        }
        let (call_id, method) = (client.request.call_id.clone(), client.request.method);
        if rings && client.interval < RING_OUT {
            client.interval = RING_OUT;
            return self.wake_after(RING_OUT - GIVE_UP, Alarm::GiveUp(key.into()));
        }
        client.state = State::Done;
        let excused = matches!(client.job, Job::Plain { excused: true });
        self.tell(Told::Unanswered { call_id, method, excused });
    }

    pub(super) fn handle_response(&mut self, message: &Message) {
        let head = message.head();
        let (Ok(via), Ok(cseq)) = (head.via(), head.cseq()) else {
            return self.tell(Told::Stray("a response that cannot be read".into()));
        };
        let key = key(&text(via.branch().unwrap_or_default()), &text(cseq.token));
        let one_via = head.vias().count() == 1;
        let Some(client) = self.clients.get_mut(&key).filter(|_| one_via) else {
            return self.tell(Told::Stray(format!("{} for {key}", message.status())));
        };
        let (status, method) = (message.status(), client.request.method);
        let first = status >= 200 && client.state != State::Done;
        match client.state {
            State::Trying if status < 200 => client.state = State::Proceeding,
            _ if first => client.state = State::Done,
            _ => {}
        }
        let job = client.job.clone();
        if method == "INVITE" && status >= 300 {
            self.acknowledge_failure(&key, message);
        }
        if first {
            self.tell(Told::Answered { method, status });
        }
        if first && matches!(status, 401 | 407) && self.answer_challenge(&key, message) {
            return;
        }
        match job {
            Job::Invite => self.invite_answered(&key, message, first),
            Job::Reinvite(end) if (200..300).contains(&status) => self.reinvite_answered(&key, &end),
            Job::Plain { .. } | Job::Bye | Job::Cancel | Job::Reinvite(_) => {}
        }
    }

    /// §17.1.1.3: the ACK of a failure belongs to the transaction.
    fn acknowledge_failure(&mut self, key: &str, response: &Message) {
        let Some(client) = self.clients.get(key) else { return };
        let to = text(response.header(HeaderId::TO).unwrap_or_default());
        let ack = client.request.of_same_hop("ACK", &to);
        let (flow, bytes) = (client.flow, ack.print(&self.via(client.flow, &client.branch)));
        self.send(flow, bytes);
    }

    /// Sends the request again with credentials. False: it cannot be, or was often enough.
    fn answer_challenge(&mut self, key: &str, response: &Message) -> bool {
        let Some(client) = self.clients.get(key).filter(|client| client.challenges < MAX_CHALLENGES) else {
            return false;
        };
        let (asked, answered) = match response.status() {
            401 => (HeaderId::WWW_AUTHENTICATE, "Authorization"),
            _ => (HeaderId::PROXY_AUTHENTICATE, "Proxy-Authorization"),
        };
        let account = Account { user: &self.user, password: &self.password };
        let cnonce = format!("{:016x}", self.random.number());
        let answer = Answer {
            method: client.request.method,
            uri: &client.request.uri,
            body: &client.request.body,
            cnonce: &cnonce,
            nc: 1,
        };
        let head = response.head();
        let mut values = (0..head.spans().len())
            .filter(|index| head.is_named(*index, asked, ""))
            .filter_map(|index| auth::answer(head.value_of(index), account, &answer).ok());
        let Some(credentials) = values.next() else { return false };
        let mut request = client.request.clone();
        let (flow, job, challenges) = (client.flow, client.job.clone(), client.challenges + 1);
        request.cseq += 1;
        request.set(answered, credentials);
        let branch = self.new_branch();
        if job == Job::Invite {
            self.invite_again(&request.call_id, &branch);
        }
        self.start_with(request, flow, job, challenges, branch);
        true
    }

    /// The request of a client transaction, with where it went and its branch.
    pub(super) fn sent(&self, branch: &str, method: &str) -> Option<&Client> {
        self.clients.get(&key(branch, method))
    }

    /// By its name as responses are handled.
    pub(super) fn sent_as(&self, key: &str) -> Option<&Client> {
        self.clients.get(key)
    }
}
