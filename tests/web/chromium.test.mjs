// The page, in headless Chromium: the same bits from a server and from a file; the table against the CPU; what is said without WebGPU.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { compareInPage, encodeInPage, withPage } from './browser.mjs';
import { comparable, dump, expected, findChromium, folder, gguf, manifest, missing, serve } from './setup.mjs';

const skip = missing('Chromium', findChromium());
const inFolder = (name) => (name === `${manifest.encoder}.gguf` ? gguf : join(folder, name === '' ? 'index.html' : name));

test('the page of a server encodes and compares', { skip }, async (t) => {
    const server = await serve(inFolder);
    try {
        await withPage(server.url, async (page) => {
            assert.equal(await encodeInPage(page), expected);
            t.diagnostic(await page.textContent('#build'));
            assert.equal(await page.isVisible('#inexact'), false);
            const colours = await page.evaluate(() => {
                const canvas = document.getElementById('features'), { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
                return new Set(new Uint32Array(data.buffer)).size;
            });
            assert.ok(colours > 1, 'the picture of features has one colour');
            if (dump !== undefined) {
                const { equal, text } = await compareInPage(page);
                assert.equal(equal, `${comparable().length}/${comparable().length}`, text);
            }
            if (process.env.SCREENSHOT !== undefined) {
                await page.screenshot({ path: `${process.env.SCREENSHOT}-light.png`, fullPage: true });
                await page.emulateMedia({ colorScheme: 'dark' });
                await page.screenshot({ path: `${process.env.SCREENSHOT}-dark.png`, fullPage: true });
            }
        });
    } finally {
        server.close();
    }
});

test('the page takes the model file beside it', { skip }, async () => {
    const server = await serve(inFolder);
    try {
        await withPage(server.url, async (page) => {
            await page.click('#builtin');
            assert.match(await page.textContent('#gguf-name'), /beside this page/);
        });
    } finally {
        server.close();
    }
});

test('the page opened as a file encodes', { skip }, async () => {
    await withPage(String(pathToFileURL(join(folder, 'index.html'))), async (page) => {
        assert.equal(await encodeInPage(page), expected);
    });
});

test('without a GPU the page says so', { skip }, async () => {
    await withPage(String(pathToFileURL(join(folder, 'index.html'))), async (page) => {
        await assert.rejects(encodeInPage(page), /no adapter.*hardware acceleration/s);
        assert.equal(await page.getAttribute('#error', 'data-code'), 'no_adapter');
        assert.equal(await page.isEnabled('#encode'), true, 'one can try again');
    }, { gpu: false });
});
