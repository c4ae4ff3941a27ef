//! Plan → buffers of a device: values whose lives do not overlap share one, so that each binding is a whole buffer.

use crate::expr::Dim;
use crate::plan::Plan;

/// A buffer as large as the largest value that lies in it.
#[derive(Debug)]
pub struct Slot {
    /// The value that came first.
    pub name: String,
    /// Sizes in bytes of the values, each once.
    pub bytes: Vec<Dim>,
    /// Step of the last read.
    last: usize,
}

/// The buffers, the input's first, and the buffer of each value.
///
/// A value goes to a free buffer that has its size already, else to the free one of the fewest sizes; a step's operands and result
/// never share one.
pub fn slots(plan: &Plan) -> (Vec<Slot>, Vec<usize>) {
    let mut slots: Vec<Slot> = Vec::new();
    let mut of_value = Vec::with_capacity(plan.values.len());
    for (v, value) in plan.values.iter().enumerate() {
        // the input stays: it is written before the first step
        let free = |s: &Slot| v > 0 && s.last < value.first;
        let sizes = |s: &Slot| if s.bytes.contains(&value.bytes) { 0 } else { s.bytes.len() };
        let best = (1..slots.len()).filter(|i| free(&slots[*i])).min_by_key(|i| sizes(&slots[*i]));
        let slot = best.unwrap_or_else(|| {
            slots.push(Slot { name: value.name.clone(), bytes: Vec::new(), last: 0 });
            slots.len() - 1
        });
        if !slots[slot].bytes.contains(&value.bytes) {
            slots[slot].bytes.push(value.bytes.clone());
        }
        slots[slot].last = value.last;
        of_value.push(slot);
    }
    (slots, of_value)
}
