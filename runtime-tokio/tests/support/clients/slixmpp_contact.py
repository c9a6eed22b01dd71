"""With slixmpp: makes a friend, talks, parts with them, and leaves. README.md has the details."""

import asyncio
import ssl
import sys

from slixmpp import ClientXMPP


class Failure(Exception):
    pass


class ContactClient(ClientXMPP):
    """It approves whoever asks for a subscription, and asks back: slixmpp's default."""

    def __init__(self, jid, password, ca_file, tls, peer, body, name, group):
        # It is the domain of the JID, not the address dialled, that the certificate must name.
        context = ssl.create_default_context(cafile=ca_file)
        super().__init__(jid, password, ssl_context=context)
        self.enable_direct_tls = tls == "direct"
        self.enable_starttls = tls == "starttls"
        self.peer, self.body, self.contact_name, self.group = peer, body, name, group

        self.done = asyncio.get_running_loop().create_future()
        self.contact = None
        self.parted = False
        self.add_event_handler("session_start", self.on_start)
        self.add_event_handler("roster_update", self.on_roster)
        self.add_event_handler("roster_subscription_request", self.on_request)
        self.add_event_handler("got_online", self.on_presence)
        self.add_event_handler("got_offline", self.on_presence)
        self.add_event_handler("message", self.on_message)
        self.add_event_handler("disconnected", self.on_disconnected)
        for event in ("connection_failed", "failed_all_auth", "stream_error", "ssl_invalid_chain"):
            self.add_event_handler(event, lambda why, event=event: self.fail(f"{event}: {why}"))

    def fail(self, why):
        if not self.done.done():
            self.done.set_exception(Failure(why))

    async def on_start(self, _):
        say(f"info tls {self.transport.get_extra_info('ssl_object').version()}")
        say(f"info mechanism {self.plugin['feature_mechanisms'].mech.name}")
        say(f"online {self.boundjid.full}")
        try:
            roster = await self.get_roster()
            say(f"roster {len(roster['roster']['items'])}")
            self.send_presence(pstatus="here")
            await self.update_roster(self.peer, name=self.contact_name, groups=[self.group])
            self.send_presence_subscription(pto=self.peer, ptype="subscribe")
        except Exception as error:  # nobody else would hear of it
            self.fail(repr(error))

    def on_roster(self, iq):
        if iq["type"] != "set":
            return
        for jid, item in iq["roster"]["items"].items():
            subscription = item["subscription"]
            if jid != self.peer:
                self.fail(f"who is {jid}?")
            if subscription == "remove":
                say("contact removed")
                self.parted = True
                self.disconnect()  # it waits two seconds for the server's end of the stream
                continue
            ask = "/ask" if item["ask"] else ""
            contact = f"{subscription}{ask} {' '.join(item['groups'])} {item['name']}"
            # Servers may tell the same again when it asks back without need.
            if contact == self.contact:
                continue
            self.contact = contact
            say(f"contact {contact}")
            if subscription == "both":
                self.send_message(mto=self.peer, mbody=self.body, mtype="chat")

    def on_request(self, presence):
        if presence["from"] == self.peer:
            say("asked")

    def on_presence(self, presence):
        if presence["from"].bare != self.peer:
            return
        if presence["type"] == "unavailable":
            say("presence unavailable")
            self.del_roster_item(self.peer)
        else:
            say(f"presence available {presence['status']}")

    def on_message(self, message):
        if message["type"] != "chat" or message["from"].bare != self.peer:
            self.fail(f"not what was sent: {message}")
        say(f"message {message['body']}")

    def on_disconnected(self, why):
        # It comes without the server's end of the stream, too, but then for another reason.
        if not self.parted or why != "End of stream":
            self.fail(f"disconnected: {why}")
        elif not self.done.done():
            self.done.set_result(None)


def say(line):
    print(line, flush=True)


async def main():
    host, port, jid, password, ca_file, tls, peer, seconds, *words = sys.argv[1:]
    client = ContactClient(jid, password, ca_file, tls, peer, *words)
    client.connect(host, int(port))
    try:
        await asyncio.wait_for(client.done, float(seconds))
    except TimeoutError:
        raise Failure("it took too long") from None
    say("closed")


try:
    asyncio.run(main())
except Failure as failure:
    sys.exit(f"slixmpp: {failure}")
