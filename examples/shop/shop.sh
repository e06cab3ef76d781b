# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # sourced after engine.sh, used by the scripts that source both
# What up, down and break agree on. Sourced; changes nothing.
#
#   SHOP_PROJECT           names everything: containers, network, volume, images, labels (shop)
#   SHOP_PORT              web's port on 127.0.0.1; the second replica has the next; 0: any free ones (18080)
#   SHOP_RATE              visits a second (2)
#   SHOP_HEALTH_INTERVAL   seconds between the engine's health checks (10)
#   SHOP_SOCKET            the engine's socket; that engine must run (/var/run/docker.sock)
#   SHOP_ADDRESS           where web is published (127.0.0.1)
#   SHOP_PART              all, or what the first or the second of two hosts runs: 1, 2 (all)

project=${SHOP_PROJECT:-shop}
port=${SHOP_PORT:-18080}
rate=${SHOP_RATE:-2}
interval=${SHOP_HEALTH_INTERVAL:-10}
address=${SHOP_ADDRESS:-127.0.0.1}
part=${SHOP_PART:-all}
engine_socket=${SHOP_SOCKET:-$engine_socket}

shop_label=pilothouse.example=$project
network=$project
volume=${project}_store-data
services=(store api web worker)

case $project in *[!a-z0-9-]* | "" | -*) die "SHOP_PROJECT is made of a-z, 0-9 and -" ;; esac
case $port$interval in *[!0-9]*) die "SHOP_PORT and SHOP_HEALTH_INTERVAL are whole numbers" ;; esac

case $part in all | 1 | 2) ;; *) die "SHOP_PART is all, 1 or 2" ;; esac

# The shop lives on this engine, whatever else is configured.
unset DOCKER_CONTEXT
export DOCKER_HOST=unix://$engine_socket DOCKER_CLI_HINTS=false

# containers_of SERVICE: ids, running or not, in the order of their replica's number.
containers_of() {
    docker ps --all --quiet --no-trunc --filter "label=$shop_label" --filter "label=com.docker.compose.service=$1" |
        xargs -r docker inspect --format '{{index .Config.Labels "com.docker.compose.container-number"}} {{.Id}}' |
        sort -n | cut -d ' ' -f 2
}

need_rustc() {
    if [ -z "${CARGO_HOME:-}" ] && ! command -v rustc >/dev/null; then PATH=$HOME/.cargo/bin:$PATH; fi
    command -v rustc >/dev/null || die "missing: rustc and cargo; install them with rustup"
}

# build: the program, static for musl where that target is installed; prints its path.
build() {
    local machine target directory sources
    machine=$(uname -m)
    target=$machine-unknown-linux-musl
    rustc --print target-libdir --target "$target" >/dev/null 2>&1 &&
        [ -d "$(rustc --print target-libdir --target "$target")" ] || target=$machine-unknown-linux-gnu
    directory=$(target_directory)/shop
    mkdir -p "$directory"
    sources=$(cat examples/shop/service.rs examples/shop/service/*.rs | sha256sum | cut -c 1-16)-$target
    # Two shops may be opened at once.
    exec 9>"$directory/lock"
    flock 9
    if [ ! -x "$directory/service" ] || [ "$(cat "$directory/built-from" 2>/dev/null)" != "$sources" ]; then
        rustc --edition 2024 -O -C target-feature=+crt-static -C strip=symbols --target "$target" \
            -o "$directory/service" examples/shop/service.rs >&2
        echo "$sources" >"$directory/built-from"
    fi
    exec 9>&-
    echo "$directory"
}
