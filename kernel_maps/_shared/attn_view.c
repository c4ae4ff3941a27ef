// Where the rows of a strided attention operand lie.

typedef struct iso_attn_view {
    ptrdiff_t row;     // elements from one row to the next
    ptrdiff_t element; // elements from one element of a row to the next
} iso_attn_view;
