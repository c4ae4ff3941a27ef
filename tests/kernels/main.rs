//! Every kernel, alone: against its law, against the other variants, against the chain it replaces, by every split of
//! its tasks, with every compiler at hand, on awkward values; and pinned, so that another machine proves the same bits.
//!
//! `cases.json` says what is run. `BLESS=1` rewrites `pins.json`.
#![cfg(unix)]

mod cases;
mod data;
#[cfg(feature = "gpu")]
#[path = "../common/drivers.rs"]
mod drivers;
mod front;
mod harness;
mod law;
mod library;
mod memory;
mod mutants;
mod near;
mod pins;
mod preprocess;
mod preprocess_law;
#[cfg(feature = "gpu")]
mod shaders;
mod sound;
mod vectors;

use data::{Mode, Random};
use harness::{Kernel, Operands, by_chain, by_law};
use isobit::maps::Promise;
use library::{Build, Use, aloud, wanted, world};

/// Collects what is wrong, so that one run shows all of it.
#[derive(Default)]
pub struct Report {
    faults: Vec<String>,
    checks: usize,
}

impl Report {
    const SHOWN: usize = 20;

    pub fn check<T>(&mut self, result: Result<T, impl std::fmt::Display>, what: impl FnOnce() -> String) -> Option<T> {
        self.checks += 1;
        match result {
            Ok(value) => Some(value),
            Err(fault) => {
                self.faults.push(format!("{}: {fault}", what()));
                None
            }
        }
    }

    /// Fails the test if there is any fault, or nothing was checked.
    pub fn finish(self) {
        assert!(self.checks > 0 || std::env::var_os(library::OPS).is_some(), "nothing was checked");
        let rest = self.faults.len().saturating_sub(Self::SHOWN);
        let shown = self.faults.iter().take(Self::SHOWN).map(|f| format!("\n  {f}")).collect::<String>();
        assert!(self.faults.is_empty(), "{} of {} checks fail:{shown}\n  and {rest} more", self.faults.len(), self.checks);
    }
}

/// The kernel of a variant for a use, ready to run.
fn kernel<'a>(build: &'a Build, used: &Use<'a>, variant: &str) -> Option<Kernel<'a>> {
    let def = used.map.kernels.get(&used.kernel(variant)?.id.text)?;
    let symbol = used.instance(world(), &mut Default::default(), def);
    let unit = build.unit(&used.map.op, variant)?;
    Some(Kernel::new(build, unit, used, def, &symbol))
}

fn portable<'a>(build: &'a Build, used: &Use<'a>) -> Kernel<'a> {
    kernel(build, used, "").unwrap_or_else(|| panic!("{used} has no portable kernel"))
}

/// The build that most tests use.
fn first_build() -> &'static Build {
    &world().builds[0]
}

fn law_of(used: &Use) -> law::Law {
    law::law(&used.map.op, used.class).unwrap_or_else(|| panic!("{} {}: law.rs does not know this class", used.map.op, used.class))
}

#[test]
fn every_kernel_has_cases_and_every_class_a_law() {
    let world = world();
    let mut missing = Vec::new();
    for map in world.maps.ops.values().filter(|m| !m.kernels.is_empty()) {
        if !world.cases.contains_key(&map.op) {
            missing.push(format!("{} has kernels and no cases in cases.json", map.op));
            continue;
        }
        if map.signature.is_none() {
            continue;
        }
        let bits = map.classes.iter().filter(|(_, def)| def.promise == Promise::Bits).map(|(class, _)| class);
        missing.extend(bits.filter(|c| law::law(&map.op, c).is_none()).map(|c| format!("{} {c}: no law in law.rs", map.op)));
        for k in map.kernels.values() {
            let mut uses = world.uses(map).chain(near::uses(map).map(|n| n.used));
            if !uses.any(|u| u.kernel_in(&k.lang, &k.id.variant).is_some_and(|found| found.id.text == k.id.text)) {
                missing.push(format!("{}: no case reaches this kernel", k.id.text));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_variant_gives_the_portable_bits() {
    let mut report = Report::default();
    for map in world().graph_ops() {
        for used in world().uses(map) {
            let nan_bits = law_of(&used).nan_bits;
            let reference = portable(first_build(), &used);
            let mut others = Vec::new();
            for build in &world().builds {
                others.extend(world().variants().iter().filter_map(|variant| kernel(build, &used, variant)));
            }
            for &mode in &used.case.modes {
                let operands = Operands::new(&used, mode);
                let Some(expected) = report.check(reference.full(&operands), || format!("{} {mode:?}", reference.label)) else { continue };
                for (i, k) in others.iter().enumerate() {
                    let what = |how: &str| format!("{} {mode:?}{how}", k.label);
                    let got = k.ranges(&operands, &[(0, k.tasks)], false, i % 2);
                    report.check(got.and_then(|got| k.compare(&expected, &got, nan_bits)), || what(""));
                    for slot in k.over(&used) {
                        let got = k.in_place(&operands, slot, &[(0, k.tasks)]);
                        report.check(got.and_then(|got| k.compare(&expected, &got, nan_bits)), || what(&format!(" over operand {slot}")));
                    }
                }
            }
        }
    }
    report.finish();
}

/// The classes of a bound in C: every variant keeps it, and gives its own bits however the tasks are split.
#[test]
fn near_kernels_keep_their_bound() {
    let mut report = Report::default();
    let mut farthest = 0f64;
    for map in world().graph_ops() {
        for near in near::uses(map) {
            let kernels: Vec<Kernel> =
                world().builds.iter().flat_map(|b| world().variants().into_iter().filter_map(|v| kernel(b, &near.used, v))).collect();
            if kernels.is_empty() {
                continue;
            }
            let operands = Operands::new(&near.used, Mode::Plain);
            let expected = near.expected(first_build(), &operands.tensors);
            let Some(expected) = report.check(expected, || format!("the reference of {}", near.used)) else { continue };
            for k in kernels {
                let Some(whole) = report.check(k.full(&operands), || k.label.clone()) else { continue };
                let nmse = near.nmse(&expected, &k.tensor(&whole));
                farthest = farthest.max(nmse / near.nmse);
                let within = if nmse <= near.nmse { Ok(()) } else { Err(format!("nmse {nmse:e}, the class promises {:e}", near.nmse)) };
                report.check(within, || k.label.clone());
                for workers in 2..=3 {
                    let ranges: Vec<_> = (0..workers).map(|i| (i * k.tasks / workers, (i + 1) * k.tasks / workers)).collect();
                    let got = k.ranges(&operands, &ranges, true, workers % 2);
                    report.check(got.and_then(|got| k.compare(&whole, &got, true)), || format!("{} by {workers} workers", k.label));
                }
            }
        }
    }
    aloud(&format!("of their bounds results in C take {farthest:.3} at most"));
    report.finish();
}

#[test]
#[ignore = "many minutes on a device's emulation: make wgsl-parity runs it"]
#[cfg(feature = "gpu")]
fn shaders_give_the_portable_bits() {
    shaders::on_every_driver();
}

/// What the test above starts in a process of its own; by hand it takes the best adapter of this machine.
#[test]
#[ignore = "started once per driver by shaders_give_the_portable_bits"]
#[cfg(feature = "gpu")]
fn shaders_on_one_driver() {
    shaders::on_one_driver(true);
}

/// The same for kernels that use subgroups.
#[test]
#[ignore = "started by shaders_give_the_portable_bits where a driver's subgroups can be of another size"]
#[cfg(feature = "gpu")]
fn subgroup_shaders_on_one_driver() {
    shaders::on_one_driver(false);
}

#[test]
fn every_split_of_the_tasks_gives_the_same_bits() {
    let mut report = Report::default();
    for map in world().graph_ops() {
        for used in world().uses(map) {
            for variant in world().variants() {
                let Some(k) = kernel(first_build(), &used, variant) else { continue };
                for &mode in used.case.modes.iter().filter(|m| matches!(m, Mode::Plain | Mode::Awkward)) {
                    let operands = Operands::new(&used, mode);
                    let what = |how: &str| format!("{} {mode:?} {how}", k.label);
                    let Some(whole) = report.check(k.full(&operands), || what("whole")) else { continue };
                    let same = |got: Vec<u8>| k.compare(&whole, &got, true);
                    for workers in 2..=4 {
                        let ranges: Vec<_> = (0..workers).map(|i| (i * k.tasks / workers, (i + 1) * k.tasks / workers)).collect();
                        let got = k.ranges(&operands, &ranges, true, workers % 2);
                        report.check(got.and_then(same), || what(&format!("by {workers} workers")));
                    }
                    let uneven = uneven(k.tasks);
                    for slot in k.over(&used) {
                        let got = k.in_place(&operands, slot, &uneven);
                        report.check(got.and_then(same), || what(&format!("over operand {slot} by {uneven:?}")));
                    }
                    if mode == Mode::Plain {
                        let each: Vec<_> = (0..k.tasks).rev().map(|t| (t, t + 1)).collect();
                        let alone = if k.tasks <= 16 { each } else { uneven };
                        report.check(k.one_by_one(&operands, &alone, &whole), || what(&format!("by {alone:?}")));
                    } else {
                        report.check(k.ranges(&operands, &uneven, false, 1).and_then(same), || what(&format!("by {uneven:?}")));
                    }
                }
            }
        }
    }
    report.finish();
}

/// Ranges of very different length, last first; two are empty.
fn uneven(tasks: usize) -> Vec<(usize, usize)> {
    let mut cuts = [0, 0, 1.min(tasks), tasks / 3, tasks - 1, tasks, tasks];
    cuts.sort_unstable();
    let mut ranges: Vec<_> = cuts.windows(2).map(|w| (w[0], w[1])).collect();
    ranges.dedup();
    ranges.reverse();
    ranges
}

#[test]
fn fused_ops_equal_their_chains() {
    let mut report = Report::default();
    for map in world().graph_ops().filter(|m| m.fused.is_some()) {
        for used in world().uses(map) {
            let k = portable(first_build(), &used);
            let unit = first_build().unit(&map.op, "").unwrap_or_else(|| panic!("{used}: not compiled"));
            for &mode in &used.case.modes {
                let operands = Operands::new(&used, mode);
                let chain = by_chain(first_build(), unit, &used, &operands);
                report.check(chain.and_then(|chain| k.compare(&chain, &k.full(&operands)?, false)), || {
                    format!("{} {mode:?} against its chain", k.label)
                });
            }
        }
    }
    report.finish();
}

#[test]
fn portable_kernels_follow_the_law() {
    let mut report = Report::default();
    let missing = law::glibc::missing();
    if let Some(why) = &missing {
        aloud(&format!("laws that take functions from glibc are skipped: {why}"));
    }
    for map in world().graph_ops() {
        for used in world().uses(map) {
            let law = law_of(&used);
            if law.glibc && missing.is_some() {
                continue;
            }
            let k = portable(first_build(), &used);
            for &mode in &used.case.modes {
                let operands = Operands::new(&used, mode);
                let expected = by_law(&law, &used, &operands);
                let got = k.ranges(&operands, &[(0, k.tasks)], false, 0);
                report.check(got.and_then(|got| k.compare(&expected, &got, law.nan_bits)), || format!("{} {mode:?}", k.label));
            }
        }
    }
    report.finish();
}

/// What a table of f16 holds at an index.
type Entry = fn(u16) -> u16;

#[test]
fn tables_follow_the_law() {
    let nan = |v: u16| v & 0x7fff > 0x7c00;
    let tables: [(&str, &str, Entry); 2] =
        [("gelu_tanh", "gelu_f16", |h| law::gelu_table(h, true)), ("gelu_quick", "gelu_quick_f16", law::gelu_quick_table)];
    for (op, name, entry) in tables.into_iter().filter(|(op, ..)| wanted(op)) {
        for build in &world().builds {
            let unit = build.unit(op, "").unwrap_or_else(|| panic!("{op} has a portable kernel"));
            let table = &unit.tables[name];
            assert_eq!(table.len(), 1 << 16);
            for (h, got) in table.iter().enumerate() {
                let expected = entry(h as u16);
                assert!(
                    *got == expected || nan(*got) && nan(expected),
                    "{}: {name} 0x{h:04x} is 0x{got:04x}, not 0x{expected:04x}",
                    build.name
                );
            }
        }
    }
    for h in (0..=u16::MAX).filter(|_| wanted("gelu_tanh")) {
        let unfused = if h == 0xbfff { 0xa9d2 } else { law::gelu_table(h, true) };
        assert!(law::gelu_table(h, false) == unfused || nan(unfused), "without fused steps entry 0x{h:04x} differs");
    }
}

#[test]
fn outputs_are_pinned() {
    let mut pinned = pins::Pins::default();
    for map in world().graph_ops() {
        for used in world().uses(map) {
            let k = portable(first_build(), &used);
            for &mode in &used.case.modes {
                let operands = Operands::new(&used, mode);
                let output = k.ranges(&operands, &[(0, k.tasks)], false, 0).unwrap_or_else(|fault| panic!("{} {mode:?}: {fault}", k.label));
                pinned.add(&used.portable().id.text, &operands.tensors, &k.tensor(&output));
            }
        }
    }
    preprocess::pin(&mut pinned);
    sound::pin(&mut pinned);
    pinned.finish();
}

#[test]
fn preprocessing_follows_the_law() {
    let mut report = Report::default();
    for build in &world().builds {
        preprocess::check(build, &mut report);
        sound::check(build, &mut report);
    }
    report.finish();
}

#[test]
fn vectors_of_real_runs_come_out() {
    let mut report = Report::default();
    vectors::check(&mut report);
    report.finish();
}

#[test]
fn wrong_kernels_are_found() {
    mutants::check();
}

#[test]
fn the_laws_f16_is_that_of_others() {
    for h in 0..=u16::MAX {
        let (ours, theirs) = (law::half::widen(h), half::f16::from_bits(h).to_f32());
        assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "0x{h:04x}");
    }
    let mut random = Random::new("f16");
    for i in 0..200_000u32 {
        // all exponents with their ties, then anything
        let bits =
            if i < 1 << 17 { i << 15 | [0, 1, 0xfff, 0x1000, 0x1001, 0x7fff][random.below(6) as usize] } else { random.below(u32::MAX) };
        let v = f32::from_bits(bits);
        assert_eq!(law::half::round(v), half::f16::from_f32(v).to_bits(), "{v:e} (0x{bits:08x})");
    }
}
