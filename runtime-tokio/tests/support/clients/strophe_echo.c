/* Logs in with libstrophe, says something, hears it back, and leaves. README.md has the details. */

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <strophe.h>

static const char *peer, *body;
static int echoed, stream_ended, disconnected;

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

static int on_message(xmpp_conn_t *conn, xmpp_stanza_t *message, void *unused)
{
    const char *from = xmpp_stanza_get_from(message);
    char *text = xmpp_message_get_body(message);
    (void)unused;
    if (echoed)
        fail("more than was sent");
    printf("echo %s\n", text ? text : "");
    if (!text || strcmp(text, body) != 0 || !from || strcmp(from, peer) != 0)
        fail("not what was sent, from %s", from ? from : "nobody");
    xmpp_free(xmpp_conn_get_context(conn), text);
    echoed = 1;
    /* It waits two seconds for the server's end of the stream. */
    xmpp_disconnect(conn);
    return 1;
}

static void start_talking(xmpp_conn_t *conn)
{
    xmpp_ctx_t *context = xmpp_conn_get_context(conn);
    xmpp_stanza_t *stanza;
    printf("info tls %s\n", xmpp_conn_is_secured(conn) ? "yes" : "no");
    printf("online %s\n", xmpp_conn_get_bound_jid(conn));

    stanza = xmpp_presence_new(context);
    xmpp_send(conn, stanza);
    xmpp_stanza_release(stanza);

    xmpp_handler_add(conn, on_message, NULL, "message", NULL, NULL);
    stanza = xmpp_message_new(context, "chat", peer, NULL);
    xmpp_message_set_body(stanza, body);
    xmpp_send(conn, stanza);
    xmpp_stanza_release(stanza);
}

static void on_event(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
                     xmpp_stream_error_t *stream_error, void *unused)
{
    (void)unused;
    if (event == XMPP_CONN_CONNECT) {
        start_talking(conn);
        return;
    }
    if (stream_error)
        fail("stream error %d: %s", stream_error->type,
             stream_error->text ? stream_error->text : "");
    if (event != XMPP_CONN_DISCONNECT || error != 0 || !echoed || !stream_ended)
        fail("disconnected: event %d, error %d, %s, %s", event, error,
             echoed ? "echoed" : "not echoed",
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

    if (count != 10)
        fail("host port jid password ca-file starttls|direct peer seconds body");
    setvbuf(stdout, NULL, _IOLBF, 0);
    flags = strcmp(arguments[6], "direct") == 0 ? XMPP_CONN_FLAG_LEGACY_SSL
                                                 : XMPP_CONN_FLAG_MANDATORY_TLS;
    peer = arguments[7];
    deadline = time(NULL) + atol(arguments[8]);
    body = arguments[9];

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
