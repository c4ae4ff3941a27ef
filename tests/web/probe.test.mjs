// The probe tells arithmetic that the shaders do not count on; an encoder runs there too, another program, and says what that promises.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { withPage } from './browser.mjs';
import { readPng } from './png.mjs';
import { dawn, driverEnvironment, encoderModule, findChromium, findDrivers, folder, gguf, image, manifest, missing } from './setup.mjs';

const { open } = await encoderModule();
const { swiftshader, lavapipe } = findDrivers();
Object.assign(process.env, driverEnvironment(swiftshader ?? lavapipe));
const gpu = dawn('backend=vulkan'), { probe } = manifest, picture = readPng(image);
const files = Object.fromEntries([...manifest.shaders, ...manifest.tables, probe].map(({ file }) => [file, readFileSync(join(folder, file), 'utf8')]));
const opened = [];
after(() => opened.forEach((encoder) => encoder.close()));

async function openWith(facts, text = files[probe.file]) {
    opened.push(await open({ ...manifest, probe: { ...probe, facts } }, gguf, { gpu, files: { ...files, [probe.file]: text } }));
    return opened.at(-1);
}

/** The facts, a bit of one result turned. */
const turned = (name) => probe.facts.map((fact) => {
    const [first, ...rest] = fact.cases, result = `0x${(Number(first.at(-1)) ^ 1).toString(16)}`;
    return fact.name === name ? { ...fact, cases: [[...first.slice(0, -1), result], ...rest] } : fact;
});

test('a device as the shaders count on', async () => {
    const encoder = await openWith(probe.facts);
    assert.equal(encoder.exact, true);
    assert.deepEqual(encoder.probe.failed, []);
    encoder.close();
    assert.deepEqual([encoder.exact, encoder.probe], [false, null], 'nothing is known of no device');
});

test('one wrong bit of one fact', async () => {
    const { name } = probe.facts.find((fact) => fact.optional !== true);
    const encoder = await openWith(turned(name));
    assert.deepEqual([encoder.exact, encoder.probe.failed], [false, [name]]);
    assert.deepEqual([encoder.profile, encoder.promise], [manifest.otherwise.profile, manifest.otherwise.promise]);
    const [exact, { embeddings }] = [await (await openWith(probe.facts)).encode(picture), await encoder.encode(picture)];
    const sum = (of) => embeddings.reduce((total, value, i) => total + of(value, exact.embeddings[i]), 0);
    const nmse = sum((a, b) => (a - b) ** 2) / sum((_, b) => b ** 2);
    assert.ok(nmse > 0 && nmse < 1e-4, `another program, of the same encoder: nmse ${nmse}`);
});

test('what kernels do without is told, and no failure', async () => {
    const { name } = probe.facts.find((fact) => fact.optional === true);
    const encoder = await openWith(turned(name));
    assert.equal(encoder.exact, true);
    assert.ok(encoder.probe.lacks.includes(name));
});

test('a product that is fused into a sum', async () => {
    const separate = 'return iso_keep(a * b) + c', fused = files[probe.file].replace(separate, 'return iso_fma_near(a, b, c)');
    assert.notEqual(fused, files[probe.file]);
    const encoder = await openWith(probe.facts, fused);
    assert.deepEqual([encoder.exact, encoder.probe.failed], [false, ['products are rounded before they are added']]);
});

test('the page warns', { skip: missing('Chromium', findChromium()) }, async () => {
    const [{ name }] = probe.facts, page = readFileSync(join(folder, 'index.html'), 'utf8');
    const one = JSON.stringify(probe.facts[0]), changed = JSON.stringify(turned(name)[0]), quoted = (text) => JSON.stringify(text).slice(1, -1);
    assert.ok(page.includes(quoted(one)));
    const place = mkdtempSync(join(tmpdir(), 'probe-')), file = join(place, 'index.html');
    writeFileSync(file, page.replace(quoted(one), quoted(changed)));
    try {
        await withPage(String(pathToFileURL(file)), async (tab) => {
            await tab.setInputFiles('#image', image);
            await tab.setInputFiles('#gguf', gguf);
            await tab.click('#encode');
            await tab.waitForSelector('#inexact:not([hidden])');
            assert.ok((await tab.textContent('#inexact')).includes(name));
            assert.ok((await tab.textContent('#inexact')).includes(`profile ${manifest.otherwise.profile} runs instead`));
        });
    } finally {
        rmSync(place, { recursive: true });
    }
});
