// Reads the test pictures: PNG with 8-bit RGB, not interlaced.
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

export function readPng(path) {
    const file = readFileSync(path), parts = [];
    let width = 0, height = 0;
    for (let at = 8; at < file.length;) {
        const length = file.readUInt32BE(at), type = file.toString('latin1', at + 4, at + 8), body = file.subarray(at + 8, at + 8 + length);
        if (type === 'IHDR') {
            [width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)];
            if (body[8] !== 8 || body[9] !== 2 || body[12] !== 0) {
                throw new Error(`${path} is no plain 8-bit RGB picture`);
            }
        } else if (type === 'IDAT') {
            parts.push(body);
        }
        at += length + 12;
    }
    const raw = inflateSync(Buffer.concat(parts)), stride = width * 3, data = new Uint8Array(stride * height);
    for (let y = 0; y < height; y++) {
        const filter = raw[y * (stride + 1)];
        for (let x = 0; x < stride; x++) {
            const left = x >= 3 ? data[y * stride + x - 3] : 0, up = y > 0 ? data[(y - 1) * stride + x] : 0;
            const corner = x >= 3 && y > 0 ? data[(y - 1) * stride + x - 3] : 0, p = left + up - corner;
            const [a, b, c] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
            const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
            data[y * stride + x] = raw[y * (stride + 1) + 1 + x] + [0, left, up, (left + up) >> 1, paeth][filter];
        }
    }
    return { data, width, height };
}
