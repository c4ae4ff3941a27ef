// A device that binds little: steps are cut into pieces, and the bits stay.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { readPng } from './png.mjs';
import { dawn, driverEnvironment, encoderModule, expected, findDrivers, folder, gguf, image, manifest } from './setup.mjs';

const { open } = await encoderModule();
const { swiftshader, lavapipe } = findDrivers();
Object.assign(process.env, driverEnvironment(swiftshader ?? lavapipe));
const gpu = dawn('backend=vulkan'), picture = readPng(image), binding = 'maxStorageBufferBindingSize';
const files = Object.fromEntries([...manifest.shaders, ...manifest.tables, manifest.probe].map(({ file }) => [file, readFileSync(join(folder, file), 'utf8')]));
/** The largest of what is always bound whole. */
const least = Math.max(...manifest.weights.map((w) => Number(w.bytes)), ...manifest.tables.map((t) => t.words * 4));
const { [binding]: _, ...limits } = manifest.limits, opened = [];
after(() => opened.forEach((close) => close()));

/** An encoder on a device that says it binds no more, and the largest binding and the calls of each encode. */
async function small(bytes) {
    const adapter = await gpu.requestAdapter(), seen = { largest: 0, calls: 0 };
    const device = await adapter.requestDevice({ requiredLimits: { maxBufferSize: adapter.limits.maxBufferSize, [binding]: adapter.limits[binding] } });
    const own = {
        limits: new Proxy(device.limits, { get: (of, name) => (name === binding ? bytes : of[name]) }),
        createBindGroup(descriptor) {
            for (const { resource: { buffer, size } } of descriptor.entries) {
                seen.largest = Math.max(seen.largest, size ?? buffer.size);
            }
            seen.calls += 1;
            return device.createBindGroup(descriptor);
        },
    };
    const wrapped = new Proxy(device, {
        get(of, name) {
            const value = name in own ? own[name] : of[name];
            return typeof value === 'function' ? value.bind(of) : value;
        },
    });
    const encoder = await open({ ...manifest, limits }, gguf, { device: wrapped, files });
    opened.push(() => { encoder.close(); device.destroy(); });
    return { encoder, seen };
}

const hashes = ({ embeddings, batch }) => Array.from({ length: batch }, (_, i) => {
    const each = embeddings.length / batch;
    return createHash('sha256').update(embeddings.slice(i * each, (i + 1) * each)).digest('hex');
});

test('pieces give the bits of the whole, for one image and for several', async (t) => {
    const { encoder, seen } = await small(least), steps = manifest.steps.length;
    for (const batch of [1, 4]) {
        Object.assign(seen, { largest: 0, calls: 0 });
        assert.equal(encoder.plan(picture.width, picture.height, { batch }).exceeds, null);
        const result = await encoder.encode(Array(batch).fill(picture));
        assert.deepEqual(hashes(result), Array(batch).fill(expected));
        assert.ok(seen.largest <= least, `binds ${seen.largest} of ${least} bytes`);
        t.diagnostic(`${batch} x ${picture.width} x ${picture.height}: ${seen.calls} calls of ${steps} steps, bindings of at most ${seen.largest} bytes`);
        const { buffers } = encoder.plan(picture.width, picture.height, { batch });
        assert.equal(seen.calls > steps, buffers.some((b) => b.bytes > least), 'what fits is called once');
    }
    assert.ok(seen.calls > steps);
});

test('what cannot be cut is said before anything runs', async () => {
    const { encoder } = await small(least);
    const { row_unit: row, col_unit: col, max_rows: rows, max_grid: grid } = manifest.input;
    let high = 1; // until the keys of one image are too many
    while (high * 2 <= rows && high * 8 <= grid && encoder.planPixels(4 * col, high * row).exceeds === null) {
        high *= 2;
    }
    const { exceeds } = encoder.planPixels(4 * col, high * row);
    assert.equal(exceeds.which, binding);
    assert.ok(exceeds.needs > exceeds.has && exceeds.has === least && /of step/.test(exceeds.what), JSON.stringify(exceeds));
    await assert.rejects(encoder.encodePixels(new Float32Array(3 * 4 * col * high * row), 4 * col, high * row), { code: 'limits', which: binding });
});
