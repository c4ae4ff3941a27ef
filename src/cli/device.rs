//! Builds that run on a device: opened for a model, and the list of devices.

#[cfg(feature = "gpu")]
use std::ops::ControlFlow;
use std::path::Path;

use super::output::Output;
#[cfg(feature = "gpu")]
use super::output::bytes;
use crate::diagnostic::{Diagnostic, Result};
use crate::emit::Sources;
#[cfg(feature = "gpu")]
use crate::host::hooks::Progress;
use crate::host::runner::Runner;
use crate::maps::Maps;

/// Whether an emitted encoder is one for devices.
pub fn is_for_devices(sources: &Sources) -> bool {
    sources.contains_key("manifest.json")
}

/// Opens an emitted encoder on the device of this name, or the best one, with a bar over its shaders; none if it is no encoder for devices.
pub fn open(sources: &Sources, model: &Path, name: Option<&str>, out: &Output) -> Result<Option<Box<dyn Runner>>> {
    match (is_for_devices(sources), name) {
        (true, _) => open_on_device(sources, model, name, out).map(Some),
        (false, None) => Ok(None),
        (false, Some(_)) => Err(Diagnostic::new(super::USAGE, "this target does not run on a device").help("leave out --device")),
    }
}

#[cfg(feature = "gpu")]
fn open_on_device(sources: &Sources, model: &Path, name: Option<&str>, out: &Output) -> Result<Box<dyn Runner>> {
    let program = crate::gpu::Program::from_sources("emitted", sources)?;
    let device = crate::gpu::Device::open(name, &program.needs())?;
    let bar = out.bar("compiling shaders", 0, false);
    let mut on_shader = |p: Progress<'_>| {
        bar.set_length(p.steps.into());
        bar.set_position(p.step.into());
        bar.set_message(p.name.to_string());
        ControlFlow::Continue(())
    };
    let encoder = crate::gpu::Encoder::open(program, model, device, Some(&mut on_shader))?;
    bar.finish_and_clear();
    Ok(Box::new(encoder))
}

/// Header, and a row per adapter; the one that is taken without a name comes first.
#[cfg(feature = "gpu")]
pub fn list(maps: &Maps) -> Result<(Vec<&'static str>, Vec<Vec<String>>)> {
    use crate::gpu::{Device, Needs, Probe, adapters};
    let (probe, shader) = Probe::emitted(maps)?;
    // a device that cannot be opened is listed too, with the reason
    let exactness = |name: &str| match Device::open(Some(name), &Needs::default()).and_then(|device| probe.run(&device, &shader)) {
        Ok(found) => found.text(),
        Err(e) => e.message().to_string(),
    };
    let row = |a: crate::gpu::AdapterFacts| {
        let limit = |name: &str| a.limits.iter().find(|(n, _)| *n == name).map_or(0, |(_, value)| *value);
        let limits = [
            ("maxBufferSize", bytes(limit("maxBufferSize"))),
            ("maxStorageBufferBindingSize", bytes(limit("maxStorageBufferBindingSize"))),
            ("maxStorageBuffersPerShaderStage", limit("maxStorageBuffersPerShaderStage").to_string()),
            ("maxComputeWorkgroupStorageSize", bytes(limit("maxComputeWorkgroupStorageSize"))),
            ("maxComputeInvocationsPerWorkgroup", limit("maxComputeInvocationsPerWorkgroup").to_string()),
        ];
        let limits: Vec<String> = limits.into_iter().map(|(name, value)| format!("{name} {value}")).collect();
        let exact = exactness(&a.name);
        vec![a.name, a.driver, format!("{}, {}", a.backend, a.kind), exact, a.features.join("\n"), limits.join("\n")]
    };
    Ok((vec!["device", "driver", "kind", "bits", "features", "limits"], adapters().into_iter().map(row).collect()))
}

#[cfg(not(feature = "gpu"))]
fn open_on_device(_: &Sources, _: &Path, _: Option<&str>, _: &Output) -> Result<Box<dyn Runner>> {
    Err(missing())
}

#[cfg(not(feature = "gpu"))]
pub fn list(_: &Maps) -> Result<(Vec<&'static str>, Vec<Vec<String>>)> {
    Err(missing())
}

#[cfg(not(feature = "gpu"))]
fn missing() -> Diagnostic {
    Diagnostic::new("device-missing", "this program was built without devices").help("build it with `--features gpu`")
}
