//! Tests that run once on every WebGPU driver at hand: a driver is chosen for a whole process, so each gets one of its own, this
//! program started again for one test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use isobit::diagnostic::Result;
use isobit::gpu::{Device, Needs, adapters};

/// A software driver, and where systems keep the file that names it.
struct Driver {
    name: &'static str,
    places: &'static [&'static str],
    /// What makes its subgroups of another size.
    resized: Option<(&'static str, &'static str)>,
}

const DRIVERS: [Driver; 2] = [
    // subgroups of 8
    Driver {
        name: "lavapipe",
        places: &[
            "/usr/share/vulkan/icd.d/lvp_icd.json",
            "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
            "/usr/share/vulkan/icd.d/lvp_icd.aarch64.json",
        ],
        // of 16
        resized: Some(("LP_NATIVE_VECTOR_WIDTH", "512")),
    },
    // of 4
    Driver {
        name: "SwiftShader",
        places: &[
            "/usr/lib/chromium/vk_swiftshader_icd.json",
            "/usr/lib/chromium-browser/vk_swiftshader_icd.json",
            "/opt/google/chrome/vk_swiftshader_icd.json",
        ],
        resized: None,
    },
];

/// Whether drivers are as they come, or only those that can be made to have subgroups of another size, so made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subgroups {
    Usual,
    #[allow(dead_code)] // not every program tests subgroups
    Resized,
}

/// Name of the driver that a process is started for.
const DRIVER: &str = "ISOBIT_TEST_DRIVER";

/// One start of a test: an adapter by name, the file that names its driver, a setting.
struct Run {
    name: String,
    file: Option<PathBuf>,
    setting: Option<(&'static str, &'static str)>,
}

/// Starts the test of this name for every driver, and for every one of `parts`: values of a variable of the environment, each for a process
/// of its own, of which as many run at a time as there are processors. What it says aloud, lines that begin with `prefix`, is said again;
/// what it fails is shown whole.
pub fn on_every_driver(test: &str, prefix: &str, subgroups: Subgroups, parts: Option<(&str, Vec<String>)>, aloud: impl Fn(&str) + Sync) {
    let mut runs: Vec<Run> = Vec::new();
    for Driver { name, places, resized } in DRIVERS {
        let setting = match subgroups {
            Subgroups::Usual => None,
            Subgroups::Resized if resized.is_none() => continue,
            Subgroups::Resized => resized,
        };
        match places.iter().map(Path::new).find(|p| p.exists()) {
            Some(file) => runs.push(Run { name: name.to_string(), file: Some(file.to_path_buf()), setting }),
            None => aloud(&format!("{name} is missing: {test} does not run on it")),
        }
    }
    if subgroups == Subgroups::Usual {
        runs.extend(adapters().into_iter().filter(|a| a.kind != "cpu").map(|a| Run { name: a.name, file: None, setting: None }));
    }
    let (variable, parts) = match parts {
        Some((variable, parts)) => (Some(variable), parts),
        None => (None, vec![String::new()]),
    };
    let jobs = runs.iter().flat_map(|run| parts.iter().map(move |part| (run, part))).collect::<Vec<_>>();
    let (jobs, failed) = (Mutex::new(jobs.into_iter()), Mutex::new(Vec::new()));
    let work = || {
        while let Some((Run { name, file, setting }, part)) = { jobs.lock().expect("no worker panics with it").next() } {
            let mut child = Command::new(std::env::current_exe().expect("this program has a path"));
            child.args([test, "--exact", "--ignored", "--nocapture"]).env(DRIVER, name).envs(*setting);
            if let Some(file) = file {
                child.env("VK_DRIVER_FILES", file).env("VK_ICD_FILENAMES", file);
            }
            let mut label = name.clone();
            if let Some(variable) = variable {
                child.env(variable, part);
                label = format!("{name}, {part}");
            }
            let fault = match child.output() {
                Err(e) => Some(format!("{label}: this program cannot be started again: {e}")),
                Ok(ran) => {
                    let said = [ran.stdout.as_slice(), &ran.stderr].concat();
                    let said = String::from_utf8_lossy(&said);
                    // software drivers are talkative
                    said.lines().filter_map(|line| line.strip_prefix(prefix)).for_each(|line| aloud(&format!("{label}: {line}")));
                    match ran.status.success() {
                        false => Some(format!("{label}: {}\n{said}", ran.status)),
                        true => (!said.contains("1 passed")).then(|| format!("{label}: there is no test {test}")),
                    }
                }
            };
            failed.lock().expect("no worker panics with it").extend(fault);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().expect("no worker panics with it");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The device of the driver that this process was started for; the best one of this machine if it was started by hand.
pub fn device(needs: &Needs) -> Result<Device> {
    let name = std::env::var(DRIVER).ok();
    // an ICD file was given for a software driver: its adapter is the only one
    let given = name.as_deref().filter(|n| DRIVERS.iter().all(|d| d.name != *n));
    Device::open(given, needs)
}
