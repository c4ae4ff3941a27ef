//! Whether a device computes as the shaders take for granted: facts tried on operands that no compiler knows.

use super::device::Device;
use super::manifest::{bad, each, float_bits as word, text_of};
use super::shader::Bound;
use crate::diagnostic::Result;
use crate::json::{self, Node};
use crate::maps::Maps;
use crate::wgsl::Shader;

/// A manifest's probe.
#[derive(Debug)]
pub struct Probe {
    pub file: String,
    pub workgroups: u32,
    pub facts: Vec<Fact>,
}

#[derive(Debug)]
pub struct Fact {
    pub name: String,
    /// Which operation of the shader.
    pub op: u32,
    /// Kernels do without it.
    pub optional: bool,
    pub cases: Vec<Case>,
}

#[derive(Debug)]
pub struct Case {
    pub operands: Vec<u32>,
    pub result: u32,
}

/// What a device's probe found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Names of facts that kernels count on and that do not hold.
    pub failed: Vec<String>,
    /// Names of those that do not hold and are not counted on.
    pub lacks: Vec<String>,
}

impl Probe {
    pub(super) fn read(node: &Node) -> Result<Self> {
        let f = node.fields()?;
        let groups = f.required("workgroups")?;
        let probe = Self {
            file: text_of(&f, "file")?,
            workgroups: groups.u64()?.try_into().map_err(|_| bad(groups, "too many workgroups"))?,
            facts: each(&f, "facts", fact)?,
        };
        f.finish()?;
        Ok(probe)
    }

    /// The probe as it is emitted, for a device without an encoder; and its shader.
    pub fn emitted(maps: &Maps) -> Result<(Self, Shader)> {
        let (text, entry) = crate::emit::probe::probe(maps)?;
        let probe = Self::read(&json::parse("probe", &entry.to_string())?)?;
        let shader = Shader::new(&probe.file, &text)?;
        Ok((probe, shader))
    }

    /// Runs it once.
    pub fn run(&self, device: &Device, shader: &Shader) -> Result<Found> {
        let (mut cases, mut operands) = (Vec::new(), Vec::new());
        for (fact, case) in self.facts.iter().flat_map(|fact| fact.cases.iter().map(move |case| (fact, case))) {
            cases.extend([fact.op, operands.len() as u32, case.operands.len() as u32]);
            operands.extend(&case.operands);
        }
        let bytes = |words: &[u32]| words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
        let count = cases.len() / 3;
        let (cases, operands, params) = (bytes(&cases), bytes(&operands), bytes(&[count as u32, 0]));
        let bound = [Bound::In(&cases), Bound::In(&operands), Bound::In(&operands), Bound::Out(&vec![0; 4 * count]), Bound::In(&params)];
        let out = device.run(&device.pipeline(shader)?, &bound, [self.workgroups, 1, 1])?.concat();
        let (words, _) = out.as_chunks::<4>();
        let mut results = words.iter().map(|w| u32::from_le_bytes(*w));
        let mut found = Found::default();
        for fact in &self.facts {
            // every case takes its result, equal or not
            let broken = fact.cases.iter().filter(|case| results.next() != Some(case.result)).count();
            if broken > 0 {
                if fact.optional { &mut found.lacks } else { &mut found.failed }.push(fact.name.clone());
            }
        }
        Ok(found)
    }
}

impl Found {
    /// Whether kernels of bits have the bits of the CPU.
    pub fn exact(&self) -> bool {
        self.failed.is_empty()
    }

    /// In a few words.
    pub fn text(&self) -> String {
        let lacks = if self.lacks.is_empty() { String::new() } else { format!("; without {}", self.lacks.join(", ")) };
        match self.exact() {
            true => format!("passes the probe{lacks}"),
            false => {
                format!("fails the probe: {}{lacks}", self.failed.join(", "))
            }
        }
    }
}

fn fact(node: &Node) -> Result<Fact> {
    let f = node.fields()?;
    let op = f.required("op")?;
    let fact = Fact {
        name: text_of(&f, "name")?,
        op: op.u64()?.try_into().map_err(|_| bad(op, "this is no operation"))?,
        optional: f.optional("optional").map(Node::bool).transpose()?.unwrap_or(false),
        cases: each(&f, "cases", case)?,
    };
    f.finish()?;
    Ok(fact)
}

fn case(node: &Node) -> Result<Case> {
    let mut operands = node.array()?.iter().map(word).collect::<Result<Vec<u32>>>()?;
    match (operands.pop(), operands.is_empty()) {
        (Some(result), false) => Ok(Case { operands, result }),
        _ => Err(bad(node, "a case has operands and a result")),
    }
}
