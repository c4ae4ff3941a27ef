//! The two sides of a comparison: dumps as they are, or a build of this program beside a reference that is run first.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::USAGE;
use super::args::{Against, Choice, SidesArgs, Source};
use super::build::Loaded;
use super::compiled::{Compiled, LIBRARY};
use super::output::Output;
use super::profile::AUTO;
use crate::atomic::write_atomic;
use crate::compare::{self, Causes, Cells, Comparison, Outcome, Pass, Replay, Segments, is_within};
use crate::diagnostic::{Diagnostic, Result};
use crate::files::Files;
use crate::fuse::Taps;
use crate::host::hooks::Progress;
use crate::host::library::{Encoder, OpenOptions};
use crate::host::npy;
use crate::host::runner::Runner;
use crate::maps::Maps;
use crate::media::{Media, Planned};
use crate::taps::{TapSet, TapWriter};

/// Lines of a failed program's error output that are shown.
const LAST_LINES: usize = 12;

/// Both sides, ready to be compared.
pub struct Sides {
    /// A dump; none: the subject's own run is the left side.
    left: Option<TapSet>,
    pub reference: TapSet,
    pub subject: Option<Subject>,
    own_maps: Option<Maps>,
    _temporary: Option<TempDir>,
}

/// A build that can be run on the image or sound.
pub struct Subject {
    pub loaded: Loaded,
    pub compiled: Compiled,
    pub encoder: Encoder,
    /// Computes in the place of the encoder.
    pub runner: Option<Box<dyn Runner>>,
    pub media: Media,
    pub info: Planned,
}

/// Left against right, and the replay if there is a build to replay.
pub struct Compared {
    pub free: Comparison,
    pub forced: Option<Pass>,
    pub cells: Cells,
}

impl Sides {
    pub fn open(args: &SidesArgs, out: &Output) -> Result<Self> {
        match (&args.against, args.inputs.as_slice()) {
            (None, [left, right]) => Self::dumps(args, left, right, out),
            (None, [image]) if args.source.target != LIBRARY => Self::run(args, &Against::Target(LIBRARY.to_string()), image, out),
            (Some(against), [image]) => Self::run(args, against, image, out),
            (None, _) => Err(Diagnostic::new(USAGE, "two directories of taps are needed, or --against and an image")
                .help("ir-build compare LEFT RIGHT, or ir-build compare --template T --model M --against profile:NAME photo.png")),
            (Some(_), _) => Err(Diagnostic::new(USAGE, "with --against there is one input, the image to encode")),
        }
    }

    fn dumps(args: &SidesArgs, left: &Path, right: &Path, out: &Output) -> Result<Self> {
        let (left, reference) = (TapSet::open(left)?, TapSet::open(right)?);
        let needs =
            [("--template", args.source.template.is_some()), ("--model", args.source.model.is_some()), ("--image", args.image.is_some())];
        let missing: Vec<&str> = needs.iter().filter(|(_, given)| !given).map(|(name, _)| *name).collect();
        let subject = match (&args.image, missing.len()) {
            (Some(image), 0) => Some(Subject::new(&args.source, args, None, image, out)?),
            (Some(_), _) => {
                return Err(Diagnostic::new(USAGE, format!("a replay needs {} too", missing.join(" and "))));
            }
            _ => None,
        };
        let own_maps = match subject {
            Some(_) => None,
            None => Some(Maps::load(Files::kernel_maps(args.source.maps.as_deref())?)?),
        };
        Ok(Self { left: Some(left), reference, subject, own_maps, _temporary: None })
    }

    fn run(args: &SidesArgs, against: &Against, image: &Path, out: &Output) -> Result<Self> {
        if args.source.template.is_none() || args.source.model.is_none() {
            return Err(Diagnostic::new(USAGE, "--against needs --template NAME and --model FILE.gguf"));
        }
        let temporary = TempDir::new().map_err(|e| Diagnostic::new("write-failed", format!("no temporary directory: {e}")))?;
        let dir = args.keep.clone().unwrap_or_else(|| temporary.path().join("taps"));
        // A dump that is no tap set, or a profile that does not exist, is known before anything is compiled.
        let reference = match against {
            Against::Dump(dump) => Some(TapSet::open(dump)?),
            _ => None,
        };
        let subject = Subject::new(&args.source, args, None, image, out)?;
        let reference = match (against, reference) {
            (_, Some(r)) => r,
            (Against::Profile(label), _) => other(&other_profile(&args.source, label, &subject.loaded)?, args, &subject, image, &dir, out)?,
            (Against::Target(name), _) => {
                let source = match &subject.compiled.near {
                    // what is near is so to another profile
                    Some(near) => other_profile(&args.source, &near.profile, &subject.loaded)?,
                    // targets have their usual profiles
                    None => Source { profile: Some(subject.loaded.profile.name.clone()), ..args.source.clone() },
                };
                other(&Source { target: name.clone(), ..source }, args, &subject, image, &dir, out)?
            }
            (Against::Program(path), _) => program(path, args, &subject, temporary.path(), &dir, out)?,
            (Against::Dump(dump), None) => TapSet::open(dump)?,
        };
        Ok(Self { left: None, reference, subject: Some(subject), own_maps: None, _temporary: Some(temporary) })
    }

    pub fn maps(&self) -> Result<&Maps> {
        let maps = self.own_maps.as_ref().or(self.subject.as_ref().map(|s| &s.loaded.maps));
        maps.ok_or_else(|| Diagnostic::new("internal-compare", "no kernel maps were read").help("this is a bug in isobit"))
    }

    pub fn causes(&self) -> Result<Causes> {
        Causes::read(&self.maps()?.files)
    }

    /// Compares both sides; with a build also when every op computes on the reference's own values.
    pub fn compare(&mut self, capture: &BTreeSet<String>, out: &Output) -> Result<Compared> {
        let Some(subject) = &mut self.subject else {
            let left = self.left.as_ref().ok_or_else(|| Diagnostic::new("internal-compare", "a side is missing"))?;
            return Ok(Compared { free: compare::compare(left, &self.reference)?, forced: None, cells: Cells::default() });
        };
        let (free, cells) = match &self.left {
            Some(left) => (compare::compare(left, &self.reference)?, None),
            None => {
                let pass = subject.pass(&self.reference, false, &BTreeSet::new(), "encoding", out)?;
                (pass.comparison, Some(pass.cells))
            }
        };
        let near = subject.compiled.near.as_ref();
        let fine = free.is_equal() || near.is_some_and(|n| free.taps.iter().all(|t| is_within(t, n.nmse)));
        let forced = match fine && capture.is_empty() {
            true => None,
            false => Some(subject.pass(&self.reference, true, capture, "replaying", out)?),
        };
        let cells = forced.as_ref().map(|p| p.cells.clone()).or(cells).unwrap_or_default();
        Ok(Compared { free, forced, cells })
    }
}

impl Compared {
    /// What lies between the values that both sides have.
    pub fn segments<'a>(&self, subject: &'a Subject) -> Segments<'a> {
        let ran = self.forced.as_ref().map_or(&self.free, |p| &p.comparison);
        let comparable = |tap: &str| ran.find(tap).is_some_and(|t| !matches!(t.outcome, Outcome::Incomparable(_)));
        let mut segments = Segments::new(&subject.compiled.plan, comparable);
        if let Some(pass) = &self.forced {
            segments.ran(&pass.kernels);
        }
        segments
    }
}

impl Subject {
    fn new(source: &Source, args: &SidesArgs, known: Option<Media>, file: &Path, out: &Output) -> Result<Self> {
        let loaded = Loaded::new(source)?;
        let media = match known {
            Some(media) => media,
            None => Media::read(file, &loaded.template, &loaded.sizes)?,
        };
        let model = source.model.as_deref().unwrap_or(Path::new(""));
        let compiled = Compiled::new(&loaded, Taps::Every, out)?;
        let encoder = compiled.library.open(model, &OpenOptions { threads: args.threads, variant: args.variant.clone() })?;
        // a reference in C beside a build for devices runs on none
        let device = args.device.as_deref().filter(|_| source.target == args.source.target);
        let runner = compiled.runner(model, device, out)?;
        if let Some(profile) = runner.as_ref().and_then(|r| r.instead()) {
            return Err(Diagnostic::new("gpu-unproven", format!("the device runs another program, of profile {profile}"))
                .fact(runner.as_ref().and_then(|r| r.doubt()).unwrap_or_default())
                .help(format!("compare that one: --profile {profile}")));
        }
        let info = media.plan(&encoder)?;
        Ok(Self { loaded, compiled, encoder, runner, media, info })
    }

    fn source(&self) -> String {
        let place = self.runner.as_ref().map_or(String::new(), |r| format!(", on {}", r.label()));
        format!("isobit {}, profile {}{place}", env!("CARGO_PKG_VERSION"), self.loaded.profile.label())
    }

    /// Encoder, sizes, profile and input in one line.
    pub fn label(&self) -> String {
        let (t, i) = (&self.loaded, &self.info);
        let place = match &self.runner {
            None => format!("{} threads, {}", i.work().threads, self.encoder.variant()),
            Some(runner) => format!("on {}", runner.label()),
        };
        let sizes = format!("{}, {place}", i.size());
        format!("{} ({}), profile {}, {sizes}", t.template.encoder, t.sizes.label(), t.profile.label())
    }

    fn replay(&mut self) -> Replay<'_> {
        let source = self.source();
        let preprocessing = self.loaded.template.preprocessing();
        let runner = self.runner.as_deref_mut();
        Replay { plan: &self.compiled.plan, encoder: &mut self.encoder, runner, media: &self.media, source, preprocessing }
    }

    fn pass(&mut self, reference: &TapSet, force: bool, capture: &BTreeSet<String>, what: &str, out: &Output) -> Result<Pass> {
        let bar = out.bar(what, self.compiled.plan.steps.len() as u64, false);
        let pass = self.replay().run(reference, force, capture, &mut |p: Progress<'_>| {
            bar.set_position(u64::from(p.step));
            bar.set_message(p.name.to_string());
        })?;
        bar.finish_and_clear();
        if pass.comparison.taps.iter().all(|t| matches!(t.outcome, Outcome::Incomparable(_))) {
            let mut e = Diagnostic::new("compare-shapes", "no value has the reference's type and shape").in_file(&reference.dir);
            for t in pass.comparison.taps.iter().take(3) {
                if let Outcome::Incomparable(why) = &t.outcome {
                    e = e.fact(format!("{}: {why}", t.label));
                }
            }
            return Err(e.help("the reference must have encoded the same input with a model of the same sizes"));
        }
        Ok(pass)
    }
}

/// Dumps what another build makes of the subject's image or sound.
fn other(source: &Source, args: &SidesArgs, subject: &Subject, image: &Path, dir: &Path, out: &Output) -> Result<TapSet> {
    let mut other = Subject::new(source, args, Some(subject.media.clone()), image, out)?;
    let writer = TapWriter::create(dir, other.source())?;
    let bar = out.bar("reference", other.compiled.plan.steps.len() as u64, false);
    let (_, set) = other.replay().dump(writer, &mut |p: Progress<'_>| bar.set_position(u64::from(p.step)))?;
    bar.finish_and_clear();
    Ok(set)
}

/// The same source for another profile, given by its label; choices of the first that it has as well are kept.
fn other_profile(source: &Source, label: &str, loaded: &Loaded) -> Result<Source> {
    let mut parts = label.split('+');
    let name = parts.next().unwrap_or_default();
    let own = match name {
        AUTO => Vec::new(),
        name => loaded.maps.profile(name)?.options.keys().cloned().collect(),
    };
    let known: Vec<&String> = own.iter().chain(loaded.template.options.keys()).collect();
    let mut options: Vec<Choice> = source.options.iter().filter(|c| known.contains(&&c.option)).cloned().collect();
    for part in parts {
        let choice: Choice = part.parse().map_err(|e| Diagnostic::new(USAGE, format!("--against profile:{label}: {e}")))?;
        options.retain(|c| c.option != choice.option);
        options.push(choice);
    }
    Ok(Source { profile: Some(name.to_string()), options, ..source.clone() })
}

/// Runs a reference program on the same model, image or sound, and options, and opens what it wrote.
fn program(path: &Path, args: &SidesArgs, subject: &Subject, work: &Path, dir: &Path, out: &Output) -> Result<TapSet> {
    let (flag, file) = match &subject.media {
        Media::Image(image) => {
            let picture = work.join("image.ppm");
            write_atomic(&picture, |f| {
                write!(f, "P6\n{} {}\n255\n", image.width, image.height)?;
                f.write_all(&image.data)
            })?;
            ("--rgb", picture)
        }
        Media::Audio(sound) => {
            let samples = work.join("pcm.npy");
            npy::write_f32(&samples, &[sound.samples.len() as u64], &sound.samples)?;
            ("--pcm", samples)
        }
    };
    let mut command = Command::new(path);
    command.arg("dump").arg("--model").arg(args.source.model.as_deref().unwrap_or(Path::new("")));
    command.arg(flag).arg(&file).args(["--threads", "1"]);
    let loaded = &subject.loaded;
    for (name, option) in loaded.profile.options.iter().filter(|(name, _)| !loaded.template.options.contains_key(*name)) {
        command.arg(format!("--{name}")).arg(&option.chosen);
    }
    command.arg("--output").arg(dir);
    let line: Vec<String> = [path.as_os_str()].into_iter().chain(command.get_args()).map(|a| a.display().to_string()).collect();
    let spinner = out.spinner("the reference program is running");
    let ran = command.output();
    spinner.finish_and_clear();
    let output = ran.map_err(|e| {
        Diagnostic::new("program-missing", format!("the reference program cannot be started: {e}")).in_file(path).help(
            "give the path of a program that knows `dump --model --rgb (or --pcm) --threads --output`, as tests/oracle/build.sh prints it",
        )
    })?;
    if !output.status.success() {
        let mut e = Diagnostic::new("program-failed", format!("the reference program failed: {}", output.status)).in_file(path);
        e = e.fact(line.join(" "));
        let stderr = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = stderr.lines().collect();
        for said in &lines[lines.len().saturating_sub(LAST_LINES)..] {
            e = e.fact(*said);
        }
        return Err(e.help("the lines above are its own"));
    }
    TapSet::open(dir)
}
