// Logs in with @xmpp/client, says something, hears it back, and leaves. README.md has the details.

import { webcrypto } from "node:crypto";
import dns from "node:dns";
import { once } from "node:events";
import { client, jid, xml } from "@xmpp/client";

class Failure extends Error {}
globalThis.crypto ??= webcrypto; // for node 18, which Debian 12 has

const [host, port, account, password, caFile, tls, peer, seconds, body] = process.argv.slice(2);
const say = (line) => console.log(line);

function leave(why) {
  console.error(`xmpp.js: ${why}`);
  process.exit(1);
}

// xmpp.js passes nothing on to node's TLS: its authorities are those that node started with.
if (process.env.NODE_EXTRA_CA_CERTS !== caFile) leave(`start it with NODE_EXTRA_CA_CERTS=${caFile}`);
setTimeout(leave, Number(seconds) * 1000, "it took too long").unref();

const { local, domain, resource } = jid(account);
// With direct TLS, it wants the name that it dials in the certificate, not that of the account. The
// name has an address of IPv6, too, on most machines.
dns.setDefaultResultOrder("ipv4first");
const service = tls === "direct" ? `xmpps://${domain}:${port}` : `xmpp://${host}:${port}`;

let mechanism;
async function credentials(authenticate, mechanisms) {
  [mechanism] = mechanisms; // those that both know, the best one first
  await authenticate({ username: local, password }, mechanism);
}

async function run() {
  const xmpp = client({ service, domain, resource, credentials });
  xmpp.reconnect.stop();
  const failed = new Promise((_, reject) => xmpp.on("error", reject));
  failed.catch(() => {}); // it may come when nobody waits
  const wait = (promise) => Promise.race([promise, failed]);

  const online = await wait(xmpp.start());
  // The socket of xmpp.js holds node's.
  say(`info tls ${xmpp.socket.socket.getProtocol()}`);
  say(`info mechanism ${mechanism}`);
  say(`online ${online}`);

  const stanza = (name) => new Promise((resolve) => {
    xmpp.on("stanza", (stanza) => stanza.is(name) && resolve(stanza));
  });

  // What a client does first, whether or not the server knows of presence and rosters. Not with its
  // `iqCaller`: an error that comes very soon ends node there, as one that nobody handles.
  await xmpp.send(xml("presence"));
  const answer = stanza("iq");
  const query = xml("query", "jabber:iq:roster");
  await xmpp.send(xml("iq", { type: "get", id: "roster" }, query));
  const { attrs, children } = await wait(answer);
  say(`info roster ${attrs.type}`);
  if (attrs.id !== "roster") throw new Failure(`not the answer: ${children}`);

  const echo = stanza("message");
  await xmpp.send(xml("message", { to: peer, type: "chat" }, xml("body", {}, body)));
  const message = await wait(echo);
  say(`echo ${message.getChildText("body")}`);
  if (message.attrs.from !== peer || message.getChildText("body") !== body) {
    throw new Failure(`not what was sent: ${message}`);
  }

  // It waits two seconds for the server's end of the stream, and two for that of TCP. When they do
  // not come it says nothing, but has no last element, or a socket that is not clean.
  const disconnected = once(xmpp, "disconnect");
  const end = await wait(xmpp.stop());
  if (!end) throw new Failure("the server did not end the stream");
  const [{ clean, reason }] = await disconnected;
  if (!clean) throw new Failure(`the connection was not closed: ${reason}`);
  say("closed");
}

await run().catch((error) => leave(error instanceof Failure ? error.message : error.stack));
