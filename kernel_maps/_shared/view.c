// A view of an image: the image resized once or more, each time from the result before, then a rectangle of the last result.

typedef struct iso_view {
    uint32_t count; // views that the image has
    uint32_t steps;
    struct {
        uint32_t width, height; // 0 x 0: what the size rule gives; the rectangle is then the whole
        uint32_t how;           // the resampler: 0 image, 1 overview, 2 refined
    } step[3];
    uint32_t x, y, width, height;
} iso_view;

ISOBIT_UNUSED static inline void iso_view_step(iso_view *view, uint32_t width, uint32_t height, uint32_t how)
{
    view->step[view->steps].width = width;
    view->step[view->steps].height = height;
    view->step[view->steps].how = how;
    view->steps++;
    view->x = 0;
    view->y = 0;
    view->width = width;
    view->height = height;
}

// The rectangle becomes tile `index` of a grid, counted row by row.
ISOBIT_UNUSED static inline void iso_view_tile(iso_view *view, uint32_t index, uint32_t cols, uint32_t tile)
{
    view->x = index % cols * tile;
    view->y = index / cols * tile;
    view->width = tile;
    view->height = tile;
}
