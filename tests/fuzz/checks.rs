//! What must hold for any bytes at all; run by the fuzz targets and, over the kept corpus, by the ordinary tests.
//!
//! Never looks at what the bytes mean.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pilothouse::action::{ACTIONS, Action};
use pilothouse::adapters::ssh::command::{MARK, Noise};
use pilothouse::adapters::ssh::destination::Destination;
use pilothouse::adapters::ssh::known_hosts::{KnownHosts, Verdict, name_of};
use pilothouse::adapters::ssh::settings::{Local, Settings};
use pilothouse::config::inventory::{Shelf, Source, Wanted, read};
use pilothouse::config::keymap::{Chords, Keymap, Lookup, contexts};
use pilothouse::config::load::{Known, Layer, LayerKind, load};
use pilothouse::config::problem::{Place, Problems};
use pilothouse::config::schema::Binding;
use pilothouse::config::trust::TrustList;
use pilothouse::logs::frames::{Demux, Form};
use pilothouse::logs::line::{Batch, SourceId};
use pilothouse::logs::{ansi, decode};

fn assert_harmless(text: &str) {
    let is_harmless = |c: char| {
        let is_bidi =
            matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        !c.is_control() && !is_bidi && !matches!(c, '\u{200b}' | '\u{feff}')
    };
    assert!(text.chars().all(is_harmless), "would reach the terminal: {text:?}");
}

/// Cleaned text holds no control, and the plain form shows the same text as the coloured one.
pub fn ansi(data: &[u8]) {
    let text: String = ansi::clean(data).iter().map(|span| span.text.as_ref()).collect();
    assert_harmless(&text);
    assert_eq!(text, ansi::shown(data));
}

/// Whatever a line is taken for, nothing panics and every part of it is harmless.
pub fn json_logfmt(data: &[u8]) {
    decode::level(data);
    let decoded = decode::decode(data, &decode::Keys::default());
    assert_harmless(&decoded.message);
    assert_harmless(decoded.time.as_deref().unwrap_or_default());
    for (key, value) in &decoded.fields {
        assert_harmless(key);
        assert_harmless(value);
    }
    if let Some(id) = decoded.correlation() {
        assert_harmless(id);
    }
}

/// The lines do not depend on how the bytes were cut into chunks; the first byte picks the cut.
pub fn frames(data: &[u8]) {
    let Some((size, bytes)) = data.split_first() else { return };
    for form in [Form::Framed, Form::Raw] {
        let whole = lines(form, std::iter::once(bytes));
        assert_eq!(whole, lines(form, bytes.chunks(usize::from(*size).max(1))));
    }
}

fn lines<'a>(form: Form, chunks: impl Iterator<Item = &'a [u8]>) -> (Vec<(Vec<u8>, i64)>, bool) {
    let (mut demux, mut out) = (Demux::new(SourceId(0), form), Batch::new());
    let mut is_broken = false;
    for chunk in chunks {
        is_broken |= demux.feed(chunk, &mut out).is_err();
    }
    demux.finish(&mut out);
    (out.iter().map(|line| (line.bytes.to_vec(), line.at_ns)).collect(), is_broken)
}

/// Far more than any file that may be read takes, so that only what grows out of bounds is caught.
const LONGEST_LOAD: Duration = Duration::from_secs(10);

/// Whoever wrote the file: what is wrong is said in harmless text, at a place that the file has, and soon.
pub fn config(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let known = Known::built_in(&["solar".to_owned()], &["remote".to_owned()]);
    for kind in [LayerKind::Project, LayerKind::User, LayerKind::Extra] {
        let layer = Layer { kind, path: "/srv/pilothouse.toml".into(), text: text.to_string() };
        let started = Instant::now();
        let loaded = load(&[layer], &[], &known, &TrustList::default());
        assert!(started.elapsed() < LONGEST_LOAD, "took {:?}", started.elapsed());
        match loaded {
            Ok(loaded) => {
                for left_off in &loaded.left_off {
                    assert_harmless(&left_off.to_string());
                    assert_inside(&text, left_off.place);
                }
            }
            Err(Problems(problems)) => {
                assert!(!problems.is_empty(), "refused without a reason");
                for problem in problems {
                    assert_harmless(&problem.to_string());
                    if let Some(place) = problem.place {
                        assert_inside(&text, place);
                    }
                }
            }
        }
    }
}

/// The end of a line is inside: there stands what is missing.
fn assert_inside(text: &str, Place { line, column }: Place) {
    let found = line.checked_sub(1).and_then(|before| text.split('\n').nth(before));
    let length = found.map(|line| line.chars().count());
    assert!(
        length.is_some_and(|length| (1..=length + 1).contains(&column)),
        "{line}:{column} is not in the text"
    );
}

/// Each line that is a row of keys reads back as it is shown; what it is set to is what it then means.
pub fn keymap(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let standard = Keymap::standard().expect("the keys of the table parse");
    let mut all = BTreeMap::new();
    for (line, entry) in text.split('\n').zip(ACTIONS.iter().cycle()) {
        match line.parse::<Chords>() {
            Ok(chords) => {
                let shown = chords.to_string();
                assert_harmless(&shown);
                assert_eq!(shown.parse(), Ok(chords.clone()), "{line:?} is shown as {shown:?}");
                standard.lookup(&contexts(), chords.as_slice());
                standard.following(&contexts(), chords.as_slice());
                let binding = Binding::Action(entry.name.to_owned());
                let (mut keymap, keys) = (standard.clone(), BTreeMap::from([(shown, binding.clone())]));
                assert_eq!(keymap.overlay(&keys), [], "a key alone contradicts nothing");
                let meaning = keymap.lookup(&[entry.context], chords.as_slice());
                assert_eq!(meaning, Lookup::Action(entry.action), "{line:?}");
                all.insert(line.to_owned(), binding);
            }
            Err(error) => assert_harmless(&error.to_string()),
        }
    }
    let mut keymap = standard;
    for conflict in keymap.overlay(&all) {
        assert_harmless(&conflict.message);
    }
    assert_consistent(&keymap);
}

/// Whatever is bound is found by its keys, and every beginning of them waits for the rest.
fn assert_consistent(keymap: &Keymap) {
    for (context, chords, action) in keymap.bindings() {
        assert_eq!(keymap.lookup(&[context], &chords), Lookup::Action(action));
        for length in 0..chords.len() {
            assert_eq!(keymap.lookup(&[context], &chords[..length]), Lookup::Prefix);
        }
        assert!(Action::named(action.entry().name).is_some());
    }
}

/// A key that no corpus holds.
const STRANGER: &[u8] = b"\0\0\0\x0bssh-ed25519\0\0\0\x20 a key that nobody vouches for! ";

/// What reaches a host over SSH: destinations, known_hosts, answers of `ssh -G`, what login scripts print.
pub fn ssh(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for line in text.lines() {
        destination(line);
    }
    // Whatever stands in a file, a key that it does not hold is neither known nor revoked.
    let mut known = KnownHosts::default();
    known.read("/known_hosts".as_ref(), &text);
    for (host, port) in [("web1", 22), ("10.0.0.1", 2222), ("*", 22), ("", 1)] {
        let verdict = known.check(host, port, STRANGER);
        assert!(matches!(verdict, Verdict::Unknown { .. } | Verdict::Changed(_)), "{host}: {verdict:?}");
        assert!(known.key_types(host, port).len() <= text.lines().count());
        known.check(&name_of(host, port), port, data);
    }
    let local = Local { home: "/home/op".into(), user: "op".to_owned(), agent: None, ..Local::default() };
    let to = Destination { user: None, host: "web1".to_owned(), port: None };
    if let Ok(settings) = Settings::read(&to, &text, &local) {
        assert!(settings.own_known_hosts <= settings.known_hosts.len());
        let own = &settings.known_hosts[..settings.own_known_hosts];
        assert!(own.iter().all(|file| file != std::path::Path::new("/dev/null")), "keys would be forgotten");
        assert!(settings.jumps.iter().all(|hop| !hop.host.starts_with('-')));
    }
    let mut noise = Noise::default();
    for (at, byte) in data.iter().enumerate() {
        match noise.is_over(*byte) {
            Ok(true) => {
                assert!(data[..=at].ends_with(MARK));
                break;
            }
            Ok(false) => assert!(!data[..=at].ends_with(MARK)),
            Err(_) => break,
        }
    }
    assert_harmless_controls(&noise.told());
}

fn destination(line: &str) {
    let Ok(to) = Destination::parse(line) else { return };
    assert!(!to.host.starts_with('-') && !to.host.contains(char::is_control), "{to:?}");
    assert!(to.user.as_ref().is_none_or(|user| !user.starts_with('-')), "{to:?}");
    assert_eq!(Destination::parse(&to.to_string()).as_ref(), Ok(&to), "{line:?}");
}

fn assert_harmless_controls(text: &str) {
    assert!(!text.contains(char::is_control), "would reach a terminal: {text:?}");
}

/// One text, whatever is asked for.
struct Everywhere<'a>(&'a str);

impl Shelf for Everywhere<'_> {
    fn text(&self, _: &std::path::Path) -> std::io::Result<String> {
        Ok(self.0.to_owned())
    }

    fn entries(&self, _: &std::path::Path) -> std::io::Result<Vec<(String, bool)>> {
        Ok(["all", "a", "web.yml"].map(|name| (name.to_owned(), false)).to_vec())
    }

    fn run(&self, _: &[String], _: &std::path::Path, _: Duration) -> Result<String, String> {
        Ok(self.0.to_owned())
    }

    fn home(&self) -> Option<&std::path::Path> {
        None
    }
}

/// Inventories end soon with hosts that are addresses or refused, and nothing of them reaches the terminal.
pub fn inventory(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let began = Instant::now();
    for source in [
        Source::Ansible("/i/h.ini".into()),
        Source::Ansible("/i/h.yml".into()),
        Source::Ansible("/i/h".into()),
        Source::Terraform("/i/o.json".into()),
        Source::List("/i/l".into()),
        Source::Run(vec!["say".to_owned()], Duration::from_secs(1)),
    ] {
        let wanted = Wanted { source, group: None, output: None, dir: "/i".into() };
        let reading = read(&wanted, &Everywhere(&text));
        assert!(reading.hosts.len() <= 10_000, "{} hosts", reading.hosts.len());
        for problem in &reading.problems {
            assert_harmless(&problem.to_string());
        }
        for host in &reading.hosts {
            assert_harmless(&format!("{} {} {:?}", host.name, host.from, host.refusal));
            // One that is refused keeps its name in the place of an address, and nobody goes there.
            // Behind the first slash is the path of a socket.
            let login = host.address.split_once("://").map_or("", |(_, rest)| rest);
            let login = login.split('/').next().unwrap_or_default();
            let is_option = login.starts_with('-') || login.contains("@-");
            assert!(host.refusal.is_some() || !is_option, "{}", host.address);
        }
        reading.remarks.iter().for_each(|remark| assert_harmless(remark));
    }
    assert!(began.elapsed() < Duration::from_secs(20), "took {:?}", began.elapsed());
}
