/* A damaged GGUF is an error code with a message or harmless: never a crash, a huge allocation or a read out of bounds.
 * Takes a valid file of small size, walks its directory, and damages every field, length by length and bit by bit. */
#include "test.h"

typedef enum { MAGIC, VERSION, TENSORS, KEYS, LENGTH, TEXT, TYPE, ELEMENT, COUNT, VALUE, BOOLS, NAME_LENGTH, NAME, RANK, DIM, TENSOR_TYPE, OFFSET } field_kind;

typedef struct {
    field_kind kind;
    size_t at, bytes;
} field;

static uint8_t *file;
static size_t size, directory, alignment = 32, alignment_at; /* alignment_at: 0 if the file has no such key */
static field *fields;
static size_t field_count, field_room;
static int opened, refused, mismatched;

static uint64_t number(size_t at, size_t bytes)
{
    uint64_t value = 0;
    memcpy(&value, file + at, bytes); /* little-endian, as the encoders require */
    return value;
}

static size_t add(field_kind kind, size_t at, size_t bytes)
{
    if (field_count == field_room) {
        field_room = field_room * 2 + 64;
        fields = need(realloc(fields, field_room * sizeof *fields));
    }
    fields[field_count++] = (field){ kind, at, bytes };
    return at + bytes;
}

static size_t add_text(field_kind length, field_kind text, size_t at)
{
    const uint64_t bytes = number(at, 8);
    return add(text, add(length, at, 8), bytes);
}

static void walk(void)
{
    static const size_t widths[] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };
    const uint64_t tensors = number(8, 8), keys = number(16, 8);
    size_t at = add(KEYS, add(TENSORS, add(VERSION, add(MAGIC, 0, 4), 4), 8), 8);
    for (uint64_t k = 0; k < keys; ++k) {
        uint64_t type, count = 1;
        at = add_text(LENGTH, TEXT, at);
        if (at - fields[field_count - 1].at == 17 && memcmp(file + at - 17, "general.alignment", 17) == 0) {
            alignment = number(at + 4, 4);
            alignment_at = at + 4;
        }
        type = number(at, 4);
        at = add(TYPE, at, 4);
        if (type == 9) {
            type = number(at, 4);
            count = number(at + 4, 8);
            at = add(COUNT, add(ELEMENT, at, 4), 8);
        }
        for (uint64_t i = 0; type == 8 && i < count; ++i) {
            at = add_text(LENGTH, TEXT, at);
        }
        if (type != 8) {
            at = add(type == 7 ? BOOLS : VALUE, at, widths[type] * count);
        }
    }
    for (uint64_t t = 0; t < tensors; ++t) {
        uint64_t rank;
        at = add_text(NAME_LENGTH, NAME, at);
        rank = number(at, 4);
        at = add(RANK, at, 4);
        for (uint64_t i = 0; i < rank; ++i) {
            at = add(DIM, at, 8);
        }
        at = add(OFFSET, add(TENSOR_TYPE, at, 4), 8);
    }
    directory = at;
}

static uint64_t data_begin(void)
{
    return (directory + alignment - 1) / alignment * alignment;
}

static int32_t try_bytes(const uint8_t *data, size_t bytes, const char *what)
{
    encoder_t *encoder = NULL;
    const int32_t status = API(open_memory)(data, bytes, NULL, &encoder, &error);
    if (status == OK) {
        ++opened;
        CHECK(encoder != NULL, "%s: no encoder", what);
        API(close)(encoder);
    } else {
        ++refused;
        mismatched += status == ERR_MISMATCH;
        CHECK(encoder == NULL, "%s: an encoder in spite of status %d", what, (int)status);
        CHECK(status == ERR_FORMAT || status == ERR_MISMATCH, "%s: status %d: %s", what, (int)status, error.message);
        check_error(status, what);
    }
    return status;
}

/* Tries the file with `bytes` bytes at `at` replaced. */
static int32_t try_change(size_t at, const void *with, size_t bytes, const char *what)
{
    uint8_t before[16];
    int32_t status;
    memcpy(before, file + at, bytes);
    memcpy(file + at, with, bytes);
    status = try_bytes(file, size, what);
    memcpy(file + at, before, bytes);
    return status;
}

static int32_t try_number(const field *f, uint64_t value, const char *what)
{
    return try_change(f->at, &value, f->bytes, what);
}

static void damage_numbers(void)
{
    for (size_t i = 0; i < field_count; ++i) {
        const field *f = &fields[i];
        const uint64_t is = number(f->at, f->bytes < 8 ? f->bytes : 8);
        const uint64_t values[] = { 0, 1, 2, is - 1, is + 1, is * 2, is ^ 0x80, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, is + (1ull << 32),
            1ull << 61, 1ull << 62, (1ull << 62) + is, INT64_MAX, 1ull << 63, (1ull << 63) + is, 0 - data_begin() - alignment, 0 - alignment, 0 - f->at, UINT64_MAX };
        const uint64_t least_huge = f->bytes == 4 ? 0x7fffffff : 1ull << 61;
        if (f->bytes != 4 && f->bytes != 8) {
            continue;
        }
        for (size_t v = 0; v < sizeof values / sizeof values[0]; ++v) {
            const uint64_t value = f->bytes == 4 ? values[v] & 0xffffffff : values[v];
            char what[80];
            int32_t status;
            (void)snprintf(what, sizeof what, "field %zu (kind %d) at byte %zu = %llu", i, f->kind, f->at, (unsigned long long)value);
            status = try_number(f, value, what);
            if (f->kind == VALUE || f->kind == BOOLS || f->kind == TEXT || f->kind == NAME || value == is) {
                continue;
            }
            CHECK(value < least_huge || status == ERR_FORMAT, "%s: status %d", what, (int)status);
            CHECK(f->kind != MAGIC || status == ERR_FORMAT, "%s: status %d", what, (int)status);
            CHECK(f->kind != VERSION || (status == OK) == (value == 2 || value == 3), "%s: status %d", what, (int)status);
            CHECK((f->kind != RANK && f->kind != DIM && f->kind != NAME_LENGTH) || value != 0 || status == ERR_FORMAT, "%s: status %d", what, (int)status);
            CHECK(f->kind != RANK || value <= 4 || status == ERR_FORMAT, "%s: status %d", what, (int)status);
            CHECK(f->kind != OFFSET || value % 8 == 0 || status == ERR_FORMAT, "%s: status %d", what, (int)status);
            CHECK(f->kind != TENSORS || value < is || status != OK, "%s: accepted", what);
        }
        if (f->kind == ELEMENT) {
            CHECK(try_number(f, 9, "array of arrays") == ERR_FORMAT, "arrays of arrays are accepted");
        }
        if (f->kind == TYPE || f->kind == ELEMENT) {
            for (uint64_t type = 13; type < 40; ++type) {
                CHECK(try_number(f, type, "unknown type") == ERR_FORMAT, "metadata type %u is accepted", (unsigned)type);
            }
        }
        if (f->kind == TENSOR_TYPE) {
            for (uint64_t type = 0; type < 64; ++type) {
                (void)try_number(f, type, "tensor type");
            }
        }
    }
}

/* The file with `removed` bytes at `at` replaced by `inserted` ones, and the number before them by `count` if it is set. */
static int32_t try_edit(size_t at, size_t removed, const void *with, size_t inserted, uint64_t count, const char *what)
{
    const size_t new_directory = directory - removed + inserted, padded = (new_directory + alignment - 1) / alignment * alignment;
    const size_t new_size = padded + (size_t)(size - data_begin());
    uint8_t *edited = aligned(new_size);
    int32_t status;
    memset(edited, 0, new_size);
    memcpy(edited, file, at);
    memcpy(edited + at, with, inserted);
    memcpy(edited + at + inserted, file + at + removed, directory - at - removed);
    memcpy(edited + padded, file + data_begin(), size - data_begin());
    memcpy(edited + at - 8, &count, 8);
    status = try_bytes(edited, new_size, what);
    free(edited);
    return status;
}

/* Texts and arrays that are longer or shorter, in a file that is well-formed otherwise. */
static void damage_sizes(void)
{
    static const uint8_t zeros[64];
    int needed = 0;
    for (size_t i = 1; i < field_count; ++i) {
        const field *f = &fields[i];
        const bool array = fields[i - 1].kind == COUNT && (f->kind == VALUE || f->kind == BOOLS) && f->bytes > 0;
        uint64_t count, unit;
        uint8_t flipped;
        bool matters;
        int32_t status;
        if (f->kind == NAME) {
            CHECK(try_edit(f->at, f->bytes, "", 0, 0, "no name") == ERR_FORMAT, "a tensor without name is accepted");
            CHECK(try_edit(f->at, f->bytes, zeros, 64, 64, "long name") == ERR_FORMAT, "a tensor name of 64 bytes is accepted");
        }
        if ((!array && f->kind != NAME && f->kind != TEXT) || f->bytes == 0 || (fields[i - 1].kind != COUNT && fields[i - 1].kind != LENGTH && fields[i - 1].kind != NAME_LENGTH)) {
            continue;
        }
        flipped = file[f->at] ^ 1;
        matters = try_change(f->at, &flipped, 1, "flipped bit") == ERR_MISMATCH;
        needed += matters;
        count = number(f->at - 8, 8);
        unit = f->bytes / count;
        status = try_edit(f->at, f->bytes, file + f->at, f->bytes - unit, count - 1, "one less");
        CHECK(!matters || status == ERR_MISMATCH || status == ERR_FORMAT, "field %zu: one element less is accepted", i);
        status = try_edit(f->at + f->bytes, 0, zeros, unit, count, "one more, not counted");
        CHECK(status == ERR_FORMAT || status == ERR_MISMATCH || i + 1 == field_count, "field %zu: an element that is not counted is accepted", i);
        status = try_edit(f->at, 0, file + f->at, unit, count + 1, "one more");
        CHECK(!matters || status == ERR_MISMATCH || status == ERR_FORMAT, "field %zu: one element more is accepted", i);
    }
    CHECK(needed > 0, "no text or array matters");
}

/* Types of the same width, shapes of the same size: wrong for everything that the encoder needs. */
static void damage_meaning(void)
{
    static const uint8_t two = 2;
    static const uint32_t no_powers[] = { 0, 3, 12, 31, 48, UINT32_MAX };
    int types = 0, shapes = 0;
    for (size_t i = 0; alignment_at != 0 && i < sizeof no_powers / sizeof no_powers[0]; ++i) {
        CHECK(try_change(alignment_at, &no_powers[i], 4, "alignment") == ERR_FORMAT, "an alignment of %u is accepted", no_powers[i]);
    }
    for (size_t i = 1; i < field_count; ++i) {
        const field *f = &fields[i];
        const field_kind before = fields[i - 1].kind;
        if (f->kind == VALUE && (before == TYPE || before == COUNT) && f->bytes >= 4) {
            const field *type = before == TYPE ? &fields[i - 1] : &fields[i - 2];
            const uint64_t is = number(type->at, 4);
            const uint8_t flipped = file[f->at] ^ 1;
            if ((is == 4 || is == 6) && try_change(f->at, &flipped, 1, "flipped bit") == ERR_MISMATCH) {
                ++types;
                CHECK(try_number(type, is == 4 ? 6 : 4, "f32 for u32") == ERR_MISMATCH, "field %zu: f32 and u32 are taken for each other", i);
            }
        }
        if (f->kind == BOOLS && f->bytes > 0) {
            CHECK(try_change(f->at + f->bytes - 1, &two, 1, "bool 2") == ERR_FORMAT, "a bool of 2 is accepted");
        }
        if (f->kind == DIM && before == DIM && number(f->at, 8) != number(f->at - 8, 8)) {
            uint64_t swapped[2] = { number(f->at, 8), number(f->at - 8, 8) };
            shapes += try_change(f->at - 8, swapped, sizeof swapped, "swapped dimensions") == ERR_MISMATCH;
        }
    }
    CHECK(types > 0, "no number matters");
    CHECK(shapes > 0, "no shape matters");
}

/* Names twice, tensors in the same place. */
static void damage_relations(void)
{
    static const field_kind kinds[] = { TEXT, NAME, OFFSET };
    int twice[3] = { 0, 0, 0 };
    for (int k = 0; k < 3; ++k) {
        for (size_t i = 0; i < field_count; ++i) {
            const field *f = &fields[i];
            if (f->kind != kinds[k] || (k == 0 && (i + 1 == field_count || fields[i + 1].kind != TYPE))) {
                continue; /* a text is a key if a type follows */
            }
            for (size_t j = i + 1; j < field_count && j < i + 200; ++j) {
                const field *g = &fields[j];
                if (g->kind != f->kind || g->bytes != f->bytes || g->bytes > 256 || (k == 0 && (j + 1 == field_count || fields[j + 1].kind != TYPE))) {
                    continue;
                }
                uint8_t before[256];
                memcpy(before, file + g->at, g->bytes);
                memcpy(file + g->at, file + f->at, g->bytes);
                if (memcmp(before, file + g->at, g->bytes) != 0) {
                    ++twice[k];
                    CHECK(try_bytes(file, size, "twice") == ERR_FORMAT, "fields %zu and %zu (kind %d) are equal and accepted", i, j, f->kind);
                }
                memcpy(file + g->at, before, g->bytes);
                break;
            }
        }
    }
    CHECK(twice[2] > 0, "no two tensors to overlap");
    printf("equal keys %d, equal names %d, equal places %d\n", twice[0], twice[1], twice[2]);
}

/* Another name is another tensor or key, another value is another model, if the encoder needs it. */
static void damage_bytes(void)
{
    const int before = mismatched;
    for (size_t i = 0; i < field_count; ++i) {
        const field *f = &fields[i];
        if ((f->kind == TEXT || f->kind == NAME || f->kind == VALUE || f->kind == BOOLS) && f->bytes > 0) {
            const size_t at = f->at + f->bytes / 2;
            const uint8_t flipped = file[at] ^ 0x01, control = 0x07, high = 0xff;
            (void)try_change(at, &flipped, 1, "flipped bit");
            (void)try_change(at, &control, 1, "control character");
            (void)try_change(at, &high, 1, "byte 255");
        }
    }
    CHECK(mismatched > before, "no name or value matters");
}

/* Each length gets memory of exactly that size. */
static int32_t try_length(size_t bytes)
{
    uint8_t *cut = aligned(bytes);
    char what[40];
    int32_t status;
    (void)snprintf(what, sizeof what, "cut to %zu bytes", bytes);
    memcpy(cut, file, bytes);
    status = try_bytes(cut, bytes, what);
    free(cut);
    return status;
}

static void damage_length(void)
{
    const size_t stride = directory / 2000 + 1;
    for (size_t bytes = 0; bytes <= directory; bytes += stride) {
        CHECK(try_length(bytes) == ERR_FORMAT, "%zu bytes of %zu are accepted", bytes, size);
    }
    for (size_t i = 0; i < field_count; ++i) {
        CHECK(try_length(fields[i].at) == ERR_FORMAT, "a file that ends before field %zu is accepted", i);
    }
    for (size_t part = 0; part < 8; ++part) {
        CHECK(try_length(directory + (size - directory) / 8 * part) == ERR_FORMAT, "a file without the end of its data is accepted");
    }
}

static void damage_at_random(void)
{
    uint64_t state = 12345;
    for (int round = 0; round < 3000; ++round) {
        uint8_t before[8];
        size_t at[8];
        const int count = 1 + round % 8;
        for (int i = 0; i < count; ++i) {
            state = state * 6364136223846793005ull + 1442695040888963407ull;
            at[i] = (size_t)(state >> 33) % directory;
            before[i] = file[at[i]];
            file[at[i]] = (uint8_t)(round % 3 == 0 ? state >> 20 : round % 3 == 1 ? file[at[i]] ^ 1u << (state >> 20 & 7) : 0xff);
        }
        (void)try_bytes(file, size, "random damage");
        for (int i = count; i-- > 0;) {
            file[at[i]] = before[i];
        }
    }
}

/* One tensor more, of one f32 behind all others, called `before` and the first tensor's name. */
static int32_t try_tensor_more(const char *before)
{
    const field *first = fields;
    uint64_t offset = (size - data_begin() + alignment - 1) / alignment * alignment, length, tensors = number(8, 8) + 1, dim = 1;
    uint32_t rank = 1, type = 0;
    size_t at = directory, padded, new_size;
    uint8_t *edited;
    int32_t status;
    while (first->kind != NAME) {
        ++first;
    }
    length = strlen(before) + first->bytes;
    padded = (directory + 8 + length + 4 + 8 + 4 + 8 + alignment - 1) / alignment * alignment;
    new_size = padded + offset + alignment;
    edited = aligned(new_size);
    memset(edited, 0, new_size);
    memcpy(edited, file, directory);
    memcpy(edited + 8, &tensors, 8);
    memcpy(edited + at, &length, 8), at += 8;
    memcpy(edited + at, before, strlen(before)), at += strlen(before);
    memcpy(edited + at, file + first->at, first->bytes), at += first->bytes;
    edited[at - 1] ^= 1; /* another name than the first's, with the same beginning */
    memcpy(edited + at, &rank, 4), at += 4;
    memcpy(edited + at, &dim, 8), at += 8;
    memcpy(edited + at, &type, 4), at += 4;
    memcpy(edited + at, &offset, 8);
    memcpy(edited + padded, file + data_begin(), size - data_begin());
    status = try_bytes(edited, new_size, "one tensor more");
    free(edited);
    return status;
}

/* A tensor of the encoder that it does not read means another variant; one of somebody else's is harmless. */
static void unknown_tensors(void)
{
    CHECK(try_tensor_more("") == ERR_MISMATCH, "a tensor that the encoder does not read is passed over");
    CHECK(try_tensor_more("other.") == OK, "a tensor of another encoder is refused: %s", error.message);
}

int main(int argc, char **argv)
{
    test_begin(argc, argv);
    file = read_whole(argv[1], &size);
    CHECK(try_bytes(file, size, "the whole file") == OK, "the file itself is refused: %s", error.message);
    if (test_failed == 0) {
        walk();
        damage_numbers();
        damage_sizes();
        damage_meaning();
        damage_relations();
        damage_bytes();
        damage_length();
        damage_at_random();
        unknown_tensors();
        CHECK(try_bytes(file, size, "the whole file") == OK, "the file itself is refused in the end");
    }
    printf("%zu fields, %d opens, %d refusals\n", field_count, opened, refused);
    free(fields);
    free(file);
    return test_end();
}
