//! What a compiled encoder says of a call before it runs: sizes, work and memory, as structs of its C API.

/// What one call on images needs and gives, known before it runs. Field names are those of the C API.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlanInfo {
    /// Pixels of the image as given; 0 in the plan of a preprocessed one.
    pub source_width: u32,
    pub source_height: u32,
    /// Pixels of the preprocessed image.
    pub width: u32,
    pub height: u32,
    /// Cells of the preprocessed image, whose features its tokens hold.
    pub grid_rows: u32,
    pub grid_cols: u32,
    /// Of the whole batch.
    pub work: Work,
}

/// What one call on a sound needs and gives.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AudioPlan {
    /// Of the sound as given; 0 in the plan of a spectrogram.
    pub samples: u64,
    /// Of the spectrogram of one chunk.
    pub frames: u32,
    pub mel_bins: u32,
    /// Of all chunks.
    pub work: Work,
}

/// The end of either plan: how much is computed, and the memory that it takes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Images, or the chunks that the sound is cut into.
    pub batch: u32,
    /// Threads of the call, the calling one among them.
    pub threads: u32,
    /// Per image or chunk.
    pub tokens: u64,
    /// Floats per token.
    pub embedding: u64,
    /// Floats of the whole batch: `batch * tokens * embedding`.
    pub output_floats: u64,
    /// Bytes of working memory.
    pub arena_bytes: u64,
    /// Floating-point operations of the whole batch.
    pub flops: u64,
}

impl Work {
    /// Tokens of the whole batch.
    pub fn all_tokens(&self) -> u64 {
        self.tokens * u64::from(self.batch)
    }

    /// The work whose other numbers the library finds out for so many threads.
    pub(super) fn on(threads: u32) -> Self {
        Self { threads, ..Self::default() }
    }
}

/// A view of an image: a rectangle of the resized image, in its pixels.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// The left upper corner.
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
    /// Of the resized image.
    pub image_width: u32,
    pub image_height: u32,
}
