//! What the CPU can do, by the names that compilers use.

macro_rules! x86_features {
    ($name:expr; $($feature:tt)*) => {
        match $name {
            $($feature => {
                #[cfg(target_arch = "x86_64")]
                let has = std::arch::is_x86_feature_detected!($feature);
                #[cfg(not(target_arch = "x86_64"))]
                let has = false;
                Some(has)
            })*
            "neon" => Some(cfg!(target_arch = "aarch64")),
            _ => None,
        }
    };
}

/// Whether this CPU has the feature; `None` for a name that is not known.
pub fn has(feature: &str) -> Option<bool> {
    x86_features!(feature; "sse4.2" "avx" "avx2" "fma" "f16c" "bmi2" "avx512f" "avx512cd" "avx512vl" "avx512dq" "avx512bw"
        "avx512vnni" "avx512bf16" "avx512fp16")
}

#[cfg(test)]
mod tests {
    #[test]
    fn features_follow_from_each_other() {
        assert_eq!(super::has("abacus"), None);
        assert!(super::has("avx512bw") != Some(true) || super::has("avx2") == Some(true));
        assert_ne!(super::has("neon"), super::has("avx").filter(|has| *has));
    }
}
