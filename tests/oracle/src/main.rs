//! Runs llama.cpp's own vision encoder and compares an emitted library with it, bit for bit.
fn main() {}
