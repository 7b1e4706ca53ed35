#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the home of a JDK this project can use (21 or newer, with javac): JAVA_HOME, then the java on PATH, then the places
# where JDKs are usually installed, oldest first. With none, says so in one sentence and fails.
NEEDED=21

version_of() { # home: the feature release of the JDK there, or nothing
  if [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ]; then
    v=$(sed -n 's/^JAVA_VERSION="\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' "$1/release" 2>/dev/null)
    [ -n "$v" ] || v=$("$1/bin/java" -version 2>&1 | sed -n 's/.* version "\(1\.\)\{0,1\}\([0-9]*\).*/\2/p')
    echo "${v%%[!0-9]*}"
  fi
}

use() { # home: print it and stop, if it is good enough
  v=$(version_of "$1")
  if [ -n "$v" ] && [ "$v" -ge "$NEEDED" ]; then
    echo "$1"
    exit 0
  fi
}

follow() { # path: the file behind any chain of symbolic links
  f=$1
  while [ -L "$f" ]; do
    l=$(readlink "$f")
    case $l in /*) f=$l ;; *) f=$(dirname "$f")/$l ;; esac
  done
  echo "$f"
}

[ -z "$JAVA_HOME" ] || use "$JAVA_HOME"
java=$(command -v java) && use "$(cd "$(dirname "$(follow "$java")")/.." && pwd)"
if [ -x /usr/libexec/java_home ]; then
  mac=$(/usr/libexec/java_home -v "$NEEDED+" 2>/dev/null) && use "$mac"
fi
found=$(
  for home in /usr/lib/jvm/* /usr/java/* /usr/local/java/* /opt/* /opt/java/* /opt/*/jdk* "$HOME"/.sdkman/candidates/java/* \
    "$HOME"/.jdks/* "$HOME"/.asdf/installs/java/* /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
    /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home; do
    v=$(version_of "$home")
    [ -z "$v" ] || [ "$v" -lt "$NEEDED" ] || echo "$v $home"
  done | sort -n | head -n 1 | cut -d' ' -f2-
)
[ -z "$found" ] || use "$found"
echo "No JDK $NEEDED or newer was found (looked at JAVA_HOME, the java on PATH and the usual folders): install one, for example 'apt-get install openjdk-21-jdk-headless', or set JAVA_HOME to it." >&2
exit 1
