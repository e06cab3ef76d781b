//! The shop's database: a key-value store that speaks lines over TCP and keeps an append-only file in its volume.
//! Logs plain text. One line in, one line out: `PING`, `GET key`, `SET key value`, each with ` #request-id` behind.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{http, log};

const PORT: u16 = 5432;
const FILE: &str = "/data/store.log";
/// A longer file is written anew from what is known.
const FILE_BYTES: u64 = 1 << 20;

struct Store {
    values: BTreeMap<String, String>,
    file: Option<File>,
}

pub fn serve() -> Result<(), String> {
    let store = Mutex::new(open());
    log::plain(false, &format!("ready to accept connections on port {PORT}"));
    http::listen(PORT, move |stream| {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let mut line = String::new();
        if BufReader::new((&stream).take(4096)).read_line(&mut line).is_err() {
            return;
        }
        let began = Instant::now();
        http::slow_down();
        let (command, request_id) = line.trim().split_once(" #").unwrap_or((line.trim(), ""));
        let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = store.answer(command);
        drop(store);
        // The caller may have given up; then it has said so in its own log.
        let _ = (&stream).write_all(format!("{answer}\n").as_bytes());
        let took = began.elapsed();
        // A caller that only tries whether the port is open says nothing.
        if request_id != "healthcheck" && !command.is_empty() {
            let slow = took > Duration::from_secs(1);
            let head = if slow { "WARNING: slow query: " } else { "" };
            log::plain(
                slow,
                &format!("{head}{command} in {:.1} ms request_id={request_id}", took.as_secs_f64() * 1e3),
            );
        }
    })
}

fn open() -> Store {
    // A first start has no file yet.
    let text = fs::read_to_string(FILE).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    let mut values: BTreeMap<String, String> = pairs.map(|(key, value)| (key.into(), value.into())).collect();
    log::plain(false, &format!("read {} keys from {FILE}", values.len()));
    values.entry("products".into()).or_insert_with(|| "tea,coffee,cups".into());
    values.entry("cart".into()).or_insert_with(|| "empty".into());
    let file = OpenOptions::new().create(true).append(true).open(FILE);
    if let Err(why) = &file {
        log::plain(true, &format!("ERROR: cannot keep {FILE}: {why}"));
    }
    Store { values, file: file.ok() }
}

impl Store {
    fn answer(&mut self, command: &str) -> String {
        let words: Vec<&str> = command.splitn(3, ' ').collect();
        match words.as_slice() {
            ["PING"] => "PONG".into(),
            ["GET", key] => self.values.get(*key).cloned().unwrap_or_default(),
            ["SET", key, value] if self.values.len() < 1000 => {
                self.values.insert((*key).into(), (*value).into());
                match self.keep(key, value) {
                    Ok(()) => "OK".into(),
                    Err(why) => format!("ERROR {why}"),
                }
            }
            _ => "ERROR unknown command".into(),
        }
    }

    fn keep(&mut self, key: &str, value: &str) -> std::io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if file.metadata()?.len() > FILE_BYTES {
            file.set_len(0)?;
            let all: String = self.values.iter().map(|(key, value)| format!("{key} {value}\n")).collect();
            return file.write_all(all.as_bytes());
        }
        writeln!(file, "{key} {value}")
    }
}

/// One command to the store, from another service.
pub fn ask(command: &str, request_id: &str, within: Duration) -> Result<String, String> {
    exchange("store", command, request_id, within)
}

/// For the engine's HEALTHCHECK.
pub fn ping() -> Result<String, String> {
    let began = Instant::now();
    let answer = exchange("127.0.0.1", "PING", "healthcheck", Duration::from_secs(2))?;
    Ok(format!("PING {answer} in {} ms", began.elapsed().as_millis()))
}

fn exchange(host: &str, command: &str, request_id: &str, within: Duration) -> Result<String, String> {
    let mut stream: TcpStream = http::connect(host, PORT, within)?;
    writeln!(stream, "{command} #{request_id}").map_err(|why| format!("{host}: {why}"))?;
    let mut answer = String::new();
    BufReader::new(stream.take(4096))
        .read_line(&mut answer)
        .map_err(|why| http::timed_out(host, within, &why))?;
    match answer.trim() {
        "" => Err(format!("{host} closed without an answer")),
        error if error.starts_with("ERROR") => Err(format!("{host}: {error}")),
        value => Ok(value.to_owned()),
    }
}
