//! What an engine keeps, and what it lets go.

use super::{Role, Stage, refusal};
use pilothouse::domain::container::State;
use pilothouse::domain::ids::ContainerId;
use pilothouse::domain::inventory::{Hold, Inventory, Item, Kind};

super::on_every_engine! {
    a_container_keeps_its_image_and_says_so
    what_runs_is_not_removed
    what_ended_is_removed_and_gone_already_is_success
    an_image_in_use_is_not_removed
    the_engines_own_networks_stay
    who_asks_while_another_is_answered_gets_an_answer
}

async fn inventory(stage: &Stage) -> Inventory {
    stage.engine.inventory().await.unwrap()
}

fn container(inventory: &Inventory, id: &ContainerId) -> Item {
    inventory.find(Kind::Container, id.as_str()).unwrap().clone()
}

async fn image(stage: &Stage, id: &ContainerId) -> Item {
    let list = stage.engine.containers().await.unwrap();
    let image = list.iter().find(|c| c.key.id == *id).unwrap().image_id.clone();
    inventory(stage).await.find(Kind::Image, image.as_str()).unwrap().clone()
}

async fn a_container_keeps_its_image_and_says_so(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let image = image(stage, &id).await;
    assert!(image.users.iter().any(|user| user.ends_with("-steady")), "{image:?}");
    assert!(image.bytes.unwrap() + image.shared_bytes > 0 && image.why_kept().is_some());
}

async fn what_runs_is_not_removed(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let item = container(&inventory(stage).await, &id);
    assert_eq!(item.hold, Some(Hold::Runs));
    assert_eq!(refusal(stage.engine.remove(&item).await), Some(409));
    assert_eq!(stage.state(&id).await, Some(State::Running));
}

async fn what_ended_is_removed_and_gone_already_is_success(stage: &Stage) {
    let id = stage.start(Role::Ended).await;
    stage.until_state(&id, &State::Exited(Some(3))).await;
    let item = container(&inventory(stage).await, &id);
    assert_eq!(item.hold, None);
    stage.engine.remove(&item).await.unwrap();
    assert_eq!(stage.state(&id).await, None);
    stage.engine.remove(&item).await.unwrap();
}

async fn an_image_in_use_is_not_removed(stage: &Stage) {
    let id = stage.start(Role::Steady).await;
    let image = image(stage, &id).await;
    assert_eq!(refusal(stage.engine.remove(&image).await), Some(409));
}

async fn the_engines_own_networks_stay(stage: &Stage) {
    stage.engine.facts().await.unwrap();
    let all = inventory(stage).await;
    let host = all.of(Kind::Network).find(|n| n.name() == "host").unwrap();
    assert_eq!(host.hold, Some(Hold::Builtin));
    assert_eq!(refusal(stage.engine.remove(host).await), Some(403));
}

async fn who_asks_while_another_is_answered_gets_an_answer(stage: &Stage) {
    stage.start(Role::Steady).await;
    let asked = futures_util::future::join_all((0..8).map(|_| stage.engine.inventory())).await;
    assert!(
        asked.iter().all(|answer| answer.as_ref().is_ok_and(|all| all.of(Kind::Container).next().is_some())),
        "{asked:?}"
    );
}
