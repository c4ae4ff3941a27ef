//! What is built and run: machines, compilers, optimisation levels, variants, threads, batches, as tables.

use isobit::fuse::Taps;

/// A compiler for a machine, and what runs its programs.
#[derive(Debug, PartialEq, Eq)]
pub struct Machine {
    pub name: &'static str,
    pub compiler: &'static str,
    pub link: &'static [&'static str],
    /// None: this machine itself.
    pub emulator: Option<&'static str>,
}

pub static GCC: Machine = Machine { name: "native gcc", compiler: "gcc", link: &[], emulator: None };
pub static CLANG: Machine = Machine { name: "native clang", compiler: "clang", link: &[], emulator: None };
pub static AARCH64: Machine =
    Machine { name: "aarch64 gcc", compiler: "aarch64-linux-gnu-gcc", link: &["-static"], emulator: Some("qemu-aarch64") };
pub static RISCV64: Machine =
    Machine { name: "riscv64 gcc", compiler: "riscv64-linux-gnu-gcc", link: &["-static"], emulator: Some("qemu-riscv64") };
pub static MACHINES: [&Machine; 4] = [&GCC, &CLANG, &AARCH64, &RISCV64];
const EMULATED: [&Machine; 2] = [&AARCH64, &RISCV64];

/// What an encoder is emitted for; its builds must all print the same lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub profile: String,
    /// Empty for a profile without that option.
    pub attention: &'static str,
    pub weights: &'static str,
    pub taps: Taps,
}

impl Subject {
    pub fn name(&self) -> String {
        let taps = if self.taps == Taps::All { "all" } else { "kept" };
        let attention = if self.attention.is_empty() { "-" } else { self.attention };
        format!("{} {attention} {} {taps}", self.profile, self.weights)
    }
}

/// One call of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub variant: String,
    pub threads: &'static str,
    pub batch: &'static str,
    pub images: u32,
    pub instances: u32,
}

/// One program and its calls.
#[derive(Debug, Clone)]
pub struct Build {
    pub subject: Subject,
    pub machine: &'static Machine,
    pub level: &'static str,
    /// Without the flags that the target asks for: what somebody gets who just adds the file to a project.
    pub plain: bool,
    pub runs: Vec<Run>,
}

impl Build {
    pub fn name(&self) -> String {
        format!("{} {}{}", self.machine.name, self.level, if self.plain { " no other flags" } else { "" })
    }
}

fn run(variant: &str, threads: &'static str, batch: &'static str) -> Run {
    Run { variant: variant.to_string(), threads, batch, images: IMAGES, instances: 1 }
}

const IMAGES: u32 = 4;
/// One token, fewer than 64 patches, exactly 64: each has its own way through attention and matrix products.
pub const PIXELS: &str = "32x32,96x64,128x128";
pub const RGB: &str = "41x29";

/// What all others are held against: gcc, the target's own flags, the best variant, one thread, one image.
pub fn reference(subject: &Subject) -> Build {
    Build { subject: subject.clone(), machine: &GCC, level: "-O2", plain: false, runs: vec![run("best", "1", "1")] }
}

/// The part that belongs to `make test`: the other machines at one level.
pub fn cut(subject: &Subject) -> Vec<Build> {
    let of = |&machine| {
        let runs = vec![Run { images: 2, ..run("best", "1", "1") }, Run { images: 2, ..run("portable", "3", "2") }];
        Build { subject: subject.clone(), machine, level: "-O2", plain: false, runs }
    };
    EMULATED.iter().map(of).collect()
}

/// Every machine, and natively every variant with threads, batches and instances; the levels of both compilers for one weight type.
pub fn full(subject: &Subject, variants: &[String]) -> Vec<Build> {
    let build = |machine, level, plain, runs| Build { subject: subject.clone(), machine, level, plain, runs };
    let mut builds = Vec::new();
    let mut native = vec![run("best", "1,2,3,7", "1,3,4"), Run { instances: 2, ..run("best", "2", "1") }];
    native.extend(variants.iter().map(|variant| run(variant, "1,2,3,7", "1,4")));
    builds.push(build(&GCC, "-O2", false, native));
    for machine in EMULATED {
        // Emulation is slow: threads and batches are crossed where all weight types meet.
        let mut runs = vec![Run { images: 2, ..run("best", "3", "1,2") }, Run { images: 1, ..run("portable", "1", "1") }];
        if subject.weights == "mixed" {
            runs = vec![run("best", "1,3", "1,4"), Run { images: 2, ..run("portable", "2", "1") }];
            runs.push(Run { images: 1, instances: 2, ..run("best", "2", "1") });
        }
        builds.push(build(machine, "-O2", false, runs));
    }
    if subject.weights == "mixed" && subject.taps == Taps::Kept {
        let each = |threads, batch| -> Vec<Run> { variants.iter().map(|variant| run(variant, threads, batch)).collect() };
        for machine in [&GCC, &CLANG] {
            for level in ["-O0", "-O1", "-O2", "-O3"] {
                if (machine, level) != (&GCC, "-O2") {
                    builds.push(build(machine, level, false, each("1,3", "1,4")));
                }
            }
        }
        for machine in [&GCC, &CLANG, &AARCH64, &RISCV64] {
            builds.push(build(machine, "-O3", true, vec![Run { images: 2, ..run("best", "2", "1") }]));
        }
    }
    builds
}
