//! Views: values without bytes of their own, as offset and strides into another value.

use indexmap::IndexMap;

use crate::expr::Dim;
use crate::ir::Attr;
use crate::signature::show;

/// How a value lies in the bytes of its base, in elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub offset: u64,
    /// Per dimension; empty for a value without gaps whose inner dimensions depend on the image.
    pub strides: Vec<u64>,
}

impl Layout {
    /// Row-major without gaps.
    pub fn contiguous(shape: &[Dim]) -> Result<Self, String> {
        let mut strides = vec![1; shape.len()];
        for i in (0..shape.len().saturating_sub(1)).rev() {
            let Some(inner) = shape[i + 1].as_const() else { return Ok(Self { offset: 0, strides: Vec::new() }) };
            strides[i] = inner.checked_mul(strides[i + 1]).ok_or("integer overflow in a stride")?;
        }
        Ok(Self { offset: 0, strides })
    }

    /// Whether the elements follow each other without gaps.
    pub fn is_contiguous(&self, shape: &[Dim]) -> bool {
        if self.strides.is_empty() {
            return true;
        }
        let mut expected = Some(1u64);
        for (stride, d) in self.strides.iter().zip(shape).rev() {
            // the stride of a dimension of one element means nothing
            if d.as_const() == Some(1) {
                continue;
            }
            if expected != Some(*stride) {
                return false;
            }
            expected = d.as_const().and_then(|n| n.checked_mul(*stride));
        }
        true
    }
}

/// The rules there are; maps name one of them.
pub const RULES: [&str; 2] = ["reshape", "slice"];

/// Shape of a view by its rule.
pub fn shape(rule: &str, operands: &[Vec<Dim>], attrs: &IndexMap<String, Attr>) -> Result<Vec<Dim>, String> {
    let [x] = operands else { return Err(format!("a view has one operand, {} given", operands.len())) };
    match rule {
        "reshape" => {
            let want = shape_attr(attrs, "shape")?;
            let product = |s: &[Dim]| s.iter().try_fold(Dim::constant(1), |p, d| p.mul(d)).ok_or("integer overflow");
            if product(x)? != product(&want)? {
                return Err(format!("{} and {} differ in elements", show(x), show(&want)));
            }
            Ok(want)
        }
        "slice" => {
            let (axis, start, length) = slice_attrs(attrs, x.len())?;
            if let (Some(n), Some(end)) = (x[axis].as_const(), start.checked_add(length))
                && end > n
            {
                return Err(format!("the slice [{start}, {end}) leaves dimension {axis} of {}", show(x)));
            }
            let mut out = x.clone();
            out[axis] = Dim::constant(length);
            Ok(out)
        }
        _ => Err(format!("\"{rule}\" is no view rule ({})", RULES.join(", "))),
    }
}

/// Layout of a view from its operand's.
pub fn layout(rule: &str, from: &Layout, x: &[Dim], to: &[Dim], attrs: &IndexMap<String, Attr>) -> Result<Layout, String> {
    if from.strides.len() != x.len() {
        return Err(format!("a view needs static inner dimensions, {} has others", show(x)));
    }
    if rule == "slice" {
        let (axis, start, _) = slice_attrs(attrs, x.len())?;
        let offset =
            start.checked_mul(from.strides[axis]).and_then(|o| o.checked_add(from.offset)).ok_or("integer overflow in an offset")?;
        return Ok(Layout { offset, strides: from.strides.clone() });
    }
    let mut strides = vec![1; to.len()];
    let (mut i, mut j) = (x.len(), to.len());
    // Groups of dimensions with equal products, from the innermost outwards.
    while i > 0 || j > 0 {
        if i == 0 || j == 0 {
            let rest = if i == 0 { &to[..j] } else { &x[..i] };
            if rest.iter().any(|d| d.as_const() != Some(1)) {
                return Err(format!("{} does not reshape to {} without a copy", show(x), show(to)));
            }
            break;
        }
        let (i_end, j_end) = (i, j);
        i -= 1;
        j -= 1;
        let (mut p, mut q) = (x[i].clone(), to[j].clone());
        while p != q {
            if q.div(&p).is_some() && i > 0 {
                i -= 1;
                p = p.mul(&x[i]).ok_or("integer overflow")?;
            } else if p.div(&q).is_some() && j > 0 {
                j -= 1;
                q = q.mul(&to[j]).ok_or("integer overflow")?;
            } else {
                return Err(format!("{} does not reshape to {} without a copy", show(x), show(to)));
            }
        }
        for a in i..i_end - 1 {
            let inner = x[a + 1].as_const().and_then(|n| n.checked_mul(from.strides[a + 1]));
            if inner != Some(from.strides[a]) {
                return Err(format!("dimensions {a} and {} of {} are not adjacent in memory", a + 1, show(x)));
            }
        }
        strides[j_end - 1] = from.strides[i_end - 1];
        for b in (j..j_end - 1).rev() {
            let inner = to[b + 1].as_const().ok_or_else(|| format!("inner dimensions of {} must be static", show(to)))?;
            strides[b] = inner.checked_mul(strides[b + 1]).ok_or("integer overflow in a stride")?;
        }
    }
    Ok(Layout { offset: from.offset, strides })
}

fn shape_attr(attrs: &IndexMap<String, Attr>, name: &str) -> Result<Vec<Dim>, String> {
    match attrs.get(name) {
        Some(Attr::Shape(s)) => Ok(s.clone()),
        _ => Err(format!("the view needs an attribute \"{name}\" of kind shape")),
    }
}

fn slice_attrs(attrs: &IndexMap<String, Attr>, rank: usize) -> Result<(usize, u64, u64), String> {
    let int = |name: &str| match attrs.get(name) {
        Some(Attr::Dim(d)) => d.as_const().ok_or(format!("\"{name}\" must be static")),
        _ => Err(format!("the view needs an attribute \"{name}\" of kind int")),
    };
    let axis = int("axis")? as usize;
    if axis >= rank {
        return Err(format!("there is no dimension {axis}, the value has {rank}"));
    }
    Ok((axis, int("start")?, int("length")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_of_columns_splits_into_heads() {
        let n = Dim::symbol("n");
        let c = |v| Dim::constant(v);
        let whole = Layout::contiguous(&[n.clone(), c(3456)]).unwrap();
        let attrs = IndexMap::from([
            ("axis".to_string(), Attr::Dim(c(1))),
            ("start".to_string(), Attr::Dim(c(1152))),
            ("length".to_string(), Attr::Dim(c(1152))),
        ]);
        let s = layout("slice", &whole, &[n.clone(), c(3456)], &[n.clone(), c(1152)], &attrs).unwrap();
        let h = layout("reshape", &s, &[n.clone(), c(1152)], &[n.clone(), c(16), c(72)], &IndexMap::new()).unwrap();
        assert_eq!(h, Layout { offset: 1152, strides: vec![3456, 72, 1] });
        assert!(!h.is_contiguous(&[n.clone(), c(16), c(72)]));
        // one element more in front does not close the gaps between rows
        let one = layout("reshape", &s, &[n.clone(), c(1152)], &[c(1), n.clone(), c(1152)], &IndexMap::new()).unwrap();
        assert!(!one.is_contiguous(&[c(1), n.clone(), c(1152)]));
        let back = layout("reshape", &h, &[n.clone(), c(16), c(72)], &[n.mul(&c(1152)).unwrap()], &IndexMap::new());
        assert_eq!(back.unwrap_err(), "dimensions 0 and 1 of [n, 16, 72] are not adjacent in memory");
    }

    #[test]
    fn rows_fold_when_the_division_is_exact() {
        let n4 = Dim::symbol("t").mul(&Dim::constant(4)).unwrap();
        let (x, to) = ([n4, Dim::constant(8)], [Dim::symbol("t"), Dim::constant(32)]);
        let l = layout("reshape", &Layout::contiguous(&x).unwrap(), &x, &to, &IndexMap::new()).unwrap();
        assert!(l.is_contiguous(&to));
    }
}
