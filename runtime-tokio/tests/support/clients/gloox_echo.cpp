// Logs in with gloox, says something, hears it back, and leaves. README.md has the details.

#include <gloox/client.h>
#include <gloox/connectionlistener.h>
#include <gloox/error.h>
#include <gloox/loghandler.h>
#include <gloox/message.h>
#include <gloox/messagehandler.h>
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

class EchoClient : gloox::ConnectionListener, gloox::MessageHandler, gloox::LogHandler {
 public:
  EchoClient(const string& host, int port, const gloox::JID& jid, const string& password,
             const string& ca_file, const string& peer, const string& body)
      : client_(jid, password, port), peer_(peer), body_(body) {
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
    client_.registerConnectionListener(this);
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
      if (echoed_ && !disconnected_) client_.disconnect();
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

  // This comes when the roster is there, or an error in its place.
  void onConnect() override {
    say("online " + client_.jid().full());
    client_.send(gloox::Message(gloox::Message::Chat, peer_, body_));
  }

  void handleMessage(const gloox::Message& message, gloox::MessageSession*) override {
    say("echo " + message.body());
    if (message.from() != peer_ || message.body() != body_) {
      fail("not what was sent, from " + message.from().full());
    }
    echoed_ = true;
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
  const string body_;
  bool echoed_ = false;
  bool stream_ended_ = false;
  bool disconnected_ = false;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 10) fail("host port jid password ca-file starttls|direct peer seconds body");
  if (string(arguments[6]) != "starttls") fail("it knows nothing but STARTTLS");
  EchoClient client(arguments[1], std::atoi(arguments[2]), gloox::JID(arguments[3]), arguments[4],
                    arguments[5], arguments[7], arguments[9]);
  client.run(std::atoi(arguments[8]));
}
