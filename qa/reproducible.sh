#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the zip twice, from two clean clones of what is committed, in folders, with umasks, time zones, languages and users' names that have nothing
# in common, and compares both zips and both SBOMs byte by byte.
#   qa/reproducible.sh [--jdk HOME]      the second build by another JDK: says whether that makes a difference
# Exits 1 naming what differs. Four minutes on two quiet cores.
set -euo pipefail
repo=$(cd "$(dirname "$0")/.." && pwd -P)
other=
[ "${1-}" != --jdk ] || other=$2
out=$repo/target/reproducible
rm -rf "$out"
mkdir -p "$out/a" "$out/a second folder/of-another-name"
[ -z "$(git -C "$repo" status --porcelain)" ] || echo "what is not committed is not built" >&2

build() { # folder, umask, time zone, language, user, JDK or nothing
  git clone -q "$repo" "$1/clip"
  (
    cd "$1/clip"
    umask "$2"
    export TZ=$3 LC_ALL=$4 LANG=$4 2>/dev/null # where a language is not installed, the JVM is told all the same
    export MAVEN_OPTS="${MAVEN_OPTS-} -Duser.name=$5 -Duser.language=${4%%_*}"
    [ -z "$6" ] || export JAVA_HOME=$6
    ./mvnw -B -ntp -q package -DskipTests >"$out/$5.log" 2>&1 || { tail -n 30 "$out/$5.log" >&2; exit 2; }
  )
  echo "built by $5: umask $2, $3, $4, $(cd "$1/clip" && JAVA_HOME=${6:-${JAVA_HOME-}} "$repo/qa/jdk.sh")"
}

one=$out/a
two="$out/a second folder/of-another-name"
build "$one" 022 UTC en_US.UTF-8 ann ''
build "$two" 077 Asia/Kathmandu tr_TR.UTF-8 ben "$other"

different=0
for first in "$one"/clip/target/releases/*; do
  second=$two/clip/target/releases/${first##*/}
  sum=$(sha256sum <"$first" | cut -d' ' -f1)
  if cmp -s "$first" "$second"; then
    echo "same  $sum  ${first##*/}"
    continue
  fi
  different=1
  echo "DIFFERENT  ${first##*/}"
  case $first in
    *.zip)
      for part in one two; do
        mkdir -p "$out/$part" && (cd "$out/$part" && unzip -q "${!part}/clip/target/releases/${first##*/}" && for jar in opensearch-clip-*.jar; do unzip -q -d jar "$jar"; done)
      done
      diff -rq "$out/one" "$out/two" | head -n 20 || true
      ;;
    *) diff "$first" "$second" | head -n 20 || true ;;
  esac
done
exit $different
