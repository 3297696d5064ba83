// CFuzzer: libFuzzer as a library. The toolchain brings the code, not the declaration.

#include <stddef.h>
#include <stdint.h>

/// Runs the fuzzer with the arguments of a command line; `callback` takes one input and returns 0.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
