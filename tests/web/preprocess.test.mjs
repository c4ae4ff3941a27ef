// Preprocessing in JavaScript has the bits of the C library, over many sizes: enlarged, reduced, kept, one pixel wide.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { compileC } from './emitted_c.mjs';
import { readPng } from './png.mjs';
import { emittedC, encoderModule, gguf, image, manifest } from './setup.mjs';

test('pixels equal those of C', { skip: emittedC === undefined && 'no --c' }, async (t) => {
    const { preprocess, EncoderError } = await encoderModule();
    let state = 1;
    const random = (n) => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return (state >>> 0) % n;
    };
    const { row_unit: row, col_unit: col } = manifest.input;
    const sizes = [[1, 1], [1, 300], [300, 1], [col, row], [col * 6, row * 5], [col * 6 + 1, row * 5 - 1], [2000, 16], [700, 500], [640, 480]];
    for (let i = 0; i < 120; i++) {
        sizes.push([1 + random(i % 10 === 0 ? 1500 : 400), 1 + random(i % 10 === 1 ? 1500 : 400)]);
    }
    const pictures = sizes.map(([width, height], i) => ({
        width, height, data: Uint8Array.from({ length: width * height * 3 }, () => (i % 3 === 0 ? random(2) * 255 : random(256))),
    }));
    pictures.push(readPng(image));
    const folder = mkdtempSync(join(tmpdir(), 'preprocess-'));
    try {
        const program = compileC(folder, 'preprocess.c');
        let compared = 0;
        for (const picture of pictures) {
            const { width, height, data } = picture;
            const input = Buffer.concat([Buffer.from(new Uint32Array([width, height]).buffer), data]);
            const out = execFileSync(program, [gguf], { input, maxBuffer: 1 << 30 });
            const size = [out.readUInt32LE(0), out.readUInt32LE(4)];
            let made = { width: 0, height: 0, pixels: new Float32Array(0) };
            try {
                made = preprocess(manifest, picture);
            } catch (e) {
                assert.ok(e instanceof EncoderError && e.code.startsWith('image'), e.stack);
            }
            assert.deepEqual([made.width, made.height], size, `the size of ${width} x ${height}`);
            assert.ok(Buffer.from(made.pixels.buffer).equals(out.subarray(8)), `the pixels of ${width} x ${height}`);
            compared += made.pixels.length > 0;
        }
        t.diagnostic(`${compared} of ${pictures.length} sizes compared, the others refused by both`);
        assert.ok(compared > pictures.length / 2);
    } finally {
        rmSync(folder, { recursive: true });
    }
});
