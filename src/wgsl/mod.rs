//! WGSL: shaders read, checked and translated, with nothing that needs a device.

pub mod translate;
pub mod validate;

pub use translate::{Translations, translate};
pub use validate::{Access, Binding, Shader, with_enables};
