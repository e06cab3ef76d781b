//! The application: the model, how messages change it, and the screen it draws.

pub mod model;
pub mod screen;
pub mod update;
