//! The one program in every container of the shop; its first argument is the role. std only, built by `rustc`
//! alone, so that an image is this file and nothing else. A toy: it shows what a console sees, it sells nothing.
//!
//! `worker` calls `web`, which calls `api`, which asks `store`; the request's id goes all the way.

#[path = "service/api.rs"]
mod api;
#[path = "service/control.rs"]
mod control;
#[path = "service/ending.rs"]
mod ending;
#[path = "service/http.rs"]
mod http;
#[path = "service/log.rs"]
mod log;
#[path = "service/store.rs"]
mod store;
#[path = "service/web.rs"]
mod web;
#[path = "service/worker.rs"]
mod worker;

use std::{env, process::ExitCode};

/// What the container's environment says about this copy.
pub struct Settings {
    /// `web`, `api`, `worker` or `store`.
    pub role: String,
    pub version: String,
    /// Requests a second that the worker makes.
    pub rate: f64,
}

impl Settings {
    fn read() -> Self {
        let text = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
        let rate = text("SHOP_RATE", "2").parse().unwrap_or(2.0_f64).clamp(0.01, 100.0);
        Self { role: text("SHOP_ROLE", "web"), version: text("SHOP_VERSION", "dev"), rate }
    }
}

fn main() -> ExitCode {
    let settings: &'static Settings = Box::leak(Box::new(Settings::read()));
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["run"] => run(settings),
        ["healthcheck"] => return healthcheck(settings),
        ["ctl", mode] => control::write(mode, None),
        ["ctl", mode, seconds] => control::write(mode, Some(seconds)),
        _ => Err("usage: service run | healthcheck | ctl slow|down|oom|crash|flood|ok [SECONDS]".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(settings: &'static Settings) -> Result<(), String> {
    control::watch(settings);
    ending::hear();
    match settings.role.as_str() {
        "web" => web::serve(settings),
        "api" => api::serve(settings),
        "store" => store::serve(),
        "worker" => worker::work(settings),
        other => Err(format!("no role is called {other}")),
    }
}

/// What the engine's HEALTHCHECK runs. It prints what it saw: the engine keeps the text.
fn healthcheck(settings: &Settings) -> ExitCode {
    let seen = match settings.role.as_str() {
        "store" => store::ping(),
        "api" => http::check("/health/ready"),
        _ => http::check("/health"),
    };
    match seen {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            println!("{text}");
            ExitCode::FAILURE
        }
    }
}
