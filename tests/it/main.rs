//! One integration-test binary: one link for all suites.
