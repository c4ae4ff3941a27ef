/* Linked with -Wl,--wrap=fstat64 under the memory sanitizer, which in some versions does not know that it writes its result. */
#define _LARGEFILE64_SOURCE
#include <sanitizer/msan_interface.h>
#include <sys/stat.h>

int __real_fstat64(int file, struct stat64 *result);
int __wrap_fstat64(int file, struct stat64 *result);

int __wrap_fstat64(int file, struct stat64 *result)
{
    const int status = __real_fstat64(file, result);
    if (status == 0) {
        __msan_unpoison(result, sizeof *result);
    }
    return status;
}
