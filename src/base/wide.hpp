#pragma once
// Of a function over many numbers: a second copy for wider registers is made, and the one that this processor can run
// is taken when the program starts. Without fused operations, which round in another way, both give the same numbers.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define GYRE_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define GYRE_WIDE
#endif
