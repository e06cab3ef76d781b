//! Micro-benchmarks of the hot paths: decode, buffer, merge, search, draw.

fn main() {}
