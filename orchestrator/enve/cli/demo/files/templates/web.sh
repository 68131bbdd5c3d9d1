#!/bin/sh
# A service that reads its configuration when it starts and on every HUP.
configure() { . "$SPOT_DIR/web.conf"; echo "web says: $greeting"; }
trap configure HUP
configure
while :; do sleep 86400 & wait $!; done
