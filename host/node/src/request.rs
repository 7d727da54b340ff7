//! A new request: validated (RFC 3261 §16.3), preprocessed (§16.4), given a context, and put before the script.
//!
//! In: a request and its server transaction. Out: a refusal, a consultation, or, where the script does not want to be
//! asked, the standard's own way (`decide.rs`).

use std::sync::Arc;

use proxy::{Kind, Preprocessed};
use sip::{Draft, Flow, Message, Method};
use smallvec::SmallVec;
use transaction::{ServerId, Time};

use crate::context::{Active, Asking, Context, Forks};
use crate::counters::method_index;
use crate::decision::{Decision, Hook};
use crate::errors;
use crate::flow_token;
use crate::io::{Consult, ConsultId, ContextId, Output};
use crate::mark::Mark;
use crate::node::Node;

/// A request and what §16.4 makes of it.
pub(crate) struct Route {
    pub(crate) request: Message,
    pub(crate) preprocessed: Preprocessed,
    /// It came by a Route that this element recorded for this very Call-ID.
    pub(crate) ours: bool,
    /// The flow that this Route names for the side by which it is to leave.
    pub(crate) flow: Option<Flow>,
    /// The version that took the dialog, as this Route says.
    pub(crate) mark: Option<Mark>,
}

impl Route {
    pub(crate) fn request_uri(&self) -> &[u8] {
        let head = self.request.head();
        match &self.preprocessed.request_uri {
            Some(uri) => uri,
            None => head.request_uri(),
        }
    }
}

impl Node {
    pub(crate) fn handle_new_request(&mut self, now: Time, server: ServerId, flow: Flow, message: Message) {
        let method = message.method();
        self.counters.request(method);
        let valid = proxy::validate(
            &message.head(),
            &self.config.own,
            &self.config.proxy_require,
            transaction::loop_hash_of_branch,
        );
        if let Err(rejection) = valid {
            return self.reject(now, server, &message, &rejection);
        }
        let route = self.preprocess(flow, message);
        let in_dialog = route.ours && route.request.head().to_tag().is_some();
        if self.draining && !in_dialog {
            return self.answer_transaction(now, server, &route.request, errors::OVERLOADED);
        }
        let breadth = match proxy::max_breadth::incoming(&route.request.head()) {
            Ok(breadth) => breadth,
            Err(error) => return self.answer_transaction(now, server, &route.request, (error.status(), "")),
        };
        if !in_dialog {
            self.note_return(now, &route);
        }
        let id = self.open(now, Some(server), flow, route, in_dialog, breadth);
        self.put_before_script(now, id, in_dialog, method);
    }

    /// Asks the script, if it wants to be asked, once the dialog is somebody's; does what the standard says otherwise.
    pub(crate) fn put_before_script(&mut self, now: Time, id: ContextId, in_dialog: bool, method: Method) {
        let wanted = if in_dialog {
            self.wants.in_dialog
        } else {
            self.wants.methods >> method_index(method) & 1 == 1
        };
        if wanted {
            self.show_preprocessed(id);
            if in_dialog && self.adopt_first(id) {
                return;
            }
            let hook = if in_dialog { Hook::InDialogRequest } else { Hook::Request };
            self.consult(id, Asking::Request(hook));
        } else {
            self.decide(now, id, Decision::Next(Vec::new()));
        }
    }

    /// Asks the script about the request, a response, or the failure of all targets.
    pub(crate) fn consult(&mut self, id: ContextId, asking: Asking) {
        let Some(context) = self.contexts.get_mut(id) else { return };
        let Some(active) = context.active.as_mut() else { return };
        let (hook, message) = match &asking {
            Asking::Request(hook) => (*hook, Arc::clone(&active.request)),
            Asking::Reply(response) | Asking::FailureReply(_, response) => {
                (Hook::Reply, Arc::clone(response))
            }
            Asking::Failure(_, response) => (Hook::Failure, Arc::clone(response)),
        };
        active.asking = Some(asking);
        context.consult = context.consult.wrapping_add(1);
        let dialog_variables = match &active.dialog_variables {
            Some(variables) => Some(variables.clone()),
            None => {
                let dialog = self.dialogs.find(&message.head());
                dialog.and_then(|dialog| self.dialogs.variables(dialog)).map(|all| Box::new(all.clone()))
            }
        };
        self.output.push_back(Output::Consult(Consult {
            id: ConsultId { context: id, sequence: context.consult },
            hook,
            message,
            request: Arc::clone(&active.request),
            own_routes: active.own_routes.clone(),
            source: context.source,
            pin: context.pin.clone(),
            mark: active.mark,
            variables: context.variables.clone(),
            dialog_variables,
        }));
    }

    /// Opens a context.
    pub(crate) fn open(
        &mut self,
        now: Time,
        server: Option<ServerId>,
        source: Flow,
        route: Route,
        in_dialog: bool,
        breadth: u16,
    ) -> ContextId {
        let method = route.request.method();
        let kind = if method == Method::Invite { Kind::Invite } else { Kind::NonInvite };
        let dialog = match in_dialog {
            true => self.dialogs.handle_request(now, &route.request.head()),
            false => None,
        };
        let version =
            dialog.and_then(|dialog| self.dialogs.version_of(dialog, route.mark.map(|mark| mark.0)));
        let id = self.contexts.insert(Context {
            generation: 0,
            server,
            originated: None,
            method,
            source,
            received_at: now,
            pin: version.and_then(|version| self.dialogs.holder(version)).map(dialog::Holder::version),
            version: version.unwrap_or_default(),
            variables: None,
            consult: 0,
            answered: false,
            record_routed: false,
            in_dialog,
            vias: None,
            judged: SmallVec::new(),
            late: None,
            forks: Forks::default(),
            active: Some(Box::new(Active {
                preprocessed: route.preprocessed,
                route_flow: route.flow,
                // Of a dialog that is known, what is known counts: it may have been let go.
                mark: route.mark.filter(|_| in_dialog && dialog.is_none()),
                stateless: server.is_none(),
                ..Active::of(Arc::new(route.request), kind, breadth)
            })),
        });
        if let Some(server) = server {
            self.servers.set(server.slot(), id);
        }
        id
    }

    /// §16.4.
    pub(crate) fn preprocess(&mut self, flow: Flow, request: Message) -> Route {
        let head = request.head();
        let preprocessed = proxy::preprocess(&head, &self.config.own, flow.listener);
        let call_id = head.call_id().unwrap_or_default();
        let read = |token: &[u8]| flow_token::read(&self.config.route_key, call_id, token);
        let said = preprocessed.token(&head).and_then(read);
        let flow = || {
            let listener = preprocessed.own_routes.last()?.listener?;
            let side = read(preprocessed.outbound_token(&head)?)?.side;
            side.flow(listener, self.config.own.listener(listener)?.transport)
        };
        let flow = flow();
        Route { request, preprocessed, ours: said.is_some(), flow, mark: said.and_then(|said| said.mark) }
    }

    /// Lets a script see the request as §16.4 leaves it. A request that this changes is printed and read again.
    fn show_preprocessed(&mut self, id: ContextId) {
        let Some(mut active) = self.contexts.get_mut(id).and_then(|context| context.active.take()) else {
            return;
        };
        active.own_routes = own_routes(&active);
        if active.preprocessed.changes_message()
            && let Some(shown) = self.print_preprocessed(&active)
        {
            active.request = Arc::new(shown);
            active.preprocessed = active.preprocessed.written();
        }
        self.keep(id, active);
    }

    /// None where it cannot be read again: then it goes on as it came.
    fn print_preprocessed(&mut self, active: &Active) -> Option<Message> {
        let head = active.request.head();
        let mut draft = Draft::forward(head);
        active.preprocessed.write(&head, &mut draft);
        self.page.clear();
        draft.print(&mut self.page);
        Message::parse_stream(&self.page).ok()
    }

    /// Puts a context's active part back.
    pub(crate) fn keep(&mut self, id: ContextId, active: Box<Active>) {
        if let Some(context) = self.contexts.get_mut(id) {
            context.active = Some(active);
        }
    }
}

/// The URIs of ours by which a request came, as text.
fn own_routes(active: &Active) -> Option<Arc<[Box<str>]>> {
    if !active.preprocessed.came_by_own_route() {
        return None;
    }
    let head = active.request.head();
    let text = |uri: sip::Uri<'_>| Box::<str>::from(String::from_utf8_lossy(uri.as_bytes()));
    Some(active.preprocessed.own_routes.iter().filter_map(|own| own.uri(&head)).map(text).collect())
}
