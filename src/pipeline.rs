//! The compiler as a list of stages: each its own type, checked at its border, printable.

use crate::diagnostic::Result;
use crate::emit::{self, Sources};
use crate::expand::{OpGraph, expand};
use crate::fuse::{FusedGraph, Taps, fuse};
use crate::infer::{TypedGraph, infer};
use crate::maps::{Maps, Profile, Target};
use crate::plan::{Plan, plan};
use crate::print;
use crate::select::{KernelGraph, select};
use crate::sizes::Sizes;
use crate::template::Template;
use crate::watch::watch;

/// Everything a compilation reads; nothing is looked up anywhere else.
pub struct Inputs<'a> {
    pub template: &'a Template,
    pub sizes: &'a Sizes,
    pub maps: &'a Maps,
    pub profile: &'a Profile,
    pub target: &'a Target,
    pub taps: Taps,
}

/// A stage to stop after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Stage {
    Ops,
    Typed,
    Fused,
    Kernels,
    Plan,
}

/// All stages but the last.
pub fn compile(i: &Inputs) -> Result<Plan> {
    i.profile.check_lang(i.target)?;
    let ops: OpGraph = expand(i.template, i.sizes, i.maps, &i.profile.choices())?;
    let typed: TypedGraph = infer(ops, i.maps)?;
    let fused: FusedGraph = fuse(typed, i.maps, i.profile, i.target, i.taps)?;
    let kernels: KernelGraph = watch(select(fused, i.maps, i.profile, i.target)?, i.taps);
    plan(kernels, i.maps)
}

/// The emitted files by path.
pub fn emit(i: &Inputs, plan: &Plan) -> Result<Sources> {
    emit::emit(i, plan)
}

/// The text of a stage: byte-equal if and only if the graphs are equal.
pub fn stage_text(i: &Inputs, stop: Stage) -> Result<String> {
    i.profile.check_lang(i.target)?;
    let ops = expand(i.template, i.sizes, i.maps, &i.profile.choices())?;
    if stop == Stage::Ops {
        return Ok(print::ops(i, &ops));
    }
    let typed = infer(ops, i.maps)?;
    if stop == Stage::Typed {
        return Ok(print::typed(i, "typed", &typed));
    }
    let fused = fuse(typed, i.maps, i.profile, i.target, i.taps)?;
    if stop == Stage::Fused {
        return Ok(print::typed(i, "fused", &fused));
    }
    let kernels = watch(select(fused, i.maps, i.profile, i.target)?, i.taps);
    if stop == Stage::Kernels {
        return Ok(print::kernels(i, &kernels));
    }
    Ok(print::plan(i, &plan(kernels, i.maps)?))
}
