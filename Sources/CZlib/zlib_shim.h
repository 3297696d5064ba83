// zlib as Codecs sees it: the initialisers are macros, which Swift cannot call.
#pragma once
#include <zlib.h>

/// A gzip member: 15 bits of window, 16 more for gzip's own header and checksum.
static inline int lb_deflate_init_gzip(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}
