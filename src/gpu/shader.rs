//! One shader on a device: its pipeline, and a single run with buffers given byte by byte.

use wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayout, BindGroupLayoutDescriptor, BindGroupLayoutEntry, BindingType,
    BufferBinding, BufferBindingType, ComputePassDescriptor, ComputePipeline, ComputePipelineDescriptor, PipelineLayoutDescriptor,
    ShaderModuleDescriptor, ShaderSource, ShaderStages,
};

use super::device::{Buffer, Device};
use crate::diagnostic::{Diagnostic, Result};
use crate::wgsl::{Access, Binding, Shader};

/// A shader that a device can run.
pub struct Pipeline {
    pub name: String,
    pub bindings: Vec<Binding>,
    pub(super) raw: ComputePipeline,
    layout: BindGroupLayout,
}

/// What one binding of a single run holds.
#[derive(Debug, Clone)]
pub enum Bound<'a> {
    /// Bytes that the shader reads: storage or uniform.
    In(&'a [u8]),
    /// Bytes that are there before the shader writes; what is there after is part of the result.
    Out(&'a [u8]),
}

/// A piece of a buffer.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub buffer: &'a Buffer,
    pub offset: u64,
    /// None: up to the end.
    pub bytes: Option<u64>,
}

impl<'a> From<&'a Buffer> for Piece<'a> {
    fn from(buffer: &'a Buffer) -> Self {
        Self { buffer, offset: 0, bytes: None }
    }
}

impl Device {
    /// Compiles a shader for this device. Every binding that it declares is part of the layout, used or not.
    pub fn pipeline(&self, shader: &Shader) -> Result<Pipeline> {
        let name = shader.source.name.clone();
        let entry = |b: &Binding| BindGroupLayoutEntry {
            binding: b.index,
            visibility: ShaderStages::COMPUTE,
            ty: BindingType::Buffer {
                ty: match b.access {
                    Access::Uniform => BufferBindingType::Uniform,
                    Access::Read => BufferBindingType::Storage { read_only: true },
                    Access::ReadWrite => BufferBindingType::Storage { read_only: false },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        };
        let entries: Vec<_> = shader.bindings.iter().map(entry).collect();
        let text = crate::wgsl::validate::native(&shader.source.text);
        let (raw, layout) = self.checked(&format!("the shader {name}"), || {
            let module = ShaderModuleDescriptor { label: Some(&name), source: ShaderSource::Wgsl(text) };
            let module = self.raw.create_shader_module(module);
            let layout = self.raw.create_bind_group_layout(&BindGroupLayoutDescriptor { label: Some(&name), entries: &entries });
            let all = PipelineLayoutDescriptor { label: Some(&name), bind_group_layouts: &[Some(&layout)], immediate_size: 0 };
            let all = self.raw.create_pipeline_layout(&all);
            let pipeline = self.raw.create_compute_pipeline(&ComputePipelineDescriptor {
                label: Some(&name),
                layout: Some(&all),
                module: &module,
                entry_point: Some("main"),
                compilation_options: Default::default(),
                cache: None,
            });
            (pipeline, layout)
        })?;
        Ok(Pipeline { name, bindings: shader.bindings.clone(), raw, layout })
    }

    /// Binds pieces of buffers to a pipeline, one per binding and in their order.
    pub(super) fn bind(&self, pipeline: &Pipeline, pieces: &[Piece<'_>]) -> Result<BindGroup> {
        if pieces.len() != pipeline.bindings.len() {
            let message = format!("{} binds {} buffers, {} are given", pipeline.name, pipeline.bindings.len(), pieces.len());
            return Err(Diagnostic::new("gpu-bindings", message));
        }
        let mut entries = Vec::with_capacity(pieces.len());
        for (binding, piece) in pipeline.bindings.iter().zip(pieces) {
            let size = piece.bytes.and_then(wgpu::BufferSize::new);
            let resource = wgpu::BindingResource::Buffer(BufferBinding { buffer: &piece.buffer.raw, offset: piece.offset, size });
            entries.push(BindGroupEntry { binding: binding.index, resource });
        }
        let descriptor = BindGroupDescriptor { label: Some(&pipeline.name), layout: &pipeline.layout, entries: &entries };
        self.checked(&format!("the buffers of {}", pipeline.name), || self.raw.create_bind_group(&descriptor))
    }

    /// Submits calls of a pipeline that do not depend on each other: what each binds, and its workgroups.
    pub(super) fn dispatch(
        &self,
        pipeline: &Pipeline,
        calls: &[(&BindGroup, [u32; 3])],
        timestamps: Option<wgpu::ComputePassTimestampWrites<'_>>,
    ) -> Result<wgpu::SubmissionIndex> {
        self.checked(&format!("a call of {}", pipeline.name), || {
            let mut encoder = self.raw.create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor { label: Some(&pipeline.name), timestamp_writes: timestamps });
            pass.set_pipeline(&pipeline.raw);
            for (group, [x, y, z]) in calls {
                pass.set_bind_group(0, *group, &[]);
                pass.dispatch_workgroups(*x, *y, *z);
            }
            drop(pass);
            self.queue.submit([encoder.finish()])
        })
    }

    /// Runs a pipeline once on buffers of their own, given in the order of its bindings, and waits. The result is what
    /// each [`Bound::Out`] holds afterwards, as many bytes as were given.
    pub fn run(&self, pipeline: &Pipeline, bound: &[Bound<'_>], workgroups: [u32; 3]) -> Result<Vec<Vec<u8>>> {
        let mut buffers = Vec::new();
        for (i, content) in bound.iter().enumerate() {
            let (Bound::In(bytes) | Bound::Out(bytes)) = content;
            let what = format!("binding {i} of {}", pipeline.name);
            let buffer = match pipeline.bindings.get(i).map(|b| b.access) {
                Some(Access::Uniform) => self.uniforms(&what, bytes.len() as u64)?,
                _ => self.storage(&what, bytes.len() as u64)?,
            };
            self.write(&buffer, bytes)?;
            buffers.push(buffer);
        }
        let pieces: Vec<Piece> = buffers.iter().map(Piece::from).collect();
        let group = self.bind(pipeline, &pieces)?;
        self.dispatch(pipeline, &[(&group, workgroups)], None)?;
        let mut out = Vec::new();
        for (content, buffer) in bound.iter().zip(&buffers) {
            if let Bound::Out(before) = content {
                out.push(self.read(buffer, 0, before.len() as u64)?);
            }
        }
        Ok(out)
    }
}
