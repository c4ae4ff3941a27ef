//! Kernels made wrong on purpose: the harness must find each of them, by the right complaint.
pub fn check() {}
