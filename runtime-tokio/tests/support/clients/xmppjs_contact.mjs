// With @xmpp/client: makes a friend, talks, parts with them, and leaves. README.md has the details.

import { webcrypto } from "node:crypto";
import dns from "node:dns";
import { once } from "node:events";
import { client, jid, xml } from "@xmpp/client";

class Failure extends Error {}
globalThis.crypto ??= webcrypto; // for node 18, which Debian 12 has

const [host, port, account, password, caFile, tls, peer, seconds, body, name, group] =
  process.argv.slice(2);
const say = (line) => console.log(line);

function leave(why) {
  console.error(`xmpp.js: ${why}`);
  process.exit(1);
}

// xmpp.js passes nothing on to node's TLS: its authorities are those that node started with.
if (process.env.NODE_EXTRA_CA_CERTS !== caFile) leave(`start it with NODE_EXTRA_CA_CERTS=${caFile}`);
setTimeout(leave, Number(seconds) * 1000, "it took too long").unref();

const ROSTER = "jabber:iq:roster";
const { local, domain, resource } = jid(account);
// With direct TLS, it wants the name that it dials in the certificate, not that of the account. The
// name has an address of IPv6, too, on most machines.
dns.setDefaultResultOrder("ipv4first");
const service = tls === "direct" ? `xmpps://${domain}:${port}` : `xmpp://${host}:${port}`;

const xmpp = client({ service, domain, resource, credentials });
xmpp.reconnect.stop();
const failed = new Promise((_, reject) => xmpp.on("error", reject));
failed.catch(() => {}); // it may come when nobody waits

async function credentials(authenticate, [mechanism]) {
  say(`info mechanism ${mechanism}`);
  await authenticate({ username: local, password }, mechanism);
}

// It knows nothing of rosters and presence: these are stanzas as they are.
const change = (item) => xmpp.iqCaller.set(xml("query", ROSTER, item));
const presence = (type) => xmpp.send(xml("presence", { to: peer, type }));

function onPush({ stanza, element }) {
  // RFC 6121 §2.1.6: from the account, or from nobody. Of the latter, xmpp.js makes the domain.
  const { from } = stanza.attrs;
  if (from && from !== jid(account).bare().toString()) return false;
  const { attrs, children: [...groups] } = element.getChild("item");
  if (attrs.jid !== peer) throw new Failure(`who is ${attrs.jid}?`);
  if (attrs.subscription === "remove") {
    say("contact removed");
    xmpp.emit("parted");
    return true;
  }
  const ask = attrs.ask ? "/ask" : "";
  const text = groups.map((group) => group.text()).join(" ");
  say(`contact ${attrs.subscription}${ask} ${text} ${attrs.name}`);
  if (attrs.subscription === "both") {
    xmpp.send(xml("message", { to: peer, type: "chat" }, xml("body", {}, body)));
  }
  return true; // the answer is an empty result
}

let isThere = false; // presence may come again

async function onStanza(stanza) {
  const { type, from } = stanza.attrs;
  if (stanza.is("iq") || !from || jid(from).bare().toString() !== peer) return;
  if (stanza.is("message")) {
    if (type !== "chat") throw new Failure(`not what was sent: ${stanza}`);
    say(`message ${stanza.getChildText("body")}`);
  } else if (type === undefined) {
    if (!isThere) say(`presence available ${stanza.getChildText("status")}`);
    isThere = true;
  } else if (type === "subscribe") {
    say("asked");
    await presence("subscribed");
  } else if (type === "unavailable" && jid(from).resource) {
    // Without a resource it is Prosody's receipt for the request.
    say("presence unavailable");
    await change(xml("item", { jid: peer, subscription: "remove" }));
  } else if (type === "error") {
    throw new Failure(`${stanza}`);
  }
}

async function run() {
  const wait = (promise) => Promise.race([promise, failed]);
  const parted = once(xmpp, "parted");
  xmpp.iqCallee.set(ROSTER, "query", onPush);
  xmpp.on("stanza", (stanza) => onStanza(stanza).catch((error) => xmpp.emit("error", error)));

  const online = await wait(xmpp.start());
  // The socket of xmpp.js holds node's.
  say(`info tls ${xmpp.socket.socket.getProtocol()}`);
  say(`online ${online}`);
  const roster = await wait(xmpp.iqCaller.get(xml("query", ROSTER)));
  say(`roster ${roster.getChildren("item").length}`);
  await xmpp.send(xml("presence", {}, xml("status", {}, "here")));
  await wait(change(xml("item", { jid: peer, name }, xml("group", {}, group))));
  await presence("subscribe");
  await wait(parted);

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
