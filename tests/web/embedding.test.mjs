// The embedding has the bits of the C library on each software driver in Node, and so has every value between.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { comparable, driverEnvironment, dump, expected, findDrivers, folder, gguf, image, manifest, missing } from './setup.mjs';

const program = join(dirname(fileURLToPath(import.meta.url)), 'encode.mjs');

for (const [name, icd] of Object.entries(findDrivers())) {
    test(`Node on ${name}`, { skip: missing(name, icd) }, (t) => {
        assert.ok(icd, `${name} is not on this machine; --allow-missing skips it`);
        const arguments_ = [program, folder, gguf, image, ...(dump === undefined ? [] : [dump])];
        const out = JSON.parse(execFileSync(process.execPath, arguments_, { env: driverEnvironment(icd), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
        t.diagnostic(`${out.adapter.description}: ${out.total.toFixed(0)} ms by the ${out.clock}'s clock`);
        assert.match(`${out.adapter.architecture} ${out.adapter.description}`, name === 'lavapipe' ? /llvmpipe/ : /swiftshader/i);
        assert.deepEqual([out.exact, out.probe.failed], [true, []]);
        t.diagnostic(`passes the probe${out.probe.lacks.length > 0 ? `, without ${out.probe.lacks.join(', ')}` : ''}`);
        assert.deepEqual(out.rows.filter((r) => r.verdict !== 'equal' && r.verdict !== 'absent'), []);
        if (dump !== undefined) {
            assert.deepEqual(out.rows.filter((r) => r.verdict === 'equal').map((r) => r.value), comparable());
            assert.ok(comparable().length > manifest.steps.length / 10);
        }
        assert.equal(out.hash, expected);
        assert.equal(out.again, expected, 'the second run on the same buffers');
    });
}
