// The page of an emitted folder in headless Chromium.
import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

import { dump, findChromium, gguf, image } from './setup.mjs';

/** Chromium's own SwiftShader computes; a process may be root in a container. */
const flags = ['--enable-unsafe-webgpu', '--no-sandbox', '--disable-gpu-watchdog'];

/** Milliseconds; a machine may be busy with other things. */
const patience = 600_000;

/** Opens `url` in a page and gives it to `work`; errors that the page does not catch fail the test. */
export async function withPage(url, work, { gpu = true } = {}) {
    const executablePath = findChromium();
    assert.ok(executablePath, 'Chromium is not on this machine; --allow-missing skips it');
    const browser = await chromium.launch({ executablePath, headless: true, timeout: patience, args: gpu ? flags : flags.slice(1) });
    try {
        const page = await browser.newPage({ viewport: { width: 1100, height: 1200 } });
        page.setDefaultTimeout(patience);
        const errors = [];
        page.on('pageerror', (e) => errors.push(e.message));
        await page.goto(url);
        await work(page);
        assert.deepEqual(errors, []);
    } finally {
        await browser.close();
    }
}

/** Waits until the page has done what it was asked; fails with the page's own message. */
export async function done(page, ready) {
    await page.waitForSelector(`${ready}, #error:not([hidden])`, { timeout: patience });
    const error = page.locator('#error:not([hidden])');
    assert.equal(await error.count() === 0 ? '' : await error.textContent(), '');
}

export async function encodeInPage(page) {
    await page.setInputFiles('#image', image);
    await page.setInputFiles('#gguf', gguf);
    await page.click('#encode');
    await done(page, '#facts[data-hash]');
    return page.getAttribute('#facts', 'data-hash');
}

export async function compareInPage(page) {
    await page.setInputFiles('#dump', dump);
    await page.click('#compare');
    await done(page, '#summary[data-equal]');
    return { equal: await page.getAttribute('#summary', 'data-equal'), text: await page.textContent('#summary') };
}
