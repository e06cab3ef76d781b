//! Long work over ports: keeping a link to a host, following logs, sampling usage, acting. Each is a future that its
//! owner can drop at any await; what it learns goes out as messages.

pub mod act;
pub mod checks;
mod clock;
pub mod deploy;
pub mod discard;
pub mod events;
pub mod history;
pub mod ledger;
pub mod login;
pub mod probe;
pub mod record;
pub mod route;
pub mod sample;
pub mod tail;
pub mod traffic;
pub mod watch;
pub mod whole;
