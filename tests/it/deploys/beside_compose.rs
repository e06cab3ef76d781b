//! What docker-compose makes of a service that was deployed to: it knows its containers by their labels, and takes them
//! for its own.

use crate::load::service::{Make, Service, image};

#[test]
fn a_following_up_puts_its_own_containers_in_the_place_of_all_that_were_deployed() {
    let Some(service) = Service::open(2, "    driver: bridge\n") else { return };
    let (one, two) = (image("1", Make::Good), image("2", Make::Good));
    let row = |name: &str, image: &str| (name.to_owned(), format!("{image} running"));
    for file_says in [&one, &two] {
        service.run(&["deploy", &service.target(), &two, "--yes"]).ended(0);
        service.up(file_says, &["--remove-orphans", "--scale", "web=2"]);
        let states = service.states("{{.Config.Image}} {{.State.Status}}");
        assert_eq!(states, [row("web_1", file_says), row("web_2", file_says)]);
        service.settled();
    }
    // With the containers what could be gone back to is gone.
    let refused = service.run(&["rollback", &service.target(), "--yes"]).ended(1);
    assert!(refused.err.contains("there is nothing to go back to"), "{}", refused.err);
}
