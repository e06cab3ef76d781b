//! One integration-test binary: one link for all suites.

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod pty;
