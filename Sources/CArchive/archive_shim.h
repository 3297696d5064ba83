// libarchive as Codecs sees it.
#pragma once
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

/// libarchive gives names in the character set of the locale; in "C" it would lose every one that is not ASCII.
static inline int lb_archive_use_utf8(void) { return setlocale(LC_CTYPE, "C.UTF-8") != 0 || setlocale(LC_CTYPE, "en_US.UTF-8") != 0; }

static inline long lb_text_length(const char *text) { return (long)strlen(text); }
