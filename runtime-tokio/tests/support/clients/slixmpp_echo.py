"""Logs in with slixmpp, says something, hears it back, and leaves. README.md has the details."""

import asyncio
import ssl
import sys

from slixmpp import ClientXMPP
from slixmpp.exceptions import IqError


class Failure(Exception):
    pass


class EchoClient(ClientXMPP):
    def __init__(self, jid, password, ca_file, tls):
        # It is the domain of the JID, not the address dialled, that the certificate must name.
        context = ssl.create_default_context(cafile=ca_file)
        super().__init__(jid, password, ssl_context=context)
        self.enable_direct_tls = tls == "direct"
        self.enable_starttls = tls == "starttls"

        self.started = asyncio.Future()
        self.echoed = asyncio.Future()
        self.ended = asyncio.Future()
        self.add_event_handler("session_start", lambda _: self.settle(self.started, None))
        self.add_event_handler("message", lambda message: self.settle(self.echoed, message))
        self.add_event_handler("disconnected", lambda why: self.settle(self.ended, why))
        for event in ("connection_failed", "failed_all_auth", "stream_error", "ssl_invalid_chain"):
            self.add_event_handler(event, lambda why, event=event: self.fail(f"{event}: {why}"))
        self.add_event_handler("disconnected", lambda why: self.fail(f"disconnected: {why}"))

    @staticmethod
    def settle(future, value):
        if not future.done():
            future.set_result(value)

    def fail(self, why):
        for future in (self.started, self.echoed):
            if not future.done():
                future.set_exception(Failure(why))
                # Nobody may have waited for it yet; that is no error of its own.
                future.exception()

    async def ask_for_roster(self):
        try:
            return (await self.get_roster())["type"]
        except IqError as error:
            return error.iq["type"]


def say(line):
    print(line, flush=True)


async def run(host, port, jid, password, ca_file, tls, peer, body):
    client = EchoClient(jid, password, ca_file, tls)
    client.connect(host, int(port))
    await client.started
    say(f"info tls {client.transport.get_extra_info('ssl_object').version()}")
    say(f"info mechanism {client.plugin['feature_mechanisms'].mech.name}")
    say(f"online {client.boundjid.full}")

    # What a client does first, whether or not the server knows of presence and rosters.
    client.send_presence()
    say(f"info roster {await client.ask_for_roster()}")
    client.send_message(mto=peer, mbody=body, mtype="chat")
    message = await client.echoed
    say(f"echo {message['body']}")
    if message["from"] != peer or message["body"] != body:
        raise Failure(f"not what was sent: {message}")

    # It waits two seconds for the server's end of the stream. `disconnected` comes either way,
    # but has this reason only if there was one.
    await client.disconnect()
    why = await client.ended
    if why != "End of stream":
        raise Failure(f"the server did not end the stream: {why}")
    say("closed")


async def main():
    *arguments, seconds, body = sys.argv[1:]
    try:
        await asyncio.wait_for(run(*arguments, body), float(seconds))
    except TimeoutError:
        raise Failure("it took too long") from None


try:
    asyncio.run(main())
except Failure as failure:
    sys.exit(f"slixmpp: {failure}")
