// JsSIP as a phone: registers when it starts, prints what happens, does what standard input says.
//
//   node jssip.mjs URL DOMAIN USER PASSWORD
//   in:  message ADDRESS TEXT | unregister | quit
//   out: registered STATUS | answered STATUS | message ADDRESS TEXT | unregistered

import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

// what a browser brings along
globalThis.WebSocket = WebSocket;
const { default: JsSIP } = await import('jssip');

const [url, domain, user, password] = process.argv.slice(2);
const agent = new JsSIP.UA({
  sockets: [new JsSIP.WebSocketInterface(url)],
  uri: `sip:${user}@${domain}`,
  password,
  register_expires: 600,
});

agent.on('registered', ({ response }) => console.log(`registered ${response.status_code}`));
agent.on('registrationFailed', ({ response, cause }) => console.log(`registered ${response?.status_code} ${cause}`));
agent.on('unregistered', () => console.log('unregistered'));
agent.on('newMessage', ({ originator, message, request }) => {
  if (originator === 'remote') {
    console.log(`message ${message.remote_identity.uri} ${request.body}`);
  }
});
agent.start();

const answered = ({ response, cause }) => console.log(`answered ${response?.status_code ?? cause}`);
createInterface({ input: process.stdin }).on('line', (line) => {
  const [verb, address, ...words] = line.split(' ');
  switch (verb) {
    case 'message':
      agent.sendMessage(address, words.join(' '), { eventHandlers: { succeeded: answered, failed: answered } });
      break;
    case 'unregister':
      agent.unregister();
      break;
    case 'quit':
      process.exit(0);
  }
});
