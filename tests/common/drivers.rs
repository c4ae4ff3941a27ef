//! Tests that run once on every WebGPU driver at hand: a driver is chosen for a whole process, so each gets one of its own, this
//! program started again for one test.

use std::path::{Path, PathBuf};
use std::process::Command;

use isobit::diagnostic::Result;
use isobit::gpu::{Device, Needs, adapters};

/// Software drivers, and where systems keep the files that name them.
const DRIVERS: [(&str, &[&str]); 2] = [
    (
        "lavapipe",
        &[
            "/usr/share/vulkan/icd.d/lvp_icd.json",
            "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
            "/usr/share/vulkan/icd.d/lvp_icd.aarch64.json",
        ],
    ),
    (
        "SwiftShader",
        &[
            "/usr/lib/chromium/vk_swiftshader_icd.json",
            "/usr/lib/chromium-browser/vk_swiftshader_icd.json",
            "/opt/google/chrome/vk_swiftshader_icd.json",
        ],
    ),
];

/// Name of the driver that a process is started for.
const DRIVER: &str = "ISOBIT_TEST_DRIVER";

/// Starts the test of this name for every driver. What it says aloud, lines that begin with `prefix`, is said again; what it fails is shown whole.
pub fn on_every_driver(test: &str, prefix: &str, aloud: impl Fn(&str)) {
    let mut failed = Vec::new();
    let mut runs: Vec<(String, Option<PathBuf>)> = Vec::new();
    for (name, places) in DRIVERS {
        match places.iter().map(Path::new).find(|p| p.exists()) {
            Some(file) => runs.push((name.to_string(), Some(file.to_path_buf()))),
            None => aloud(&format!("{name} is missing: {test} does not run on it")),
        }
    }
    runs.extend(adapters().into_iter().filter(|a| a.kind != "cpu").map(|a| (a.name, None)));
    for (name, file) in runs {
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"));
        child.args([test, "--exact", "--ignored", "--nocapture"]).env(DRIVER, &name);
        if let Some(file) = file {
            child.env("VK_DRIVER_FILES", &file).env("VK_ICD_FILENAMES", &file);
        }
        let ran = child.output().unwrap_or_else(|e| panic!("this program cannot be started again: {e}"));
        let said = [ran.stdout.as_slice(), &ran.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        // software drivers are talkative
        said.lines().filter_map(|line| line.strip_prefix(prefix)).for_each(|line| aloud(&format!("{name}: {line}")));
        if !ran.status.success() {
            failed.push(format!("{name}: {}\n{said}", ran.status));
        } else if !said.contains("1 passed") {
            failed.push(format!("{name}: there is no test {test}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The device of the driver that this process was started for; the best one of this machine if it was started by hand.
pub fn device(needs: &Needs) -> Result<Device> {
    let name = std::env::var(DRIVER).ok();
    // an ICD file was given for a software driver: its adapter is the only one
    let given = name.as_deref().filter(|n| DRIVERS.iter().all(|(d, _)| d != n));
    Device::open(given, needs)
}
