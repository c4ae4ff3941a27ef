// Takes a GGUF apart and puts it together again, changed: files that must be refused, or read with care.
import { readFileSync } from 'node:fs';

const widths = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8], text = 8, list = 9;

/** {version, pairs: [{key, type, value}], tensors: [{name, ne, type, data}]}; values and data are bytes. */
export function takeApart(path) {
    const file = readFileSync(path);
    let at = 24;
    const u32 = () => file.readUInt32LE((at += 4) - 4), u64 = () => Number(file.readBigUInt64LE((at += 8) - 8));
    const string = () => { const length = u64(); return file.toString('latin1', at, at += length); };
    const skip = (type) => { at += type === text ? Number(file.readBigUInt64LE(at)) + 8 : widths[type]; };
    const pairs = Array.from({ length: Number(file.readBigUInt64LE(16)) }, () => {
        const key = string(), type = u32(), begin = at;
        if (type === list) {
            const element = u32(), count = u64();
            for (let i = 0; i < count; i++) {
                skip(element);
            }
        } else {
            skip(type);
        }
        return { key, type, value: file.subarray(begin, at) };
    });
    const tensors = Array.from({ length: Number(file.readBigUInt64LE(8)) }, () => {
        const name = string(), ne = Array.from({ length: u32() }, u64), type = u32(), offset = u64();
        return { name, ne, type, offset };
    });
    const data = file.subarray(Math.ceil(at / 32) * 32), ends = [...tensors.map((t) => t.offset), data.length].sort((a, b) => a - b);
    return {
        version: file.readUInt32LE(4), pairs,
        tensors: tensors.map(({ name, ne, type, offset }) => ({ name, ne, type, data: data.subarray(offset, ends.find((e) => e > offset)) })),
    };
}

const u32 = (v) => { const b = Buffer.alloc(4); b.writeUInt32LE(v); return b; };
const u64 = (v) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(v)); return b; };
const string = (s) => Buffer.concat([u64(s.length), Buffer.from(s, 'latin1')]);
const filled = (b) => Buffer.concat([b, Buffer.alloc(-b.length & 31)]);

export function putTogether({ version, pairs, tensors }) {
    const parts = [Buffer.from('GGUF'), u32(version), u64(tensors.length), u64(pairs.length)];
    pairs.forEach((p) => parts.push(string(p.key), u32(p.type), p.value));
    let offset = 0;
    for (const t of tensors) {
        parts.push(string(t.name), u32(t.ne.length), ...t.ne.map(u64), u32(t.type), u64(t.offset ?? offset));
        offset += filled(t.data).length;
    }
    return Buffer.concat([filled(Buffer.concat(parts)), ...tensors.map((t) => filled(t.data))]);
}

/** Whole files, each with one thing wrong or unusual: [name, bytes, code that it is refused with or null]. */
export function variations(path) {
    const good = takeApart(path), last = good.tensors.length - 1;
    const pairs = (change) => putTogether({ ...good, pairs: change(good.pairs) });
    const tensors = (change) => putTogether({ ...good, tensors: change(good.tensors) });
    const one = (i, change) => tensors((all) => all.map((t, k) => (k === i ? { ...t, ...change(t) } : t)));
    const integer = good.pairs.find((p) => p.type === 4), float = good.pairs.find((p) => p.type === 6), word = good.pairs.find((p) => p.key === 'general.architecture');
    const value = (pair, bytes, type = pair.type) => pairs((all) => all.map((p) => (p === pair ? { ...p, type, value: bytes } : p)));
    const whole = readFileSync(path), patched = (at, bytes) => { const copy = Buffer.from(whole); Buffer.from(bytes).copy(copy, at); return copy; };
    return [
        ['as it is', whole, null],
        ['put together again', putTogether(good), null],
        ['version 2', putTogether({ ...good, version: 2 }), null],
        ['tensors in another order', tensors((all) => [...all].reverse()), null],
        ['keys in another order', pairs((all) => [...all].reverse()), null],
        ['an unknown key', pairs((all) => [...all, { key: 'x.y', type: 0, value: Buffer.from([7]) }]), null],
        ['an array of strings', pairs((all) => [...all, { key: 'x.z', type: 9, value: Buffer.concat([u32(8), u64(2), string('a'), string('')]) }]), null],
        ['a tensor of another part', tensors((all) => [{ name: 'x.weight', ne: [1024, 1024], type: 0, data: Buffer.alloc(1 << 22) }, ...all]), null],
        ['an integer of another width', value(integer, u64(integer.value.readUInt32LE(0)), 10), null],
        ['no bytes', Buffer.alloc(0), 'gguf_truncated'],
        ['three bytes', whole.subarray(0, 3), 'gguf_truncated'],
        ['an end inside the directory', whole.subarray(0, 200), 'gguf_truncated'],
        ['an end before the data', whole.subarray(0, whole.length >> 1), 'gguf_truncated'],
        ['the last byte of a tensor missing', putTogether(good).subarray(0, -(-good.tensors[last].data.length & 31) - 1 || -1), 'gguf_truncated'],
        ['another magic', patched(0, 'GGML'), 'gguf_malformed'],
        ['big-endian', patched(4, [0, 0, 0, 3]), 'gguf_malformed'],
        ['version 4', patched(4, [4]), 'gguf_malformed'],
        ['2^63 tensors', patched(8, [0, 0, 0, 0, 0, 0, 0, 0x80]), 'gguf_malformed'],
        ['2^63 keys', patched(16, [0, 0, 0, 0, 0, 0, 0, 0x80]), 'gguf_malformed'],
        ['a key twice', pairs((all) => [...all, all[0]]), 'gguf_malformed'],
        ['a tensor twice', tensors((all) => [...all, all[0]]), 'gguf_malformed'],
        ['an empty key', pairs((all) => [...all, { key: '', type: 0, value: Buffer.from([7]) }]), 'gguf_malformed'],
        ['a value of unknown type', pairs((all) => [...all, { key: 'x', type: 13, value: Buffer.from([7]) }]), 'gguf_malformed'],
        ['an array of arrays', pairs((all) => [...all, { key: 'x', type: 9, value: Buffer.concat([u32(9), u64(0)]) }]), 'gguf_malformed'],
        ['a bool of value 2', pairs((all) => [...all, { key: 'x', type: 7, value: Buffer.from([2]) }]), 'gguf_malformed'],
        ['a string beyond the end', pairs((all) => [...all, { key: 'x', type: 8, value: u64(2n ** 62n) }]), 'gguf_truncated'],
        ['an alignment of 24', pairs((all) => [...all, { key: 'general.alignment', type: 4, value: u32(24) }]), 'gguf_malformed'],
        ['a tensor of rank 5', one(last, () => ({ ne: [1, 1, 1, 1, 1] })), 'gguf_malformed'],
        ['a side of 0', one(last, () => ({ ne: [0] })), 'gguf_malformed'],
        ['a tensor beyond 2^64', one(last, () => ({ ne: [2n ** 40n, 2n ** 40n] })), 'gguf_malformed'],
        ['a tensor type that is unknown', one(last, () => ({ type: 4 })), 'gguf_malformed'],
        ['an odd offset', one(last, () => ({ offset: 8 })), 'gguf_malformed'],
        ['two tensors in one place', one(last, () => ({ offset: 0 })), 'gguf_malformed'],
        ['a name of 64 bytes', tensors((all) => [...all, { name: 'x'.repeat(64), ne: [1], type: 0, data: Buffer.alloc(4) }]), 'gguf_malformed'],
        ['another architecture', value(word, string('other')), 'gguf_mismatch'],
        ['no architecture', pairs((all) => all.filter((p) => p !== word)), 'gguf_mismatch'],
        ['an integer that differs', value(integer, u32(integer.value.readUInt32LE(0) + 1)), 'gguf_mismatch'],
        ['a float as an integer', value(float, u32(1), 4), 'gguf_mismatch'],
        ['a float that differs in its last bit', value(float, u32(float.value.readUInt32LE(0) ^ 1)), 'gguf_mismatch'],
        ['a tensor missing', tensors((all) => all.slice(1)), 'gguf_mismatch'],
        ['a tensor of another shape', one(last, (t) => ({ ne: [...t.ne].reverse().concat(1, 1).slice(0, 3).map((n, i) => (i === 0 ? n * 2 : n)), data: Buffer.alloc(t.data.length * 2) })), 'gguf_mismatch'],
        ['a tensor of another variant', tensors((all) => [...all, { name: `${all[0].name}.extra`, ne: [1], type: 0, data: Buffer.alloc(4) }]), 'gguf_mismatch'],
    ];
}
