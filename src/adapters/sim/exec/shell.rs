//! The simulated shell: a dozen commands, `;`, quotes, a prompt on a terminal. It runs nothing.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc::Sender;

use crate::logs::line::Stream;

/// What is around it.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) hostname: String,
    pub(super) name: String,
    pub(super) user: String,
    pub(super) directory: String,
    pub(super) env: Vec<String>,
    pub(super) processes: Vec<String>,
}

impl Place {
    /// A word that is `$NAME` as its value; anything else as it is.
    fn expanded(&self, word: &str) -> String {
        let Some(name) = word.strip_prefix('$') else { return word.to_owned() };
        let value = |pair: &String| Some(pair.split_once('=').filter(|(n, _)| *n == name)?.1.to_owned());
        self.env.iter().rev().find_map(value).unwrap_or_default()
    }
}

/// A running program.
pub(super) struct Shell {
    place: Place,
    is_tty: bool,
    out: Sender<(Stream, Bytes)>,
}

const COMMANDS: &str = "cat echo env exit false help hostname id ls ps pwd true uname whoami";
/// As a shell says that there is no such program.
const NOT_FOUND: i64 = 127;
const END: char = '\u{4}';
const INTERRUPT: char = '\u{3}';

impl Shell {
    pub(super) fn new(place: Place, is_tty: bool, out: Sender<(Stream, Bytes)>) -> Self {
        Self { place, is_tty, out }
    }

    /// Runs to the end; gives the exit status.
    pub(super) async fn run(self, argv: &[String], mut input: impl AsyncRead + Unpin + Send) -> i64 {
        let words: Vec<&str> = argv.iter().map(String::as_str).collect();
        let (program, rest) = words.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
        let is_shell = matches!(program.rsplit('/').next(), Some("sh" | "bash" | "ash"));
        match rest {
            // The console's way to the best shell there is.
            ["-c", script] if is_shell && script.contains("exec sh") => self.session(&mut input).await,
            [] if is_shell => self.session(&mut input).await,
            ["-c", script, ..] if is_shell => {
                self.script(script, &mut input).await.unwrap_or_else(|status| status)
            }
            _ => self.command(&words, &mut input).await.unwrap_or_else(|status| status),
        }
    }

    /// Commands between `;`, one after the other. `Err` is an `exit`.
    async fn script(&self, script: &str, input: &mut (impl AsyncRead + Unpin + Send)) -> Result<i64, i64> {
        let mut status = 0;
        for command in script.split(';') {
            let words: Vec<_> = words(command).iter().map(|word| self.place.expanded(word)).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            if !words.is_empty() {
                status = self.command(&words, input).await?;
            }
        }
        Ok(status)
    }

    /// A session with lines typed by somebody.
    async fn session(&self, input: &mut (impl AsyncRead + Unpin + Send)) -> i64 {
        if self.is_tty {
            let line = format!(
                "simulated shell in {}: nothing here is real; `help` lists what it knows",
                self.place.name
            );
            self.say(&line).await;
        }
        let mut status = 0;
        loop {
            self.print(if self.is_tty { "/ # " } else { "" }).await;
            let Some(line) = self.line(input).await else { return status };
            match self.script(&line, input).await {
                Ok(ended) => status = ended,
                Err(exit) => return exit,
            }
        }
    }

    /// One line of input, echoed on a terminal; `None` at the end of input or when nobody reads any more.
    async fn line(&self, input: &mut (impl AsyncRead + Unpin + Send)) -> Option<String> {
        let mut line = String::new();
        loop {
            let mut byte = [0];
            let count = tokio::select! {
                count = input.read(&mut byte) => count.unwrap_or(0),
                () = self.out.closed() => 0,
            };
            match char::from(byte[0]) {
                _ if count == 0 => return (!line.is_empty()).then_some(line),
                '\r' | '\n' => {
                    self.echo("\n").await;
                    return Some(line);
                }
                END if line.is_empty() => {
                    self.echo("\n").await;
                    return None;
                }
                INTERRUPT => {
                    line.clear();
                    self.echo("^C\n/ # ").await;
                }
                '\u{8}' | '\u{7f}' if line.pop().is_some() => self.echo("\u{8} \u{8}").await,
                c if c.is_control() => {}
                c => {
                    line.push(c);
                    self.echo(c.encode_utf8(&mut [0; 4])).await;
                }
            }
        }
    }

    async fn echo(&self, text: &str) {
        if self.is_tty {
            self.print(text).await;
        }
    }

    /// `Err` is an `exit` with that status.
    async fn command(&self, words: &[&str], input: &mut (impl AsyncRead + Unpin + Send)) -> Result<i64, i64> {
        let (program, rest) = words.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
        match program.rsplit('/').next().unwrap_or_default() {
            "exit" => return Err(rest.first().and_then(|code| code.parse().ok()).unwrap_or(0)),
            "true" => {}
            "false" => return Ok(1),
            "echo" => self.say(&rest.join(" ")).await,
            "cat" if rest.is_empty() => self.cat(input).await,
            "cat" | "cd" => {
                self.complain(&format!(
                    "{program}: {}: no such file (this shell is simulated)",
                    rest.join(" ")
                ))
                .await;
                return Ok(1);
            }
            "env" | "printenv" => self.say(&self.place.env.join("\n")).await,
            "hostname" => self.say(&self.place.hostname).await,
            "id" => self.say(&self.place.user).await,
            "whoami" => self.say(&self.place.user).await,
            "pwd" => self.say(&self.place.directory).await,
            "ls" => self.say("app  bin  dev  etc  proc  tmp  usr  var").await,
            "uname" => self.say("Linux (simulated)").await,
            "ps" => {
                let rows = self.place.processes.iter().zip(1..);
                let rows: Vec<_> = rows.map(|(command, pid)| format!("{pid:>5} root  {command}")).collect();
                self.say(&format!("  PID USER  COMMAND\n{}", rows.join("\n"))).await;
            }
            "help" => self.say(&format!("this shell is simulated; it knows: {COMMANDS}")).await,
            _ => {
                self.complain(&format!("sh: {program}: not found (this shell is simulated)")).await;
                return Ok(NOT_FOUND);
            }
        }
        Ok(0)
    }

    /// Gives back what comes in until it ends.
    async fn cat(&self, input: &mut (impl AsyncRead + Unpin + Send)) {
        if self.is_tty {
            while let Some(line) = self.line(input).await {
                self.say(&line).await;
            }
            return;
        }
        let mut bytes = vec![0; 4096];
        while let Ok(count @ 1..) = input.read(&mut bytes).await {
            // Nobody reads: the next read of the input ends too.
            let _ = self.out.send((Stream::Stdout, Bytes::copy_from_slice(&bytes[..count]))).await;
        }
    }

    async fn say(&self, text: &str) {
        self.print(&format!("{text}\n")).await;
    }

    async fn complain(&self, text: &str) {
        self.write(Stream::Stderr, &format!("{text}\n")).await;
    }

    async fn print(&self, text: &str) {
        self.write(Stream::Stdout, text).await;
    }

    async fn write(&self, stream: Stream, text: &str) {
        // A terminal is one stream.
        let stream = if self.is_tty { Stream::Stdout } else { stream };
        let text = if self.is_tty { text.replace('\n', "\r\n") } else { text.to_owned() };
        // Nobody reads: then nobody misses it.
        let _ = self.out.send((stream, Bytes::from(text))).await;
    }
}

/// Words as a shell splits them, with quotes of both sorts and no expansion.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        assert_eq!(words(r#" echo "a b"  'c"d' ''"#), ["echo", "a b", "c\"d", ""]);
    }
}
