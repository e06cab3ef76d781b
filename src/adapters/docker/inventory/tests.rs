//! What the engine's account means, on answers as the engine writes them.

use super::*;
use crate::domain::inventory::prune::Prune;

fn inventory(disk: &str, networks: &str, between: &str) -> Inventory {
    let between: Vec<Image> = serde_json::from_str(between).unwrap();
    gather(serde_json::from_str(disk).unwrap(), serde_json::from_str(networks).unwrap(), &between)
}

#[test]
fn an_engine_that_keeps_nothing_answers_with_nulls() {
    let empty = r#"{"LayersSize":0,"Images":null,"Containers":null,"Volumes":null,"BuildCache":null}"#;
    assert!(inventory(empty, "[]", "[]").items.is_empty());
}

#[test]
fn what_uses_what_is_told_by_name() {
    let disk = r#"{"LayersSize":30,
        "Images":[{"Id":"sha256:a","RepoTags":["shop/web:1"],"Size":20,"SharedSize":5},
                  {"Id":"sha256:b","RepoTags":["<none>:<none>"],"Size":10,"SharedSize":-1}],
        "Containers":[{"Id":"c1","Names":["/web-1"],"ImageID":"sha256:a","State":"exited","Mounts":[
            {"Type":"volume","Name":"data"},{"Type":"bind","Name":""}],
            "NetworkSettings":{"Networks":{"shop":{"NetworkID":"n1"},"late":{"NetworkID":""}}}}],
        "Volumes":[{"Name":"data","Driver":"local","UsageData":{"RefCount":1,"Size":7}},
                   {"Name":"old","Driver":"local","UsageData":{"RefCount":0,"Size":-1}}]}"#;
    let networks = r#"[{"Name":"shop","Id":"n1"},{"Name":"late","Id":"n2"},{"Name":"left","Id":"n3"},{"Name":"bridge","Id":"n0"}]"#;
    let all = inventory(disk, networks, "[]");
    let why = |kind, id| all.find(kind, id).unwrap().why_kept();
    assert_eq!(why(Kind::Image, "sha256:a").as_deref(), Some("used by web-1"));
    assert_eq!(why(Kind::Volume, "data").as_deref(), Some("used by web-1"));
    assert_eq!(why(Kind::Network, "n1").as_deref(), Some("used by web-1"));
    assert_eq!(why(Kind::Network, "n2").as_deref(), Some("used by web-1"));
    assert_eq!(why(Kind::Network, "n0").as_deref(), Some("needed by the engine"));
    for (kind, id) in
        [(Kind::Image, "sha256:b"), (Kind::Volume, "old"), (Kind::Network, "n3"), (Kind::Container, "c1")]
    {
        assert_eq!(why(kind, id), None, "{id}");
    }
    assert_eq!(all.find(Kind::Image, "sha256:a").unwrap().bytes, Some(15));
    assert_eq!(all.find(Kind::Volume, "old").unwrap().bytes, None);
    assert!(all.find(Kind::Image, "sha256:b").unwrap().is_dangling());
    assert_eq!(all.total(Kind::Image).bytes, 30);
}

#[test]
fn what_the_console_keeps_is_never_offered() {
    let disk = r#"{"Containers":[{"Id":"c1","Names":["/web-41"],"State":"exited","Labels":{"pilothouse.release":"41"}}]}"#;
    let all = inventory(disk, "[]", "[]");
    assert_eq!(all.find(Kind::Container, "c1").unwrap().why_kept().as_deref(), Some("kept by pilothouse"));
    assert!(all.prune(Prune::Containers).is_empty());
}

#[test]
fn an_image_built_on_another_is_found_through_nameless_ones() {
    let disk = r#"{"Images":[{"Id":"base","RepoTags":["base:1"]},{"Id":"app","RepoTags":["app:1"],"ParentId":"m2"}]}"#;
    let between = r#"[{"Id":"m2","ParentId":"m1"},{"Id":"m1","ParentId":"base"}]"#;
    let all = inventory(disk, "[]", between);
    assert_eq!(all.find(Kind::Image, "base").unwrap().children, ["app".into()]);
}

#[test]
fn shared_build_cache_frees_nothing_by_itself() {
    let disk = r#"{"BuildCache":[{"ID":"x","Type":"regular","Shared":true,"Size":9},{"ID":"y","Type":"regular","Size":4,"InUse":true}]}"#;
    let all = inventory(disk, "[]", "[]");
    assert_eq!(all.find(Kind::Cache, "x").unwrap().bytes, Some(0));
    assert_eq!(all.find(Kind::Cache, "y").unwrap().why_kept().as_deref(), Some("in use"));
}
