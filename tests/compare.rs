//! What `compare` says: every place, size and relation on made arrays; measures; sets of taps; causes.

use std::path::Path;

use half::f16;
use isobit::compare::*;
use isobit::files::Files;
use isobit::fuse::Taps;
use isobit::maps::Maps;
use isobit::pipeline::{self, Inputs};
use isobit::sizes::Sizes;
use isobit::taps::{DType, TapSet, TapView, TapWriter};
use isobit::template::Template;
use serde_json::json;

/// Values of mixed size and sign without a pattern.
fn values(n: u64) -> Vec<f32> {
    (0..n).map(|i| ((i.wrapping_mul(0x9E37_79B9) >> 7) % 4001) as f32 / 1000.0 - 2.0).collect()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// The difference after `change` was applied to the left elements with these indices.
fn changed(shape: &[u64], which: impl Fn(&[u64]) -> bool, change: impl Fn(f32) -> f32) -> Difference {
    let right = values(shape.iter().product());
    let left: Vec<f32> = right.iter().enumerate().map(|(i, &v)| if which(&index_of(i as u64, shape)) { change(v) } else { v }).collect();
    difference(DType::F32, shape, &bytes(&left), &bytes(&right)).expect("something was changed")
}

fn steps(first: u64, last: u64, step: u64) -> Steps {
    Steps { first, last, step }
}

fn next_up(v: f32) -> f32 {
    f32::from_bits(v.to_bits() + 1)
}

#[test]
fn places_are_recognised() {
    let add = |v: f32| v + 1.0;
    let place = |shape: &[u64], which: &dyn Fn(&[u64]) -> bool| changed(shape, which, add).place;
    assert_eq!(place(&[40, 72], &|_| true), Place::All);
    assert_eq!(place(&[40, 72], &|i| i == [7, 70]), Place::OneElement);
    assert_eq!(place(&[40, 16, 72], &|i| i[1] == 3), Place::OneHead(3));
    assert_eq!(place(&[1, 16, 72], &|i| i[1] == 3), Place::OneHead(3));
    assert_eq!(place(&[40, 72], &|i| i[1] >= 64), Place::TailLanes(steps(64, 71, 1)));
    assert_eq!(place(&[40, 72], &|i| i[1] == 71), Place::TailLanes(steps(71, 71, 1)));
    assert_eq!(place(&[40, 64], &|i| i[1] >= 60), Place::Columns(steps(60, 63, 1)));
    assert_eq!(place(&[40, 72], &|i| i[0] % 8 == 5), Place::Rows(steps(5, 37, 8)));
    assert_eq!(place(&[40, 72], &|i| (10..20).contains(&i[0])), Place::Rows(steps(10, 19, 1)));
    assert_eq!(place(&[40, 72], &|i| i[0] == 10), Place::Rows(steps(10, 10, 1)));
    assert_eq!(place(&[40, 72], &|i| i[1] % 2 == 1), Place::Columns(steps(1, 71, 2)));
    assert_eq!(place(&[40, 72], &|i| (i[0] * 5 + i[1] * 3) % 7 == 1), Place::Scattered);
    // Too few elements to speak of a stripe.
    assert_eq!(place(&[40, 72], &|i| i == [3, 5] || i == [4, 9]), Place::Scattered);
    assert_eq!(place(&[40, 72], &|i| i == [3, 5] || i == [9, 25] || i == [15, 45]), Place::Scattered);
    assert_eq!(place(&[72], &|i| i[0] < 70), Place::All);
}

#[test]
fn rows_in_another_order_are_recognised() {
    let right = values(40 * 72);
    let mut left = right.clone();
    left[72 * 3..72 * 5].rotate_left(72);
    let d = difference(DType::F32, &[40, 72], &bytes(&left), &bytes(&right)).unwrap();
    assert_eq!((d.place, d.size, d.rows), (Place::RowOrder, Size::Large, Extent { first: 3, last: 4, hit: 2, of: 40 }));
}

#[test]
fn sizes_are_recognised() {
    let d = changed(&[10, 10], |_| true, next_up);
    assert_eq!((d.size, d.max_ulp, d.differing), (Size::LastDigits, 1, 100));
    assert_eq!(d.pattern(), "all, last digits");
    let d = changed(&[10, 10], |i| i == [2, 3], |_| f32::NAN);
    assert_eq!((d.size, d.nonfinite, d.first.as_slice()), (Size::NonFinite, 1, [2, 3].as_slice()));
    assert_eq!(d.pattern(), "one element, inf or NaN");
    assert_eq!(d.max_abs, 0.0);
    let (zero, minus) = (bytes(&[0.0, 1.0, f32::NAN]), bytes(&[-0.0, 1.0, -f32::NAN]));
    let d = difference(DType::F32, &[3], &zero, &minus).unwrap();
    assert_eq!((d.size, d.differing, d.max_ulp), (Size::SameNumbers, 2, 0));
}

#[test]
fn measures_are_those_of_the_books() {
    let d = difference(DType::F32, &[2, 2], &bytes(&[1.0, 2.0, 3.0, 5.0]), &bytes(&[1.0, 2.0, 3.0, 4.0])).unwrap();
    assert_eq!((d.elements, d.differing, d.share(), d.max_abs), (4, 1, 0.25, 1.0));
    assert_eq!((d.mean_abs, d.rmse, d.nmse), (0.25, 0.5, Some(1.0 / 30.0)));
    assert_eq!(d.cosine, Some(34.0 / (39f64.sqrt() * 30f64.sqrt())));
    assert_eq!((d.first, d.first_values, d.max_ulp), (vec![1, 1], [5.0, 4.0], 1 << 21));
    let d = difference(DType::F32, &[1], &bytes(&[1.0]), &bytes(&[0.0])).unwrap();
    assert_eq!((d.cosine, d.nmse), (None, None));
    let across = difference(DType::F32, &[1], &bytes(&[f32::from_bits(2)]), &bytes(&[-f32::from_bits(3)])).unwrap();
    assert_eq!(across.max_ulp, 5);
}

#[test]
fn other_types_are_measured_in_their_own_units() {
    let halves = |v: [f32; 3]| v.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect::<Vec<u8>>();
    let d = difference(DType::F16, &[3], &halves([1.0, 2.0, 3.0]), &halves([1.0, 2.0, 3.001_953_1])).unwrap();
    assert_eq!((d.max_ulp, d.size, d.differing), (1, Size::LastDigits, 1));
    let ints = |v: [i32; 3]| v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let d = difference(DType::I32, &[3], &ints([1, 2, -3]), &ints([1, 2, 3])).unwrap();
    assert_eq!((d.max_ulp, d.max_abs, d.size), (6, 6.0, Size::Large));
}

fn set(dir: &Path, name: &str, taps: &[(&str, &[u64], Vec<f32>)]) -> TapSet {
    let mut writer = TapWriter::create(&dir.join(name), name).unwrap();
    for (label, shape, values) in taps {
        let strides: Vec<u64> = (0..shape.len()).map(|d| 4 * shape[d + 1..].iter().product::<u64>()).collect();
        let data = bytes(values);
        let view = TapView::strided(label, "add", "add.f32.rn", DType::F32, shape, &strides, &data).unwrap();
        writer.write(&view).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn the_first_difference_is_found_in_left_order() {
    let dir = tempfile::tempdir().unwrap();
    let v = values(6);
    let mut w = v.clone();
    w[4] = next_up(w[4]);
    let one: &[u64] = &[2, 3];
    let left = set(
        dir.path(),
        "left",
        &[("a", one, v.clone()), ("b", &[6], v.clone()), ("c", one, w.clone()), ("d", &[6], v.clone()), ("x", &[6], v.clone())],
    );
    let right = set(
        dir.path(),
        "right",
        &[("d", &[6], w), ("c", &[1, 2, 3], v.clone()), ("y", &[6], v.clone()), ("b", one, v.clone()), ("a", one, v.clone())],
    );
    let c = compare(&left, &right).unwrap();
    assert_eq!(c.first_different().unwrap().label, "c");
    assert_eq!(c.last_equal().unwrap().label, "b");
    assert_eq!((c.only_left.as_slice(), c.only_right.as_slice()), (["x".to_string()].as_slice(), ["y".to_string()].as_slice()));
    assert_eq!((c.taps[1].other_shape.as_deref(), c.taps[2].other_shape.as_deref()), (Some(one), None));
    let report = reported(c);
    let text = report.text(1, Paint(false));
    for part in [
        "1 more values differ",
        "last equal:      b",
        "first different: c\nop:              add\nkernel:          add.f32.rn, class rn",
        "only right: 1 value(s): y",
        "one element, last digits",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    let json = report.json();
    assert_eq!(json["first_different"], "c");
    assert_eq!(json["taps"][2]["first"], json!([1, 1]));
    assert_eq!(json["taps"][0]["outcome"], "equal");
}

#[test]
fn equal_and_incomparable_sets_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let a = set(dir.path(), "a", &[("a", &[6], values(6))]);
    let b = set(dir.path(), "b", &[("a", &[5], values(5))]);
    let none = set(dir.path(), "none", &[("z", &[5], values(5))]);
    let same = compare(&a, &a).unwrap();
    let text = reported(same).text(9, Paint(false));
    assert!(text.contains("1 values, all bits equal"), "{text}");
    let report = reported(compare(&a, &b).unwrap());
    let text = report.text(9, Paint(false));
    assert!(!report.is_equal() && text.contains("not comparable:  shape [6] against [5]"), "{text}");
    assert_eq!(compare(&a, &none).unwrap_err().code(), "compare-nothing");
}

fn maps() -> Maps {
    Maps::load(Files::kernel_maps(None).unwrap()).unwrap()
}

/// A report without a build.
fn reported(comparison: Comparison) -> Report {
    let (maps, cells) = (maps(), Cells::default());
    let causes = Causes::read(&maps.files).unwrap();
    Report::new(comparison, None, &Knowledge { maps: &maps, causes: &causes, cells: &cells, segments: None })
}

/// The difference of a left array made from the right one by index.
fn made(shape: &[u64], left: impl Fn(&[u64], &dyn Fn(&[u64]) -> f32) -> f32) -> Difference {
    let right = values(shape.iter().product());
    let at = |index: &[u64]| right[index.iter().zip(shape).fold(0, |p, (i, n)| p * n + i) as usize];
    let left: Vec<f32> = (0..right.len()).map(|i| left(&index_of(i as u64, shape), &at)).collect();
    difference(DType::F32, shape, &bytes(&left), &bytes(&right)).expect("something was changed")
}

#[test]
fn orders_are_told_apart() {
    type Left<'a> = &'a dyn Fn(&[u64], &dyn Fn(&[u64]) -> f32) -> f32;
    let place = |shape: &[u64], left: Left| made(shape, left).place;
    assert_eq!(place(&[12, 8], &|i, at| at(&[(i[0] + 5) % 12, i[1]])), Place::RowOrder);
    assert_eq!(place(&[12, 4, 8], &|i, at| at(&[11 - i[0], i[1], i[2]])), Place::RowOrder, "tokens with their heads");
    assert_eq!(place(&[12, 4, 8], &|i, at| at(&[i[0], 3 - i[1], i[2]])), Place::ColumnOrder, "heads");
    assert_eq!(place(&[12, 9], &|i, at| at(&[i[0], 2 - i[1] / 3 + i[1] % 3 * 3])), Place::ColumnOrder, "interleaved planes");
    assert_eq!(place(&[12, 8], &|i, at| at(&[i[0], i[1] ^ 4])), Place::ColumnOrder);
    assert_eq!(place(&[12, 12], &|i, at| at(&[i[1], i[0]])), Place::ElementOrder, "transposed");
    assert_eq!(place(&[40, 72], &|i, at| at(i) + f32::from(u8::from([3, 7, 9, 10, 31].contains(&i[0])))), Place::SomeRows(5));
}

#[test]
fn simple_relations_are_found() {
    let relation = |left: &dyn Fn(&[u64], f32) -> f32| made(&[40, 72], |i, at| left(i, at(i))).relation.map(|r| r.word());
    let number = |i: u64| 1.5 + (i % 5) as f32;
    assert!(matches!(made(&[40, 72], |i, at| at(i) * 0.125).relation, Some(Relation::Scale(c)) if (c - 0.125).abs() < 1e-6));
    assert!(matches!(made(&[40, 72], |i, at| at(i) + 3.0).relation, Some(Relation::Offset(c)) if (c - 3.0).abs() < 1e-6));
    assert_eq!(relation(&|_, v| -v), Some("constant ratio"));
    assert_eq!(relation(&|i, v| v * number(i[1])), Some("ratio per column"));
    assert_eq!(relation(&|i, v| v * number(i[0])), Some("ratio per row"));
    assert_eq!(relation(&|i, v| v + number(i[1])), Some("offset per column"));
    assert_eq!(relation(&|i, v| v + number(i[0])), Some("offset per row"));
    assert_eq!(relation(&|i, v| v * v + number(i[0] * i[1])), None);
    assert_eq!(relation(&|_, _| 0.0), None, "nothing on one side is no ratio");
    assert_eq!(relation(&|_, v| next_up(v)), None, "last digits are no relation");
}

#[test]
fn causes_follow_pattern_op_and_class() {
    let maps = maps();
    let causes = Causes::read(&maps.files).unwrap();
    let unknown: Vec<&str> = causes.ops().filter(|op| maps.op(op).is_none()).collect();
    assert!(unknown.is_empty(), "causes name ops that do not exist: {unknown:?}");
    let first = |d: &Difference, op: &str| causes.of(d, op, "").first().cloned().unwrap_or_default();
    let digits = made(&[40, 72], |i, at| next_up(at(i)));
    assert!(first(&digits, "linear").contains("lane count"), "{}", first(&digits, "linear"));
    let few = made(&[40, 72], |i, at| if (i[0] * 5 + i[1] * 3) % 7 == 1 { next_up(at(i)) } else { at(i) });
    assert!(first(&few, "gelu_tanh").contains("table against formula"), "{}", first(&few, "gelu_tanh"));
    let bias = made(&[40, 72], |i, at| at(i) + (i[1] % 5) as f32);
    assert!(first(&bias, "add_row").contains("bias"), "{}", first(&bias, "add_row"));
    let scale = made(&[40, 72], |i, at| at(i) * 8.0);
    assert!(first(&scale, "attention").contains("scale"), "{}", first(&scale, "attention"));
    let turned = made(&[40, 72], |i, at| at(&[39 - i[0], i[1]]));
    assert!(first(&turned, "grid_merge").contains("another order"), "{}", first(&turned, "grid_merge"));
    let planes = made(&[40, 72], |i, at| at(&[i[0], 71 - i[1]]));
    assert!(first(&planes, "im2col").contains("RGB"), "{}", first(&planes, "im2col"));
    let head = made(&[40, 4, 8], |i, at| at(i) + f32::from(u8::from(i[1] == 2)));
    assert!(first(&head, "unheard_of").contains("one head"), "{}", first(&head, "unheard_of"));
    let nan = made(&[40, 72], |i, at| if i[0] == 3 { f32::NAN } else { at(i) });
    assert!(first(&nan, "attention").contains("masked"), "{}", first(&nan, "attention"));
    let tail = made(&[40, 70], |i, at| at(i) + f32::from(u8::from(i[1] >= 64)));
    assert!(first(&tail, "unheard_of").contains("tail"), "{}", first(&tail, "unheard_of"));
}

#[test]
fn segments_reach_from_known_values_to_the_next() {
    let text = std::fs::read_to_string("templates/qwen3_vl_vision.json").unwrap();
    let template = Template::parse("template", &text).unwrap();
    let sizes = Sizes::of_preset(&template, Some("tiny"), "f16").unwrap();
    let maps = maps();
    let (profile, target) = (maps.profile("ggml-avx2").unwrap(), maps.target("c").unwrap());
    let inputs = Inputs { template: &template, sizes: &sizes, maps: &maps, profile: &profile, target: &target, taps: Taps::Every };
    let plan = pipeline::compile(&inputs).unwrap();
    for step in &plan.steps {
        let node = plan.graph.node(step.node);
        assert!(node.tap.is_some(), "{} has a tap", node.name);
    }
    let ops = |segments: &Segments, tap: &str| {
        let s = segments.of(segments.tap(tap).unwrap());
        (s.ops(), s.operands.join(" "), s.from_input)
    };
    let text = |ops: &str, operands: &str, from_input| (ops.to_string(), operands.to_string(), from_input);

    // every value is known: an op each
    let all = Segments::new(&plan, |_| true);
    assert_eq!(ops(&all, "kqv_out-0"), text("attention", "Qcur_rope-0 k_rope-0.f16 v-0.f16", false));
    assert_eq!(ops(&all, "Kcur-0"), text("linear_bias", "ln1-0.f16 v.blk.0.attn_qkv.weight v.blk.0.attn_qkv.bias", false));
    // those that another program names
    let named = ["patch_bias", "ln1-0", "Qcur-0", "Kcur-0", "Vcur-0", "Qcur_rope-0", "Kcur_rope-0", "kqv_out-0"];
    let some = Segments::new(&plan, |tap| named.contains(&tap));
    assert_eq!(ops(&some, "kqv_out-0"), text("cast_f16, cast_f16, attention", "Vcur-0 Qcur_rope-0 Kcur_rope-0", false));
    assert_eq!(ops(&some, "Qcur_rope-0"), text("grid_positions, rope_angles, rope_apply", "Qcur-0", false));
    assert_eq!(ops(&some, "Kcur-0").0, "cast_f16, linear_bias");
    let first = ops(&some, "patch_bias");
    assert!(first.2 && first.0.starts_with("im2col, grid_merge"), "{first:?}");
    let with_pixels = Segments::new(&plan, |tap| named.contains(&tap) || tap == "pixels");
    assert!(!ops(&with_pixels, "patch_bias").2);
}

#[test]
fn a_page_holds_what_it_is_given_as_text() {
    let dir = tempfile::tempdir().unwrap();
    let v = values(6);
    let w: Vec<f32> = v.iter().map(|x| x + 1.0).collect();
    let left = set(dir.path(), "<script>alert(1)</script>", &[("a", &[6], v.clone()), ("b & c", &[6], v)]);
    let right = TapSet { source: "<b>".to_string(), ..set(dir.path(), "right", &[("a", &[6], w.clone()), ("b & c", &[6], w)]) };
    let page = isobit::report::page(&reported(compare(&left, &right).unwrap()), None).unwrap();
    assert!(!page.contains("<script") && !page.contains("<b>right") && page.contains("&lt;b&gt;") && page.contains("b &amp; c"));
    assert!(page.contains("constant offset") && !page.contains("Memory:"));
}

#[test]
fn damaged_tables_of_causes_say_where() {
    let read = |text: &str| {
        let files = Files::from_texts("maps", [("causes/causes.json".to_string(), text.to_string())].into());
        Causes::read(&files).err().map(|e| e.plain())
    };
    assert_eq!(read(r#"{"doc": "d", "causes": [{"cause": "c"}]}"#), None);
    let wrong = read(r#"{"doc": "d", "causes": [{"place": ["somewhere"], "cause": "c"}]}"#).unwrap();
    assert!(wrong.contains("map-cause") && wrong.contains("\"somewhere\" is no place"), "{wrong}");
    assert!(read(r#"{"doc": "d", "causes": [{"place": ["all"]}]}"#).unwrap().contains("cause"));
    assert!(Causes::read(&Files::from_texts("maps", Default::default())).is_ok(), "maps may have no table");
}

#[test]
fn cells_are_told_from_a_table_of_positions() {
    let pairs: [[i32; 2]; 8] = [[0, 0], [0, 1], [1, 0], [1, 1], [0, 2], [0, 3], [1, 2], [1, 3]];
    let bytes: Vec<u8> = pairs.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
    let cells = Cells::read(&[8, 2], &bytes).unwrap();
    assert_eq!(cells.cell(6, 8).unwrap().to_string(), "row 1, column 2 of 2 x 4 cells");
    assert_eq!(cells.cell(1, 2), Some(Cell { row: 0, column: 2, rows: 2, columns: 4 }), "a merged token begins at its first cell");
    assert_eq!((cells.cell(0, 3), cells.cell(0, 16), cells.cell(8, 8)), (None, None, None));
    assert!(Cells::read(&[4, 4], &bytes).is_none() && Cells::read(&[1, 2], &[0xff; 8]).is_none());
}
