#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real OpenSearch node, or several, with k-NN and this plugin, made of Maven Central's artifacts under target/:
#   qa/node.sh build [--nodes N]                    makes the homes
#   qa/node.sh up [--nodes N] [--http PORT] [--fresh] [--owner PID] [-E key=value]...
#                                                   starts them, waits until all have joined, prints the URL; builds what is missing or older
#                                                   than the plugin's zip. Ports PORT, PORT+1, ..; transport 100 above. --fresh forgets the data
#                                                   of earlier runs; --owner stops the nodes when that process is gone
#   qa/node.sh upgrade N --zip ZIP [--nodes N] [--http PORT] [-E key=value]...
#                                                   stops node N of those that `up` started with the same options, puts that zip of the plugin
#                                                   in the place of its own, starts it again, waits until it has joined
#   qa/node.sh down                                 stops them all
#   qa/node.sh home [n]                             prints the home of node n (1); its config/opensearch-clip/models/ takes model folders
# Environment: NODE_HEAP (512m), NODE_DIR (target/nodes; holds the logs, and the file hosts while nodes run), NODE_TIMEOUT (600 seconds until the cluster answers), PLUGIN_ZIP.
# As root the nodes run as uid 65534, because OpenSearch refuses to run as root.
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd -P)
here=$repo/qa/node
unprivileged=65534

say() { echo "$*" >&2; }
die() { say "$*"; exit 1; }

usage() { sed -n '3,15s/^# //p' "$0" >&2; exit 2; }

version() { # OpenSearch's, written once, in the pom
  echo "${OPENSEARCH_VERSION:-$(sed -n 's:.*<opensearch.version>\(.*\)</opensearch.version>.*:\1:p' "$repo/pom.xml" | head -n 1)}"
}

is_root() { [ "$(id -u)" = 0 ]; }

unprivileged() { # command..: runs it as the user nodes run as
  if is_root; then
    command -v setpriv >/dev/null || die "OpenSearch refuses to run as root and setpriv (util-linux) is not here to drop to another user: run this as a normal user."
    setpriv --reuid="$unprivileged" --regid="$unprivileged" --clear-groups "$@"
  else
    "$@"
  fi
}

# Where the homes are: in the state folder, unless nodes run as another user who cannot get there (a clone below /root).
nodes_dir() {
  local dir=$state
  if ! unprivileged test -x "$dir"; then
    dir=/var/tmp/opensearch-clip-$(printf %s "$dir" | cksum | cut -d' ' -f1)
    mkdir -p "$dir"
    [ -O "$dir" ] && [ ! -L "$dir" ] || die "$dir belongs to somebody else: remove it."
    chmod 755 "$dir"
  fi
  echo "$dir"
}

every_few_seconds() { # what pid: a line of progress while the process lives
  local what=$1 pid=$2 begin=$SECONDS
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if [ $((SECONDS - begin)) -ge "${next:-5}" ]; then
      next=$((SECONDS - begin + 5))
      say "  $what ($((SECONDS - begin)) s)"
    fi
  done
  unset next
  wait "$pid"
}

# --- build ---

project() { # folder of jars, dependency (group:artifact:version)..: one small Maven project
  local name=$1 dependency g a v
  shift
  mkdir -p "$work/$name"
  {
    echo "<project><modelVersion>4.0.0</modelVersion><parent><groupId>org.opensearch.clip.build</groupId><artifactId>node</artifactId><version>1</version><relativePath>../../../../qa/node/pom.xml</relativePath></parent>"
    echo "<artifactId>$name</artifactId><packaging>pom</packaging><dependencies>"
    for dependency in "$@"; do
      IFS=: read -r g a v <<<"$dependency"
      echo "<dependency><groupId>$g</groupId><artifactId>$a</artifactId><version>$v</version></dependency>"
    done
    echo "</dependencies></project>"
  } >"$work/$name/pom.xml"
  projects+=("$name")
}

collect_jars() { # copies every jar a node has from Maven Central to $work/jars/<folder>/, once a version
  local artifact rest projects=() knn=org.opensearch.plugin:opensearch-knn:$version.0:zip
  [ ! -e "$work/complete" ] || return 0
  say "Collecting the jars of OpenSearch $version from Maven Central"
  rm -rf "$work"
  mkdir -p "$work"
  project lib "org.opensearch:opensearch:$version" "org.opensearch:opensearch-launchers:$version" \
    "org.opensearch:opensearch-plugin-classloader:$version" org.apache.logging.log4j:log4j-core:2.25.3 \
    org.locationtech.spatial4j:spatial4j:0.7 org.locationtech.jts:jts-core:1.15.0
  project plugin-cli "org.opensearch:opensearch-plugin-cli:$version"
  project agent "org.opensearch:opensearch-agent:$version"
  while read -r artifact rest; do
    project "$artifact" "org.opensearch.plugin:$artifact:$version"
  done < <(grep -v '^#' "$here/modules.tsv")
  {
    echo "<project><modelVersion>4.0.0</modelVersion><groupId>org.opensearch.clip.build</groupId><artifactId>node-jars</artifactId><version>1</version><packaging>pom</packaging><modules>"
    printf '<module>%s</module>\n' "${projects[@]}"
    echo "</modules></project>"
  } >"$work/pom.xml"
  maven -f "$work/pom.xml" package
  maven -f "$here/pom.xml" dependency:copy -Dartifact="$knn" -DoutputDirectory="$work/jars" -Dmdep.useBaseVersion=true
  touch "$work/complete"
}

maven() {
  "$repo/mvnw" -q -B -ntp "$@" >"$work/maven.log" 2>&1 &
  every_few_seconds "Maven is fetching" $! || { cat "$work/maven.log" >&2; die "The jars could not be collected."; }
}

assemble() { # home: a node with its modules, without plugins
  local home=$1 jars=$work/jars jar artifact module class extends other
  mkdir -p "$home"/{lib/tools/plugin-cli,agent,modules,plugins,config/jvm.options.d,logs,data,tmp}
  cp -R "$here/home/." "$home"
  cp "$jars"/lib/*.jar "$home/lib"
  cp "$jars"/plugin-cli/*.jar "$home/lib/tools/plugin-cli"
  remove_repeated "$home/lib/tools/plugin-cli" "$home/lib"
  cp "$jars"/agent/*.jar "$home/agent"
  mv "$home/agent/opensearch-agent-$version.jar" "$home/agent/opensearch-agent.jar"
  while IFS=$'\t' read -r artifact module class extends; do
    mkdir -p "$home/modules/$module"
    cp "$jars/$artifact"/*.jar "$home/modules/$module"
    remove_repeated "$home/modules/$module" "$home/lib"
    [ -z "$extends" ] || remove_repeated "$home/modules/$module" "$home/modules/$extends"
    printf '%s\n' "description=$module" "version=$version" "name=$module" "classname=$class" java.version=21 \
      "opensearch.version=$version" "extended.plugins=$extends" has.native.controller=false >"$home/modules/$module/plugin-descriptor.properties"
  done < <(grep -v '^#' "$here/modules.tsv")
}

remove_repeated() { # folder of jars, another: takes from the first what the second has
  local jar
  for jar in "$1"/*.jar; do
    [ ! -e "$2/${jar##*/}" ] || rm "$jar"
  done
}

install_plugin() { # home zip
  "$1/bin/opensearch-plugin" install --batch "file://$2" >"$1/logs/install.log" 2>&1 || { cat "$1/logs/install.log" >&2; die "The plugin command refused $2."; }
}

plugin_zip() {
  local zip=${PLUGIN_ZIP:-$repo/target/releases/opensearch-clip-$version.0.zip}
  if [ ! -e "$zip" ]; then
    [ -z "${PLUGIN_ZIP:-}" ] || die "PLUGIN_ZIP=$zip does not exist."
    say "Building the plugin's zip"
    mkdir -p "$repo/target"
    "$repo/mvnw" -q -B -ntp -f "$repo/.mvn/pom.xml" package -DskipTests >"$repo/target/node-plugin.log" 2>&1 &
    every_few_seconds "Maven is building" $! || { cat "$repo/target/node-plugin.log" >&2; die "The plugin did not build."; }
  fi
  (cd "$(dirname "$zip")" && echo "$PWD/${zip##*/}")
}

build() { # nodes
  local count=$1 n zip home first old
  zip=$(plugin_zip)
  for n in $(seq "$count"); do
    home=$nodes/node$n
    if [ -e "$home/complete" ] && [ ! "$zip" -nt "$home/complete" ] && [ ! "$0" -nt "$home/complete" ]; then continue; fi
    alive "$n" && die "Node $n runs and its plugin is out of date: qa/node.sh down first."
    collect_jars
    say "Making node $n at $home"
    rm -rf "$home.new"
    if [ -n "${first:-}" ]; then
      cp -R "$first/." "$home.new"
      rm -rf "$home.new"/{data,logs,tmp,complete}
      mkdir "$home.new"/{data,logs,tmp}
    else
      assemble "$home.new"
      install_plugin "$home.new" "$work/jars/opensearch-knn-$version.0.zip"
      install_plugin "$home.new" "$zip"
    fi
    # Data and model folders that are not ours outlive the home they were in.
    if [ -d "$home/data" ]; then
      rm -rf "$home.new/data"
      mv "$home/data" "$home.new/data"
      for old in "$home"/config/opensearch-clip/models/*/; do
        [ ! -d "$old" ] || cp -R "$old" "$home.new/config/opensearch-clip/models/"
      done
    fi
    rm -rf "$home"
    mv "$home.new" "$home"
    touch "$home/complete"
    first=$home
  done
}

# --- up and down ---

pid_of() { cat "$state/node$1.pid" 2>/dev/null || true; }

arguments_of() { # pid; a bare machine may lack ps
  if [ -e /proc/self/cmdline ]; then
    tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" || true
  else
    ps -o args= -p "$1" || true
  fi
} 2>/dev/null

alive() { # n: whether that node runs (a pid file may outlive its process, and the pid go to another)
  local pid
  pid=$(pid_of "$1")
  [ -n "$pid" ] && arguments_of "$pid" | grep -qF -- "$nodes/node$1/"
}

get() { # port path: the answer's body, without any tool a bare machine may lack
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
    sed '1,/^\r*$/d' <&3
  ) 2>/dev/null
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start() { # n count port fresh setting..
  local n=$1 count=$2 port=$3 fresh=$4 home=$nodes/node$1 settings=() seeds=() names=() i
  shift 4
  for i in $(seq "$count"); do
    seeds+=("127.0.0.1:$((port + 99 + i))")
    names+=("node$i")
  done
  settings=("-Enode.name=node$n" -Enetwork.host=127.0.0.1 "-Ehttp.port=$((port + n - 1))" "-Etransport.port=$((port + 99 + n))")
  # Data of a single node and of a cluster do not mix.
  settings+=("-Epath.data=$home/data/of-$count" "-Epath.logs=$home/logs")
  if [ "$count" = 1 ]; then
    settings+=(-Ediscovery.type=single-node)
  else
    settings+=("-Ediscovery.seed_hosts=$(IFS=,; echo "${seeds[*]}")" "-Ecluster.initial_cluster_manager_nodes=$(IFS=,; echo "${names[*]}")")
  fi
  [ -z "$fresh" ] || rm -rf "$home/data/of-$count"
  rm -rf "$home/tmp"
  mkdir -p "$home/data/of-$count" "$home/tmp"
  printf -- '-Xms%s\n-Xmx%s\n' "${NODE_HEAP:-512m}" "${NODE_HEAP:-512m}" >"$home/config/jvm.options.d/heap.options"
  if is_root; then chown -R "$unprivileged:$unprivileged" "$home"/{data,logs,tmp,config}; fi
  # A session of its own: Ctrl-C in the terminal is for the caller, who then calls down.
  local session=()
  ! command -v setsid >/dev/null || session=(setsid)
  local drop=()
  ! is_root || drop=(setpriv "--reuid=$unprivileged" "--regid=$unprivileged" --clear-groups)
  env -u OPENSEARCH_PATH_CONF ${session[@]+"${session[@]}"} ${drop[@]+"${drop[@]}"} "$home/bin/opensearch" "${settings[@]}" "$@" </dev/null >"$state/node$n.log" 2>&1 &
  echo $! >"$state/node$n.pid"
  disown $!
}

await() { # count port
  local count=$1 port=$2 begin=$SECONDS next=5 n
  while :; do
    if get "$port" "/_cluster/health" | grep -q "\"number_of_nodes\":$count,"; then
      get "$port" "/_cluster/health" | grep -q '"discovered_cluster_manager":true' && return 0
    fi
    for n in $(seq "$count"); do
      # Twice, because a process just forked still bears the name of this script.
      if ! alive "$n" && sleep 1 && ! alive "$n"; then
        tail -n 40 "$state/node$n.log" >&2
        say "Node $n ended; its log is $state/node$n.log"
        return 1
      fi
    done
    if [ $((SECONDS - begin)) -ge "${NODE_TIMEOUT:-600}" ]; then
      tail -n 40 "$state/node1.log" >&2
      say "The cluster did not answer within ${NODE_TIMEOUT:-600} seconds; logs are $state/node*.log"
      return 1
    fi
    if [ $((SECONDS - begin)) -ge $next ]; then
      next=$((SECONDS - begin + 5))
      say "  starting ($((SECONDS - begin)) s)"
    fi
    sleep 0.5
  done
}

up() { # count port fresh owner setting..
  local count=$1 port=$2 fresh=$3 owner=$4 n p
  shift 4
  for n in $(running); do die "Node $n runs already: qa/node.sh down first."; done
  for n in $(seq "$count"); do
    for p in $((port + n - 1)) $((port + 99 + n)); do
      port_is_free "$p" || die "Port $p is taken: choose another with --http (the transport ports are 100 above)."
    done
  done
  build "$count"
  if is_root; then
    unprivileged "$JAVA_HOME/bin/java" -version >/dev/null 2>&1 || die "As root the nodes run as uid $unprivileged, who cannot run $JAVA_HOME/bin/java: set JAVA_HOME to a JDK everybody can read."
  fi
  say "Starting $count node(s) of OpenSearch $version"
  trap 'down' ERR EXIT
  trap 'exit 130' INT TERM
  for n in $(seq "$count"); do start "$n" "$count" "$port" "$fresh" "$@"; done
  await "$count" "$port" || exit 1
  for n in $(seq "$count"); do echo "127.0.0.1:$((port + n - 1))"; done | paste -sd , - | tr -d '\n' >"$state/hosts"
  trap - ERR EXIT INT TERM
  [ -z "$owner" ] || follow "$owner"
  say "Up in $SECONDS s; logs are $state/node*.log"
  echo "http://127.0.0.1:$port"
}

upgrade() { # n zip count port setting..
  local n=$1 zip=$2 count=$3 port=$4 home=$nodes/node$1 begin=$SECONDS
  shift 4
  alive "$n" || die "Node $n does not run: qa/node.sh up first."
  kill -TERM "$(pid_of "$n")"
  while alive "$n"; do
    [ $((SECONDS - begin)) -lt 60 ] || die "Node $n did not end within 60 s."
    sleep 0.2
  done
  say "Node $n ended after $((SECONDS - begin)) s"
  "$home/bin/opensearch-plugin" remove opensearch-clip >"$home/logs/remove.log" 2>&1 || { cat "$home/logs/remove.log" >&2; die "The plugin could not be removed."; }
  install_plugin "$home" "$zip"
  start "$n" "$count" "$port" '' "$@"
  await "$count" "$((port + n - 1))"
}

follow() { # pid: down when that process is gone
  (
    trap '' INT HUP
    while kill -0 "$1" 2>/dev/null && [ -n "$(running)" ]; do sleep 2; done
    down
  ) </dev/null >/dev/null 2>&1 &
  disown $!
}

running() {
  local file n
  for file in "$state"/node*.pid; do
    n=${file##*/node}
    n=${n%.pid}
    if [ -e "$file" ] && alive "$n"; then echo "$n"; fi
  done
}

down() {
  local n begin=$SECONDS signal=TERM
  for n in $(running); do kill -TERM "$(pid_of "$n")" 2>/dev/null || true; done
  while [ -n "$(running)" ]; do
    if [ $((SECONDS - begin)) -ge 20 ] && [ $signal = TERM ]; then
      signal=KILL
      for n in $(running); do kill -KILL "$(pid_of "$n")" 2>/dev/null || true; done
    fi
    sleep 0.2
  done
  rm -f "$state"/node*.pid "$state/hosts"
}

# --- arguments ---

[ $# -gt 0 ] || usage
verb=$1
shift
count=1 port=9200 fresh='' owner='' settings=() which=1 zip=''
while [ $# -gt 0 ]; do
  case $verb:$1 in
    build:--nodes | up:--nodes | upgrade:--nodes) count=${2:-}; shift ;;
    up:--http | upgrade:--http) port=${2:-}; shift ;;
    upgrade:--zip) zip=${2:-}; shift ;;
    up:--fresh) fresh=1 ;;
    up:--owner) owner=${2:-}; shift ;;
    up:-E | upgrade:-E) settings+=("-E${2:-}"); shift ;;
    up:-E*) settings+=("$1") ;;
    home:[0-9]* | upgrade:[0-9]*) which=$1 ;;
    *) usage ;;
  esac
  [ $# -gt 0 ] || usage
  shift
done
case $count$port in '' | *[!0-9]*) usage ;; esac

version=$(version)
state=${NODE_DIR:-$repo/target/nodes}
mkdir -p "$state"
state=$(cd "$state" && pwd -P)
nodes=$(nodes_dir)
work=$repo/target/node-jars/$version
case $verb in
  build | up)
    JAVA_HOME=$("$repo/qa/jdk.sh")
    export JAVA_HOME
    if [ "$verb" = build ]; then build "$count"; else up "$count" "$port" "$fresh" "$owner" ${settings[@]+"${settings[@]}"}; fi
    ;;
  upgrade)
    JAVA_HOME=$("$repo/qa/jdk.sh")
    export JAVA_HOME
    upgrade "$which" "$(realpath "$zip")" "$count" "$port" ${settings[@]+"${settings[@]}"}
    ;;
  down) down ;;
  home)
    [ -e "$nodes/node$which/complete" ] || die "There is no node $which yet: qa/node.sh build --nodes $which"
    echo "$nodes/node$which"
    ;;
  *) usage ;;
esac
