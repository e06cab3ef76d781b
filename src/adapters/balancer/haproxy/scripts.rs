//! The scripts that change an HAProxy where it runs. Whoever begins one holds a lock there until it ends, also where
//! nobody waits for it any more; one with a lower epoch than the last is refused.

/// Exit status: somebody with a higher epoch, whom it prints, wrote.
pub(super) const FENCED: i64 = 9;
/// Exit status: the map says what nobody expected, which it prints.
pub(super) const CONFLICT: i64 = 8;
/// Exit status: the new configuration is wrong; HAProxy's words are printed.
pub(super) const INVALID: i64 = 7;
/// Exit status: the balancer is not set up to be driven; what is missing is printed.
pub(super) const UNMANAGED: i64 = 5;
/// Exit status: HAProxy itself does not answer.
pub(super) const SILENT: i64 = 4;

/// Prints who wrote last and what is kept, then what HAProxy does.
pub(super) const OBSERVE: &str = r#"cd /cfg 2>/dev/null || { echo 'it has no directory /cfg'; exit 5; }
command -v nc >/dev/null || { echo 'its image has no nc'; exit 5; }
[ -f split.map ] || { echo 'it has no file /cfg/split.map'; exit 5; }
echo "=epoch $(cat epoch 2>/dev/null)"
while read -r k v; do echo "=kept $k $v"; done < split.map
echo 'show map /cfg/split.map;show stat;show info' | nc 127.0.0.1 9999 || exit 4
"#;

/// Arguments: epoch, deployment. Then the lock is held, `e` is the last epoch, `by` and `last` what it wrote.
macro_rules! guarded {
    ($rest:literal) => {
        concat!(
            r#"cd /cfg 2>/dev/null || { echo 'it has no directory /cfg'; exit 5; }
command -v flock >/dev/null || { echo 'its image has no flock'; exit 5; }
E=$1 BY=$2; shift 2
exec 9>lock || exit 5
flock 9
e=0 by= last=
[ -f epoch ] && read -r e by last < epoch
[ "$e" -le "$E" ] || { echo "$e"; exit 9; }
ask() { echo "$1" | nc 127.0.0.1 9999 || exit 4; }
entry() { while read -r i k v; do [ "$k" = "$1" ] && echo "$v"; done < seen; }
claim() { echo "$E $BY $1" > epoch.n && mv epoch.n epoch || exit 1; }
keep() { printf 'green %s\nmaintenance %s\n' "$1" "$2" > split.map.n && mv split.map.n split.map || exit 1; }
ask 'show map /cfg/split.map' > seen || exit 4
now=$(entry green) page=$(entry maintenance)
[ -n "$now" ] && [ -n "$page" ] || { echo 'its map has no entries green and maintenance'; exit 5; }
"#,
            $rest
        )
    };
}

/// Arguments: green's share, then all that may be there before.
pub(super) const SPLIT: &str = guarded!(
    r#"W=$1 ok=; shift
[ "$by" = "$BY" ] && [ "$now" = "$last" ] && ok=1
for f in "$@" "$W"; do [ "$now" = "$f" ] && ok=1; done
[ -n "$ok" ] || { echo "$now"; exit 8; }
claim "$W"; keep "$W" "$page"
ask "set map /cfg/split.map green $W"
"#
);

/// Arguments: 1 or 0.
pub(super) const MAINTENANCE: &str = guarded!(
    r#"claim "$now"; keep "$now" "$1"
ask "set map /cfg/split.map maintenance $1"
"#
);

/// Arguments: slot/server, address and options. It gets nothing yet.
pub(super) const ADD: &str = guarded!(
    r#"claim "$now"
ask "add server $1 $2 weight 0"
ask "enable health $1"
ask "enable server $1"
"#
);

/// Input: the configuration with it. Arguments: slot/server.
pub(super) const JOIN: &str = guarded!(
    r#"claim "$now"
cat > haproxy.cfg.n && haproxy -c -f haproxy.cfg.n > said 2>&1 || { cat said; exit 7; }
mv haproxy.cfg.n haproxy.cfg || exit 1
ask "set server $1 weight 1"
"#
);

/// Input: the configuration without it. Arguments: slot/server. It gets nothing any more.
pub(super) const LEAVE: &str = guarded!(
    r#"claim "$now"
cat > haproxy.cfg.n && haproxy -c -f haproxy.cfg.n > said 2>&1 || { cat said; exit 7; }
mv haproxy.cfg.n haproxy.cfg || exit 1
ask "set server $1 weight 0"
"#
);

/// Arguments: slot/server. What is in flight with it is cut.
pub(super) const REMOVE: &str = guarded!(
    r#"claim "$now"
ask "set server $1 state maint"
ask "shutdown sessions server $1"
ask "del server $1"
"#
);

/// Prints the configuration.
pub(super) const READ: &str = "cat /cfg/haproxy.cfg";
