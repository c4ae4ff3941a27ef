//! What this build of the oracle stands for: versions, ISA, flags, compilers, libc.

use serde_json::{Value, json};

use crate::Result;
use crate::llama::{self, Attention};

/// The profile name that equals this build: what it was compiled for decides.
pub fn isa_profile() -> &'static str {
    profile_of(&llama::features())
}

fn profile_of(features: &[String]) -> &'static str {
    let has = |name: &str| features.iter().any(|f| f == name);
    // Without SSE3 ggml defines no vector type at all; with less than AVX2 it would be yet another build.
    let scalar = !["sse3", "ssse3", "avx", "avx2", "bmi2", "f16c", "fma"].into_iter().any(has);
    if !has("llamafile") || has("amx_int8") {
        "unknown"
    } else if scalar {
        "ggml-scalar"
    } else if !(has("avx2") && has("fma") && has("f16c")) {
        "unknown"
    } else if has("avx512") && has("avx512_bf16") {
        "ggml-avx512bf16"
    } else if has("avx512") {
        "ggml-avx512"
    } else {
        "ggml-avx2"
    }
}

/// Refuses to run on a CPU that lacks what ggml was compiled for, where the first kernel would be an illegal instruction.
pub fn check_cpu() -> Result<()> {
    let features = llama::features();
    let lacks = |name: &str, has: bool| features.iter().any(|f| f == name) && !has;
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as cpu;
        let avx512 = cpu!("avx512f") && cpu!("avx512bw") && cpu!("avx512dq") && cpu!("avx512vl") && cpu!("avx512cd");
        let missing = [
            ("avx2", cpu!("avx2")),
            ("fma", cpu!("fma")),
            ("f16c", cpu!("f16c")),
            ("bmi2", cpu!("bmi2")),
            ("avx512", avx512),
            ("avx512_vnni", cpu!("avx512vnni")),
            ("avx512_bf16", cpu!("avx512bf16")),
        ];
        if let Some((name, _)) = missing.into_iter().find(|&(name, has)| lacks(name, has)) {
            return Err(format!("this oracle is built for {name}, which this CPU does not have; build another profile"));
        }
    }
    Ok(())
}

/// All facts, in the order in which they are printed.
pub fn facts() -> Vec<(&'static str, String)> {
    vec![
        ("isa profile", isa_profile().to_string()),
        ("crate", env!("ORACLE_SYS_CRATE").to_string()),
        ("llama.cpp", env!("ORACLE_LLAMA_CPP").to_string()),
        ("ggml", llama::ggml_version()),
        ("isa features", llama::features().join(" ")),
        ("cmake flags", env!("ORACLE_CMAKE_FLAGS").to_string()),
        ("compiler", env!("ORACLE_CXX").to_string()),
        ("shim compiler", llama::shim_compiler()),
        ("libc", llama::libc()),
    ]
}

/// The same with the settings of one run.
pub fn run_facts(attention: Attention, threads: &str) -> Vec<(&'static str, String)> {
    let mut all = facts();
    all.push(("flash attention", if attention == Attention::Flash { "on" } else { "off" }.to_string()));
    all.push(("threads", threads.to_string()));
    all
}

pub fn to_json(facts: &[(&'static str, String)]) -> Value {
    facts.iter().map(|(key, value)| (key.replace(' ', "_"), json!(value))).collect::<serde_json::Map<_, _>>().into()
}

/// One fact per line.
pub fn text(facts: &[(&'static str, String)]) -> String {
    facts.iter().map(|(key, value)| format!("{key}: {value}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_follows_from_what_was_compiled_in() {
        let of = |features: &str| profile_of(&features.split_whitespace().map(str::to_string).collect::<Vec<_>>());
        assert_eq!(of("llamafile"), "ggml-scalar");
        assert_eq!(of("sse3 ssse3 avx avx2 bmi2 f16c fma llamafile"), "ggml-avx2");
        assert_eq!(of("sse3 ssse3 avx avx2 bmi2 f16c fma avx512 llamafile"), "ggml-avx512");
        assert_eq!(of("sse3 ssse3 avx avx2 bmi2 f16c fma avx512 avx512_vnni llamafile"), "ggml-avx512");
        assert_eq!(of("sse3 ssse3 avx avx2 bmi2 f16c fma avx512 avx512_vnni avx512_bf16 llamafile"), "ggml-avx512bf16");
        for other in ["", "sse3 llamafile", "sse3 ssse3 avx f16c llamafile", "avx2 fma f16c"] {
            assert_eq!(of(other), "unknown", "{other}");
        }
    }
}
