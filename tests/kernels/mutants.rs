//! Kernels made wrong on purpose: the harness must find each of them, by the right complaint.

use std::process::Command;

use isobit::emit::kernel::Instances;

use super::data::Mode;
use super::harness::{Fault, Kernel, Operands, by_law};
use super::library::{self, Use, world};
use super::{first_build, law_of};

/// A kernel whose text is changed in one place.
struct Mutant {
    what: &'static str,
    kernel: &'static str,
    /// Part of the case's text.
    case: &'static str,
    from: &'static str,
    to: &'static str,
    found: fn(&Fault) -> bool,
}

const MUTANTS: [Mutant; 9] = [
    Mutant {
        what: "the tail of the sum is dropped",
        kernel: "linear.f32.vdot16",
        case: "k=7 n=5 m=2",
        from: "x + i * k, k, 16)",
        to: "x + i * k, k / 16 * 16, 16)",
        found: |f| matches!(f, Fault::Values { wrong: 10, of: 10, .. }),
    },
    Mutant {
        what: "a fused step rounds twice",
        kernel: "rope_apply.f32.fma",
        case: "h=3 d=16",
        from: "fmaf(x0, s, x1c)",
        to: "(x0 * s + x1c)",
        found: |f| matches!(f, Fault::Values { .. }),
    },
    Mutant {
        what: "a coefficient of the exponential is off by its last bit",
        kernel: "attention.f32.tile64_exp16",
        case: "m=130 images=2",
        from: "0x1.573e2ep-5f",
        to: "0x1.573e30p-5f",
        found: |f| matches!(f, Fault::Values { .. }),
    },
    Mutant {
        what: "the last column is left out",
        kernel: "add_row.f32.rn",
        case: "n=7 m=2",
        from: "i < N; i++",
        to: "i + 1 < N; i++",
        found: |f| matches!(f, Fault::NotWritten { at } if at == &[0, 6]),
    },
    Mutant {
        what: "the padding of the scratch is not cleared",
        kernel: "linear.f32.dot16",
        case: "k=7 n=5 m=2",
        from: "dst[i] = 0.0f;",
        to: "",
        found: |f| matches!(f, Fault::NotWritten { .. }),
    },
    Mutant {
        what: "the output is shifted by one",
        kernel: "add_row.f32.rn",
        case: "n=7 m=2",
        from: "y[t * N + i] =",
        to: "y[t * N + i + 1] =",
        found: |f| matches!(f, Fault::OutsideOutput { offset: 56 }),
    },
    Mutant {
        what: "more scratch is used than declared",
        kernel: "linear.f32.dot16",
        case: "k=40 n=33 m=64",
        from: "float *weights = scratch;",
        to: "float *weights = (float *)scratch + 1;",
        found: |f| matches!(f, Fault::OutsideScratch { .. }),
    },
    Mutant {
        what: "a range of tasks starts at the first task",
        kernel: "add_row.f32.rn",
        case: "n=7 m=2",
        from: "size_t t = t0;",
        to: "size_t t = t0 * 0;",
        found: |f| matches!(f, Fault::WrittenTwice { .. }),
    },
    Mutant {
        what: "an element is read after its place is written",
        kernel: "add_row.f32.rn",
        case: "n=7 m=2",
        from: "+ r[i];",
        to: "+ (i > 0 ? x[t * N + i - 1] * 0.0f - x[t * N + i - 1] * 0.0f + (x[t * N + i - 1] == y[t * N + i - 1] && x == y ? 1.0f : 0.0f) : 0.0f) + r[i];",
        found: |f| matches!(f, Fault::Values { .. }),
    },
];

/// Reads one element behind its operand, which ends the process.
const OVER_READ: Mutant = Mutant {
    what: "an operand is read beyond its end",
    kernel: "add_row.f32.rn",
    case: "n=7 m=2",
    from: "+ r[i];",
    to: "+ r[i + 1];",
    found: |_| false,
};

const CHILD: &str = "ISOBIT_KERNELS_OVER_READ";

pub fn check() {
    if std::env::var_os(CHILD).is_some() {
        panic!("found by an ordinary check: {:?}", OVER_READ.fault());
    }
    for m in MUTANTS.into_iter().filter(|m| library::wanted(m.kernel.split('.').next().unwrap_or_default())) {
        match m.fault() {
            Some(fault) => assert!((m.found)(&fault), "{} in {}: found, but as: {fault}", m.what, m.kernel),
            None => panic!("{} in {}: not found", m.what, m.kernel),
        }
    }
    if !library::wanted("add_row") {
        return;
    }
    let this = std::env::current_exe().expect("the path of this test");
    let output =
        Command::new(this).args(["--exact", "wrong_kernels_are_found", "--nocapture"]).env(CHILD, "1").output().expect("this test starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_none(), "{} is not noticed: {}\n{said}", OVER_READ.what, output.status);
    assert!(said.contains("outside its operands") && said.contains(OVER_READ.kernel), "the message names the kernel:\n{said}");
}

impl Mutant {
    /// What the checks of the other tests say about it, in their order.
    fn fault(&self) -> Option<Fault> {
        let map = world().graph_ops().find(|m| m.kernels.contains_key(self.kernel)).unwrap_or_else(|| panic!("no kernel {}", self.kernel));
        let def = &map.kernels[self.kernel];
        let fits = |u: &Use| u.case.text.contains(self.case) && u.kernel(&def.id.variant).is_some_and(|k| k.id.text == self.kernel);
        let used = world().uses(map).find(fits).unwrap_or_else(|| panic!("{} has no case {}", self.kernel, self.case));
        let mut instances = Instances::default();
        let symbol = used.instance(world(), &mut instances, def);
        for snippet in &used.portable().shared {
            instances.snippet(&world().maps, snippet, &def.lang).unwrap_or_else(|e| panic!("{}", e.plain()));
        }
        let mut source = library::source(world(), &instances);
        let changed = source.text.replace(self.from, self.to);
        assert_ne!(changed, source.text, "{}: \"{}\" is not in the source any more; change the mutant too", self.kernel, self.from);
        source.text = changed;
        let unit = first_build().load("mutant.c", &source);
        let k = Kernel::new(first_build(), &unit, &used, def, &symbol);
        let operands = Operands::new(&used, Mode::Plain);
        let expected = by_law(&law_of(&used), &used, &operands);
        let each: Vec<_> = (0..k.tasks).rev().map(|t| (t, t + 1)).collect();
        let checks = || {
            let whole = k.full(&operands)?;
            k.compare(&expected, &whole, false)?;
            k.one_by_one(&operands, &each, &whole)?;
            for slot in k.over(&used) {
                k.compare(&expected, &k.in_place(&operands, slot, &[(0, k.tasks)])?, false)?;
            }
            Ok(())
        };
        checks().err()
    }
}
