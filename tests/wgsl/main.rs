//! Shaders and what they are made of: translated for every driver with no device, their exact functions run on the devices at hand.

#[path = "../common/encoder.rs"]
#[allow(dead_code)]
mod encoder;
#[path = "../common/matrix.rs"]
mod matrix;

#[cfg(feature = "gpu")]
mod cases;
#[cfg(feature = "gpu")]
#[path = "../common/drivers.rs"]
mod drivers;
mod limits;
#[cfg(feature = "gpu")]
mod reference;
#[cfg(feature = "gpu")]
mod snippets;
mod translations;

use std::io::Write;

/// What the lines begin with that this program says aloud.
const PREFIX: &str = "wgsl: ";

/// Says something that the test harness does not keep to itself.
fn aloud(text: &str) {
    let _ = writeln!(std::io::stderr(), "{PREFIX}{text}");
}
