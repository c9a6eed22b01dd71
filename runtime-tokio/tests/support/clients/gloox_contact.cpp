// With gloox: makes a friend, talks, parts with them, and leaves. README.md has the details.

#include <gloox/client.h>
#include <gloox/connectionlistener.h>
#include <gloox/error.h>
#include <gloox/loghandler.h>
#include <gloox/message.h>
#include <gloox/messagehandler.h>
#include <gloox/rosterlistener.h>
#include <gloox/rostermanager.h>
#include <gloox/tlsdefault.h>

#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>

using std::string;

namespace {

[[noreturn]] void fail(const string& why) {
  std::cerr << "gloox: " << why << std::endl;
  std::exit(1);
}

void say(const string& line) { std::cout << line << std::endl; }

string name_of(gloox::SubscriptionType subscription) {
  switch (subscription) {
    case gloox::S10nNone: return "none";
    case gloox::S10nNoneOut: return "none/ask";
    case gloox::S10nTo: return "to";
    case gloox::S10nFrom: return "from";
    case gloox::S10nFromOut: return "from/ask";
    case gloox::S10nBoth: return "both";
    default: fail("subscription " + std::to_string(subscription));
  }
}

class ContactClient : gloox::ConnectionListener,
                      gloox::RosterListener,
                      gloox::MessageHandler,
                      gloox::LogHandler {
 public:
  ContactClient(const string& host, int port, const gloox::JID& jid, const string& password,
                const string& ca_file, const string& peer, const string& body, const string& name,
                const string& group)
      : client_(jid, password, port), peer_(peer), body_(body), name_(name), group_(group) {
    client_.setServer(host);
    client_.setTls(gloox::TLSRequired);
    // The TLS that it makes for itself looks for the address dialled in the certificate, not for
    // the domain. Authorities are taken after `init` only: before, and as its argument, they are
    // ignored. It trusts those of the system, too.
    auto* tls = new gloox::TLSDefault(&client_, jid.server());
    if (!tls->init()) fail("cannot set up TLS");
    tls->setCACerts({ca_file});
    client_.setEncryptionImpl(tls);  // which deletes it, too
    client_.setCompression(false);
    client_.setPresence(gloox::Presence::Available, 0, "here");
    client_.registerConnectionListener(this);
    client_.rosterManager()->registerRosterListener(this);
    client_.registerMessageHandler(this);
    client_.logInstance().registerLogHandler(gloox::LogLevelDebug, gloox::LogAreaAll, this);
  }

  void run(int seconds) {
    const std::time_t deadline = std::time(nullptr) + seconds;
    if (!client_.connect(false)) fail("cannot connect");
    while (!disconnected_) {
      if (std::time(nullptr) > deadline) fail("it took too long");
      client_.recv(50'000);
      // It must not be destroyed inside of a callback, which a disconnect here avoids, too.
      if (parted_ && !disconnected_) client_.disconnect();
    }
    if (!stream_ended_) fail("the stream was not ended");
    say("closed");
  }

 private:
  bool onTLSConnect(const gloox::CertInfo& info) override {
    say("info tls " + info.protocol);
    // `info.chain` is of no use: it ignores the authorities that it was given.
    if (info.status != gloox::CertOk) fail("certificate status " + std::to_string(info.status));
    return true;
  }

  // It asks for the roster itself, and `onConnect` comes when it is there.
  void handleRoster(const gloox::Roster& roster) override { contacts_ = roster.size(); }

  void onConnect() override {
    say("online " + client_.jid().full());
    say("roster " + std::to_string(contacts_));
    // This adds the contact and asks for the subscription.
    client_.rosterManager()->subscribe(peer_, name_, {group_}, gloox::EmptyString);
  }

  void handleItemAdded(const gloox::JID& jid) override { changed(jid); }
  void handleItemUpdated(const gloox::JID& jid) override { changed(jid); }

  void handleItemRemoved(const gloox::JID& jid) override {
    if (jid != peer_) fail("who is " + jid.full() + "?");
    say("contact removed");
    parted_ = true;
  }

  void changed(const gloox::JID& jid) {
    if (jid != peer_) fail("who is " + jid.full() + "?");
    const auto* item = client_.rosterManager()->getRosterItem(jid);
    string groups;
    for (const auto& group : item->groups()) groups += " " + group;
    say("contact " + name_of(item->subscription()) + groups + " " + item->name());
    if (item->subscription() == gloox::S10nBoth) {
      client_.send(gloox::Message(gloox::Message::Chat, peer_, body_));
    }
  }

  // What it returns is what the contact is told.
  bool handleSubscriptionRequest(const gloox::JID& jid, const string&) override {
    if (jid != peer_) fail("who is " + jid.full() + "?");
    say("asked");
    return true;
  }

  void handleRosterPresence(const gloox::RosterItem&, const string& resource,
                            gloox::Presence::PresenceType type, const string& status) override {
    // Without a resource it is Prosody's receipt for the request.
    if (resource.empty()) return;
    if (type == gloox::Presence::Unavailable) {
      say("presence unavailable");
      client_.rosterManager()->remove(peer_);
    } else if (!is_there_) {
      say("presence available " + status);
      is_there_ = true;  // it may come again
    }
  }

  void handleRosterError(const gloox::IQ& iq) override { fail("an error of the roster " + iq.id()); }

  // `changed` says enough of these; presence of one's own comes as well.
  void handleItemSubscribed(const gloox::JID&) override {}
  void handleItemUnsubscribed(const gloox::JID&) override {}
  bool handleUnsubscriptionRequest(const gloox::JID&, const string&) override { return true; }
  void handleNonrosterPresence(const gloox::Presence&) override {}
  void handleSelfPresence(const gloox::RosterItem&, const string&, gloox::Presence::PresenceType,
                          const string&) override {}

  void handleMessage(const gloox::Message& message, gloox::MessageSession*) override {
    if (message.from().bareJID() != peer_ || message.subtype() != gloox::Message::Chat) {
      fail("not what was sent, from " + message.from().full());
    }
    say("message " + message.body());
  }

  void onDisconnect(gloox::ConnectionError error) override {
    if (error != gloox::ConnUserDisconnected) {
      fail("disconnected: error " + std::to_string(error) + ", of the stream " +
           std::to_string(client_.streamError()) + ", of the login " +
           std::to_string(client_.authError()));
    }
    disconnected_ = true;
  }

  // Some things it tells nobody but its log. It closes TCP together with the stream and never reads
  // the server's end of it, so that its own end is all there is to see.
  void handleLog(gloox::LogLevel level, gloox::LogArea area, const string& text) override {
    const string mechanism = "mechanism='";
    const auto at = text.find(mechanism);
    if (area == gloox::LogAreaXmlOutgoing && text.compare(0, 5, "<auth") == 0 &&
        at != string::npos) {
      const auto begin = at + mechanism.size();
      say("info mechanism " + text.substr(begin, text.find('\'', begin) - begin));
    } else if (area == gloox::LogAreaXmlOutgoing && text == "</stream:stream>") {
      stream_ended_ = true;
    } else if (level >= gloox::LogLevelWarning) {
      std::cerr << "gloox: " << text << std::endl;
    }
  }

  gloox::Client client_;
  const gloox::JID peer_;
  const string body_, name_, group_;
  size_t contacts_ = 0;
  bool is_there_ = false;
  bool parted_ = false;
  bool stream_ended_ = false;
  bool disconnected_ = false;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 12) {
    fail("host port jid password ca-file starttls|direct peer seconds body name group");
  }
  if (string(arguments[6]) != "starttls") fail("it knows nothing but STARTTLS");
  ContactClient client(arguments[1], std::atoi(arguments[2]), gloox::JID(arguments[3]),
                       arguments[4], arguments[5], arguments[7], arguments[9], arguments[10],
                       arguments[11]);
  client.run(std::atoi(arguments[8]));
}
