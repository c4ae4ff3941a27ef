// The embedding has the bits of the C library on each software driver in Node, and so has every value between; where a profile promises a
// bound, all are within it, with every variant of kernels.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { comparable, driverEnvironment, dump, expected, findDrivers, folder, gguf, image, manifest, missing } from './setup.mjs';

const program = join(dirname(fileURLToPath(import.meta.url)), 'encode.mjs');

const exact = manifest.promise === 'bits';
// variants of kernels of bits give the same
const variants = manifest.variants.map((v) => v.name).filter((name) => exact ? name === manifest.variants[0].name
    : manifest.steps.some((s) => s.choices.some((c) => c.candidates.some(({ variant }) => variant === name))));

for (const [name, icd, variant] of Object.entries(findDrivers()).flatMap((driver) => variants.map((variant) => [...driver, variant]))) {
    test(`Node on ${name}, variant ${variant}`, { skip: missing(name, icd) }, (t) => {
        assert.ok(icd, `${name} is not on this machine; --allow-missing skips it`);
        const arguments_ = [program, folder, gguf, image, variant, ...(dump === undefined ? [] : [dump])];
        const out = JSON.parse(execFileSync(process.execPath, arguments_, { env: driverEnvironment(icd), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
        t.diagnostic(`${out.adapter.description}: ${out.total.toFixed(0)} ms by the ${out.clock}'s clock`);
        assert.match(`${out.adapter.architecture} ${out.adapter.description}`, name === 'lavapipe' ? /llvmpipe/ : /swiftshader/i);
        assert.deepEqual([out.promise, out.profile, out.probe.failed], [manifest.promise, manifest.build.profile, []]);
        t.diagnostic(`passes the probe${out.probe.lacks.length > 0 ? `, without ${out.probe.lacks.join(', ')}` : ''}`);
        const good = exact ? ['equal'] : ['equal', 'within'];
        assert.deepEqual(out.rows.filter((r) => ![...good, 'absent'].includes(r.verdict)), []);
        if (dump !== undefined) {
            assert.deepEqual(out.rows.filter((r) => good.includes(r.verdict)).map((r) => r.value), comparable());
            assert.ok(comparable().length > manifest.steps.length / 10);
            const far = Math.max(...out.rows.map((r) => r.nmse ?? 0));
            t.diagnostic(`${out.rows.filter((r) => good.includes(r.verdict)).length} values ${exact ? 'equal' : `within ${out.promise}, the farthest has ${far.toExponential(1)}`}`);
        }
        assert.equal(out.hash === expected, exact, 'the bits of the C library');
        assert.equal(out.again, out.hash, 'the second run on the same buffers');
    });
}
