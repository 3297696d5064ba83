// libzstd as Codecs sees it.
#include <zstd.h>
#include <zstd_errors.h>
