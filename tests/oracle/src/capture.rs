//! Runs llama.cpp's encoder and keeps the nodes that its authors named, each with its occurrence number.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use crate::Result;
use crate::compare::{Key, Occurrences};
use crate::llama::{Encoder, Input, Node, Visitor};
use crate::tensor::{DType, Strided};

/// One named node; `bytes` is None if its content was not asked for.
pub struct Tap {
    pub key: Key,
    pub op: String,
    pub type_name: String,
    pub dtype: Option<DType>,
    pub shape: Vec<u64>,
    pub is_view: bool,
    pub bytes: Option<Vec<u8>>,
}

/// What one encode left behind.
pub struct Capture {
    /// In execution order.
    pub taps: Vec<Tap>,
    pub index: HashMap<Key, usize>,
    pub output: Vec<f32>,
    pub output_shape: [u64; 2],
    pub seconds: f64,
}

/// Which nodes' bytes to keep.
pub enum Keep {
    Nothing,
    Named,
    Listed(HashSet<Key>),
}

/// Takes the bytes of a node at once, instead of keeping them all until the end.
pub type Stream<'a> = &'a mut dyn FnMut(&Tap, &[u8]) -> Result<()>;

struct Collector<'a> {
    keep: &'a Keep,
    stream: Option<Stream<'a>>,
    unnamed_too: bool,
    count: Occurrences,
    taps: Vec<Tap>,
    index: HashMap<Key, usize>,
    pending: Vec<usize>,
    /// Time spent on keeping bytes instead of computing them.
    seconds: f64,
}

impl Visitor for Collector<'_> {
    fn announce(&mut self, node: &Node) -> bool {
        if !node.is_named() && !self.unnamed_too {
            return false;
        }
        let key = (node.name.clone(), self.count.next(&node.name));
        let wanted = match self.keep {
            Keep::Nothing => false,
            Keep::Named => node.is_named(),
            Keep::Listed(keys) => keys.contains(&key),
        };
        if wanted {
            self.pending.push(self.taps.len());
        }
        self.index.insert(key.clone(), self.taps.len());
        self.taps.push(Tap {
            key,
            op: node.op.clone(),
            type_name: node.type_name.clone(),
            dtype: node.dtype,
            shape: node.shape.clone(),
            is_view: node.is_view,
            bytes: None,
        });
        wanted
    }

    fn visit(&mut self, node: &Node, data: Strided<'_>) -> Result<()> {
        let start = Instant::now();
        // The graph runs up to a wanted node before the next one is announced, so at most one visit is pending.
        let at = self.pending.pop().ok_or_else(|| format!("unexpected visit of {}", node.name))?;
        let tap = &mut self.taps[at];
        if tap.key.0 != node.name {
            return Err(format!("{} was visited while {} was due", node.name, tap.key.0));
        }
        let bytes = data.gather().map_err(|e| format!("{}: {e}", node.name))?;
        match &mut self.stream {
            Some(stream) => stream(tap, &bytes)?,
            None => tap.bytes = Some(bytes.into_owned()),
        }
        self.seconds += start.elapsed().as_secs_f64();
        Ok(())
    }
}

/// Encodes once and keeps the bytes of the wanted nodes.
pub fn run(encoder: &mut Encoder, threads: u32, input: &Input, keep: &Keep) -> Result<Capture> {
    run_with(encoder, threads, input, keep, false, None)
}

/// Encodes once and hands over the bytes of every named node.
pub fn stream(encoder: &mut Encoder, threads: u32, input: &Input, stream: Stream<'_>) -> Result<Capture> {
    run_with(encoder, threads, input, &Keep::Named, false, Some(stream))
}

/// Encodes once and lists the nodes without their bytes, on request those that nobody named, too.
pub fn list(encoder: &mut Encoder, threads: u32, input: &Input, unnamed_too: bool) -> Result<Capture> {
    run_with(encoder, threads, input, &Keep::Nothing, unnamed_too, None)
}

fn run_with<'a>(
    encoder: &mut Encoder,
    threads: u32,
    input: &Input,
    keep: &'a Keep,
    unnamed_too: bool,
    stream: Option<Stream<'a>>,
) -> Result<Capture> {
    let (tokens, floats) = encoder.output_size(input.width, input.height)?;
    let mut collector = Collector {
        keep,
        stream,
        unnamed_too,
        count: Occurrences::default(),
        taps: Vec::new(),
        index: HashMap::new(),
        pending: Vec::new(),
        seconds: 0.0,
    };
    let start = Instant::now();
    let output = encoder.encode(threads, input, Some(&mut collector))?;
    let seconds = start.elapsed().as_secs_f64() - collector.seconds;
    if !collector.pending.is_empty() {
        return Err("a wanted node was never visited".to_string());
    }
    let output_shape = [tokens, floats / tokens.max(1)];
    Ok(Capture { taps: collector.taps, index: collector.index, output, output_shape, seconds })
}
