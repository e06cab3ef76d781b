//! One ledger of what several hosts have: each piece counts wherever it lies. What is torn is left out and said; what
//! is missing, or does not go together, is said and shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::form::{self, Reading};
use super::{Begun, Ended, Piece, Record, RecordId, RecordNumber};
use crate::domain::deployment::{Note, Plan};
use crate::domain::ids::HostId;

/// A file of a ledger: its path below the directory of all ledgers, and its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct File {
    /// `production/000042/0123456789abcdef.begun`.
    pub path: String,
    /// As they lie there.
    pub bytes: Vec<u8>,
}

/// Something that is not as it should be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Finding {
    /// A file that is no whole piece, or not the piece that its name says.
    Torn(HostId, String),
    /// A file that only a newer console understands.
    Newer(HostId, String, u32),
    /// No host has these numbers, from the first to the last of them.
    Gap(RecordNumber, RecordNumber),
    /// Several records bear this number.
    Shared(RecordNumber, Vec<RecordId>),
    /// This piece says something else on this host than on another.
    Differs(HostId, String),
    /// So many pieces that another host has are not on this one.
    Behind(HostId, usize),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Torn(host, path) => write!(f, "{host}: {path} is torn; it is left out"),
            Self::Newer(host, path, format) => {
                write!(f, "{host}: {path} is of format {format}; this console reads up to {}", form::FORMAT)
            }
            Self::Gap(first, last) if first == last => write!(f, "{first} is missing on every host"),
            Self::Gap(first, last) => write!(f, "{first} to {last} are missing on every host"),
            Self::Shared(number, ids) => write!(f, "{} records bear the number {number}", ids.len()),
            Self::Differs(host, path) => write!(f, "{host}: {path} is not what another host has"),
            Self::Behind(host, count) => write!(f, "{host}: {count} files that other hosts have are missing"),
        }
    }
}

/// All that is known of an environment's ledger.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// Oldest number first; of one number in the order of their ids.
    pub records: Vec<Record>,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
    /// Files that a host lacks and another has.
    pub missing: BTreeMap<HostId, Vec<File>>,
    /// The newest format that was found and is not understood.
    pub newer: Option<u32>,
    /// The newest number that was found anywhere.
    pub last: Option<RecordNumber>,
}

/// Puts together what the hosts have; a host that was not heard is not among them.
pub fn union(hosts: &[(HostId, Vec<File>)]) -> Ledger {
    let mut ledger = Ledger::default();
    let mut pieces: BTreeMap<&str, (&File, Piece)> = BTreeMap::new();
    let mut whole: BTreeSet<(&HostId, &str)> = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for (host, file) in hosts.iter().flat_map(|(host, files)| files.iter().map(move |file| (host, file))) {
        numbers.extend(number_in(&file.path));
        let (to, path) = (host.clone(), file.path.clone());
        match form::read(&file.bytes) {
            Reading::Whole(piece) if matches!(*piece, Piece::Head { .. }) => {}
            Reading::Whole(piece) if is_at_its_place(&piece, &file.path) => {
                whole.insert((host, &file.path));
                let (known, _) = pieces.entry(&file.path).or_insert((file, *piece));
                if known.bytes != file.bytes {
                    ledger.findings.push(Finding::Differs(to, path));
                }
            }
            Reading::Newer(format) => {
                ledger.newer = ledger.newer.max(Some(format));
                ledger.findings.push(Finding::Newer(to, path, format));
            }
            Reading::Whole(_) | Reading::Torn => ledger.findings.push(Finding::Torn(to, path)),
        }
    }
    let withdrawn: BTreeSet<_> = pieces.values().filter_map(|(_, piece)| withdrawn(piece)).collect();
    pieces.retain(
        |_, (_, piece)| !matches!(piece, Piece::Begun(b) if withdrawn.contains(&(b.number, b.id.clone()))),
    );
    for (host, _) in hosts {
        let is_missing = |path: &&str| !whole.contains(&(host, *path));
        let missing: Vec<File> = pieces
            .iter()
            .filter(|(path, _)| is_missing(path))
            .map(|(_, (file, _))| (*file).clone())
            .collect();
        if !missing.is_empty() {
            ledger.findings.push(Finding::Behind(host.clone(), missing.len()));
            ledger.missing.insert(host.clone(), missing);
        }
    }
    ledger.last = numbers.last().copied();
    ledger.records = records(pieces.into_values().map(|(_, piece)| piece));
    ledger.findings.extend(gaps(&numbers));
    ledger.findings.extend(shared(&ledger.records));
    ledger.findings.sort();
    ledger
}

fn withdrawn(piece: &Piece) -> Option<(RecordNumber, RecordId)> {
    let Piece::Withdrawn { number, id } = piece else { return None };
    Some((*number, id.clone()))
}

/// Whether a file is a whole piece under the name that it ought to have.
pub fn is_whole(file: &File) -> bool {
    matches!(form::read(&file.bytes), Reading::Whole(piece) if is_at_its_place(&piece, &file.path))
}

/// The number that a path stands for, whatever lies there.
pub fn number_in(path: &str) -> Option<RecordNumber> {
    let (_, rest) = path.split_once('/')?;
    let (number, _) = rest.split_once('/')?;
    number.parse().ok().filter(|number| *number > 0).map(RecordNumber)
}

/// Number, id and kind of a piece are those of its path.
fn is_at_its_place(piece: &Piece, path: &str) -> bool {
    let (number, id, kind) = match piece {
        Piece::Begun(begun) => (begun.number, &begun.id, "begun".to_owned()),
        Piece::Ended(ended) => (ended.number, &ended.id, "ended".to_owned()),
        Piece::Planned { number, id, .. } => (*number, id, "planned".to_owned()),
        Piece::Noted(note) => (note.number, &note.id, form::kind(note)),
        Piece::Withdrawn { number, id } => (*number, id, "withdrawn".to_owned()),
        Piece::Head { .. } => return false,
    };
    let [directory, numbered, name] = path.split('/').collect::<Vec<_>>()[..] else { return false };
    RecordId::parse(id.as_str()).is_some()
        && directory.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'%'))
        && numbered == format!("{:06}", number.0)
        && name.strip_prefix(id.as_str()).and_then(|rest| rest.strip_prefix('.')) == Some(&*kind)
}

/// Those that were begun, each with its end.
fn records(pieces: impl Iterator<Item = Piece>) -> Vec<Record> {
    let mut begun: BTreeMap<(RecordNumber, RecordId), Begun> = BTreeMap::new();
    let mut ended: BTreeMap<(RecordNumber, RecordId), Ended> = BTreeMap::new();
    let mut plans: BTreeMap<(RecordNumber, RecordId), Box<Plan>> = BTreeMap::new();
    let mut notes: BTreeMap<(RecordNumber, RecordId), Vec<Note>> = BTreeMap::new();
    for piece in pieces {
        match piece {
            Piece::Begun(piece) => drop(begun.insert((piece.number, piece.id.clone()), piece)),
            Piece::Ended(piece) => drop(ended.insert((piece.number, piece.id.clone()), piece)),
            Piece::Planned { number, id, plan } => drop(plans.insert((number, id), plan)),
            Piece::Noted(note) => notes.entry((note.number, note.id.clone())).or_default().push(note),
            Piece::Withdrawn { .. } | Piece::Head { .. } => {}
        }
    }
    // Whoever writes goes on to the next number where a host is lost in the middle: only the last one stands.
    let last: BTreeMap<RecordId, RecordNumber> =
        begun.keys().map(|(number, id)| (id.clone(), *number)).collect();
    let is_last = |(number, id): &(RecordNumber, RecordId)| last.get(id) == Some(number);
    let standing = begun.into_iter().filter(|(key, _)| is_last(key));
    standing
        .map(|(key, begun)| Record {
            begun,
            end: ended.remove(&key).map(|e| (e.at, e.outcome)),
            plan: plans.remove(&key),
            notes: notes.remove(&key).unwrap_or_default(),
        })
        .collect()
}

/// Numbers that nobody has, between 1 and the newest.
fn gaps(numbers: &BTreeSet<RecordNumber>) -> Vec<Finding> {
    let mut gaps = Vec::new();
    let mut last = 0;
    for RecordNumber(number) in numbers.iter().copied() {
        if number - last > 1 {
            gaps.push(Finding::Gap(RecordNumber(last + 1), RecordNumber(number - 1)));
        }
        last = number;
    }
    gaps
}

/// Numbers that several records bear.
fn shared(records: &[Record]) -> Vec<Finding> {
    let of_one = records.chunk_by(|a, b| a.begun.number == b.begun.number).filter(|of_one| of_one.len() > 1);
    of_one
        .map(|of_one| {
            Finding::Shared(of_one[0].begun.number, of_one.iter().map(|r| r.begun.id.clone()).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests;
