// Encodes one picture in Node on the Vulkan driver that the environment names; prints a line of JSON. With a dump it compares every value.
//
//     node encode.mjs DIR GGUF IMAGE VARIANT [DUMP]
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { create } from 'webgpu';

import { readPng } from './png.mjs';

const [dir, gguf, picture, variant, dump] = process.argv.slice(2);
const { encoder: name } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8'));
const { open, readTaps } = await import(pathToFileURL(join(dir, `${name}.mjs`)));
const encoder = await open(join(dir, 'manifest.json'), gguf, { gpu: create(['backend=vulkan']), variant });
const sha256 = (data) => createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex');
const { embeddings, tokens, embedding, clock, total, stages } = await encoder.encode(readPng(picture));
const again = await encoder.encode(readPng(picture));
const rows = dump === undefined ? [] : (await encoder.compare(await readTaps(dump))).rows;
console.log(JSON.stringify({
    adapter: encoder.adapter, promise: encoder.promise, profile: encoder.profile, probe: encoder.probe, hash: sha256(embeddings), again: sha256(again.embeddings), tokens, embedding, clock, total, stages,
    rows: rows.map(({ name: value, verdict, differing, max_abs: far, max_ulp: ulp, nmse }) => ({ value, verdict, differing, far, ulp, nmse })),
}));
encoder.close();
process.exit(0);
