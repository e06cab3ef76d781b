//! The signals the console answers. Listening begins before the terminal is taken, so that none comes in between.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{diagnostics, terminal};

/// After this long the console ends even if the terminal takes no more output and the loop is stuck in it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the machine tells us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// To end: SIGTERM or SIGHUP.
    End,
    /// The window has another size.
    Resized,
    /// We were stopped and go on; whoever had the terminal meanwhile left it as it liked.
    Continued,
}

/// The signals, each seen at least once however many came.
pub struct Signals {
    terminated: Signal,
    hung_up: Signal,
    resized: Signal,
    continued: Signal,
}

impl Signals {
    /// Listens from now on. Must be called inside the runtime.
    ///
    /// # Errors
    /// What the machine refused.
    pub fn listen() -> io::Result<Self> {
        tokio::spawn(end_when_stuck(signal(SignalKind::terminate())?, signal(SignalKind::hangup())?));
        Ok(Self {
            terminated: signal(SignalKind::terminate())?,
            hung_up: signal(SignalKind::hangup())?,
            resized: signal(SignalKind::window_change())?,
            continued: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    /// The next one, the most urgent first. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Told {
        tokio::select! {
            biased;
            _ = self.terminated.recv() => Told::End,
            _ = self.hung_up.recv() => Told::End,
            _ = self.continued.recv() => Told::Continued,
            _ = self.resized.recv() => Told::Resized,
        }
    }

    /// Waits until the process goes on after a stop, at most so long: a process that nobody could continue is not
    /// stopped by the kernel.
    pub async fn until_continued(&mut self, at_most: Duration) {
        // Either way the terminal is taken again.
        let _ = tokio::time::timeout(at_most, self.continued.recv()).await;
    }
}

/// A terminal that takes no output blocks the loop in its write, and with it the answer to a signal.
async fn end_when_stuck(mut terminated: Signal, mut hung_up: Signal) {
    tokio::select! {
        _ = terminated.recv() => {}
        _ = hung_up.recv() => {}
    }
    tokio::time::sleep(PATIENCE).await;
    terminal::give_back_settings();
    diagnostics::end();
    std::process::exit(1);
}
