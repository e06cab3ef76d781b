//! HAProxy, 2.6 and later, in a container: one entry of a map holds the split, servers come and go without a reload, and
//! everything is asked through its own socket inside.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout};

use super::shell::{Printed, Shell, ShellError};
use crate::domain::spec::Spec;
use crate::domain::traffic::{Check, Flow, Front, Route, Slot, Split};
use crate::ports::balancer::{Abilities, Balancer, BalancerError, Fence, House};
use crate::ports::engine::{CALL_TIMEOUT, ExecSession};

mod answers;
mod config;
mod scripts;

/// Where its files are, inside.
const DIRECTORY: &str = "/cfg";
/// Where its socket listens, inside, for itself alone.
const SOCKET_PORT: u16 = 9999;
const QUESTION: &str = "show map /cfg/split.map;show stat;show info\n";
/// Its check takes half a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long connections that nobody uses may keep a server from going.
const GOES_WITHIN: Duration = Duration::from_secs(8);
const MAINTENANCE: &str = include_str!("../../../assets/maintenance.html");

/// What its container is made from.
///
/// # Errors
/// The front names no image.
pub fn house(front: &Front, slot: Slot, servers: &[(String, String)]) -> Result<House, String> {
    let port = format!("{}/tcp", front.port);
    let published = front.listen.map(|listen| json!([{ "HostPort": listen.to_string() }]));
    let body = json!({
        "Image": front.image,
        "User": "0",
        "Entrypoint": ["haproxy"],
        "Cmd": ["-W", "-db", "-f", "/cfg/haproxy.cfg"],
        "ExposedPorts": { port.clone(): {} },
        "HostConfig": {
            "PortBindings": published.map_or(json!({}), |published| json!({ port: published })),
            "RestartPolicy": { "Name": "unless-stopped" },
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
        },
    });
    let files = vec![
        ("haproxy.cfg".to_owned(), config::text(front, slot, servers).into_bytes()),
        (
            "split.map".to_owned(),
            format!("green {}\nmaintenance 0\n", Split::all(slot).share(Slot::Green)).into_bytes(),
        ),
        ("maintenance.html".to_owned(), MAINTENANCE.as_bytes().to_vec()),
    ];
    Ok(House { spec: Spec::of_body(body)?, inside: DIRECTORY, files })
}

/// One of them.
pub struct HaProxy {
    /// Its name, for whoever reads an error.
    pub proxy: String,
    /// Where it runs.
    pub shell: Arc<dyn Shell>,
}

impl HaProxy {
    fn unreachable(&self, cause: String) -> BalancerError {
        BalancerError::Unreachable { proxy: self.proxy.clone(), cause }
    }

    /// A question that nobody answered.
    fn unasked(&self, error: ShellError) -> BalancerError {
        match error {
            ShellError::NoPlace => BalancerError::Absent { proxy: self.proxy.clone() },
            ShellError::NotBegun(cause) | ShellError::Lost(cause) => self.unreachable(cause),
        }
    }

    fn rejected(&self, what: &str, text: &str) -> BalancerError {
        let (what, text) = (what.to_owned(), text.trim().to_owned());
        BalancerError::Rejected { proxy: self.proxy.clone(), what, text }
    }

    /// What a script that did not end well means.
    fn failed(&self, what: &str, printed: &Printed) -> BalancerError {
        let (proxy, said) = (self.proxy.clone(), printed.out.trim().to_owned());
        match printed.status {
            scripts::UNMANAGED => BalancerError::Unmanaged {
                proxy,
                missing: format!("{said}; `pilothouse balancer adopt` sets one up"),
            },
            scripts::SILENT => {
                self.unreachable(format!("HAProxy does not answer inside: {}", printed.errors.trim()))
            }
            scripts::INVALID => self.rejected(what, &format!("its new configuration is wrong: {said}")),
            status => self.rejected(what, &format!("status {status}: {said} {}", printed.errors.trim())),
        }
    }

    /// Changes something, in the name of the fence; gives what was printed.
    async fn change(
        &self,
        what: &str,
        script: &str,
        fence: &Fence,
        args: &[&str],
        input: &[u8],
    ) -> Result<String, BalancerError> {
        let proxy = self.proxy.clone();
        if !config::is_word(&fence.by) {
            return Err(self.rejected(what, &format!("`{}` is no name of a deployment", fence.by)));
        }
        let epoch = fence.epoch.to_string();
        let all: Vec<&str> =
            [epoch.as_str(), fence.by.as_str()].into_iter().chain(args.iter().copied()).collect();
        let printed = match self.shell.run(script, &all, input).await {
            Ok(printed) => printed,
            Err(ShellError::Lost(cause)) => {
                return Err(BalancerError::Ambiguous { proxy, what: what.to_owned(), cause });
            }
            Err(error) => return Err(self.unasked(error)),
        };
        let said = printed.out.trim();
        match printed.status {
            0 => Ok(said.to_owned()),
            scripts::FENCED => {
                let theirs = said.parse().unwrap_or(u32::MAX);
                Err(BalancerError::Fenced { proxy, theirs, ours: fence.epoch })
            }
            scripts::CONFLICT => {
                let found = answers::green(said).map_or_else(|text| text, |split| split.to_string());
                Err(BalancerError::Conflict { proxy, expected: String::new(), found })
            }
            _ => Err(self.failed(what, &printed)),
        }
    }

    async fn config(&self) -> Result<String, BalancerError> {
        match self.shell.run(scripts::READ, &[], &[]).await {
            Ok(printed) if printed.status == 0 => Ok(printed.out),
            Ok(printed) => Err(self.failed("read its configuration", &printed)),
            Err(error) => Err(self.unasked(error)),
        }
    }

    /// A server's name and address stand in commands and files: nothing else may be in them.
    fn words(&self, what: &str, words: &[&str]) -> Result<(), BalancerError> {
        let wrong = words.iter().find(|word| !config::is_word(word));
        wrong.map_or(Ok(()), |word| {
            Err(self.rejected(what, &format!("`{word}` cannot stand in a configuration")))
        })
    }

    /// Waits until the balancer's own check of it passed.
    async fn passed(&self, name: &str, within_s: u32) -> Result<(), BalancerError> {
        let end = Instant::now() + Duration::from_secs(within_s.into());
        loop {
            let route = self.observe().await?;
            let why = match route.flow.server(name).map(|server| (server.slot, &server.check)) {
                Some((_, Check::Passed)) => return Ok(()),
                Some((slot, Check::Failed(why))) => (slot, format!("{name}: {why}")),
                None => (Slot::Blue, format!("{name} is not behind it any more")),
            };
            if Instant::now() > end {
                let (proxy, (slot, why)) = (self.proxy.clone(), why);
                return Err(BalancerError::NotHealthy { proxy, slot, why });
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

#[async_trait]
impl Balancer for HaProxy {
    fn abilities(&self) -> Abilities {
        Abilities {
            kind: "HAProxy",
            finest_share: Some(1),
            sticks: true,
            is_hitless: true,
            adds_without_reload: true,
            tells_figures: true,
        }
    }

    async fn observe(&self) -> Result<Route, BalancerError> {
        let printed = match self.shell.run(scripts::OBSERVE, &[], &[]).await {
            Ok(printed) if printed.status == 0 => printed.out,
            Ok(printed) => return Err(self.failed("look at it", &printed)),
            Err(error) => return Err(self.unasked(error)),
        };
        let unmanaged = |missing: String| BalancerError::Unmanaged { proxy: self.proxy.clone(), missing };
        let told = |key: &str| printed.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        let kept = told("=kept green ")
            .ok_or_else(|| unmanaged("/cfg/split.map has no entry `green`".to_owned()))?;
        let kept = answers::green(kept).map_err(unmanaged)?;
        let mut last = told("=epoch").unwrap_or_default().split(' ');
        let epoch = last.next().and_then(|text| text.parse().ok()).unwrap_or(0);
        let by = last.next().unwrap_or_default().to_owned();
        let flow = answers::flow(&printed).map_err(unmanaged)?;
        Ok(Route { flow, kept, epoch, by })
    }

    async fn watch(
        &self,
        every: Duration,
    ) -> Result<BoxStream<'static, Result<Flow, BalancerError>>, BalancerError> {
        let port = SOCKET_PORT.to_string();
        let opened = self.shell.open(&["nc", "127.0.0.1", &port]).await;
        let mut session = opened.map_err(|error| self.unasked(error))?;
        let (proxy, asked) = (self.proxy.clone(), session.input.write_all(b"prompt\n").await);
        asked.map_err(|error| self.unreachable(error.to_string()))?;
        let watching = Watching { session, held: BytesMut::new(), proxy, every, is_first: true };
        Ok(stream::try_unfold(watching, |mut watching| async {
            let flow = watching.next().await?;
            Ok(Some((flow, watching)))
        })
        .boxed())
    }

    async fn set_split(&self, want: Split, from: &[Split], fence: &Fence) -> Result<Route, BalancerError> {
        let what = format!("share traffic {want}");
        let before = self.observe().await?;
        for slot in Slot::BOTH.into_iter().filter(|slot| want.share(*slot) > before.flow.split.share(*slot)) {
            if !before.flow.is_able(slot) {
                let of_slot = before.flow.servers.iter().filter(|server| server.slot == slot);
                let told: Vec<String> =
                    of_slot.map(|server| format!("{}: {:?}", server.name, server.check)).collect();
                let why = if told.is_empty() { "it has none".to_owned() } else { told.join(", ") };
                return Err(BalancerError::NotHealthy { proxy: self.proxy.clone(), slot, why });
            }
        }
        let share = |split: &Split| split.share(Slot::Green).to_string();
        let args: Vec<String> = std::iter::once(&want).chain(from).map(share).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let said =
            self.change(&what, scripts::SPLIT, fence, &args, &[]).await.map_err(|error| match error {
                BalancerError::Conflict { proxy, found, .. } => {
                    let expected: Vec<String> = from.iter().map(Split::to_string).collect();
                    BalancerError::Conflict { proxy, expected: expected.join(" or "), found }
                }
                other => other,
            })?;
        if !said.is_empty() {
            return Err(self.rejected(&what, &said));
        }
        let after = self.observe().await?;
        if after.flow.split != want || after.kept != want {
            let (proxy, running, kept) =
                (self.proxy.clone(), after.flow.split.to_string(), after.kept.to_string());
            return Err(BalancerError::Diverged { proxy, running, kept });
        }
        Ok(after)
    }

    async fn add(
        &self,
        slot: Slot,
        name: &str,
        address: &str,
        within_s: u32,
        fence: &Fence,
    ) -> Result<(), BalancerError> {
        let what = format!("put {name} into {slot}");
        self.words(&what, &[name, address])?;
        let known = self.observe().await?;
        let there = known.flow.server(name);
        let is_same = there.is_some_and(|server| server.slot == slot && server.address == address);
        if let Some(other) = there.filter(|_| !is_same) {
            self.remove(other.slot, name, 0, fence).await?;
        }
        let server = format!("{slot}/{name}");
        if !is_same {
            let options = format!("{address} {}", config::SERVER);
            let said = self.change(&what, scripts::ADD, fence, &[&server, &options], &[]).await?;
            // "New server registered." is all it says where it went well.
            if !said.lines().all(|line| line.trim().is_empty() || line.contains("registered")) {
                return Err(self.rejected(&what, &said));
            }
        }
        self.passed(name, within_s).await?;
        let text = self.config().await?;
        let Some(text) = config::with_server(&text, slot, name, address) else {
            let missing = format!("its configuration has no `backend {slot}`");
            return Err(BalancerError::Unmanaged { proxy: self.proxy.clone(), missing });
        };
        let said = self.change(&what, scripts::JOIN, fence, &[&server], text.as_bytes()).await?;
        let is_in = self.observe().await?.flow.server(name).is_some_and(|server| server.is_in);
        if said.is_empty() && is_in { Ok(()) } else { Err(self.rejected(&what, &said)) }
    }

    async fn remove(
        &self,
        slot: Slot,
        name: &str,
        within_s: u32,
        fence: &Fence,
    ) -> Result<u32, BalancerError> {
        let what = format!("take {name} out of {slot}");
        self.words(&what, &[name])?;
        let server = format!("{slot}/{name}");
        let in_flight = |flow: &Flow| {
            let there = flow.servers.iter().find(|server| server.slot == slot && server.name == name);
            there.map(|server| server.in_flight)
        };
        let flow = self.observe().await?.flow;
        let others = flow.servers.iter().any(|s| s.slot == slot && s.name != name && s.is_in);
        let is_last = flow.servers.iter().any(|s| s.slot == slot && s.name == name && s.is_in) && !others;
        if is_last && flow.split.share(slot) > 0 {
            let text = format!("it is the last one there, and {slot} gets traffic");
            return Err(self.rejected(&what, &text));
        }
        let text = config::without_server(&self.config().await?, slot, name);
        self.change(&what, scripts::LEAVE, fence, &[&server], text.as_bytes()).await?;
        let Some(mut left) = in_flight(&flow) else { return Ok(0) };
        let end = Instant::now() + Duration::from_secs(within_s.into());
        while left > 0 && Instant::now() < end {
            sleep(LOOK_EVERY).await;
            left = in_flight(&self.observe().await?.flow).unwrap_or(0);
        }
        let end = Instant::now() + GOES_WITHIN;
        loop {
            let said = self.change(&what, scripts::REMOVE, fence, &[&server], &[]).await?;
            if in_flight(&self.observe().await?.flow).is_none() {
                return Ok(left);
            }
            if Instant::now() > end {
                return Err(self.rejected(&what, &said));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn set_maintenance(&self, is_on: bool, fence: &Fence) -> Result<(), BalancerError> {
        let what = if is_on { "show the maintenance page" } else { "show no maintenance page" };
        let on = if is_on { "1" } else { "0" };
        let said = self.change(what, scripts::MAINTENANCE, fence, &[on], &[]).await?;
        if !said.is_empty() {
            return Err(self.rejected(what, &said));
        }
        let is_so = self.observe().await?.flow.is_in_maintenance == is_on;
        if is_so { Ok(()) } else { Err(self.rejected(what, "it was asked, and does not")) }
    }
}

/// A connection to its socket that stays.
struct Watching {
    session: ExecSession,
    held: BytesMut,
    proxy: String,
    every: Duration,
    is_first: bool,
}

impl Watching {
    async fn next(&mut self) -> Result<Flow, BalancerError> {
        if !self.is_first {
            sleep(self.every).await;
        }
        self.is_first = false;
        let unreachable = |cause: String| BalancerError::Unreachable { proxy: self.proxy.clone(), cause };
        self.session
            .input
            .write_all(QUESTION.as_bytes())
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        loop {
            // Its prompt ends an answer; the last line of ours tells that it is the whole one.
            let text = String::from_utf8_lossy(&self.held).into_owned();
            if text.contains("Uptime_sec: ") && text.ends_with("\n> ") {
                self.held.clear();
                return answers::flow(&text).map_err(unreachable);
            }
            match timeout(CALL_TIMEOUT, self.session.output.next()).await {
                Ok(Some(Ok((_, bytes)))) => self.held.extend_from_slice(&bytes),
                Ok(Some(Err(error))) => return Err(unreachable(error.to_string())),
                Ok(None) => return Err(unreachable("it closed its socket".to_owned())),
                Err(_) => return Err(unreachable("no answer in time".to_owned())),
            }
        }
    }
}
