#!/bin/sh
# ----------------------------------------------------------------------
# | Streams: how Envoy is started
# ----------------------------------------------------------------------
#
# For Envoy's hot restarter (restarter/hot-restarter.py in its repository), which starts the next
# Envoy on SIGHUP, and has it take the listening sockets over:
#     hot-restarter.py /etc/envoy/start-envoy.sh
#
# Rendered from the stream policy by `npm run render`; change the policy, not the numbers here.

# --drain-time-s: how long the old process takes to ask its clients to leave, one after the other
# (drainSeconds)
# --parent-shutdown-time-s: when it ends, and its last streams with it; they have ended by their age
# before. The default of 900 s cuts them all in one moment (maxStreamAgeSeconds, maxStreamAgeJitter,
# drainSeconds)
exec envoy -c /etc/envoy/envoy.yaml --restart-epoch "${RESTART_EPOCH:-0}" \
    --drain-time-s 30 --parent-shutdown-time-s 3990
