#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Coverage-guided fuzzing of our parsers of bytes that others made, by Jazzer (com.code-intelligence:jazzer of Maven Central, Apache-2.0).
#   qa/fuzz-parsers.sh [--minutes N] [parser ..]        (60 each; picture-header picture graph tokenizer json url base64)
#   qa/fuzz-parsers.sh --native [--minutes N]           native picture decoders, on what the corpus of `picture` has and mutations of it, in
#                                                       processes of their own with 3 GiB of address space; a process that dies is a finding
#   qa/fuzz-parsers.sh --keep [parser ..]               adds what is new of the corpus and all findings to src/test/resources/untrusted/<parser>.zip,
#                                                       minimised; UntrustedTests replays it
# Needs ./mvnw test-compile. Corpora, logs and findings are in target/fuzz-parsers. Exits 1 when there is a finding: the log names its file.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=60 mode=fuzz
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) minutes=$2; shift ;;
    --native) mode=native ;;
    --keep) mode=keep ;;
    -*) sed -n '3,10s/^# //p' "$0" >&2; exit 2 ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || set -- picture-header picture graph tokenizer json url base64
[ -e target/test-classes/org/opensearch/clip/Untrusted.class ] || { echo "first: ./mvnw test-compile" >&2; exit 2; }
work=target/fuzz-parsers kept=src/test/resources/untrusted
java_home=$(qa/jdk.sh)
if [ ! -e $work/jars ]; then
  ./mvnw -q -B -ntp -f qa/fuzz-parsers/pom.xml package -Djars="$PWD/$work/jars.new"
  mv $work/jars.new $work/jars
fi
if [ ! -e $work/classpath ] || [ pom.xml -nt $work/classpath ]; then
  ./mvnw -q -B -ntp -f pom.xml dependency:build-classpath -Dmdep.outputFile="$PWD/$work/classpath" -Dmdep.includeScope=test
fi
classpath=$work/classes:target/test-classes:target/classes:$(cat $work/classpath)
mkdir -p $work/classes
"$java_home/bin/javac" -d $work/classes -cp "$classpath" qa/fuzz-parsers/*.java

seeds() { # parser: the folders that it begins with
  mkdir -p "$work/corpus/$1" "$work/seeds/$1" "$work/kept/$1"
  [ ! -e "$kept/$1.zip" ] || unzip -qo "$kept/$1.zip" -d "$work/kept/$1"
  echo "$work/kept/$1" "$work/seeds/$1"
  case $1 in
    picture*) echo src/test/resources/image/files ;;
  esac
}

run() { # parser, libFuzzer's arguments: Jazzer on it
  local parser=$1 heap=-Xmx800m length=20000
  shift
  case $parser in
    url | base64 | json) length=2000 ;;
  esac
  "$java_home/bin/java" $heap -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED -Dclip.natives=target/natives/org/bytedeco/leptonica -cp "$work/jars/*:$classpath" com.code_intelligence.jazzer.Jazzer \
    --target_class=Fuzz --target_args="$parser" --instrumentation_includes='org.opensearch.clip.**' \
    --reproducer_path="$work/findings" --jvm_args="$heap" --keep_going=20 -max_len=$length -timeout=20 -rss_limit_mb=2500 \
    -artifact_prefix="$PWD/$work/findings/$parser-" "$@"
}

for parser in "$@" picture; do seeds "$parser" >/dev/null; done
mkdir -p $work/findings $work/logs
"$java_home/bin/java" -cp "$classpath" Seeds $work/seeds
cp src/test/resources/tokenizers/{clip,siglip,unigram,wordpiece}.json $work/seeds/tokenizer 2>/dev/null || true

failed=0
case $mode in
  fuzz)
    for parser in "$@"; do
      log=$work/logs/$parser.log
      read -ra folders <<<"$(seeds "$parser" | tr '\n' ' ')"
      run "$parser" -max_total_time=$((minutes * 60)) -print_final_stats=1 "$work/corpus/$parser" "${folders[@]}" >"$log" 2>&1 || { failed=1; echo "$parser: see $log" >&2; }
      echo "$parser: $minutes minutes, $(sed -nE 's/^stat::number_of_executed_units: *([0-9]+)/\1/p' "$log" | tail -1) runs, $(grep -cE '^== Java Exception|^ERROR: ' "$log" || true) findings"
    done
    ;;
  keep)
    for parser in "$@"; do
      read -ra folders <<<"$(seeds "$parser" | tr '\n' ' ')"
      rm -rf "$work/merged/$parser" && mkdir -p "$work/merged/$parser" $kept
      find $work/findings -name "$parser-*" -exec cp {} "$work/merged/$parser" \;
      run "$parser" -merge=1 -max_len=1500 "$work/merged/$parser" "$work/corpus/$parser" "${folders[@]}" >"$work/logs/$parser-merge.log" 2>&1
      "$java_home/bin/jar" --create --no-manifest --date=1980-02-01T00:00:00Z --file "$kept/$parser.zip" -C "$work/merged/$parser" .
    done
    du -ch $kept/*.zip
    ;;
  native)
    end=$((SECONDS + minutes * 60)) seed=0 runs=0
    while [ $SECONDS -lt $end ]; do
      seed=$((seed + 1))
      (ulimit -v 3145728 && "$java_home/bin/java" -Xmx512m -XX:ReservedCodeCacheSize=64m -XX:CompressedClassSpaceSize=64m -XX:+UseSerialGC \
        --enable-native-access=ALL-UNNAMED -Dclip.natives=target/natives/org/bytedeco/leptonica -cp "$classpath" Mutations "$seed" "$work/native-input" 60 \
        src/test/resources/image/files $work/kept/picture $work/corpus/picture) >"$work/logs/native.log" 2>&1 || {
        failed=1
        cp "$work/native-input" "$work/findings/native-$seed"
        echo "native: a process died or found something at $work/findings/native-$seed: see $work/logs/native-$seed.log" >&2
        cp "$work/logs/native.log" "$work/logs/native-$seed.log"
      }
      runs=$((runs + $(sed -nE 's/^([0-9]+) runs$/\1/p' "$work/logs/native.log" | tail -1)))
    done
    echo "native: $minutes minutes, $runs runs in $seed processes"
    ;;
esac
exit $failed
