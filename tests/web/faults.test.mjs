// What can go wrong while an encoder is open: each has its code, and afterwards the same encoder gives the right bits.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { readPng } from './png.mjs';
import { dawn, driverEnvironment, encoderModule, expected, findDrivers, folder, gguf, image, manifest, serve } from './setup.mjs';

const { open: openWhole, plan, readTaps, EncoderError } = await encoderModule();
/** Software drivers compile for minutes: only what a test calls for. */
const open = (of, file, options) => openWhole(of, file, { lazy: true, ...options });
const { swiftshader, lavapipe } = findDrivers();
Object.assign(process.env, driverEnvironment(swiftshader ?? lavapipe));
const gpu = dawn('backend=vulkan'), place = join(folder, 'manifest.json'), picture = readPng(image);
const files = Object.fromEntries([...manifest.shaders, ...manifest.tables, manifest.probe].map(({ file }) => [file, readFileSync(join(folder, file), 'utf8')]));
let encoder;

const fails = (promise, code) => assert.rejects(promise, (e) => {
    assert.ok(e instanceof EncoderError, e.stack);
    assert.equal(e.code, code, e.message);
    assert.ok(e.message.length > 20);
    return true;
});
const hash = ({ embeddings }) => createHash('sha256').update(new Uint8Array(embeddings.buffer)).digest('hex');
const works = async (it = encoder) => assert.equal(hash(await it.encode(picture)), expected);

/** A device as the encoder would ask for it. */
async function device(of = gpu) {
    const adapter = await of.requestAdapter(), { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
    return adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
}

before(async () => {
    encoder = await open(place, gguf, { gpu });
});
after(() => encoder.close());

test('no WebGPU, no adapter', async () => {
    await fails(open(place, gguf, { gpu: null }), 'no_webgpu');
    await fails(open(place, gguf, { gpu: dawn('backend=metal') }), process.platform === 'darwin' ? 'gguf_truncated' : 'no_adapter');
});

test('limits that the device lacks', async () => {
    const greedy = { ...manifest, limits: { ...manifest.limits, maxStorageBuffersPerShaderStage: 1000 } };
    await assert.rejects(open(greedy, gguf, { gpu, files }), { code: 'limits', which: 'maxStorageBuffersPerShaderStage', needs: 1000 });
    const needy = { ...manifest, variants: manifest.variants.map((v) => ({ ...v, needs: ['no-such-feature'] })) };
    await assert.rejects(open(needy, gguf, { gpu, files }), { code: 'limits', which: 'features' });
    await fails(open(place, gguf, { gpu, variant: 'no-such-variant' }), 'argument');
});

test('an image whose buffers the device cannot have', async () => {
    const adapter = await gpu.requestAdapter(), small = await adapter.requestDevice(); // 256 MiB per buffer
    const own = await open(place, gguf, { device: small }), { row_unit: row, col_unit: col, max_batch: batch } = manifest.input;
    const side = Math.floor(Math.sqrt(manifest.input.max_grid)), width = Math.min(side, manifest.input.max_cols) * col, height = Math.min(side, manifest.input.max_rows) * row;
    const { exceeds } = own.planPixels(width, height, { batch });
    assert.equal(exceeds.which, 'maxBufferSize');
    assert.ok(exceeds.needs > exceeds.has);
    await fails(own.encode(Array.from({ length: batch }, () => ({ width, height, data: new Uint8Array(0) }))), 'limits');
    await works(own);
    own.close();
    small.destroy();
});

test('the memory of the GPU ends', async () => {
    // has 512 MiB and computes nothing, so no tables
    const none = await device(dawn('backend=null')), { row_unit: row, col_unit: col } = manifest.input;
    const steps = manifest.steps.map((s) => ({ ...s, refs: s.refs.map((r) => (r.kind === 'table' ? { kind: 'weight', index: 0, at: 0 } : r)) }));
    const own = await open({ ...manifest, tables: [], steps }, gguf, { device: none, files });
    const others = [1, 2, 3, 4].map(() => none.createBuffer({ size: 100e6, usage: 0x80 })); // another program's
    let side = 1;
    while (own.planPixels(side * col, side * row).bytes < 200e6) {
        side += 1;
    }
    const large = () => own.encodePixels(new Float32Array(side * col * side * row * 3), side * col, side * row);
    for (let i = 0; i < 3; i++) { // nothing is kept of a failed one
        await fails(large(), 'out_of_memory');
        await own.encode(picture);
    }
    others.forEach((b) => b.destroy());
    await large();
    own.close();
});

test('the device is lost in the middle', async () => {
    const first = await device(), own = await open(place, gguf, { device: first });
    await fails(own.encode(picture, { progress: ({ phase, done }) => phase === 'encode' && done === 1 && first.destroy() }), 'lost_device');
    assert.equal(own.lost, true);
    await fails(own.encode(picture), 'lost_device');
    await own.reopen({ device: await device() });
    assert.equal(own.lost, false);
    await works(own);
    own.close();
    await fails(own.encode(picture), 'closed');
});

test('the device is lost while weights are brought to it', async () => {
    const first = await device();
    await fails(open(place, gguf, { device: first, progress: ({ phase }) => phase === 'weights' && first.destroy() }), 'lost_device');
});

test('close() in the middle, and reopen()', async () => {
    const own = await open(place, gguf, { gpu });
    await fails(own.encode(picture, { progress: ({ phase, done }) => phase === 'encode' && done === 1 && own.close() }), 'lost_device');
    await own.reopen();
    await works(own);
    own.close();
});

test('an image that is too large, or no image', async () => {
    const { max_side: most, max_batch: batch } = manifest.input;
    assert.throws(() => encoder.plan(most + 1, 10), { code: 'image_too_large' });
    assert.throws(() => plan(manifest, 10, most + 1), { code: 'image_too_large' });
    assert.throws(() => encoder.plan(100, 100, { batch: batch + 1 }), { code: 'image_too_large' });
    assert.throws(() => encoder.planPixels(1, 1), { code: 'image' });
    assert.throws(() => encoder.plan(0, 10), { code: 'image' });
    assert.throws(() => encoder.plan(100, 100, { batch: 1.5 }), { code: 'argument' });
    await fails(encoder.encode({ width: most + 1, height: 10, data: new Uint8Array(0) }), 'image_too_large');
    await fails(encoder.encode({ width: 10, height: 10, data: new Uint8Array(7) }), 'argument');
    await fails(encoder.encode([{ ...picture }, { ...picture, width: 1 }]), 'argument');
    await fails(encoder.encode(null), 'argument');
    await fails(encoder.encode([]), 'argument');
    await fails(encoder.encodePixels(new Float32Array(3), 64, 64), 'argument');
    await fails(encoder.encode(picture, { taps: ['no such tap'] }), 'argument');
    await works();
});

test('cancelled before, while loading, while encoding', async () => {
    const during = (phase) => {
        const stop = new AbortController();
        return { signal: stop.signal, progress: (p) => p.phase === phase && stop.abort() };
    };
    await fails(open(place, gguf, { gpu, signal: AbortSignal.abort() }), 'cancelled');
    await fails(open(place, gguf, { gpu, lazy: false, ...during('shaders') }), 'cancelled');
    await fails(open(place, gguf, { gpu, ...during('weights') }), 'cancelled');
    await fails(encoder.encode(picture, { signal: AbortSignal.abort() }), 'cancelled');
    await fails(encoder.encode(picture, during('encode')), 'cancelled');
    await works();
});

test('two at once', async () => {
    const first = encoder.encode(picture);
    await fails(encoder.encode(picture), 'busy');
    await fails(encoder.reopen(), 'busy');
    assert.equal(hash(await first), expected);
    await works();
});

test('an error in a callback of the caller', async () => {
    await assert.rejects(encoder.encode(picture, { taps: () => { throw new Error('mine'); } }), manifest.taps.length > 0 ? /mine/ : undefined);
    await assert.rejects(encoder.encode(picture, { progress: () => { throw new Error('mine'); } }), /mine/);
    await works();
});

test('shaders, tables and manifests that are wrong', async () => {
    const file = manifest.shaders[0].file, broken = { ...files, [file]: files[file].replace('fn main(', 'fn main(,') };
    await assert.rejects(open(manifest, gguf, { gpu, lazy: false, files: broken }), (e) => e.code === 'shader' && e.file === file && e.line > 0);
    const [table] = manifest.tables;
    if (table !== undefined) {
        const wrong = { ...manifest, tables: [{ ...table, checksum: '0123456789abcdef' }, ...manifest.tables.slice(1)] };
        await fails(open(wrong, gguf, { gpu, files }), 'table');
    }
    await fails(open({ ...manifest, format: 99 }, gguf, { gpu, files }), 'manifest');
    await fails(open({ ...manifest, encoder: 'other' }, gguf, { gpu, files }), 'manifest');
    await fails(open({ ...manifest, tokens: 'mh*nothing' }, gguf, { gpu, files }).then((e) => e.encode(picture)), 'manifest');
    await fails(open(manifest, gguf, { gpu, files: {} }).then((e) => e.encode(picture)), 'read');
    await fails(open(join(folder, 'nothing.json'), gguf, { gpu }), 'read');
    await fails(open(gguf, gguf, { gpu }), 'manifest');
});

test('files that are not there, no file, or change', async () => {
    await fails(open(place, join(folder, 'nothing.gguf'), { gpu }), 'read');
    await fails(open(place, folder, { gpu }), 'read');
    await fails(open(place, 7, { gpu }), 'argument');
    const other = mkdtempSync(join(tmpdir(), 'faults-'));
    try {
        const copy = join(other, 'copy.gguf');
        copyFileSync(gguf, copy);
        const half = () => writeFileSync(copy, readFileSync(gguf).subarray(0, 5000));
        await fails(open(place, copy, { gpu, progress: ({ phase }) => phase === 'directory' && half() }), 'read');
        await fails(open(place, copy, { gpu }), 'gguf_truncated');
    } finally {
        rmSync(other, { recursive: true });
    }
    await works();
});

test('a reference that is damaged', async () => {
    const index = { source: 's', taps: [{ name: 'a', occurrence: 1, dtype: 'f32', shape: [2], file: 'a.npy' }] };
    const from = (npy) => (name) => (name === 'taps.json' ? new TextEncoder().encode(JSON.stringify(index)) : npy);
    await fails(readTaps(join(folder, 'nothing')), 'read');
    await fails(readTaps(() => new TextEncoder().encode('{')), 'taps');
    await fails(readTaps([]), 'taps');
    await fails(readTaps(from(new Uint8Array(20))).then((r) => r.taps[0].read()), 'taps');
    await fails(readTaps(from(new Uint8Array(20))).then((r) => encoder.compare(r)), 'taps');
    await works();
});

test('bytes from memory, a Blob, servers with and without ranges and lengths', async () => {
    const bytes = readFileSync(gguf);
    for (const source of [bytes, new Blob([bytes]), new Blob([bytes.subarray(0, 100), bytes.subarray(100)])]) {
        const own = await open(manifest, source, { gpu, files });
        await works(own);
        own.close();
    }
    for (const kind of [{}, { ranges: false }, { ranges: false, lengths: false }]) {
        const server = await serve((name) => (name === 'model.gguf' ? gguf : existsSync(join(folder, name)) ? join(folder, name) : undefined), kind);
        try {
            const own = await open(`${server.url}manifest.json`, `${server.url}model.gguf`, { gpu });
            await works(own);
            own.close();
            await fails(open(`${server.url}manifest.json`, `${server.url}nothing.gguf`, { gpu }), 'read');
        } finally {
            server.close();
        }
    }
});

test('a batch gives the bits of its images', async () => {
    const dark = { ...picture, data: picture.data.map((v) => v >> 1) };
    const alone = [await encoder.encode(picture), await encoder.encode(dark)], both = await encoder.encode([picture, dark]);
    assert.equal(both.batch, 2);
    assert.deepEqual(both.embeddings, Float32Array.from([...alone[0].embeddings, ...alone[1].embeddings]));
});

test('a plan says what is allocated, and RGBA is RGB with alpha dropped', async () => {
    const made = encoder.plan(picture.width, picture.height), result = await encoder.encode(picture);
    assert.deepEqual(made, { ...plan(manifest, picture.width, picture.height), exceeds: null });
    assert.equal(result.embeddings.byteLength, made.outputs[0].bytes);
    assert.equal(made.tokens * made.embedding, result.embeddings.length);
    assert.equal(result.steps.length, manifest.steps.length);
    assert.equal(result.stages.reduce((n, s) => n + s.steps, 0), manifest.steps.length);
    const rgba = new Uint8ClampedArray(picture.width * picture.height * 4).map((_, i) => (i % 4 === 3 ? i : picture.data[Math.floor(i / 4) * 3 + i % 4]));
    assert.equal(hash(await encoder.encode({ ...picture, data: rgba })), expected);
});
