//! Entries as ssh-keygen writes them, and those that libssh2 gets wrong.

use super::*;

fn blob(key_type: &str, body: u8) -> Vec<u8> {
    let mut blob = u32::try_from(key_type.len()).unwrap().to_be_bytes().to_vec();
    blob.extend_from_slice(key_type.as_bytes());
    blob.extend_from_slice(&[0, 0, 0, 1, body]);
    blob
}

fn entry_of(names: &str, key_type: &str, body: u8) -> String {
    format!("{names} {key_type} {}", STANDARD.encode(blob(key_type, body)))
}

fn known(lines: &[String]) -> KnownHosts {
    let mut known = KnownHosts::default();
    known.read(Path::new("known_hosts"), &lines.join("\n"));
    known
}

const ED: &str = "ssh-ed25519";
const RSA: &str = "ssh-rsa";

#[test]
fn a_plain_listed_or_wildcard_name_is_found() {
    for names in ["web1", "db,web1", "web*", "WEB?", "!web2,web*"] {
        let verdict = known(&[entry_of(names, ED, 1)]).check("web1", 22, &blob(ED, 1));
        assert!(matches!(verdict, Verdict::Known(_)), "{names}: {verdict:?}");
    }
}

#[test]
fn a_negated_name_is_not_found() {
    let verdict = known(&[entry_of("!web1,web*", ED, 1)]).check("web1", 22, &blob(ED, 1));
    assert_eq!(verdict, Verdict::Unknown { others: vec![] });
}

#[test]
fn a_hashed_name_is_found_under_its_own_port_only() {
    let line = line_for("web1", 2222, &blob(ED, 1), Some([7; 20])).unwrap();
    let known = known(&[line.trim().to_owned()]);
    assert!(matches!(known.check("web1", 2222, &blob(ED, 1)), Verdict::Known(_)));
    assert_eq!(known.check("web1", 22, &blob(ED, 1)), Verdict::Unknown { others: vec![] });
}

#[test]
fn a_known_key_names_the_line_that_has_it() {
    let known = known(&["# mine".to_owned(), entry_of("web1", ED, 2), entry_of("web1", RSA, 1)]);
    let Verdict::Known(place) = known.check("web1", 22, &blob(RSA, 1)) else { panic!("not known") };
    assert_eq!(place.to_string(), "known_hosts:3");
}

#[test]
fn a_changed_key_names_the_line_that_has_the_old_one() {
    let known = known(&["# mine".to_owned(), String::new(), entry_of("web1", ED, 1)]);
    let Verdict::Changed(place) = known.check("web1", 22, &blob(ED, 2)) else { panic!("taken") };
    assert_eq!(place.to_string(), "known_hosts:3");
}

#[test]
fn a_key_of_another_type_is_unknown_and_not_changed() {
    let known = known(&[entry_of("web1", RSA, 1)]);
    let Verdict::Unknown { others } = known.check("web1", 22, &blob(ED, 1)) else { panic!("alarm") };
    assert_eq!(others[0].0, RSA);
    assert_eq!(known.key_types("web1", 22), [RSA]);
}

#[test]
fn an_entry_without_port_vouches_for_other_ports_but_raises_no_alarm() {
    let known = known(&[entry_of("web1", ED, 1)]);
    assert!(matches!(known.check("web1", 2222, &blob(ED, 1)), Verdict::Known(_)));
    assert_eq!(known.check("web1", 2222, &blob(ED, 2)), Verdict::Unknown { others: vec![] });
}

#[test]
fn an_entry_for_a_port_wins_over_the_one_without() {
    let known = known(&[entry_of("web1", ED, 2), entry_of("[web1]:2222", ED, 1)]);
    assert!(matches!(known.check("web1", 2222, &blob(ED, 1)), Verdict::Known(_)));
    assert!(matches!(known.check("web1", 2222, &blob(ED, 3)), Verdict::Changed(_)));
}

#[test]
fn a_revoked_key_is_refused_even_where_it_is_listed_as_known() {
    let revoked = format!("@revoked {}", entry_of("*", ED, 1));
    let known = known(&[entry_of("web1", ED, 1), revoked]);
    assert!(matches!(known.check("web1", 22, &blob(ED, 1)), Verdict::Revoked(_)));
}

#[test]
fn certificate_authorities_and_broken_lines_are_passed_over() {
    let authority = format!("@cert-authority {}", entry_of("*", ED, 9));
    let lines = [authority, "web1 ssh-ed25519 %%%".to_owned(), "web1".to_owned(), entry_of("web1", ED, 1)];
    assert!(matches!(known(&lines).check("web1", 22, &blob(ED, 1)), Verdict::Known(_)));
}

#[test]
fn a_pattern_of_many_stars_is_matched_in_no_time() {
    let pattern = "*a".repeat(2000);
    assert!(!matches(&pattern, &"b".repeat(10_000)));
    assert!(matches("*", "") && matches("a*b?c", "aXXbYc") && !matches("a*b?c", "aXXbc"));
}
