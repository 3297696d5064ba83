// ISA-L as Codecs sees it: Reed-Solomon over GF(2^8), and a checksum. Its raid and compression parts are not used.
#pragma once
#include <isa-l/crc64.h>
#include <isa-l/erasure_code.h>
