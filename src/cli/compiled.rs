//! A build compiled for this machine and loaded into this program.

use std::collections::BTreeMap;

use super::build::Loaded;
use super::output::Output;
use crate::diagnostic::Result;
use crate::fuse::Taps;
use crate::host::compiler;
use crate::host::library::Library;
use crate::input::Input;
use crate::media::Planned;
use crate::pipeline;
use crate::plan::Plan;
use crate::sizes::Sizes;

/// What was compiled, and the library that it has become.
pub struct Compiled {
    pub plan: Plan,
    pub library: Library,
    input: Input,
}

impl Compiled {
    /// Compiles to C, compiles that with the host's compiler, or takes it from its cache, and loads it.
    pub fn new(loaded: &Loaded, taps: Taps, out: &Output) -> Result<Self> {
        let inputs = loaded.inputs(taps);
        let plan = pipeline::compile(&inputs)?;
        let sources = pipeline::emit(&inputs, &plan)?;
        let encoder = &loaded.template.encoder;
        let unit = format!("{encoder}.c");
        let header = format!("{encoder}.h");
        let files: Vec<(&str, &str)> =
            sources.iter().filter(|(p, _)| **p == unit || **p == header).map(|(p, t)| (p.as_str(), t.as_str())).collect();
        let flags: Vec<String> = loaded.target.compile.iter().chain(&loaded.target.link).cloned().collect();
        let spinner = out.spinner("compiling the encoder (once per build)");
        let compiled = compiler::compile(&files, &unit, &flags, None)?;
        spinner.finish_and_clear();
        let library = Library::load(&compiled.library, encoder)?;
        let input = Input::of_graph(&loaded.template, &loaded.sizes, &plan.graph, |f| f.shape.clone())?;
        Ok(Self { plan, library, input })
    }

    /// Run-time dimensions of a planned call.
    pub fn dims(&self, sizes: &Sizes, info: &Planned) -> Result<BTreeMap<String, u64>> {
        info.dims(&self.input, sizes)
    }
}
