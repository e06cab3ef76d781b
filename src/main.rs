//! The `pilothouse` program: installs hooks, parses, runs. It never holds logic.

fn main() {}
