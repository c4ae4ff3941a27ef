// Tint, the compiler of Chrome and of Dawn, accepts every emitted shader; no driver is needed.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { dawn, folder, manifest } from './setup.mjs';

const adapter = await dawn('backend=null').requestAdapter();
// WebGPU's default limits, and every feature that a variant asks for
const device = await adapter.requestDevice({ requiredFeatures: [...new Set(manifest.variants.flatMap((v) => v.needs))] });
after(() => device.destroy());

async function problems(code) {
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code }), { messages } = await module.getCompilationInfo();
    device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
    const error = await device.popErrorScope();
    return [...messages.map((m) => `${m.type} ${m.lineNum}:${m.linePos} ${m.message}`), ...(error === null ? [] : [error.message])];
}

test('every shader of the manifest compiles without a warning', async (t) => {
    const files = [...manifest.shaders, ...manifest.tables, manifest.probe].map((s) => s.file);
    assert.deepEqual([...files].sort(), readdirSync(folder).filter((f) => f.endsWith('.wgsl')).sort(), 'files and manifest');
    for (const file of files) {
        assert.deepEqual(await problems(readFileSync(join(folder, file), 'utf8')), [], file);
    }
    t.diagnostic(`${files.length} shaders`);
});

test('a broken shader is seen', async () => {
    const good = readFileSync(join(folder, manifest.shaders[0].file), 'utf8');
    assert.notDeepEqual(await problems(good.replace('fn main(', 'fn main(,')), []);
    assert.notDeepEqual(await problems(good.replace(/@workgroup_size\([^)]*\)/, '@workgroup_size(1024)')), []);
});
