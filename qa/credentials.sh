#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real node, its keystore and pictures that only a secret opens: the node refuses to start without the secret, embeds a picture with it,
# takes over another one by _nodes/reload_secure_settings, and writes neither into an answer or a log, even where everything is logged.
#   qa/credentials.sh
# Exits 1 naming what was wrong. Environment as for qa/node.sh; PORT (19230).
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd -P)
port=${PORT:-19230}
pictures=127.0.0.1:$((port + 9))
secret=plugins.clip.image.credentials.cdn.value
out=$repo/target/credentials
export NODE_DIR=${NODE_DIR:-$out/nodes}
mkdir -p "$out"

trap 'kill "$server" 2>/dev/null; "$repo/qa/node.sh" down' EXIT
echo 'Bearer s3cret-one' >"$out/wanted"
java=$("$repo/qa/jdk.sh")/bin/java
"$java" "$repo/qa/hub/Guarded.java" "$repo/qa/pictures/noto" "$((port + 9))" "$out/wanted" >"$out/server.log" 2>&1 &
server=$!

die() { echo "$*" >&2; exit 1; }

up() {
  "$repo/qa/node.sh" up --fresh --http "$port" -E plugins.clip.image.url.allowed_networks=127.0.0.0/8 \
    -E plugins.clip.image.credentials.cdn.hosts="$pictures" >"$out/up.log" 2>&1
}

keystore() { # add|remove: what it writes belongs to whom the node runs as
  "$java" -cp "$home/lib/*" "$repo/qa/node/Keystore.java" "$home/config" "$1" "$secret"
  chown --reference="$home/config/opensearch.yml" "$home/config/opensearch.keystore"
}

put_secret() { printf %s "$1" | keystore add; }

request() { # method path [body]: the answer, which is kept for the last check
  curl -sS --max-time 120 -X "$1" "http://127.0.0.1:$port/$2" -H 'content-type: application/json' ${3:+-d "$3"} | tee -a "$out/answers"
}

embed() { request POST _plugins/_clip/models/demo/_embed '{"inputs": [{"image": "http://'"$pictures"'/1F004.png"}]}'; }

expect() { # what, in which answer
  case $2 in *"$1"*) ;; *) die "expected [$1] in [${2:0:500}]" ;; esac
}

: >"$out/answers"
"$repo/qa/node.sh" build >"$out/build.log" 2>&1
home=$("$repo/qa/node.sh" home)
rm -f "$home/config/opensearch.keystore"
if up; then die "the node started without $secret"; fi
expect "[$secret] is not in the keystore of this node" "$(cat "$out/up.log" "$NODE_DIR/node1.log")"

put_secret 'Bearer s3cret-one'
up || { cat "$out/up.log" >&2; exit 2; }
request PUT _cluster/settings '{"persistent": {"logger.org.opensearch.clip": "TRACE", "logger.org.apache.hc": "TRACE"}}' >"$out/last"
request PUT '_plugins/_clip/models/demo?load=true&wait_for_completion=true' '{"source": {"catalog": "opensearch-clip-demo-v1"}}' >"$out/last"
expect '"embedding":[' "$(embed)"

echo 'Bearer s3cret-two' >"$out/wanted"
expect 'plugins.clip.image.credentials has for it does not open it' "$(embed)"
put_secret 'Bearer s3cret-two'
expect '"failed":0' "$(request POST _nodes/reload_secure_settings)"
expect '"embedding":[' "$(embed)"

keystore remove
expect "[$secret] is not in the keystore of this node" "$(request POST _nodes/reload_secure_settings)"
expect '"embedding":[' "$(embed)"

request GET _nodes/settings >"$out/last"
request GET '_cluster/settings?include_defaults=true' >"$out/last"
if grep -rl s3cret "$out/answers" "$NODE_DIR/node1.log" "$home/logs"; then die "the secret is written there"; fi
echo "Refused without its secret, embedded with it, again with another after a reload; the secret is in no answer and no log."
