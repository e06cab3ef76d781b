//! The same sentences where the engine is far: over TLS, and over SSH. Those of all that streams; a question with one
//! answer is the same on every way. A container costs much more than a way to it, so they share one engine and one
//! connection, several at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use pilothouse::adapters::docker::DockerEngine;
use pilothouse::adapters::ssh::host::SshHost;
use pilothouse::domain::ids::HostId;
use pilothouse::ports::engine::Engine;

use super::{Stage, events, exec, logs, usage};
use crate::engine::{self, SOCKET};
use crate::ssh::{connector, to};
use crate::sshd::Sshd;
use crate::tls::Guarded;

/// Sentences at once: most of the time each waits for a container.
const AT_ONCE: usize = 8;

/// Plays them on this engine, and names those that do not hold.
fn they_hold(engine: &Arc<dyn Engine>, address: &str) {
    let streaming = [events::FAR, exec::FAR, logs::FAR, usage::FAR];
    let left = Mutex::new(streaming.concat());
    let broken = Mutex::new(Vec::new());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let next = || left.lock().unwrap().pop();
    std::thread::scope(|threads| {
        for _ in 0..AT_ONCE {
            threads.spawn(|| {
                while let Some((name, sentence)) = next() {
                    let play = || runtime.block_on(sentence(&Stage::by(Arc::clone(engine), address)));
                    if catch_unwind(AssertUnwindSafe(play)).is_err() {
                        broken.lock().unwrap().push(name);
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn the_contract_holds_over_tls() {
    let Some(guarded) = Guarded::start() else { return };
    they_hold(&(Arc::new(guarded.ours()) as Arc<dyn Engine>), &guarded.engine.address());
}

#[test]
fn the_contract_holds_over_ssh() {
    if !engine::is_there() {
        return;
    }
    let sshd = Sshd::start();
    let host = SshHost::new(to("web1"), None, connector(sshd.config("web1", "")));
    let engine = DockerEngine::over_ssh(HostId::new("h"), Arc::new(host));
    they_hold(&(Arc::new(engine) as Arc<dyn Engine>), &format!("unix://{SOCKET}"));
}
