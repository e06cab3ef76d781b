//! The shop's logic: asks `store` for everything. Alive while it runs, ready while its database answers in time.

use std::time::{Duration, Instant};

use super::{
    Settings,
    http::{self, Request, Response},
    log::{self, Value},
    store, web,
};

/// Patience with the database.
const DATABASE_PATIENCE: Duration = Duration::from_secs(1);

pub fn serve(settings: &'static Settings) -> Result<(), String> {
    log::json(settings, "info", "listening", &[("port", Value::Number(f64::from(http::PORT)))]);
    http::serve(move |request| {
        let response = answer(settings, request);
        web::log_request(settings, request, &response);
        response
    })
}

fn answer(settings: &Settings, request: &Request) -> Response {
    let command = match request.path.as_str() {
        "/health" | "/health/live" => return web::alive(settings),
        "/health/ready" => return ready(settings),
        "/api/products" => "GET products",
        "/api/cart" => "GET cart",
        "/api/orders" => "SET last-order paid",
        _ => return Response::json(404, r#"{"error":"no such resource"}"#),
    };
    match store::ask(command, &request.request_id, DATABASE_PATIENCE) {
        Ok(value) => Response::json(200, format!("{{\"value\":{}}}", log::json_text(&value))),
        Err(why) => {
            let after = Value::Number(request.began.elapsed().as_millis() as f64);
            let fields = [
                ("request_id", Value::Text(&request.request_id)),
                ("after_ms", after),
                ("error", Value::Text(&why)),
            ];
            log::json(settings, "error", "database failed", &fields);
            Response::json(503, format!("{{\"error\":{}}}", log::json_text(&why)))
        }
    }
}

/// `{"status":…,"version":…,"checks":{"database":{"status":…,"latency_ms":…},"cache":{…}}}`
fn ready(settings: &Settings) -> Response {
    let began = Instant::now();
    let database = store::ask("PING", "healthcheck", DATABASE_PATIENCE);
    let latency = began.elapsed().as_millis();
    let (status, word, database) = match database {
        Ok(_) => (200, "ok", format!("{{\"status\":\"ok\",\"latency_ms\":{latency}}}")),
        Err(why) => {
            let word = if why.contains("timeout") { "timeout" } else { "error" };
            let text = log::json_text(&why);
            (
                503,
                "unavailable",
                format!("{{\"status\":\"{word}\",\"latency_ms\":{latency},\"error\":{text}}}"),
            )
        }
    };
    let cache = r#"{"status":"ok","latency_ms":0}"#;
    let version = &settings.version;
    Response::json(
        status,
        format!(
            "{{\"status\":\"{word}\",\"version\":\"{version}\",\"checks\":{{\"database\":{database},\"cache\":{cache}}}}}"
        ),
    )
}
