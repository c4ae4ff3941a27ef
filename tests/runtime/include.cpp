// The public header is C++, too: included twice, every function taken, one image encoded. Usage: include model.gguf
#include "api.h"
#include TEST_HEADER
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

static void need(int32_t status, const API(error) & error)
{
    if (status != 0) {
        std::fprintf(stderr, "%s: %s\n", API(strerror)(status), error.message);
        std::exit(1);
    }
}

static int progress(void *user, uint32_t step, uint32_t steps, const char *name)
{
    *static_cast<uint32_t *>(user) += step < steps && name != nullptr;
    return 0;
}

int main(int argc, char **argv)
{
    API(options) options;
    API(error) error;
    API(plan_info) plan;
    ENCODER *encoder = nullptr;
    uint32_t steps = 0;
    if (argc != 2) {
        return 2;
    }
    std::memset(&options, 0, sizeof options);
    options.struct_size = sizeof options;
    options.threads = 1;
    options.progress = progress;
    options.progress_user = &steps;
    need(API(open)(argv[1], &options, &encoder, &error), error);
    need(API(plan_pixels)(encoder, 64, 96, 1, &plan, &error), error);
    need(API(plan)(encoder, 50, 70, 1, &plan, &error), error);
    need(API(reserve)(encoder, &plan, &error), error);
    std::vector<uint8_t> rgb(50 * 70 * 3, 127);
    std::vector<float> out(static_cast<size_t>(plan.output_floats));
    std::vector<float> pixels(static_cast<size_t>(plan.width) * plan.height * 3);
    need(API(preprocess_rgb)(encoder, rgb.data(), 50, 70, 1, nullptr, 0, pixels.data(), pixels.size(), &error), error);
    need(API(encode_rgb)(encoder, rgb.data(), 50, 70, 1, nullptr, 0, out.data(), out.size(), &error), error);
    const std::vector<float> first = out;
    need(API(encode_pixels)(encoder, pixels.data(), plan.width, plan.height, 1, nullptr, 0, out.data(), out.size(), &error), error);
    const bool same = std::memcmp(first.data(), out.data(), out.size() * sizeof(float)) == 0;
    std::printf("%u steps, variant %s, %s\n", static_cast<unsigned>(steps), API(variant)(encoder), API(build_info)());
    API(close)(encoder);
    return same && steps > 0 ? 0 : 1;
}
