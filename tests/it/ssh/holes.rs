//! Ports behind the host that swallow packets: whoever asks for one waits for it, nobody else does.

use std::sync::Arc;
use std::time::Duration;

use pilothouse::adapters::ssh::connect::{Connected, Connector};
use pilothouse::adapters::ssh::driver::Patience;
use pilothouse::adapters::ssh::link::{Door, Link, Opened};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{connector, to};
use crate::sshd::Sshd;

/// Longer than anything may take beside a hole; a host gives a hole up after two minutes.
const SOON: Duration = Duration::from_secs(2);

/// A port whose queue is full: the kernel drops what asks for it, and asks again after 1, 3, 7 … s.
struct Hole {
    listener: TcpListener,
    port: u16,
    _fill: Vec<TcpStream>,
}

impl Hole {
    async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let port = listener.local_addr().unwrap().port();
        let fill = vec![TcpStream::connect(("127.0.0.1", port)).await.unwrap()];
        Self { listener, port, _fill: fill }
    }

    fn door(&self) -> Door {
        Door::Tcp("127.0.0.1".to_owned(), self.port)
    }

    /// Takes the one that filled the queue; what comes again is let in.
    async fn open(&self) {
        drop(timeout(SOON, self.listener.accept()).await.unwrap());
    }
}

async fn link(sshd: &Sshd, patience: Patience) -> Arc<Link> {
    let connector = Connector { patience, ..connector(sshd.config("web1", "")) };
    let Connected { link, .. } = connector.connect(&to("web1")).await.unwrap();
    Arc::new(link)
}

fn ask(link: &Arc<Link>, door: Door) -> JoinHandle<std::io::Result<Opened>> {
    let link = Arc::clone(link);
    tokio::spawn(async move { link.open(door).await })
}

/// Asks for the hole; the host tries to reach it when this returns.
async fn reach(link: &Arc<Link>, hole: &Hole) -> JoinHandle<std::io::Result<Opened>> {
    let asking = ask(link, hole.door());
    // /proc/net/tcp: the address there, in hexadecimal, and the state SYN_SENT.
    let tried = format!(" 0100007F:{:04X} 02 ", hole.port);
    let is_tried = async {
        while !std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&tried) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, is_tried).await.expect("the host does not try it");
    asking
}

async fn all_of(mut stream: impl AsyncRead + Unpin) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn a_port_that_swallows_packets_holds_up_nobody_else() {
    let (sshd, hole) = (Sshd::start(), Hole::new().await);
    let link = link(&sshd, Patience::default()).await;
    let asking = reach(&link, &hole).await;
    for _ in 0..3 {
        let others = link.open(Door::Exec("echo there".to_owned(), None));
        let opened = timeout(SOON, others).await.expect("it waits for the hole").unwrap();
        assert_eq!(all_of(opened.stream).await, "there\n");
    }
    assert!(!asking.is_finished());
}

#[tokio::test]
async fn many_ports_that_swallow_packets_hold_up_each_other_only_shortly() {
    let sshd = Sshd::start();
    let link = link(&sshd, Patience::default()).await;
    let mut holes = Vec::new();
    for _ in 0..5 {
        let hole = Hole::new().await;
        holes.push((reach(&link, &hole).await, hole));
    }
    let answering = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let door = Door::Tcp("127.0.0.1".to_owned(), answering.local_addr().unwrap().port());
    timeout(SOON, link.open(door)).await.expect("it waits for the holes").unwrap();
}

#[tokio::test]
async fn a_host_that_is_asked_for_a_hole_is_not_taken_for_gone() {
    let (sshd, hole) = (Sshd::start(), Hole::new().await);
    let patience =
        Patience { ask_after: Duration::from_millis(200), gone_after: Duration::from_millis(1200) };
    let link = link(&sshd, patience).await;
    let _asking = reach(&link, &hole).await;
    let gone = timeout(Duration::from_secs(4), link.ended()).await;
    assert!(gone.is_err(), "{}", link.why_ended());
}

#[tokio::test]
async fn a_port_that_answers_late_is_reached_by_whoever_still_waits() {
    let (sshd, hole) = (Sshd::start(), Hole::new().await);
    let link = link(&sshd, Patience::default()).await;
    let first = reach(&link, &hole).await;
    link.round_trip().await.unwrap();
    let second = ask(&link, hole.door());
    link.round_trip().await.unwrap();
    hole.open().await;
    let _serving = tokio::spawn(async move {
        loop {
            let mut client = hole.listener.accept().await.unwrap().0;
            tokio::spawn(async move {
                let text = all_of(&mut client).await;
                client.write_all(text.to_uppercase().as_bytes()).await.unwrap();
            });
        }
    });
    let asking = async {
        for asking in [first, second] {
            let mut stream = asking.await.unwrap().unwrap().stream;
            stream.write_all(b"hello").await.unwrap();
            stream.shutdown().await.unwrap();
            assert_eq!(all_of(stream).await, "HELLO");
        }
    };
    timeout(Duration::from_secs(20), asking).await.expect("never reached");
}

#[tokio::test]
async fn ports_are_given_up_while_keys_change_and_nothing_is_lost() {
    let sshd = Sshd::start_with("RekeyLimit 64K");
    let link = link(&sshd, Patience::default()).await;
    let flood = link.open(Door::Exec("seq 100000000".to_owned(), None)).await.unwrap();
    let mut lines = BufReader::new(flood.stream).lines();
    let reading = async {
        for number in 1_u64.. {
            let line = lines.next_line().await.unwrap().expect("the flood ended");
            assert_eq!(line, number.to_string());
        }
    };
    let asking = async {
        let mut holes = Vec::new();
        for _ in 0..8 {
            let hole = Hole::new().await;
            holes.push((ask(&link, hole.door()), hole));
            link.round_trip().await.unwrap();
        }
        assert!(holes.iter().all(|(asking, _)| !asking.is_finished()));
    };
    tokio::select! {
        () = reading => {}
        () = asking => {}
    }
}

#[tokio::test]
async fn a_port_that_refuses_late_is_refused() {
    let (sshd, hole) = (Sshd::start(), Hole::new().await);
    let link = link(&sshd, Patience::default()).await;
    let asking = reach(&link, &hole).await;
    link.round_trip().await.unwrap();
    drop(hole);
    let answer = timeout(Duration::from_secs(20), asking).await.expect("never refused").unwrap();
    assert_eq!(answer.err().unwrap().to_string(), "the host could not connect to it");
    link.round_trip().await.unwrap();
}
