/* A clock that is set from outside, for a program that preloads this: the time of day is so many
   seconds later (or earlier) as the file says that CLOCK_SHIFT names, whenever it is asked.

   Sleeping and measuring go by the other clocks, which nobody can set. No headers: tcc needs none. */

typedef struct { long sec, part; } moment;
typedef int (*real_clock)(int, moment *);

void *dlsym(void *library, const char *name);
char *getenv(const char *name);
int open(const char *path, int flags, ...);
long read(int fd, void *out, unsigned long size);
int close(int fd);

static long shift(void)
{
    char text[32];
    const char *path = getenv("CLOCK_SHIFT");
    int fd = path ? open(path, 02000000) : -1; /* closed in child programs */
    long count, at = 0, sum = 0;
    if (fd < 0)
        return 0;
    count = read(fd, text, sizeof text);
    close(fd);
    if (count > 0 && text[0] == '-')
        at = 1;
    for (long i = at; i < count && text[i] >= '0' && text[i] <= '9'; i++)
        sum = sum * 10 + text[i] - '0';
    return at ? -sum : sum;
}

int clock_gettime(int clock, moment *out)
{
    static real_clock real;
    int failed;
    if (!real)
        real = (real_clock)dlsym((void *)-1L, "clock_gettime"); /* the next one, libc's */
    failed = real(clock, out);
    if (!failed && clock == 0)
        out->sec += shift();
    return failed;
}

int gettimeofday(moment *out, void *zone)
{
    int failed = clock_gettime(0, out);
    out->part /= 1000;
    return failed;
}

long time(long *out)
{
    moment now;
    clock_gettime(0, &now);
    if (out)
        *out = now.sec;
    return now.sec;
}
