// Checks an encoder that ir-build has emitted for the target wgsl, in Node and in Chromium, on this machine's software drivers:
//
//     node tests/web/check.mjs --dir DIR --gguf FILE --image FILE.png --expect SHA256 [--dump DIR] [--c DIR] [--allow-missing] [TEST…]
//
// expect: SHA-256 of the embedding that the C library gives; dump: what `ir-build run --dump` wrote of this image, for the comparison of
// every value; c: the same encoder emitted for the target c, for preprocessing and files that must be refused. TEST: parts of names of files
// here, such as faults. $CHROMIUM, $SWIFTSHADER_ICD, $LAVAPIPE_ICD say where things are that are not found.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const options = { dir: { type: 'string' }, gguf: { type: 'string' }, image: { type: 'string' }, expect: { type: 'string' }, dump: { type: 'string' }, c: { type: 'string' }, 'allow-missing': { type: 'boolean' } };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const absent = ['dir', 'gguf', 'image', 'expect'].filter((name) => values[name] === undefined);
if (absent.length > 0) {
    console.error(`missing: ${absent.map((name) => `--${name}`).join(', ')}`);
    process.exit(2);
}
for (const [name, value] of Object.entries(values)) {
    process.env[`ISOBIT_WEB_${name.toUpperCase().replace('-', '_')}`] = value === true ? '1' : value;
}
const here = dirname(fileURLToPath(import.meta.url));
const files = readdirSync(here).filter((f) => f.endsWith('.test.mjs') && (positionals.length === 0 || positionals.some((p) => f.includes(p))));
run({ files: files.map((f) => join(here, f)), concurrency: 1 })
    .on('test:fail', () => { process.exitCode = 1; })
    .compose(spec)
    .pipe(process.stdout);
