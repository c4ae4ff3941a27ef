//! The probe of what exact bits rest on: it passes where arithmetic is exact, and sees where it is not.

use std::path::Path;

use super::devices;
use isobit::emit::probe::probe;
use isobit::files::Files;
use isobit::gpu::probe::{Case, Found};
use isobit::gpu::{Needs, Probe};
use isobit::maps::Maps;
use isobit::wgsl::Shader;

pub fn maps() -> Maps {
    Maps::load(Files::from_dir(&Path::new(env!("CARGO_MANIFEST_DIR")).join("kernel_maps")).unwrap()).unwrap()
}

/// What each device's probe finds after a change to its shader.
fn found(change: impl Fn(&str) -> String) -> Vec<Found> {
    let (probe_, _) = Probe::emitted(&maps()).unwrap();
    let shader = Shader::new("probe.wgsl", &change(&probe(&maps()).unwrap().0)).unwrap();
    devices(&Needs::default()).iter().map(|device| probe_.run(device, &shader).unwrap()).collect()
}

#[test]
fn software_drivers_pass() {
    for found in found(str::to_string) {
        assert!(found.exact(), "{}", found.text());
        // what kernels do without differs, and nothing else
        assert!(found.lacks.iter().all(|fact| fact.starts_with("subnormal")), "{}", found.text());
        assert!(found.text().starts_with("passes the probe"));
    }
}

#[test]
fn other_arithmetic_is_seen() {
    let instead = |from: &'static str, to: &'static str| {
        found(move |text| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        })
    };
    // steps of a device that fuses what it may, that folds what it may, that rounds f16 away, that adds in another order
    for (from, to, fact) in [
        ("return iso_keep(a * b) + c", "return iso_fma_near(a, b, c)", "products are rounded before they are added"),
        ("return iso_keep(a + b) - a", "return b", "sums that cancel are not folded"),
        ("unpack2x16float(a).x", "unpack2x16float(select(a, 0u, (a & 0x7c00u) == 0u)).x", "f16 to f32, low halves"),
        ("i = at; i < at + count; i += 2u", "i = at + count - 2u; i - at < count; i -= 2u", "sums keep their order"),
    ] {
        for found in instead(from, to) {
            assert_eq!(found.failed, [fact]);
            assert!(found.text().starts_with("fails the probe") && found.text().contains(fact), "{}", found.text());
        }
    }
}

#[test]
fn one_wrong_word_is_seen() {
    let (mut probe, shader) = Probe::emitted(&maps()).unwrap();
    let devices = devices(&Needs::default());
    for fact in 0..probe.facts.len() {
        let last = |probe: &mut Probe| {
            let Case { result, .. } = probe.facts[fact].cases.last_mut().unwrap();
            *result ^= 1;
        };
        last(&mut probe);
        let Some(device) = devices.first() else { return };
        let (found, fact_) = (probe.run(device, &shader).unwrap(), &probe.facts[fact]);
        let list = if fact_.optional { &found.lacks } else { &found.failed };
        assert!(list.contains(&fact_.name), "{}", fact_.name);
        assert_eq!(found.exact(), fact_.optional, "{}", fact_.name);
        last(&mut probe);
    }
}
