/* An emitted encoder's public header and names, given -DENCODER=NAME, in C and in C++: API(open) is NAME_open. */
#ifndef ISOBIT_TEST_API_H
#define ISOBIT_TEST_API_H

#define TEST_PASTE2(a, b) a##b
#define TEST_PASTE(a, b) TEST_PASTE2(a, b)
#define TEST_STRING2(x) #x
#define TEST_STRING(x) TEST_STRING2(x)
#define TEST_HEADER TEST_STRING(ENCODER.h)
#define API(name) TEST_PASTE(ENCODER, _##name)

#include TEST_HEADER

#endif
