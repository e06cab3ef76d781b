//! Values of variables from files and commands, on the machine's engine: had before anything is touched, told to nobody.

use super::real::image;
use super::written::{Files, STATE, deploy};
use crate::engine::docker;

const LEVEL: &str = "    environment: {LOG_LEVEL: info}\n";

fn shop(from: &str) -> Option<Files> {
    let files = Files::open()?;
    files.say(&[("web", LEVEL)]);
    files.compose(&["up", "-d"]);
    files.configure(from);
    Some(files)
}

fn env(files: &Files) -> String {
    files.rows("web", "{{.Config.Env}}").remove(0)
}

/// All that is told and written of it.
fn told(files: &Files) -> String {
    let name = &files.project.name;
    let export = files.run(&["ledger", "export", "-e", name, "--json"]).ended(0).out;
    let mut kept = String::new();
    let mut dirs = vec![files.home.path().to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                dirs.push(entry.path());
            } else if entry.file_name() != "value" {
                kept += &String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap());
            }
        }
    }
    export + &kept
}

#[test]
fn values_come_from_files_and_commands_and_stand_in_no_ledger_journal_or_log() {
    let from = "[services.web.env.from.DB_PASSWORD]\nfile = \"value\"\n\
                [services.web.env.from.API_TOKEN]\ncommand = [\"sh\", \"-c\", \"rev value\"]\n";
    let Some(files) = shop("") else { return };
    // What a project file runs is off until it is trusted; the operator's own is not.
    std::fs::create_dir_all(files.home.path().join(".config/pilothouse")).unwrap();
    let from = from.replace("value\"", &format!("{}\"", files.home.path().join("value").display()));
    std::fs::write(files.home.path().join(".config/pilothouse/config.toml"), from).unwrap();
    std::fs::write(files.home.path().join("value"), "s3same\n").unwrap();
    let (target, image) = (files.target("web"), image("good-2"));
    let done = files.run(&deploy(&target, &image)).ended(0);
    assert!(done.out.contains("env DB_PASSWORD of web: from file "), "{}", done.out);
    assert!(done.out.contains("env API_TOKEN of web: from command sh -c"), "{}", done.out);
    let env = env(&files);
    assert!(env.contains("DB_PASSWORD=s3same") && env.contains("API_TOKEN=emas3s"), "{env}");
    let told = told(&files);
    assert!(told.contains("API_TOKEN") && told.contains("\"hash\""), "{told}");
    for secret in ["s3same", "emas3s"] {
        assert!(!told.contains(secret) && !done.out.contains(secret), "{told}");
    }
    let drift = files.run(&["drift", "-e", &files.project.name, "--json"]).ended(1).json();
    assert!(drift.iter().all(|row| row["key"] == "Image"), "{drift:?}");
    // A replica that is made anew has it anew; what cannot be had is named, and nothing is touched.
    docker(&["rm", &format!("{}_web_1", files.project.name)]);
    std::fs::write(files.home.path().join("value"), "other\n").unwrap();
    files.run(&["scale", &target, "2", "--yes"]).ended(0);
    let made = files.rows("web", "{{.Config.Env}}");
    assert!(made[1].contains("DB_PASSWORD=other") && made[0].contains("s3same"), "{made:?}");
    std::fs::remove_file(files.home.path().join("value")).unwrap();
    let before = files.rows("web", STATE);
    let refused = files.run(&["scale", &target, "3", "--yes"]).ended(1);
    for name in ["DB_PASSWORD of web, from file", "API_TOKEN of web, from command", "nothing was done"] {
        assert!(refused.err.contains(name), "{name}: {}", refused.err);
    }
    assert_eq!(files.rows("web", STATE), before);
}

#[test]
fn what_cannot_be_had_is_refused_before_anything_is_touched() {
    for (source, why) in [
        ("command = [\"sh\", \"-c\", \"printf 's3%s' same; exit 3\"]", "it ended with 3; run it by hand"),
        ("command = [\"sleep\", \"600\"]\nwithin = \"300ms\"", "it did not end within"),
        ("command = [\"true\"]", "there is nothing in it"),
        ("file = \"nowhere\"", "cannot read it"),
    ] {
        let Some(files) = shop("") else { return };
        std::fs::create_dir_all(files.home.path().join(".config/pilothouse")).unwrap();
        let own = format!("[services.web.env.from.DB_PASSWORD]\n{source}\n");
        std::fs::write(files.home.path().join(".config/pilothouse/config.toml"), own).unwrap();
        let before = files.rows("web", STATE);
        let refused = files.run(&deploy(&files.target("web"), &image("good-2"))).ended(1);
        assert!(refused.err.contains(why) && !refused.err.contains("s3same"), "{why}: {}", refused.err);
        assert!(refused.err.contains("DB_PASSWORD of web") && refused.err.contains("nothing was done"));
        assert_eq!(files.rows("web", STATE), before);
        assert!(!files.run(&["ledger", "export", "-e", &files.project.name]).out.contains("deploy web"));
    }
}

#[test]
fn a_command_of_a_project_file_that_is_not_trusted_is_not_run() {
    let Some(files) = shop("") else { return };
    let mark = files.home.path().join("ran");
    let from = |table: &str| {
        let command = format!("command = [\"sh\", \"-c\", \"echo x; touch {}\"]\n", mark.display());
        format!("[{table}.web.env.from.DB_PASSWORD]\n{command}")
    };
    for table in ["services".to_owned(), format!("environments.{}.services", files.project.name)] {
        files.configure(&from(&table));
        let refused = files.run(&deploy(&files.target("web"), &image("good-2"))).ended(1);
        assert!(refused.err.contains("off until `pilothouse config trust`"), "{}", refused.err);
        assert!(!mark.exists(), "it was run");
    }
}
