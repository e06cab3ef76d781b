//! What is run once with a deployment, and what its variables have to be like, on the machine's engine.

use super::real::{Shop, image};
use crate::cli::{Done, run_with};
use crate::engine::docker;

fn config(shop: &Shop, more: &str) -> String {
    format!("{}\n{more}\n", shop.config())
}

fn deploy(shop: &Shop, more: &str, mark: &str) -> Done {
    let image = image(mark);
    let args = ["deploy", &shop.target(), &image, "--yes", "--local", "--ready-within", "5s"];
    run_with(&config(shop, more), &args)
}

/// Its containers of errands that are there.
fn errands(shop: &Shop) -> String {
    let project = format!("label=com.docker.compose.project={}", shop.project.name);
    docker(&["ps", "-aq", "--filter", "label=pilothouse.errand", "--filter", &project])
}

#[test]
fn errands_run_once_in_order_with_the_new_image_and_what_they_print_is_kept() {
    let Some(shop) = Shop::open(2, &["--env", "STEP=one"]) else { return };
    let more = r#"[services.web.deploy]
pre_deploy = ["sh", "-c", "echo checked $STEP; grep -q good /mark"]
migrate = ["sh", "-c", "echo migrated with; grep . /mark"]
migration = "reversible"
post_deploy = ["sh", "-c", "echo told; exit 3"]"#;
    let done = deploy(&shop, more, "good-2").ended(0);
    let lines: Vec<_> = done.out.lines().map(str::trim).collect();
    let place = |text: &str| {
        lines
            .iter()
            .position(|line| line.ends_with(text))
            .unwrap_or_else(|| panic!("{}{}", done.out, done.err))
    };
    let order = ["checked one", "migrated with", "good-2", "told"].map(place);
    assert!(order.is_sorted(), "{}", done.out);
    assert!(done.out.contains("it ended with status 3"), "{}", done.out);
    assert_eq!(errands(&shop), "");
    let ledger =
        run_with(&config(&shop, ""), &["ledger", "export", "--json", "-e", &shop.name()]).ended(0).out;
    assert_eq!(ledger.matches("\"migrated with\"").count(), 1, "{ledger}");
}

#[test]
fn a_migration_that_fails_changes_nothing_and_is_told_with_its_last_lines() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let before = shop.rows();
    let more = "[services.web.deploy]\nmigrate = [\"sh\", \"-c\", \"echo no such table; exit 7\"]\nmigration = \"reversible\"";
    let done = deploy(&shop, more, "good-2").ended(4);
    let told = format!("{}{}", done.out, done.err);
    assert!(told.contains("no such table") && told.contains("it ended with status 7"), "{told}");
    assert_eq!(shop.rows(), before);
    assert_eq!(errands(&shop), "");
}

#[test]
fn nothing_goes_back_by_itself_over_a_migration_that_cannot_be_undone() {
    let Some(shop) = Shop::open(1, &[]) else { return };
    let before = shop.rows();
    let more =
        "[services.web.deploy]\nmigrate = [\"sh\", \"-c\", \"echo dropped\"]\nmigration = \"irreversible\"";
    let done = deploy(&shop, more, "bad-2").ended(1);
    let told = format!("{}{}", done.out, done.err);
    assert!(told.contains("its migration cannot be undone"), "{told}");
    assert!(shop.rows().iter().any(|row| row.contains("-v1-1")), "{:?}", shop.rows());
    let undo = |more: &[&str]| {
        let name = shop.name();
        run_with(&shop.config(), &[&["undo", "-e", &name], more].concat())
    };
    let refused = undo(&["--yes"]);
    assert!(refused.status != 0 && refused.err.contains("--confirm"), "{}{}", refused.out, refused.err);
    undo(&["--confirm", &shop.name()]).ended(4);
    assert_eq!(shop.rows(), before);
}

#[test]
fn all_that_is_wrong_with_the_variables_is_told_before_anything_is_touched() {
    let Some(shop) = Shop::open(1, &["--env", "WORKERS=many", "--env", "REGION=mars"]) else { return };
    let before = shop.rows();
    let more = "[services.web.env]\nrequired = [\"API_URL\"]\nmatch = { REGION = \"eu-[a-z]+\" }\nbetween = { WORKERS = \"1..64\" }";
    let done = deploy(&shop, more, "good-2").ended(1);
    for told in [
        "variable API_URL is required, and is not set",
        "variable REGION does not match eu-[a-z]+",
        "variable WORKERS is no number from 1 to 64",
    ] {
        assert!(done.err.contains(told), "{}", done.err);
    }
    assert!(!done.err.contains("mars") && !done.err.contains("many"), "{}", done.err);
    assert_eq!(shop.rows(), before);
}
