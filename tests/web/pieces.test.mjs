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
Object.assign(process.env, driverEnvironment(lavapipe ?? swiftshader));
const gpu = dawn('backend=vulkan'), picture = readPng(image), binding = 'maxStorageBufferBindingSize';
const files = Object.fromEntries([...manifest.shaders, ...manifest.tables, manifest.probe].map(({ file }) => [file, readFileSync(join(folder, file), 'utf8')]));
/** The largest of what is always bound whole. */
const least = Math.max(...manifest.weights.map((w) => Number(w.bytes)), ...manifest.tables.map((t) => t.words * 4));
const { [binding]: _, ...limits } = manifest.limits, opened = [];
after(() => opened.forEach((close) => close()));

/** An encoder on a device that says it binds no more, and the largest binding and the number of calls since. */
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
    Object.assign(seen, { largest: 0, calls: 0 }); // not those of the probe and of tables
    return { encoder, seen };
}

/** The values of every step that differ between two encoders. */
async function differing(whole, cut, pixels, width, height, batch) {
    const rows = [], kept = new Map();
    const a = await whole.encodePixels(pixels, width, height, { batch, taps: (value) => { kept.set(value.name, value.data); } });
    const differs = (x, y) => Buffer.compare(Buffer.from(x.buffer, x.byteOffset, x.byteLength), Buffer.from(y.buffer, y.byteOffset, y.byteLength)) !== 0;
    const taps = ({ name, data }) => { if (differs(data, kept.get(name))) { rows.push(name); } };
    const b = await cut.encodePixels(pixels, width, height, { batch, taps });
    return differs(a.embeddings, b.embeddings) ? [...rows, 'embeddings'] : rows;
}

test('what fits is called once', async () => {
    const { encoder, seen } = await small(least), { embeddings } = await encoder.encode(picture);
    if (manifest.promise === 'bits') {
        assert.equal(createHash('sha256').update(new Uint8Array(embeddings.buffer)).digest('hex'), expected);
    }
    if (encoder.plan(picture.width, picture.height).buffers.every(({ bytes }) => bytes <= least)) {
        assert.equal(seen.calls, manifest.steps.length);
    }
});

test('pieces give the bits of the whole', async (t) => {
    const { encoder, seen } = await small(least), whole = await open(join(folder, 'manifest.json'), gguf, { gpu });
    opened.push(() => whole.close());
    // many images of few patches: most values are too large to be bound, and there are few pairs of query and key
    const { row_unit: row, col_unit: col, channels } = manifest.input, batch = 40, width = 4 * col, height = 4 * row;
    const pixels = Float32Array.from({ length: batch * width * height * channels }, (_, i) => (Math.imul(i, 2654435761) >>> 8) / 2 ** 23 - 1);
    assert.equal(encoder.planPixels(width, height, { batch }).exceeds, null);
    assert.deepEqual(await differing(whole, encoder, pixels, width, height, batch), []);
    t.diagnostic(`${batch} x ${width} x ${height}: ${seen.calls} calls of ${manifest.steps.length} steps, bindings of at most ${seen.largest} bytes`);
    assert.ok(seen.largest <= least, `binds ${seen.largest} bytes, ${least} are the most`);
    assert.ok(seen.calls > 2 * manifest.steps.length);
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
