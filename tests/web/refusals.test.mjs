// Files that are wrong are refused with the right code, and never crash the reader; with --c, exactly those that the C library refuses.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { compileC } from './emitted_c.mjs';
import { variations } from './files.mjs';
import { emittedC, encoderModule, gguf, manifest } from './setup.mjs';

const { check, EncoderError } = await encoderModule();
const all = variations(gguf);

const codeOf = (bytes) => check(manifest, new Blob([bytes])).then(() => null, (e) => {
    assert.ok(e instanceof EncoderError, e.stack);
    return e.code;
});

for (const [name, bytes, expected] of all) {
    test(`a file with ${name}`, async () => assert.equal(await codeOf(bytes), expected));
}

test('any end and any flipped byte of the directory is told, or does no harm', async () => {
    const [[, whole]] = all, codes = new Set();
    for (let at = 0; at < 6000; at += 7) {
        assert.equal(await codeOf(whole.subarray(0, at)), 'gguf_truncated', `the first ${at} bytes`);
        const copy = Buffer.from(whole);
        copy[at] ^= 1 << at % 8;
        codes.add(await codeOf(copy));
    }
    assert.ok(codes.has('gguf_mismatch') && codes.has('gguf_malformed') && codes.has('gguf_truncated'), [...codes].join());
});

test('the C library refuses the same files', { skip: emittedC === undefined && 'no --c' }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'refusals-'));
    try {
        const [[, whole]] = all, files = all.map(([name, bytes]) => [name, bytes]);
        for (let at = 0; at < 3000; at += 11) {
            const copy = Buffer.from(whole);
            copy[at] ^= 1 << at % 8;
            files.push([`bit ${at % 8} of byte ${at} flipped`, copy]);
        }
        const paths = files.map(([, bytes], i) => {
            const path = join(folder, `${i}.gguf`);
            writeFileSync(path, bytes);
            return path;
        });
        const statuses = execFileSync(compileC(folder, 'open.c'), paths, { encoding: 'utf8' }).trim().split('\n').map(Number);
        const format = 3, mismatch = 4; // of the header's statuses
        for (const [i, [name, bytes]] of files.entries()) {
            const code = await codeOf(bytes), expected = code === null ? 0 : code === 'gguf_mismatch' ? mismatch : format;
            assert.equal(statuses[i], expected, `${name}: here ${code}`);
        }
    } finally {
        rmSync(folder, { recursive: true });
    }
});
