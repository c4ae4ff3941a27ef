// words 4, workgroups 1
@group(0) @binding(0) var<storage, read_write> table: array<u32>;
struct Params { zero: u32, }
@group(0) @binding(1) var<uniform> p: Params;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    table[id.x] = id.x * id.x + p.zero;
}
