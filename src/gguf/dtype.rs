//! The element types of ggml: id in the file, name, elements and bytes per block.

use std::fmt;

macro_rules! ggml_types {
    ($($variant:ident = $id:literal, $name:literal, $block:literal, $bytes:literal;)*) => {
        /// A ggml element type. Values are the ids in GGUF files; ids absent here were never used or are withdrawn.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(non_camel_case_types)]
        #[repr(u32)]
        pub enum GgmlType {
            $($variant = $id,)*
        }

        impl GgmlType {
            /// Every type, by ascending id.
            pub const ALL: &[GgmlType] = &[$(GgmlType::$variant,)*];

            /// Name in lower case: `f16`, `q8_0`, `q4_k`.
            pub fn name(self) -> &'static str {
                match self { $(GgmlType::$variant => $name,)* }
            }

            /// Consecutive elements of a row that are stored together.
            pub fn block_size(self) -> u64 {
                match self { $(GgmlType::$variant => $block,)* }
            }

            /// Bytes of one block.
            pub fn block_bytes(self) -> u64 {
                match self { $(GgmlType::$variant => $bytes,)* }
            }

            /// The type with this id in a file.
            pub fn from_id(id: u32) -> Option<Self> {
                match id { $($id => Some(GgmlType::$variant),)* _ => None }
            }
        }
    };
}

ggml_types! {
    F32     =  0, "f32",       1,   4;
    F16     =  1, "f16",       1,   2;
    Q4_0    =  2, "q4_0",     32,  18;
    Q4_1    =  3, "q4_1",     32,  20;
    Q5_0    =  6, "q5_0",     32,  22;
    Q5_1    =  7, "q5_1",     32,  24;
    Q8_0    =  8, "q8_0",     32,  34;
    Q8_1    =  9, "q8_1",     32,  36;
    Q2_K    = 10, "q2_k",    256,  84;
    Q3_K    = 11, "q3_k",    256, 110;
    Q4_K    = 12, "q4_k",    256, 144;
    Q5_K    = 13, "q5_k",    256, 176;
    Q6_K    = 14, "q6_k",    256, 210;
    Q8_K    = 15, "q8_k",    256, 292;
    IQ2_XXS = 16, "iq2_xxs", 256,  66;
    IQ2_XS  = 17, "iq2_xs",  256,  74;
    IQ3_XXS = 18, "iq3_xxs", 256,  98;
    IQ1_S   = 19, "iq1_s",   256,  50;
    IQ4_NL  = 20, "iq4_nl",   32,  18;
    IQ3_S   = 21, "iq3_s",   256, 110;
    IQ2_S   = 22, "iq2_s",   256,  82;
    IQ4_XS  = 23, "iq4_xs",  256, 136;
    I8      = 24, "i8",        1,   1;
    I16     = 25, "i16",       1,   2;
    I32     = 26, "i32",       1,   4;
    I64     = 27, "i64",       1,   8;
    F64     = 28, "f64",       1,   8;
    IQ1_M   = 29, "iq1_m",   256,  56;
    BF16    = 30, "bf16",      1,   2;
    TQ1_0   = 34, "tq1_0",   256,  54;
    TQ2_0   = 35, "tq2_0",   256,  66;
    MXFP4   = 39, "mxfp4",    32,  17;
    NVFP4   = 40, "nvfp4",    64,  36;
    Q1_0    = 41, "q1_0",    128,  18;
    Q2_0    = 42, "q2_0",     64,  18;
}

impl GgmlType {
    pub fn id(self) -> u32 {
        self as u32
    }

    /// The type of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|t| t.name().eq_ignore_ascii_case(name))
    }

    /// Bytes of one row of `n` elements; `None` if `n` is no multiple of the block size or the result overflows.
    pub fn row_bytes(self, n: u64) -> Option<u64> {
        if !n.is_multiple_of(self.block_size()) {
            return None;
        }
        (n / self.block_size()).checked_mul(self.block_bytes())
    }

    /// Bytes of a tensor of dimensions `ne`, the fastest first; `None` as for [`row_bytes`](Self::row_bytes).
    pub fn tensor_bytes(self, ne: &[u64]) -> Option<u64> {
        let (&row, rest) = ne.split_first()?;
        rest.iter().try_fold(self.row_bytes(row)?, |bytes, &n| bytes.checked_mul(n))
    }

    /// All types as `F32 (0), F16 (1), …`, for messages.
    pub fn list() -> String {
        Self::ALL.iter().map(|t| format!("{t} ({})", t.id())).collect::<Vec<_>>().join(", ")
    }
}

/// In upper case, as llama.cpp prints types.
impl fmt::Display for GgmlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name().to_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_are_unique_and_round_trip() {
        for t in GgmlType::ALL {
            assert_eq!(GgmlType::from_id(t.id()), Some(*t));
            assert_eq!(GgmlType::from_name(t.name()), Some(*t));
            assert_eq!(GgmlType::from_name(&t.to_string()), Some(*t));
            assert!(t.block_bytes() > 0 && t.block_size().is_power_of_two());
        }
        assert!(GgmlType::ALL.windows(2).all(|w| w[0] < w[1]));
        assert_eq!(GgmlType::from_id(4), None);
        assert_eq!(GgmlType::from_name("q9_9"), None);
    }

    #[test]
    fn sizes() {
        assert_eq!(GgmlType::F16.tensor_bytes(&[1152, 3456]), Some(7_962_624));
        assert_eq!(GgmlType::Q8_0.tensor_bytes(&[64, 3]), Some(204));
        assert_eq!(GgmlType::Q8_0.tensor_bytes(&[4303]), None);
        assert_eq!(GgmlType::F32.tensor_bytes(&[1 << 62, 1]), None);
        assert_eq!(GgmlType::F32.tensor_bytes(&[]), None);
    }
}
