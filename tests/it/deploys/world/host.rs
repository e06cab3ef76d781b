//! One host of the world, as the ports see it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use pilothouse::domain::act::ContainerAct;
use pilothouse::domain::container::{Container, Detail, Health, Port, State};
use pilothouse::domain::ids::{ContainerId, ContainerKey, EnvironmentId, HostId, ImageId, ServiceId};
use pilothouse::domain::image::Image;
use pilothouse::domain::registry::{Login, Pull, Resolved};
use pilothouse::domain::spec::{Endpoint, RestartPolicy, Spec};
use pilothouse::ports::engine::EngineError;
use pilothouse::ports::ledger::{File, Kept, LedgerFiles};
use pilothouse::ports::lifecycle::{By, Lifecycle};
use pilothouse::ports::lock::{Claim, Lock, Locks, Sign, Taken, Watched};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::{Fault, Host, Inside, Made};

/// The one registry.
pub const REGISTRY: &str = "r.io/";
/// What a call takes.
const CALL: Duration = Duration::from_millis(3);
/// What a container takes to end, where that is long.
const STOPPING: Duration = Duration::from_secs(8);

fn lost(host: &str) -> EngineError {
    let (address, cause) = (host.to_owned(), "connection reset".to_owned());
    EngineError::Unreachable { address, cause, mend: None }
}

fn refused(what: &str, status: u16, message: &str) -> EngineError {
    EngineError::Refused { what: what.to_owned(), status, message: message.to_owned() }
}

impl Host {
    /// One call: it takes its time, and whatever the schedule has for it happens.
    async fn call<T>(
        &self,
        what: &str,
        effect: impl FnOnce(&mut Inside, &str) -> Result<T, EngineError> + Send,
    ) -> Result<T, EngineError> {
        sleep(CALL).await;
        let (fault, answer) = {
            let inside = &mut *self.world.inside();
            let fault = inside.faults.get(&inside.calls).copied();
            inside.calls += 1;
            if fault == Some(Fault::Pruned) {
                inside.locks.clear();
            }
            match fault {
                Some(Fault::KilledBefore) => (fault, Err(lost(self.name))),
                Some(Fault::Fails) => return Err(lost(self.name)),
                Some(Fault::Refused) => return Err(refused(what, 500, "no space left on device")),
                _ => {
                    let served = inside.made.values().any(Made::serves);
                    let answer = effect(inside, self.name);
                    inside.check(served, what);
                    (fault, answer)
                }
            }
        };
        match fault {
            Some(Fault::IsSeen) => {
                self.world.seen.notify_one();
                answer
            }
            Some(Fault::KilledBefore | Fault::KilledAfter) => {
                self.world.killed.notify_one();
                std::future::pending().await
            }
            Some(Fault::AnswerLost) => Err(lost(self.name)),
            Some(Fault::Sleeps) => {
                self.world.asleep.notify_one();
                sleep(Duration::from_secs(600)).await;
                answer
            }
            _ => answer,
        }
    }

    async fn change(
        &self,
        what: &str,
        id: &ContainerId,
        change: impl FnOnce(&mut Made) -> Result<(), EngineError> + Send,
    ) -> Result<(), EngineError> {
        let id = id.as_str().to_owned();
        self.call(what, move |inside, host| {
            let made =
                inside.made.get_mut(&(host.to_owned(), id)).ok_or_else(|| refused("act", 404, "gone"))?;
            if inside.faults.get(&(inside.calls - 1)) == Some(&Fault::Lies) {
                return Ok(());
            }
            inside.changes += 1;
            change(made)
        })
        .await
    }
}

#[async_trait]
impl LedgerFiles for Host {
    async fn ledger_files(&self, below: &str) -> Result<Kept, EngineError> {
        self.call("read the ledger", |inside, host| {
            let is_below = |path: &str| {
                path == below || path.strip_prefix(below).is_some_and(|rest| rest.starts_with('/'))
            };
            let files = inside.files.entry(host.to_owned()).or_default().iter();
            let files = files.filter(|(path, _)| is_below(path));
            let file = |(path, bytes): (&String, &Vec<u8>)| File { path: path.clone(), bytes: bytes.clone() };
            Ok(Kept::Files(files.map(file).collect()))
        })
        .await
    }

    async fn ledger_reopen(&self) -> Result<bool, EngineError> {
        Ok(true)
    }

    async fn ledger_write(&self, files: &[File]) -> Result<(), EngineError> {
        self.call("write the ledger", |inside, host| {
            let shelf = inside.files.entry(host.to_owned()).or_default();
            shelf.extend(files.iter().map(|file| (file.path.clone(), file.bytes.clone())));
            inside.written.send_replace(());
            Ok(())
        })
        .await
    }

    async fn ledger_written(&self) -> Result<BoxStream<'static, ()>, EngineError> {
        let written = self.world.inside().written.subscribe();
        let next = |mut written: watch::Receiver<()>| async {
            written.changed().await.ok()?;
            Some(((), written))
        };
        Ok(stream::unfold(written, next).boxed())
    }
}

#[async_trait]
impl Locks for Host {
    async fn lock_take(&self, claim: &Claim) -> Result<Taken, EngineError> {
        self.call("take the lock", |inside, host| {
            if let Some(lock) = inside.locks.get(host) {
                return Ok(Taken::Held(lock.clone()));
            }
            inside.born += 1;
            let id = ContainerId::new(format!("{:064x}", inside.born));
            let lock = Lock { id, claim: Some(claim.clone()) };
            inside.locks.insert(host.to_owned(), lock.clone());
            inside.signs.remove(host);
            Ok(Taken::Ours(lock))
        })
        .await
    }

    async fn lock_seen(&self, _: &EnvironmentId) -> Result<Option<Lock>, EngineError> {
        self.call("look at the lock", |inside, host| Ok(inside.locks.get(host).cloned())).await
    }

    async fn lock_sign(&self, lock: &Lock, sign: &Sign) -> Result<(), EngineError> {
        self.call("leave a sign", |inside, host| {
            if inside.locks.get(host).is_none_or(|there| there.id != lock.id) {
                return Err(refused("leave a sign", 404, "gone"));
            }
            inside.signs.insert(host.to_owned(), sign.clone());
            Ok(())
        })
        .await
    }

    async fn lock_watched(&self, _: &EnvironmentId) -> Result<Option<Watched>, EngineError> {
        self.call("look at the sign", |inside, host| {
            let sign = inside.signs.get(host).cloned();
            let watched = |lock: &Lock| Watched { lock: lock.clone(), made: None, sign };
            Ok(inside.locks.get(host).map(watched))
        })
        .await
    }

    async fn lock_drop(&self, lock: &Lock) -> Result<(), EngineError> {
        self.call("drop the lock", |inside, host| {
            if inside.locks.get(host).is_some_and(|there| there.id == lock.id) {
                inside.locks.remove(host);
            }
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Lifecycle for Host {
    async fn containers(&self) -> Result<Vec<Container>, EngineError> {
        self.call("list", |inside, host| {
            let here = inside.made.iter().filter(|((on, _), _)| on == host);
            Ok(here.map(|((_, id), made)| container(host, id, made)).collect())
        })
        .await
    }

    async fn container(&self, by: By<'_>) -> Result<Option<Container>, EngineError> {
        Ok(self.containers().await?.into_iter().find(|container| by.is(container)))
    }

    async fn detail(&self, id: &ContainerId) -> Result<Detail, EngineError> {
        let _ = id;
        self.call("inspect", |_, _| Ok(Detail::default())).await
    }

    async fn act(&self, id: &ContainerId, act: ContainerAct) -> Result<(), EngineError> {
        if act == ContainerAct::Stop && self.world.inside().is_late() {
            let (world, key) = (Arc::clone(&self.world), (self.name.to_owned(), id.as_str().to_owned()));
            tokio::spawn(async move {
                sleep(STOPPING).await;
                world.inside().stop(&key);
            });
            self.world.killed.notify_one();
            return std::future::pending().await;
        }
        self.change(act.verb(), id, |made| {
            match act {
                ContainerAct::Start if made.is_errand() && made.state != State::Created => {
                    panic!("{} is run twice", made.name);
                }
                ContainerAct::Start if !made.state.is_up() => {
                    (made.state, made.since) = (State::Running, Instant::now());
                }
                ContainerAct::Stop => made.state = State::Exited(Some(0)),
                _ => {}
            }
            Ok(())
        })
        .await
    }

    async fn spec(&self, id: &ContainerId) -> Result<Spec, EngineError> {
        let key = (self.name.to_owned(), id.as_str().to_owned());
        self.call("inspect", move |inside, _| {
            let made = inside.made.get(&key).ok_or_else(|| refused("inspect", 404, "gone"))?;
            Ok(spec(made))
        })
        .await
    }

    async fn create(&self, name: &str, spec: &Spec) -> Result<ContainerId, EngineError> {
        self.call("create", |inside, host| {
            if inside.made.iter().any(|((on, _), made)| on == host && made.name == name) {
                return Err(refused("create", 409, "the name is in use"));
            }
            inside.born += 1;
            inside.changes += 1;
            let id = format!("{:064x}", inside.born);
            let made = Made {
                name: name.to_owned(),
                image: spec.image().to_owned(),
                labels: spec.labels(),
                state: State::Created,
                since: Instant::now(),
                restart: spec.restart().name,
                is_found: spec.networks().iter().any(|e| !e.aliases.is_empty()),
                is_sick: false,
                born: inside.born,
            };
            inside.made.insert((host.to_owned(), id.clone()), made);
            Ok(ContainerId::new(id))
        })
        .await
    }

    async fn discard(&self, id: &ContainerId) -> Result<(), EngineError> {
        let id = id.as_str().to_owned();
        self.call("discard", move |inside, host| {
            let key = (host.to_owned(), id);
            if inside.made.get(&key).is_some_and(|made| made.state().is_up()) {
                inside.wrongs.push("something that runs was to be removed".to_owned());
                return Err(refused("discard", 409, "it runs"));
            }
            inside.changes += u64::from(inside.made.remove(&key).is_some());
            Ok(())
        })
        .await
    }

    async fn set_restart(&self, id: &ContainerId, policy: &RestartPolicy) -> Result<(), EngineError> {
        self.change("set the restart policy", id, |made| {
            made.restart.clone_from(&policy.name);
            Ok(())
        })
        .await
    }

    async fn rejoin(&self, id: &ContainerId, endpoints: &[Endpoint]) -> Result<(), EngineError> {
        self.change("join", id, |made| {
            made.is_found = endpoints.iter().any(|e| !e.aliases.is_empty());
            Ok(())
        })
        .await
    }

    async fn image(&self, reference: &str) -> Result<Option<Image>, EngineError> {
        let reference = reference.to_owned();
        self.call("look at an image", |inside, host| {
            let id = image_id(&reference);
            let is_there =
                !reference.contains(REGISTRY) || inside.pulled.contains(&(host.to_owned(), reference));
            Ok(is_there.then(|| image(id)))
        })
        .await
    }

    async fn resolve(&self, reference: &str, _: Option<&Login>) -> Result<Resolved, EngineError> {
        assert!(reference.starts_with(REGISTRY), "{reference} is in no registry of this world");
        let (digest, platforms) = (format!("sha256:{:064x}", 3), vec!["linux/amd64".to_owned()]);
        self.call("resolve", |_, _| Ok(Resolved { digest, platforms })).await
    }

    async fn pull(
        &self,
        reference: &str,
        _: Option<&Login>,
    ) -> Result<BoxStream<'static, Result<Pull, EngineError>>, EngineError> {
        let reference = reference.to_owned();
        self.call("pull", |inside, host| {
            if inside.faults.get(&(inside.calls - 1)) != Some(&Fault::Lies) {
                inside.changes += 1;
                inside.pulled.insert((host.to_owned(), reference));
            }
            Ok(stream::empty().boxed())
        })
        .await
    }
}

fn image(id: ImageId) -> Image {
    let architecture = "amd64".to_owned();
    let os = "linux".to_owned();
    let (digests, tags, exposed) = (Vec::new(), Vec::new(), Vec::new());
    Image { id, digests, tags, architecture, os, exposed, labels: BTreeMap::new(), bytes: 0 }
}

/// The image is called as it is.
fn image_id(reference: &str) -> ImageId {
    ImageId::new(format!("sha256:{}", reference.trim_start_matches("sha256:")))
}

fn spec(made: &Made) -> Spec {
    let aliases = if made.is_found { json!(["web"]) } else { json!([]) };
    let body = json!({
        "Image": made.image,
        "Labels": made.labels,
        "ExposedPorts": { "8080/tcp": {} },
        "HostConfig": { "NetworkMode": "shop", "RestartPolicy": { "Name": made.restart } },
        "NetworkingConfig": { "EndpointsConfig": { "shop": { "Aliases": aliases } } },
    });
    Spec::of_body(body).unwrap()
}

fn container(host: &str, id: &str, made: &Made) -> Container {
    let health = match &made.state() {
        State::Running if made.is_ready() => Health::Healthy,
        State::Running => Health::Starting,
        _ => Health::None,
    };
    let port = Port { inside: 8080, protocol: "tcp".into(), published: None };
    Container {
        key: ContainerKey { host: HostId::new(host), id: ContainerId::new(id) },
        name: made.name.clone().into(),
        service: ServiceId::new("web"),
        project: None,
        image: made.image.clone().into(),
        image_id: image_id(&made.image),
        state: made.state(),
        health,
        ports: vec![port],
        created: chrono::DateTime::from_timestamp(made.born as i64, 0).unwrap(),
        labels: made.labels.clone(),
        detail: None,
    }
}
