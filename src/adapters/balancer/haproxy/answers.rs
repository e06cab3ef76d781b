//! What HAProxy answers on its socket: its map, its table of figures, and how long it runs.

use std::collections::BTreeMap;

use crate::domain::traffic::{Check, Counters, Flow, Server, Slot, Split};

/// Reads the answers of `show map`, `show stat` and `show info`, one behind the other.
///
/// # Errors
/// What is missing in it, in words.
pub(super) fn flow(text: &str) -> Result<Flow, String> {
    let (mut split, mut is_in_maintenance, mut up_s) = (None, false, None);
    let (mut columns, mut servers) = (Vec::new(), Vec::new());
    let mut counters: [Option<Counters>; 2] = [None, None];
    for line in text.lines().map(|line| line.trim_start_matches("> ").trim_end()) {
        if let Some(head) = line.strip_prefix("# ") {
            columns = head.split(',').collect();
        } else if let Some(seconds) = line.strip_prefix("Uptime_sec: ") {
            up_s = seconds.parse().ok();
        } else if line.starts_with("0x") {
            let mut words = line.split(' ').skip(1);
            match (words.next(), words.next()) {
                (Some("green"), Some(value)) => split = Some(green(value)?),
                (Some("maintenance"), Some(value)) => is_in_maintenance = value != "0",
                _ => {}
            }
        } else if !columns.is_empty() && line.contains(',') {
            let row: BTreeMap<&str, &str> = columns.iter().copied().zip(cells(line)).collect();
            let Some(slot) = row.get("pxname").copied().and_then(Slot::parse) else { continue };
            match row.get("svname").copied() {
                Some("BACKEND") => counters[slot as usize] = Some(counted(&row)),
                Some("FRONTEND") | None => {}
                Some(name) => servers.push(server(slot, name, &row)),
            }
        }
    }
    let split = split.ok_or("its map has no entry `green`")?;
    let [blue, green] = counters;
    let counters = [blue.ok_or("it has no backend `blue`")?, green.ok_or("it has no backend `green`")?];
    Ok(Flow {
        split,
        is_in_maintenance,
        servers,
        counters,
        up_s: up_s.ok_or("it does not say how long it runs")?,
    })
}

/// A share of green as the map has it.
pub(super) fn green(value: &str) -> Result<Split, String> {
    let share = value.parse::<u16>().ok().and_then(|share| Split::to(Slot::Green, share));
    share.ok_or_else(|| format!("its map gives green `{value}`, which is no share of 10000"))
}

/// The cells of a row; one in quotes may hold commas.
fn cells(line: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    line.split(move |c: char| {
        is_quoted ^= c == '"';
        c == ',' && !is_quoted
    })
}

fn number<T: std::str::FromStr>(row: &BTreeMap<&str, &str>, column: &str) -> Option<T> {
    row.get(column)?.parse().ok()
}

fn counted(row: &BTreeMap<&str, &str>) -> Counters {
    let requests = number(row, "stot").unwrap_or(0);
    Counters {
        requests,
        errors: number(row, "hrsp_5xx").unwrap_or(0),
        connect_errors: number(row, "econ").unwrap_or(0),
        in_flight: number(row, "scur").unwrap_or(0),
        mean_ms: number(row, "ttime").filter(|_| requests > 0),
    }
}

fn server(slot: Slot, name: &str, row: &BTreeMap<&str, &str>) -> Server {
    let text = |column: &str| row.get(column).copied().unwrap_or_default().trim_matches('"');
    let (status, check) = (text("status"), text("check_status").trim_start_matches("* "));
    let check = if check.ends_with("OK") || check.ends_with("OKC") {
        Check::Passed
    } else {
        let words = [check, text("last_chk")].into_iter().filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        Check::Failed(if words.is_empty() { status.to_owned() } else { words.join(": ") })
    };
    let (weight, is_up) =
        (number::<u32>(row, "weight").unwrap_or(0), status.starts_with("UP") || status == "no check");
    Server {
        slot,
        name: name.to_owned(),
        address: text("addr").to_owned(),
        check,
        is_in: weight > 0 && is_up,
        in_flight: number(row, "scur").unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "# pxname,svname,scur,stot,econ,status,weight,check_status,last_chk,hrsp_5xx,ttime,addr,";

    #[test]
    fn what_it_answers_is_read_by_the_names_of_its_columns() {
        let text = format!(
            "0x55d green 500\n0x55e maintenance 0\n\n{HEAD}\n\
             service,FRONTEND,9,90,,OPEN,,,,3,,,\n\
             blue,web-1,4,60,0,UP,1,L7OK,\"HTTP status check returned code <200>, ok\",1,12,10.0.0.2:8080,\n\
             blue,web-2,0,0,2,DOWN,1,L4CON,Connection refused,0,0,10.0.0.3:8080,\n\
             blue,BACKEND,4,60,2,UP,1,,,1,12,,\n\
             green,web-3,0,0,0,UP,0,L7OK,,0,0,10.0.0.4:8080,\n\
             green,BACKEND,0,0,0,UP,0,,,0,0,,\n\nName: HAProxy\nUptime_sec: 77\n"
        );
        let flow = flow(&text).unwrap();
        assert_eq!((flow.split.share(Slot::Green), flow.is_in_maintenance, flow.up_s), (500, false, 77));
        let blue = flow.counters(Slot::Blue);
        assert_eq!((blue.requests, blue.errors, blue.connect_errors, blue.in_flight), (60, 1, 2, 4));
        assert_eq!((blue.mean_ms, flow.counters(Slot::Green).mean_ms), (Some(12.0), None));
        assert_eq!(flow.server("web-1").unwrap().check, Check::Passed);
        let refused = "L4CON: Connection refused".to_owned();
        assert_eq!(flow.server("web-2").unwrap().check, Check::Failed(refused));
        assert!(flow.is_able(Slot::Blue));
        assert!(!flow.is_able(Slot::Green), "without weight it gets nothing");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(flow("").unwrap_err().contains("green"));
        assert!(flow("0x1 green abc\n").unwrap_err().contains("abc"));
        let no_backends = format!("0x1 green 0\n{HEAD}\nweb,BACKEND,0,0,0,UP,1,,,0,0,,\n");
        assert!(flow(&no_backends).unwrap_err().contains("backend `blue`"));
    }
}
