//! Writes a small, loadable Qwen3-VL vision encoder with pseudo-random F32 weights as a GGUF file.

use std::fs;
use std::path::Path;

const HIDDEN: u64 = 32;
const LAYERS: u32 = 2;
const HEADS: u32 = 2;
const FFN: u64 = 48;
const PATCH: u64 = 16;
const GRID: u64 = 4; // trained position grid, per side
const OUT: u64 = 24;
const ALIGNMENT: usize = 32;

const U32: u32 = 4;
const F32: u32 = 6;
const BOOL: u32 = 7;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

#[derive(Default)]
struct Writer {
    fields: Vec<u8>,
    field_count: u64,
    directory: Vec<u8>,
    tensor_count: u64,
    data: Vec<u8>,
    state: u64,
}

impl Writer {
    fn string(out: &mut Vec<u8>, text: &str) {
        out.extend((text.len() as u64).to_le_bytes());
        out.extend(text.bytes());
    }

    fn field(&mut self, key: &str, kind: u32, value: &[u8]) {
        Self::string(&mut self.fields, key);
        self.fields.extend(kind.to_le_bytes());
        self.fields.extend(value);
        self.field_count += 1;
    }

    fn text(&mut self, key: &str, value: &str) {
        let mut bytes = Vec::new();
        Self::string(&mut bytes, value);
        self.field(key, STRING, &bytes);
    }

    fn number(&mut self, key: &str, value: u32) {
        self.field(key, U32, &value.to_le_bytes());
    }

    fn floats(&mut self, key: &str, values: &[f32]) {
        let mut bytes = F32.to_le_bytes().to_vec();
        bytes.extend((values.len() as u64).to_le_bytes());
        bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        self.field(key, ARRAY, &bytes);
    }

    /// Uniform noise of the given height around a centre, another for every call.
    fn tensor(&mut self, name: &str, shape: &[u64], centre: f32, height: f32) {
        Self::string(&mut self.directory, name);
        self.directory.extend((shape.len() as u32).to_le_bytes());
        self.directory.extend(shape.iter().flat_map(|n| n.to_le_bytes()));
        self.directory.extend(0u32.to_le_bytes()); // F32
        self.directory.extend((self.data.len() as u64).to_le_bytes());
        for _ in 0..shape.iter().product::<u64>() {
            self.state = self.state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let unit = (self.state >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
            self.data.extend((centre + height * unit).to_le_bytes());
        }
        self.data.resize(self.data.len().next_multiple_of(ALIGNMENT), 0);
        self.tensor_count += 1;
    }

    fn linear(&mut self, name: &str, inputs: u64, outputs: u64) {
        self.tensor(&format!("{name}.weight"), &[inputs, outputs], 0.0, 0.1);
        self.tensor(&format!("{name}.bias"), &[outputs], 0.0, 0.1);
    }

    fn norm(&mut self, name: &str, size: u64) {
        self.tensor(&format!("{name}.weight"), &[size], 1.0, 0.2);
        self.tensor(&format!("{name}.bias"), &[size], 0.0, 0.1);
    }

    fn finish(self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3u32.to_le_bytes());
        file.extend(self.tensor_count.to_le_bytes());
        file.extend(self.field_count.to_le_bytes());
        file.extend(self.fields);
        file.extend(self.directory);
        file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
        file.extend(self.data);
        file
    }
}

pub fn write_tiny_encoder(path: &Path) {
    let mut w = Writer { state: 1, ..Writer::default() };
    w.text("general.architecture", "clip");
    w.text("clip.projector_type", "qwen3vl_merger");
    w.field("clip.has_vision_encoder", BOOL, &[1]);
    w.field("clip.use_gelu", BOOL, &[1]);
    w.number("clip.vision.image_size", (GRID * PATCH) as u32);
    w.number("clip.vision.patch_size", PATCH as u32);
    w.number("clip.vision.embedding_length", HIDDEN as u32);
    w.number("clip.vision.feed_forward_length", FFN as u32);
    w.number("clip.vision.block_count", LAYERS);
    w.number("clip.vision.projection_dim", OUT as u32);
    w.number("clip.vision.attention.head_count", HEADS);
    w.number("clip.vision.spatial_merge_size", 2);
    w.field("clip.vision.attention.layer_norm_epsilon", F32, &1e-6f32.to_le_bytes());
    w.floats("clip.vision.image_mean", &[0.5; 3]);
    w.floats("clip.vision.image_std", &[0.5; 3]);

    w.tensor("v.patch_embd.weight", &[PATCH, PATCH, 3, HIDDEN], 0.0, 0.1);
    w.tensor("v.patch_embd.weight.1", &[PATCH, PATCH, 3, HIDDEN], 0.0, 0.1);
    w.tensor("v.patch_embd.bias", &[HIDDEN], 0.0, 0.1);
    w.tensor("v.position_embd.weight", &[HIDDEN, GRID * GRID], 0.0, 0.5);
    for layer in 0..LAYERS {
        let name = |part: &str| format!("v.blk.{layer}.{part}");
        w.norm(&name("ln1"), HIDDEN);
        w.linear(&name("attn_qkv"), HIDDEN, 3 * HIDDEN);
        w.linear(&name("attn_out"), HIDDEN, HIDDEN);
        w.norm(&name("ln2"), HIDDEN);
        w.linear(&name("ffn_up"), HIDDEN, FFN);
        w.linear(&name("ffn_down"), FFN, HIDDEN);
    }
    w.norm("v.deepstack.0.norm", 4 * HIDDEN);
    w.linear("v.deepstack.0.fc1", 4 * HIDDEN, 4 * HIDDEN);
    w.linear("v.deepstack.0.fc2", 4 * HIDDEN, OUT);
    w.norm("v.post_ln", HIDDEN);
    w.linear("mm.0", 4 * HIDDEN, 4 * HIDDEN);
    w.linear("mm.2", 4 * HIDDEN, OUT);
    fs::write(path, w.finish()).unwrap();
}
