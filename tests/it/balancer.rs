//! Real balancers in containers on the machine's engine, in front of real services.

mod haproxy;
pub mod image;
mod pane;
