//! One integration-test binary: one link for all suites.

#[cfg(test)]
mod fuzz_corpus;
#[cfg(test)]
mod pty;
