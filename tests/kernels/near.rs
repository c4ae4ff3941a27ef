//! Classes that promise a bound: their reference is the class that the profile they are compared with takes in C.

use std::collections::BTreeMap;

use isobit::classes::alternatives;
use isobit::expr::Dim;
use isobit::ir::Dtype;
use isobit::maps::{OpMap, Promise, Row};

use super::data::Tensor;
use super::library::{LANG, Use, world};

/// Profile of the classes that bounds are measured against.
const PROFILE: &str = "f32";

/// A use of a class of a bound, the bound, and the accurate use of the same case.
pub struct NearUse<'a> {
    pub used: Use<'a>,
    pub nmse: f64,
    pub accurate: Use<'a>,
}

/// Every class of a bound, row of types and case of an op.
pub fn uses(map: &OpMap) -> impl Iterator<Item = NearUse<'_>> {
    let bounds = map.classes.iter().filter_map(|(class, def)| match def.promise {
        Promise::Nmse(nmse) => Some((class.as_str(), def, nmse)),
        Promise::Bits => None,
    });
    bounds.flat_map(move |(class, def, nmse)| {
        let cases = move |row| world().cases[&map.op].iter().map(move |case| Use { map, class, row, case });
        def.types.iter().flat_map(cases).filter(Use::has_whole_blocks).filter_map(move |used| {
            let accurate = accurate(used);
            accurate.is_for(accurate.case).then_some(NearUse { used, nmse, accurate })
        })
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
    let f32s = |row: &Row, name: &String, d: &Dtype| row[name] == *d || row[name] == Dtype::F32 && is_float(*d);
    let fits = |row: &&Row| used.row.iter().all(|(name, dtype)| f32s(row, name, dtype));
    let same = |row: &&Row| used.row.iter().filter(|(name, d)| row[*name] == **d).count();
    let row = def.types.iter().filter(fits).max_by_key(same).unwrap_or_else(|| panic!("{used}: {class} has no row for these values"));
    Use { class, row, ..used }
}

fn is_float(dtype: Dtype) -> bool {
    dtype.element_bytes().is_some_and(|bytes| bytes == 2)
}

impl NearUse<'_> {
    /// The operands as the accurate kernel takes them.
    pub fn widened(&self, tensors: &[Tensor]) -> Vec<Tensor> {
        let specs = self.accurate.operands();
        let widen = |(t, s): (&Tensor, &super::library::Spec)| match t.dtype == s.dtype {
            true => t.clone(),
            false => Tensor { dtype: s.dtype, dims: t.dims.clone(), bits: t.f32().iter().map(|v| v.to_bits()).collect() },
        };
        tensors.iter().zip(&specs).map(widen).collect()
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
