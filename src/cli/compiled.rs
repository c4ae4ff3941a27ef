//! A build compiled for this machine and loaded into this program.

use std::collections::BTreeMap;
use std::path::Path;

use super::build::Loaded;
use super::device;
use super::output::Output;
use crate::diagnostic::Result;
use crate::emit::Sources;
use crate::fuse::Taps;
use crate::host::compiler;
use crate::host::library::Library;
use crate::host::runner::Runner;
use crate::input::Input;
use crate::maps::{Near, Target};
use crate::media::Planned;
use crate::near::near;
use crate::pipeline::{self, Inputs};
use crate::plan::Plan;
use crate::sizes::Sizes;

/// What was compiled, and the library that it has become.
pub struct Compiled {
    pub plan: Plan,
    pub library: Library,
    input: Input,
    /// How near the build's values come, where they promise no bits.
    pub near: Option<Near>,
    /// Shaders and manifest of a build for devices.
    program: Option<Sources>,
}

/// The target of the library around a build for devices: it preprocesses.
pub const LIBRARY: &str = "c";

impl Compiled {
    /// Compiles to C, compiles that with the host's compiler, or takes it from its cache, and loads it.
    pub fn new(loaded: &Loaded, taps: Taps, out: &Output) -> Result<Self> {
        let inputs = loaded.inputs(taps);
        let plan = pipeline::compile(&inputs)?;
        let near = near(&inputs, &plan);
        let sources = pipeline::emit(&inputs, &plan)?;
        let (library, program) = match device::is_for_devices(&sources) {
            false => (library(loaded, inputs.target, &sources, out)?, None),
            true => {
                let target = loaded.maps.target(LIBRARY)?;
                // what is around shaders computes nothing, and its own classes might be missing
                let beside =
                    near.as_ref().map(|n| loaded.maps.profile_beside(&n.profile, &loaded.profile, &loaded.template)).transpose()?;
                let profile = beside.as_ref().unwrap_or(inputs.profile);
                let inputs = Inputs { target: &target, profile, taps: Taps::Kept, ..inputs };
                let around = pipeline::emit(&inputs, &pipeline::compile(&inputs)?)?;
                (library(loaded, &target, &around, out)?, Some(sources))
            }
        };
        let input = Input::of_graph(&loaded.template, &loaded.sizes, &plan.graph, |f| f.shape.clone())?;
        Ok(Self { plan, library, input, near, program })
    }

    /// Opens a build for devices on the device of this name, or the best one; none for other builds.
    /// One whose bits are in doubt is warned of.
    pub fn runner(&self, model: &Path, device: Option<&str>, out: &Output) -> Result<Option<Box<dyn Runner>>> {
        let runner = device::open(self.program.as_ref().unwrap_or(&Sources::new()), model, device, out)?;
        if let Some(doubt) = runner.as_ref().and_then(|r| r.doubt()) {
            out.warn(&doubt);
        }
        Ok(runner)
    }

    /// Run-time dimensions of a planned call.
    pub fn dims(&self, sizes: &Sizes, info: &Planned) -> Result<BTreeMap<String, u64>> {
        info.dims(&self.input, sizes)
    }
}

fn library(loaded: &Loaded, target: &Target, sources: &Sources, out: &Output) -> Result<Library> {
    let encoder = &loaded.template.encoder;
    let unit = format!("{encoder}.c");
    let header = format!("{encoder}.h");
    let files: Vec<(&str, &str)> =
        sources.iter().filter(|(p, _)| **p == unit || **p == header).map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let flags: Vec<String> = target.compile.iter().chain(&target.link).cloned().collect();
    let spinner = out.spinner("compiling the encoder (once per build)");
    let compiled = compiler::compile(&files, &unit, &flags, None)?;
    spinner.finish_and_clear();
    Library::load(&compiled.library, encoder)
}
