// Which rows of attention meet the same keys.

// The first row after i that meets other keys than row i, at most end. ranges[2*i] and [2*i+1]: its first key, and the one after its last.
ISOBIT_UNUSED static inline size_t iso_attn_run(const int32_t *ranges, size_t i, size_t end)
{
    size_t next = i + 1;
    while (next < end && ranges[2 * next] == ranges[2 * i] && ranges[2 * next + 1] == ranges[2 * i + 1]) {
        next++;
    }
    return next;
}
