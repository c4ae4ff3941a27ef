//! Classes that promise a bound: their reference are the classes that the profile they are compared with takes in C, for a fused op those
//! of its chain.

use std::collections::BTreeMap;

use isobit::classes::alternatives;
use isobit::expr::Dim;
use isobit::ir::Dtype;
use isobit::maps::{OpMap, Promise, Row};

use super::data::Tensor;
use super::harness::{Fault, Kernel, Operands};
use super::library::{Build, LANG, Spec, Use, world};

/// Profile of the classes that bounds are measured against.
const PROFILE: &str = "f32";

/// A use of a class of a bound, and the bound.
pub struct NearUse<'a> {
    pub used: Use<'a>,
    pub nmse: f64,
}

/// Every class of a bound, row of types and case of an op.
pub fn uses(map: &OpMap) -> impl Iterator<Item = NearUse<'_>> {
    let bounds = map.classes.iter().filter_map(|(class, def)| match def.promise {
        Promise::Nmse(nmse) => Some((class.as_str(), def, nmse)),
        Promise::Bits => None,
    });
    bounds.flat_map(move |(class, def, nmse)| {
        let cases = move |row| world().cases[&map.op].iter().map(move |case| Use { map, class, row, case });
        let uses = def.types.iter().flat_map(cases).filter(Use::has_whole_blocks);
        // a case for some classes only is one for the accurate class
        let fits = |used: &Use| used.case.only.is_empty() || map.fused.is_none() && accurate(*used).is_for(used.case);
        uses.filter(fits).map(move |used| NearUse { used, nmse })
    })
}

/// The class that the accurate profile has for this use, in the row that differs only by what f32 can stand for.
fn accurate(used: Use<'_>) -> Use<'_> {
    let profile = world().maps.profile(PROFILE).unwrap_or_else(|e| panic!("{}", e.plain()));
    let bound: BTreeMap<String, Dim> = used.case.dims.iter().map(|(n, v)| (n.clone(), Dim::constant(*v))).collect();
    let types: Vec<Option<Dtype>> = used.operands().iter().map(|s| Some(s.dtype)).collect();
    let found = alternatives(&world().maps, &profile, LANG, &used.map.op, &bound, &types, &used.map.at);
    let class = found.unwrap_or_else(|e| panic!("{}", e.plain())).remove(0).class;
    let (class, def) = used.map.classes.get_key_value(&class).unwrap_or_else(|| panic!("{used}: no class {class}"));
    let stands_for = |row: &Row, name: &String, d: &Dtype| row[name] == *d || row[name] == Dtype::F32 && d.element_bytes() != Some(4);
    let fits = |row: &&Row| used.row.iter().all(|(name, dtype)| stands_for(row, name, dtype));
    let same = |row: &&Row| used.row.iter().filter(|(name, d)| row[*name] == **d).count();
    let row = def.types.iter().filter(fits).max_by_key(same).unwrap_or_else(|| panic!("{used}: {class} has no row for these values"));
    Use { class, row, ..used }
}

/// Calls `each` with the accurate uses that give a use's reference, in order.
pub fn accurate_links<E>(used: &Use, mut each: impl FnMut(&Use) -> Result<(), E>) -> Result<(), E> {
    match used.map.fused {
        None => each(&accurate(*used)),
        Some(_) => used.chain(world()).iter().try_for_each(|(map, class, row, case)| each(&accurate(Use { map, class, row, case }))),
    }
}

impl NearUse<'_> {
    /// The result of the accurate kernels.
    pub fn expected(&self, build: &Build, tensors: &[Tensor]) -> Result<Tensor, Fault> {
        let unit = build.unit(&self.used.map.op, "").unwrap_or_else(|| panic!("{}: not compiled", self.used));
        let (mut rest, mut last) = (tensors.iter().cloned(), None);
        accurate_links(&self.used, |link| {
            let specs = link.operands();
            let given = last.take().into_iter().chain(rest.by_ref()).take(specs.len());
            let given: Vec<Tensor> = given.zip(&specs).map(|(t, s)| widened(t, s)).collect();
            let def = link.portable();
            let kernel = Kernel::new(build, unit, link, def, &link.instance(world(), &mut Default::default(), def));
            last = Some(kernel.tensor(&kernel.full(&Operands::of(given, &specs))?));
            Ok(())
        })?;
        Ok(last.unwrap_or_else(|| panic!("{}: an empty chain", self.used)))
    }

    /// Squared error over the reference's squares; what is not finite is infinitely far.
    pub fn nmse(&self, expected: &Tensor, got: &Tensor) -> f64 {
        let (expected, got) = (expected.f32(), got.f32());
        let sum = |f: &dyn Fn(f64, f64) -> f64| expected.iter().zip(&got).map(|(e, g)| f(f64::from(*e), f64::from(*g))).sum::<f64>();
        let (error, squares) = (sum(&|e, g| (e - g) * (e - g)), sum(&|e, _| e * e));
        match error.is_finite() && squares > 0.0 {
            true => error / squares,
            false if error == 0.0 => 0.0,
            false => f64::INFINITY,
        }
    }
}

/// A tensor as the accurate kernel takes it.
fn widened(t: Tensor, spec: &Spec) -> Tensor {
    match t.dtype == spec.dtype {
        true => t,
        false => Tensor { dtype: spec.dtype, dims: t.dims.clone(), bits: t.f32().iter().map(|v| v.to_bits()).collect() },
    }
}
