//! The loop: input first, then what the outside says; draw at most 60 times a second and only when something changed.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::hosts::Routes;
use super::keys::Keys;
use super::prompts::Prompts;
use super::records::Clerk;
use super::shell::{self, Ended};
use super::signals::{Signals, Told};
use super::subs::Streams;
use super::terminal::{self, Screen};
use super::{diagnostics, effects, input, program, records};
use crate::app::model::Model;
use crate::domain::ids::{ContainerKey, HostId};
use crate::domain::ledger::Outcome;
use crate::effect::{Effect, JobId};
use crate::jobs::record::Recording;
use crate::jobs::sample;
use crate::msg::{HostFact, JobEvent, Msg};
use crate::world::Now;

/// Facts that wait to be taken in; when full their senders wait, and the engine with them.
const LANE: usize = 64;
/// Facts taken in between two looks at the keys.
const AT_ONCE: usize = 64;
const FRAME: Duration = Duration::from_millis(16);
/// Lines of a log that runs by cannot be read at any rate: half as often is as good. Its first ones are waited for.
const LOG_FRAME: Duration = Duration::from_millis(33);
/// Figures that are measured every few seconds: those of many hosts come one by one.
const FIGURES_FRAME: Duration = Duration::from_millis(250);
/// A key does not wait for the next frame of a flood; one that repeats is not drawn more often than this.
const KEY_FRAME: Duration = Duration::from_millis(4);

/// The time now.
pub fn now() -> Now {
    Now { at: std::time::Instant::now(), wall: Utc::now() }
}

/// How the console was left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Left {
    /// For good.
    Ended,
    /// For the demo.
    ForDemo,
}

impl Left {
    fn by(last: &Effect) -> Self {
        if *last == Effect::Demo { Self::ForDemo } else { Self::Ended }
    }
}

/// Lets another configuration take hold, if it is right, and names the hosts that have another way now.
pub type Reload<'a> = dyn FnMut(&mut Model, &mut Routes) -> BTreeSet<HostId> + 'a;

/// Runs the console until it is left.
///
/// # Errors
/// What the terminal refused.
pub async fn run(
    mut model: Model,
    mut routes: Routes,
    reload: &mut Reload<'_>,
    screen: &mut Screen,
    signals: &mut Signals,
    prompts: Arc<Prompts>,
    has_mouse: bool,
) -> io::Result<Left> {
    let (out, mut facts) = mpsc::channel(LANE);
    prompts.show_on(out.clone());
    let mut streams = Streams::new(model.usage_interval().unwrap_or(sample::GAP));
    // Engines are asked while the first picture is drawn.
    streams.keep(model.subs(), &routes, &out);
    paint(screen, &mut model)?;
    let mut keys = Keys::open()?;
    let (mut drawn, mut is_dirty, mut batch) = (Instant::now(), false, Vec::new());
    // What came since the last frame and can wait the least.
    let mut gap = FIGURES_FRAME;
    loop {
        let mut wanted = Vec::new();
        tokio::select! {
            biased;
            told = signals.next() => {
                match told {
                    Told::End => return Ok(Left::Ended),
                    Told::Continued => terminal::enter(has_mouse)?,
                    Told::Resized => {}
                }
                wanted = repaint(screen, &mut model)?;
                (is_dirty, gap) = (true, KEY_FRAME);
            }
            event = keys.next() => {
                // The terminal is gone, and with it whoever could be shown anything.
                let Some(event) = event? else { return Ok(Left::Ended) };
                if let Some(msg) = input::message(event) {
                    wanted = model.update(msg, now());
                    (is_dirty, gap) = (true, KEY_FRAME);
                }
            }
            () = sleep_until(drawn + gap), if is_dirty => {
                paint(screen, &mut model)?;
                (drawn, is_dirty, gap) = (Instant::now(), false, FIGURES_FRAME);
                continue;
            }
            // `out` is ours: there is always somebody to hear from.
            _ = facts.recv_many(&mut batch, AT_ONCE) => {
                (is_dirty, gap) = (true, gap.min(longest_wait(&batch, model.is_log_open())));
                wanted.extend(model.update_all(batch.drain(..).inspect(diagnostics::heard), now()));
            }
        }
        streams.keep(model.subs(), &routes, &out);
        for effect in wanted {
            match effects::start(effect, &routes, &model, &out) {
                None => {}
                Some(Effect::Answer(id, answer)) => prompts.answer(id, answer),
                Some(Effect::Copy(text)) => execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))?,
                Some(effect @ (Effect::Shell(..) | Effect::Run(..))) => {
                    let lent = lend(effect, &model, &routes, &out, &mut keys, signals, has_mouse).await?;
                    let Some(event) = lent else { return Ok(Left::Ended) };
                    repaint(screen, &mut model)?;
                    told(&mut model, event);
                    (is_dirty, gap) = (true, KEY_FRAME);
                }
                Some(Effect::Suspend) => {
                    terminal::suspend(signals, has_mouse).await?;
                    repaint(screen, &mut model)?;
                    (is_dirty, gap) = (true, KEY_FRAME);
                }
                Some(Effect::Reload) => {
                    let anew = reload(&mut model, &mut routes);
                    streams.begin_anew(&anew, &model, &routes, &out);
                }
                Some(last) => return Ok(Left::by(&last)),
            }
        }
        if is_dirty && drawn.elapsed() >= gap {
            paint(screen, &mut model)?;
            (drawn, is_dirty, gap) = (Instant::now(), false, FIGURES_FRAME);
        }
    }
}

/// From the last frame to the one that shows these, at most.
fn longest_wait(msgs: &[Msg], is_log_open: bool) -> Duration {
    let wait = |msg: &Msg| match msg {
        // What everybody waits for at the start, and comes seldom.
        Msg::Host(_, HostFact::Listed(_)) => KEY_FRAME,
        Msg::Usage(_) | Msg::Host(_, HostFact::Load(_)) => FIGURES_FRAME,
        Msg::Log(..) => {
            if is_log_open {
                LOG_FRAME
            } else {
                KEY_FRAME
            }
        }
        _ => FRAME,
    };
    msgs.iter().map(wait).min().unwrap_or(FIGURES_FRAME)
}

/// The record of a shell; other programs are the operator's own business.
async fn begin(effect: &Effect, model: &Model, routes: &Routes) -> Result<Option<Recording>, JobEvent> {
    let Effect::Shell(_, _, intent) = effect else { return Ok(None) };
    Clerk::new(intent.clone(), model, routes).begin().await.map(Some)
}

/// Its end, written while the console goes on.
fn end(recording: Recording, event: &JobEvent, out: mpsc::Sender<Msg>) {
    let outcome = match event {
        JobEvent::Failed(why) => Outcome::Failed(why.clone()),
        _ => Outcome::Done,
    };
    tokio::spawn(async move { records::end(recording, outcome, JobId(0), &out).await });
}

/// What came of a program that had the terminal.
fn told(model: &mut Model, event: JobEvent) {
    let news = Msg::Job(JobId(0), event);
    diagnostics::heard(&news);
    model.update(news, now());
}

fn paint(screen: &mut Screen, model: &mut Model) -> io::Result<()> {
    screen.draw(|frame| model.draw(frame))?;
    model.drawn(now().at);
    Ok(())
}

/// Forgets what was drawn and takes the size there is. Not `clear`: that asks the terminal for its cursor and waits for
/// the answer.
fn repaint(screen: &mut Screen, model: &mut Model) -> io::Result<Vec<Effect>> {
    let size = screen.size()?;
    screen.resize(size.into())?;
    Ok(model.update(Msg::Resize(size.width, size.height), now()))
}

/// Gives the terminal away and takes it back, unless it must not; `None` when we were told to end meanwhile.
async fn lend(
    effect: Effect,
    model: &Model,
    routes: &Routes,
    out: &mpsc::Sender<Msg>,
    keys: &mut Keys,
    signals: &mut Signals,
    has_mouse: bool,
) -> io::Result<Option<JobEvent>> {
    let recording = match begin(&effect, model, routes).await {
        Ok(recording) => recording,
        Err(refused) => return Ok(Some(refused)),
    };
    let ended = match effect {
        Effect::Shell(key, name, _) => hand_over(routes, &key, &name, keys, signals, has_mouse).await?,
        Effect::Run(name, argv, dir) => Some(program::run(&name, &argv, &dir, has_mouse, keys).await?),
        _ => Some(JobEvent::Failed("nothing to give the terminal to".to_owned())),
    };
    if let (Some(recording), Some(event)) = (recording, &ended) {
        end(recording, event, out.clone());
    }
    Ok(ended)
}

/// Gives the terminal to a shell and takes it back; `None` when we were told to end meanwhile.
async fn hand_over(
    routes: &Routes,
    key: &ContainerKey,
    name: &str,
    keys: &mut Keys,
    signals: &mut Signals,
    has_mouse: bool,
) -> io::Result<Option<JobEvent>> {
    let Some(route) = routes.get(&key.host) else {
        return Ok(Some(JobEvent::Failed(format!("{}: no such host", key.host))));
    };
    terminal::lend();
    // What was typed behind the key that opened the shell was meant for the shell.
    let typed = keys.rest();
    let engine = route.engine();
    let ended = {
        let mut shell = std::pin::pin!(shell::run(&engine, key, typed));
        loop {
            tokio::select! {
                ended = &mut shell => break Some(ended),
                told = signals.next() => if matches!(told, Told::End) { break None },
            }
        }
    };
    terminal::tidy();
    let Some(ended) = ended else {
        terminal::give_back();
        return Ok(None);
    };
    if ended.is_err() {
        // Typed for a shell that never came: as keys of the console it would do who knows what.
        terminal::forget_typed();
    }
    terminal::enter(has_mouse)?;
    Ok(Some(match ended {
        Ok(Ended { status: 126 | 127, has_typed: false }) => {
            JobEvent::Failed(format!("no shell in {name}: its image has no /bin/sh"))
        }
        Ok(Ended { status, .. }) => JobEvent::Done(format!("shell in {name} ended with status {status}")),
        Err(error) => JobEvent::Failed(format!("shell in {name}: {error}")),
    }))
}
