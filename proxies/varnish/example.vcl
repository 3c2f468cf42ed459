# ----------------------------------------------------------------------
# | Streams: a whole default.vcl
# ----------------------------------------------------------------------
#
# A complete site in front of two replicas, with the file beside it included.
# Check:  varnishd -C -f /etc/varnish/default.vcl
# Change: what of yours may be cached.
#
# Rendered from the stream policy by `npm run render`; change the policy, not the numbers here.

vcl 4.1;

# GET /events and its fallbacks
include "/etc/varnish/sse-kit.vcl";

sub vcl_recv {
    # the numbers of one replica, at random, and for everybody: let Prometheus ask the replicas
    # themselves
    if (req.url ~ "^/metrics(?:\?|$)") {
        return (synth(404));
    }

    # publishing, the page, health: ordinary requests
    call sse_kit_deal;

    # of which none is for another client; what may be cached goes above this line
    return (pass);
}
