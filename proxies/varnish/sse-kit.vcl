# ----------------------------------------------------------------------
# | Streams: the part to include
# ----------------------------------------------------------------------
#
# Who answers, how streams pass, and what a client gets while no replica answers.
# Include it in your VCL, after your own access rules and before your rules for caching:
#     include "/etc/varnish/sse-kit.vcl";
# What it says in vcl_recv and the other subs is put in front of what you say below it.
# Change: the addresses of the two backends, and the paths if your service has others.
#
# Rendered from the stream policy by `npm run render`; change the policy, not the numbers here.

import std;
import directors;

# a draining replica is not ready: it gets no new streams, and keeps those it has
probe sse_kit_ready {
    .url = "/readyz";
    .interval = 1s;
    .timeout = 1s;

    # given up after two failures, taken back after one success, and trusted at first: a reload
    # waits for nothing
    .window = 2;
    .threshold = 1;
    .initial = 1;
}

# the replicas
backend sse_kit_replica1 {
    .host = "127.0.0.1";
    .port = "8081";

    # a replica that is gone is given up before the client gives up
    .connect_timeout = 2s;

    # until the head of an answer: a long poll waits almost as long as a stream may be silent
    # (idleSeconds)
    .first_byte_timeout = 60s;

    # silence for longer cuts the stream; heartbeats keep it away. Not a limit on its age.
    # (idleSeconds)
    .between_bytes_timeout = 60s;
    .probe = sse_kit_ready;
}

backend sse_kit_replica2 {
    .host = "127.0.0.1";
    .port = "8082";

    # a replica that is gone is given up before the client gives up
    .connect_timeout = 2s;

    # until the head of an answer: a long poll waits almost as long as a stream may be silent
    # (idleSeconds)
    .first_byte_timeout = 60s;

    # silence for longer cuts the stream; heartbeats keep it away. Not a limit on its age.
    # (idleSeconds)
    .between_bytes_timeout = 60s;
    .probe = sse_kit_ready;
}

sub vcl_init {
    # Varnish does not count streams: each new one is dealt to a replica by lot, and a stream that
    # ends by its age is dealt again. This director deals the next replica when one fails.
    new sse_kit = directors.shard();
    sse_kit.add_backend(sse_kit_replica1);
    sse_kit.add_backend(sse_kit_replica2);
    sse_kit.reconfigure();
}

sub sse_kit_deal {
    # the lot
    set req.http.X-SSE-Replica-Key = std.integer(real = std.random(0, 1000000000));

    # any replica can resume any stream, so affinity is a convenience: a client that has a lot keeps
    # it (stickiness)
    if (req.http.Cookie ~ "(?:^|; *)SSEKIT=[0-9]+") {
        set req.http.X-SSE-Replica-Key = regsub(req.http.Cookie, "^(?:.*; *)?SSEKIT=([0-9]+).*$", "\1");
    }

    set req.backend_hint = sse_kit.backend(by = KEY, key = sse_kit.key(req.http.X-SSE-Replica-Key));

    # how the client asks; a proxy further out, where TLS may have ended, knows better. What comes
    # by the socket "tls" came over TLS.
    if (!req.http.X-Forwarded-Proto) {
        set req.http.X-Forwarded-Proto = "http";

        if (local.socket == "tls") {
            set req.http.X-Forwarded-Proto = "https";
        }
    }
}

sub vcl_recv {
    # said by Varnish alone, whatever a client sends
    unset req.http.X-SSE-Proxy-Soft-Fails;
    unset req.http.X-SSE-Replica-Key;

    # the stream, its fallbacks, and a stream to try a path with
    if (req.url ~ "^/(?:events(?:/poll|/ws)?|diagnostics/stream)(?:\?|$)") {
        call sse_kit_deal;

        if (req.http.Upgrade ~ "(?i)websocket") {
            return (pipe);
        }

        # a compressor waits for more bytes and keeps its state per stream; nobody is asked for one
        unset req.http.Accept-Encoding;

        # does this request come from an EventSource? Only those are refused softly. The service
        # answers them with 503 where it would refuse softly by itself, and another replica is asked
        # at once.
        if (req.url ~ "^/(?:events|diagnostics/stream)(?:\?|$)" && req.http.Accept ~ "(?i)text/event-stream") {
            set req.http.X-SSE-Proxy-Soft-Fails = "1";
        }

        # one client's stream is never another's: without this line a second client joins the stream
        # of the first, from its beginning
        return (pass);
    }
}

# an upgrade goes on to the service
sub vcl_pipe {
    if (req.http.Upgrade) {
        set bereq.http.Upgrade = req.http.Upgrade;
        set bereq.http.Connection = "Upgrade";
    }
}

sub vcl_backend_fetch {
    # the replica that the lot says, and for each further attempt the one after it
    if (bereq.http.X-SSE-Replica-Key) {
        set bereq.backend = sse_kit.backend(by = KEY, key = sse_kit.key(bereq.http.X-SSE-Replica-Key), alt = bereq.retries);
    }
}

sub vcl_backend_response {
    if (bereq.http.X-SSE-Proxy-Soft-Fails && beresp.status >= 502 && beresp.status <= 504) {
        if (bereq.retries < 2) {
            return (retry);
        }

        return (abandon);
    }

    if (beresp.http.Content-Type ~ "^text/event-stream") {
        # sent on as it comes, uncompressed and as it is, whatever is said above for other texts
        set beresp.do_stream = true;
        set beresp.do_gzip = false;
        set beresp.do_esi = false;

        # A client that takes nothing in is for the service to close, which counts what waits. From
        # Varnish 7.3 on, this line keeps Varnish from reading ahead of the client without limit:
        # set beresp.transit_buffer = 64KB;
        return (deliver);
    }
}

sub vcl_backend_error {
    if (bereq.http.X-SSE-Replica-Key) {
        # the client has heard nothing yet, so another replica is asked; but not to publish, which
        # might then be done twice
        if (bereq.method == "GET" && bereq.retries < 2) {
            return (retry);
        }

        # no replica is left: vcl_synth has the words
        return (abandon);
    }
}

sub vcl_deliver {
    # for no longer than a stream lives (stickiness)
    if (req.url ~ "^/(?:events|diagnostics/stream)(?:\?|$)" && req.http.Cookie !~ "(?:^|; *)SSEKIT=" && !resp.http.Set-Cookie) {
        set resp.http.Set-Cookie = "SSEKIT=" + req.http.X-SSE-Replica-Key + "; Max-Age=3600; Path=/; HttpOnly";
    }
}

sub vcl_synth {
    if (resp.status == 503 && req.http.X-SSE-Proxy-Soft-Fails) {
        # a 200 with "retry:", because any other status ends an EventSource for good
        set resp.status = 200;
        set resp.http.Content-Type = "text/event-stream";
        set resp.http.Cache-Control = "no-cache, no-transform";

        # marked, so that it can be counted and is not mistaken for health
        set resp.http.X-SSE-Soft-Fail = "upstream";

        # a page of another origin has to be allowed to read it, or its EventSource closes for good.
        # Whichever page that is: all it can learn is when to come back.
        if (req.http.Origin) {
            set resp.http.Access-Control-Allow-Origin = req.http.Origin;
            set resp.http.Access-Control-Allow-Credentials = "true";
        }

        set resp.http.Vary = "Origin";

        # when to come back, in milliseconds: drawn per request, because EventSource has no jitter
        # of its own (retryMs, retryJitter)
        set resp.body = "retry: " + std.integer(real = std.random(1500, 4501)) + {"

"};

        # a client that is turned away keeps its cursor: some clients forget it when a response
        # begins without an id
        if (req.http.Last-Event-ID ~ "^[A-Za-z0-9._-]{1,128}$") {
            set resp.body = "retry: " + std.integer(real = std.random(1500, 4501)) + {"
id: "} + req.http.Last-Event-ID + {"

"};
        }

        return (deliver);
    }

    # ordinary clients are told the truth, and when to try again (retryMs)
    if (resp.status == 503 && req.http.X-SSE-Replica-Key) {
        set resp.http.Retry-After = "3";
    }
}
