//! Where to, as an operator writes it: `user@host:port`, before any configuration. Pure.

/// Where to: as an operator writes it, before any configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Destination {
    /// Login on the host; OpenSSH's own choice where it is `None`.
    pub user: Option<String>,
    /// An alias of the configuration, a name or an address.
    pub host: String,
    /// OpenSSH's own choice where it is `None`.
    pub port: Option<u16>,
}

impl Destination {
    /// Reads `[user@]host[:port]`, `[user@][v6address]:port` as in `ProxyJump` and `ssh://`.
    ///
    /// # Errors
    /// What is wrong with it. A host that begins with `-` is refused: `ssh` would take it for an option.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (user, rest) = match text.rsplit_once('@') {
            Some((user, rest)) => (Some(user.to_owned()), rest),
            None => (None, text),
        };
        // First of all: it would be repeated by what is said of the rest; as a login it would be shown, and sent to the host.
        if user.as_ref().is_some_and(|user| user.contains(':')) {
            return Err("a password stands before the `@`; leave it out, it is asked for".to_owned());
        }
        let (host, port) = match rest.strip_prefix('[') {
            Some(inner) => {
                let (host, after) = inner.split_once(']').ok_or_else(|| format!("`{text}`: no `]`"))?;
                let port = after.strip_prefix(':');
                if port.is_none() && !after.is_empty() {
                    return Err(format!("`{text}`: `{after}` behind `]` is no port"));
                }
                (host, port)
            }
            None if rest.matches(':').count() > 1 => (rest, None),
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            Some(digits) => match digits.parse() {
                Ok(port) if port > 0 => Some(port),
                _ => return Err(format!("`{text}`: `{digits}` is no port")),
            },
            None => None,
        };
        let is_word = |word: &str| {
            !word.is_empty() && !word.starts_with('-') && !word.contains(|c: char| c.is_control() || c == ' ')
        };
        if !is_word(host) || host.contains(['[', ']', '?', '#']) {
            return Err(format!("`{text}`: `{host}` is no host"));
        }
        if let Some(user) = user.as_deref().filter(|user| !is_word(user)) {
            return Err(format!("`{text}`: `{user}` is no login"));
        }
        Ok(Self { user, host: host.to_owned(), port })
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            // One colon alone would be read as that of a port.
            None if self.host.matches(':').count() == 1 => write!(f, "[{}]", self.host),
            None => f.write_str(&self.host),
        }
    }
}
