//! The shop's front: pages that ask `api`. Logs JSON.

use std::time::Duration;

use super::{
    Settings,
    http::{self, Request, Response},
    log::{self, Value, json_text},
};

/// Longer than `api` waits for its database, so that the reason comes through.
const API_PATIENCE: Duration = Duration::from_secs(4);

pub fn serve(settings: &'static Settings) -> Result<(), String> {
    log::json(settings, "info", "listening", &[("port", Value::Number(f64::from(http::PORT)))]);
    http::serve(move |request| {
        let response = answer(settings, request);
        log_request(settings, request, &response);
        response
    })
}

fn answer(settings: &Settings, request: &Request) -> Response {
    let from_api = match request.path.as_str() {
        "/health" | "/health/live" => return alive(settings),
        "/health/ready" => "/health",
        "/" | "/products" => "/api/products",
        "/cart" => "/api/cart",
        "/checkout" => "/api/orders",
        _ => return Response::json(404, r#"{"error":"no such page"}"#),
    };
    match http::get("api", from_api, &request.request_id, API_PATIENCE) {
        Ok(response) if response.status == 200 => response,
        Ok(response) => Response::json(502, format!("{{\"error\":\"api answered {}\"}}", response.status)),
        Err(why) => Response::json(502, format!("{{\"error\":{}}}", json_text(&why))),
    }
}

/// `{"status":"ok","version":…}`
pub fn alive(settings: &Settings) -> Response {
    Response::json(200, format!("{{\"status\":\"ok\",\"version\":\"{}\"}}", settings.version))
}

/// One line a request; the engine's own checks are not logged.
pub fn log_request(settings: &Settings, request: &Request, response: &Response) {
    if request.request_id == "healthcheck" {
        return;
    }
    let level = match response.status {
        500.. => "error",
        400.. => "warn",
        _ => "info",
    };
    let mut fields = vec![
        ("request_id", Value::Text(&request.request_id)),
        ("method", Value::Text(&request.method)),
        ("path", Value::Text(&request.path)),
        ("status", Value::Number(f64::from(response.status))),
        ("duration_ms", Value::Number(request.began.elapsed().as_millis() as f64)),
    ];
    if response.status >= 500 {
        fields.push(("answer", Value::Text(&response.body)));
    }
    log::json(settings, level, "request_processed", &fields);
}
