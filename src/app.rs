//! The application: the model, how messages change it, and the screen it draws.

mod can;
mod command;
pub mod gate;
pub mod model;
mod mouse;
mod reading;
pub mod screen;
pub mod settings;
pub mod update;
