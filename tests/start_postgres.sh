#!/bin/sh
# A throw-away PostgreSQL server for the tests, reachable only through a socket in its own folder.
#
#   tests/start_postgres.sh start FOLDER [-c name=value ...]   prints the server's URL
#   tests/start_postgres.sh stop FOLDER                        stops it and removes the folder
#
# FOLDER is made when missing; it must be empty, and short (a socket's path holds 107 letters).
# PostgreSQL refuses to run as root, so root runs it as the user "postgres", who must be able to
# reach FOLDER (`mktemp -d` makes a folder that fits, a folder below another one of root's does not).
set -eu

usage() {
    sed -n '4,5s/^# *//p' "$0" >&2
    exit 2
}

[ $# -ge 2 ] || usage
verb=$1
folder=$2
shift 2

if ! command -v pg_ctl >/dev/null 2>&1; then
    for bin in /usr/lib/postgresql/*/bin; do PATH="$bin:$PATH"; done
fi
if ! command -v pg_ctl >/dev/null 2>&1; then
    echo "PostgreSQL is not installed (Debian: apt-get install postgresql)." >&2
    exit 1
fi

if [ "$(id -u)" = 0 ]; then
    as_owner() { runuser -u postgres -- env PATH="$PATH" "$@"; }
else
    as_owner() { "$@"; }
fi

case $verb in
start)
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    chmod 700 "$folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    if ! as_owner test -w "$folder"; then
        echo "The user postgres cannot reach $folder; choose a folder directly below /tmp." >&2
        exit 1
    fi
    cd "$folder"
    as_owner initdb --pgdata "$folder/cluster" --username postgres --auth trust --encoding UTF8 --locale C \
        --no-sync >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
    # No flushing to the disk: what is tested is our use of the server, not its survival of a power cut.
    as_owner pg_ctl --pgdata "$folder/cluster" --log "$folder/cluster/server.log" --wait --timeout 60 \
        --options "-c listen_addresses='' -k '$folder' -c fsync=off $*" start >"$folder/start.log" 2>&1 || {
        cat "$folder/start.log" "$folder/cluster/server.log" >&2
        exit 1
    }
    echo "postgresql://postgres@/postgres?host=$folder"
    ;;
stop)
    [ -d "$folder/cluster" ] || exit 0
    folder=$(cd "$folder" && pwd)
    cd /
    as_owner pg_ctl --pgdata "$folder/cluster" --mode immediate --wait stop >/dev/null 2>&1 || true
    rm -rf "$folder/cluster" "$folder/initdb.log" "$folder/start.log"
    rmdir "$folder"
    ;;
*) usage ;;
esac
