//! Key names to the bytes that a terminal sends for them, in the legacy and in the kitty protocol.

/// What the program asked of the keyboard; decides how keys are written.
#[derive(Debug, Default, Clone, Copy)]
pub struct Keyboard {
    /// DECCKM: arrows, Home and End come as `ESC O`.
    pub application_cursor: bool,
    /// Kitty keyboard flag 1: Esc and Ctrl-letter come as `CSI … u`.
    pub is_disambiguated: bool,
}

/// One key: a single character, `Enter Esc Tab BTab Space BSpace Del Ins Up Down Left Right PgUp PgDn Home End`,
/// `F1`..`F12`, each with `C-` (Ctrl), `S-` (Shift) or `M-` (Alt) before it, or `text:abc` for `a`, `b`, `c`.
pub fn bytes(name: &str, keyboard: Keyboard) -> Result<Vec<u8>, String> {
    if let Some(text) = name.strip_prefix("text:") {
        return Ok(text.as_bytes().to_vec());
    }
    if let Some(key) = only_char(name) {
        return Ok(key.to_string().into_bytes());
    }
    let (modifiers, key) = split_modifiers(name);
    named(key, modifiers, keyboard).ok_or_else(|| format!("no key is called {name:?}"))
}

const SHIFT: u8 = 1;
const ALT: u8 = 2;
const CONTROL: u8 = 4;

fn split_modifiers(mut name: &str) -> (u8, &str) {
    let mut modifiers = 0;
    loop {
        let (bit, rest) = match name.split_at_checked(2) {
            Some(("C-", rest)) => (CONTROL, rest),
            Some(("S-", rest)) => (SHIFT, rest),
            Some(("M-", rest)) => (ALT, rest),
            _ => return (modifiers, name),
        };
        if rest.is_empty() {
            return (modifiers, name);
        }
        (modifiers, name) = (modifiers | bit, rest);
    }
}

fn named(key: &str, modifiers: u8, keyboard: Keyboard) -> Option<Vec<u8>> {
    let (key, modifiers) = if key == "BTab" { ("Tab", modifiers | SHIFT) } else { (key, modifiers) };
    match key {
        "Enter" => Some(control_key(13, b"\r", modifiers, keyboard)),
        "Esc" if keyboard.is_disambiguated => Some(csi_u(27, modifiers)),
        "Esc" => Some(control_key(27, b"\x1b", modifiers, keyboard)),
        "Tab" if modifiers == SHIFT && !keyboard.is_disambiguated => Some(b"\x1b[Z".to_vec()),
        "Tab" => Some(control_key(9, b"\t", modifiers, keyboard)),
        "BSpace" => Some(control_key(127, b"\x7f", modifiers, keyboard)),
        "Space" if modifiers & CONTROL != 0 => Some(control_key(32, b"\0", modifiers, keyboard)),
        "Space" => Some(control_key(32, b" ", modifiers, keyboard)),
        "Up" => Some(cursor_key('A', modifiers, keyboard)),
        "Down" => Some(cursor_key('B', modifiers, keyboard)),
        "Right" => Some(cursor_key('C', modifiers, keyboard)),
        "Left" => Some(cursor_key('D', modifiers, keyboard)),
        "Home" => Some(cursor_key('H', modifiers, keyboard)),
        "End" => Some(cursor_key('F', modifiers, keyboard)),
        "Ins" => Some(tilde_key(2, modifiers)),
        "Del" => Some(tilde_key(3, modifiers)),
        "PgUp" => Some(tilde_key(5, modifiers)),
        "PgDn" => Some(tilde_key(6, modifiers)),
        _ => only_char(key)
            .filter(|_| modifiers != 0)
            .and_then(|key| character(key, modifiers, keyboard))
            .or_else(|| function_key(key, modifiers)),
    }
}

fn only_char(name: &str) -> Option<char> {
    let mut characters = name.chars();
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

fn character(key: char, modifiers: u8, keyboard: Keyboard) -> Option<Vec<u8>> {
    if keyboard.is_disambiguated {
        return Some(csi_u(u32::from(key), modifiers));
    }
    let plain = match modifiers & (CONTROL | ALT) {
        bits if bits & CONTROL != 0 => vec![match key.to_ascii_lowercase() {
            letter @ 'a'..='z' => letter as u8 & 0x1f,
            symbol @ ('[' | '\\' | ']' | '^' | '_' | '@') => symbol as u8 & 0x1f,
            _ => return None,
        }],
        _ => key.to_string().into_bytes(),
    };
    Some(with_alt(plain, modifiers))
}

fn control_key(code: u32, legacy: &[u8], modifiers: u8, keyboard: Keyboard) -> Vec<u8> {
    // Enter, Tab and Backspace without modifiers stay as they were, so that a shell remains usable after a crash.
    if keyboard.is_disambiguated && modifiers != 0 {
        return csi_u(code, modifiers);
    }
    with_alt(legacy.to_vec(), modifiers)
}

fn with_alt(bytes: Vec<u8>, modifiers: u8) -> Vec<u8> {
    if modifiers & ALT == 0 { bytes } else { [b"\x1b".to_vec(), bytes].concat() }
}

fn csi_u(code: u32, modifiers: u8) -> Vec<u8> {
    if modifiers == 0 {
        return format!("\x1b[{code}u").into_bytes();
    }
    format!("\x1b[{code};{}u", modifiers + 1).into_bytes()
}

fn cursor_key(letter: char, modifiers: u8, keyboard: Keyboard) -> Vec<u8> {
    if modifiers != 0 {
        return format!("\x1b[1;{}{letter}", modifiers + 1).into_bytes();
    }
    let lead = if keyboard.application_cursor && !keyboard.is_disambiguated { "\x1bO" } else { "\x1b[" };
    format!("{lead}{letter}").into_bytes()
}

fn tilde_key(number: u8, modifiers: u8) -> Vec<u8> {
    if modifiers == 0 {
        return format!("\x1b[{number}~").into_bytes();
    }
    format!("\x1b[{number};{}~", modifiers + 1).into_bytes()
}

fn function_key(key: &str, modifiers: u8) -> Option<Vec<u8>> {
    // xterm's numbers; they skip 16 and 22 as the VT220 did.
    const NUMBERS: [u8; 12] = [11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24];
    let index = key.strip_prefix('F')?.parse::<usize>().ok()?.checked_sub(1)?;
    let number = *NUMBERS.get(index)?;
    if index < 4 && modifiers == 0 {
        return Some(format!("\x1bO{}", char::from(b'P' + index as u8)).into_bytes());
    }
    Some(tilde_key(number, modifiers))
}
