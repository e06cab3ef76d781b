//! One integration-test binary: one link for all suites.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod balancer;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod compose;
#[cfg(test)]
mod configured;
#[cfg(test)]
mod console;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod crowd;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod deploys;
#[cfg(test)]
mod diagnostics;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod fake_engine;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod fuzz_corpus;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod health;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod inventories;
#[cfg(test)]
mod ledgers;
#[cfg(test)]
mod load;
#[cfg(test)]
mod log_export;
#[cfg(test)]
mod log_paging;
#[cfg(test)]
mod log_rotation;
#[cfg(test)]
mod log_view;
#[cfg(test)]
mod own_engine;
#[cfg(test)]
mod picture;
#[cfg(test)]
mod pty;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod shop;
#[cfg(test)]
mod specs;
#[cfg(test)]
mod ssh;
#[cfg(test)]
mod sshd;
#[cfg(test)]
mod still;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod wire;
