#include <stdio.h>

int main(void) {
    char whom[100];
    return fgets(whom, sizeof whom, stdin) && printf("hello %s", whom) > 0 ? 0 : 1;
}
