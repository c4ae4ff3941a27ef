//! What computes an encoder's graph in the place of the compiled library, which then only preprocesses.

use crate::diagnostic::Result;
use crate::host::hooks::Hooks;
use crate::media::Planned;

/// An opened encoder for preprocessed input.
pub trait Runner {
    /// Where it computes, in one line.
    fn label(&self) -> String;

    /// Why its results may have other bits than the library's; none if they have the same.
    fn doubt(&self) -> Option<String>;

    /// Profile of the program that it runs in place of the one asked for, which counts on more than the place has.
    fn instead(&self) -> Option<&str>;

    /// Bytes that this call takes there, weights among them.
    fn bytes(&self, planned: &Planned) -> Result<u64>;

    /// Encodes what preprocessing gave: floats `[batch, tokens, embedding]`.
    fn encode(&mut self, planned: &Planned, values: &[f32], hooks: Hooks<'_>) -> Result<Vec<f32>>;
}
