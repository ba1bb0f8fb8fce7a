#include <cstdio>
int main() { std::puts("gyre 0.1.0"); }
