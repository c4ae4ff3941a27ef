//! The machine at hand: its CPU, its C compiler, the shared library it makes, and the files written on it.

mod api;
pub mod compiler;
pub mod cpu;
pub mod hooks;
pub mod library;
pub mod npy;
pub mod peak;
pub mod plans;
pub mod runner;
