// qwen3_vl_vision.mjs - the encoder qwen3_vl_vision on WebGPU, for browsers and for Node. No dependencies.
//
// Written by isobit 0.1.0; this code is yours to use under any licence you like.
// template  qwen3_vl_vision 6d16554ddefd25cb77a93821d0408b23e1f3d47fb4ea80d6354954803b06a188
// sizes     preset 8b, weights f16
// profile   ggml-avx2 24f7629b93fa777de4edb469ba668d52bf24c9851fed88d73de78dc5141d95b1
//           The bits of llama.cpp's CPU backend built for x86-64 with AVX2, FMA, F16C, BMI2 (8 lanes of f32): what the crate builds by default.
// target    wgsl 66ec3cbdfb3b65440f28e96e092a964bbbd7efa2e8d3bea92aea1119eac8ea10
// maps      67392360fb35f7a15daf7cb2a189584ddfe490aea851359033d263f92d686791
// taps      those that fusion leaves
//
//     import { open } from './qwen3_vl_vision.mjs';
//     const encoder = await open('manifest.json', file, { progress: console.log });       // file: a File, a URL, in Node a path
//     const { embeddings, tokens, embedding } = await encoder.encode(await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }));
//     encoder.close();
//
// In Node, with the package webgpu: open('manifest.json', 'model.gguf', { gpu: create([]) }) and encode({ data, width, height }).
// manifest.json and the .wgsl files lie beside this file. Errors are EncoderErrors with a `code`.

export const ENCODER = 'qwen3_vl_vision';

// ======== error: one class, a code per cause ========

/**
 * Every failure. `code` is one of
 *   no_webgpu, no_adapter, limits (with `which`, `has`, `needs`), lost_device, out_of_memory (with `bytes`), shader, table,
 *   gguf_truncated, gguf_malformed, gguf_mismatch, read, manifest, argument, image, image_too_large, taps, cancelled, busy, closed, gpu_error.
 * The message says what happened and what to do. After a failed call the encoder can be used again; after lost_device
 * call reopen().
 */
export class EncoderError extends Error {
    constructor(code, message, facts = {}) {
        super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
        this.name = 'EncoderError';
        this.code = code;
        Object.assign(this, facts);
    }
}

function fail(code, message, facts) {
    throw new EncoderError(code, message, facts);
}

/** Throws if the caller has asked to stop. */
function checkCancelled(signal, during) {
    if (signal?.aborted) {
        fail('cancelled', `cancelled while ${during}`, { cause: signal.reason });
    }
}

/** Text from a file, made safe to show: at most 80 characters, anything but printable ASCII as '?'. */
function printable(text) {
    const shown = text.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
    return shown.length < text.length ? `${shown}...` : shown;
}

function megabytes(bytes) {
    return bytes < 1e6 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`;
}

// ======== expr: sizes and counts of the manifest ========

/**
 * Compiles the text of an integer expression: numbers, names, + - * % ( ), ceildiv max min, one comparison, and.
 * The result takes an object of dimensions; anything that is no integer from 0 below 2^53 is an error.
 */
function compileExpr(text) {
    const source = String(text), bad = (why) => fail('manifest', `expression "${printable(source)}": ${why}`);
    const tokens = source.match(/\d+|\w+|[<>=!]=|[-+*%()<>,]|\S/g) ?? [];
    let at = 0;
    const next = (token) => tokens[at] === token && ++at > 0;
    const expect = (token) => next(token) || bad(`expected "${token}" before "${tokens[at] ?? 'its end'}"`);
    const exact = (value) => (Number.isSafeInteger(value) ? value : bad(`${value} is no exact integer`));
    const functions = { ceildiv: (a, b) => (b > 0 ? Math.ceil(a / b) : bad('division by 0')), max: Math.max, min: Math.min };
    const operators = {
        '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '%': (a, b) => (b > 0 ? a % b : bad('division by 0')),
        '==': (a, b) => a === b, '!=': (a, b) => a !== b, '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b,
        and: (a, b) => a !== 0 && b !== 0,
    };
    const level = (words, below, chain = true) => () => {
        const first = below(), rest = [];
        while (words.includes(tokens[at])) {
            rest.push([operators[tokens[at++]], below()]);
            if (!chain && words.includes(tokens[at])) {
                bad('comparisons cannot be chained');
            }
        }
        return rest.length === 0 ? first : (dims) => rest.reduce((value, [op, term]) => exact(Number(op(value, term(dims)))), first(dims));
    };
    const atom = () => {
        const token = tokens[at++] ?? bad('it ends too early');
        if (/^\d/.test(token)) {
            const value = exact(Number(token));
            return () => value;
        }
        if (token === '-') {
            const value = atom();
            return (dims) => -value(dims);
        }
        if (token === '(') {
            const value = all();
            expect(')');
            return value;
        }
        if (!/^[A-Za-z_]/.test(token)) {
            bad(`unexpected "${token}"`);
        }
        if (next('(')) {
            const call = Object.hasOwn(functions, token) ? functions[token] : bad(`unknown function ${token}`);
            const a = all();
            expect(',');
            const b = all();
            expect(')');
            return (dims) => exact(call(a(dims), b(dims)));
        }
        return (dims) => (Object.hasOwn(dims, token) ? dims[token] : bad(`unknown dimension ${token}`));
    };
    const product = level(['*', '%'], atom), sum = level(['+', '-'], product);
    const comparison = level(['==', '!=', '<', '<=', '>', '>='], sum, false);
    const all = level(['and'], comparison);
    const compiled = all();
    if (at < tokens.length) {
        bad(`unexpected "${tokens[at]}"`);
    }
    return (dims) => {
        const value = compiled(dims);
        return value >= 0 ? value : bad(`${value} is negative`);
    };
}

const compiledExprs = new Map();

/** The value of an expression (or number) for these dimensions. */
function evaluate(text, dims) {
    if (!compiledExprs.has(text)) {
        compiledExprs.set(text, compileExpr(text));
    }
    return compiledExprs.get(text)(dims);
}

// ======== source: bytes of a file, a Blob or a URL, from front to back ========

const CHUNK = 4 << 20;
/** A gap up to this size is read and dropped rather than asked for anew. */
const SMALL_GAP = 256 << 10;

const isNode = typeof process === 'object' && process.versions?.node !== undefined;
const isUrl = (name) => name instanceof URL || /^[a-z][a-z0-9+.-]+:/i.test(name);

/** What the system says about a file that cannot be read. */
function readError(name, e) {
    if (e instanceof EncoderError) {
        return e;
    }
    return new EncoderError('read', `cannot read ${name}: ${e?.message ?? e}. Is the path or address right, and the file still there unchanged?`, { cause: e });
}

/**
 * Where the bytes of a GGUF file come from: {name, size(signal), chunks(begin, end, signal)}; `chunks` yields Uint8Arrays from `begin`
 * on. `wholly`: a later place is only reached by reading everything before it, as from a server that knows no ranges.
 */
function sourceOf(gguf) {
    if (typeof gguf === 'string' || gguf instanceof URL) {
        return isNode && !/^https?:|^data:|^blob:/i.test(String(gguf)) ? fileSource(gguf) : urlSource(String(gguf));
    }
    if (typeof gguf?.slice === 'function' && typeof gguf.arrayBuffer === 'function') {
        return blobSource(gguf);
    }
    if (gguf instanceof ArrayBuffer || ArrayBuffer.isView(gguf)) {
        return blobSource(new Blob([gguf]));
    }
    return fail('argument', 'the GGUF must be a path, a URL, a Blob or File, or bytes');
}

function blobSource(blob) {
    return {
        name: blob.name ?? 'the GGUF',
        size: async () => blob.size,
        async *chunks(begin, end) {
            for (let at = begin; at < end; at += CHUNK) {
                yield new Uint8Array(await blob.slice(at, Math.min(at + CHUNK, end)).arrayBuffer());
            }
        },
    };
}

function fileSource(path) {
    const open = async () => (await import('node:fs/promises')).open(path, 'r');
    const stat = (s) => `${s.size} ${s.mtimeMs}`;
    let opened = null;
    return {
        name: String(path),
        async size() {
            const handle = await open();
            try {
                const s = await handle.stat();
                opened = stat(s);
                return s.isFile() ? s.size : fail('read', `${path} is no file`);
            } finally {
                await handle.close();
            }
        },
        async *chunks(begin, end) {
            const handle = await open();
            try {
                for (let at = begin; at < end;) {
                    if (opened !== null && opened !== stat(await handle.stat())) {
                        fail('read', `${path} was changed while it was read; open it again`);
                    }
                    const { bytesRead, buffer } = await handle.read(new Uint8Array(Math.min(CHUNK, end - at)), 0, Math.min(CHUNK, end - at), at);
                    if (bytesRead === 0) {
                        return;
                    }
                    yield buffer.subarray(0, bytesRead);
                    at += bytesRead;
                }
            } finally {
                await handle.close();
            }
        },
    };
}

function urlSource(url) {
    const request = async (begin, end, signal) => {
        const response = await fetch(url, { headers: { Range: `bytes=${begin}-${end - 1}` }, signal });
        if (!response.ok) {
            await response.body?.cancel();
            fail('read', `cannot read ${url}: the server answers ${response.status} ${response.statusText}`);
        }
        return response;
    };
    return {
        name: url,
        wholly: false,
        /** Infinity if the server does not say; the end is then found by reading. */
        async size(signal) {
            const response = await request(0, 1, signal);
            await response.body?.cancel();
            const ranged = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
            const length = response.headers.get('content-encoding') === null ? response.headers.get('content-length') : null;
            this.wholly = response.status !== 206;
            const size = this.wholly ? length : ranged?.[1];
            return size === undefined || size === null ? Infinity : Number(size);
        },
        async *chunks(begin, end, signal) {
            const response = await request(begin, Number.isFinite(end) ? end : Number.MAX_SAFE_INTEGER, signal);
            let skip = response.status === 206 ? 0 : begin; // the whole file comes: drop what lies before
            const reader = response.body.getReader();
            try {
                for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
                    const dropped = Math.min(skip, value.length);
                    skip -= dropped;
                    if (dropped < value.length) {
                        yield value.subarray(dropped);
                    }
                }
            } finally {
                await reader.cancel().catch(() => {});
            }
        },
    };
}

/** Reads a source from front to back; a place behind the last one read is found by reading on or by asking for it. */
class Cursor {
    constructor(source, size, signal) {
        Object.assign(this, { source, size, signal, at: 0, chunk: new Uint8Array(0), chunks: null });
    }

    async #fill() {
        checkCancelled(this.signal, `reading ${this.source.name}`);
        this.chunks ??= this.source.chunks(this.at, this.size, this.signal);
        try {
            const { done, value } = await this.chunks.next();
            this.chunk = done ? new Uint8Array(0) : value;
            return !done;
        } catch (e) {
            this.chunks = null;
            checkCancelled(this.signal, `reading ${this.source.name}`);
            throw readError(this.source.name, e);
        }
    }

    /** Up to `most` bytes; null at the end. */
    async some(most) {
        while (this.chunk.length === 0) {
            if (!(await this.#fill())) {
                return null;
            }
        }
        const part = this.chunk.subarray(0, most);
        this.chunk = this.chunk.subarray(part.length);
        this.at += part.length;
        return part;
    }

    async seek(to) {
        const gap = to - this.at - this.chunk.length;
        if (to < this.at || (gap > SMALL_GAP && !this.source.wholly)) {
            await this.close();
            this.at = to;
        }
        while (this.at < to && (await this.some(to - this.at)) !== null);
    }

    async close() {
        const chunks = this.chunks;
        this.chunks = null;
        this.chunk = new Uint8Array(0);
        await chunks?.return?.();
    }
}

// ======== gguf: bounded reader of the file's directory ========

// Every read is checked against the end of the file, sizes and offsets before they are used; 64-bit numbers are BigInts
// until they are known to be small.

const GGUF_TYPES = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'f32', 'bool', 'string', 'array', 'u64', 'i64', 'f64'];
const GGUF_BYTES = { u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4, bool: 1, u64: 8, i64: 8, f64: 8 };
const INTEGERS = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64'];

/** Tensor element types of ggml by id: name, elements and bytes per block; rows hold whole blocks. */
const TENSOR_TYPES = {
    0: ['F32', 1, 4], 1: ['F16', 1, 2], 2: ['Q4_0', 32, 18], 3: ['Q4_1', 32, 20], 6: ['Q5_0', 32, 22], 7: ['Q5_1', 32, 24],
    8: ['Q8_0', 32, 34], 9: ['Q8_1', 32, 36], 10: ['Q2_K', 256, 84], 11: ['Q3_K', 256, 110], 12: ['Q4_K', 256, 144],
    13: ['Q5_K', 256, 176], 14: ['Q6_K', 256, 210], 15: ['Q8_K', 256, 292], 16: ['IQ2_XXS', 256, 66], 17: ['IQ2_XS', 256, 74],
    18: ['IQ3_XXS', 256, 98], 19: ['IQ1_S', 256, 50], 20: ['IQ4_NL', 32, 18], 21: ['IQ3_S', 256, 110], 22: ['IQ2_S', 256, 82],
    23: ['IQ4_XS', 256, 136], 24: ['I8', 1, 1], 25: ['I16', 1, 2], 26: ['I32', 1, 4], 27: ['I64', 1, 8], 28: ['F64', 1, 8],
    29: ['IQ1_M', 256, 56], 30: ['BF16', 1, 2], 34: ['TQ1_0', 256, 54], 35: ['TQ2_0', 256, 66], 39: ['MXFP4', 32, 17],
    40: ['NVFP4', 64, 36], 41: ['Q1_0', 128, 18], 42: ['Q2_0', 64, 18],
};

/** Thrown when the directory goes on behind the bytes that were read so far. */
class NeedsMore {
    constructor(bytes) {
        this.bytes = bytes;
    }
}

class DirectoryReader {
    constructor(bytes, size, name) {
        Object.assign(this, { bytes, size, name, at: 0, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
    }

    /** Where the next `count` bytes (BigInt or number) begin; `what` of entry `index` is there. */
    take(count, what, index) {
        const at = this.at;
        if (BigInt(count) > BigInt(Number.isFinite(this.size) ? this.size : Number.MAX_SAFE_INTEGER) - BigInt(at)) {
            fail('gguf_truncated', `${this.name} is truncated or damaged: ${what} of entry ${index} needs ${count} bytes at byte ${at}, the file has ${this.size}; get it again`);
        }
        this.at += Number(count);
        if (this.at > this.bytes.length) {
            throw new NeedsMore(this.at);
        }
        return at;
    }

    u32(what, index) {
        return this.view.getUint32(this.take(4, what, index), true);
    }

    u64(what, index) {
        return this.view.getBigUint64(this.take(8, what, index), true);
    }

    /** A string as bytes in Latin-1: equal exactly if the bytes are. */
    string(what, index) {
        const length = this.u64(what, index), at = this.take(length, what, index);
        let text = '';
        for (let i = at; i < this.at; i += 8192) {
            text += String.fromCharCode(...this.bytes.subarray(i, Math.min(i + 8192, this.at)));
        }
        return text;
    }
}

function malformed(r, message) {
    fail('gguf_malformed', `${r.name}: ${message}`);
}

/** One metadata value: an array of numbers, BigInts, booleans or strings, read when asked for. */
function readValues(r, type, count, at) {
    const values = [];
    const get = {
        u8: (i) => BigInt(r.view.getUint8(i)), i8: (i) => BigInt(r.view.getInt8(i)), u16: (i) => BigInt(r.view.getUint16(i, true)),
        i16: (i) => BigInt(r.view.getInt16(i, true)), u32: (i) => BigInt(r.view.getUint32(i, true)), i32: (i) => BigInt(r.view.getInt32(i, true)),
        u64: (i) => r.view.getBigUint64(i, true), i64: (i) => r.view.getBigInt64(i, true), bool: (i) => BigInt(r.view.getUint8(i)),
        f32: (i) => r.view.getUint32(i, true), f64: (i) => r.view.getFloat64(i, true),
    }[type];
    for (let i = 0; i < count; i++) {
        values.push(get(at + i * GGUF_BYTES[type]));
    }
    return values;
}

function readPair(r, index) {
    const key = r.string('the metadata key', index);
    if (key.length === 0 || key.length > 65535) {
        malformed(r, `metadata key ${index} has ${key.length} bytes; 1 to 65535 are allowed`);
    }
    const shown = printable(key), kind = r.u32('the metadata type', index), array = GGUF_TYPES[kind] === 'array';
    const elementKind = array ? r.u32('the array type', index) : kind;
    const count = array ? r.u64('the array length', index) : 1n;
    const type = GGUF_TYPES[elementKind];
    if (type === 'array') {
        malformed(r, `metadata key ${shown}: arrays of arrays are not supported`);
    }
    if (type === undefined) {
        malformed(r, `metadata key ${shown} has the unknown type ${elementKind}`);
    }
    const pair = { key, type, array, count: Number(count), values: null };
    if (type === 'string') {
        const strings = [];
        for (let i = 0n; i < count; i++) {
            strings.push(r.string(array ? 'a string of the array' : 'the string', index));
        }
        pair.values = () => strings;
        return pair;
    }
    const at = r.take(count * BigInt(GGUF_BYTES[type]), `the value of ${shown}`, index);
    const wrong = type === 'bool' ? r.bytes.subarray(at, r.at).find((v) => v > 1) : undefined;
    if (wrong !== undefined) {
        malformed(r, `metadata key ${shown}: a bool has the value ${wrong}`);
    }
    pair.values = () => readValues(r, type, pair.count, at);
    return pair;
}

function readTensor(r, index) {
    const name = r.string('the tensor name', index), shown = printable(name);
    if (name.length === 0 || name.length > 63) {
        malformed(r, `the name of tensor ${index} has ${name.length} bytes; 1 to 63 are allowed`);
    }
    const rank = r.u32('the tensor rank', index);
    if (rank < 1 || rank > 4) {
        malformed(r, `tensor ${shown} has ${rank} dimensions; 1 to 4 are allowed`);
    }
    const ne = [1n, 1n, 1n, 1n];
    for (let i = 0; i < rank; i++) {
        ne[i] = r.u64('the tensor shape', index);
        if (ne[i] === 0n) {
            malformed(r, `tensor ${shown} has a dimension of size 0`);
        }
    }
    const id = r.u32('the tensor type', index), offset = r.u64('the tensor offset', index);
    if (!Object.hasOwn(TENSOR_TYPES, id)) {
        malformed(r, `tensor ${shown} has the unknown type ${id}`);
    }
    const [type, block, blockBytes] = TENSOR_TYPES[id];
    const bytes = ne[0] / BigInt(block) * BigInt(blockBytes) * ne[1] * ne[2] * ne[3];
    if (ne[0] % BigInt(block) !== 0n || bytes >= 1n << 64n) {
        malformed(r, `tensor ${shown} of type ${type} has an impossible shape [${ne.join(', ')}]`);
    }
    return { name, type, ne, offset, bytes, alignment: block === 1 ? blockBytes : 2, begin: 0, read: false };
}

/** Absolute places of the tensors, inside the file and apart from each other. */
function placeTensors(r, tensors, alignment) {
    const dataBegin = (BigInt(r.at) + alignment - 1n) / alignment * alignment;
    for (const t of tensors) {
        if (t.offset % alignment !== 0n) {
            malformed(r, `tensor ${printable(t.name)}: its offset ${t.offset} is no multiple of the alignment ${alignment}`);
        }
        const end = dataBegin + t.offset + t.bytes;
        if (end > BigInt(Number.isFinite(r.size) ? r.size : Number.MAX_SAFE_INTEGER)) {
            fail('gguf_truncated', `${r.name} is truncated or damaged: tensor ${printable(t.name)} needs ${t.bytes} bytes at offset ${t.offset} of the data at byte ${dataBegin}, the file has ${r.size}; get it again`);
        }
        t.begin = Number(dataBegin + t.offset);
        t.bytes = Number(t.bytes);
    }
    const placed = [...tensors].sort((a, b) => a.begin - b.begin);
    placed.forEach((t, i) => {
        if (i > 0 && t.begin - placed[i - 1].begin < placed[i - 1].bytes) {
            malformed(r, `tensors ${printable(placed[i - 1].name)} and ${printable(t.name)} overlap`);
        }
    });
}

/** {pairs, tensors}, maps by key and name, of the bytes at the beginning of a file of `size` bytes. */
function parseDirectory(bytes, size, name) {
    const r = new DirectoryReader(bytes, size, name);
    const magic = r.take(4, 'the magic', 0);
    const start = bytes.subarray(magic, magic + 4);
    if (String.fromCharCode(...start) !== 'GGUF') {
        malformed(r, `this is no GGUF file: it starts with the bytes ${[...start].map((b) => b.toString(16).padStart(2, '0')).join(' ')}`);
    }
    const version = r.u32('the version', 0);
    if (version !== 0 && (version & 0xffff) === 0) {
        malformed(r, 'this is a big-endian GGUF file; convert it for little-endian machines');
    }
    if (version < 2 || version > 3) {
        malformed(r, `GGUF version ${version} is not supported; 2 and 3 are`);
    }
    const tensorCount = r.u64('the number of tensors', 0), pairCount = r.u64('the number of metadata keys', 0);
    const declared = `it declares ${tensorCount} tensors and ${pairCount} metadata keys`, most = 2 ** 20;
    if (tensorCount > most || pairCount > most) {
        malformed(r, `${declared}; the limit is ${most}`);
    }
    if (Number(tensorCount) * 33 + Number(pairCount) * 14 > size - r.at) { // an entry's least bytes
        fail('gguf_truncated', `${name} is truncated or damaged: ${declared}, more than its ${size} bytes hold; get it again`);
    }
    const collect = (count, read, field, what) => {
        const found = new Map();
        for (let i = 0; i < count; i++) {
            const entry = read(r, i);
            if (found.has(entry[field])) {
                malformed(r, `${what} ${printable(entry[field])} occurs twice`);
            }
            found.set(entry[field], entry);
        }
        return found;
    };
    const pairs = collect(Number(pairCount), readPair, 'key', 'metadata key');
    const tensors = collect(Number(tensorCount), readTensor, 'name', 'tensor');
    const given = pairs.get('general.alignment');
    if (given !== undefined && (given.type !== 'u32' || given.array)) {
        malformed(r, 'metadata key general.alignment must have the type u32');
    }
    const alignment = given === undefined ? 32n : given.values()[0];
    if (alignment === 0n || (alignment & (alignment - 1n)) !== 0n) {
        malformed(r, `general.alignment is ${alignment}, which is no power of two`);
    }
    placeTensors(r, [...tensors.values()], alignment);
    return { pairs, tensors };
}

/** Reads as much of the file's beginning as its directory needs. */
async function readDirectory(cursor) {
    const { name } = cursor.source;
    let bytes = new Uint8Array(0);
    for (let wanted = 64 << 10;;) {
        let filled = bytes.length;
        const longer = new Uint8Array(Math.min(wanted, cursor.size));
        longer.set(bytes);
        while (filled < longer.length) {
            const part = await cursor.some(longer.length - filled);
            if (part === null) { // its size was not known, or it became shorter
                cursor.size = filled;
                break;
            }
            longer.set(part, filled);
            filled += part.length;
        }
        bytes = longer.subarray(0, filled);
        try {
            return parseDirectory(bytes, cursor.size, name);
        } catch (e) {
            if (!(e instanceof NeedsMore)) {
                throw e;
            }
            if (e.bytes > 1 << 30) {
                malformed(cursor.source, `its directory has more than ${1 << 30} bytes`);
            }
            wanted = Math.max(e.bytes, bytes.length * 2);
        }
    }
}

// ======== manifest: what this encoder was built for, and whether a file is that ========

const FORMAT = 1;

function checkManifest(m, name) {
    if (m?.format !== FORMAT) {
        fail('manifest', `${name} has format ${m?.format}; this file reads format ${FORMAT}. Take manifest and module from one build`);
    }
    if (m.encoder !== ENCODER) {
        fail('manifest', `${name} is of the encoder ${m.encoder}, this is ${ENCODER}`);
    }
    if (m.input?.kind !== 'image') {
        fail('manifest', `${name}: inputs of kind ${m.input?.kind} are not encoded here, images are`);
    }
}

function describe(type, array) {
    return `${array ? 'array of ' : ''}${type}`;
}

/** Bits of an f32 given as "0x3f000000". */
function floatOfBits(bits) {
    return new Float32Array(new Uint32Array([bits]).buffer)[0];
}

function verifyPair(check, pair, file) {
    const array = check.type.endsWith('[]'), type = check.type.replace('[]', '');
    const kind = type === 'f32' || type === 'bool' || type === 'string' ? type : 'integer';
    const mismatch = (message) => fail('gguf_mismatch', `${file} is of another model than this encoder was built for: ${message}`);
    if (pair === undefined) {
        return check.optional ? undefined : mismatch(`it has no metadata key ${check.key}; expected ${describe(kind, array)}`);
    }
    if (pair.array !== array || !(kind === 'integer' ? INTEGERS.includes(pair.type) : pair.type === kind)) {
        mismatch(`metadata key ${check.key}: expected ${describe(kind, array)}, the file has ${describe(pair.type, pair.array)}`);
    }
    const expected = array ? check.values : [check.value];
    if (expected.length !== pair.count) {
        mismatch(`metadata key ${check.key}: expected ${expected.length} values, the file has ${pair.count}`);
    }
    const wanted = {
        string: (v) => String.fromCharCode(...new TextEncoder().encode(v)), f32: Number, bool: (v) => BigInt(v), integer: (v) => BigInt(v),
    }[kind];
    const shown = { string: printable, f32: floatOfBits, bool: Boolean, integer: String }[kind];
    pair.values().forEach((found, i) => {
        if (found !== wanted(expected[i])) {
            mismatch(`metadata key ${check.key}${array ? `, value ${i}` : ''}: expected ${shown(wanted(expected[i]))}, the file has ${shown(found)}`);
        }
    });
}

/** Whether the name fits a pattern: a `*` stands for anything; with `prefix` the pattern is a beginning. */
function fits(name, pattern, prefix) {
    const [begin, end] = pattern.includes('*') ? pattern.split('*', 2) : [pattern, null];
    if (end === null) {
        return prefix ? name.startsWith(begin) : name === begin;
    }
    return name.length >= begin.length + end.length && name.startsWith(begin) && name.endsWith(end);
}

/** Checks a directory against the manifest; returns the tensor of each weight. */
function verifyDirectory(manifest, { pairs, tensors }, file) {
    const mismatch = (message) => fail('gguf_mismatch', `${file} is of another model than this encoder was built for: ${message}`);
    for (const check of manifest.checks) {
        const also = [check.also ?? []].flat();
        verifyPair(check, [check.key, ...also].map((key) => pairs.get(key)).find((p) => p !== undefined), file);
    }
    const found = manifest.weights.map((weight) => {
        const tensor = tensors.get(weight.name);
        const ne = [0, 1, 2, 3].map((i) => BigInt(weight.ne[i] ?? 1)), wanted = `${weight.type.toUpperCase()} [${ne.join(', ')}]`;
        if (tensor === undefined) {
            mismatch(`it has no tensor ${weight.name}; expected ${wanted}`);
        }
        const has = `${tensor.type} [${tensor.ne.join(', ')}]`;
        if (has !== wanted || tensor.bytes !== Number(weight.bytes)) {
            mismatch(`tensor ${weight.name}: expected ${wanted}, the file has ${has}`);
        }
        if (tensor.begin % tensor.alignment !== 0) {
            fail('gguf_malformed', `${file}: tensor ${weight.name}: its data at byte ${tensor.begin} is not aligned to its elements`);
        }
        tensor.read = true;
        return tensor;
    });
    for (const tensor of tensors.values()) {
        const any = (patterns, prefix) => patterns.some((pattern) => fits(tensor.name, pattern, prefix));
        if (!tensor.read && any(manifest.known_tensors, true) && !any(manifest.unused_tensors, false)) {
            mismatch(`it has a tensor ${printable(tensor.name)}, which this encoder does not read: it is for another variant`);
        }
    }
    return found;
}

/** The value of a manifest's dimensions for a batch of grids, those that follow from others too. */
function dimensions(manifest, batch, rows, cols) {
    const { input } = manifest, dims = { [input.batch_dim]: batch };
    if (input.row_dim) {
        dims[input.row_dim] = rows;
    }
    if (input.col_dim) {
        dims[input.col_dim] = cols;
    }
    for (const d of manifest.derived ?? []) {
        dims[d.name] = evaluate(d.value, dims);
    }
    return dims;
}

// ======== image: pixels of what a caller has, and the encoder's preprocessing ========

// ---- fit_smart_u8_f32round_js ----
// Returns [width, height], or null if a source side is 0 or the size or its area is beyond int32.
// Math.fround after each double operation is that operation in f32: 53 bits are enough for + - * / and the square root.
function fit_smart_u8_f32round_js(width, height) {
    const f = Math.fround, align = 32, minPixels = 8192, maxPixels = 4194304, limit = 0x7fffffff;
    if (!(width >= 1 && width <= limit && height >= 1 && height <= limit)) {
        return null;
    }
    const source = [f(width), f(height)], step = f(align);
    const whole = (units) => (units.every((u) => u < 2 ** 31) ? units.map((u) => Math.trunc(u) * align) : null);
    const units = source.map((side) => { // round half away from zero; the difference is exact
        const exact = f(side / step), below = Math.floor(exact);
        return Math.max(1, exact - below >= 0.5 ? f(below + 1) : below);
    });
    let sides = whole(units);
    if (sides === null || sides.some((s) => s > limit) || ((maxPixels > 0 || minPixels > 0) && sides[0] * sides[1] > limit)) {
        return null;
    }
    const area = f(source[1] * source[0]);
    if (maxPixels > 0 && sides[0] * sides[1] > maxPixels) {
        const beta = f(Math.sqrt(f(area / f(maxPixels))));
        sides = whole(source.map((side) => Math.max(1, Math.floor(f(f(side / beta) / step)))));
    } else if (minPixels > 0 && sides[0] * sides[1] < minPixels) {
        const beta = f(Math.sqrt(f(f(minPixels) / area)));
        sides = whole(source.map((side) => Math.ceil(f(f(side * beta) / step))));
    }
    return sides === null || sides.some((s) => s > limit || s < 1) ? null : sides;
}

// ---- resize_pad_u8_pillow_js ----
// Two passes of fixed-point weights. Rows are resized across only when the pass down first needs them, into a ring
// that holds one window of rows, so little memory is needed however large the image is.

// The resized image inside the target.
function resize_pad_u8_pillow_js_place(w, h, outW, outH) {
    const f = Math.fround, target = [outW, outH];
    const scale = Math.min(f(f(outW) / f(w)), f(f(outH) / f(h)));
    const inner = [f(f(w) * scale), f(f(h) * scale)].map((side, i) => {
        const below = Math.floor(side);
        const whole = below < side ? f(below + 1) : below;
        return whole < f(target[i]) ? whole : target[i];
    });
    const [left, top] = inner.map((side, i) => (target[i] - side) >>> 1);
    return { width: inner[0], height: inner[1], left, top };
}

function resize_pad_u8_pillow_js_filter(at) {
    const x = at < 0 ? -at : at;
    if (x < 1) {
        return (1.5 * x - 2.5) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

// Per output: the first input, the number of inputs, and `taps` places for weights in units of 2^-22.
function resize_pad_u8_pillow_js_weigh(input, output) {
    const scale = input / output, stretch = scale < 1 ? 1 : scale, sharpness = 1 / stretch;
    const support = 2 * stretch;
    const taps = Math.ceil(support) * 2 + 1;
    const axis = { taps, first: new Uint32Array(output), count: new Uint32Array(output), weight: new Int32Array(output * taps) };
    const exact = new Float64Array(taps);
    for (let i = 0; i < output; i++) {
        const center = (i + 0.5) * scale;
        const low = center - support + 0.5, high = center + support + 0.5;
        const first = low < 0 ? 0 : Math.trunc(low);
        const count = (high < input ? Math.trunc(high) : input) - first;
        let sum = 0;
        for (let j = 0; j < count; j++) {
            exact[j] = resize_pad_u8_pillow_js_filter((first + j - center + 0.5) * sharpness);
            sum += exact[j];
        }
        for (let j = 0; j < count; j++) {
            const share = sum !== 0 ? exact[j] / sum : exact[j];
            axis.weight[i * taps + j] = Math.trunc(share * 4194304 + (share < 0 ? -0.5 : 0.5));
        }
        axis.first[i] = first;
        axis.count[i] = count;
    }
    return axis;
}

// The sum's integer part, clamped; the arithmetic shift is the floor.
function resize_pad_u8_pillow_js_clamp(sum) {
    const whole = sum >> 22;
    return whole < 0 ? 0 : whole > 255 ? 255 : whole;
}

function resize_pad_u8_pillow_js_across(axis, src, from, dst, to, outputs) {
    for (let i = 0; i < outputs; i++) {
        let red = 1 << 21, green = 1 << 21, blue = 1 << 21;
        let pixel = from + axis.first[i] * 3, tap = i * axis.taps;
        for (const end = tap + axis.count[i]; tap < end; tap++, pixel += 3) {
            const weight = axis.weight[tap];
            red = (red + src[pixel] * weight) | 0;
            green = (green + src[pixel + 1] * weight) | 0;
            blue = (blue + src[pixel + 2] * weight) | 0;
        }
        dst[to + i * 3] = resize_pad_u8_pillow_js_clamp(red);
        dst[to + i * 3 + 1] = resize_pad_u8_pillow_js_clamp(green);
        dst[to + i * 3 + 2] = resize_pad_u8_pillow_js_clamp(blue);
    }
}

// Output row i from its window of rows, row j at ring slot j mod slots.
function resize_pad_u8_pillow_js_down(axis, i, ring, slots, bytes, sums, dst, to) {
    const first = axis.first[i];
    sums.fill(1 << 21);
    for (let j = 0; j < axis.count[i]; j++) {
        const weight = axis.weight[i * axis.taps + j], row = ((first + j) % slots) * bytes;
        for (let x = 0; x < bytes; x++) {
            sums[x] += ring[row + x] * weight;
        }
    }
    for (let x = 0; x < bytes; x++) {
        dst[to + x] = resize_pad_u8_pillow_js_clamp(sums[x]);
    }
}

function resize_pad_u8_pillow_js(src, w, h, outW, outH) {
    if (w === outW && h === outH) {
        return Uint8Array.from(src);
    }
    const dst = new Uint8Array(outW * outH * 3), frame = resize_pad_u8_pillow_js_place(w, h, outW, outH);
    if (frame.width !== outW || frame.height !== outH) {
        for (let i = 0; i < dst.length; i += 3) {
            dst.set([0, 0, 0], i);
        }
    }
    if (w === 0 || h === 0 || frame.width === 0 || frame.height === 0) {
        return dst;
    }
    const across = w === frame.width ? null : resize_pad_u8_pillow_js_weigh(w, frame.width);
    const down = h === frame.height ? null : resize_pad_u8_pillow_js_weigh(h, frame.height);
    const stride = w * 3, bytes = frame.width * 3, sums = new Int32Array(bytes);
    const ring = across !== null && down !== null ? new Uint8Array(down.taps * bytes) : null;
    let done = 0; // rows below this one have been resized across
    for (let y = 0; y < frame.height; y++) {
        const to = ((frame.top + y) * outW + frame.left) * 3;
        if (down === null) {
            if (across === null) {
                dst.set(src.subarray(y * stride, y * stride + bytes), to);
            } else {
                resize_pad_u8_pillow_js_across(across, src, y * stride, dst, to, frame.width);
            }
        } else if (ring === null) {
            resize_pad_u8_pillow_js_down(down, y, src, h, bytes, sums, dst, to);
        } else {
            const end = down.first[y] + down.count[y];
            for (done = Math.max(done, down.first[y]); done < end; done++) {
                resize_pad_u8_pillow_js_across(across, src, done * stride, ring, (done % down.taps) * bytes, frame.width);
            }
            resize_pad_u8_pillow_js_down(down, y, ring, down.taps, bytes, sums, dst, to);
        }
    }
    return dst;
}

// ---- normalize_u8_div_js ----
// All 256 values of a channel are computed once, then looked up. Writes src.length numbers from pixels[at] on.
function normalize_u8_div_js(src, pixels, at) {
    const f = Math.fround;
    const number = (text) => { // JavaScript has no hexadecimal float literals
        const [, sign, whole, fraction = '', exponent] = /^(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+)f$/.exec(text);
        return (sign === '-' ? -1 : 1) * parseInt(whole + fraction, 16) * 2 ** (Number(exponent) - 4 * fraction.length);
    };
    const mean = ["0x1p-1f", "0x1p-1f", "0x1p-1f"].map(number), std = ["0x1p-1f", "0x1p-1f", "0x1p-1f"].map(number);
    const table = mean.map((m, c) => Float32Array.from({ length: 256 }, (_, v) => f(f(f(v / 255) - m) / std[c])));
    for (let i = 0; i < src.length; i += 3) {
        pixels[at + i] = table[0][src[i]];
        pixels[at + i + 1] = table[1][src[i + 1]];
        pixels[at + i + 2] = table[2][src[i + 2]];
    }
}

const preprocessing = { size: fit_smart_u8_f32round_js, image: resize_pad_u8_pillow_js, pixels: normalize_u8_div_js };

/** Interleaved RGB, 8 bits, of {data, width, height} (RGB or RGBA; alpha is dropped), ImageData, or what a canvas can draw. */
function rgbOf(image) {
    const { width, height } = image ?? {};
    let { data } = image ?? {};
    if (data === undefined && image !== undefined && image !== null && typeof OffscreenCanvas === 'function') {
        const canvas = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
        canvas.drawImage(image, 0, 0);
        ({ data } = canvas.getImageData(0, 0, width, height));
    }
    const count = width * height;
    if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray) || !(data.length === count * 3 || data.length === count * 4)) {
        fail('argument', `the image must be an ImageBitmap, ImageData or {data, width, height} with 8-bit RGB or RGBA; this has ${width} x ${height} pixels and ${data?.length} bytes`);
    }
    if (data.length === count * 3) {
        return new Uint8Array(data.buffer, data.byteOffset, data.length);
    }
    const rgb = new Uint8Array(count * 3);
    for (let i = 0; i < count; i++) {
        rgb[i * 3] = data[i * 4];
        rgb[i * 3 + 1] = data[i * 4 + 1];
        rgb[i * 3 + 2] = data[i * 4 + 2];
    }
    return rgb;
}

/** The encoder's input for images of one size. */
function preprocessImages(plan, images) {
    const count = plan.width * plan.height * 3, pixels = new Float32Array(count * images.length);
    images.forEach((image, i) => {
        const resized = preprocessing.image(rgbOf(image), plan.sourceWidth, plan.sourceHeight, plan.width, plan.height);
        preprocessing.pixels(resized, pixels, i * count);
    });
    return pixels;
}

// ======== pieces: a step in as few calls as the GPU can bind ========

/** Bindings begin at multiples of this, which every device takes. */
const ALIGNMENT = 256;

const gcd = (a, b) => (b === 0 ? a : gcd(b, a % b));

/** Thrown where a binding is too large however the step is cut; it becomes the plan's `exceeds`. */
class TooLarge {
    constructor(operand, bytes) {
        Object.assign(this, { operand, bytes });
    }
}

/** A binding of a step: the value's place in its buffer, in bytes. */
class Place {
    constructor(manifest, plan, shader, ref, name) {
        const lists = {
            buffer: () => plan.buffers[ref.index].bytes, output: () => plan.outputs[ref.index].bytes,
            weight: () => Number(manifest.weights[ref.index].bytes), table: () => manifest.tables[ref.index].words * 4,
        };
        const element = ref.element ?? 1, at = evaluate(ref.at, plan.dims) * element, size = padded(lists[ref.kind]());
        const bytes = ref.bytes === undefined ? size - at : evaluate(ref.bytes, plan.dims);
        // of a result the shader is not told where it begins: it begins with its binding
        Object.assign(this, { name, size, at, bytes, element, told: shader.params.includes(`${name}_at`) });
    }

    /** The shortest binding with these bytes of the value, and where they begin in it, in elements. */
    window(from, bytes, limit) {
        const offset = from - from % ALIGNMENT, end = Math.min(this.size, Math.ceil((from + bytes) / 16) * 16);
        if (end - offset > limit) {
            throw new TooLarge(this.name, end - offset);
        }
        if (!this.told && offset !== from) { // it could only be bound with what is before it
            throw new TooLarge(this.name, this.size);
        }
        return { offset, size: end - offset, at: (from - offset) / this.element };
    }

    /** All of the value: the whole buffer if it can be bound. */
    whole(limit) {
        return this.size <= limit ? { offset: 0, size: this.size, at: this.at / this.element } : this.window(this.at, this.bytes, limit);
    }
}

/** The calls of a step: [{values of the parameters, groups, windows of the bindings}]. */
function piecesOf(manifest, plan, step, candidate, shader, numbers, limit) {
    const places = step.refs.map((ref, i) => new Place(manifest, plan, shader, ref, shader.bindings[i]));
    const piece = (windows, values, workgroups, scope) => ({
        windows, groups: [0, 1, 2].map((i) => (i < workgroups.length ? evaluate(workgroups[i], scope) : 1)),
        values: shader.params.map((name, i) => windows[places.findIndex((p) => p.told && name === `${p.name}_at`)]?.at ?? values[i]),
    });
    try {
        return [piece(places.map((p) => p.whole(limit)), numbers, candidate.workgroups, plan.dims)];
    } catch (e) {
        if (!(e instanceof TooLarge) || !shader.split) {
            throw e;
        }
    }
    const { split } = shader, all = Object.fromEntries(shader.params.map((name, i) => [name, numbers[i]]));
    const rows = evaluate(split.rows, all), within = Math.max(1, evaluate(split.within, all));
    const parts = places.map((p) => (p.name in split.parts ? { kind: split.parts[p.name][0], bytes: evaluate(split.parts[p.name][1], all) } : null));
    let unit = evaluate(split.unit, all), most = within;
    places.forEach(({ at }, i) => {
        if (parts[i] !== null && parts[i].kind !== 'stretch') {
            const aligned = ALIGNMENT / gcd(ALIGNMENT, parts[i].bytes);
            unit = unit / gcd(unit, aligned) * aligned;
            most = Math.min(most, Math.floor((limit - at % ALIGNMENT) / parts[i].bytes));
        }
    });
    if (most < within) {
        most = Math.max(unit, most - most % unit); // where not even one unit fits, the window says so
    }
    const pieces = [];
    for (let begin = 0; begin < rows; begin += within) {
        for (let first = 0; first < within; first += most) {
            const count = Math.min(most, within - first);
            const windows = places.map((p, i) => {
                const { kind, bytes } = parts[i] ?? {};
                return kind === 'rows' ? p.window(p.at + (begin + first) * bytes, count * bytes, limit)
                    : kind === 'cycle' ? p.window(p.at + first * bytes, count * bytes, limit)
                        : kind === 'stretch' ? p.window(p.at + begin * bytes, within * bytes, limit) : p.whole(limit);
            });
            const scope = { ...all, first, count };
            const own = { ...scope, ...Object.fromEntries(Object.entries(split.params).map(([name, text]) => [name, evaluate(text, scope)])) };
            pieces.push(piece(windows, shader.params.map((name) => own[name]), split.workgroups, own));
        }
    }
    return pieces;
}

// ======== plan: what an image needs and gives, before anything is allocated ========

const padded = (bytes) => Math.max(16, Math.ceil(bytes / 16) * 16);

/** The plan of `batch` preprocessed images of width x height. */
function planGrid(manifest, width, height, batch) {
    const { input } = manifest, rows = height / input.row_unit, cols = width / input.col_unit;
    if (!Number.isInteger(batch) || batch < 1) {
        fail('argument', `batch is ${batch}; it must be a whole number from 1`);
    }
    if (batch > input.max_batch) {
        fail('image_too_large', `batch is ${batch}; at most ${input.max_batch} images are encoded at once. Encode them in several calls`);
    }
    if (!Number.isInteger(rows) || !Number.isInteger(cols) || rows < 1 || cols < 1) {
        fail('image', `${width} x ${height} pixels: the width must be a multiple of ${input.col_unit} and the height one of ${input.row_unit}, not 0`);
    }
    if (cols > input.max_cols || rows > input.max_rows) {
        fail('image_too_large', `${width} x ${height} pixels: the largest width is ${input.col_unit * input.max_cols}, the largest height ${input.row_unit * input.max_rows}. Scale the image down or cut it`);
    }
    if (rows * cols > input.max_grid) {
        fail('image_too_large', `${width} x ${height} pixels are ${rows * cols} grid cells; the limit is ${input.max_grid}. Scale the image down`);
    }
    const dims = dimensions(manifest, batch, rows, cols);
    const value = (text) => evaluate(text, dims);
    const buffers = manifest.buffers.map((b) => ({ name: b.name, bytes: padded(Math.max(...b.bytes.map(value))) }));
    const outputs = manifest.outputs.map((o) => ({ name: o.name, bytes: value(o.bytes) }));
    return {
        width, height, sourceWidth: null, sourceHeight: null, batch, dims,
        grid: { rows: value(manifest.grid.rows), cols: value(manifest.grid.cols) },
        tokens: value(manifest.tokens), embedding: manifest.embedding, flops: value(manifest.flops),
        buffers, outputs,
        bytes: [...buffers, ...outputs].reduce((sum, b) => sum + padded(b.bytes), 0),
        weightBytes: manifest.weights.reduce((sum, w) => sum + padded(Number(w.bytes)), 0),
    };
}

function planImage(manifest, width, height, batch) {
    const { max_side: most } = manifest.input;
    if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
        fail('image', `the image has ${width} x ${height} pixels; both must be whole numbers from 1`);
    }
    if (width > most || height > most) {
        fail('image_too_large', `the image has ${width} x ${height} pixels; ${most} per side is the limit. Scale it down or cut it`);
    }
    const size = preprocessing.size(width, height);
    if (size === null) {
        fail('image', `an image of ${width} x ${height} pixels cannot be brought to a size that this encoder takes; is it extremely long?`);
    }
    return { ...planGrid(manifest, size[0], size[1], batch), sourceWidth: width, sourceHeight: height };
}

/** The kernels that a device with the variants `runs` may take, best first: up to the one that takes every size. */
function kernelsFor(choice, runs) {
    const able = choice.candidates.filter((c) => runs.has(c.variant)), last = able.findIndex((c) => c.when === undefined);
    return last < 0 ? able : able.slice(0, last + 1);
}

/** Every shader that some image calls for there, in the order of the steps. */
const neededShaders = (manifest, runs) =>
    [...new Set(manifest.steps.flatMap((s) => s.choices).flatMap((c) => kernelsFor(c, runs)).map((c) => c.shader))];

/** What each step runs: {step, shader, pieces}, or instead of pieces `limit`, what the device has too little of. */
function planSteps(manifest, plan, runs, limits) {
    const { dims } = plan, binding = 'maxStorageBufferBindingSize';
    return manifest.steps.map((step) => {
        const choice = step.choices.find((c, i) => c.when === null || i + 1 === step.choices.length || evaluate(c.when, dims) !== 0);
        const candidate = kernelsFor(choice, runs).find((c) => c.when === undefined || evaluate(c.when, dims) !== 0);
        if (candidate === undefined) {
            fail('manifest', `step ${step.name}: no kernel of class ${choice.class} runs on this device; there is: ${choice.candidates.map((c) => c.variant).join(', ')}`);
        }
        const shader = manifest.shaders[candidate.shader];
        const operands = shader.bindings.filter((name) => shader.params.includes(`${name}_at`));
        const values = shader.params.map((name) => {
            const operand = operands.findIndex((o) => name === `${o}_at`);
            const value = name === 'zero' ? 0 : operand >= 0 ? evaluate(step.refs[operand].at, dims) : evaluate(step.params[name], dims);
            return value < 2 ** 32 ? value : fail('image_too_large', `step ${step.name}: ${name} is ${value}, beyond 32 bits. Scale the image down or encode fewer at once`);
        });
        try {
            return { step, shader: candidate.shader, pieces: piecesOf(manifest, plan, step, candidate, shader, values, limits[binding]) };
        } catch (e) {
            if (!(e instanceof TooLarge)) {
                throw e;
            }
            return { step, shader: candidate.shader, limit: { which: binding, has: limits[binding], needs: e.bytes, what: `${e.operand} of step ${step.name}` } };
        }
    });
}

/** The first limit of the device that the plan exceeds, or null. */
function exceeded(plan, steps, limits) {
    for (const b of [...plan.buffers, ...plan.outputs]) {
        if (b.bytes > limits.maxBufferSize) {
            return { which: 'maxBufferSize', has: limits.maxBufferSize, needs: b.bytes, what: `the buffer ${b.name}` };
        }
    }
    for (const { step, pieces, limit } of steps) {
        if (limit !== undefined) {
            return limit;
        }
        const most = Math.max(...pieces.flatMap(({ groups }) => groups));
        if (most > limits.maxComputeWorkgroupsPerDimension) {
            return { which: 'maxComputeWorkgroupsPerDimension', has: limits.maxComputeWorkgroupsPerDimension, needs: most, what: `step ${step.name}` };
        }
    }
    return null;
}

/** Times per part of the encoder: the steps that end in the same number are a layer, steps before and after are input and output. */
function stagesOf(steps, ms) {
    const numbers = steps.map(({ step }) => /-(\d+)(#\d+)?$/.exec(step.name)?.[1]);
    const last = numbers.findLastIndex((n) => n !== undefined);
    const stages = [];
    let name = 'input';
    steps.forEach((_, i) => {
        name = numbers[i] !== undefined ? `layer ${numbers[i]}` : i > last && last >= 0 ? 'output' : name;
        if (stages.at(-1)?.name !== name) {
            stages.push({ name, steps: 0, ms: 0 });
        }
        stages.at(-1).steps += 1;
        stages.at(-1).ms += ms[i];
    });
    return stages;
}

// ======== device: a WebGPU device, its errors and its buffers ========

const USAGE = { MAP_READ: 0x1, COPY_SRC: 0x4, COPY_DST: 0x8, UNIFORM: 0x40, STORAGE: 0x80, QUERY_RESOLVE: 0x200 };
const STAGE_COMPUTE = 0x4, MODE_READ = 0x1;
/** Bytes read back or written at once. */
const TRANSFER = 64 << 20;

class Device {
    #waiting = new Set();
    lostError = null;

    /** `own`: made here, so destroyed here. */
    constructor(device, own, info) {
        Object.assign(this, { device, own, info });
        device.lost.then(({ reason, message }) => {
            this.lostError = new EncoderError('lost_device', `the GPU device was lost (${reason ?? 'unknown'}${message ? `: ${message}` : ''}). Call reopen() and encode again; if that repeats, use a smaller image or another device`, { reason });
            this.#waiting.forEach((reject) => reject(this.lostError));
        });
    }

    get limits() {
        return this.device.limits;
    }

    /** The promise's value; throws lost_device as soon as the device is lost. */
    async wait(promise) {
        let reject;
        try {
            return await new Promise((resolve, no) => {
                reject = no;
                this.#waiting.add(no);
                if (this.lostError !== null) {
                    no(this.lostError);
                }
                promise.then(resolve, no);
            });
        } catch (e) {
            if (!(e instanceof EncoderError)) { // an operation of a lost device may fail before the loss is told
                await Promise.race([this.device.lost, new Promise((resolve) => { setTimeout(resolve, 100); })]);
            }
            throw this.lostError ?? e;
        } finally {
            this.#waiting.delete(reject);
        }
    }

    /** Runs `work`, which does not wait; an error that the GPU reports for it is thrown. Scopes of two calls never cross. */
    async scoped(what, work, facts) {
        const { device } = this, filters = ['internal', 'out-of-memory', 'validation'];
        filters.forEach((f) => device.pushErrorScope(f));
        let result, thrown = null;
        try {
            result = work();
        } catch (e) {
            thrown = e;
        }
        const [validation, memory, internal] = await this.wait(Promise.all(filters.map(() => device.popErrorScope())));
        if (thrown !== null) {
            throw thrown;
        }
        if (memory) {
            fail('out_of_memory', `the GPU has no memory for ${what}. Use a smaller image or batch, close other encoders or pages, and try again`, { ...facts, cause: memory });
        }
        const other = validation ?? internal;
        if (other) {
            fail('gpu_error', `the GPU refuses ${what}: ${other.message}`, { cause: other });
        }
        return result;
    }

    /** Buffers for [{name, bytes}], padded to 16 bytes; all or none. */
    async buffers(list, usage, what) {
        const total = list.reduce((sum, b) => sum + padded(b.bytes), 0);
        const made = [];
        try {
            return await this.scoped(`${what}, ${megabytes(total)} in ${list.length} buffers`, () => {
                for (const b of list) {
                    try {
                        made.push(this.device.createBuffer({ label: b.name, size: padded(b.bytes), usage }));
                    } catch (e) {
                        fail('out_of_memory', `no memory for ${b.name}, ${megabytes(b.bytes)}. Use a smaller image or batch, close other encoders or pages, and try again`, { bytes: b.bytes, cause: e });
                    }
                }
                return made;
            }, { bytes: total });
        } catch (e) {
            made.forEach((b) => b.destroy());
            throw e;
        }
    }

    /** Bytes of a buffer; begin and end are multiples of 4. */
    async read(buffer, begin, end) {
        const out = new Uint8Array(end - begin);
        const [staging] = await this.buffers([{ name: 'read back', bytes: Math.min(TRANSFER, out.length) }], USAGE.MAP_READ | USAGE.COPY_DST, 'reading back');
        try {
            for (let at = 0; at < out.length; at += TRANSFER) {
                const count = Math.min(TRANSFER, out.length - at), commands = this.device.createCommandEncoder();
                commands.copyBufferToBuffer(buffer, begin + at, staging, 0, count);
                this.device.queue.submit([commands.finish()]);
                await this.wait(staging.mapAsync(MODE_READ, 0, count));
                out.set(new Uint8Array(staging.getMappedRange(0, count)), at);
                staging.unmap();
            }
        } finally {
            staging.destroy();
        }
        return out;
    }

    done() {
        return this.wait(this.device.queue.onSubmittedWorkDone());
    }

    close() {
        if (this.own) {
            this.device.destroy();
        }
    }
}

/** The variants of the manifest, best first, that a device with these features runs; `forced` and those after it. */
function runnable(manifest, features, forced) {
    const from = forced === undefined ? 0 : manifest.variants.findIndex((v) => v.name === forced);
    if (from < 0) {
        fail('argument', `there is no variant ${forced}; there is: ${manifest.variants.map((v) => v.name).join(', ')}`);
    }
    const found = manifest.variants.slice(from).filter((v) => v.needs.every((n) => features.has(n)));
    if (found.length === 0) {
        fail('limits', `the device lacks the features that every variant needs: ${manifest.variants.map((v) => v.needs.join(', ')).join('; ')}`, { which: 'features', has: [...features], needs: manifest.variants.map((v) => v.needs) });
    }
    return found;
}

function checkLimits(needed, limits, who) {
    for (const [which, needs] of Object.entries(needed)) {
        const has = limits[which];
        if (which.startsWith('min') ? has > needs : !(has >= needs)) {
            fail('limits', `${who} has ${which} = ${has}, this encoder needs ${needs}. Use another adapter, or a smaller model or weight type`, { which, has, needs });
        }
    }
}

/** A device with what the manifest needs and the largest buffers that the adapter has; and the variants it runs. */
async function requestDevice(manifest, { gpu = globalThis.navigator?.gpu, device, variant } = {}) {
    const largest = Math.max(16, ...manifest.weights.map((w) => padded(Number(w.bytes))));
    const needed = { maxBufferSize: largest, maxStorageBufferBindingSize: largest };
    for (const [which, least] of Object.entries(manifest.limits ?? {})) {
        needed[which] = Math.max(needed[which] ?? 0, Number(least));
    }
    if (device !== undefined) {
        checkLimits(needed, device.limits, 'the device');
        return { device: new Device(device, false, device.adapterInfo), variants: runnable(manifest, device.features, variant) };
    }
    if (!gpu) {
        fail('no_webgpu', isNode
            ? "Node has no WebGPU of its own: npm install webgpu, then import { create } from 'webgpu' and give open() { gpu: create([]) }"
            : 'this browser offers no WebGPU here: use a current Chrome, Edge, Safari or Firefox, and open the page by https, from 127.0.0.1 or as a file');
    }
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
    if (!adapter) {
        fail('no_adapter', isNode
            ? 'WebGPU finds no GPU: install a Vulkan driver; a software one (lavapipe, SwiftShader) is named by VK_DRIVER_FILES'
            : 'WebGPU finds no GPU: switch on hardware acceleration in the settings of the browser and update the driver; chrome://gpu says more. Without a GPU, start Chrome with --enable-unsafe-webgpu');
    }
    checkLimits(needed, adapter.limits, 'the GPU');
    const variants = runnable(manifest, adapter.features, variant);
    const features = new Set(variants.flatMap((v) => v.needs));
    if (adapter.features.has('timestamp-query')) {
        features.add('timestamp-query');
    }
    const requiredLimits = { maxBufferSize: adapter.limits.maxBufferSize, maxStorageBufferBindingSize: adapter.limits.maxStorageBufferBindingSize };
    for (const which of Object.keys(needed)) {
        requiredLimits[which] ??= needed[which];
    }
    const made = await adapter.requestDevice({ requiredFeatures: [...features], requiredLimits }).catch((e) => {
        fail('no_adapter', `the GPU gives no device: ${e.message}. Close other programs that use it, or restart the browser`, { cause: e });
    });
    return { device: new Device(made, true, adapter.info), variants };
}

/** FNV-1a, 64 bits, as 16 hexadecimal digits. */
function checksum(bytes) {
    let low = 0x84222325, high = 0xcbf29ce4;
    for (let i = 0; i < bytes.length; i++) {
        low = (low ^ bytes[i]) >>> 0; // times 2^40 + 0x1b3
        const product = low * 0x1b3;
        high = (Math.imul(high, 0x1b3) + Math.floor(product / 2 ** 32) + (low << 8)) >>> 0;
        low = product >>> 0;
    }
    return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

// ======== shaders: pipelines ========

/** Shaders that are compiled at once: enough to keep the compiler busy, few enough to stop soon. */
const COMPILED_AT_ONCE = 8;

class Shaders {
    #pipelines = new Map();

    /** `text(file)` reads a shader. */
    constructor(device, manifest, text) {
        Object.assign(this, { device, manifest, text });
    }

    /** The pipeline of a shader of the manifest, and the layout of its bind group. */
    get(index) {
        if (!this.#pipelines.has(index)) {
            const { file, bindings, params } = this.manifest.shaders[index];
            const operands = bindings.filter((name) => params.includes(`${name}_at`)).length;
            const types = bindings.map((_, i) => (i === operands ? 'storage' : 'read-only-storage'));
            const compiled = this.compile(file, [...types, 'uniform']);
            compiled.catch(() => this.#pipelines.delete(index)); // to be tried again
            this.#pipelines.set(index, compiled);
        }
        return this.#pipelines.get(index);
    }

    /** Compiles these shaders of the manifest. */
    async all(indices, { progress, signal }) {
        const waiting = [...indices];
        let done = 0;
        const worker = async () => {
            for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
                const { name } = this.manifest.shaders[i];
                checkCancelled(signal, `compiling the shader ${name}`);
                await this.get(i);
                progress?.({ phase: 'shaders', done: ++done, total: indices.length, name });
                checkCancelled(signal, `compiling shaders, ${done} of ${indices.length} done`);
            }
        };
        try {
            await Promise.all(Array.from({ length: COMPILED_AT_ONCE }, worker));
        } catch (e) {
            waiting.length = 0; // nobody starts another
            throw e;
        }
    }

    async compile(file, types) {
        const { device } = this.device;
        const code = await this.text(file);
        device.pushErrorScope('validation'); // the compiler's messages say more
        const module = device.createShaderModule({ label: file, code });
        await this.device.wait(device.popErrorScope());
        const { messages } = await this.device.wait(module.getCompilationInfo());
        const error = messages.find((m) => m.type === 'error');
        if (error !== undefined) {
            fail('shader', `${file}:${error.lineNum}:${error.linePos}: ${error.message}. Is the file of the same build as the manifest? If so, this browser's compiler refuses it: please report it`, { file, line: error.lineNum });
        }
        const layout = await this.device.scoped(`the bindings of ${file}`, () => device.createBindGroupLayout({
            entries: types.map((type, binding) => ({ binding, visibility: STAGE_COMPUTE, buffer: { type } })),
        }));
        try {
            const pipeline = await this.device.wait(device.createComputePipelineAsync({
                label: file, layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }), compute: { module, entryPoint: 'main' },
            }));
            return { pipeline, layout };
        } catch (e) {
            throw e instanceof EncoderError ? e : new EncoderError('shader', `${file}: the pipeline cannot be made: ${e.message}`, { file, cause: e });
        }
    }

    /** Runs the shader of a file once on these buffers, one per binding. */
    async once(file, types, buffers, workgroups) {
        const { device } = this.device, { pipeline, layout } = await this.compile(file, types);
        await this.device.scoped(`a run of ${file}`, () => {
            const commands = device.createCommandEncoder(), pass = commands.beginComputePass();
            pass.setPipeline(pipeline);
            pass.setBindGroup(0, device.createBindGroup({ layout, entries: buffers.map((b, binding) => ({ binding, resource: { buffer: b } })) }));
            pass.dispatchWorkgroups(...[workgroups].flat().map(Number));
            pass.end();
            device.queue.submit([commands.finish()]);
        });
    }

    /** The buffer of a table that its shader fills, its bytes checked. */
    async table(table) {
        const [buffer] = await this.device.buffers([{ name: table.name, bytes: table.words * 4 }], USAGE.STORAGE | USAGE.COPY_SRC, `the table ${table.name}`);
        const [zero] = await this.device.buffers([{ name: 'zero', bytes: 16 }], USAGE.UNIFORM, 'parameters');
        try {
            await this.once(table.file, ['storage', 'uniform'], [buffer, zero], table.workgroups);
            const found = checksum(await this.device.read(buffer, 0, table.words * 4));
            const wanted = table.checksum.toLowerCase().replace(/^0x|u?ll$/g, '').padStart(16, '0');
            if (found !== wanted) {
                fail('table', `the table ${table.name} has the checksum ${found} instead of ${wanted}: this GPU or its driver computes wrongly, or ${table.file} is of another build. Update the driver or use another GPU`);
            }
            return buffer;
        } catch (e) {
            buffer.destroy();
            throw e;
        } finally {
            zero.destroy();
        }
    }
}

// ======== probe: whether the device computes as the shaders take for granted ========

/** Runs the manifest's probe: names of the facts that must hold and do not (`failed`), and of the absent ones that kernels do without (`lacks`). */
async function runProbe(device, shaders, { file, workgroups, facts }) {
    const cases = [], operands = [], expected = [];
    for (const { op, cases: list } of facts) {
        for (const one of list) { // operands, then the result
            const words = one.map(Number);
            cases.push(op, operands.length, words.length - 1);
            expected.push(words.pop());
            operands.push(...words);
        }
    }
    const contents = [cases, operands, expected.map(() => 0), [expected.length, 0]];
    const named = contents.map((words, i) => ({ name: `probe ${i}`, bytes: words.length * 4 }));
    const storage = await device.buffers(named.slice(0, 3), USAGE.STORAGE | USAGE.COPY_DST | USAGE.COPY_SRC, 'the probe'), [list, words, results] = storage;
    const [uniform] = await device.buffers(named.slice(3), USAGE.UNIFORM | USAGE.COPY_DST, 'the probe');
    try {
        [...storage, uniform].forEach((b, i) => device.device.queue.writeBuffer(b, 0, new Uint32Array(contents[i])));
        const types = ['read-only-storage', 'read-only-storage', 'read-only-storage', 'storage', 'uniform'];
        await shaders.once(file, types, [list, words, words, results, uniform], workgroups);
        const found = new Uint32Array((await device.read(results, 0, expected.length * 4)).buffer);
        let at = 0;
        const broken = facts.filter((fact) => {
            const first = at;
            at += fact.cases.length;
            return expected.slice(first, at).some((word, i) => word !== found[first + i]);
        });
        const names = (optional) => broken.filter((fact) => (fact.optional ?? false) === optional).map((fact) => fact.name);
        return { failed: names(false), lacks: names(true) };
    } finally {
        [...storage, uniform].forEach((b) => b.destroy());
    }
}

// ======== load: the manifest, shaders and weights ========

/** A file's place beside another: both URLs, or both paths. */
function resolve(base, name) {
    return isUrl(base) || !isNode ? String(new URL(name, isUrl(base) ? base : new URL(base, globalThis.location?.href))) : base.replace(/[^/\\]*$/, '') + name;
}

async function readBytes(place) {
    const source = sourceOf(place), parts = [];
    try {
        const size = await source.size();
        for await (const part of source.chunks(0, size)) {
            parts.push(part);
        }
    } catch (e) {
        throw readError(source.name, e);
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
}

const readText = async (place) => new TextDecoder().decode(await readBytes(place));

/** The manifest and a function that reads the files beside it. */
async function readManifest(manifest, files) {
    const given = files === undefined ? undefined : async (name) => files[name] ?? fail('read', `files has no ${name}`);
    if (typeof manifest === 'object' && !(manifest instanceof URL)) {
        return { manifest, text: given ?? (() => fail('argument', 'with a manifest that is an object, give { files }: an object from file name to text')) };
    }
    const place = String(manifest), text = given ?? ((name) => readText(resolve(place, name)));
    try {
        return { manifest: JSON.parse(await readText(place)), text };
    } catch (e) {
        throw e instanceof EncoderError ? e : new EncoderError('manifest', `${place} is no JSON: ${e.message}`, { cause: e });
    }
}

async function openFile(gguf, signal) {
    const source = sourceOf(gguf);
    try {
        return { source, cursor: new Cursor(source, await source.size(signal), signal) };
    } catch (e) {
        checkCancelled(signal, `opening ${source.name}`);
        throw readError(source.name, e);
    }
}

/** Streams the weights into buffers, one each, in the order of the file. */
async function loadWeights(manifest, device, gguf, { progress, signal }) {
    const { source, cursor } = await openFile(gguf, signal);
    let buffers = [];
    try {
        progress?.({ phase: 'directory', done: 0, total: 1, name: source.name });
        const tensors = verifyDirectory(manifest, await readDirectory(cursor), source.name);
        buffers = await device.buffers(manifest.weights.map((w) => ({ name: w.name, bytes: Number(w.bytes) })), USAGE.STORAGE | USAGE.COPY_DST, 'the weights');
        const total = tensors.reduce((sum, t) => sum + t.bytes, 0), order = tensors.map((_, i) => i).sort((a, b) => tensors[a].begin - tensors[b].begin);
        let done = 0, unflushed = 0;
        for (const i of order) {
            await cursor.seek(tensors[i].begin);
            for await (const [at, piece] of pieces(cursor, tensors[i], source.name)) {
                device.device.queue.writeBuffer(buffers[i], at, piece);
                unflushed += piece.length;
                if (unflushed > TRANSFER) { // the copies that wait for the GPU stay few
                    device.device.queue.submit([]);
                    await device.done();
                    unflushed = 0;
                }
                done += Math.min(piece.length, tensors[i].bytes - at);
                progress?.({ phase: 'weights', done, total, name: tensors[i].name });
            }
        }
        await device.done();
        return buffers;
    } catch (e) {
        buffers.forEach((b) => b.destroy());
        throw e;
    } finally {
        await cursor.close();
    }
}

/** [offset, bytes] of a tensor, each but the last a multiple of 4 long, the last filled up with zeros. */
async function* pieces(cursor, tensor, file) {
    for (let at = 0; at < tensor.bytes;) {
        const piece = new Uint8Array(Math.ceil(Math.min(CHUNK, tensor.bytes - at) / 4) * 4), wanted = Math.min(CHUNK, tensor.bytes - at);
        for (let filled = 0; filled < wanted;) {
            const part = await cursor.some(wanted - filled);
            if (part === null) {
                fail('gguf_truncated', `${file} ends inside the tensor ${tensor.name}, ${tensor.bytes - at - filled} bytes too early; get it again`);
            }
            piece.set(part, filled);
            filled += part.length;
        }
        yield [at, piece];
        at += wanted;
    }
}

// ======== taps: intermediate values, and their comparison with a reference ========

/** dtype: name in .npy files, array, and how many bits its mantissa's integer has (0: an integer type). */
const DTYPES = {
    f32: { npy: '<f4', array: Float32Array, bits: 32 }, f16: { npy: '<f2', array: Uint16Array, bits: 16 },
    bf16: { npy: '<u2', array: Uint16Array, bits: 16 }, i32: { npy: '<i4', array: Int32Array, bits: 0 }, u8: { npy: '|u1', array: Uint8Array, bits: 0 },
};

/** Shape, byte strides and the range of bytes of a tap of the manifest. */
function tapLayout(tap, dims) {
    const shape = tap.shape.map((n) => evaluate(n, dims)), element = DTYPES[tap.dtype].array.BYTES_PER_ELEMENT;
    const stride = tap.stride.map((n) => evaluate(n, dims));
    for (let i = shape.length - 1; i >= 0; i--) { // 0: whatever leaves no gap
        stride[i] ||= i + 1 < shape.length ? stride[i + 1] * shape[i + 1] : element;
    }
    const span = shape.includes(0) ? 0 : shape.reduce((sum, n, i) => sum + (n - 1) * stride[i], element);
    return { shape, stride, element, begin: Number(tap.ref.offset ?? 0), span };
}

/** Elements in row-major order without gaps; `bytes` begins with the first element. */
function gather(bytes, { shape, stride, element }) {
    const count = shape.reduce((n, d) => n * d, 1), out = new Uint8Array(count * element);
    let run = element, outer = shape.length;
    while (outer > 0 && (stride[outer - 1] === run || shape[outer - 1] === 1)) {
        run *= shape[--outer];
    }
    const index = new Array(outer).fill(0);
    for (let to = 0, at = 0; to < out.length; to += run) {
        out.set(bytes.subarray(at, at + run), to);
        for (let d = outer - 1; d >= 0; d--) {
            at += stride[d];
            if (++index[d] < shape[d]) {
                break;
            }
            at -= index[d] * stride[d];
            index[d] = 0;
        }
    }
    return out;
}

/** A {name, dtype, shape, data} from row-major bytes. */
function tapValue(name, dtype, shape, bytes) {
    const { array } = DTYPES[dtype], aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    return { name, dtype, shape, data: new array(aligned.buffer, aligned.byteOffset, aligned.byteLength / array.BYTES_PER_ELEMENT) };
}

/** Element i as a number, and as an integer whose distance to its neighbours is one unit in the last place. */
function readers({ dtype, data }) {
    const { bits } = DTYPES[dtype];
    if (bits === 0) {
        return { number: (i) => data[i], place: (i) => data[i] };
    }
    const words = bits === 32 ? new Uint32Array(data.buffer, data.byteOffset, data.length) : data, half = 2 ** (bits - 1);
    const place = (i) => (words[i] >= half ? half - words[i] : words[i]);
    if (dtype === 'f32') {
        return { number: (i) => data[i], place };
    }
    const wide = new Uint32Array(1), float = new Float32Array(wide.buffer);
    const fromF16 = (h) => {
        const exponent = (h >> 10) & 31, fraction = h & 1023, sign = h >> 15 ? -1 : 1;
        return sign * (exponent === 31 ? (fraction ? NaN : Infinity) : exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
    };
    const number = dtype === 'f16' ? (i) => fromF16(words[i]) : (i) => {
        wide[0] = words[i] << 16;
        return float[0];
    };
    return { number, place };
}

/** How two values of equal type and shape differ; sums are taken where both are finite. */
function measure(value, reference) {
    const a = readers(value), b = readers(reference), { length } = value.data;
    const left = new Uint8Array(value.data.buffer, value.data.byteOffset, value.data.byteLength);
    const right = new Uint8Array(reference.data.buffer, reference.data.byteOffset, reference.data.byteLength);
    const size = left.length / Math.max(1, length);
    const out = { elements: length, differing: 0, first: null, max_abs: 0, max_ulp: 0, cosine: 1, nmse: 0 };
    let dot = 0, aa = 0, bb = 0, square = 0;
    for (let i = 0; i < length; i++) {
        const x = a.number(i), y = b.number(i);
        if (Number.isFinite(x) && Number.isFinite(y)) {
            dot += x * y;
            aa += x * x;
            bb += y * y;
            square += (x - y) ** 2;
        }
        let same = true;
        for (let k = i * size; k < (i + 1) * size; k++) {
            same &&= left[k] === right[k];
        }
        if (!same) {
            out.differing += 1;
            out.first ??= { index: i, value: x, reference: y };
            const far = Math.abs(x - y);
            out.max_abs = Number.isNaN(far) ? Infinity : Math.max(out.max_abs, far);
            out.max_ulp = Math.max(out.max_ulp, Math.abs(a.place(i) - b.place(i)));
        }
    }
    if (out.differing > 0) {
        out.cosine = aa > 0 && bb > 0 ? dot / Math.sqrt(aa * bb) : null;
        out.nmse = out.max_abs < Infinity && bb > 0 ? square / bb : Infinity;
    }
    return out;
}

/** The bound of a promise; null where it is of bits, or of nothing. */
const boundOf = (promise) => (promise?.startsWith('nmse ') ? Number(promise.slice('nmse '.length)) : null);

/** A row of the comparison's table. verdict: equal, within the bound, differs, other shape, absent. */
function compareTap(value, reference, bound) {
    const row = { name: reference.name, dtype: reference.dtype, shape: reference.shape };
    if (value === undefined) {
        return { ...row, verdict: 'absent' };
    }
    const count = (t) => t.shape.join('x').replace(/^1x/, '');
    if (value.dtype !== reference.dtype || count(value) !== count(reference)) {
        return { ...row, verdict: 'other shape', found: `${value.dtype} [${value.shape.join(', ')}]` };
    }
    const difference = measure(value, reference);
    return { ...row, ...difference, verdict: difference.differing === 0 ? 'equal' : bound !== null && difference.nmse <= bound ? 'within' : 'differs' };
}

/** The elements of a .npy file: row-major, little-endian. */
function parseNpy(bytes, file) {
    const bad = (why) => fail('taps', `${file} ${why}`);
    if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(1, 6)) !== 'NUMPY') {
        bad('is no .npy file');
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), long = bytes[6] > 1;
    const begin = long ? 12 : 10, end = begin + (long ? view.getUint32(8, true) : view.getUint16(8, true));
    const header = new TextDecoder('latin1').decode(bytes.subarray(begin, end));
    const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1], shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
    if (end > bytes.length || descr === undefined || shape === undefined || !/'fortran_order':\s*False/.test(header)) {
        bad('has a damaged header, or is column-major');
    }
    return { descr, shape: shape.split(',').filter((n) => n.trim() !== '').map(Number), bytes: bytes.subarray(end) };
}

/**
 * A reference that `ir-build run --dump` has written: taps.json and one .npy per value. `from` is the folder's path or URL, a list of
 * File objects, or a function from a file's name to its bytes.
 * Gives {source, taps: [{name, dtype, shape, read()}]}; values are read when they are needed.
 */
export async function readTaps(from) {
    let bytesOf = from;
    if (typeof from === 'string' || from instanceof URL) {
        bytesOf = (name) => readBytes(resolve(`${String(from).replace(/\/?$/, '/')}`, name));
    } else if (typeof from !== 'function') {
        const files = new Map([...from].map((f) => [f.name, f]));
        bytesOf = async (name) => new Uint8Array(await (files.get(name) ?? fail('taps', `the folder has no file ${name}; choose the whole folder that was written`)).arrayBuffer());
    }
    let index;
    try {
        index = JSON.parse(new TextDecoder().decode(await bytesOf('taps.json')));
    } catch (e) {
        throw e instanceof EncoderError ? e : new EncoderError('taps', `taps.json is damaged: ${e.message}`, { cause: e });
    }
    if (!Array.isArray(index?.taps)) {
        fail('taps', 'taps.json has no list of taps');
    }
    return {
        source: String(index.source ?? ''),
        taps: index.taps.map((t) => ({
            name: t.occurrence > 1 ? `${t.name}#${t.occurrence}` : t.name, dtype: t.dtype, shape: t.shape,
            async read() {
                const npy = parseNpy(await bytesOf(t.file), t.file), type = DTYPES[t.dtype];
                const count = t.shape.reduce((n, d) => n * d, 1);
                if (type === undefined || npy.descr !== type.npy || npy.shape.join() !== t.shape.join() || npy.bytes.length !== count * type.array.BYTES_PER_ELEMENT) {
                    fail('taps', `${t.file} is not what taps.json says: ${t.dtype} [${t.shape.join(', ')}]`);
                }
                return tapValue(this.name, t.dtype, t.shape, npy.bytes.slice());
            },
        })),
    };
}

// ======== run: executes the steps ========

/** Steps submitted ahead of the one that the GPU works on: enough to keep it busy, few enough to stop soon. */
const AHEAD = 8;
/** Bytes between the parameters of two calls: every device allows this offset. */
const SLOT = 256;

/** Buffers and bind groups for one plan. */
class Workspace {
    static async make(device, shaders, plan, steps, weights, tables) {
        const w = new Workspace();
        Object.assign(w, { device, plan, steps, buffers: [], outputs: [], clock: null });
        try {
            const storage = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST;
            w.buffers = await device.buffers(plan.buffers, storage, 'intermediate values');
            w.outputs = await device.buffers(plan.outputs, storage, 'the output');
            const pieces = steps.flatMap((s) => s.pieces);
            [w.parameters] = await device.buffers([{ name: 'parameters', bytes: pieces.length * SLOT }], USAGE.UNIFORM | USAGE.COPY_DST, 'parameters');
            const words = new Uint32Array(pieces.length * SLOT / 4);
            pieces.forEach(({ values }, i) => words.set(values, i * SLOT / 4));
            device.device.queue.writeBuffer(w.parameters, 0, words);
            const pipelines = await Promise.all(steps.map(({ shader }) => shaders.get(shader)));
            const places = { buffer: w.buffers, output: w.outputs, weight: weights, table: tables };
            let slot = 0;
            w.bound = await device.scoped('the bindings of the steps', () => steps.map((one, i) => {
                const { pipeline, layout } = pipelines[i], { step } = one;
                const calls = one.pieces.map(({ values, windows, groups }) => {
                    const entries = step.refs.map((ref, binding) => {
                        const { offset, size } = windows[binding];
                        return { binding, resource: { buffer: places[ref.kind][ref.index], offset, size } };
                    });
                    const size = Math.max(16, Math.ceil(values.length / 4) * 16);
                    entries.push({ binding: entries.length, resource: { buffer: w.parameters, offset: slot++ * SLOT, size } });
                    return { group: device.device.createBindGroup({ label: step.name, layout, entries }), groups };
                });
                return { pipeline, calls };
            }));
            w.places = places;
            if (device.device.features.has('timestamp-query') && steps.length <= 2048) {
                const [resolved] = await device.buffers([{ name: 'times', bytes: steps.length * 16 }], USAGE.QUERY_RESOLVE | USAGE.COPY_SRC, 'times');
                w.clock = { queries: device.device.createQuerySet({ type: 'timestamp', count: steps.length * 2 }), resolved };
            }
            return w;
        } catch (e) {
            w.destroy();
            throw e;
        }
    }

    destroy() {
        [...this.buffers, ...this.outputs, this.parameters, this.clock?.resolved, this.clock?.queries].forEach((b) => b?.destroy());
    }

    #submit(i) {
        const { device } = this.device, { pipeline, calls } = this.bound[i];
        const commands = device.createCommandEncoder();
        const timestampWrites = this.clock === null ? undefined
            : { querySet: this.clock.queries, beginningOfPassWriteIndex: i * 2, endOfPassWriteIndex: i * 2 + 1 };
        const pass = commands.beginComputePass({ timestampWrites });
        pass.setPipeline(pipeline);
        for (const { group, groups } of calls) {
            pass.setBindGroup(0, group);
            pass.dispatchWorkgroups(...groups);
        }
        pass.end();
        device.queue.submit([commands.finish()]);
    }

    /** Runs all steps on `pixels`; `onTap(value)` gets the values of `taps`, a map from step to taps of the manifest. */
    async run(pixels, { progress, signal, taps, onTap }) {
        const { device, steps } = this, flying = [], finished = new Float64Array(steps.length);
        const started = performance.now();
        await device.scoped('the input', () => device.device.queue.writeBuffer(this.buffers[0], 0, pixels));
        for (let i = 0; i < steps.length; i++) {
            const { name } = steps[i].step;
            checkCancelled(signal, `encoding, before step ${i + 1} of ${steps.length}, ${name}`);
            const accepted = device.scoped(`step ${name}`, () => this.#submit(i));
            const worked = device.done().then(() => {
                finished[i] = performance.now();
            });
            const step = Promise.all([accepted, worked]).then(() => progress?.({ phase: 'encode', done: i + 1, total: steps.length, name }));
            step.catch(() => {}); // thrown where it is awaited
            flying.push(step);
            for (const tap of taps?.get(i) ?? []) {
                await flying.at(-1);
                await onTap(await this.#readTap(tap));
            }
            if (flying.length > AHEAD) {
                await flying.shift();
            }
        }
        await Promise.all(flying);
        const outputs = [];
        for (const [i, { bytes }] of this.plan.outputs.entries()) {
            checkCancelled(signal, 'reading the output');
            outputs.push(new Float32Array((await device.read(this.outputs[i], 0, bytes)).buffer));
        }
        return { outputs, ...(await this.#times(started, finished)) };
    }

    async #readTap(tap) {
        const layout = tapLayout(tap, this.plan.dims), begin = layout.begin - layout.begin % 4;
        const end = Math.ceil((layout.begin + layout.span) / 4) * 4;
        const bytes = await this.device.read(this.places[tap.ref.kind][tap.ref.index], begin, end);
        return tapValue(tap.name, tap.dtype, layout.shape, gather(bytes.subarray(layout.begin - begin), layout));
    }

    /** Milliseconds per step by the GPU's clock, or else by when each was done. */
    async #times(started, finished) {
        const ms = Array.from(finished, (t, i) => t - (i > 0 ? finished[i - 1] : started)), total = finished.at(-1) - started;
        if (this.clock === null) {
            return { clock: 'queue', ms, total };
        }
        const { queries, resolved } = this.clock, { device } = this.device;
        await this.device.scoped('times', () => {
            const commands = device.createCommandEncoder();
            commands.resolveQuerySet(queries, 0, ms.length * 2, resolved, 0);
            device.queue.submit([commands.finish()]);
        });
        const stamps = new BigUint64Array((await this.device.read(resolved, 0, ms.length * 16)).buffer);
        const gpu = ms.map((_, i) => Number(stamps[i * 2 + 1] - stamps[i * 2]) / 1e6);
        const sound = gpu.every((t) => t >= 0) && gpu.some((t) => t > 0); // some drivers give nonsense
        return sound ? { clock: 'gpu', ms: gpu, total } : { clock: 'queue', ms, total };
    }
}

// ======== api: open, plan, encode, compare, close ========

/** The plan of an image without a GPU or a file: `manifest` is the object. */
export function plan(manifest, width, height, { batch = 1 } = {}) {
    checkManifest(manifest, 'the manifest');
    return planImage(manifest, width, height, batch);
}

/** The encoder's input of an image, or of images of one size, on the CPU: {pixels, width, height, batch}. */
export function preprocess(manifest, image) {
    const images = [image].flat(), [{ width, height }] = images, made = plan(manifest, width, height, { batch: images.length });
    return { pixels: preprocessImages(made, images), width: made.width, height: made.height, batch: made.batch };
}

/** Whether a GGUF is what the encoder was built for; reads its directory alone, throws what open() would. */
export async function check(manifest, gguf, { signal } = {}) {
    checkManifest(manifest, 'the manifest');
    const { cursor } = await openFile(gguf, signal);
    try {
        verifyDirectory(manifest, await readDirectory(cursor), cursor.source.name);
    } finally {
        await cursor.close();
    }
}

/**
 * Opens the encoder: probes how the GPU computes (see `exact`), checks the GGUF against the manifest, brings its weights to the GPU,
 * fills and checks the tables, compiles the shaders that any image may call for.
 *
 * manifest  path or URL of manifest.json (its shaders lie beside it), or the object, then with `files`
 * gguf      path, URL, Blob, File or bytes; read once from front to back, only what is needed
 * options   gpu       WebGPU's entry, default navigator.gpu; in Node: create([]) of the package webgpu
 *           device    a GPUDevice of your own, which close() leaves alone
 *           variant   a variant of the manifest to force, and those after it; results are the same where they are exact
 *           files     shaders: an object from file name to text
 *           lazy      true: a shader is compiled when an image first calls for it, and no time is spent on the others
 *           progress  function({phase, done, total, name}); phase: directory, weights, tables, shaders, encode
 *           signal    AbortSignal
 */
export async function open(manifest, gguf, options = {}) {
    const read = await readManifest(manifest, options.files);
    checkManifest(read.manifest, typeof manifest === 'object' ? 'the manifest' : String(manifest));
    const encoder = new Encoder(read, gguf, options);
    await encoder.reopen(options);
    return encoder;
}

class Encoder {
    #read;
    #manifest;
    #gguf;
    #options;
    #busy = null;
    #device = null;
    #variants = [];
    #probe = null;
    #shaders = null;
    #weights = [];
    #tables = [];
    #workspace = null;

    constructor(read, gguf, { gpu, device, variant, lazy = false }) {
        this.#read = read;
        this.#manifest = read.manifest;
        this.#gguf = gguf;
        this.#options = { gpu, device, variant, lazy };
    }

    /** What runs: the manifest that was given, or its program for devices that fail the probe in the first one's place. */
    get manifest() {
        return this.#manifest;
    }

    /** Profile of what runs: the one asked for, or that of the program for devices that fail the probe. */
    get profile() {
        return this.#manifest.profile ?? this.#manifest.build.profile;
    }

    /** What the results promise: `bits` (the CPU's), `nmse <number>` (a bound on their squared error), or null: nothing. */
    get promise() {
        const { promise } = this.#manifest;
        return this.#probe === null || (promise === 'bits' && this.#probe.failed.length > 0) ? null : promise;
    }

    /** Vendor and architecture of the GPU, as the browser tells. */
    get adapter() {
        const { vendor, architecture, device, description, isFallbackAdapter } = this.#device?.info ?? {};
        return { vendor, architecture, device, description, isFallbackAdapter };
    }

    /** Whether there is no device, so that only reopen() helps. */
    get lost() {
        return this.#device === null || this.#device.lostError !== null;
    }

    /** What this device's probe found: {failed, lacks}, names of facts; kernels of bits count on those that failed, and do without the others. */
    get probe() {
        return this.#probe;
    }

    /** Whether results have the bits that the CPU gives. */
    get exact() {
        return this.promise === 'bits';
    }

    /** The variants that run here, best first. */
    get variants() {
        return this.#variants.map((v) => v.name);
    }

    /** Takes a new device and loads the weights again, after lost_device or close(). A device of your own must be given anew. */
    reopen({ device = this.#options.device, progress, signal } = {}) {
        return this.#alone('reopen', async () => {
            this.#release();
            this.#options.device = device;
            try {
                checkCancelled(signal, 'opening');
                const given = this.#read.manifest, { device: made, variants } = await requestDevice(given, this.#options);
                this.#device = made;
                this.#variants = variants;
                this.#shaders = new Shaders(made, given, this.#read.text);
                this.#probe = await runProbe(made, this.#shaders, given.probe);
                this.#manifest = this.#probe.failed.length > 0 && given.otherwise ? { ...given, ...given.otherwise } : given;
                this.#weights = await loadWeights(this.manifest, made, this.#gguf, { progress, signal });
                for (const [i, table] of this.manifest.tables.entries()) {
                    checkCancelled(signal, `filling the table ${table.name}`);
                    this.#tables.push(await this.#shaders.table(table));
                    progress?.({ phase: 'tables', done: i + 1, total: this.manifest.tables.length, name: table.name });
                }
                const shaders = this.#options.lazy ? [] : neededShaders(this.manifest, new Set(this.variants));
                await this.#shaders.all(shaders, { progress, signal });
            } catch (e) {
                this.#release();
                throw e;
            }
        });
    }

    /** What encoding `batch` images of this size needs and gives; `exceeds` is null, or the limit of this GPU in the way. */
    plan(width, height, { batch = 1 } = {}) {
        return this.#checked(planImage(this.manifest, width, height, batch));
    }

    /** The same for encodePixels. */
    planPixels(width, height, { batch = 1 } = {}) {
        return this.#checked(planGrid(this.manifest, width, height, batch));
    }

    #checked(made) {
        if (this.#device === null) {
            return { ...made, exceeds: null };
        }
        const steps = planSteps(this.manifest, made, new Set(this.variants), this.#device.limits);
        return { ...made, exceeds: exceeded(made, steps, this.#device.limits) };
    }

    /**
     * Encodes an ImageBitmap, ImageData, or {data, width, height} with 8-bit RGB or RGBA, or an array of images of one size as a batch.
     * A second call while one runs fails with `busy`: an encoder does one thing at a time; open two for two.
     *
     * taps: true or a list of names gives these intermediate values in `taps`; a function gets each as it comes.
     * Gives {embeddings, tokens, embedding, grid, batch, ...}: embeddings is [batch][tokens][embedding]; `stages` and `steps` hold
     * milliseconds by `clock` ("gpu", or "queue" where the GPU has none), `preprocess` those of the CPU before.
     */
    encode(image, options = {}) {
        return this.#alone('encode', () => {
            const images = Array.isArray(image) ? image : [image], [first] = images;
            const other = images.find((i) => i?.width !== first?.width || i?.height !== first?.height);
            if (first === undefined || first === null || other !== undefined) {
                fail('argument', first ? `the images of a batch must have one size: ${first.width} x ${first.height} and ${other?.width} x ${other?.height} differ` : 'no image is given; give an ImageBitmap, ImageData or {data, width, height}');
            }
            const made = this.plan(first.width, first.height, { batch: images.length }), started = performance.now();
            return this.#run(made, () => preprocessImages(made, images), started, options);
        });
    }

    /** The same for preprocessed pixels: [batch][height][width][channels]. */
    encodePixels(pixels, width, height, { batch = 1, ...options } = {}) {
        return this.#alone('encodePixels', () => {
            const made = this.planPixels(width, height, { batch }), floats = width * height * this.manifest.input.channels * batch;
            if (!(pixels instanceof Float32Array) || pixels.length !== floats) {
                fail('argument', `pixels must be a Float32Array of ${floats} numbers; this has ${pixels?.length}`);
            }
            return this.#run(made, () => pixels, performance.now(), options);
        });
    }

    /**
     * Compares the intermediate values with a reference (see readTaps): one row per value, in its order, with `verdict` equal, within
     * (not equal, but within the bound that this encoder promises), differs, other shape or absent, and `differing`, `max_abs`, `max_ulp`,
     * `cosine`, `nmse` (squared error over the reference's squares). Encodes the reference's own input if it has one, else `image`.
     * `onRow` gets each row as it comes.
     */
    compare(reference, { image, onRow, progress, signal } = {}) {
        return this.#alone('compare', async () => {
            const [{ name: input }] = this.manifest.buffers, output = 'output';
            const wanted = new Map(reference.taps.map((t) => [t.name, t])), rows = new Map();
            const add = async (value, tap) => {
                const row = compareTap(value, value === undefined ? tap : await tap.read(), boundOf(this.promise));
                rows.set(tap.name, row);
                onRow?.(row);
            };
            let made, pixels;
            if (image !== undefined) {
                made = this.plan(image.width, image.height);
                pixels = () => preprocessImages(made, [image]);
            } else {
                const given = await (wanted.get(input) ?? fail('taps', `the reference has no ${input}; give the image that it was made of`)).read();
                const [height, width] = given.shape.slice(-3);
                made = this.planPixels(width, height, { batch: given.shape.length === 4 ? given.shape[0] : 1 });
                pixels = () => given.data;
            }
            const taps = async (value) => wanted.has(value.name) && add(value, wanted.get(value.name));
            taps.wants = (name) => wanted.has(name);
            const shape = [made.batch, made.height, made.width, this.manifest.input.channels];
            const prepared = pixels();
            if (image !== undefined && wanted.has(input)) {
                await add({ name: input, dtype: 'f32', shape, data: prepared }, wanted.get(input));
            }
            const result = await this.#run(made, () => prepared, performance.now(), { taps, progress, signal });
            if (wanted.has(output) && !rows.has(output)) {
                const flat = { name: output, dtype: 'f32', shape: [made.batch * made.tokens, made.embedding], data: result.embeddings };
                await add(flat, wanted.get(output));
            }
            for (const tap of reference.taps) {
                if (!rows.has(tap.name) && tap.name !== input) {
                    await add(undefined, tap);
                }
            }
            return { rows: reference.taps.filter((t) => rows.has(t.name)).map((t) => rows.get(t.name)), result };
        });
    }

    async #run(made, pixels, started, { taps, progress, signal }) {
        const { manifest } = this;
        if (this.#device === null) {
            fail('closed', 'the encoder is closed; call reopen()');
        }
        if (this.#device.lostError !== null) {
            throw this.#device.lostError;
        }
        if (made.exceeds !== null) {
            const { which, has, needs, what } = made.exceeds;
            fail('limits', `${what} needs ${which} = ${needs}, this GPU has ${has}. Use a smaller image or batch, or another GPU`, { which, has, needs });
        }
        checkCancelled(signal, 'preparing');
        const wants = typeof taps === 'function' ? taps.wants ?? (() => true) : Array.isArray(taps) ? (name) => taps.includes(name) : () => taps === true;
        const collected = new Map(), bySteps = new Map();
        manifest.taps.filter((t) => wants(t.name)).forEach((t) => bySteps.set(t.step, [...(bySteps.get(t.step) ?? []), t]));
        const unknown = Array.isArray(taps) ? taps.find((name) => manifest.taps.every((t) => t.name !== name)) : undefined;
        if (unknown !== undefined) {
            fail('argument', `there is no tap ${unknown}; there is: ${manifest.taps.map((t) => t.name).join(', ') || 'none, build with --taps all'}`);
        }
        const onTap = typeof taps === 'function' ? taps : (value) => collected.set(value.name, value);
        const input = pixels(), preprocess = performance.now() - started;
        const workspace = await this.#workspaceFor(made);
        const { outputs, clock, ms, total } = await workspace.run(input, { progress, signal, taps: bySteps, onTap });
        const { width, height, batch, tokens, embedding, grid, flops } = made;
        return {
            embeddings: outputs[0], outputs: Object.fromEntries(made.outputs.map((o, i) => [o.name, outputs[i]])),
            tokens, embedding, grid, batch, width, height, flops,
            clock, preprocess, total, stages: stagesOf(workspace.steps, ms),
            steps: workspace.steps.map(({ step, shader }, i) => ({ name: step.name, op: step.op, kernel: manifest.shaders[shader].kernel, ms: ms[i] })),
            taps: collected,
        };
    }

    /** Buffers of the last plan are kept for the next image of that size. */
    async #workspaceFor(made) {
        const { manifest } = this, key = JSON.stringify(made.dims);
        if (this.#workspace?.key !== key) {
            this.#workspace?.destroy();
            this.#workspace = null;
            const steps = planSteps(manifest, made, new Set(this.variants), this.#device.limits);
            this.#workspace = await Workspace.make(this.#device, this.#shaders, made, steps, this.#weights, this.#tables);
            this.#workspace.key = key;
        }
        return this.#workspace;
    }

    async #alone(what, work) {
        if (this.#busy !== null) {
            fail('busy', `${what}: the encoder is busy with ${this.#busy}; wait for it, or open a second encoder`);
        }
        this.#busy = what;
        try {
            return await work();
        } finally {
            this.#busy = null;
        }
    }

    #release() {
        this.#workspace?.destroy();
        [...this.#weights, ...this.#tables].forEach((b) => b.destroy());
        this.#device?.close();
        this.#workspace = this.#device = this.#shaders = this.#probe = null;
        this.#weights = [];
        this.#tables = [];
    }

    /** Frees the GPU's memory. What runs fails with lost_device or cancelled. */
    close() {
        this.#release();
    }
}
