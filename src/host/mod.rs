//! The machine at hand: its CPU, its C compiler, the shared library it makes, and the files written on it.

pub mod compiler;
pub mod cpu;
pub mod library;
pub mod npy;
