//! What agreed: lines of the driver against the reference's, and the closing matrix.

use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::{Table, presets};
use indexmap::{IndexMap, IndexSet};

use crate::plan::{Build, Run};

/// Hashes of one pass over all images, by place, image, name and occurrence, in graph order.
pub struct Block {
    hashes: IndexMap<String, String>,
}

impl Block {
    /// Splits what the driver prints.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        let mut blocks: Vec<Self> = Vec::new();
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for line in text.lines() {
            if line.starts_with("= ") {
                blocks.push(Self { hashes: IndexMap::new() });
                seen.clear();
                continue;
            }
            let (key, hash) = line.rsplit_once(' ').ok_or_else(|| format!("`{line}` is no line of the driver"))?;
            let block = blocks.last_mut().ok_or("a line before the first block")?;
            let count = seen.entry(key.to_string()).or_default();
            *count += 1;
            block.hashes.insert(if *count == 1 { key.to_string() } else { format!("{key}#{count}") }, hash.to_string());
        }
        Ok(blocks)
    }
}

/// What the calls of one program printed.
#[derive(Default)]
pub struct Outcome {
    pub blocks: Vec<(Run, Block)>,
    /// Variants that this machine cannot run, and why.
    pub skipped: Vec<(String, String)>,
}

pub type Reference = IndexMap<String, String>;

impl Outcome {
    pub fn into_reference(self) -> Reference {
        self.blocks.into_iter().next().map(|(_, block)| block.hashes).unwrap_or_default()
    }
}

#[derive(Default)]
struct Cell {
    agreed: IndexSet<&'static str>,
    different: IndexSet<&'static str>,
}

#[derive(Default)]
pub struct Report {
    /// Rows (machine, level, variant, run) by columns (profile and attention).
    cells: IndexMap<(String, String), Cell>,
    differences: Vec<String>,
    failures: Vec<String>,
    skipped: IndexSet<String>,
    blocks: u64,
    values: u64,
    /// Outputs of other encoders that were compared.
    others: usize,
}

impl Report {
    pub fn skip(&mut self, what: &str, reason: &str) {
        self.skipped.insert(format!("{what}: {reason}"));
    }

    pub fn fail(&mut self, what: &str, reason: &str) {
        self.failures.push(format!("{what}: {reason}"));
    }

    /// Holds a program's blocks against the reference; the verdict is for the log.
    pub fn add(&mut self, build: &Build, outcome: &Outcome, reference: &Reference) -> &'static str {
        for (variant, reason) in &outcome.skipped {
            self.skip(&format!("{}, variant {variant}", build.machine.name), reason);
        }
        let column = format!("{}\n{}", build.subject.profile, build.subject.attention);
        let mut equal = !outcome.blocks.is_empty();
        for (run, block) in &outcome.blocks {
            let mut row = format!("{}, {}, threads {}, batch {}", build.name(), run.variant, run.threads, run.batch);
            if run.instances > 1 {
                row += &format!(", {} at once", run.instances);
            }
            self.blocks += 1;
            self.values += block.hashes.len() as u64;
            let difference = first_difference(block, reference, run.images);
            let cell = self.cells.entry((row.clone(), column.clone())).or_default();
            match difference {
                None => drop(cell.agreed.insert(build.subject.weights)),
                Some(text) => {
                    equal = false;
                    cell.different.insert(build.subject.weights);
                    self.differences.push(format!("{}: {row}: {text}", build.subject.name()));
                }
            }
        }
        if equal { "equal  " } else { "DIFFERS" }
    }

    /// Another encoder on so many machines, and those where its output has other bits.
    pub fn other(&mut self, name: &str, machines: usize, different: &[&str]) {
        self.others += machines;
        self.differences.extend(different.iter().map(|machine| format!("{name}: the output on {machine}")));
    }

    /// Prints everything; true if all agreed and nothing failed.
    pub fn finish(self, elapsed: Duration) -> bool {
        let columns: IndexSet<&String> = self.cells.keys().map(|(_, column)| column).collect();
        let rows: IndexSet<&String> = self.cells.keys().map(|(row, _)| row).collect();
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header([""].into_iter().chain(columns.iter().map(|c| c.as_str())));
        for row in rows {
            let mut cells = vec![row.clone()];
            for &column in &columns {
                cells.push(self.cells.get(&(row.clone(), column.clone())).map_or(String::new(), Cell::text));
            }
            table.add_row(cells);
        }
        println!("\nWeight types whose bits are those of the reference (native gcc -O2, best variant, 1 thread, 1 image):\n{table}");
        for skipped in &self.skipped {
            println!("skipped: {skipped}");
        }
        for difference in &self.differences {
            println!("DIFFERS: {difference}");
        }
        for failure in &self.failures {
            println!("failed: {failure}");
        }
        let good = self.differences.is_empty() && self.failures.is_empty() && self.blocks > 0;
        println!(
            "\ntest result: {}. {} encodes of all images with {} hashes, {} outputs of other encoders compared; {} differ; {} failed; {} skipped; {:.0} s",
            if good { "ok" } else { "FAILED" },
            self.blocks,
            self.values,
            self.others,
            self.differences.len(),
            self.failures.len(),
            self.skipped.len(),
            elapsed.as_secs_f64()
        );
        good
    }
}

impl Cell {
    fn text(&self) -> String {
        let list = |set: &IndexSet<&str>| set.iter().copied().collect::<Vec<_>>().join(" ");
        if self.different.is_empty() { list(&self.agreed) } else { format!("DIFFERS: {}", list(&self.different)) }
    }
}

/// In the reference's order, which is the graph's. The reference has more images than some runs.
fn first_difference(block: &Block, reference: &Reference, images: u32) -> Option<String> {
    let has_image = |key: &str| {
        let number = key.split_once(" image ").and_then(|(_, rest)| rest.split(' ').next()).and_then(|n| n.parse::<u32>().ok());
        number.is_some_and(|n| n < images)
    };
    let wanted: Vec<(&String, &String)> = reference.iter().filter(|(key, _)| has_image(key)).collect();
    for (key, hash) in &wanted {
        match block.hashes.get(*key) {
            Some(found) if found == *hash => {}
            Some(found) => return Some(format!("first at {key}: {found}, the reference has {hash}")),
            None => return Some(format!("{key} is missing")),
        }
    }
    let surplus = block.hashes.keys().find(|key| !reference.contains_key(*key));
    match surplus {
        Some(key) => Some(format!("{key} is not in the reference")),
        None if wanted.is_empty() => Some("the reference is empty".to_string()),
        None => None,
    }
}
