# shellcheck shell=bash
# shellcheck disable=SC2034  # used by the scripts that source it
# What up, down and break agree on. Sourced; changes nothing.
#
#   FLEET_NAME     names everything: the directory /var/lib/pilothouse-NAME, the network namespaces NAME-web1 … (fleet)
#   FLEET_NET      first three numbers of the /20 that the fleet uses, the third a multiple of 16 (10.77.0)

fleet=${FLEET_NAME:-fleet}
net=${FLEET_NET:-10.77.0}
state=/var/lib/pilothouse-$fleet
hosts=(web1 web2)

case $fleet in *[!a-z0-9-]* | "" | -*) die "FLEET_NAME is made of a-z, 0-9 and -" ;; esac
IFS=. read -r net_a net_b net_c net_rest <<<"$net"
case $net_a$net_b$net_c$net_rest in *[!0-9]* | "") die "FLEET_NET is three numbers: 10.77.0" ;; esac
[ -z "$net_rest" ] && [ -n "$net_c" ] && [ $((net_c % 16)) -eq 0 ] || die "FLEET_NET's third number is a multiple of 16: 10.77.0"

PATH=$PATH:/usr/sbin:/sbin

# Each by the name of a host.
number() { echo "${1#web}"; }
namespace() { echo "$fleet-$1"; }
# Names of links have at most 15 characters.
link() { echo "ph${net_b}x${net_c}h$(number "$1")"; }
near_address() { echo "$net.$((4 * $(number "$1") + 1))"; }
far_address() { echo "$net.$((4 * $(number "$1") + 2))"; }
# What the engine hands out: the first /24 to its bridge, the upper half in pieces of 64 to other networks.
containers() { echo "$net_a.$net_b.$((net_c + 4 * $(number "$1"))).0/22"; }
bridge() { echo "$net_a.$net_b.$((net_c + 4 * $(number "$1"))).1/24"; }
pool() { echo "$net_a.$net_b.$((net_c + 4 * $(number "$1") + 2)).0/23"; }

is_known_host() { case " ${hosts[*]} " in *" $1 "*) ;; *) return 1 ;; esac; }

# on HOST COMMAND…: here, but in that host's network. `ip netns exec` would hide the cgroups.
on() {
    local host=$1
    shift
    nsenter --net="/run/netns/$(namespace "$host")" "$@"
}

need_root() {
    [ "$(id -u)" -eq 0 ] || die "network namespaces and engines need root: sudo examples/fleet/${0##*/} $*"
}

# One script of a fleet at a time; the daemons do not inherit it.
take_turn() {
    exec 8<"$here"
    flock 8
}

# is_alive PID: an ended process that its parent has not looked at counts as ended.
is_alive() {
    case $(sed -n 's/.*) \(.\).*/\1/p' "/proc/$1/stat" 2>/dev/null) in "" | Z | X) return 1 ;; esac
}

# lives PIDFILE NAME: prints the process if it is the one that the file was written for.
lives() {
    local pid
    pid=$(cat "$1" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] && is_alive "$pid" && echo "$pid"
}
