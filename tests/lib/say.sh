# shellcheck shell=bash
# Headings, elapsed time and the count of tests. Sourced; never changes anything on the machine.

say_name=$(basename "$(dirname "$0")")/${0##*/}
say_started=$SECONDS
say_passed=0
say_failed=0
say_skipped=0

note() { printf '   %s\n' "$*"; }

die() {
    printf '%s: %s\n' "$say_name" "$*" >&2
    exit 1
}

# stage NAME COMMAND…: runs it under a heading; the first failure ends the script.
stage() {
    local name=$1 began=$SECONDS log status=0
    shift
    printf '\n== %s\n' "$name"
    log=$(mktemp "${TMPDIR:-/tmp}/pilothouse-stage.XXXXXX")
    # tee is waited for with the pipe; the status is the command's own.
    "$@" 2>&1 </dev/null | tee "$log" || status=${PIPESTATUS[0]}
    count_tests "$log"
    rm -f "$log"
    if [ "$status" -ne 0 ]; then
        printf -- '-- %s FAILED (status %d) after %d s\n' "$name" "$status" $((SECONDS - began))
        summary "failed at: $name"
        exit 1
    fi
    printf -- '-- %s ok, %d s\n' "$name" $((SECONDS - began))
}

# Adds up what cargo test and cargo nextest say at their end.
count_tests() {
    local passed failed skipped
    read -r passed failed skipped < <(awk '
        /^test result: / { for (i = 1; i < NF; i++) {
            if ($(i + 1) ~ /^passed/) p += $i; if ($(i + 1) ~ /^failed/) f += $i; if ($(i + 1) ~ /^ignored/) s += $i } }
        /^ *Summary \[.*tests? run:/ { for (i = 1; i < NF; i++) {
            if ($(i + 1) ~ /^passed/) p += $i; if ($(i + 1) ~ /^(failed|timed)/) f += $i; if ($(i + 1) ~ /^skipped/) s += $i } }
        END { print p + 0, f + 0, s + 0 }' "$1")
    say_passed=$((say_passed + passed)) say_failed=$((say_failed + failed)) say_skipped=$((say_skipped + skipped))
}

# One line for people, one in the form that test services read.
summary() {
    printf '\n%s: %s, %d s in all\n' "$say_name" "$1" $((SECONDS - say_started))
    printf '%d passed, %d failed, %d skipped\n' "$say_passed" "$say_failed" "$say_skipped"
}
