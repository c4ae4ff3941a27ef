//! Reads what callgrind writes: the instructions of every function, and the calls that leave the program.

use std::collections::BTreeMap;

/// What one run of a program executed in its own code. The code of libc and libm is left out: it differs between systems and CPUs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Instructions of each function, without those of the functions it calls.
    pub functions: BTreeMap<String, u64>,
    /// Calls of functions of other objects.
    pub calls_out: u64,
}

impl Counts {
    pub fn total(&self) -> u64 {
        self.functions.values().sum()
    }

    /// From a file written with uncompressed names and positions; `program` is the object whose code counts.
    pub fn parse(text: &str, program: &str) -> Result<Self, String> {
        let mut counts = Self::default();
        let (mut object, mut function, mut called) = (String::new(), None::<String>, None::<String>);
        let (mut all, mut stated) = (0, None);
        let mut lines = text.lines().enumerate();
        while let Some((i, line)) = lines.next() {
            let wrong = |why: &str| format!("callgrind's output, line {}: {why}: {line}", i + 1);
            let last = |line: &str| line.split_whitespace().last().and_then(|n| n.parse::<u64>().ok());
            match line.split_once(['=', ':']) {
                Some(("ob", name)) => object = name.to_string(),
                Some(("cob", name)) => called = Some(name.to_string()),
                Some(("fn", name)) => function = Some(plain(name)),
                Some(("calls", calls)) => {
                    let times: u64 = calls.split(' ').next().and_then(|n| n.parse().ok()).ok_or_else(|| wrong("no number of calls"))?;
                    if object == program && called.take().is_some_and(|target| target != program) {
                        counts.calls_out += times;
                    }
                    called = None;
                    // what the called function cost is counted there
                    let cost = lines.next().map(|(_, line)| line);
                    cost.and_then(last).ok_or_else(|| wrong("no cost after a call"))?;
                }
                Some(("fl" | "fi" | "fe" | "cfl" | "cfi" | "cfn", _)) => {}
                Some(("events", names)) if names.trim() != "Ir" => return Err(wrong("other events than instructions")),
                Some(("totals", number)) => stated = Some(last(number).ok_or_else(|| wrong("no number"))?),
                Some(("version" | "creator" | "pid" | "cmd" | "part" | "desc" | "positions" | "events" | "summary", _)) => {}
                None if line.is_empty() || line.starts_with('#') => {}
                None if line.starts_with(|c: char| c.is_ascii_digit()) => {
                    let cost = last(line).ok_or_else(|| wrong("no cost"))?;
                    let function = function.as_ref().ok_or_else(|| wrong("a cost outside of functions"))?;
                    all += cost;
                    if object == program {
                        *counts.functions.entry(function.clone()).or_default() += cost;
                    }
                }
                _ => return Err(wrong("not understood")),
            }
        }
        match stated {
            None => return Err("callgrind's output has no totals: the run did not come to its end".to_string()),
            Some(stated) if stated != all => return Err(format!("callgrind's output: {all} instructions read, {stated} stated")),
            Some(_) => {}
        }
        counts.functions.retain(|_, n| *n > 0);
        if counts.functions.is_empty() {
            return Err(format!("callgrind counted nothing in {program}: the encode function was not entered"));
        }
        Ok(counts)
    }
}

/// The name in the source: gcc numbers its clones of a function (`f.constprop.0`), and the numbers move with unrelated code.
fn plain(name: &str) -> String {
    name.split('.').next().filter(|n| !n.is_empty()).unwrap_or(name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 7
cmd:  ./driver ob=x 1
part: 1


desc: I1 cache: 
desc: Trigger: Program termination

positions: line
events: Ir
summary: 1165


ob=/lib/libc.so.6
fl=memset.S
fn=memset
10 40
11 2
fn=(below main)
cob=/build/driver
cfi=???
cfn=main
calls=1 0 
58 1165

ob=/build/driver
fl=???
fn=main
cfn=tower_encode_rgb
calls=1 0 
0 1165

fn=tower_encode_rgb
0 100
cfn=gemm.constprop.0
calls=7 0 
0 1000
cob=/lib/libc.so.6
cfi=memset.S
cfn=memset
calls=3 0 
0 30
fi=inlined.h
5 20

fn=gemm.constprop.0
0 900
cob=/lib/libc.so.6
cfn=memset
calls=4 0 
0 12
fn=gemm.constprop.1
0 103

totals: 1165
";

    #[test]
    fn own_instructions_are_told_from_those_of_called_functions_and_of_other_objects() {
        let counts = Counts::parse(TEXT, "/build/driver").unwrap();
        let functions: Vec<(&str, u64)> = counts.functions.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        assert_eq!(functions, [("gemm", 1003), ("tower_encode_rgb", 120)]);
        assert_eq!((counts.total(), counts.calls_out), (1123, 7));
    }

    #[test]
    fn a_file_that_is_not_whole_or_not_understood_is_an_error() {
        let refused = |text: &str, program: &str, why: &str| {
            let e = Counts::parse(text, program).unwrap_err();
            assert!(e.contains(why), "{e}");
        };
        refused(TEXT.split("totals").next().unwrap(), "/build/driver", "no totals");
        refused(&TEXT.replace("0 900", "0 901"), "/build/driver", "1166 instructions read, 1165 stated");
        refused(&TEXT.replace("fi=inlined.h", "jump=1"), "/build/driver", "line 46: not understood: jump=1");
        refused(&TEXT.replace("events: Ir", "events: Ir Dr"), "/build/driver", "other events");
        refused(&TEXT.replace("0 1000\n", "\n"), "/build/driver", "no cost after a call");
        refused(TEXT, "/build/other", "counted nothing in /build/other");
    }
}
