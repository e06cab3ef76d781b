//! The application: the model, how messages change it, and the screen it draws.

mod can;
mod command;
pub mod model;
mod mouse;
pub mod screen;
pub mod update;
