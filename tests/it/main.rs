//! One integration-test binary: one link for all suites.

#[cfg(test)]
mod pty;
