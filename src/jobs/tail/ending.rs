//! How a container's end, or a log that nobody can read, is said in a line of its log.

use crate::logs::line::Level;
use crate::ports::engine::EngineError;

/// `exited 137 (OOM killed), restart 7`; an end whose code nobody knows is just an end.
pub(super) fn text(code: Option<i64>, is_oom: bool, restarts: u32) -> String {
    let mut text = match code {
        Some(code) => format!("exited {code}"),
        None => "ended".to_owned(),
    };
    match code {
        _ if is_oom => text += " (OOM killed)",
        Some(code @ 129..=159) => {
            if let Some(name) = signal(code - 128) {
                text = format!("{text} ({name})");
            }
        }
        _ => {}
    }
    if restarts > 0 {
        text = format!("{text}, restart {restarts}");
    }
    text
}

/// An end as it should be is told calmly.
pub(super) fn level(code: Option<i64>, is_oom: bool) -> Level {
    match code {
        _ if is_oom => Level::Error,
        Some(0 | 143) => Level::Info,
        _ => Level::Error,
    }
}

fn signal(number: i64) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return None,
    })
}

/// Why the engine does not hand out a log, and what to do.
pub(super) fn unreadable(driver: &str, error: &EngineError) -> String {
    let EngineError::Refused { message, .. } = error else { return error.to_string() };
    match driver {
        "" => format!("the engine cannot read this log: {message}"),
        "none" => "log driver none keeps no lines; start the container with --log-driver local to see them"
            .to_owned(),
        driver => format!(
            "the engine cannot read back log driver {driver}: {message}; look where {driver} sends them, \
             or start the container with --log-driver local"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_told_with_its_code_its_reason_and_the_count() {
        assert_eq!(text(Some(137), true, 7), "exited 137 (OOM killed), restart 7");
        assert_eq!(text(Some(139), false, 0), "exited 139 (SIGSEGV)");
        assert_eq!(text(Some(0), false, 0), "exited 0");
        assert_eq!(text(None, false, 0), "ended");
    }

    #[test]
    fn a_log_nobody_can_read_names_its_driver_and_the_way_out() {
        let error = EngineError::Refused { what: "logs".into(), status: 501, message: "no".into() };
        assert!(unreadable("none", &error).contains("driver none"));
        let said = unreadable("syslog", &error);
        assert!(said.contains("syslog sends them") && said.contains("--log-driver local"), "{said}");
    }
}
