//! Tap sets: a directory with one `.npy` per named intermediate value and `taps.json`, their list in graph order.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::atomic::{folder_of, temporary, write_atomic};
use crate::diagnostic::{Diagnostic, Result, Source};
use crate::host::npy::{self, Array};

/// File that lists the taps of a set.
pub const INDEX: &str = "taps.json";

/// Element types that a tap can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    F32,
    F16,
    Bf16,
    I32,
    U8,
}

impl DType {
    pub const ALL: [Self; 5] = [Self::F32, Self::F16, Self::Bf16, Self::I32, Self::U8];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == text)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::I32 => "i32",
            Self::U8 => "u8",
        }
    }

    pub fn size(self) -> usize {
        match self {
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::U8 => 1,
        }
    }

    /// The type string of the `.npy` format, which has none for bf16: its bits stand there as integers.
    pub fn npy(self) -> &'static str {
        match self {
            Self::F32 => "<f4",
            Self::F16 => "<f2",
            Self::Bf16 => "<u2",
            Self::I32 => "<i4",
            Self::U8 => "|u1",
        }
    }
}

/// Elements of a shape; none when the product overflows. A shape without dimensions is one element.
pub fn element_count(shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d))
}

/// A value as the encoder holds it while it runs: possibly strided, valid only during the callback.
#[derive(Debug)]
pub struct TapView<'a> {
    pub name: &'a str,
    pub op: &'a str,
    pub kernel: &'a str,
    pub dtype: DType,
    /// Row-major: the last dimension varies fastest.
    pub shape: &'a [u64],
    /// Bytes from one index to the next, per dimension.
    stride: &'a [u64],
    data: Data<'a>,
}

#[derive(Debug)]
enum Data<'a> {
    Read(&'a [u8]),
    Write(&'a mut [u8]),
}

impl Deref for Data<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Read(d) => d,
            Self::Write(d) => d,
        }
    }
}

impl<'a> TapView<'a> {
    /// A strided view; `data` starts at the element with all indices zero and must reach the last element.
    pub fn strided(
        name: &'a str,
        op: &'a str,
        kernel: &'a str,
        dtype: DType,
        shape: &'a [u64],
        stride: &'a [u64],
        data: &'a [u8],
    ) -> Result<Self> {
        Self::over(name, op, kernel, dtype, shape, stride, Data::Read(data))
    }

    /// The same over bytes that may be changed: those of an encoder that is running.
    pub fn live(
        name: &'a str,
        op: &'a str,
        kernel: &'a str,
        dtype: DType,
        shape: &'a [u64],
        stride: &'a [u64],
        data: &'a mut [u8],
    ) -> Result<Self> {
        Self::over(name, op, kernel, dtype, shape, stride, Data::Write(data))
    }

    fn over(
        name: &'a str,
        op: &'a str,
        kernel: &'a str,
        dtype: DType,
        shape: &'a [u64],
        stride: &'a [u64],
        data: Data<'a>,
    ) -> Result<Self> {
        let needed = span(dtype, shape, stride);
        if shape.len() != stride.len() || needed.is_none_or(|n| n > data.len() as u64) {
            let fact = format!("shape {shape:?}, strides {stride:?} bytes, {} bytes of data", data.len());
            return Err(Diagnostic::new("tap-extent", format!("the value {name} reaches past its data")).fact(fact));
        }
        Ok(Self { name, op, kernel, dtype, shape, stride, data })
    }

    /// The elements in row-major order without gaps; copied only if the view has gaps.
    pub fn contiguous(&self) -> Cow<'_, [u8]> {
        let count = element_count(self.shape).unwrap_or(0) as usize * self.dtype.size();
        let (run, outer) = self.runs();
        if outer == 0 || count == 0 {
            return Cow::Borrowed(&self.data[..count]);
        }
        let mut out = Vec::with_capacity(count);
        self.each_run(outer, |at| out.extend_from_slice(&self.data[at..at + run]));
        Cow::Owned(out)
    }

    /// The value's entry in a list of taps, without a file.
    pub fn describe(&self) -> Tap {
        let (name, occurrence) = split_label(self.name);
        Tap {
            name: name.to_string(),
            occurrence,
            op: self.op.to_string(),
            kernel: self.kernel.to_string(),
            dtype: self.dtype,
            shape: self.shape.to_vec(),
            file: String::new(),
        }
    }

    /// Writes other elements over the value, row-major: later steps of the running encoder then read these.
    pub fn overwrite(&mut self, elements: &[u8]) -> Result<()> {
        let count = element_count(self.shape).unwrap_or(0) as usize * self.dtype.size();
        let fail = |why: String| Diagnostic::new("tap-overwrite", format!("the value {} cannot be replaced: {why}", self.name));
        if elements.len() != count {
            return Err(fail(format!("it has {count} bytes, not {}", elements.len())));
        }
        let (run, outer) = self.runs();
        let mut places = Vec::with_capacity(count / run.max(1));
        match (outer, count) {
            (_, 0) => {}
            (0, _) => places.push(0),
            _ => self.each_run(outer, |at| places.push(at)),
        }
        let Data::Write(data) = &mut self.data else { return Err(fail("it is a copy".to_string())) };
        for (at, piece) in places.into_iter().zip(elements.chunks(run.max(1))) {
            data[at..at + run].copy_from_slice(piece);
        }
        Ok(())
    }

    /// Bytes of the trailing dimensions that lie without gaps, and how many dimensions are left before them.
    fn runs(&self) -> (usize, usize) {
        let mut run = self.dtype.size() as u64;
        let mut outer = self.shape.len();
        while outer > 0 && (self.stride[outer - 1] == run || self.shape[outer - 1] == 1) {
            run *= self.shape[outer - 1];
            outer -= 1;
        }
        (run as usize, outer)
    }

    /// Calls with the byte offset of each run over the first `outer` dimensions, which have elements.
    fn each_run(&self, outer: usize, mut call: impl FnMut(usize)) {
        let (shape, stride) = (&self.shape[..outer], &self.stride[..outer]);
        let mut index = vec![0u64; outer];
        let mut at = 0u64;
        loop {
            call(at as usize);
            let mut d = outer;
            loop {
                if d == 0 {
                    return;
                }
                d -= 1;
                index[d] += 1;
                at += stride[d];
                if index[d] < shape[d] {
                    break;
                }
                at -= index[d] * stride[d];
                index[d] = 0;
            }
        }
    }
}

/// Bytes from the first to the end of the last element of a strided view.
pub(crate) fn span(dtype: DType, shape: &[u64], stride: &[u64]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().zip(stride).try_fold(dtype.size() as u64, |sum, (&n, &s)| sum.checked_add((n - 1).checked_mul(s)?))
}

/// One entry of `taps.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tap {
    /// Name without the `#k` suffix.
    pub name: String,
    /// 1 for the first value of this name, 2 for the second, in execution order of the encoder location.
    pub occurrence: u32,
    pub op: String,
    pub kernel: String,
    pub dtype: DType,
    pub shape: Vec<u64>,
    pub file: String,
}

impl Tap {
    /// `norm_w-8` for the first occurrence, `norm_w-8#2` for the second.
    pub fn label(&self) -> String {
        if self.occurrence == 1 { self.name.clone() } else { format!("{}#{}", self.name, self.occurrence) }
    }

    fn line(&self) -> String {
        json!({
            "name": self.name, "occurrence": self.occurrence, "op": self.op, "kernel": self.kernel,
            "dtype": self.dtype.name(), "shape": self.shape, "file": self.file,
        })
        .to_string()
    }
}

/// Splits `norm_w-8#2` into name and occurrence; a name without suffix is the first.
fn split_label(label: &str) -> (&str, u32) {
    match label.rsplit_once('#') {
        Some((name, k)) if !name.is_empty() => k.parse().ok().filter(|&k| k > 0).map_or((label, 1), |k| (name, k)),
        _ => (label, 1),
    }
}

/// Writes a tap set value by value; nothing is visible under the final name before `finish`.
#[derive(Debug)]
pub struct TapWriter {
    dir: TempDir,
    target: PathBuf,
    source: String,
    taps: Vec<Tap>,
    seen: HashSet<(String, u32)>,
}

impl TapWriter {
    /// `source` says in one line who computed the values. An existing tap set of that name is replaced at the end.
    pub fn create(target: &Path, source: impl Into<String>) -> Result<Self> {
        let fail = |message: String| Diagnostic::new("taps-unwritable", message).in_file(target);
        if target.exists() {
            let ours = |name: &str| name == INDEX || name.ends_with(".npy");
            let entries = fs::read_dir(target).map_err(|e| fail(format!("the path exists and is no directory: {e}")))?;
            if let Some(other) = entries.flatten().find(|e| !e.file_name().to_str().is_some_and(ours)) {
                let fact = format!("it holds {}", other.file_name().display());
                return Err(fail("the directory exists and is no tap set".to_string())
                    .fact(fact)
                    .help("name a new directory, or remove what is there"));
            }
        }
        let parent = folder_of(target);
        fs::create_dir_all(parent).map_err(|e| fail(format!("cannot create {}: {e}", parent.display())))?;
        let dir = temporary().tempdir_in(parent).map_err(|e| fail(format!("cannot write in {}: {e}", parent.display())))?;
        Ok(Self { dir, target: target.to_path_buf(), source: source.into(), taps: Vec::new(), seen: HashSet::new() })
    }

    /// Appends one value; its place in the list is the order of calls.
    pub fn write(&mut self, tap: &TapView<'_>) -> Result<()> {
        let entry = tap.describe();
        if !self.seen.insert((entry.name.clone(), entry.occurrence)) {
            let message = format!("the value {} was written twice", tap.name);
            return Err(Diagnostic::new("tap-duplicate", message).in_file(&self.target));
        }
        let file = format!("{:04}_{}.npy", self.taps.len() + 1, file_stem(tap.name));
        let path = self.dir.path().join(&file);
        let data = tap.contiguous();
        let attempt = || -> std::io::Result<()> {
            let mut out = BufWriter::new(File::create(&path)?);
            npy::write_header(&mut out, tap.dtype, tap.shape)?;
            out.write_all(&data)?;
            out.flush()
        };
        attempt().map_err(|e| {
            let message = format!("cannot write the value {}: {e}", tap.name);
            let needs = format!("{} bytes for this value, {} values written before", data.len(), self.taps.len());
            Diagnostic::new("taps-unwritable", message).in_file(&self.target.join(&file)).fact(needs)
        })?;
        self.taps.push(Tap { file, ..entry });
        Ok(())
    }

    /// Appends an array that is no tap of a kernel: f32, row-major without gaps.
    pub fn write_f32(&mut self, tap: &Tap, values: &[f32]) -> Result<()> {
        let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let mut stride = vec![4u64; tap.shape.len()];
        for i in (1..tap.shape.len()).rev() {
            stride[i - 1] = stride[i].saturating_mul(tap.shape[i]);
        }
        self.write(&TapView::strided(&tap.label(), &tap.op, &tap.kernel, DType::F32, &tap.shape, &stride, &data)?)
    }

    pub fn len(&self) -> usize {
        self.taps.len()
    }

    pub fn is_empty(&self) -> bool {
        self.taps.is_empty()
    }

    /// Writes the list and gives the directory its final name.
    pub fn finish(self) -> Result<TapSet> {
        write_atomic(&self.dir.path().join(INDEX), |out| out.write_all(index_text(&self.source, &self.taps).as_bytes()))?;
        let fail =
            |e: std::io::Error| Diagnostic::new("taps-unwritable", format!("cannot rename the finished set: {e}")).in_file(&self.target);
        // A directory cannot be renamed over one that has files: the old one steps aside first.
        let old = self.target.exists().then(|| temporary().tempdir_in(folder_of(&self.target))).transpose().map_err(fail)?;
        if let Some(old) = &old {
            fs::rename(&self.target, old.path().join("old")).map_err(fail)?;
        }
        if let Err(e) = fs::rename(self.dir.path(), &self.target) {
            if let Some(old) = &old {
                let _ = fs::rename(old.path().join("old"), &self.target);
            }
            return Err(fail(e));
        }
        let _ = self.dir.keep(); // moved: nothing is left to delete under the temporary name
        Ok(TapSet { dir: self.target, source: self.source, taps: self.taps })
    }
}

/// The list as JSON with one tap per line.
fn index_text(source: &str, taps: &[Tap]) -> String {
    let lines: Vec<String> = taps.iter().map(|t| format!("  {}", t.line())).collect();
    format!("{{\"source\": {}, \"taps\": [\n{}\n]}}\n", json!(source), lines.join(",\n"))
}

/// A name as part of a file name: other characters than letters, digits, `-`, `_` and `.` become `_`.
fn file_stem(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    name.chars().map(plain).take(80).collect()
}

/// A tap set on disk; values are read one at a time.
#[derive(Debug, Clone)]
pub struct TapSet {
    pub dir: PathBuf,
    pub source: String,
    pub taps: Vec<Tap>,
}

impl TapSet {
    /// Reads the list and checks every file's header, type, shape and length against it.
    pub fn open(dir: &Path) -> Result<Self> {
        let path = dir.join(INDEX);
        let text = fs::read_to_string(&path).map_err(|e| {
            Diagnostic::new("taps-unreadable", format!("cannot read the list of taps: {e}"))
                .in_file(&path)
                .help("name a directory that a run with taps has written")
        })?;
        let set = Self::parse(dir, &path, &text)?;
        for tap in &set.taps {
            set.array(tap)?;
        }
        Ok(set)
    }

    fn parse(dir: &Path, path: &Path, text: &str) -> Result<Self> {
        let root: Value = serde_json::from_str(text).map_err(|e| {
            let before: usize = text.split_inclusive('\n').take(e.line().saturating_sub(1)).map(str::len).sum();
            let at = (before + e.column().saturating_sub(1)).min(text.len());
            let source = Source::new(path.display().to_string(), text);
            Diagnostic::new("taps-malformed", format!("not valid JSON: {e}")).at(&source, at..at, "", "here")
        })?;
        let fail = |at: String, message: String| Diagnostic::new("taps-malformed", format!("{at}: {message}")).in_file(path);
        let [source, taps] = fields(&root, ["source", "taps"]).map_err(|e| fail("/".to_string(), e))?;
        let source = source.as_str().ok_or_else(|| fail("/source".to_string(), "not a string".to_string()))?;
        let taps = taps.as_array().ok_or_else(|| fail("/taps".to_string(), "not a list".to_string()))?;
        let mut places: HashMap<(String, u32), usize> = HashMap::new();
        let mut list = Vec::with_capacity(taps.len());
        for (i, entry) in taps.iter().enumerate() {
            let tap = parse_tap(entry).map_err(|e| fail(format!("/taps/{i}"), e))?;
            if let Some(first) = places.insert((tap.name.clone(), tap.occurrence), i) {
                return Err(fail(format!("/taps/{i}"), format!("{} is listed before as /taps/{first}", tap.label())));
            }
            list.push(tap);
        }
        Ok(Self { dir: dir.to_path_buf(), source: source.to_string(), taps: list })
    }

    fn array(&self, tap: &Tap) -> Result<Array> {
        let path = self.dir.join(&tap.file);
        let array = Array::open(&path)?;
        if (array.dtype, &array.shape) != (tap.dtype, &tap.shape) {
            return Err(Diagnostic::new("taps-mismatch", format!("the array of {} is not what the list says", tap.label()))
                .in_file(&path)
                .fact(format!("{INDEX}: {} {:?}", tap.dtype.name(), tap.shape))
                .fact(format!("file: {} {:?}", array.dtype.name(), array.shape)));
        }
        Ok(array)
    }

    /// The elements of one value as little-endian bytes, row-major.
    pub fn read(&self, tap: &Tap) -> Result<Vec<u8>> {
        self.array(tap)?.read(&self.dir.join(&tap.file))
    }

    /// Finds a value by `name` or `name#k`.
    pub fn find(&self, label: &str) -> Option<&Tap> {
        let (name, occurrence) = split_label(label);
        self.taps.iter().find(|t| t.name == name && t.occurrence == occurrence)
    }
}

/// The values of exactly these keys of an object.
fn fields<'a, const N: usize>(value: &'a Value, keys: [&str; N]) -> Result<[&'a Value; N], String> {
    let object = value.as_object().ok_or("not an object")?;
    if let Some(key) = object.keys().find(|k| !keys.contains(&k.as_str())) {
        return Err(format!("unknown key \"{key}\""));
    }
    if let Some(key) = keys.iter().find(|k| !object.contains_key(**k)) {
        return Err(format!("missing key \"{key}\""));
    }
    Ok(keys.map(|k| &object[k]))
}

fn parse_tap(entry: &Value) -> Result<Tap, String> {
    let keys = ["name", "occurrence", "op", "kernel", "dtype", "shape", "file"];
    let [name, occurrence, op, kernel, dtype, shape, file] = fields(entry, keys)?;
    let text = |v: &Value, key| v.as_str().map(str::to_string).ok_or(format!("\"{key}\" is not a string"));
    let label = text(name, "name")?;
    let listed = occurrence.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|&n| n > 0);
    let occurrence = listed.ok_or("\"occurrence\" is not a number from 1")?;
    let (name, suffix) = split_label(&label);
    // The suffix may be left on the name, but then it must say the same.
    if name.len() != label.len() && suffix != occurrence {
        return Err(format!("the name {label} contradicts occurrence {occurrence}"));
    }
    let dtype = text(dtype, "dtype")?;
    let dtype = DType::parse(&dtype).ok_or(format!("dtype \"{dtype}\" is none of {}", DType::ALL.map(DType::name).join(", ")))?;
    let shape = shape.as_array().and_then(|a| a.iter().map(Value::as_u64).collect::<Option<Vec<_>>>());
    let file = text(file, "file")?;
    if file.is_empty() || file.contains(['/', '\\']) || file == ".." {
        return Err(format!("file \"{file}\" is not a plain file name"));
    }
    Ok(Tap {
        name: name.to_string(),
        occurrence,
        op: text(op, "op")?,
        kernel: text(kernel, "kernel")?,
        dtype,
        shape: shape.ok_or("\"shape\" is not a list of sizes")?,
        file,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
        values.into_iter().flat_map(f32::to_le_bytes).collect()
    }

    fn view<'a>(name: &'a str, shape: &'a [u64], stride: &'a [u64], data: &'a [u8]) -> TapView<'a> {
        TapView::strided(name, "linear", "linear.f16.dot16", DType::F32, shape, stride, data).unwrap()
    }

    #[test]
    fn strided_views_are_gathered() {
        let data = bytes((0..24).map(|i| i as f32));
        // The middle third of rows of 6, as q of a fused qkv would be.
        let shape = [4, 1, 2];
        let part = view("q", &shape, &[24, 8, 4], &data[8..]);
        assert_eq!(part.contiguous().as_ref(), bytes([2., 3., 8., 9., 14., 15., 20., 21.]));
        let turned = view("t", &[3, 2], &[4, 12], &data);
        assert_eq!(turned.contiguous().as_ref(), bytes([0., 3., 1., 4., 2., 5.]));
        assert!(matches!(view("whole", &[4, 6], &[24, 4], &data).contiguous(), Cow::Borrowed(b) if b.len() == 96));
        assert!(view("none", &[0, 6], &[24, 4], &data).contiguous().is_empty());
        let error = TapView::strided("x", "", "", DType::F32, &[5, 6], &[24, 4], &data).unwrap_err();
        assert_eq!(error.code(), "tap-extent");
        assert!(TapView::strided("x", "", "", DType::F32, &[u64::MAX, 6], &[u64::MAX, 4], &data).is_err());
    }

    #[test]
    fn values_can_be_replaced_in_place() {
        let mut data = bytes((0..24).map(|i| i as f32));
        let new = bytes((100..108).map(|i| i as f32));
        let (shape, stride) = ([4, 1, 2], [24, 8, 4]);
        let mut part = TapView::live("q", "", "", DType::F32, &shape, &stride, &mut data[8..]).unwrap();
        part.overwrite(&new).unwrap();
        assert_eq!(part.contiguous().as_ref(), new);
        assert_eq!(part.overwrite(&new[4..]).unwrap_err().code(), "tap-overwrite");
        let expected = (0..24).map(|i| if i % 6 == 2 || i % 6 == 3 { (100 + i / 6 * 2 + i % 6 - 2) as f32 } else { i as f32 });
        assert_eq!(data, bytes(expected));
        let mut whole = TapView::live("w", "", "", DType::F32, &[2], &[4], &mut data[..8]).unwrap();
        whole.overwrite(&new[..8]).unwrap();
        assert_eq!(data[..8], new[..8]);
        assert_eq!(view("copy", &[2], &[4], &new).overwrite(&new[..8]).unwrap_err().code(), "tap-overwrite");
    }

    #[test]
    fn a_set_comes_back_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out/set");
        let mut writer = TapWriter::create(&target, "unit test").unwrap();
        let data = bytes([1.0, 2.0]);
        for name in ["norm_w-0", "norm_w-0#2", "odd name/..#x"] {
            writer.write(&view(name, &[1, 2], &[8, 4], &data)).unwrap();
        }
        assert_eq!(writer.write(&view("norm_w-0#2", &[2], &[4], &data)).unwrap_err().code(), "tap-duplicate");
        assert!(!target.exists());
        writer.finish().unwrap();
        let set = TapSet::open(&target).unwrap();
        assert_eq!(set.source, "unit test");
        let labels: Vec<String> = set.taps.iter().map(Tap::label).collect();
        assert_eq!(labels, ["norm_w-0", "norm_w-0#2", "odd name/..#x"]);
        assert_eq!(set.taps[1].file, "0002_norm_w-0_2.npy");
        assert_eq!(set.read(set.find("norm_w-0#2").unwrap()).unwrap(), data);
        assert_eq!(fs::read_dir(dir.path().join("out")).unwrap().count(), 1);
    }

    #[test]
    fn a_set_is_replaced_but_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("set");
        for source in ["first", "second"] {
            TapWriter::create(&target, source).unwrap().finish().unwrap();
            assert_eq!(TapSet::open(&target).unwrap().source, source);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::write(dir.path().join("mine.txt"), "x").unwrap();
        assert_eq!(TapWriter::create(dir.path(), "third").unwrap_err().code(), "taps-unwritable");
        drop(TapWriter::create(&dir.path().join("dropped"), "unfinished").unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn malformed_lists_say_where() {
        let good = r#"{"name":"a","occurrence":1,"op":"add","kernel":"k","dtype":"f32","shape":[2],"file":"a.npy"}"#;
        let message = |text: &str| TapSet::parse(Path::new("d"), Path::new("d/taps.json"), text).unwrap_err().plain();
        let with = |from: &str, to: &str| message(&format!(r#"{{"source":"s","taps":[{}]}}"#, good.replace(from, to)));
        assert!(message("{\n  \"source\": ,").contains("d/taps.json:2:13"), "{}", message("{\n  \"source\": ,"));
        assert!(message(r#"{"taps":[]}"#).contains("missing key \"source\""));
        assert!(with("\"op\"", "\"ops\"").contains("/taps/0: unknown key \"ops\""));
        assert!(with("f32", "f64").contains("\"f64\" is none of f32, f16, bf16, i32, u8"));
        assert!(with("[2]", "[-2]").contains("not a list of sizes"));
        assert!(with("a.npy", "../a.npy").contains("not a plain file name"));
        assert!(with("\"name\":\"a\"", "\"name\":\"a#2\"").contains("contradicts occurrence 1"));
        assert!(with("}", &format!("}},{good}")).contains("/taps/1: a is listed before as /taps/0"));
    }

    #[test]
    fn files_must_match_the_list() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("set");
        let mut writer = TapWriter::create(&target, "s").unwrap();
        writer.write(&view("a", &[2], &[4], &bytes([1.0, 2.0]))).unwrap();
        writer.finish().unwrap();
        let index = fs::read_to_string(target.join(INDEX)).unwrap();
        fs::write(target.join(INDEX), index.replace("[2]", "[3]")).unwrap();
        assert_eq!(TapSet::open(&target).unwrap_err().code(), "taps-mismatch");
        fs::write(target.join(INDEX), &index).unwrap();
        fs::remove_file(target.join("0001_a.npy")).unwrap();
        assert_eq!(TapSet::open(&target).unwrap_err().code(), "npy-unreadable");
    }
}
