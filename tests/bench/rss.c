/* Runs a program and prints the most memory that it had resident, in bytes, as the last line.
 * Usage: rss PROGRAM ARGUMENTS... Its exit status is the program's. Build: cc -O2 rss.c
 */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct rusage usage;
    int status = 0;
    pid_t child;
    if (argc < 2) {
        fprintf(stderr, "usage: rss PROGRAM ARGUMENTS...\n");
        return 2;
    }
    child = fork();
    if (child == 0) {
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || getrusage(RUSAGE_CHILDREN, &usage) != 0) {
        perror("rss");
        return 1;
    }
#if defined(__APPLE__)
    printf("%ld\n", usage.ru_maxrss);
#else
    printf("%ld\n", usage.ru_maxrss * 1024L);
#endif
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
