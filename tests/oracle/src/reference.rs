//! What this build of the oracle stands for: versions, ISA, flags, compilers, libc.

use serde_json::{Value, json};

use crate::{Result, llama};

/// The profile name that equals this build: the widest lane count it was compiled for decides.
pub fn isa_profile() -> &'static str {
    let features = llama::features();
    let has = |name: &str| features.iter().any(|f| f == name);
    if !(has("avx2") && has("fma") && has("f16c") && has("llamafile")) {
        "unknown"
    } else if has("avx512_bf16") {
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
        let missing = [("avx2", cpu!("avx2")), ("fma", cpu!("fma")), ("f16c", cpu!("f16c")), ("bmi2", cpu!("bmi2")), ("avx512", avx512)];
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
pub fn run_facts(flash: bool, threads: &str) -> Vec<(&'static str, String)> {
    let mut all = facts();
    all.push(("flash attention", if flash { "on" } else { "off" }.to_string()));
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
