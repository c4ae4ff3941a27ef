//! How long the device computed each step, on the clock of the device.

use wgpu::{BufferUsages, ComputePassTimestampWrites, QUERY_SET_MAX_QUERIES, QuerySet, QuerySetDescriptor, QueryType};

use super::device::{Buffer, Device};
use super::limits::TIMESTAMPS;
use crate::diagnostic::Result;

/// The begin and end of every step.
pub(super) struct Timer {
    queries: QuerySet,
    values: Buffer,
    steps: u32,
}

impl Timer {
    /// None if the device has no clock, or there are more steps than it counts.
    pub fn new(device: &Device, steps: usize) -> Result<Option<Self>> {
        let Some(count) = u32::try_from(steps).ok().and_then(|n| n.checked_mul(2)).filter(|n| (1..=QUERY_SET_MAX_QUERIES).contains(n))
        else {
            return Ok(None);
        };
        if !device.has(TIMESTAMPS) {
            return Ok(None);
        }
        let values = device.timestamps("the times of steps", u64::from(count) * 8)?;
        let descriptor = QuerySetDescriptor { label: Some("times"), ty: QueryType::Timestamp, count };
        let queries = device.checked("the clock", || device.raw.create_query_set(&descriptor))?;
        Ok(Some(Self { queries, values, steps: count / 2 }))
    }

    /// What a pass of this step is to write.
    pub fn step(&self, index: usize) -> Option<ComputePassTimestampWrites<'_>> {
        let index = u32::try_from(index).ok().filter(|i| *i < self.steps)?;
        Some(ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * index),
            end_of_pass_write_index: Some(2 * index + 1),
        })
    }

    /// Seconds of every step, once all have run.
    pub fn seconds(&self, device: &Device) -> Result<Vec<f64>> {
        device.checked("the times of steps", || {
            let mut encoder = device.raw.create_command_encoder(&Default::default());
            encoder.resolve_query_set(&self.queries, 0..2 * self.steps, &self.values.raw, 0);
            device.queue.submit([encoder.finish()]);
        })?;
        let bytes = device.read(&self.values, 0, u64::from(self.steps) * 16)?;
        let period = f64::from(device.queue.get_timestamp_period()) * 1e-9;
        let (ticks, _) = bytes.as_chunks::<8>();
        let seconds = ticks.chunks_exact(2).map(|t| u64::from_le_bytes(t[1]).saturating_sub(u64::from_le_bytes(t[0])) as f64 * period);
        Ok(seconds.collect())
    }
}

impl Device {
    fn timestamps(&self, what: &str, bytes: u64) -> Result<Buffer> {
        self.buffer(what, bytes, BufferUsages::QUERY_RESOLVE, "maxBufferSize")
    }
}
