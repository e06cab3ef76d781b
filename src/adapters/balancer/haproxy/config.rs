//! The configuration of an HAProxy in front of one service: made whole once, then changed by a line a server.

use std::fmt::Write as _;

use super::{DIRECTORY, SOCKET_PORT};
use crate::domain::traffic::{Front, Slot, Stick};

/// How a replica is checked, and how soon connections that nobody uses are closed: one that goes must not wait for them.
pub(super) const SERVER: &str = "check inter 500ms fall 2 rise 1 pool-purge-delay 500ms";

/// The whole file, with these servers (name, address) in that slot.
pub(super) fn text(front: &Front, slot: Slot, servers: &[(String, String)]) -> String {
    let mut text = format!(
        "# Made by pilothouse. Servers are changed here and in the running balancer at once.
global
    fd-hard-limit 100000
    stats socket ipv4@127.0.0.1:{SOCKET_PORT} level admin
    stats timeout 1h

defaults
    mode http
    option forwardfor
    option redispatch 1
    option idle-close-on-response
    retries 3
    retry-on conn-failure empty-response
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    timeout queue 5s
    timeout tunnel 1h
    timeout http-request 10s
    timeout http-keep-alive 60s

frontend service
    bind :{port}
    http-request disable-l7-retry unless METH_GET
    http-request return status 503 content-type text/html file {DIRECTORY}/maintenance.html hdr Retry-After 60 if {{ str(maintenance),map_str_int({DIRECTORY}/split.map,0) -m int gt 0 }}
    http-request set-var(txn.green) str(green),map_str_int({DIRECTORY}/split.map,0)
",
        port = front.port
    );
    if let Some(header) = &front.preview {
        for slot in Slot::BOTH {
            let _ = writeln!(text, "    use_backend {slot} if {{ req.hdr({header}) -m str {slot} }}");
        }
    }
    let draw = match &front.stick {
        Stick::None => "rand(10000)".to_owned(),
        Stick::Address => "src,xxh32(1),mod(10000)".to_owned(),
        Stick::Cookie(name) => format!("req.cook({name}),xxh32(1),mod(10000)"),
        Stick::Header(name) => format!("req.hdr({name}),xxh32(1),mod(10000)"),
    };
    let _ = writeln!(text, "    use_backend green if {{ {draw},sub(txn.green) -m int lt 0 }}");
    text.push_str("    default_backend blue\n");
    for one in Slot::BOTH {
        let _ = write!(text, "\nbackend {one}\n    balance leastconn\n");
        if let Some(path) = &front.check {
            let _ = writeln!(
                text,
                "    option httpchk\n    http-check send meth GET uri '{path}' ver HTTP/1.1 hdr Host balancer"
            );
        }
        for (name, address) in servers.iter().filter(|_| one == slot) {
            let _ = writeln!(text, "{}", line(name, address));
        }
    }
    text
}

fn line(name: &str, address: &str) -> String {
    format!("    server {name} {address} {SERVER}")
}

/// With this server in that slot, in place of one of its name; `None` where the file has no such slot.
pub(super) fn with_server(text: &str, slot: Slot, name: &str, address: &str) -> Option<String> {
    let text = without_server(text, slot, name);
    let head = format!("backend {slot}");
    let mut lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.trim_end() == head)?;
    let ends = |line: &&str| !line.starts_with([' ', '\t']);
    let end = lines[at + 1..].iter().position(ends).map_or(lines.len(), |n| at + 1 + n);
    let line = line(name, address);
    lines.insert(end, &line);
    Some(lines.join("\n") + "\n")
}

/// Without the server of that name in that slot.
pub(super) fn without_server(text: &str, slot: Slot, name: &str) -> String {
    let head = format!("backend {slot}");
    let mut is_in = false;
    let mut kept = String::with_capacity(text.len());
    for line in text.lines() {
        if !line.starts_with([' ', '\t']) && !line.trim().is_empty() {
            is_in = line.trim_end() == head;
        }
        let mut words = line.split_whitespace();
        if !(is_in && words.next() == Some("server") && words.next() == Some(name)) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// It may stand in a configuration as a word: nothing of it can be read as anything else.
pub(super) fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front() -> Front {
        Front {
            proxy: "shop-web-front".to_owned(),
            image: "haproxy".to_owned(),
            network: "shop-web-front".to_owned(),
            listen: Some(80),
            port: 8080,
            check: Some("/health".to_owned()),
            stick: Stick::None,
            preview: Some("x-slot".to_owned()),
        }
    }

    fn server(n: u8) -> (String, String) {
        (format!("web-{n}"), format!("10.0.0.{n}:8080"))
    }

    #[test]
    fn a_server_that_comes_and_goes_leaves_the_file_as_it_was() {
        let before = text(&front(), Slot::Blue, &[server(1)]);
        for slot in Slot::BOTH {
            let (name, address) = server(2);
            let with = with_server(&before, slot, &name, &address).unwrap();
            assert_ne!(with, before);
            assert_eq!(with_server(&with, slot, &name, &address).unwrap(), with, "twice is once");
            assert_eq!(without_server(&with, slot, &name), before);
            assert_eq!(without_server(&with, slot.other(), &name), with, "the other slot is left alone");
        }
    }

    #[test]
    fn a_server_that_is_added_stands_where_it_would_have_stood_from_the_start() {
        let both = text(&front(), Slot::Blue, &[server(1), server(2)]);
        let (name, address) = server(2);
        let added = with_server(&text(&front(), Slot::Blue, &[server(1)]), Slot::Blue, &name, &address);
        assert_eq!(added.unwrap(), both);
        let green = text(&front(), Slot::Green, &[server(2)]);
        let added = with_server(&text(&front(), Slot::Green, &[]), Slot::Green, &name, &address);
        assert_eq!(added.unwrap(), green);
    }

    #[test]
    fn a_file_without_the_slots_is_not_guessed_at() {
        assert_eq!(
            with_server("backend web\n    server a 10.0.0.1:80\n", Slot::Blue, "b", "10.0.0.2:80"),
            None
        );
    }

    #[test]
    fn nothing_but_plain_names_stands_in_it() {
        assert!(is_word("shop-web-v43-1") && is_word("10.0.0.1:8080"));
        for text in ["", "a b", "a\nb", "a;b", "a'b", "ä", "$x", "#"] {
            assert!(!is_word(text), "{text:?}");
        }
    }
}
