// What the tests work on, as check.mjs was told, and what this machine has to run it.
import { accessSync, constants, existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { create } from 'webgpu';

/** An absolute path given to check.mjs; undefined if it was not. */
function given(name) {
    const value = process.env[`ISOBIT_WEB_${name.toUpperCase()}`];
    return value === undefined || value === '' ? undefined : resolve(value);
}

export const folder = given('dir'), gguf = given('gguf'), image = given('image'), dump = given('dump'), emittedC = given('c');
export const expected = process.env.ISOBIT_WEB_EXPECT;
export const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
export const modulePath = join(folder, `${manifest.encoder}.mjs`);
export const encoderModule = () => import(pathToFileURL(modulePath));

/** Values of the dump that this build can give: its taps, and the output. Fusion leaves fewer than the dump has, but some. */
export function comparable() {
    const { taps } = JSON.parse(readFileSync(join(dump, 'taps.json'), 'utf8')), here = new Set([...manifest.taps.map((t) => t.name), 'output']);
    return taps.map((t) => (t.occurrence > 1 ? `${t.name}#${t.occurrence}` : t.name)).filter((name) => here.has(name));
}

const executable = (path) => {
    try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
    } catch {
        return false;
    }
};

/** The first program of these names in PATH. */
function program(names) {
    return names.flatMap((n) => (process.env.PATH ?? '').split(delimiter).map((d) => join(d, n))).find(executable);
}

/** Chromium: $CHROMIUM, or found in PATH. */
export function findChromium() {
    return process.env.CHROMIUM ?? program(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome', 'microsoft-edge']);
}

/** Vulkan driver files (ICDs) of software drivers: $SWIFTSHADER_ICD and $LAVAPIPE_ICD, or found. */
export function findDrivers() {
    const chromium = findChromium();
    const beside = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome', ...(chromium === undefined ? [] : [dirname(chromium)])];
    const swiftshader = beside.map((d) => join(d, 'vk_swiftshader_icd.json')).find(existsSync);
    const icds = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d'].filter(existsSync);
    const lavapipe = icds.flatMap((d) => readdirSync(d).filter((f) => /^lvp_icd.*\.json$/.test(f)).map((f) => join(d, f)))[0];
    return { swiftshader: process.env.SWIFTSHADER_ICD ?? swiftshader, lavapipe: process.env.LAVAPIPE_ICD ?? lavapipe };
}

/** The environment in which Dawn sees only this driver. */
export function driverEnvironment(icd) {
    return { ...process.env, VK_DRIVER_FILES: icd, VK_ICD_FILENAMES: icd, XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir() };
}

const instances = [];

/** Dawn with these options; kept, for a collected instance takes its devices with it. */
export function dawn(...options) {
    instances.push(create(options));
    return instances.at(-1);
}

/** Whether a test whose driver or browser is missing may be skipped, and why. */
export function missing(what, found) {
    return found === undefined && process.env.ISOBIT_WEB_ALLOW_MISSING === '1' ? `${what} is not on this machine` : false;
}

const types = { '.html': 'text/html', '.mjs': 'text/javascript', '.json': 'application/json' };

/** Serves the files that `files` finds by name. `ranges`: it answers requests for a part; `lengths`: it says how long a file is. */
export async function serve(files, { ranges = true, lengths = true } = {}) {
    const server = createServer((request, response) => {
        const path = files(decodeURIComponent(request.url.slice(1)));
        if (path === undefined || !existsSync(path)) {
            response.writeHead(404).end();
            return;
        }
        const all = readFileSync(path), [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(ranges ? request.headers.range ?? '' : '') ?? [];
        const body = first === undefined ? all : all.subarray(Number(first), Number(last) + 1);
        const headers = { 'content-type': types[extname(path)] ?? 'application/octet-stream', ...(lengths ? { 'content-length': body.length } : {}) };
        if (first !== undefined) {
            headers['content-range'] = `bytes ${first}-${Number(first) + body.length - 1}/${all.length}`;
        }
        response.writeHead(first === undefined ? 200 : 206, headers).end(request.method === 'HEAD' ? undefined : body);
    });
    await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
    return { url: `http://127.0.0.1:${server.address().port}/`, close: () => { server.closeAllConnections(); server.close(); } };
}
