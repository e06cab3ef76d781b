//! The shop's customers: a steady trickle of requests to `web`, each with an id that can be followed. Logs logfmt,
//! has no port and no health check.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{
    Settings,
    control::{self, Mode},
    http,
    log::{self, Value},
};

const PAGES: [&str; 5] = ["/products", "/products", "/cart", "/products", "/checkout"];

/// Works for ever.
pub fn work(settings: &Settings) -> Result<(), String> {
    let pause = Duration::from_secs_f64(1.0 / settings.rate);
    log::logfmt(
        "info",
        "worker started",
        &[("version", Value::Text(&settings.version)), ("rate", Value::Number(settings.rate))],
    );
    for page in PAGES.iter().cycle() {
        if control::mode() == Mode::Down {
            thread::sleep(pause);
            continue;
        }
        let (began, request_id) = (Instant::now(), http::new_id());
        http::slow_down();
        let answer = http::get("web", page, &request_id, Duration::from_secs(5));
        let took = Value::Number(began.elapsed().as_millis() as f64);
        let id = Value::Text(&request_id);
        match answer {
            Ok(response) if response.status == 200 => {
                log::logfmt(
                    "info",
                    "visit done",
                    &[("page", Value::Text(page)), ("request_id", id), ("duration_ms", took)],
                );
            }
            Ok(response) => {
                let status = Value::Number(f64::from(response.status));
                let fields = [
                    ("page", Value::Text(page)),
                    ("request_id", id),
                    ("status", status),
                    ("duration_ms", took),
                ];
                log::logfmt("error", "visit failed", &fields);
            }
            Err(why) => {
                let fields = [
                    ("page", Value::Text(page)),
                    ("request_id", id),
                    ("error", Value::Text(&why)),
                    ("duration_ms", took),
                ];
                log::logfmt("error", "visit failed", &fields);
            }
        }
        thread::sleep(pause.saturating_sub(began.elapsed()));
    }
    Ok(())
}
