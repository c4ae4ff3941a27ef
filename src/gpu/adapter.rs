//! The adapters of this machine: graphics cards, and drivers that compute on the CPU.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wgpu::{Adapter, Backends, DeviceType, Instance, InstanceDescriptor, InstanceFlags};

use super::limits;
use crate::diagnostic::{Diagnostic, Result};

/// What an adapter says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterFacts {
    pub name: String,
    /// Name and version of the driver, as far as it says them.
    pub driver: String,
    /// `vulkan`, `metal`, `dx12`.
    pub backend: String,
    /// `discrete`, `integrated`, `virtual`, `cpu` or `other`.
    pub kind: &'static str,
    /// WebGPU names of the features that it has.
    pub features: Vec<&'static str>,
    /// WebGPU names of limits and their values.
    pub limits: Vec<(&'static str, u64)>,
}

impl AdapterFacts {
    fn of(adapter: &Adapter) -> Self {
        let (info, has) = (adapter.get_info(), adapter.limits());
        let driver = [info.driver.as_str(), info.driver_info.as_str()].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ");
        Self {
            name: info.name,
            driver,
            backend: info.backend.to_string(),
            kind: match info.device_type {
                DeviceType::DiscreteGpu => "discrete",
                DeviceType::IntegratedGpu => "integrated",
                DeviceType::VirtualGpu => "virtual",
                DeviceType::Cpu => "cpu",
                DeviceType::Other => "other",
            },
            features: limits::feature_names(adapter.features()),
            limits: limits::NAMES.iter().filter_map(|name| Some((*name, limits::get(&has, name)?))).collect(),
        }
    }

    /// Name and driver in one line.
    pub fn label(&self) -> String {
        format!("{} ({})", self.name, self.driver)
    }

    fn is_named(&self, part: &str) -> bool {
        let part = part.to_lowercase();
        [&self.name, &self.driver, &self.backend].into_iter().any(|text| text.to_lowercase().contains(&part))
    }

    /// Cards before drivers that compute on the CPU.
    fn rank(&self) -> usize {
        ["discrete", "integrated", "virtual", "other", "cpu"].iter().position(|k| *k == self.kind).unwrap_or(usize::MAX)
    }
}

/// Every adapter, the one that is taken without a name first.
pub fn adapters() -> Vec<AdapterFacts> {
    found().into_iter().map(|(facts, _)| facts).collect()
}

/// The first adapter whose name, driver or backend has this text in it, whatever the case; without a text the best one.
/// None is the error `gpu-no-adapter`.
pub(super) fn pick(name: Option<&str>) -> Result<(AdapterFacts, Adapter)> {
    let all = found();
    let known: Vec<String> = all.iter().map(|(f, _)| f.label()).collect();
    match all.into_iter().find(|(f, _)| name.is_none_or(|n| f.is_named(n))) {
        Some(found) => Ok(found),
        None if known.is_empty() => Err(Diagnostic::new("gpu-no-adapter", "no graphics adapter was found")
            .fact("looked for Vulkan, Metal and Direct3D 12, as far as this system has them")
            .help("install a driver; lavapipe (mesa-vulkan-drivers) computes on the CPU and gives the same bits")),
        None => {
            let wanted = name.unwrap_or_default();
            let error = Diagnostic::new("gpu-no-adapter", format!("no graphics adapter is called \"{wanted}\""));
            Err(known.into_iter().fold(error, |e, k| e.fact(format!("there is {k}"))))
        }
    }
}

fn found() -> Vec<(AdapterFacts, Adapter)> {
    let mut descriptor = InstanceDescriptor::new_without_display_handle();
    descriptor.backends = Backends::PRIMARY;
    // software drivers that have not been certified are drivers too
    descriptor.flags = InstanceFlags::ALLOW_UNDERLYING_NONCOMPLIANT_ADAPTER;
    let all = now(Instance::new(descriptor).enumerate_adapters(Backends::PRIMARY));
    let mut all: Vec<_> = all.into_iter().map(|a| (AdapterFacts::of(&a), a)).collect();
    all.sort_by_key(|(f, _)| f.rank());
    all
}

/// The value of a future that needs nobody else to go on: outside of browsers all of WebGPU's are such.
pub(super) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}
