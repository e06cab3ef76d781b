//! Texts of Compose files as quantities: times, sizes, command lines.

/// YAML's words for yes.
pub(super) fn is_true(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "y")
}

/// `true`, `no`, …
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "false" | "no" | "off" | "n" => Some(false),
        _ => is_true(text).then_some(true),
    }
}

/// `1m30s`, `500ms`, `2`: in ns; a number alone is one of `unit_ns`.
pub(super) fn time_ns(text: &str, unit_ns: u64) -> Option<u64> {
    if let Ok(number) = text.parse::<u64>() {
        return number.checked_mul(unit_ns);
    }
    let (mut total, mut rest) = (0_u64, text);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit: f64 = match unit {
            "h" => 3.6e12,
            "m" => 6e10,
            "s" => 1e9,
            "ms" => 1e6,
            "us" | "µs" => 1e3,
            "ns" => 1.0,
            _ => return None,
        };
        total = total.checked_add((number.parse::<f64>().ok()? * unit).round() as u64)?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

/// `512m`, `1.5g`, `1024`: in bytes.
pub(super) fn bytes(text: &str) -> Option<i64> {
    let low = text.trim().to_ascii_lowercase();
    let end = low.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(low.len());
    let (number, unit) = low.split_at(end);
    let unit: f64 = match unit.trim() {
        "" | "b" => 1.0,
        "k" | "kb" | "kib" => 1024.0,
        "m" | "mb" | "mib" => 1_048_576.0,
        "g" | "gb" | "gib" => 1_073_741_824.0,
        "t" | "tb" | "tib" => 1_099_511_627_776.0,
        _ => return None,
    };
    Some((number.parse::<f64>().ok()? * unit) as i64)
}

/// Words as a POSIX shell parts them; nothing else of a shell. `None` where a quote does not end.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let (mut all, mut word, mut is_open) = (Vec::new(), String::new(), false);
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        match sign {
            c if c.is_whitespace() => {
                if std::mem::take(&mut is_open) {
                    all.push(std::mem::take(&mut word));
                }
            }
            '\'' => {
                is_open = true;
                loop {
                    match signs.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                is_open = true;
                loop {
                    match signs.next()? {
                        '"' => break,
                        '\\' => match signs.next()? {
                            c @ ('"' | '\\' | '$' | '`') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            '\\' => {
                is_open = true;
                word.push(signs.next()?);
            }
            c => {
                is_open = true;
                word.push(c);
            }
        }
    }
    if is_open {
        all.push(word);
    }
    Some(all)
}
