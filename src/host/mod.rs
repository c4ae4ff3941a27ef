//! The machine at hand: its C compiler, the shared library it makes, and the files written on it.

pub mod compiler;
pub mod library;
pub mod npy;
