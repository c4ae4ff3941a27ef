//! `--NAME VALUE` for an option that some profile has becomes `--option NAME=VALUE` before the command line is parsed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::files::Files;

/// The arguments with every shorthand written out. Maps that cannot be read are none of this function's business: whoever
/// reads them in earnest says what is wrong.
pub fn written_out(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let args: Vec<OsString> = args.collect();
    let maps = args.iter().position(|a| a == "--maps").and_then(|i| args.get(i + 1)).map(PathBuf::from);
    let names = maps_options(maps);
    let mut out = Vec::with_capacity(args.len());
    let mut rest = args.into_iter();
    while let Some(arg) = rest.next() {
        if arg == "--" {
            out.push(arg);
            out.extend(rest);
            break;
        }
        let flag = arg.to_str().and_then(|a| a.strip_prefix("--")).map(|a| match a.split_once('=') {
            Some((name, value)) => (name.to_string(), Some(value.to_string())),
            None => (a.to_string(), None),
        });
        match flag.filter(|(name, _)| names.contains(name)) {
            Some((name, value)) => {
                let value = value.map(OsString::from).or_else(|| rest.next());
                out.push(OsString::from("--option"));
                let mut both = OsString::from(name);
                if let Some(value) = value {
                    both.push("=");
                    both.push(value);
                }
                out.push(both);
            }
            None => out.push(arg),
        }
    }
    out
}

fn maps_options(maps: Option<PathBuf>) -> BTreeSet<String> {
    let Ok(files) = Files::kernel_maps(maps.as_deref()) else { return BTreeSet::new() };
    let options = files.json_stems("profiles").into_iter().filter_map(|name| {
        let profile: serde_json::Value = serde_json::from_str(files.get(&format!("profiles/{name}.json"))?).ok()?;
        Some(profile.get("options")?.as_object()?.keys().cloned().collect::<Vec<_>>())
    });
    options.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::written_out;

    fn words(line: &str) -> Vec<String> {
        written_out(line.split(' ').map(Into::into)).into_iter().map(|w| w.into_string().unwrap()).collect()
    }

    #[test]
    fn options_of_profiles_have_a_flag_each() {
        assert_eq!(words("ir-build --attention flash --stop plan"), ["ir-build", "--option", "attention=flash", "--stop", "plan"]);
        assert_eq!(words("ir-build run --attention=flash a.png"), ["ir-build", "run", "--option", "attention=flash", "a.png"]);
        assert_eq!(words("ir-build run -- --attention flash"), ["ir-build", "run", "--", "--attention", "flash"]);
        assert_eq!(words("ir-build --attention"), ["ir-build", "--option", "attention"]);
        assert_eq!(words("ir-build --weights f16"), ["ir-build", "--weights", "f16"]);
    }
}
