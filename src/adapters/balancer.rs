//! Balancers, one module per kind. Each is driven where it runs, by short scripts in a shell there.

pub mod haproxy;
pub mod shell;
