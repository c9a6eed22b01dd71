/* With libstrophe: makes a friend, talks, parts with them, and leaves. README.md has the details.
 *
 * It knows nothing of rosters and presence: these are stanzas as they are. */

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <strophe.h>

#define ROSTER "jabber:iq:roster"

static const char *peer, *body, *name, *group;
static int is_there, parted, stream_ended, disconnected;

static void fail(const char *format, ...)
{
    va_list arguments;
    fputs("libstrophe: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

/* Some things it tells nobody but its log: the mechanism, the server's end of the stream, and why
 * it did not come so far. It never tells the version of TLS. */
static void on_log(void *unused, xmpp_log_level_t level, const char *area, const char *text)
{
    char mechanism[64];
    (void)unused;
    if (strcmp(text, "RECV: </stream:stream>") == 0)
        stream_ended = 1;
    else if (sscanf(text, "SASL %63s auth successful", mechanism) == 1 &&
             strstr(text, "successful") != NULL)
        printf("info mechanism %s\n", mechanism);
    else if (level >= XMPP_LEVEL_WARN || strcmp(area, "tls") == 0)
        fprintf(stderr, "%s: %s\n", area, text);
}

/* The text of `parent`'s child of that name, or nothing. */
static void say_text(const char *line, xmpp_stanza_t *parent, const char *child)
{
    xmpp_stanza_t *element = xmpp_stanza_get_child_by_name(parent, child);
    char *text = element ? xmpp_stanza_get_text(element) : NULL;
    printf("%s%s", line, text ? text : "");
    if (text)
        xmpp_free(xmpp_stanza_get_context(parent), text);
}

static void send_presence(xmpp_conn_t *conn, const char *to, const char *type, const char *status)
{
    xmpp_ctx_t *context = xmpp_conn_get_context(conn);
    xmpp_stanza_t *presence = xmpp_presence_new(context);
    if (to)
        xmpp_stanza_set_to(presence, to);
    if (type)
        xmpp_stanza_set_type(presence, type);
    if (status) {
        xmpp_stanza_t *element = xmpp_stanza_new(context), *text = xmpp_stanza_new(context);
        xmpp_stanza_set_name(element, "status");
        xmpp_stanza_set_text(text, status);
        xmpp_stanza_add_child_ex(element, text, 0);
        xmpp_stanza_add_child_ex(presence, element, 0);
    }
    xmpp_send(conn, presence);
    xmpp_stanza_release(presence);
}

static void send_message(xmpp_conn_t *conn)
{
    xmpp_stanza_t *message = xmpp_message_new(xmpp_conn_get_context(conn), "chat", peer, NULL);
    xmpp_message_set_body(message, body);
    xmpp_send(conn, message);
    xmpp_stanza_release(message);
}

/* An IQ with a roster, which may hold one item. It takes the item. */
static void ask(xmpp_conn_t *conn, const char *type, const char *id, xmpp_stanza_t *item)
{
    xmpp_ctx_t *context = xmpp_conn_get_context(conn);
    xmpp_stanza_t *iq = xmpp_iq_new(context, type, id), *query = xmpp_stanza_new(context);
    xmpp_stanza_set_name(query, "query");
    xmpp_stanza_set_ns(query, ROSTER);
    if (item)
        xmpp_stanza_add_child_ex(query, item, 0);
    xmpp_stanza_add_child_ex(iq, query, 0);
    xmpp_send(conn, iq);
    xmpp_stanza_release(iq);
}

static xmpp_stanza_t *item_of_peer(xmpp_conn_t *conn)
{
    xmpp_stanza_t *item = xmpp_stanza_new(xmpp_conn_get_context(conn));
    xmpp_stanza_set_name(item, "item");
    xmpp_stanza_set_attribute(item, "jid", peer);
    return item;
}

static int on_changed(xmpp_conn_t *conn, xmpp_stanza_t *iq, void *unused)
{
    const char *type = xmpp_stanza_get_type(iq), *id = xmpp_stanza_get_id(iq);
    (void)conn, (void)unused;
    if (!type || strcmp(type, "result") != 0)
        fail("%s: %s", id, type ? type : "");
    return 0;
}

static int on_roster(xmpp_conn_t *conn, xmpp_stanza_t *iq, void *unused)
{
    xmpp_ctx_t *context = xmpp_conn_get_context(conn);
    xmpp_stanza_t *query = xmpp_stanza_get_child_by_name_and_ns(iq, "query", ROSTER);
    xmpp_stanza_t *item, *element, *text;
    int count = 0;
    (void)unused;
    if (!query)
        fail("no roster");
    for (item = xmpp_stanza_get_children(query); item; item = xmpp_stanza_get_next(item))
        count++;
    printf("roster %d\n", count);
    send_presence(conn, NULL, NULL, "here");

    item = item_of_peer(conn);
    xmpp_stanza_set_attribute(item, "name", name);
    element = xmpp_stanza_new(context);
    text = xmpp_stanza_new(context);
    xmpp_stanza_set_name(element, "group");
    xmpp_stanza_set_text(text, group);
    xmpp_stanza_add_child_ex(element, text, 0);
    xmpp_stanza_add_child_ex(item, element, 0);
    xmpp_id_handler_add(conn, on_changed, "add", NULL);
    ask(conn, "set", "add", item);
    send_presence(conn, peer, "subscribe", NULL);
    return 0;
}

static int on_push(xmpp_conn_t *conn, xmpp_stanza_t *iq, void *unused)
{
    xmpp_stanza_t *query = xmpp_stanza_get_child_by_name_and_ns(iq, "query", ROSTER);
    xmpp_stanza_t *item = query ? xmpp_stanza_get_child_by_name(query, "item") : NULL;
    const char *jid = item ? xmpp_stanza_get_attribute(item, "jid") : NULL;
    const char *subscription = item ? xmpp_stanza_get_attribute(item, "subscription") : NULL;
    const char *called = item ? xmpp_stanza_get_attribute(item, "name") : NULL;
    xmpp_stanza_t *reply;
    (void)unused;
    if (!jid || strcmp(jid, peer) != 0 || !subscription)
        fail("a push without an item of the contact");
    reply = xmpp_iq_new(xmpp_conn_get_context(conn), "result", xmpp_stanza_get_id(iq));
    xmpp_send(conn, reply);
    xmpp_stanza_release(reply);

    if (strcmp(subscription, "remove") == 0) {
        puts("contact removed");
        parted = 1;
        /* It waits two seconds for the server's end of the stream. */
        xmpp_disconnect(conn);
        return 1;
    }
    printf("contact %s%s", subscription, xmpp_stanza_get_attribute(item, "ask") ? "/ask" : "");
    say_text(" ", item, "group");
    printf(" %s\n", called ? called : "");
    if (strcmp(subscription, "both") == 0)
        send_message(conn);
    return 1;
}

/* Whether somebody else sent it: presence of one's own comes as well. */
static int is_from_others(xmpp_stanza_t *stanza)
{
    const char *from = xmpp_stanza_get_from(stanza);
    const size_t length = strlen(peer);
    return !from || strncmp(from, peer, length) != 0 || (from[length] && from[length] != '/');
}

static int on_presence(xmpp_conn_t *conn, xmpp_stanza_t *presence, void *unused)
{
    const char *type = xmpp_stanza_get_type(presence);
    (void)unused;
    if (is_from_others(presence))
        return 1;
    if (!type && is_there)
        return 1; /* the same again */
    if (!type) {
        is_there = 1;
        say_text("presence available ", presence, "status");
        putchar('\n');
    } else if (strcmp(type, "subscribe") == 0) {
        puts("asked");
        send_presence(conn, peer, "subscribed", NULL);
    } else if (strcmp(type, "unavailable") == 0 && strchr(xmpp_stanza_get_from(presence), '/')) {
        /* Without a resource it is Prosody's receipt for the request. */
        xmpp_stanza_t *item = item_of_peer(conn);
        puts("presence unavailable");
        xmpp_stanza_set_attribute(item, "subscription", "remove");
        xmpp_id_handler_add(conn, on_changed, "remove", NULL);
        ask(conn, "set", "remove", item);
    } else if (strcmp(type, "error") == 0) {
        fail("presence of type error");
    }
    return 1;
}

static int on_message(xmpp_conn_t *conn, xmpp_stanza_t *message, void *unused)
{
    (void)conn, (void)unused;
    if (is_from_others(message))
        fail("a message of somebody else");
    say_text("message ", message, "body");
    putchar('\n');
    return 1;
}

static void start(xmpp_conn_t *conn)
{
    printf("info tls %s\n", xmpp_conn_is_secured(conn) ? "yes" : "no");
    printf("online %s\n", xmpp_conn_get_bound_jid(conn));
    xmpp_handler_add(conn, on_push, ROSTER, "iq", "set", NULL);
    xmpp_handler_add(conn, on_presence, NULL, "presence", NULL, NULL);
    xmpp_handler_add(conn, on_message, NULL, "message", "chat", NULL);
    xmpp_id_handler_add(conn, on_roster, "roster", NULL);
    ask(conn, "get", "roster", NULL);
}

static void on_event(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
                     xmpp_stream_error_t *stream_error, void *unused)
{
    (void)unused;
    if (event == XMPP_CONN_CONNECT) {
        start(conn);
        return;
    }
    if (stream_error)
        fail("stream error %d: %s", stream_error->type,
             stream_error->text ? stream_error->text : "");
    if (event != XMPP_CONN_DISCONNECT || error != 0 || !parted || !stream_ended)
        fail("disconnected: event %d, error %d, %s", event, error,
             stream_ended ? "the server ended the stream" : "the server did not end the stream");
    puts("closed");
    disconnected = 1;
}

int main(int count, char **arguments)
{
    xmpp_log_t log = {on_log, NULL};
    xmpp_ctx_t *context;
    xmpp_conn_t *conn;
    time_t deadline;
    long flags;

    if (count != 12)
        fail("host port jid password ca-file starttls|direct peer seconds body name group");
    setvbuf(stdout, NULL, _IOLBF, 0);
    flags = strcmp(arguments[6], "direct") == 0 ? XMPP_CONN_FLAG_LEGACY_SSL
                                                 : XMPP_CONN_FLAG_MANDATORY_TLS;
    peer = arguments[7];
    deadline = time(NULL) + atol(arguments[8]);
    body = arguments[9];
    name = arguments[10];
    group = arguments[11];

    /* It answers the end of TLS, even when the server has closed TCP meanwhile. */
    signal(SIGPIPE, SIG_IGN);
    xmpp_initialize();
    context = xmpp_ctx_new(NULL, &log);
    conn = xmpp_conn_new(context);
    xmpp_conn_set_flags(conn, flags);
    xmpp_conn_set_jid(conn, arguments[3]);
    xmpp_conn_set_pass(conn, arguments[4]);
    /* It is the domain of the JID, not the address dialled, that the certificate must name. */
    xmpp_conn_set_cafile(conn, arguments[5]);
    if (xmpp_connect_client(conn, arguments[1], (unsigned short)atoi(arguments[2]), on_event,
                            NULL) != XMPP_EOK)
        fail("cannot connect");

    while (!disconnected) {
        if (time(NULL) > deadline)
            fail("it took too long");
        xmpp_run_once(context, 50);
    }
    xmpp_conn_release(conn);
    xmpp_ctx_free(context);
    xmpp_shutdown();
    return 0;
}
