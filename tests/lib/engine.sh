# shellcheck shell=bash
# shellcheck source-path=SCRIPTDIR
# A Docker engine on this machine: asks, installs, starts, stops. Sourced after say.sh and machine.sh. It stops only
# the engine that this script started; one that was there is left alone.
# shellcheck disable=SC2154  # as_root is set in machine.sh

engine_socket=/var/run/docker.sock
engine_pid=

# engine_answers: status 0 when an engine answers on the socket.
engine_answers() {
    [ -S "$engine_socket" ] && command -v docker >/dev/null &&
        timeout 10 docker --host "unix://$engine_socket" version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# need_engine_programs: the engine and its client.
need_engine_programs() {
    need_command docker docker.io iptables
    # Since Debian 13 the client is a package of its own.
    need_command docker docker-cli
    engine_answers || need_command dockerd docker.io iptables
    engine_answers || need_command iptables iptables
}

# engine_is_starting: status 0 while somebody else's dockerd lives, for instance one that its package has just started.
engine_is_starting() {
    local pid
    pid=$(cat /var/run/docker.pid 2>/dev/null) && grep -qx dockerd "/proc/$pid/comm" 2>/dev/null
}

# mount_cgroups: on a machine without an init that did it. Version 2, or version 1 where that has the controllers.
mount_cgroups() {
    local controller
    "${as_root[@]}" mount -t cgroup2 none /sys/fs/cgroup || return 1
    ! grep -qw memory /sys/fs/cgroup/cgroup.controllers || return 0
    "${as_root[@]}" umount /sys/fs/cgroup
    "${as_root[@]}" mount -t tmpfs -o mode=755 none /sys/fs/cgroup || return 1
    for controller in $(awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups); do
        "${as_root[@]}" mkdir -p "/sys/fs/cgroup/$controller"
        "${as_root[@]}" mount -t cgroup -o "$controller" none "/sys/fs/cgroup/$controller" || true
    done
}

# start_engine LOG: starts dockerd in the background and waits until it answers.
start_engine() {
    local log=$1 deadline=$((SECONDS + 90))
    if [ -S "$engine_socket" ] && [ ! -w "$engine_socket" ]; then
        die "no permission for $engine_socket: sudo usermod -aG docker $(id -un), then log in again"
    fi
    if ! engine_is_starting; then
        can_be_root || die "no engine answers on $engine_socket and starting one needs root: sudo dockerd"
        mountpoint -q /sys/fs/cgroup || mount_cgroups || note "no cgroups could be mounted; limits will not work"
        "${as_root[@]}" env PATH="$PATH:/usr/sbin:/sbin" setsid dockerd >"$log" 2>&1 </dev/null &
        engine_pid=$!
    fi
    until engine_answers; do
        if [ -n "$engine_pid" ] && ! kill -0 "$engine_pid" 2>/dev/null; then
            engine_failed "dockerd ended before it answered" "$log"
        fi
        [ "$SECONDS" -lt "$deadline" ] || engine_failed "no engine answers on $engine_socket after 90 s" "$log"
        sleep 0.2
    done
}

engine_failed() {
    printf '%s; the end of its log (%s):\n' "$1" "$2" >&2
    tail -n 30 "$2" >&2 || true
    stop_engine
    exit 1
}

# keep_engine: lets the engine that start_engine started live on after this script.
keep_engine() { engine_pid=; }

# stop_engine: ends the dockerd that start_engine started, if it did, and waits for its end.
stop_engine() {
    [ -n "$engine_pid" ] || return 0
    "${as_root[@]}" kill "$engine_pid" 2>/dev/null || true
    wait "$engine_pid" 2>/dev/null || true
    engine_pid=
}
