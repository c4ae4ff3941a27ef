//! On every adapter of this machine: single shaders, memory, errors. Without an adapter the tests say so and do nothing.

#![cfg(feature = "gpu")]

#[path = "../common/encoder.rs"]
mod common;
mod pieces;
mod probe;
mod small;

use std::collections::BTreeMap;
use std::io::Write;

use isobit::gpu::{Bound, Device, Needs, adapters};
use isobit::wgsl::Shader;

/// An opened device of every adapter.
fn devices(needs: &Needs) -> Vec<Device> {
    let found = adapters();
    if found.is_empty() {
        // a plain print would be kept from those who run the tests
        let _ = writeln!(std::io::stderr(), "gpu: skipped, this machine has no adapter");
    }
    found.iter().map(|facts| Device::open(Some(&facts.name), needs).unwrap()).collect()
}

const SCALE: &str = "
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params { n: u32, factor: u32, zero: u32, }
@group(0) @binding(2) var<uniform> p: Params;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if (id.x < p.n) { y[id.x] = x[id.x] * f32(p.factor); }
}";

fn le(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[test]
fn a_shader_runs_on_given_bytes() {
    for device in devices(&Needs::default()) {
        let pipeline = device.pipeline(&Shader::new("scale.wgsl", SCALE).unwrap()).unwrap();
        let (x, before, p) = (le((0..9).map(|i| i as f32 + 0.5)), le([-1.0; 9]), words(&[7, 3, 0]));
        let out = device.run(&pipeline, &[Bound::In(&x), Bound::Out(&before), Bound::In(&p)], [2, 1, 1]).unwrap();
        let expected = le((0..9).map(|i| if i < 7 { 3.0 * (i as f32 + 0.5) } else { -1.0 }));
        assert_eq!(out, [expected], "{}", device.facts.label());
        assert_eq!(device.used(), 0, "all memory is given back");
    }
}

#[test]
fn bytes_of_any_number_come_back() {
    for device in devices(&Needs::default()) {
        let buffer = device.storage("bytes", 21).unwrap();
        assert_eq!((buffer.bytes(), device.used()), (32, 32));
        assert_eq!(device.read(&buffer, 0, 32).unwrap(), [0; 32], "memory is zero at first");
        let bytes: Vec<u8> = (1..=21).collect();
        device.write(&buffer, &bytes).unwrap();
        assert_eq!(device.read(&buffer, 3, 11).unwrap(), bytes[3..14]);
        assert_eq!(device.read(&buffer, 20, 5).unwrap(), [21, 0, 0, 0, 0]);
        assert_eq!(device.read(&buffer, 30, 3).unwrap_err().code(), "internal-gpu");
    }
}

#[test]
fn what_a_device_has_not_is_said() {
    let nobody = Device::open(Some("no such adapter"), &Needs::default()).err().unwrap();
    assert_eq!(nobody.code(), "gpu-no-adapter");
    for device in devices(&Needs::default()) {
        let name = device.facts.name.clone();
        let open = |needs: Needs| Device::open(Some(&name), &needs).err().unwrap();
        let limits = BTreeMap::from([("maxComputeWorkgroupStorageSize".to_string(), 1 << 40)]);
        let error = open(Needs { limits, ..Needs::default() });
        assert_eq!(error.code(), "gpu-limit");
        let has = device.facts.limits.iter().find(|(n, _)| *n == "maxComputeWorkgroupStorageSize").unwrap().1;
        assert!(error.plain().contains(&format!("it has {has}, 1099511627776 are needed")), "{}", error.plain());
        let error = open(Needs { features: vec!["second-sight".to_string()], ..Needs::default() });
        assert_eq!(error.code(), "gpu-feature");
        let error = device.storage("a sea", 1 << 50).err().unwrap();
        assert!(error.code() == "gpu-limit" && error.plain().contains("needed for a sea"), "{}", error.plain());
    }
}

#[test]
fn what_the_driver_refuses_is_an_error_and_no_panic() {
    for device in devices(&Needs::default()) {
        // more invocations in x than the shader checks know of cannot be asked for; too many workgroups can
        let pipeline = device.pipeline(&Shader::new("scale.wgsl", SCALE).unwrap()).unwrap();
        let (x, p) = (le([1.0; 4]), words(&[4, 1, 0]));
        let error = device.run(&pipeline, &[Bound::In(&x), Bound::Out(&x), Bound::In(&p)], [1 << 20, 1, 1]).unwrap_err();
        assert_eq!(error.code(), "gpu-refused");
        assert!(error.message().contains("a call of scale.wgsl"), "{}", error.plain());
        let error = device.run(&pipeline, &[Bound::In(&x), Bound::Out(&x)], [1, 1, 1]).unwrap_err();
        assert_eq!(error.code(), "gpu-bindings");
        // the device goes on
        let out = device.run(&pipeline, &[Bound::In(&x), Bound::Out(&x), Bound::In(&p)], [1, 1, 1]).unwrap();
        assert_eq!(out, [x]);
    }
}

#[test]
fn a_lost_device_says_so() {
    for device in devices(&Needs::default()) {
        let buffer = device.storage("bytes", 16).unwrap();
        device.destroy();
        let error = device.read(&buffer, 0, 16).unwrap_err();
        assert_eq!(error.code(), "gpu-lost", "{}", error.plain());
    }
}
