// Compiles a small program against the C library of the same encoder.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { emittedC, manifest } from './setup.mjs';

const name = manifest.encoder;
const programs = {
    // prints the status of opening each file
    'open.c': `
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        ${name} *encoder = NULL;
        printf("%d\\n", (int)${name}_open(argv[i], NULL, &encoder, NULL));
        ${name}_close(encoder);
    }
    return 0;
}`,
    // standard input: for each picture width, height (u32) and RGB; output: width, height (0 if refused), pixels
    'preprocess.c': `
int main(int argc, char **argv)
{
    ${name} *encoder = NULL;
    uint32_t side[2];
    if (argc != 2 || ${name}_open(argv[1], NULL, &encoder, NULL) != 0) {
        return 1;
    }
    while (fread(side, 4, 2, stdin) == 2) {
        ${name}_plan_info info = { 0 };
        const size_t bytes = (size_t)side[0] * side[1] * 3;
        unsigned char *rgb = malloc(bytes + 1);
        uint32_t size[2] = { 0, 0 };
        if (fread(rgb, 1, bytes, stdin) != bytes) {
            return 1;
        }
        if (${name}_plan(encoder, side[0], side[1], 1, &info, NULL) == 0) {
            const uint64_t floats = (uint64_t)info.width * info.height * 3;
            float *pixels = malloc(floats * 4);
            if (${name}_reserve(encoder, &info, NULL) != 0 || ${name}_preprocess_rgb(encoder, rgb, side[0], side[1], 1, NULL, 0, pixels, floats, NULL) != 0) {
                return 1;
            }
            size[0] = info.width;
            size[1] = info.height;
            fwrite(size, 4, 2, stdout);
            fwrite(pixels, 4, floats, stdout);
            free(pixels);
        } else {
            fwrite(size, 4, 2, stdout);
        }
        free(rgb);
    }
    ${name}_close(encoder);
    return 0;
}`,
};

/** The path of the compiled program, in `folder`. */
export function compileC(folder, program) {
    const source = join(folder, program), out = join(folder, 'program');
    writeFileSync(source, `#include <stdio.h>\n#include <stdlib.h>\n#include "${name}.h"\n${programs[program]}\n`);
    execFileSync(process.env.CC ?? 'cc', ['-std=c11', '-O1', '-ffp-contract=off', `-I${emittedC}`, source, join(emittedC, `${name}.c`), '-o', out, '-lm', '-lpthread']);
    return out;
}
