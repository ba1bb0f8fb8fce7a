#include <cstdio>
int main() { std::puts("gyre-nets 0.1.0"); }
