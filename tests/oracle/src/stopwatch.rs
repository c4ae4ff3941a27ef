//! Time of every node of llama.cpp's graph: an upper bound, since each node is computed and waited for by itself.

use std::time::Instant;

use serde_json::{Value, json};

use crate::Result;
use crate::llama::{Encoder, Input, Node, Visitor};
use crate::tensor::Strided;

/// One node that computes something, and the seconds that it took in each encode.
pub struct NodeTime {
    node: Node,
    seconds: Vec<f64>,
}

/// Encodes so many times and looks at the clock after every node.
pub fn run(encoder: &mut Encoder, threads: u32, input: &Input, encodes: u32) -> Result<Vec<NodeTime>> {
    let mut times = Vec::new();
    for _ in 0..encodes {
        let mut watch = Stopwatch { times, at: 0, pending: None, mark: None };
        encoder.encode(threads, input, Some(&mut watch))?;
        times = watch.times;
    }
    Ok(times)
}

/// The nodes in execution order, each with its median.
pub fn to_json(times: &[NodeTime]) -> Value {
    let one = |t: &NodeTime| {
        let mut sorted = t.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        json!({ "name": t.node.name, "op": t.node.op, "type": t.node.type_name, "shape": t.node.shape, "seconds": sorted[sorted.len() / 2] })
    };
    times.iter().map(one).collect()
}

struct Stopwatch {
    times: Vec<NodeTime>,
    /// Nodes seen in this encode.
    at: usize,
    pending: Option<Node>,
    /// When the node before ended.
    mark: Option<Instant>,
}

impl Visitor for Stopwatch {
    fn announce(&mut self, node: &Node) -> bool {
        self.mark.get_or_insert_with(Instant::now);
        // A view moves nothing; it runs with the node after it.
        if !node.is_view {
            self.pending = Some(node.clone());
        }
        !node.is_view
    }

    fn visit(&mut self, node: &Node, _: Strided<'_>) -> Result<()> {
        let now = Instant::now();
        let announced = self.pending.take().filter(|p| p.name == node.name);
        let (Some(announced), Some(before)) = (announced, self.mark) else {
            return Err(format!("{} was visited without being announced", node.name));
        };
        let seconds = (now - before).as_secs_f64();
        match self.times.get_mut(self.at) {
            None => self.times.push(NodeTime { node: announced, seconds: vec![seconds] }),
            Some(t) if t.node.op == node.op && t.node.shape == node.shape => t.seconds.push(seconds),
            Some(t) => return Err(format!("node {} is {} now, and was {}", self.at, node.name, t.node.name)),
        }
        self.at += 1;
        self.mark = Some(Instant::now());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::DType;

    fn node(name: &str, op: &str, is_view: bool) -> Node {
        let (name, op, type_name) = (name.to_string(), op.to_string(), "f32".to_string());
        Node { name, op, type_name, dtype: Some(DType::F32), shape: vec![1], stride: vec![4], is_view }
    }

    /// One encode of these nodes.
    fn encode(times: Vec<NodeTime>, nodes: &[Node]) -> Result<Vec<NodeTime>> {
        let mut watch = Stopwatch { times, at: 0, pending: None, mark: None };
        for n in nodes {
            if watch.announce(n) {
                watch.visit(n, Strided { dtype: DType::F32, shape: &[1], stride: &[4], bytes: &[0; 4] })?;
            }
        }
        Ok(watch.times)
    }

    #[test]
    fn every_node_that_computes_has_a_time_of_each_encode() {
        let nodes = [node("a", "MUL_MAT", false), node("a (view)", "VIEW", true), node("b", "ADD", false)];
        let times = encode(encode(Vec::new(), &nodes).unwrap(), &nodes).unwrap();
        let json = to_json(&times);
        let told: Vec<&str> = json.as_array().unwrap().iter().map(|t| t["op"].as_str().unwrap()).collect();
        assert_eq!(told, ["MUL_MAT", "ADD"]);
        assert!(times.iter().all(|t| t.seconds.len() == 2) && json[0]["seconds"].as_f64().unwrap() >= 0.0);
    }

    #[test]
    fn encodes_of_other_graphs_are_not_mixed() {
        let times = encode(Vec::new(), &[node("a", "MUL_MAT", false)]).unwrap();
        assert!(encode(times, &[node("b", "ADD", false)]).is_err_and(|e| e == "node 0 is b now, and was a"));
        let mut watch = Stopwatch { times: Vec::new(), at: 0, pending: None, mark: None };
        assert!(watch.visit(&node("a", "ADD", false), Strided { dtype: DType::F32, shape: &[1], stride: &[4], bytes: &[0; 4] }).is_err());
    }
}
