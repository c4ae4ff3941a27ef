//! Compiles the C++ shim against the headers that llama-cpp-sys-2 vendors, and records what that crate was built with.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// CMake options that decide which bits come out, copied from the build's cache into the program.
const FLAGS: [&str; 18] = [
    "CMAKE_BUILD_TYPE",
    "CMAKE_CXX_FLAGS_RELEASE",
    "GGML_NATIVE",
    "GGML_SSE42",
    "GGML_AVX",
    "GGML_AVX2",
    "GGML_BMI2",
    "GGML_F16C",
    "GGML_FMA",
    "GGML_AVX_VNNI",
    "GGML_AVX512",
    "GGML_AVX512_VBMI",
    "GGML_AVX512_VNNI",
    "GGML_AVX512_BF16",
    "GGML_LLAMAFILE",
    "GGML_OPENMP",
    "GGML_CPU_REPACK",
    "BUILD_SHARED_LIBS",
];

/// Options that stand for instruction sets: a profile is the set of those that are ON.
const ISA: [&str; 14] = [
    "GGML_SSE42",
    "GGML_AVX",
    "GGML_AVX2",
    "GGML_BMI2",
    "GGML_F16C",
    "GGML_FMA",
    "GGML_AVX_VNNI",
    "GGML_AVX512",
    "GGML_AVX512_VBMI",
    "GGML_AVX512_VNNI",
    "GGML_AVX512_BF16",
    "GGML_AMX_TILE",
    "GGML_AMX_INT8",
    "GGML_AMX_BF16",
];
const SCALAR: &str = "ggml-scalar";
const AVX2: [&str; 6] = ["GGML_SSE42", "GGML_AVX", "GGML_AVX2", "GGML_BMI2", "GGML_F16C", "GGML_FMA"];
/// What each profile has ON; those after the first have the six of AVX2, too.
const PROFILES: [(&str, &[&str]); 4] = [
    (SCALAR, &[]),
    ("ggml-avx2", &[]),
    ("ggml-avx512", &["GGML_AVX512"]),
    ("ggml-avx512bf16", &["GGML_AVX512", "GGML_AVX512_VNNI", "GGML_AVX512_BF16"]),
];

fn main() {
    println!("cargo:rerun-if-changed=cpp");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    println!("cargo:rerun-if-env-changed=ORACLE_PROFILE");
    refuse_silent_scalar_builds();

    let cache_path = sys_crate_out_dir().map(|out| out.join("build/CMakeCache.txt"));
    let cache = cache_path.as_deref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    let sources = entry(&cache, "CMAKE_HOME_DIRECTORY")
        .map(PathBuf::from)
        .or_else(sources_from_metadata)
        .filter(|dir| dir.join("tools/mtmd/clip.h").is_file())
        .unwrap_or_else(|| fail("the llama.cpp sources vendored by llama-cpp-sys-2 were not found"));

    check_flags(&cache);
    let flags: Vec<String> = FLAGS.iter().filter_map(|&key| Some(format!("{key}={}", entry(&cache, key)?))).collect();
    println!("cargo:rustc-env=ORACLE_CMAKE_FLAGS={}", flags.join(" "));
    println!("cargo:rustc-env=ORACLE_CXX={}", compiler(entry(&cache, "CMAKE_CXX_COMPILER")));
    println!("cargo:rustc-env=ORACLE_LLAMA_CPP={}", llama_cpp_version(&sources));
    println!("cargo:rustc-env=ORACLE_SYS_CRATE={}", sys_crate_version(&sources));

    let mut shim = cc::Build::new();
    shim.cpp(true).std("c++17").file("cpp/oracle.cpp").include("cpp").warnings(true).extra_warnings(true);
    for dir in ["tools/mtmd", "include", "ggml/include", "vendor"] {
        // System includes: the warnings of vendored headers are not ours.
        shim.flag("-isystem").flag(sources.join(dir));
    }
    shim.compile("isobit_oracle_shim");
}

/// With either of these ggml's build quietly drops every x86 vector option, and another set of bits comes out.
fn refuse_silent_scalar_builds() {
    if env::var_os("SOURCE_DATE_EPOCH").is_some() {
        fail("SOURCE_DATE_EPOCH is set: ggml would be built without AVX2 and without a word about it. Unset it and build again");
    }
    let (host, target) = (env::var("HOST"), env::var("TARGET"));
    if host != target {
        fail(&format!(
            "cross-compiling ({host:?} to {target:?}): ggml would be built without vector instructions. Build on the machine that runs the oracle"
        ));
    }
}

/// The options as CMake resolved them; without a cache there is nothing to check, and the program's own report stands.
fn check_flags(cache: &str) {
    // CMake keeps its first answer for the life of a build folder, so asking again with other variables changes nothing.
    if !cache.is_empty() && entry(cache, "CMAKE_BUILD_TYPE").as_deref() != Some("Release") {
        fail(
            "llama.cpp was not built in Release mode. Build with tests/oracle/build.sh; if that says so too, remove its target folder first",
        );
    }
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() != Ok("x86_64") || cache.is_empty() {
        return;
    }
    if entry(cache, "GGML_LLAMAFILE").as_deref() != Some("ON") {
        fail("GGML_LLAMAFILE is not ON in the build of llama.cpp: this would be none of the reference builds");
    }
    check_instruction_sets(cache);
    if entry(cache, "GGML_NATIVE").as_deref() == Some("ON") {
        fail("GGML_NATIVE is ON (RUSTFLAGS with target-cpu=native?): the reference must not depend on the CPU it was built on");
    }
}

/// The resolved instruction sets must be those of the profile that build.sh names. A build by hand may be any profile but the
/// scalar one, which is also what an accident looks like: only its name makes it wanted.
fn check_instruction_sets(cache: &str) {
    let on: Vec<&str> = ISA.into_iter().filter(|&key| entry(cache, key).as_deref() == Some("ON")).collect();
    let wanted = env::var("ORACLE_PROFILE").ok();
    let found = PROFILES.iter().find(|(name, more)| {
        let base: &[&str] = if *name == SCALAR { &[] } else { &AVX2 };
        on.len() == base.len() + more.len() && base.iter().chain(*more).all(|key| on.contains(key))
    });
    match (found, wanted) {
        (Some((found, _)), Some(wanted)) if *found == wanted => {}
        (Some((found, _)), None) if *found != SCALAR => {}
        (_, wanted) => {
            let wanted = wanted.unwrap_or_else(|| "a profile with vector instructions".to_string());
            let on = if on.is_empty() { "none".to_string() } else { on.join(" ") };
            fail(&format!(
                "the instruction sets in the build of llama.cpp are not those of {wanted}: ON is {on}. \
                 Build with tests/oracle/build.sh; if that says so too, remove its target folder first"
            ));
        }
    }
}

/// `links = "llama"` exports the output directory as `DEP_LLAMA_ROOT`.
fn sys_crate_out_dir() -> Option<PathBuf> {
    let root = env::var_os("DEP_LLAMA_ROOT").map(PathBuf::from);
    root.or_else(|| {
        let cmake = PathBuf::from(env::var_os("DEP_LLAMA_GGML_CMAKE_DIR")?);
        Some(cmake.parent()?.parent()?.to_path_buf())
    })
}

/// Second route to the sources: the manifest path that cargo resolved.
fn sources_from_metadata() -> Option<PathBuf> {
    let output = Command::new(env::var_os("CARGO")?)
        .args(["metadata", "--format-version=1", "--offline", "--filter-platform", &env::var("TARGET").ok()?])
        .current_dir(env::var_os("CARGO_MANIFEST_DIR")?)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let manifests = text.split("\"manifest_path\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    let manifest = manifests
        .map(Path::new)
        .find(|path| path.parent().and_then(Path::file_name).is_some_and(|dir| dir.to_string_lossy().starts_with("llama-cpp-sys-2")))?;
    Some(manifest.parent()?.join("llama.cpp"))
}

/// Value of `KEY:TYPE=value` in a CMake cache.
fn entry(cache: &str, key: &str) -> Option<String> {
    let line = cache.lines().find(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))?;
    Some(line.split_once('=')?.1.to_string())
}

/// First line of the version text of the compiler that built llama.cpp.
fn compiler(path: Option<String>) -> String {
    let path = path.unwrap_or_else(|| "c++".to_string());
    let output = Command::new(&path).arg("--version").output();
    let version = output.ok().and_then(|o| String::from_utf8(o.stdout).ok());
    version.and_then(|text| text.lines().next().map(str::to_string)).unwrap_or(path)
}

/// The version as llama.cpp's own CMakeLists.txt spells it.
fn llama_cpp_version(sources: &Path) -> String {
    let text = fs::read_to_string(sources.join("CMakeLists.txt")).unwrap_or_default();
    let part = |name: &str| {
        let line = text.lines().map(str::trim).find(|line| line.starts_with(&format!("set(LLAMA_VERSION_{name} ")))?;
        Some(line.split_whitespace().nth(1)?.trim_end_matches(')').trim_matches('"').to_string())
    };
    match (part("MAJOR"), part("MINOR"), part("PATCH")) {
        (Some(major), Some(minor), Some(patch)) => format!("{major}.{minor}.{patch}"),
        _ => "unknown".to_string(),
    }
}

/// The crate's version, from the folder that cargo unpacked it into.
fn sys_crate_version(sources: &Path) -> String {
    let name = sources.parent().and_then(Path::file_name).map(|dir| dir.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "llama-cpp-sys-2".to_string())
}

fn fail(reason: &str) -> ! {
    eprintln!("error: cannot build the oracle: {reason}.");
    std::process::exit(1)
}
