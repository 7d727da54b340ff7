// SIP.js as a phone: registers when it starts, accepts every call, prints what happens, does what standard input says.
//
//   node sipjs.mjs URL DOMAIN USER PASSWORD
//   in:  message ADDRESS TEXT | call ADDRESS | hangup | unregister | quit
//   out: registered STATUS | answered STATUS | message ADDRESS TEXT | call STATE | unregistered

import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

// what a browser brings along
globalThis.WebSocket = WebSocket;
const { Inviter, Messager, Registerer, UserAgent } = await import('sip.js');

const [url, domain, user, password] = process.argv.slice(2);

// Stands for a browser's WebRTC: offers and accepts what nobody sends by.
class NoMedia {
  async getDescription() {
    const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 40000 RTP/AVP 0'];
    return { body: lines.map((line) => `${line}\r\n`).join(''), contentType: 'application/sdp' };
  }
  hasDescription(contentType) {
    return contentType === 'application/sdp';
  }
  async setDescription() {}
  async rollbackDescription() {}
  sendDtmf() {
    return false;
  }
  close() {}
}

const answered = (response) => console.log(`answered ${response.message.statusCode}`);
let session;
const follow = (begun) => {
  session = begun;
  session.stateChange.addListener((state) => console.log(`call ${state}`));
};

const agent = new UserAgent({
  uri: UserAgent.makeURI(`sip:${user}@${domain}`),
  transportOptions: { server: url },
  authorizationUsername: user,
  authorizationPassword: password,
  sessionDescriptionHandlerFactory: () => new NoMedia(),
  logBuiltinEnabled: false,
  delegate: {
    onMessage: (message) => {
      console.log(`message ${message.request.from.uri} ${message.request.body}`);
      message.accept();
    },
    onInvite: (invitation) => {
      follow(invitation);
      invitation.accept();
    },
  },
});
const registerer = new Registerer(agent, { expires: 600 });
registerer.stateChange.addListener((state) => {
  if (state === 'Unregistered') {
    console.log('unregistered');
  }
});
const registered = (response) => console.log(`registered ${response.message.statusCode}`);
await agent.start();
await registerer.register({ requestDelegate: { onAccept: registered, onReject: registered } });

createInterface({ input: process.stdin }).on('line', (line) => {
  const [verb, address, ...words] = line.split(' ');
  switch (verb) {
    case 'message': {
      const messager = new Messager(agent, UserAgent.makeURI(address), words.join(' '));
      messager.message({ requestDelegate: { onAccept: answered, onReject: answered } });
      break;
    }
    case 'call': {
      const inviter = new Inviter(agent, UserAgent.makeURI(address));
      follow(inviter);
      inviter.invite({ requestDelegate: { onReject: answered } });
      break;
    }
    case 'hangup':
      session.bye();
      break;
    case 'unregister':
      registerer.unregister();
      break;
    case 'quit':
      process.exit(0);
  }
});
