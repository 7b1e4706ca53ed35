#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves that a node with a loaded model calls nobody and leaves nothing behind: starts a real node under strace, loads the bundled model,
# embeds a text and a picture, waits, and looks at every connect, every datagram and every file made, those of native code too.
# Exits 1 naming what it saw when a connect leaves the loopback, a name is looked up, or a file is made outside the node's own folders.
#   qa/no-phone-home.sh [seconds to wait after the last request, 60]
# Needs strace and curl, Linux. Environment as for qa/node.sh; the trace is target/no-phone-home/trace.
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd -P)
wait=${1:-60}
port=${PORT:-19210}
out=$repo/target/no-phone-home
export NODE_DIR=${NODE_DIR:-$out}
export NODE_TIMEOUT=${NODE_TIMEOUT:-1200}

for tool in strace curl; do
  command -v "$tool" >/dev/null || { echo "$tool is needed" >&2; exit 2; }
done
mkdir -p "$out"
rm -f "$out/trace"
"$repo/qa/node.sh" build
home=$("$repo/qa/node.sh" home)
trap '"$repo/qa/node.sh" down' EXIT

# A home folder that anybody may write to, so that an attempt succeeds and is seen.
mkdir -p -m 777 "$out/home"
HOME=$out/home strace -f -qq -y --decode-pids=comm --seccomp-bpf -s 256 -e signal=none \
  -e trace=connect,sendto,sendmsg,sendmmsg,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat \
  -o "$out/trace" "$repo/qa/node.sh" up --fresh --http "$port" >"$out/up.log" 2>&1 &
strace=$!
until grep -q '^http' "$out/up.log"; do
  kill -0 "$strace" 2>/dev/null || { cat "$out/up.log" >&2; exit 2; }
  sleep 1
done

ask() { # method path body
  curl -sS --fail-with-body --max-time 600 -X "$1" "http://127.0.0.1:$port$2" -H 'content-type: application/json' -d "$3" >"$out/answer.json" ||
    { cat "$out/answer.json" >&2; exit 2; }
}
ask PUT '/_plugins/_clip/models/demo?load=true&wait_for_completion=true&timeout=10m' '{"source": {"catalog": "opensearch-clip-demo-v1"}}'
picture=$(base64 -w 0 "$repo/qa/pictures/noto/1F344.png")
ask POST /_plugins/_clip/models/demo/_embed "{\"inputs\": [{\"text\": \"a mushroom\"}, {\"image\": \"$picture\"}]}"
[ "$(grep -o '"embedding"' "$out/answer.json" | wc -l)" = 2 ] || { cat "$out/answer.json" >&2; exit 2; }
sleep "$wait"
"$repo/qa/node.sh" down
wait "$strace" || true

# What the node may do: talk to itself, write to its own folders and to devices. The JVM keeps its performance counters in hsperfdata, and
# libffi, which OpenSearch uses through JNA, maps a nameless file. The other processes are those of qa/node.sh.
grep -q 'libonnxruntime' "$out/trace" && grep -q 'libtokenizers' "$out/trace" || { echo "The trace does not show the native libraries" >&2; exit 2; }
grep -vE '^[0-9]+<(bash|node\.sh|opensearch|mkdir|rm|cp|mv|touch|chown|chmod|sed|grep|tr|tail|env|setsid|setpriv|sleep|seq|paste|cat|dirname)>' \
  "$out/trace" >"$out/node"
connects=$(grep -E ' (connect|sendto|sendmsg|sendmmsg)\(' "$out/node" | grep -E 'AF_INET' |
  grep -vE 'inet_addr\("127\.[0-9.]+"\)|inet_pton\(AF_INET6, "(::1|::ffff:127\.[0-9.]+)"' || true)
lookups=$(grep -E 'htons\(53\)' "$out/node" || true)
files=$({
  sed -nE -e 's/.* (open|openat|openat2|creat)\(.*(O_CREAT|creat\().* = [0-9]+<(.*)>$/\3/p' \
    -e '/unfinished/s/.* (openat|openat2)\([^ ]*, "(\/[^"]*)".*O_CREAT.*/\2/p' \
    -e '/unfinished/s/.* (openat|openat2)\([A-Z_0-9]+<(.*)>, "([^/"][^"]*)".*O_CREAT.*/\2\/\3/p' "$out/node"
  grep -E ' (mkdir|rename|link|symlink)[a-z0-9]*\(' "$out/node" | grep -v ' = -1 '
} | sort -u | grep -vF -e "$home/" | grep -vE '^/(dev|proc)/|[/"]tmp/(hsperfdata_[a-z]+(/[0-9]+)?|ffi[A-Za-z0-9]+)("| \(deleted\)|$)' || true)
failed=0
for seen in connects lookups files; do
  if [ -n "${!seen}" ]; then
    echo "$seen that should not be:" >&2
    echo "${!seen}" | head -n 20 >&2
    failed=1
  fi
done
[ "$failed" = 0 ] && echo "No connect beyond the loopback, no name looked up, no file outside $home ($(wc -l <"$out/trace") calls traced)"
exit "$failed"
