// One element per invocation, 256 to a workgroup, however many elements: 32 workgroups side by side, and rows of those.

fn iso_each(group: vec3<u32>, id: u32) -> u32 {
    return (group.y * 32u + group.x) * 256u + id;
}
