//! What breaks between us and a host: it is noticed, the others go on, it comes back by itself and nothing is lost.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pilothouse::adapters::docker::DockerEngine;
use pilothouse::adapters::ssh::host::SshHost;
use pilothouse::domain::ids::{ContainerId, ContainerKey, HostId};
use pilothouse::jobs::route::{Route, Way};
use pilothouse::jobs::tail::{self, Followed};
use pilothouse::logs::line::SourceId;
use pilothouse::msg::{LogFact, Msg};
use pilothouse::ports::pace::Pace;
use pilothouse::sub::Generation;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::{Fleet, SHOP, SOON};
use crate::engine::Project;
use crate::ssh::{connector, to};

/// A black hole is found within 15 s; the rest is for a machine that is busy.
const NOTICED: Duration = Duration::from_secs(20);
const COUNTING: &str = "i=0; while true; do echo $i; i=$((i+1)); sleep 0.05; done";

#[test]
fn a_black_hole_is_noticed_and_comes_back_by_itself() {
    let Some(fleet) = Fleet::open() else { return };
    let terminal = fleet.console(SHOP);
    let is_dim = |name: &str| {
        let (column, row) = terminal.find(name).unwrap_or_else(|| panic!("{name}: {}", terminal.picture()));
        terminal.style_at(column, row)
    };
    let api = |number: u8| format!("{SHOP}-api-{number}");
    terminal.until(&format!(r"{} +web2 .*ok \d+ms", api(2)), SOON);
    terminal.until("web2 +up load", SOON);
    let before = is_dim(&api(2));
    fleet.break_host("web2", "cut");
    // As old as its last word, not as the moment at which that was noticed.
    terminal.until("web2 +stale (1[0-9]|[2-9][0-9])s", NOTICED);
    terminal.until(r"next try in \d+s", SOON);
    // Nothing came back from its containers, good or bad.
    assert!(!terminal.picture().contains("unhealthy"), "{}", terminal.picture());
    // What was known of it stays, and is not taken for new; the other host's row is as before.
    assert_ne!(is_dim(&api(2)), before, "{}", terminal.picture());
    assert_ne!(is_dim(&api(2)), is_dim(&api(1)), "{}", terminal.picture());
    terminal.until(&format!(r"{} +web1 .*ok \d+ms", api(1)), SOON);
    terminal.until("web1 +up load", SOON);
    fleet.break_host("web2", "ok");
    terminal.until("web2 +up load", SOON);
    terminal.until("answers *(│.*\n.*│)? *again", SOON);
    terminal.keys("q");
    assert_eq!(terminal.wait_exit(SOON), 0);
}

fn followed(fleet: &Fleet, host: &str, source: u16, project: &Project) -> Followed {
    let name = project.run("count", &[], COUNTING);
    let id = project.docker(&["inspect", "--format", "{{.Id}}", &name]);
    let ssh = Arc::new(SshHost::new(to(host), None, connector(fleet.ssh_config())));
    let engine = Arc::new(DockerEngine::over_ssh(HostId::new(host), Arc::clone(&ssh)));
    let way = Way { source: "test".to_owned(), engine, mend: Box::new(|_| String::new()) };
    let route = Arc::new(Route::new(way, Vec::new()).paced_by(ssh as Arc<dyn Pace>));
    let key = ContainerKey { host: HostId::new(host), id: ContainerId::new(&*id) };
    Followed { source: SourceId(source), key, route }
}

#[tokio::test]
async fn the_logs_of_two_hosts_go_on_over_a_cut_of_one_with_every_line_once() {
    let Some(fleet) = Fleet::open() else { return };
    let hosts = ["web1", "web2"];
    let projects = hosts.map(|host| Project::at(&fleet.engine(host)));
    let list = [0, 1].map(|n| followed(&fleet, hosts[n], n as u16, &projects[n])).to_vec();
    let (_list, wanted) = watch::channel(list);
    let (out, mut news) = mpsc::channel(64);
    let following = tokio::spawn(tail::tail(Generation(1), 10_000, wanted, out));
    // By source: the next line, and how far it was when the host went and when it was back.
    let (mut next, mut cut, mut back) = ([0_u64; 2], None, None);
    let begun = Instant::now();
    while back.is_none_or(|back: [u64; 2]| next[1] < back[1] + 20) {
        assert!(begun.elapsed() < Duration::from_secs(80), "{next:?} {cut:?} {back:?}");
        match timeout(SOON, news.recv()).await.expect("the logs stand still") {
            Some(Msg::Log(_, LogFact::Lines(batch))) => {
                for line in batch.iter() {
                    let text = String::from_utf8_lossy(line.bytes);
                    let next = &mut next[usize::from(line.source.0)];
                    assert_eq!(
                        text,
                        next.to_string(),
                        "of {}, cut at {cut:?}",
                        hosts[usize::from(line.source.0)]
                    );
                    *next += 1;
                }
            }
            Some(Msg::Log(_, LogFact::Cut(key, _))) => {
                assert_eq!(key.host.as_str(), "web2");
                // The other one went on meanwhile: 15 s are some 300 lines.
                let went_on = cut.map(|cut: [u64; 2]| next[0] - cut[0]);
                assert!(went_on.is_some_and(|lines| lines > 50), "{next:?} {cut:?}");
                fleet.break_host("web2", "ok");
            }
            Some(Msg::Log(_, LogFact::Back(_))) => back = Some(next),
            _ => {}
        }
        if cut.is_none() && next.iter().all(|next| *next >= 25) {
            fleet.break_host("web2", "cut");
            cut = Some(next);
        }
    }
    following.abort();
}

#[test]
fn a_log_that_is_followed_on_the_command_line_goes_on_after_the_link_was_lost() {
    let Some(fleet) = Fleet::open() else { return };
    let project = Project::at(&fleet.engine("web2"));
    let name = project.run("count", &[], COUNTING);
    let home = tempfile::tempdir().unwrap();
    let mut command = fleet.command(home.path(), &project.name, &["logs", "--follow", &name]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut read = |from: u64, until: u64| {
        for number in from..until {
            assert_eq!(lines.next().as_deref(), Some(&*number.to_string()));
        }
    };
    read(0, 25);
    fleet.break_host("web2", "refuse");
    let lost = said.find(|line| !line.starts_with(' ')).unwrap();
    assert!(lost.contains("lost web2: ") && lost.ends_with("trying again"), "{lost}");
    fleet.break_host("web2", "ok");
    let back = said.next().unwrap();
    assert!(back.contains("web2 is back; its logs go on where they were"), "{back}");
    // Those of the time without a link, and new ones.
    read(25, 120);
    child.kill().unwrap();
    child.wait().unwrap();
}
